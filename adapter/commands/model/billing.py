"""Commands about invoices, recurring invoices, items and money."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from adapter.billing.model import DocumentKind, Increase, InvoiceStatus, ItemAction, RecurringLine
from adapter.billing.schedule import Frequency, ItemUnit
from adapter.commands.model.base import Command, Effect, Page
from adapter.commands.model.clients import ClientFields


@dataclass(frozen=True, slots=True)
class CreateBillableItem(Command):
    """Note work to be invoiced. `amount` is the total; `quantity` is informative."""

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    description: str
    amount: Decimal
    quantity: Decimal = Decimal(0)
    unit: str = "quantity"
    action: ItemAction = ItemAction.NO_INVOICE
    recur_every: int = 0
    recur_unit: ItemUnit | None = None
    recur_times: int = 0
    due_on: date | None = None


@dataclass(frozen=True, slots=True)
class CreateRecurringInvoice(Command):
    """Create a recurring invoice; nothing is issued by this.

    Either `client_id`, or `new_client` (found by name and e-mail, else created).
    `recurrence_limit` and `increase` are None when their switch is off. Amounts of the document
    discount: at most one of the two. `send_email` None means the client's default.
    `number_prefix` None means the business setting.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    frequency: Frequency
    start_on: date
    lines: tuple[RecurringLine, ...]
    client_id: int | None = None
    new_client: ClientFields | None = None
    paused: bool = False
    recurrence_limit: int | None = None
    increase: Increase | None = None
    order_number: str = ""
    custom_values: tuple[str, ...] = ("",) * 10
    discount_amount: Decimal | None = None
    discount_percentage: Decimal | None = None
    number_prefix: str | None = None
    number_suffix: str | None = None
    send_email: bool | None = None


@dataclass(frozen=True, slots=True)
class GenerateDueInvoices(Command):
    """Issue every invoice that is due in the scope.

    An id list of `None` is no filter, an empty one matches nothing; with any list the other kinds
    are left out. Without lists every kind is billed, recurring invoices included.
    """

    effect: ClassVar[Effect] = Effect.CHANGES
    client_id: int | None = None
    service_ids: tuple[int, ...] | None = None
    addon_ids: tuple[int, ...] | None = None
    domain_ids: tuple[int, ...] | None = None
    send_email: bool = True


@dataclass(frozen=True, slots=True)
class GetInvoice(Command):
    """Show one invoice."""

    invoice_id: int


@dataclass(frozen=True, slots=True)
class ListInvoices(Command):
    """List invoices; `overdue` keeps the unpaid ones past their due date.

    A `page` of None lists all (the positional API has no paging).
    """

    page: Page | None = Page()
    client_id: int | None = None
    status: InvoiceStatus | None = None
    overdue: bool = False
    order_by: str | None = None
    descending: bool = True
    order_number: str | None = None


@dataclass(frozen=True, slots=True)
class ListRecurringInvoices(Command):
    """List recurring invoices (by `issues` recurring pro-formas), all or one client's."""

    client_id: int | None = None
    issues: DocumentKind = DocumentKind.INVOICE


@dataclass(frozen=True, slots=True)
class InvoiceLineChange:
    """A line to add (`line_id` None) or to change."""

    description: str
    amount: Decimal
    taxed: bool
    line_id: int | None = None


@dataclass(frozen=True, slots=True)
class IssueInvoice(Command):
    """Issue an invoice of these lines, under the `sum` rounding policy.

    `payment_method` None is the client's, the tax rates None those of his rules, `issued_on` None
    is today, `due_on` None the days of invoice generation ahead. `apply_credit`: his credit is
    used on it.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    lines: tuple[InvoiceLineChange, ...] = ()
    status: InvoiceStatus = InvoiceStatus.UNPAID
    payment_method: str | None = None
    issued_on: date | None = None
    due_on: date | None = None
    notes: str = ""
    tax_rate: Decimal | None = None
    tax_rate_2: Decimal | None = None
    apply_credit: bool = False
    send_email: bool = False


@dataclass(frozen=True, slots=True)
class UpdateInvoice(Command):
    """Change an invoice's status, header or lines; totals follow the lines."""

    effect: ClassVar[Effect] = Effect.CHANGES
    invoice_id: int
    status: InvoiceStatus | None = None
    payment_method: str | None = None
    issued_on: date | None = None
    due_on: date | None = None
    paid_on: date | None = None
    notes: str | None = None
    tax_rate: Decimal | None = None
    tax_rate_2: Decimal | None = None
    credit: Decimal | None = None
    lines: tuple[InvoiceLineChange, ...] = ()
    delete_line_ids: tuple[int, ...] = ()
    publish: bool = False
    send_email: bool = False


@dataclass(frozen=True, slots=True)
class RecordPayment(Command):
    """Book money on an invoice. `amount` None is the whole balance; excess becomes credit."""

    effect: ClassVar[Effect] = Effect.CREATES
    invoice_id: int
    transaction_id: str = ""
    gateway: str = ""
    amount: Decimal | None = None
    fees: Decimal = Decimal(0)
    paid_on: date | None = None
    send_email: bool = True


@dataclass(frozen=True, slots=True)
class AddCredit(Command):
    """Add credit to a client, or remove it (`remove`); `amount` is positive."""

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    description: str
    amount: Decimal
    entered_on: date | None = None
    remove: bool = False
    admin_id: int | None = None

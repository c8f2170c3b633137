"""Commands about documents of every kind, and what the client's account says of them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from adapter.billing.model import DocumentKind, RecurringLine
from adapter.billing.statement import StatementKind, StatementTotal
from adapter.commands.model.base import Command, Effect
from adapter.commands.model.clients import ClientFields


@dataclass(frozen=True, slots=True)
class PaymentMade:
    """Money that came with an invoice: `amount` None is its total, `paid_on` None its own date."""

    amount: Decimal | None = None
    paid_on: date | None = None
    method: str = ""
    reference: str = ""
    thank: bool = False


class PaidAs(StrEnum):
    """How an invoice that is said to be paid becomes so."""

    PAYMENT = "payment"  # a payment of its total is booked
    STATUS = "status"  # its status is set, no money is booked


@dataclass(frozen=True, slots=True)
class AutoConvert:
    """When a pro-forma becomes an invoice: on a day, else (None) after the account's own days."""

    on: date | None = None


@dataclass(frozen=True, slots=True)
class IssueDocument(Command):
    """Issue one document of quoted lines, under the `line` rounding policy.

    Either `client_id`, or `new_client` (found by name and e-mail, else created). Amounts are
    positive in every kind; at most one of the document's discounts is given. `issued_on` None is
    today, `number_prefix` and `number_suffix` None the setting of the kind, `send_email` None the
    client's default. `payment` and `paid` are for invoices, `convert` is for pro-formas.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    kind: DocumentKind
    lines: tuple[RecurringLine, ...]
    client_id: int | None = None
    new_client: ClientFields | None = None
    issued_on: date | None = None
    order_number: str = ""
    custom_values: tuple[str, ...] = ("",) * 10
    custom_labels: tuple[str, ...] = ()
    discount_amount: Decimal | None = None
    discount_percentage: Decimal | None = None
    number_prefix: str | None = None
    number_suffix: str | None = None
    send_email: bool | None = None
    payment: PaymentMade | None = None
    paid: PaidAs | None = None
    convert: AutoConvert | None = None


@dataclass(frozen=True, slots=True)
class IssueDocuments(Command):
    """Issue several documents: all of them, or none."""

    effect: ClassVar[Effect] = Effect.CREATES
    documents: tuple[IssueDocument, ...]


@dataclass(frozen=True, slots=True)
class ConvertProforma(Command):
    """Make an invoice of a pro-forma, named by its number or its id; each becomes one, ever."""

    effect: ClassVar[Effect] = Effect.CREATES
    number: int | None = None
    document_id: int | None = None
    send_email: bool | None = None


@dataclass(frozen=True, slots=True)
class RecordClientPayment(Command):
    """Book money from a client as a payment document; it pays his oldest open documents.

    `paid_on` None is today. `thank` mails him thanks with the description, `send_email` the
    receipt (None: the client's default).
    """

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    amount: Decimal
    paid_on: date | None = None
    method: str = ""
    reference: str = ""
    description: str = ""
    thank: bool = False
    send_email: bool | None = None


@dataclass(frozen=True, slots=True)
class GetDocument(Command):
    """Show one document of any kind with its lines."""

    document_id: int


@dataclass(frozen=True, slots=True)
class ListDocuments(Command):
    """List the documents of one kind by id, all or one client's, without their lines."""

    kind: DocumentKind
    client_id: int | None = None


@dataclass(frozen=True, slots=True)
class GetClientHistory(Command):
    """Show a client's documents of the days from `from_on` to `to_on`, both included."""

    client_id: int
    from_on: date | None = None
    to_on: date | None = None
    descending: bool = True


@dataclass(frozen=True, slots=True)
class CreateStatement(Command):
    """Make a client's statement as a file that can be opened for two days.

    `from_on` counts for `DATE_RANGE` only; `to_on` None is today. `file_format` is csv or pdf.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    kind: StatementKind = StatementKind.FULL
    file_format: str = "pdf"
    from_on: date | None = None
    to_on: date | None = None
    total: StatementTotal = StatementTotal.CLIENT_BALANCE
    send_email: bool = False


@dataclass(frozen=True, slots=True)
class AddRecurringLine(Command):
    """Append a line to a recurring invoice (or, by `issues`, a recurring pro-forma)."""

    effect: ClassVar[Effect] = Effect.CREATES
    recurring_id: int
    line: RecurringLine
    issues: DocumentKind = DocumentKind.INVOICE


@dataclass(frozen=True, slots=True)
class RemoveRecurringLines(Command):
    """Take every line with a product code off a recurring invoice or pro-forma."""

    effect: ClassVar[Effect] = Effect.CHANGES
    recurring_id: int
    product_code: str
    issues: DocumentKind = DocumentKind.INVOICE

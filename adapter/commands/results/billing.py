"""Results about invoices, recurring invoices, items and money."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from adapter.billing.model import InvoiceStatus, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class BillableItemCreated(Result):
    """A billable item was noted."""

    billable_item_id: int


@dataclass(frozen=True, slots=True)
class RecurringInvoiceCreated(Result):
    """A recurring invoice was created.

    `held_on` are dates before today that are recorded but not billed. `kept_fields` are details
    of an existing client that differ from those sent and were kept.
    """

    document_id: int
    client_id: int
    held_on: tuple[date, ...] = ()
    kept_fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InvoicesGenerated(Result):
    """A run is complete: everything that was due in its scope is issued or parked.

    `latest_invoice_id` is the highest id this call issued, None when it issued nothing.
    """

    count: int
    latest_invoice_id: int | None = None


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """A line as issued. `amount` is what the form-post API shows; `net` and `vat` are rounded.

    Under the `line` policy `amount` is the line as quoted after discounts; `taxed` says whether
    VAT applies and `vat_rate` is then a percentage (0 is zero-rated).
    """

    line_id: int
    line_type: str
    related_id: int
    description: str
    amount: Money
    taxed: bool
    product_code: str = ""
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = None
    net: Money | None = None
    vat: Money | None = None
    vat_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class TransactionRecord:
    """A transaction. `rate` is that of its currency, `refund_of` the transaction it takes back."""

    record_id: int
    client_id: int
    currency_id: int
    gateway: str
    booked_at: datetime
    description: str
    amount_in: Money
    fees: Money
    amount_out: Money
    transaction_id: str
    invoice_id: int
    rate: Decimal = Decimal(1)
    refund_of: int = 0


@dataclass(frozen=True, slots=True)
class InvoiceRecord:
    """An invoice. `total` = subtotal - credit + tax + tax 2; `balance` = total - payments.

    `number` is the running number of its series, `number_text` what is printed (prefix, number,
    suffix), "" while it has none. `due_on` may lie before `issued_on`.
    """

    invoice_id: int
    number: int | None
    number_text: str
    client_id: int
    client_first_name: str
    client_last_name: str
    client_company_name: str
    client_invoice_name: str
    issued_on: date
    due_on: date
    paid_at: datetime | None
    refunded_at: datetime | None
    cancelled_at: datetime | None
    subtotal: Money
    credit: Money
    tax: Money
    tax_2: Money
    total: Money
    balance: Money
    tax_rate: Decimal
    tax_rate_2: Decimal
    status: InvoiceStatus
    payment_method: str
    notes: str
    order_number: str
    currency_code: str
    currency_prefix: str
    currency_suffix: str
    created_at: datetime
    updated_at: datetime
    lines: tuple[InvoiceLine, ...] = ()
    transactions: tuple[TransactionRecord, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceShown(Result):
    """One invoice with lines and transactions."""

    invoice: InvoiceRecord


@dataclass(frozen=True, slots=True)
class InvoicesListed(Result):
    """A window of invoices, without lines."""

    listing: Listing
    invoices: tuple[InvoiceRecord, ...]


@dataclass(frozen=True, slots=True)
class RecurringInvoiceRecord:
    """A recurring invoice. `total` is what its next document would come to.

    `frequency` is None where a backend elsewhere does not tell it.
    """

    document_id: int
    client_id: int
    frequency: Frequency | None
    start_on: date
    next_on: date | None
    paused: bool
    ended: bool
    generation_count: int
    recurrence_limit: int | None
    currency_code: str
    currency_prefix: str
    currency_suffix: str
    total: Money
    lines: tuple[RecurringLine, ...]
    order_number: str


@dataclass(frozen=True, slots=True)
class RecurringInvoicesListed(Result):
    """Recurring invoices."""

    recurring_invoices: tuple[RecurringInvoiceRecord, ...]


@dataclass(frozen=True, slots=True)
class InvoiceIssued(Result):
    """An invoice was made; `status` is where it stands after credit."""

    invoice_id: int
    status: InvoiceStatus


@dataclass(frozen=True, slots=True)
class InvoiceUpdated(Result):
    """An invoice was changed."""

    invoice_id: int


@dataclass(frozen=True, slots=True)
class PaymentRecorded(Result):
    """Money was booked (or had been by an equal call)."""

    invoice_id: int


@dataclass(frozen=True, slots=True)
class CreditAdded(Result):
    """A client's credit changed."""

    new_balance: Money

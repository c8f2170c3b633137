"""Results about documents of every kind."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from adapter.billing.model import DocumentKind
from adapter.billing.money import Money
from adapter.billing.statement import Statement
from adapter.commands.results.base import Result
from adapter.commands.results.billing import InvoiceLine
from adapter.commands.results.clients import ClientRecord


@dataclass(frozen=True, slots=True)
class DocumentIssued(Result):
    """A document was issued. `emailed` tells whether it is being mailed to the client.

    `source_number` is the pro-forma's that became it. `kept_fields` are details of an existing
    client that differ from those sent and were kept. `total` is what it comes to, VAT included.
    """

    kind: DocumentKind
    document_id: int
    number: int
    client_id: int
    total: Money
    emailed: bool = False
    source_number: int | None = None
    kept_fields: tuple[str, ...] = ()
    url: str = ""
    email_url: str = ""


@dataclass(frozen=True, slots=True)
class DocumentsIssued(Result):
    """Several documents were issued together."""

    documents: tuple[DocumentIssued, ...]


@dataclass(frozen=True, slots=True)
class DocumentLine(InvoiceLine):
    """A line with what only positional documents quote."""

    custom: tuple[str, ...] = ()
    includes_vat: bool = False
    discount_percentage: Decimal | None = None


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """A document of any kind, with all that is printed on it but its client's address.

    `total` is what it comes to; `balance` what is still to be paid of an invoice or payout after
    `credit` and payments, else zero. `custom_labels` name the first of `custom_values`; the
    settings name the rest. `original_currency` and `exchange_rate` are set where it was quoted in
    another currency.
    """

    kind: DocumentKind
    document_id: int
    number: int
    number_text: str
    client_id: int
    status: str
    issued_on: date
    due_on: date
    currency_code: str
    currency_prefix: str
    currency_suffix: str
    subtotal: Money
    tax: Money
    tax_2: Money
    credit: Money
    total: Money
    balance: Money
    payment_method: str
    reference: str
    order_number: str
    notes: str
    custom_values: tuple[str, ...]
    custom_labels: tuple[str, ...]
    discount_amount: Money | None
    discount_percentage: Decimal | None
    original_currency: str | None
    exchange_rate: Decimal | None
    convert_on: date | None
    source_id: int | None
    created_at: datetime
    lines: tuple[DocumentLine, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class DocumentShown(Result):
    """One document with its lines."""

    document: DocumentRecord


@dataclass(frozen=True, slots=True)
class DocumentsListed(Result):
    """Documents of one kind."""

    documents: tuple[DocumentRecord, ...]


@dataclass(frozen=True, slots=True)
class HistoryShown(Result):
    """A client with his documents, in the order asked for.

    Money booked on an invoice directly has no document of its own: it is a payment here whose
    `document_id` is 0 and whose `reference` is the transaction's own id.
    """

    client: ClientRecord
    documents: tuple[DocumentRecord, ...]


@dataclass(frozen=True, slots=True)
class StatementCreated(Result):
    """A statement was made; `url` is where it can be opened until it expires."""

    statement_id: int
    statement: Statement
    file_format: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class RecurringLinesChanged(Result):
    """Lines were added to, or taken off, a recurring invoice."""

    recurring_id: int

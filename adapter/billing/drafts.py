"""What a run decides: documents to issue, claims, and moves of the queue. All pure values."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.billing.model import BillableKind, HeldReason, LineType, Rounding
from adapter.billing.money import Money


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line as it will be issued.

    `amount` is what the form-post API shows. Under the `line` policy `net` and `vat` are set and
    `vat_rate` is a percentage, None when VAT does not apply.
    """

    line_type: LineType
    related_id: int
    description: str
    amount: Money
    taxed: bool
    product_code: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    net: Money | None = None
    vat: Money | None = None
    vat_rate: Decimal | None = None
    custom: tuple[str, ...] | None = None
    cost_price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of rounded parts; never rounded again. `gross` is their sum."""

    subtotal: Money
    tax: Money
    tax_2: Money

    @property
    def gross(self) -> Money:
        """Subtotal and both taxes."""
        return self.subtotal + self.tax + self.tax_2


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """One period of one billable, to be claimed for ever. `next_on` is the due date after it."""

    kind: BillableKind
    billable_id: int
    due_on: date
    next_on: date | None
    rule: str
    inputs_digest: str
    fence: int


@dataclass(frozen=True, slots=True)
class PositionalExtras:
    """What only documents of recurring invoices carry."""

    recurring_invoice_id: int
    order_number: str
    custom_values: tuple[str, ...]
    number_prefix: str
    number_suffix: str


@dataclass(frozen=True, slots=True)
class DocumentDraft:
    """An invoice to issue. `credit` is the client credit used; `send_email` the final decision."""

    client_id: int
    currency: str
    issued_on: date
    due_on: date
    payment_method: str
    rounding: Rounding
    tax_rate: Decimal
    tax_rate_2: Decimal
    tax_inclusive: bool
    lines: tuple[LineDraft, ...]
    claims: tuple[ClaimDraft, ...]
    totals: Totals
    credit: Money
    send_email: bool
    positional: PositionalExtras | None = None

    @property
    def total(self) -> Money:
        """What remains to be paid at issue."""
        return self.totals.gross - self.credit


@dataclass(frozen=True, slots=True)
class QueueMove:
    """Where a billable stands after the run decided about it.

    `next_due_on` is None when issuing does not move it (it waits for payment). `occurrence` is set
    for recurring invoices, `ended` when it stops by itself.
    """

    kind: BillableKind
    billable_id: int
    next_invoice_on: date | None
    issued: int
    next_due_on: date | None = None
    occurrence: int | None = None
    ended: bool = False
    promotion_uses: int = 0


@dataclass(frozen=True, slots=True)
class Parked:
    """A billable whose data cannot be billed; it is set aside, the rest goes on."""

    kind: BillableKind
    billable_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """A date that is known and deliberately not billed; `next_on` is the due date after it."""

    kind: BillableKind
    billable_id: int
    due_on: date
    reason: HeldReason
    next_on: date | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything a run does for one client."""

    documents: tuple[DocumentDraft, ...] = ()
    moves: tuple[QueueMove, ...] = ()
    parked: tuple[Parked, ...] = ()
    held: tuple[Held, ...] = ()

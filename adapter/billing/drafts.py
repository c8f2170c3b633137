"""What a run decides: documents to issue, claims, and moves of the queue. All pure values.

A run makes them by the hundred thousand, so they are the cheapest kind of value: named tuples.
"""

from datetime import date
from decimal import Decimal
from typing import NamedTuple, Self

from adapter.billing.model import BillableKind, HeldReason, LineType, Rounding
from adapter.billing.money import Money

# Why a period was billed, as its claim says.
RULE_PERIOD = "period"
RULE_FIRST = "first"
RULE_ITEM = "item"
RULE_RECURRING = "recurring"
RULE_IMPORTED = "imported"


class LineDraft(NamedTuple):
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
    includes_vat: bool | None = None
    discount_percentage: Decimal | None = None


class Totals(NamedTuple):
    """Sums of rounded parts; never rounded again. `gross` is their sum."""

    subtotal: Money
    tax: Money
    tax_2: Money

    @classmethod
    def of_hundredths(cls, subtotal: int, tax: int, tax_2: int, currency: str) -> Self:
        """Return stored sums."""
        return cls(Money(subtotal, currency), Money(tax, currency), Money(tax_2, currency))

    @property
    def gross(self) -> Money:
        """Subtotal and both taxes."""
        net = self.subtotal + self.tax
        return net + self.tax_2 if self.tax_2 else net


class ClaimDraft(NamedTuple):
    """One period of one billable, to be claimed for ever. `next_on` is the due date after it."""

    kind: BillableKind
    billable_id: int
    due_on: date
    next_on: date | None
    rule: str
    inputs_digest: str
    fence: int


class PositionalExtras(NamedTuple):
    """What only documents of recurring invoices carry.

    The discounts are the document's as quoted; the last two say in what it was quoted, where that
    is another currency.
    """

    recurring_invoice_id: int
    order_number: str
    custom_values: tuple[str, ...]
    number_prefix: str
    number_suffix: str
    discount_amount: Money | None = None
    discount_percentage: Decimal | None = None
    original_currency: str | None = None
    exchange_rate: Decimal | None = None


class DocumentDraft(NamedTuple):
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
        gross = self.totals.gross
        return gross - self.credit if self.credit else gross


class QueueMove(NamedTuple):
    """Where a billable stands after the run decided about it under its `fence`.

    `next_due_on` is None when issuing does not move it (it waits for payment). `occurrence` is set
    for recurring invoices, `ended` when it stops by itself.
    """

    kind: BillableKind
    billable_id: int
    next_invoice_on: date | None
    issued: int
    fence: int
    next_due_on: date | None = None
    occurrence: int | None = None
    ended: bool = False
    promotion_uses: int = 0


class Parked(NamedTuple):
    """A billable whose data cannot be billed; it is set aside, the rest goes on."""

    kind: BillableKind
    billable_id: int
    reason: str


class Held(NamedTuple):
    """A date that is known and deliberately not billed; `next_on` is the due date after it."""

    kind: BillableKind
    billable_id: int
    due_on: date
    reason: HeldReason
    next_on: date | None = None


class Decision(NamedTuple):
    """Everything a run does for one client."""

    documents: tuple[DocumentDraft, ...] = ()
    moves: tuple[QueueMove, ...] = ()
    parked: tuple[Parked, ...] = ()
    held: tuple[Held, ...] = ()

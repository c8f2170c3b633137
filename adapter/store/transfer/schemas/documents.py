"""What was billed: documents, money, billed periods and held dates."""

from decimal import Decimal
from typing import Final

from marshmallow import fields

from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import (
    BillableKind,
    DocumentKind,
    DocumentStatus,
    HeldReason,
    InvoiceStatus,
    LineType,
    Rounding,
)
from adapter.store import tables
from adapter.store.transfer.fields import (
    Amount,
    Day,
    Flag,
    Id,
    Moment,
    Text,
    Texts,
    Whole,
    Word,
    custom_columns,
    scaled,
)
from adapter.store.transfer.schemas.base import (
    MOST,
    NULL,
    PAYMENT_METHOD,
    Record,
    about,
    at_export,
    filled,
    flag,
    none,
    text,
)

_DOCUMENTS = tables.documents.c
_LINES = tables.document_lines.c
_ISSUED_KINDS: Final = tuple(kind for kind in DocumentKind if kind is not DocumentKind.QUOTE)
_STATUSES: Final = tuple(
    dict.fromkeys([*map(str, InvoiceStatus), *map(str, DocumentStatus)])
)  # fmt: skip


class InvoiceLineSchema(Record):
    """A line of an invoice. `type` and `related_id` say which billable it bills."""

    type = Word(LineType, load_default="", attribute="line_type")
    related_id = Id(optional=True, load_default=0)
    description = Text(None, required=True, example="Web Space - example.com")
    amount = Amount(signed=True, required=True)
    taxed = flag()
    product_code = none(Text, None)
    quantity = scaled(_LINES.quantity, low=-MOST, high=MOST, **NULL)
    unit_price = scaled(_LINES.unit_price, low=-MOST, high=MOST, **NULL)
    net = none(Amount, signed=True)
    vat = none(Amount, signed=True)
    vat_rate = scaled(_LINES.vat_rate, unit="percent", **NULL)
    custom = custom_columns()
    cost_price = scaled(_LINES.cost_price, low=-MOST, high=MOST, **NULL)
    includes_vat = none(Flag)
    discount_percentage = scaled(_LINES.discount_percentage, **NULL)


class InvoiceSchema(Record):
    """An issued document: an invoice unless `type` says otherwise. `paid` of `total` is paid.

    `total` is `subtotal` less `credit` and with both taxes. Under the rounding `line` every line
    has `net` and `vat`.
    """

    id = Id(required=True)
    type = Word(_ISSUED_KINDS, load_default=DocumentKind.INVOICE.value, attribute="kind")
    client_id = Id(required=True)
    currency = Text(3, required=True, example="ZAR")
    status = Word(_STATUSES, required=True)
    number = none(Id)
    number_text = text(64)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    paid_at = none(Moment)
    refunded_at = none(Moment)
    cancelled_at = none(Moment)
    subtotal = Amount(signed=True, required=True)
    credit = Amount(load_default=0, **about("credit of the client used on it"))
    tax = Amount(signed=True, load_default=0)
    tax_2 = Amount(signed=True, load_default=0)
    total = Amount(signed=True, required=True)
    paid = Amount(load_default=0)
    tax_rate = scaled(_DOCUMENTS.tax_rate, load_default=Decimal(0), unit="percent", example="15")
    tax_rate_2 = scaled(
        _DOCUMENTS.tax_rate_2, load_default=Decimal(0), unit="percent", example="0"
    )
    rounding = Word(Rounding, load_default=Rounding.SUM.value)
    tax_inclusive = flag()
    payment_method = text(PAYMENT_METHOD)
    notes = text(None)
    order_number = text(10)
    custom_values = none(Texts, 10, 255)
    custom_labels = none(Texts, 10, 255)
    discount_amount = none(Amount)
    discount_percentage = scaled(_DOCUMENTS.discount_percentage, **NULL)
    original_currency = none(Text, 3)
    exchange_rate = scaled(_DOCUMENTS.exchange_rate, **NULL)
    reference = text(64)
    convert_on = none(Day)
    source_id = none(Id)
    origin = text(16)
    recurring_invoice_id = none(Id)
    send_email = none(Flag)
    hidden = flag()
    created_at = at_export()
    updated_at = at_export()
    undone_at = none(Moment)
    lines = fields.List(fields.Nested(InvoiceLineSchema), required=True)


class PaymentSchema(Record):
    """Money that came in or went back; `invoice_id` 0 is on no invoice."""

    id = Id(required=True)
    client_id = Id(optional=True, required=True)
    invoice_id = Id(optional=True, load_default=0, attribute="document_id")
    currency = Text(3, required=True, example="ZAR")
    method = text(PAYMENT_METHOD, attribute="gateway", example="banktransfer")
    booked_at = Moment(required=True)
    description = text(None)
    amount_in = Amount(load_default=0)
    fees = Amount(load_default=0)
    amount_out = Amount(load_default=0)
    transaction_id = text()
    payment_id = Id(
        optional=True, load_default=0, **about("the payment document it is a share of")
    )
    rate = scaled(tables.transactions.c.rate, load_default=Decimal(1))
    refund_of = Id(optional=True, load_default=0)
    as_credit = flag()
    hidden = flag()


class CreditSchema(Record):
    """A change of a client's credit; his credit is the sum of them."""

    id = Id(required=True)
    client_id = Id(required=True)
    entered_on = Day(required=True)
    description = text(None)
    amount = Amount(signed=True, required=True)
    invoice_id = Id(optional=True, load_default=0, attribute="document_id")
    admin_id = Id(optional=True, load_default=0)


class _OfPeriod(Record):
    billable = Word(BillableKind, required=True, attribute="kind")
    billable_id = Id(required=True)
    due_on = Day(required=True)


class ClaimSchema(_OfPeriod):
    """A billed period of a billable: no run ever bills it again.

    `moved` says that its payment has moved the due date on, so that taking the payment back moves
    it back.
    """

    invoice_id = Id(optional=True, load_default=0, attribute="document_id")
    next_on = Day(allow_none=True, **filled("one cycle after `due_on`"))
    moved = Flag(**filled("whether its invoice is paid, for services, addons and domains"))
    moved_from_on = Day(allow_none=True, **filled("`due_on` where it has moved"))
    moved_to_on = Day(allow_none=True, **filled("`next_on` where it has moved"))
    fence = Whole(load_default=0)
    rule = Text(64, load_default=RULE_IMPORTED)
    inputs_digest = text(64)
    settings_version = Whole(load_default=0)
    claimed_at = at_export()


class HeldSchema(_OfPeriod):
    """A date that is known and that no run bills."""

    reason = Word(HeldReason, required=True)
    recorded_at = at_export()
    next_on = none(Day)

"""What a record of each kind says: the schemas of import and export files.

The names are those of the store's columns, or say `attribute=` which one they stand for. A field
that is neither required nor has a default is filled in when it is left out (`filled` says how).
docs/import.md is made from these.
"""

from decimal import Decimal
from typing import Any, Final

from marshmallow import RAISE, Schema, fields

from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import (
    BillableKind,
    CatchUp,
    ClientStatus,
    DocumentKind,
    DocumentStatus,
    HeldReason,
    InvoiceStatus,
    ItemAction,
    ItemStatus,
    LineType,
    Rounding,
)
from adapter.billing.schedule import Cycle, Frequency, ItemUnit
from adapter.store import tables
from adapter.store.transfer.fields import (
    Amount,
    Data,
    Day,
    Flag,
    Id,
    Moment,
    Pairs,
    Text,
    Texts,
    Whole,
    Word,
    custom_columns,
    scaled,
)

_PAYMENT_METHOD: Final = 64
_RECURRING = tables.recurring_invoices.c
_RECURRING_LINES = tables.recurring_lines.c
_DOCUMENTS = tables.documents.c
_LINES = tables.document_lines.c
ISSUED_KINDS: Final = tuple(kind for kind in DocumentKind if kind is not DocumentKind.QUOTE)
_STATUSES: Final = tuple(
    dict.fromkeys([*map(str, InvoiceStatus), *map(str, DocumentStatus)])
)  # fmt: skip


def _text(length: int | None = 255, **named: Any) -> Text:
    return Text(length, load_default="", **named)


def _flag(*, default: bool = False, **named: Any) -> Flag:
    return Flag(load_default=default, **named)


_NULL: Final[dict[str, Any]] = {"load_default": None, "allow_none": True}


def _none(field: type[Any], *given: Any, **named: Any) -> Any:
    """Return a field that is null unless it is stated."""
    return field(*given, load_default=None, allow_none=True, **named)


def _filled(how: str) -> dict[str, Any]:
    return {"metadata": {"filled": how}}


def _about(text: str) -> dict[str, Any]:
    return {"metadata": {"about": text}}


def _created_at() -> Moment:
    return Moment(**_filled("the export's time"))


class Record(Schema):
    """What every record's schema does with a name it does not know: refuse it."""

    class Meta:
        """Refuse what is no field."""

        unknown = RAISE

    error_messages = {"unknown": "is no field of this kind", "type": "must be an object"}  # noqa: RUF012 - marshmallow's own way


class _Expecting(Record):
    """What the other system would invoice next of a billable; see docs/import.md, "Go-live"."""

    next_invoice_on = Day(
        allow_none=True,
        **_about("due date of the next period that the other system would invoice, null: none"),
    )
    next_issue_on = Day(**_about("the day on which it would make that invoice"))
    next_invoice_amount = Amount(signed=True, **_about("what that period comes to there"))


class _Scheduled(_Expecting):
    next_due_on = _none(Day)
    last_issued_on = _none(Day)
    generation_count = Whole(load_default=0, **_about("invoices issued of it, elsewhere too"))
    anchor_day = Whole(1, 31, allow_none=True, **_filled("day of `next_due_on`"))
    catch_up = _none(Word, CatchUp)
    parked_reason = _none(Text)
    parked_at = _none(Moment)
    owner = Word(("gateway", "legacy", "backend"), load_default="gateway")
    fence = Whole(load_default=0)
    paused = _flag()
    ended = _flag()
    created_at = _created_at()


class _Promoted(Record):
    promotion_id = Id(optional=True, load_default=0)
    promotion_uses = Whole(load_default=0)
    first_discount = Amount(load_default=0)
    recurring_discount = Amount(load_default=0)


class CatalogueSchema(Record):
    """The catalogue and the business settings; applied as `adapter setup` would."""

    catalogue = Data(
        required=True,
        example={"product_groups": [{"name": "Hosting"}]},
        **_about("[catalogue.md](catalogue.md), as JSON"),
    )


class ProductSchema(Record):
    """A product, as in the catalogue; its group exists or comes with the catalogue."""

    id = Id(required=True)
    name = Text(blank=False, required=True, example="Web Space")
    group = Data(
        kind="text or id",
        example="Hosting",
        required=True,
        **_about("name or id of a product group"),
    )
    type = Text(32, load_default="other")
    pay = Text(16, load_default="recurring")
    description = _text(None)
    slug = _text()
    module = _text(64)
    auto_setup = _text(16)
    hidden = _flag()
    taxed = _flag()
    stock = Data(kind='whole number or `"unlimited"`', example=25, load_default="unlimited")
    prorata_day = Whole(0, 31, load_default=0)
    prorata_next_month_day = Whole(0, 31, load_default=0)
    cycles_limit = Whole(load_default=0)
    prices = Data(
        example={"ZAR": {"monthly": "95.00"}},
        load_default=dict,
        **_about("by currency and cycle, as in the catalogue"),
    )


class CustomFieldSchema(Record):
    """What is asked of clients, or with an order of a product; values go by its id."""

    id = Id(required=True)
    product = Id(optional=True, load_default=0, **_about("0: a field of clients"))
    name = Text(blank=False, required=True, example="Operating system")
    description = _text(None)
    required = _flag()
    on_order = _flag(default=True)
    position = Whole(load_default=0)


class ClientSchema(Record):
    """A client."""

    id = Id(required=True)
    uuid = Text(36, **_filled("made from the id"))
    invoice_name = Text(**_filled("company, else first and last name"))
    first_name = _text(example="Thandi")
    last_name = _text(example="Nkosi")
    company_name = _text()
    email = _text(example="thandi@example.com")
    address_1 = _text()
    address_2 = _text()
    city = _text()
    state = _text()
    postcode = _text()
    country = _text(2, example="ZA", **_about("capital letters"))
    phone = _text(64)
    phone_2 = _text(64)
    fax = _text(64)
    mobile = _text(64)
    tax_number = _text()
    branch_name = _text()
    account_number = _text()
    website = _text()
    physical_address_1 = _text()
    physical_address_2 = _text()
    physical_address_3 = _text()
    physical_address_4 = _text()
    payment_terms_days = _none(Whole, unit="days")
    custom = Pairs(
        str,
        kind="object of numbers and texts",
        example={"1": "A-17"},
        load_default=dict,
        **_about("custom fields by number"),
    )
    currency = Text(3, **_filled("the default currency"), example="ZAR")
    group_id = Id(optional=True, load_default=0)
    language = _text(64)
    notes = _text(None)
    ip_address = _text(64)
    status = Word(ClientStatus, load_default=ClientStatus.ACTIVE.value)
    opening_balance = Amount(signed=True, load_default=0)
    payment_method = _text(_PAYMENT_METHOD, example="banktransfer")
    tax_exempt = _flag()
    separate_invoices = _flag()
    no_late_fee = _flag()
    no_overdue_notices = _flag()
    no_auto_charge = _flag()
    no_auto_close = _flag()
    marketing_emails = _flag()
    send_documents = _flag(default=True)
    email_preferences = Pairs(
        bool,
        kind="object of names and true or false",
        example={"invoice": True},
        load_default=dict,
    )
    password_hash = _text()
    hidden = _flag()
    created_on = Day(**_filled("the export's day"))
    created_at = _created_at()


class ContactSchema(Record):
    """Another person of a client who gets mail."""

    id = Id(required=True)
    client_id = Id(required=True)
    first_name = _text()
    last_name = _text()
    company_name = _text()
    email = _text()
    address_1 = _text()
    address_2 = _text()
    city = _text()
    state = _text()
    postcode = _text()
    country = _text(2, example="ZA", **_about("capital letters"))
    phone = _text(64)
    tax_number = _text()
    email_preferences = Pairs(
        bool,
        kind="object of names and true or false",
        example={"invoice": True},
        load_default=dict,
    )
    created_at = _created_at()
    updated_at = Moment(**_filled("the export's time"))


class ServiceSchema(_Scheduled, _Promoted):
    """A service. Amounts are net of its promotion."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    product_id = Id(optional=True, load_default=0)
    quantity = Whole(1, load_default=1)
    registered_on = _none(Day)
    domain = _text(example="example.com")
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    payment_method = _text(_PAYMENT_METHOD)
    cycle = Word(Cycle, required=True)
    status = Word(ItemStatus, required=True)
    terminated_on = _none(Day)
    cancellation_requested = _flag()
    username = _text()
    password = _text()
    subscription_id = _text()
    dedicated_ip = _text(64)
    assigned_ips = _text(None)
    ns1 = _text()
    ns2 = _text()
    suspend_reason = _text(None)
    override_auto_suspend = _flag()
    override_suspend_until = _none(Day)
    custom_fields = Pairs(
        str, kind="object of numbers and texts", example={"1": "blue"}, load_default=dict
    )
    notes = _text(None)
    hidden = _flag()


class AddonSchema(_Scheduled):
    """An addon of a service."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    service_id = Id(required=True)
    addon_id = Id(optional=True, load_default=0, **_about("the catalogue's addon"))
    quantity = Whole(1, load_default=1)
    name = _text(example="Backup")
    registered_on = _none(Day)
    setup_fee = Amount(signed=True, load_default=0)
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    taxed = _flag()
    payment_method = _text(_PAYMENT_METHOD)
    cycle = Word(Cycle, required=True)
    status = Word(ItemStatus, required=True)
    terminated_on = _none(Day)
    notes = _text(None)
    hidden = _flag()


class DomainSchema(_Scheduled, _Promoted):
    """A domain."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    type = Word(("Register", "Transfer"), load_default="Register", attribute="kind")
    name = Text(blank=False, required=True, example="example.co.za")
    registrar = _text(64)
    years = Whole(1, 10, load_default=1)
    registered_on = _none(Day)
    expires_on = _none(Day)
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    payment_method = _text(_PAYMENT_METHOD)
    status = Word(ItemStatus, required=True)
    subscription_id = _text()
    dns_management = _flag()
    email_forwarding = _flag()
    id_protection = _flag()
    do_not_renew = _flag()
    notes = _text(None)
    hidden = _flag()


class ItemSchema(_Scheduled):
    """A billable item. `next_due_on` is when it is due, first or next."""

    id = Id(required=True)
    client_id = Id(required=True)
    description = _text(None, example="Support, March")
    quantity = scaled(tables.billable_items.c.quantity, load_default=Decimal(1))
    unit = _text(16)
    amount = Amount(signed=True, required=True)
    action = Word(ItemAction, required=True)
    taxed = _flag()
    recur_every = Whole(load_default=0)
    recur_unit = Word(("", *ItemUnit), load_default="")
    recur_times = Whole(load_default=0, **_about("invoices in all, 0: without end"))
    entered_on = Day(required=True)


class RecurringLineSchema(Record):
    """A line of a recurring invoice."""

    product_code = _text(None)
    quantity = scaled(_RECURRING_LINES.quantity, low=-(10**9), required=True)
    description = Text(None, required=True)
    unit_price = scaled(_RECURRING_LINES.unit_price, low=-(10**9), required=True, example="250.00")
    vat_applies = _flag()
    vat_rate = scaled(
        _RECURRING_LINES.vat_rate, load_default=Decimal(0), unit="percent", example="15"
    )
    includes_vat = _flag()
    custom = custom_columns()
    cost_price = scaled(_RECURRING_LINES.cost_price, low=-(10**9), **_NULL)
    discount_percentage = scaled(_RECURRING_LINES.discount_percentage, **_NULL)
    added_at = _none(Moment)
    removed_at = _none(Moment)


class RecurringSchema(_Expecting):
    """A recurring invoice. `occurrence` is the position of the next date to be billed.

    Date n is `start_on` and n times the frequency; the first one has position 0.
    """

    id = Id(required=True)
    client_id = Id(required=True)
    currency = Text(3, required=True, example="ZAR")
    frequency = Word(Frequency, required=True)
    start_on = Day(required=True)
    occurrence = Whole(required=True, **_about("position of the next date"))
    generation_count = Whole(required=True, **_about("documents issued, elsewhere too"))
    paused = _flag()
    ended = _flag()
    recurrence_limit = _none(Whole)
    increase_percentage = scaled(_RECURRING.increase_percentage, low=-100, unit="percent", **_NULL)
    increase_interval = _none(Whole, unit="documents")
    order_number = _text(10)
    custom_values = Texts(10, 255, fill=True, load_default=lambda: [""] * 10)
    discount_amount = _none(Amount)
    discount_percentage = scaled(_RECURRING.discount_percentage, unit="percent", **_NULL)
    number_prefix = _none(Text, 9)
    number_suffix = _none(Text, 9)
    send_email = _none(Flag)
    issues = Word(("invoice", "proforma"), load_default="invoice")
    convert_after_days = _none(Whole, unit="days")
    next_due_on = Day(allow_none=True, **_filled("the date of `occurrence`"))
    last_issued_on = _none(Day)
    anchor_day = _none(Whole, 1, 31)
    catch_up = _none(Word, CatchUp)
    parked_reason = _none(Text)
    parked_at = _none(Moment)
    owner = Word(("gateway", "legacy", "backend"), load_default="gateway")
    fence = Whole(load_default=0)
    created_at = _created_at()
    lines = fields.List(fields.Nested(RecurringLineSchema), required=True)


class InvoiceLineSchema(Record):
    """A line of an invoice. `type` and `related_id` say which billable it bills."""

    type = Word(LineType, load_default="", attribute="line_type")
    related_id = Id(optional=True, load_default=0)
    description = Text(None, required=True, example="Web Space - example.com")
    amount = Amount(signed=True, required=True)
    taxed = _flag()
    product_code = _none(Text, None)
    quantity = scaled(_LINES.quantity, low=-(10**9), **_NULL)
    unit_price = scaled(_LINES.unit_price, low=-(10**9), **_NULL)
    net = _none(Amount, signed=True)
    vat = _none(Amount, signed=True)
    vat_rate = scaled(_LINES.vat_rate, unit="percent", **_NULL)
    custom = custom_columns()
    cost_price = scaled(_LINES.cost_price, low=-(10**9), **_NULL)
    includes_vat = _none(Flag)
    discount_percentage = scaled(_LINES.discount_percentage, **_NULL)


class InvoiceSchema(Record):
    """An issued document: an invoice unless `type` says otherwise. `paid` of `total` is paid.

    `total` is `subtotal` less `credit` and with both taxes. Under the rounding `line` every line
    has `net` and `vat`.
    """

    id = Id(required=True)
    type = Word(ISSUED_KINDS, load_default=DocumentKind.INVOICE.value, attribute="kind")
    client_id = Id(required=True)
    currency = Text(3, required=True, example="ZAR")
    status = Word(_STATUSES, required=True)
    number = _none(Id)
    number_text = _text(64)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    paid_at = _none(Moment)
    refunded_at = _none(Moment)
    cancelled_at = _none(Moment)
    subtotal = Amount(signed=True, required=True)
    credit = Amount(load_default=0, **_about("credit of the client used on it"))
    tax = Amount(signed=True, load_default=0)
    tax_2 = Amount(signed=True, load_default=0)
    total = Amount(signed=True, required=True)
    paid = Amount(load_default=0)
    tax_rate = scaled(_DOCUMENTS.tax_rate, load_default=Decimal(0), unit="percent", example="15")
    tax_rate_2 = scaled(
        _DOCUMENTS.tax_rate_2, load_default=Decimal(0), unit="percent", example="0"
    )
    rounding = Word(Rounding, load_default=Rounding.SUM.value)
    tax_inclusive = _flag()
    payment_method = _text(_PAYMENT_METHOD)
    notes = _text(None)
    order_number = _text(10)
    custom_values = _none(Texts, 10, 255)
    custom_labels = _none(Texts, 10, 255)
    discount_amount = _none(Amount)
    discount_percentage = scaled(_DOCUMENTS.discount_percentage, **_NULL)
    original_currency = _none(Text, 3)
    exchange_rate = scaled(_DOCUMENTS.exchange_rate, **_NULL)
    reference = _text(64)
    convert_on = _none(Day)
    source_id = _none(Id)
    origin = _text(16)
    recurring_invoice_id = _none(Id)
    send_email = _none(Flag)
    hidden = _flag()
    created_at = _created_at()
    updated_at = Moment(**_filled("the export's time"))
    undone_at = _none(Moment)
    lines = fields.List(fields.Nested(InvoiceLineSchema), required=True)


class PaymentSchema(Record):
    """Money that came in or went back; `invoice_id` 0 is on no invoice."""

    id = Id(required=True)
    client_id = Id(optional=True, required=True)
    invoice_id = Id(optional=True, load_default=0, attribute="document_id")
    currency = Text(3, required=True, example="ZAR")
    method = _text(_PAYMENT_METHOD, attribute="gateway", example="banktransfer")
    booked_at = Moment(required=True)
    description = _text(None)
    amount_in = Amount(load_default=0)
    fees = Amount(load_default=0)
    amount_out = Amount(load_default=0)
    transaction_id = _text()
    payment_id = Id(
        optional=True, load_default=0, **_about("the payment document it is a share of")
    )
    rate = scaled(tables.transactions.c.rate, load_default=Decimal(1))
    refund_of = Id(optional=True, load_default=0)
    as_credit = _flag()
    hidden = _flag()


class CreditSchema(Record):
    """A change of a client's credit; his credit is the sum of them."""

    id = Id(required=True)
    client_id = Id(required=True)
    entered_on = Day(required=True)
    description = _text(None)
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
    next_on = Day(allow_none=True, **_filled("one cycle after `due_on`"))
    moved = Flag(**_filled("whether its invoice is paid, for services, addons and domains"))
    moved_from_on = Day(allow_none=True, **_filled("`due_on` where it has moved"))
    moved_to_on = Day(allow_none=True, **_filled("`next_on` where it has moved"))
    fence = Whole(load_default=0)
    rule = Text(64, load_default=RULE_IMPORTED)
    inputs_digest = _text(64)
    settings_version = Whole(load_default=0)
    claimed_at = Moment(**_filled("the export's time"))


class HeldSchema(_OfPeriod):
    """A date that is known and that no run bills."""

    reason = Word(HeldReason, required=True)
    recorded_at = Moment(**_filled("the export's time"))
    next_on = _none(Day)


class NumberSchema(Record):
    """Where a series of ids or numbers goes on; what was passed already stays."""

    series = Text(64, required=True, blank=False, attribute="name", example="invoice_number")
    next = Id(required=True, attribute="next_value")

"""What is billed: services, addons, domains, items and recurring invoices."""

from decimal import Decimal

from marshmallow import fields

from adapter.billing.model import CatchUp, ItemAction, ItemStatus
from adapter.billing.schedule import Cycle, Frequency, ItemUnit
from adapter.store import tables
from adapter.store.transfer.fields import (
    Amount,
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

_RECURRING = tables.recurring_invoices.c
_RECURRING_LINES = tables.recurring_lines.c


class Expecting(Record):
    """What the other system would invoice next of a billable; see docs/import.md, "Go-live"."""

    next_invoice_on = Day(
        allow_none=True,
        **about("due date of the next period that the other system would invoice, null: none"),
    )
    next_issue_on = Day(**about("the day on which it would make that invoice"))
    next_invoice_amount = Amount(signed=True, **about("what that period comes to there"))


class Scheduled(Expecting):
    """A billable in the queue."""

    next_due_on = none(Day)
    last_issued_on = none(Day)
    generation_count = Whole(load_default=0, **about("invoices issued of it, elsewhere too"))
    anchor_day = Whole(1, 31, allow_none=True, **filled("day of `next_due_on`"))
    catch_up = none(Word, CatchUp)
    parked_reason = none(Text)
    parked_at = none(Moment)
    owner = Word(("gateway", "legacy", "backend"), load_default="gateway")
    fence = Whole(load_default=0)
    paused = flag()
    ended = flag()
    created_at = at_export()


class Promoted(Record):
    """A billable with a promotion; what it takes off is known."""

    promotion_id = Id(optional=True, load_default=0)
    promotion_uses = Whole(load_default=0)
    first_discount = Amount(load_default=0)
    recurring_discount = Amount(load_default=0)


class ServiceSchema(Scheduled, Promoted):
    """A service. Amounts are net of its promotion."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    product_id = Id(optional=True, load_default=0)
    quantity = Whole(1, load_default=1)
    registered_on = none(Day)
    domain = text(example="example.com")
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    payment_method = text(PAYMENT_METHOD)
    cycle = Word(Cycle, required=True)
    status = Word(ItemStatus, required=True)
    terminated_on = none(Day)
    cancellation_requested = flag()
    username = text()
    password = text()
    subscription_id = text()
    dedicated_ip = text(64)
    assigned_ips = text(None)
    ns1 = text()
    ns2 = text()
    suspend_reason = text(None)
    override_auto_suspend = flag()
    override_suspend_until = none(Day)
    custom_fields = Pairs(
        str, kind="object of numbers and texts", example={"1": "blue"}, load_default=dict
    )
    notes = text(None)
    hidden = flag()


class AddonSchema(Scheduled):
    """An addon of a service."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    service_id = Id(required=True)
    addon_id = Id(optional=True, load_default=0, **about("the catalogue's addon"))
    quantity = Whole(1, load_default=1)
    name = text(example="Backup")
    registered_on = none(Day)
    setup_fee = Amount(signed=True, load_default=0)
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    taxed = flag()
    payment_method = text(PAYMENT_METHOD)
    cycle = Word(Cycle, required=True)
    status = Word(ItemStatus, required=True)
    terminated_on = none(Day)
    notes = text(None)
    hidden = flag()


class DomainSchema(Scheduled, Promoted):
    """A domain."""

    id = Id(required=True)
    client_id = Id(required=True)
    order_id = Id(optional=True, load_default=0)
    type = Word(("Register", "Transfer"), load_default="Register", attribute="kind")
    name = Text(blank=False, required=True, example="example.co.za")
    registrar = text(64)
    years = Whole(1, 10, load_default=1)
    registered_on = none(Day)
    expires_on = none(Day)
    first_amount = Amount(signed=True, load_default=0)
    recurring_amount = Amount(signed=True, load_default=0)
    payment_method = text(PAYMENT_METHOD)
    status = Word(ItemStatus, required=True)
    subscription_id = text()
    dns_management = flag()
    email_forwarding = flag()
    id_protection = flag()
    do_not_renew = flag()
    notes = text(None)
    hidden = flag()


class ItemSchema(Scheduled):
    """A billable item. `next_due_on` is when it is due, first or next."""

    id = Id(required=True)
    client_id = Id(required=True)
    description = text(None, example="Support, March")
    quantity = scaled(tables.billable_items.c.quantity, load_default=Decimal(1))
    unit = text(16)
    amount = Amount(signed=True, required=True)
    action = Word(ItemAction, required=True)
    taxed = flag(**about("kept; whether it is taxed says `TaxBillableItems` on the invoice's day"))
    recur_every = Whole(load_default=0)
    recur_unit = Word(("", *ItemUnit), load_default="")
    recur_times = Whole(load_default=0, **about("invoices in all, 0: without end"))
    entered_on = Day(required=True)


class RecurringLineSchema(Record):
    """A line of a recurring invoice."""

    product_code = text(None)
    quantity = scaled(_RECURRING_LINES.quantity, low=-MOST, high=MOST, required=True)
    description = Text(None, required=True)
    unit_price = scaled(
        _RECURRING_LINES.unit_price, low=-MOST, high=MOST, required=True, example="250.00"
    )
    vat_applies = flag()
    vat_rate = scaled(
        _RECURRING_LINES.vat_rate, load_default=Decimal(0), unit="percent", example="15"
    )
    includes_vat = flag()
    custom = custom_columns()
    cost_price = scaled(_RECURRING_LINES.cost_price, low=-MOST, high=MOST, **NULL)
    discount_percentage = scaled(_RECURRING_LINES.discount_percentage, **NULL)
    added_at = none(Moment)
    removed_at = none(Moment)


class RecurringSchema(Expecting):
    """A recurring invoice. `occurrence` is the position of the next date to be billed.

    Date n is `start_on` and n times the frequency; the first one has position 0.
    """

    id = Id(required=True)
    client_id = Id(required=True)
    currency = Text(3, required=True, example="ZAR")
    frequency = Word(Frequency, required=True)
    start_on = Day(required=True)
    occurrence = Whole(required=True, **about("position of the next date"))
    generation_count = Whole(required=True, **about("documents issued, elsewhere too"))
    paused = flag()
    ended = flag()
    recurrence_limit = none(Whole)
    increase_percentage = scaled(_RECURRING.increase_percentage, low=-100, unit="percent", **NULL)
    increase_interval = none(Whole, unit="documents")
    order_number = text(10)
    custom_values = Texts(10, 255, fill=True, load_default=lambda: [""] * 10)
    discount_amount = none(Amount)
    discount_percentage = scaled(_RECURRING.discount_percentage, unit="percent", **NULL)
    number_prefix = none(Text, 9)
    number_suffix = none(Text, 9)
    send_email = none(Flag)
    issues = Word(("invoice", "proforma"), load_default="invoice")
    convert_after_days = none(Whole, unit="days")
    next_due_on = Day(allow_none=True, **filled("the date of `occurrence`"))
    last_issued_on = none(Day)
    anchor_day = none(Whole, 1, 31)
    catch_up = none(Word, CatchUp)
    parked_reason = none(Text)
    parked_at = none(Moment)
    owner = Word(("gateway", "legacy", "backend"), load_default="gateway")
    fence = Whole(load_default=0)
    created_at = at_export()
    lines = fields.List(fields.Nested(RecurringLineSchema), required=True)

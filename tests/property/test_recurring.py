"""What is quick about creating recurring invoices says the same as the long way."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from adapter.backends.local.recurring import check_recurring_invoice
from adapter.billing.model import RecurringLine
from adapter.billing.money import Money
from adapter.billing.pricing import price_recurring
from adapter.billing.schedule import Frequency
from adapter.commands.model import CreateRecurringInvoice
from adapter.errors import CannotBill, InvalidField, OutOfBounds
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline import Quirks
from adapter.protocols.invoicesonline.schemas import NewClientSchema, RecurringInvoiceSchema

LARGE = st.sampled_from(["899999999999.99", "449999999999.99", "99999999999.99", "-99999999999"])
LINES = st.builds(
    RecurringLine,
    product_code=st.just(""),
    quantity=st.decimals(-2, 1000, places=3).filter(bool),
    description=st.just("x"),
    unit_price=st.decimals(-100, 10**6, places=6) | LARGE.map(Decimal),
    currency=st.just("ZAR"),
    vat_applies=st.booleans(),
    vat_rate=st.decimals(0, 1000, places=2),
    includes_vat=st.booleans(),
    discount_percentage=st.none() | st.decimals(0, 100, places=2),
)
COMMANDS = st.builds(
    CreateRecurringInvoice,
    frequency=st.just(Frequency.MONTHLY),
    start_on=st.just(date(2026, 3, 2)),
    lines=st.lists(LINES, min_size=1, max_size=5).map(tuple),
    client_id=st.just(1),
    discount_percentage=st.none() | st.decimals(0, 100, places=2),
)


@given(COMMANDS)
def test_refused_is_what_cannot_be_priced(command):
    percentage = command.discount_percentage
    priced = _end(lambda: price_recurring(command.lines, "ZAR", discount_percentage=percentage))
    checked = _end(lambda: check_recurring_invoice(command))
    assert checked is {CannotBill: InvalidField}.get(priced, priced)


def _end(deed):
    try:
        deed()
    except (CannotBill, InvalidField, OutOfBounds) as error:
        return type(error)
    return None


def test_what_is_just_within_bounds_is_priced():
    line = RecurringLine(
        "", Decimal(1), "x", Decimal("899999999999.99"), "ZAR", False, Decimal(0), False
    )
    command = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 3, 2), (line,), client_id=1)
    check_recurring_invoice(command)
    assert price_recurring((line,), "ZAR")[1].gross == Money(89999999999999, "ZAR")


TEXT = st.sampled_from(["", " ", "1", "0", "x", "on", "2026-03-02", "monthly", "a\nb", "y" * 300])
ROW = ["A", "1", "Rent", "10", "ZAR", "1", "15", "0"]
NAMES = {
    schema: sorted({field.data_key or name for name, field in schema._declared_fields.items()})
    for schema in (RecurringInvoiceSchema, NewClientSchema)
}
RIGHT = {
    "Recurrs": "monthly",
    "paused": "0",
    "limit_recurrances": "0",
    "recurrances_limit": "",
    "add_increase": "0",
    "IncreasePercentage": "",
    "IncreaseInterval": "",
    "recurring_start_date": "2026-03-02",
    "data": [ROW],
    "client_invoice_name": "Ann",
    "client_email": "ann@example.com",
}


@given(st.data(), st.sampled_from([RecurringInvoiceSchema, NewClientSchema]), st.booleans())
def test_reading_is_loading(data, kind, lenient):
    schema = kind(Quirks(lenient, lenient), Limits())
    changes = st.dictionaries(
        st.sampled_from([*NAMES[kind], "ClientOrderNr", "unknown"]),
        TEXT | st.none() | st.booleans() | st.just([ROW]),
        max_size=5,
    )
    params = {**RIGHT, **data.draw(changes)}
    for name in data.draw(st.sets(st.sampled_from(sorted(params)), max_size=2)):
        del params[name]
    assert _outcome(schema.read, params) == _outcome(schema.load, params)


def _outcome(way, params):
    try:
        return way(params)
    except ValidationError as error:
        return error.messages
    except InvalidField as error:
        return error.path, error.rule, str(error)

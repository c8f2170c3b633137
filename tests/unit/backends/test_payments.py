"""Rules of booking money: payments on invoices, clients' credit."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from adapter.billing.model import InvoiceStatus
from adapter.billing.money import MAX_HUNDREDTHS, Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AddCredit,
    GetClient,
    GetInvoice,
    InvoiceLineChange,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    UpdateInvoice,
    UpdateService,
)
from adapter.errors import (
    ClientNotFound,
    InsufficientCredit,
    InvalidField,
    InvoiceCancelled,
    InvoiceNotFound,
    OutOfBounds,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)


@pytest.fixture
def invoice_id(do, ann, shop):
    """Return an unpaid invoice of 125.00."""
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    return do(PlaceOrder(ann, "banktransfer", products=(product,))).invoice_id


def _shown(do, invoice_id):
    return do(GetInvoice(invoice_id)).invoice


def test_a_partial_payment_keeps_an_invoice_unpaid(do, invoice_id, rows):
    do(RecordPayment(invoice_id, "T1", "eft", Decimal("100.00"), fees=Decimal("1.50")))
    invoice = _shown(do, invoice_id)
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.UNPAID, "25.00")
    (booked,) = invoice.transactions
    assert (booked.transaction_id, booked.gateway, booked.currency_id) == ("T1", "eft", 1)
    assert (str(booked.amount_in), str(booked.fees)) == ("100.00", "1.50")
    assert rows(tables.services)[0]["next_due_on"] == TODAY


def test_without_an_amount_the_whole_balance_is_paid(do, invoice_id, rows):
    do(RecordPayment(invoice_id, amount=Decimal("100.00")))
    do(RecordPayment(invoice_id))
    invoice = _shown(do, invoice_id)
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    assert [str(row.amount_in) for row in invoice.transactions] == ["100.00", "25.00"]
    assert invoice.transactions[0].gateway == "banktransfer"
    assert rows(tables.services)[0]["next_due_on"] == date(2026, 4, 2)


def test_a_due_date_set_by_hand_stays_where_there_is_no_cycle_any_more(do, invoice_id, rows):
    service_id = rows(tables.services)[0]["id"]
    by_hand = date(2026, 2, 10)
    do(UpdateService(service_id, next_due_on=by_hand, cycle=Cycle.FREE))
    do(RecordPayment(invoice_id))
    assert rows(tables.services)[0]["next_due_on"] == by_hand
    assert [row["moved"] for row in rows(tables.claims)] == [False]
    do(UpdateService(service_id, cycle=Cycle.MONTHLY))
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.UNPAID))
    assert rows(tables.services)[0]["next_due_on"] == by_hand


def test_without_an_amount_nothing_is_booked_on_a_paid_invoice(do, invoice_id, rows):
    do(RecordPayment(invoice_id, "T1"))
    do(RecordPayment(invoice_id, "T2"))
    assert len(rows(tables.transactions)) == 1


def test_the_same_payment_books_once(do, invoice_id, rows):
    for _ in range(3):
        do(RecordPayment(invoice_id, "T1", "eft", Decimal("50.00")))
    do(RecordPayment(invoice_id, "T1", "eft"))
    assert str(_shown(do, invoice_id).balance) == "75.00"
    # Another amount or another id is another payment; without an id each one is.
    do(RecordPayment(invoice_id, "T1", "eft", Decimal("10.00")))
    do(RecordPayment(invoice_id, "T2", "eft", Decimal("10.00")))
    do(RecordPayment(invoice_id, "", "eft", Decimal("10.00")))
    do(RecordPayment(invoice_id, "", "eft", Decimal("10.00")))
    assert [row["amount_in"] for row in rows(tables.transactions)] == [5000, *[1000] * 4]


def test_the_same_transaction_pays_two_invoices(do, ann, shop, invoice_id):
    other = do(PlaceOrder(ann, "banktransfer", products=(OrderedProduct(shop.once),))).invoice_id
    do(RecordPayment(invoice_id, "T1", amount=Decimal(10)))
    do(RecordPayment(other, "T1", amount=Decimal(10)))
    assert [len(_shown(do, each).transactions) for each in (invoice_id, other)] == [1, 1]


def test_what_is_paid_too_much_becomes_credit(do, ann, invoice_id, rows):
    do(RecordPayment(invoice_id, amount=Decimal("130.00")))
    invoice = _shown(do, invoice_id)
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    assert rows(tables.clients)[0]["credit"] == 500
    # And all of it, when the invoice was paid already.
    do(RecordPayment(invoice_id, amount=Decimal("7.00")))
    assert rows(tables.clients)[0]["credit"] == 1200
    assert rows(tables.services)[0]["next_due_on"] == date(2026, 4, 2)
    assert [(row["amount"], row["document_id"]) for row in rows(tables.credits_log)] == [
        (500, invoice_id),
        (700, invoice_id),
    ]


@pytest.mark.parametrize("send", [True, False])
def test_the_confirmation_can_be_silenced(do, invoice_id, rows, send):
    before = len(rows(tables.outbox))
    do(RecordPayment(invoice_id, send_email=send))
    mails = [row["payload"]["template"] for row in rows(tables.outbox)][before:]
    assert mails == (["Invoice Payment Confirmation"] if send else [])


def test_a_payment_is_booked_when_it_came(do, invoice_id):
    do(RecordPayment(invoice_id, amount=Decimal(1), paid_on=date(2026, 2, 27)))
    do(RecordPayment(invoice_id, amount=Decimal(1), paid_on=TODAY))
    do(RecordPayment(invoice_id, amount=Decimal(1)))
    # Midnight of the day in the account's zone (UTC+2), else now.
    now = datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert [row.booked_at for row in _shown(do, invoice_id).transactions] == [
        datetime(2026, 2, 26, 22, tzinfo=UTC),
        now,
        now,
    ]


def test_a_cancelled_or_unknown_invoice_takes_no_payment(do, invoice_id, rows):
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.CANCELLED))
    with pytest.raises(InvoiceCancelled):
        do(RecordPayment(invoice_id))
    with pytest.raises(InvoiceNotFound):
        do(RecordPayment(4711))
    assert rows(tables.transactions) == []


@pytest.mark.parametrize("amount", ["0", "-1.00", "0.004"])
def test_a_payment_is_above_zero(do, invoice_id, amount):
    with pytest.raises(InvalidField, match="amount"):
        do(RecordPayment(invoice_id, amount=Decimal(amount)))


def test_other_fields_of_a_payment_are_bounded(do, invoice_id):
    with pytest.raises(InvalidField, match="fees"):
        do(RecordPayment(invoice_id, fees=Decimal(-1)))
    with pytest.raises(InvalidField, match="gateway"):
        do(RecordPayment(invoice_id, gateway="x" * 65))
    with pytest.raises(OutOfBounds):
        do(RecordPayment(invoice_id, amount=Decimal(10**15)))


def test_credit_is_added_and_removed_with_a_log(do, ann, rows):
    added = do(AddCredit(ann, "gift", Decimal("15.555"), entered_on=date(2026, 2, 1)))
    assert added.new_balance == Money(1556, "ZAR")
    taken = do(AddCredit(ann, "back", Decimal("5.00"), remove=True, admin_id=3))
    assert taken.new_balance == Money(1056, "ZAR")
    assert [
        (row["amount"], row["description"], row["entered_on"], row["admin_id"])
        for row in rows(tables.credits_log)
    ] == [(1556, "gift", date(2026, 2, 1), 0), (-500, "back", TODAY, 3)]


def test_credit_never_goes_below_zero(do, ann, rows):
    do(AddCredit(ann, "gift", Decimal("5.00")))
    with pytest.raises(InsufficientCredit):
        do(AddCredit(ann, "back", Decimal("5.01"), remove=True))
    assert do(AddCredit(ann, "back", Decimal("5.00"), remove=True)).new_balance == Money(0, "ZAR")
    assert len(rows(tables.credits_log)) == 2


def test_credit_needs_a_client_and_a_storable_amount(do, ann, rows):
    with pytest.raises(ClientNotFound):
        do(AddCredit(4711, "gift", Decimal(1)))
    with pytest.raises(InvalidField):
        do(AddCredit(ann, "gift", Decimal(0)))
    do(AddCredit(ann, "gift", Money(MAX_HUNDREDTHS, "ZAR").amount))
    with pytest.raises(OutOfBounds):
        do(AddCredit(ann, "gift", Decimal("0.01")))
    assert rows(tables.clients)[0]["credit"] == MAX_HUNDREDTHS


def _lower(do, invoice_id, amount):
    (line,) = _shown(do, invoice_id).lines
    change = InvoiceLineChange("Less", Decimal(amount), taxed=False, line_id=line.line_id)
    do(UpdateInvoice(invoice_id, lines=(change,)))


def test_lowering_a_paid_invoice_turns_the_surplus_into_credit(do, ann, invoice_id):
    do(RecordPayment(invoice_id))
    _lower(do, invoice_id, "100.00")
    invoice = _shown(do, invoice_id)
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    assert str(do(GetClient(ann)).client.credit) == "25.00"


def test_lowering_an_invoice_to_what_is_paid_pays_it(do, ann, invoice_id, rows):
    do(RecordPayment(invoice_id, amount=Decimal("110.00")))
    _lower(do, invoice_id, "100.00")
    invoice = _shown(do, invoice_id)
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    assert str(do(GetClient(ann)).client.credit) == "10.00"
    assert rows(tables.services)[0]["next_due_on"] == date(2026, 4, 2)


def test_lowering_an_invoice_to_nothing_pays_it(do, invoice_id):
    _lower(do, invoice_id, "0.00")
    assert _shown(do, invoice_id).status is InvoiceStatus.PAID


def test_an_invoice_put_back_by_hand_is_paid_again_by_a_call_without_amount(do, invoice_id):
    do(RecordPayment(invoice_id))
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.UNPAID))
    do(RecordPayment(invoice_id))
    invoice = _shown(do, invoice_id)
    assert invoice.status is InvoiceStatus.PAID
    assert len(invoice.transactions) == 1


def test_money_on_a_draft_makes_it_an_invoice(do, invoice_id):
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.DRAFT))
    do(RecordPayment(invoice_id, amount=Decimal("25.00")))
    assert _shown(do, invoice_id).status is InvoiceStatus.UNPAID
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.DRAFT))
    do(RecordPayment(invoice_id))
    assert _shown(do, invoice_id).status is InvoiceStatus.PAID


def test_money_on_a_refunded_invoice_is_credit(do, ann, invoice_id):
    do(RecordPayment(invoice_id))
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.REFUNDED))
    do(RecordPayment(invoice_id, amount=Decimal("30.00")))
    assert _shown(do, invoice_id).status is InvoiceStatus.REFUNDED
    assert str(do(GetClient(ann)).client.credit) == "30.00"

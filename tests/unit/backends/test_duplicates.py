"""Equal commands within ten minutes, on every engine, and how one of them is ended."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from adapter.backends.local.backend import LocalBackend
from adapter.backends.local.duplicates import CannotEnd, end_duplicate
from adapter.billing.model import ItemAction, RecurringLine
from adapter.billing.schedule import Cycle, Frequency
from adapter.bridge.idempotency import Idempotency, IdempotencyConfig
from adapter.commands.context import Claim
from adapter.commands.model import (
    AddCredit,
    ClientFields,
    CreateBillableItem,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    OrderedProduct,
    PlaceOrder,
    UpdateClient,
)
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.duplicates import (
    ALWAYS,
    DuplicateNotFound,
    find_duplicate,
    find_duplicates,
)
from adapter.store.fingerprints import claim_values

LINE = RecurringLine("", Decimal(1), "Rent", Decimal(100), "ZAR", True, Decimal(15), False)
FIELDS = ClientFields(first_name="Cat", last_name="Poe", email="cat@example.com", country="ZA")
MONTHLY = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 3, 2), (LINE,), new_client=FIELDS)


@pytest.fixture
def ask(store, context):
    """Ask the built-in store as a caller does, so many seconds after the first call."""
    once = Idempotency(
        store, IdempotencyConfig(), clock=lambda: context().now, pause=lambda _: None
    )
    backend = LocalBackend(store, RunConfig())

    def call(command, seconds=0, credential="shop", key=None):
        now = context().now + timedelta(seconds=seconds)
        return once.execute(backend, command, context(now=now, credential=credential), key)

    return call


@pytest.fixture
def found(store):
    """Return the duplicates: noun, record, first record, number."""

    def find(since=ALWAYS):
        with store.read() as uow:
            return [
                (each.deed.noun, each.deed.record, each.first.record, each.number)
                for each in find_duplicates(uow, since)
            ]

    return find


@pytest.fixture
def end(store, context):
    """End the only duplicate, or the one of this id."""

    def call(duplicate_id=None):
        with store.write() as uow:
            if duplicate_id is None:
                (duplicate,) = find_duplicates(uow, ALWAYS)
            else:
                duplicate = find_duplicate(uow, duplicate_id)
            return end_duplicate(uow, duplicate, context())

    return call


def test_an_equal_command_within_ten_minutes_is_found_with_the_first_one(ask, found):
    first, second, third = (ask(MONTHLY, seconds).document_id for seconds in (0, 599, 1198))
    later = ask(MONTHLY, 1798).document_id
    ask(MONTHLY, 1900, credential="another")
    assert found() == [
        ("recurring", str(second), str(first), 2),
        ("recurring", str(third), str(first), 3),
    ]
    assert later != third


def test_other_commands_are_no_duplicates(ask, found, ann):
    item = CreateBillableItem(ann, "Work", Decimal(10))
    ask(item)
    ask(replace(item, amount=Decimal("10.01")), 5)
    change = UpdateClient(replace(FIELDS, city="Paarl"), ann)
    ask(change, key="a")
    ask(change, 5, key="b")
    assert found() == []


def test_every_command_that_creates_is_found(ask, found, ann, shop):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    commands = (
        CreateBillableItem(ann, "Work", Decimal(10)),
        AddCredit(ann, "gift", Decimal(5)),
        PlaceOrder(ann, "banktransfer", products=(product,)),
    )
    for command in commands:
        ask(command)
        ask(command, 60)
    assert found() == [
        ("item", "2", "1", 2),
        ("client", str(ann), str(ann), 2),
        ("order", "2", "1", 2),
    ]


def test_since_a_moment(ask, found, context):
    for seconds in (0, 60, 3600, 3660):
        ask(MONTHLY, seconds)
    assert len(found()) == 2
    assert len(found(context().now + timedelta(seconds=3600))) == 1


def test_an_ended_recurring_invoice_is_billed_no_more(ask, found, end, do, rows):
    first = ask(MONTHLY).document_id
    second = ask(MONTHLY, 60).document_id
    assert end() == "billed no more"
    assert found() == []
    do(GenerateDueInvoices())
    assert [row["recurring_invoice_id"] for row in rows(tables.documents)] == [first]
    (row,) = rows(tables.audit, deed="end_duplicate")
    assert (row["noun"], row["record_id"]) == ("recurring", second)
    assert row["detail"]["first"] == str(first)
    (change,) = rows(tables.schedule_changes, field="ended")
    assert (change["billable_id"], change["new"]) == (second, "True")


def test_what_a_recurring_invoice_has_issued_stays_and_is_told(ask, end, do, rows):
    ask(MONTHLY)
    ask(MONTHLY, 60)
    do(GenerateDueInvoices())
    assert end() == "billed no more; 1 issued already"
    assert len(rows(tables.documents)) == 2
    do(GenerateDueInvoices(), date(2026, 4, 2))
    assert len(rows(tables.documents)) == 3


def test_an_ended_item_is_billed_no_more(ask, end, do, rows, ann):
    item = CreateBillableItem(ann, "Work", Decimal(10), action=ItemAction.NEXT_RUN)
    ask(item)
    ask(item, 60)
    assert end() == "billed no more"
    assert do(GenerateDueInvoices()).count == 1
    assert [row["generation_count"] for row in rows(tables.billable_items)] == [1, 0]


def test_the_invoice_of_an_ended_order_is_cancelled(ask, end, rows, ann, shop):
    order = PlaceOrder(ann, "banktransfer", products=(OrderedProduct(shop.once),))
    ask(order)
    invoice_id = ask(order, 60).invoice_id
    assert end() == f"invoice {invoice_id} cancelled; the order's items stay as they are"
    assert [row["status"] for row in rows(tables.documents)] == ["Unpaid", "Cancelled"]


def test_what_cannot_be_ended_is_refused_and_says_what_to_do(ask, end, ann):
    ask(AddCredit(ann, "gift", Decimal(5)))
    ask(AddCredit(ann, "gift", Decimal(5)), 60)
    with pytest.raises(CannotEnd, match=f"client {ann} cannot be ended.*opposite command"):
        end()
    with pytest.raises(DuplicateNotFound, match="adapter duplicates list"):
        end("999")


def test_what_a_backend_elsewhere_did_twice_is_found_and_ended_there(store, context, found, end):
    with store.write() as uow:
        for number, state in enumerate(("done", "refused", "done"), start=1):
            made = replace(context(), claim=Claim("f" * 64))
            uow.execute(
                tables.attempts.insert().values(
                    reference=f"r{number}",
                    credential="shop",
                    command="CreateBillableItem",
                    **claim_values(made),
                    backend="other",
                    proof="none",
                    state=state,
                    began_at=made.now + timedelta(minutes=number),
                    deadline_at=made.now,
                    request_id="x",
                    request={},
                )
            )
    assert found() == [("CreateBillableItem", "r3", "r1", 2)]
    with pytest.raises(CannotEnd, match="by the backend other: end it there"):
        end("r3")

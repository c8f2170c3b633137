"""Pausing, resuming, ending and changing schedules of every kind, and the audit of it."""

from datetime import date
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.schedules import (
    ScheduleChange,
    change_schedule,
    end_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
    show_schedule,
)
from adapter.billing.completeness import Finding, Withheld
from adapter.billing.model import BillableKind, CatchUp, InvoiceStatus
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import BillableNotFound, ClientClosed, InvalidField, LineNotFound
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig
from adapter.store.explaining import explain_billable
from adapter.store.queue import TABLES, requeue, requeue_all
from adapter.store.run import generate_due, issue_held, next_documents
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import DOCUMENT_ID
from tests.invariants import assert_sound

MONDAY = date(2026, 3, 2)
DUE_ON = date(2026, 3, 10)
LATER = date(2026, 6, 2)
SERVICE, ADDON, DOMAIN, ITEM, RECURRING = BillableKind
PRICED = {"recurring_amount": 1000, "status": "Active", "registered_on": date(2025, 1, 1)}


class Desk:
    """One client's schedules, and what an operator does with them."""

    def __init__(self, store, context) -> None:
        self.store = store
        self.context = context
        with store.write() as uow:
            self.client = uow.insert(
                tables.clients, uuid="u", currency_id=1, status="Active", created_on=MONDAY,
                created_at=context().now, send_documents=True,
            )  # fmt: skip

    def add(self, kind, **values):
        made = {"client_id": self.client, "created_at": self.context(date(2025, 1, 1)).now}
        match kind:
            case BillableKind.SERVICE:
                made |= PRICED | {"cycle": "Monthly", "next_due_on": DUE_ON}
            case BillableKind.ADDON:
                made |= PRICED | {"cycle": "Monthly", "next_due_on": DUE_ON, "service_id": 1}
            case BillableKind.DOMAIN:
                made |= PRICED | {"name": "example.org", "years": 1, "next_due_on": DUE_ON}
            case BillableKind.BILLABLE_ITEM:
                made |= {"description": "Work", "quantity": Decimal(1), "amount": 1000}
                made |= {"action": "recur", "recur_every": 1, "recur_unit": "Months"}
                made |= {"entered_on": MONDAY, "next_due_on": DUE_ON}
            case _:
                made |= {"currency": "ZAR", "frequency": "monthly", "start_on": DUE_ON}
                made |= {"custom_values": [""] * 10, "next_due_on": DUE_ON}
        lines = values.pop("lines", [{}])
        with self.store.write() as uow:
            if kind is RECURRING:
                made["id"] = uow.take(DOCUMENT_ID)
                for n, line in enumerate(lines):
                    quoted = {
                        "recurring_invoice_id": made["id"], "position": n, "quantity": Decimal(1),
                        "description": "Rent", "unit_price": Decimal(10), "vat_rate": Decimal(0),
                    }  # fmt: skip
                    uow.insert(tables.recurring_lines, **(quoted | line))
            billable_id = uow.insert(TABLES[kind], **(made | values))
            requeue(uow, kind, billable_id)
            due_on = (made | values)["next_due_on"]
            began = self.context(date(2025, 1, 1))
            uow.note_schedule_change(began, kind.value, billable_id, "created", None, due_on)
        return billable_id

    def do(self, deed, kind, billable_id, *more, on=MONDAY):
        with self.store.write() as uow:
            return deed(uow, self.context(on), kind, billable_id, *more)

    def change(self, kind, billable_id, *, on=MONDAY, **wanted):
        return self.do(change_schedule, kind, billable_id, ScheduleChange(**wanted), on=on)

    def run(self, on=MONDAY):
        found = generate_due(self.store, RunConfig(), GenerateDueInvoices(), self.context(on))
        return found.count

    def row(self, kind, billable_id):
        with self.store.read() as uow:
            return uow.row(TABLES[kind], billable_id)

    def state(self, kind, billable_id, on=MONDAY):
        with self.store.read() as uow:
            return explain_billable(uow, kind, billable_id, on).state

    def history(self, kind, billable_id):
        changes = tables.schedule_changes
        query = sa.select(changes).where(
            changes.c.kind == kind.value, changes.c.billable_id == billable_id
        )
        with self.store.read() as uow:
            rows = uow.execute(query.order_by(changes.c.id)).mappings()
            return [(r["field"], r["old"], r["new"]) for r in rows if r["field"] != "created"]

    def coming(self, kind, billable_id, on=MONDAY):
        with self.store.write(keep=False) as uow:
            found, _ = next_documents(uow, self.context(on), kind, billable_id)
        return [(str(each.due_on), str(each.total)) for each in found]

    def audited(self):
        return list(audit(self.store, Span(date(2026, 1, 1), date(2027, 12, 31)), Counts()))

    def assert_right(self):
        assert [each for each in self.audited() if isinstance(each, Finding)] == []
        assert_sound(self.store)


@pytest.fixture
def desk(store, context):
    return Desk(store, context)


def test_a_recurring_invoice_is_named_by_what_it_bills(desk):
    vat = {"vat_applies": True, "vat_rate": Decimal(15)}
    one = desk.add(RECURRING, lines=[vat])
    more = desk.add(RECURRING, lines=[vat, {"description": "Gas"}], order_number="PO-9")
    none = desk.add(RECURRING, lines=[])
    service = desk.add(SERVICE)
    with desk.store.read() as uow:
        found = {each.billable_id: each for each in list_schedules(uow, MONDAY, kinds=[RECURRING])}
        (other,) = list_schedules(uow, MONDAY, kinds=[SERVICE])
        shown = [show_schedule(uow, RECURRING, each, MONDAY)[0] for each in found]
    assert [
        (found[n].name, str(found[n].amount), found[n].has_vat) for n in (one, more, none)
    ] == [
        ("Rent", "11.50", True),
        ("Rent and 1 more (order PO-9)", "21.50", True),
        ("", "0.00", True),
    ]
    assert shown == list(found.values())
    assert (other.billable_id, str(other.amount), other.has_vat) == (service, "10.00", False)


@pytest.mark.parametrize("kind", BillableKind)
def test_what_is_paused_is_not_billed_and_goes_on_when_it_is_resumed(desk, kind):
    billable = desk.add(kind)
    desk.do(pause_schedule, kind, billable)
    assert (desk.state(kind, billable), desk.run(DUE_ON)) == ("paused", 0)
    assert desk.coming(kind, billable) == []
    skipped = desk.do(resume_schedule, kind, billable, on=LATER)
    monthly = [date(2026, 3, 10), date(2026, 4, 10), date(2026, 5, 10)]
    assert list(skipped) == (monthly[:1] if kind is DOMAIN else monthly)
    following = "2027-03-10" if kind is DOMAIN else "2026-06-10"
    assert desk.coming(kind, billable, LATER)[0] == (following, "10.00")
    assert desk.run(date.fromisoformat(following)) == 1
    assert desk.history(kind, billable)[:2] == [
        ("paused", "False", "True"),
        ("paused", "True", "False"),
    ]
    desk.assert_right()
    held = [each for each in desk.audited() if isinstance(each, Withheld)]
    assert [each.due_on for each in held] == list(skipped)
    assert {each.reason for each in held} == {"held: paused"}


def test_a_skipped_date_can_be_billed_after_all(desk, context):
    service = desk.add(SERVICE)
    desk.do(pause_schedule, SERVICE, service)
    desk.do(resume_schedule, SERVICE, service, on=LATER)
    with desk.store.write() as uow:
        issue_held(uow, context(LATER), SERVICE, service, date(2026, 4, 10))
    assert desk.row(SERVICE, service)["next_due_on"] == date(2026, 6, 10)
    desk.assert_right()


def test_what_is_due_on_the_day_of_resuming_is_billed(desk):
    service = desk.add(SERVICE)
    desk.do(pause_schedule, SERVICE, service)
    assert desk.do(resume_schedule, SERVICE, service, on=DUE_ON) == ()
    assert desk.run(DUE_ON) == 1


def test_an_item_that_is_billed_once_is_not_skipped(desk):
    item = desk.add(ITEM, action="duedate")
    rider = desk.add(ITEM, action="nextinvoice", next_due_on=None)
    for each in (item, rider):
        desk.do(pause_schedule, ITEM, each)
    assert desk.run(LATER) == 0
    assert desk.do(resume_schedule, ITEM, item, on=LATER) == ()
    assert desk.run(LATER) == 1
    assert desk.row(ITEM, rider)["generation_count"] == 0


def test_a_pause_outlasts_a_payment_and_a_changed_setting(desk, context):
    service = desk.add(SERVICE)
    assert desk.run() == 1
    desk.do(pause_schedule, SERVICE, service)
    with desk.store.write() as uow:
        change_status(uow, context(), 1, InvoiceStatus.PAID)
        requeue_all(uow)
    row = desk.row(SERVICE, service)
    assert (row["next_due_on"], row["next_invoice_on"]) == (date(2026, 4, 10), None)
    desk.assert_right()


@pytest.mark.parametrize("kind", BillableKind)
def test_what_is_ended_bills_nothing_more_and_can_be_resumed(desk, kind):
    billable = desk.add(kind)
    desk.do(end_schedule, kind, billable)
    assert (desk.state(kind, billable), desk.run(LATER)) == ("ended", 0)
    with pytest.raises(Exception, match="is ended already"):
        desk.do(end_schedule, kind, billable)
    with pytest.raises(Exception, match="is ended already"):
        desk.do(pause_schedule, kind, billable)
    desk.do(resume_schedule, kind, billable, on=MONDAY)
    assert desk.run(DUE_ON) == 1
    with pytest.raises(Exception, match="is not paused"):
        desk.do(resume_schedule, kind, billable)
    desk.assert_right()


def test_one_at_its_limit_or_of_a_closed_client_is_not_resumed(desk):
    template = desk.add(RECURRING, recurrence_limit=1)
    service = desk.add(SERVICE)
    desk.run(DUE_ON)
    with pytest.raises(Exception, match="has reached its limit of 1"):
        desk.do(resume_schedule, RECURRING, template, on=LATER)
    desk.do(pause_schedule, SERVICE, service)
    with desk.store.write() as uow:
        uow.execute(sa.update(tables.clients).values(status="Closed"))
    with pytest.raises(ClientClosed):
        desk.do(resume_schedule, SERVICE, service)
    with pytest.raises(BillableNotFound):
        desk.do(pause_schedule, DOMAIN, 9)


@pytest.mark.parametrize("kind", BillableKind)
def test_an_amount_holds_from_the_next_document_on(desk, kind):
    billable = desk.add(kind)
    assert desk.run(DUE_ON) == 1
    desk.change(kind, billable, amount=Decimal("12.50"), on=date(2026, 3, 20))
    assert {total for _, total in desk.coming(kind, billable, date(2026, 3, 20))} == {"12.50"}
    documents = tables.documents
    with desk.store.read() as uow:
        assert uow.execute(sa.select(documents.c.total)).scalars().all() == [1000]
    desk.assert_right()


def test_one_line_of_several_is_named(desk):
    lines = [{"product_code": "A"}, {"product_code": "B", "unit_price": Decimal(5)}]
    template = desk.add(RECURRING, lines=lines)
    with pytest.raises(InvalidField, match="several lines fit; name one by its code: A, B"):
        desk.change(RECURRING, template, amount=Decimal(7))
    with pytest.raises(LineNotFound):
        desk.change(RECURRING, template, amount=Decimal(7), line="C")
    desk.change(RECURRING, template, amount=Decimal("7.125"), line="B")
    assert desk.coming(RECURRING, template)[0] == ("2026-03-10", "17.13")
    assert desk.history(RECURRING, template) == [
        ("lines", "B 1.000000 x 5.000000", "B 1.000000 x 7.125")
    ]


@pytest.mark.parametrize("kind", BillableKind)
def test_the_next_date_is_moved(desk, kind):
    billable = desk.add(kind)
    desk.change(kind, billable, next_on=date(2026, 5, 31))
    assert desk.run(DUE_ON) == 0
    dates = [on for on, _ in desk.coming(kind, billable)]
    # Services and items step from where they are; recurring invoices are anchored.
    following = {DOMAIN: "2027-05-31"}.get(kind, "2026-06-30")
    assert dates[:2] == ["2026-05-31", following]
    assert desk.run(date(2026, 5, 31)) == 1
    desk.assert_right()


def test_a_date_of_the_same_calendar_keeps_the_start(desk):
    template = desk.add(RECURRING, start_on=date(2026, 1, 31), next_due_on=date(2026, 1, 31))
    desk.change(RECURRING, template, next_on=date(2026, 4, 30))
    row = desk.row(RECURRING, template)
    assert (row["start_on"], row["occurrence"]) == (date(2026, 1, 31), 3)
    assert [on for on, _ in desk.coming(RECURRING, template)] == [
        "2026-04-30",
        "2026-05-31",
        "2026-06-30",
    ]


def test_a_date_that_is_invoiced_is_refused(desk):
    service = desk.add(SERVICE)
    desk.run()
    with pytest.raises(InvalidField, match="the period of 2026-03-10 is on invoice 1"):
        desk.change(SERVICE, service, next_on=DUE_ON)
    rider = desk.add(ITEM, action="nextcron")
    with pytest.raises(InvalidField, match="has no date that it is billed on"):
        desk.change(ITEM, rider, next_on=LATER)


def test_a_limit_is_set_raised_and_taken_away(desk):
    template = desk.add(RECURRING)
    desk.change(RECURRING, template, limit=2)
    assert len(desk.coming(RECURRING, template)) == 2
    desk.run(DUE_ON)
    desk.run(date(2026, 4, 10))
    assert desk.row(RECURRING, template)["ended"] is True
    with pytest.raises(InvalidField, match="2 are issued already"):
        desk.change(RECURRING, template, limit=2)
    skipped = desk.change(RECURRING, template, limit=0, on=LATER)
    assert skipped == (date(2026, 5, 10),)
    assert desk.coming(RECURRING, template, LATER)[0][0] == "2026-06-10"
    item = desk.add(ITEM)
    desk.change(ITEM, item, limit=1)
    assert len(desk.coming(ITEM, item)) == 1
    for kind in (SERVICE, DOMAIN):
        with pytest.raises(InvalidField, match="the number of periods"):
            desk.change(kind, desk.add(kind), limit=1)
    desk.assert_right()


@pytest.mark.parametrize(
    ("amount", "problem"),
    [
        ("-1", "must not be below zero"),
        ("1.005", "at most 2 decimals"),
        ("1e30", "too large|9|bound|between"),
    ],
)
def test_an_amount_that_cannot_be_meant_changes_nothing(desk, amount, problem):
    service = desk.add(SERVICE)
    with pytest.raises(Exception, match=problem):
        desk.change(SERVICE, service, amount=Decimal(amount), policy=CatchUp.ALL, has_policy=True)
    assert desk.history(SERVICE, service) == []
    assert desk.row(SERVICE, service)["catch_up"] is None


def test_schedules_are_listed_and_shown(desk):
    made = {kind: desk.add(kind) for kind in BillableKind}
    desk.do(pause_schedule, DOMAIN, made[DOMAIN])
    with desk.store.read() as uow:
        rows = list(list_schedules(uow, MONDAY))
        stopped = list(list_schedules(uow, MONDAY, paused=True))
        few = list(list_schedules(uow, MONDAY, limit=2))
        nobody = list(list_schedules(uow, MONDAY, client_id=99))
        shown, changes = show_schedule(uow, DOMAIN, made[DOMAIN], MONDAY)
        with pytest.raises(Exception, match="There is no domain 99"):
            show_schedule(uow, DOMAIN, 99, MONDAY)
    assert [(r.kind, r.state, str(r.amount), r.every) for r in rows] == [
        (SERVICE, "due", "10.00", "Monthly"),
        (ADDON, "due", "10.00", "Monthly"),
        (DOMAIN, "paused", "10.00", "year"),
        (ITEM, "due", "10.00", "1 Months"),
        (RECURRING, "waiting", "10.00", "monthly"),
    ]
    assert [r.kind for r in stopped] == [DOMAIN]
    assert (len(few), nobody) == (2, [])
    assert shown.why == "paused; its next date is 2026-03-10"
    assert changes[0].endswith("paused: False -> True (tests)")

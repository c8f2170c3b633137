"""Taking a run back: what is voided, what stays and why, and that the next run bills it again."""

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.completeness import Finding
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.commands.model import (
    AddCredit,
    ApplyCredit,
    GenerateDueInvoices,
    InvoiceLineChange,
    RecordPayment,
    UpdateInvoice,
    UpdateService,
)
from adapter.errors import ClientNotFound, InvoiceCancelled
from adapter.store import faults, tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig
from adapter.store.explaining import explain_billable, explain_invoice
from adapter.store.faults import Point
from adapter.store.outbox import MAIL, Status, finish_row, lease_row
from adapter.store.queue import TABLES
from adapter.store.runs import list_runs, show_run
from adapter.store.undoing import RunNotFound, undo_run
from tests.invariants import assert_sound, contents

TODAY = date(2026, 3, 2)
DUE_ON = date(2026, 3, 10)
SERVICE, RECURRING = BillableKind.SERVICE, BillableKind.RECURRING_INVOICE
ITEM, DOMAIN, ADDON = BillableKind.BILLABLE_ITEM, BillableKind.DOMAIN, BillableKind.ADDON
SLOW = pytest.mark.slow
SPAN = Span(date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def do(store, context):
    """Execute a command as the backend does."""
    backend = LocalBackend(store, RunConfig())
    return lambda command, on=TODAY: backend.execute(command, context(on))


@pytest.fixture
def undo(store, context):
    """Undo a run, on a day."""

    def of(run_id=1, on=TODAY, *, dry_run=False, **options):
        return undo_run(store, context(on, dry_run=dry_run), run_id, **options)

    return of


def faults_in(store):
    return [each for each in audit(store, SPAN, Counts()) if isinstance(each, Finding)]


def states(shop):
    return [(row["id"], row["status"], row["undone_at"] is not None) for row in shop.documents()]


def reasons(done):
    return {each.document_id: each.reason for each in done.kept}


def mails(shop):
    outbox = tables.outbox
    with shop.store.read() as uow:
        rows = uow.execute(sa.select(outbox).order_by(outbox.c.id)).mappings()
        return [(row["document_id"], row["status"], row["last_error"]) for row in rows]


def send_mail(shop, context):
    at = context().now + timedelta(hours=1)
    row = lease_row(shop.store, MAIL, at, 60, account_now=at)
    assert row is not None
    assert finish_row(shop.store, row, Status.SENT, now=at)
    return row.document_id


def billables(shop):
    with shop.store.read() as uow:
        return {
            kind.value: [dict(row) for row in uow.execute(sa.select(table)).mappings()]
            for kind, table in TABLES.items()
        }


def fill(shop):
    """Return a client with something due of every kind."""
    client = shop.client()
    service = shop.service(client, DUE_ON)
    priced = {"recurring_amount": 500, "status": "Active", "next_due_on": DUE_ON}
    shop.billable(ADDON, client, service_id=service, cycle="Monthly", name="Backup", **priced)
    shop.billable(DOMAIN, client, name="example.org", years=2, **priced)
    item = {"description": "Work", "quantity": Decimal(1), "amount": 700, "entered_on": TODAY}
    shop.billable(ITEM, client, action="nextcron", **item)
    shop.billable(ITEM, client, action="nextinvoice", **item)
    shop.billable(ITEM, client, action="duedate", next_due_on=DUE_ON, **item)
    recur = {"recur_every": 1, "recur_unit": "Months", "recur_times": 2}
    shop.billable(ITEM, client, action="recur", next_due_on=DUE_ON, **recur, **item)
    shop.recurring(client, date(2026, 1, 31), recurrence_limit=2, next_due_on=date(2026, 1, 31))
    return client


def test_everything_stands_where_it_stood_and_is_billed_the_same_again(shop, undo):
    fill(shop)
    before = billables(shop)
    shop.generate()
    first = [shop.lines(row["id"]) for row in shop.documents()]
    count = len(first)
    done = undo()
    assert (done.count, done.periods, len(done.kept)) == (count, 9, 0)
    assert billables(shop) == before
    assert {row[1:] for row in states(shop)} == {("Cancelled", True)}
    assert_sound(shop.store)
    assert faults_in(shop.store) == []
    assert shop.generate().count == count
    again = [shop.lines(row["id"]) for row in shop.documents()[count:]]
    told = [[(line["description"], line["amount"]) for line in lines] for lines in first]
    assert [[(x["description"], x["amount"]) for x in lines] for lines in again] == told
    assert_sound(shop.store)
    assert faults_in(shop.store) == []


def test_numbers_have_no_gaps_and_voids_are_seen(shop, undo):
    for _ in range(3):
        shop.service(shop.client(), DUE_ON)
    shop.generate()
    undo()
    shop.generate()
    assert [row["number"] for row in shop.documents()] == [1, 2, 3, 4, 5, 6]
    assert [row["hidden"] for row in shop.documents()] == [False] * 6
    assert [row[1] for row in states(shop)] == ["Cancelled"] * 3 + ["Unpaid"] * 3


def test_what_is_paid_partly_paid_cancelled_or_edited_stays_with_its_reason(shop, undo, do):
    clients = [shop.client() for _ in range(8)]
    for client in clients:
        shop.service(client, DUE_ON)
    shop.generate()
    do(AddCredit(clients[2], "Gift", Decimal(10)))
    do(RecordPayment(1, amount=Decimal("15.95"), transaction_id="a"))
    do(RecordPayment(2, amount=Decimal(1), transaction_id="b"))
    do(ApplyCredit(3, amount=Decimal(10)))
    do(UpdateInvoice(4, status=InvoiceStatus.CANCELLED))
    line = InvoiceLineChange("Hosting", Decimal(9), taxed=False, line_id=shop.lines(5)[0]["id"])
    do(UpdateInvoice(5, lines=(line,)))
    do(UpdateInvoice(6, status=InvoiceStatus.PAYMENT_PENDING))
    do(UpdateInvoice(7, status=InvoiceStatus.PAID))
    before = contents(shop.store)
    foreseen = undo(dry_run=True)
    assert contents(shop.store) == before
    done = undo()
    assert foreseen.voided == done.voided == [8]
    assert reasons(done) == {
        1: "paid",
        2: "partly paid",
        3: "partly paid",
        4: "cancelled by hand",
        5: "its lines were changed by hand",
        6: "its payment is under way",
        7: "paid",
    }
    assert shop.generate().count == 1
    assert_sound(shop.store)


def test_an_invoice_whose_mail_is_gone_stays_unless_it_is_credited(shop, undo, context):
    client = shop.client(credit=100)
    with shop.store.write() as uow:
        log = {"client_id": client, "entered_on": TODAY, "description": "Gift", "amount": 100}
        uow.insert(tables.credits_log, **log)
    shop.service(client, DUE_ON)
    other = shop.service(shop.client(), DUE_ON)
    shop.generate()
    assert send_mail(shop, context) == 1
    done = undo()
    assert reasons(done) == {1: "its mail is gone"}
    assert (done.voided, done.mails) == ([2], 1)
    assert mails(shop)[1] == (2, "dropped", "withdrawn: run 1 was undone")
    credited = undo(credit=True)
    assert (credited.credited, credited.kept, credited.before) == ([(1, 3)], [], 1)
    invoice, _, note = shop.documents()
    assert (invoice["status"], invoice["total"], invoice["credit"]) == ("Paid", 0, 1595)
    assert (note["kind"], note["total"], note["number"]) == ("credit_note", 1595, 1)
    with shop.store.read() as uow:
        assert uow.row(tables.clients, client)["credit"] == 100
    assert faults_in(shop.store) == []
    assert_sound(shop.store)
    assert shop.generate().count == 2
    assert shop.row(SERVICE, other)["generation_count"] == 1
    assert faults_in(shop.store) == []
    assert_sound(shop.store)


@pytest.mark.parametrize(
    "discount", [{"discount_percentage": Decimal("2.5")}, {"discount_amount": 333}]
)
def test_a_credit_note_is_over_what_the_discount_left(shop, undo, context, discount):
    shop.recurring(shop.client(), TODAY, **discount)
    shop.generate()
    send_mail(shop, context)
    ((invoice_id, note_id),) = undo(credit=True).credited
    rows = {row["id"]: row for row in shop.documents()}
    invoice, note = rows[invoice_id], rows[note_id]
    names = ("discount_percentage", "discount_amount", "subtotal", "tax")
    assert [note[name] for name in names] == [invoice[name] for name in names]
    assert faults_in(shop.store) == []


def test_a_voided_invoice_is_not_made_valid_again(shop, undo, do):
    shop.service(shop.client(), DUE_ON)
    shop.generate()
    undo()
    with pytest.raises(InvoiceCancelled):
        do(UpdateInvoice(1, status=InvoiceStatus.UNPAID))
    with pytest.raises(InvoiceCancelled):
        do(RecordPayment(1, amount=Decimal(1), transaction_id="late"))
    assert states(shop) == [(1, "Cancelled", True)]


def test_nothing_is_mailed_twice(shop, undo, context):
    shop.service(shop.client(), DUE_ON)
    shop.generate()
    undo()
    shop.generate()
    assert send_mail(shop, context) == 2
    at = context().now + timedelta(hours=1)
    assert lease_row(shop.store, MAIL, at, 60, account_now=at) is None


def test_credit_that_the_run_used_is_the_clients_again(shop, undo):
    client = shop.client(credit=5000)
    with shop.store.write() as uow:
        log = {"client_id": client, "entered_on": TODAY, "description": "Gift", "amount": 5000}
        uow.insert(tables.credits_log, **log)
    service = shop.service(client, DUE_ON)
    shop.generate()
    assert shop.row(SERVICE, service)["next_due_on"] == date(2026, 4, 10)
    before = shop.documents()[0]["credit"]
    undo()
    with shop.store.read() as uow:
        assert (before, uow.row(tables.clients, client)["credit"]) == (1595, 5000)
    assert shop.row(SERVICE, service)["next_due_on"] == DUE_ON
    assert_sound(shop.store)
    shop.generate()
    assert shop.documents()[1]["status"] == "Paid"
    assert_sound(shop.store)


def test_a_later_run_is_undone_first(shop, undo):
    client = shop.client()
    recurring = shop.recurring(client, date(2026, 2, 1), next_due_on=date(2026, 2, 1))
    other = shop.service(shop.client(), date(2026, 2, 10))
    shop.generate(date(2026, 2, 1))
    shop.generate(date(2026, 3, 1))
    done = undo(1)
    assert reasons(done) == {
        3: f"recurring {recurring} was billed again since, on document 4 of run 2: undo that first"
    }
    assert done.voided == [2]
    assert shop.row(SERVICE, other)["generation_count"] == 0
    assert undo(2).voided == [4]
    assert undo(1).voided == [3]
    assert shop.row(RECURRING, recurring)["occurrence"] == 0
    assert_sound(shop.store)


def test_of_a_backlog_only_what_nothing_follows_is_taken_back(shop, undo, do):
    recurring = shop.recurring(shop.client(), date(2026, 1, 1), next_due_on=date(2026, 1, 1))
    shop.generate()
    _, january, february, march = [recurring, *(row["id"] for row in shop.documents())]
    do(RecordPayment(february, amount=Decimal(115), transaction_id="a"))
    done = undo()
    assert reasons(done) == {
        january: f"recurring {recurring} has a later period on document {february}, which stays",
        february: "paid",
    }
    assert done.voided == [march]
    row = shop.row(RECURRING, recurring)
    assert (row["occurrence"], row["generation_count"]) == (2, 2)
    assert row["next_invoice_on"] == date(2026, 3, 1)


def test_dates_that_the_run_passed_over_are_open_again(shop, undo):
    service = shop.service(shop.client(), date(2025, 12, 10), catch_up="latest")
    template = shop.recurring(
        shop.client(), date(2025, 12, 1), catch_up="none", next_due_on=date(2025, 12, 1)
    )
    before = billables(shop)
    shop.generate()
    assert shop.count(tables.held_occurrences) == 6
    with shop.store.read() as uow:
        skipped = show_run(uow, 1).skipped
    assert [(each.kind, each.billable_id, str(each.due_on)) for each in skipped] == [
        (SERVICE, service, "2025-12-10"),
        (SERVICE, service, "2026-01-10"),
        (RECURRING, template, "2025-12-01"),
        (RECURRING, template, "2026-01-01"),
        (RECURRING, template, "2026-02-01"),
        (RECURRING, template, "2026-03-01"),
    ]
    policy = "passed over by its catch-up policy"
    assert {each.reason for each in skipped} == {f"{policy}: catch_up", f"{policy}: skipped"}
    undo()
    assert shop.count(tables.held_occurrences) == 0
    assert billables(shop) == before


def test_a_limit_that_the_run_reached_is_open_again_one_ended_by_hand_is_not(shop, undo, context):
    reached, by_hand = (
        shop.recurring(shop.client(), TODAY, recurrence_limit=1, next_due_on=TODAY)
        for _ in range(2)
    )
    shop.generate()
    assert shop.row(RECURRING, reached)["ended"] is True
    with shop.store.write() as uow:
        note = (RECURRING.value, by_hand, "ended", False, True)
        uow.note_schedule_change(context(), *note)
    undo()
    assert [shop.row(RECURRING, each)["ended"] for each in (reached, by_hand)] == [False, True]
    assert shop.generate().count == 1


def test_a_date_set_by_hand_since_stays(shop, undo, do):
    service = shop.service(shop.client(), DUE_ON)
    shop.generate()
    do(UpdateService(service, next_due_on=date(2026, 6, 1)), date(2026, 3, 3))
    undo()
    row = shop.row(SERVICE, service)
    assert (row["next_due_on"], row["generation_count"]) == (date(2026, 6, 1), 0)


def test_one_client_is_undone_alone(shop, undo):
    first, second = shop.client(), shop.client()
    shop.service(first, DUE_ON)
    shop.service(second, DUE_ON)
    shop.generate()
    assert undo(client_id=second).voided == [2]
    assert [row[2] for row in states(shop)] == [False, True]
    assert undo().voided == [1]
    with pytest.raises(ClientNotFound):
        undo(client_id=99)
    with pytest.raises(RunNotFound, match="There is no run 7"):
        undo(7)


def test_what_the_run_parked_for_another_items_mistake_is_billed_after_all(shop, undo, do):
    client, other = shop.client(), shop.client()
    right = shop.service(client, DUE_ON)
    wrong = shop.service(client, DUE_ON, recurring_amount=-5000)
    elsewhere = shop.service(other, DUE_ON, recurring_amount=-1)
    shop.generate()
    parked = [shop.row(SERVICE, each)["parked_reason"] for each in (right, wrong, elsewhere)]
    assert all("is below zero" in each for each in parked)
    assert undo(dry_run=True).unparked == 3
    assert undo(client_id=client).unparked == 2
    assert shop.row(SERVICE, elsewhere)["parked_reason"] == parked[2]
    do(UpdateService(wrong, recurring_amount=Decimal("5.00")))
    shop.generate()
    (document,) = shop.documents()
    assert [line["amount"] for line in shop.lines(document["id"])] == [1595, 500]
    assert undo().unparked == 1
    assert undo().unparked == 0
    assert_sound(shop.store)
    assert faults_in(shop.store) == []


def test_what_was_parked_again_for_another_reason_stays_so(shop, undo):
    service = shop.service(shop.client(), DUE_ON, recurring_amount=-5000)
    shop.generate()
    with shop.store.write() as uow:
        uow.execute(sa.update(TABLES[SERVICE]).values(parked_reason="the operator's own"))
    assert undo().unparked == 0
    assert shop.row(SERVICE, service)["parked_reason"] == "the operator's own"


@pytest.fixture
def dies_at_the_second_commit():
    """Let the second transaction from now on end before its commit."""
    commits = []

    def die(point):
        commits.extend([point] * (point is Point.BEFORE_COMMIT))
        if len(commits) == 2:
            faults.install(None)
            raise KeyboardInterrupt

    yield lambda: faults.install(die)
    faults.install(None)


def test_what_a_killed_undo_left_is_done_by_the_next(shop, undo, dies_at_the_second_commit):
    for _ in range(45):
        shop.service(shop.client(), DUE_ON)
    shop.generate()
    dies_at_the_second_commit()
    with pytest.raises(KeyboardInterrupt):
        undo()
    done = undo()
    assert (done.before, done.count) == (20, 25)
    assert shop.generate().count == 45
    assert_sound(shop.store)


def test_runs_are_listed_and_shown(shop, undo, context):
    client = shop.client()
    shop.service(client, DUE_ON)
    broken = shop.service(99, DUE_ON)
    blocked = shop.service(shop.client(), DUE_ON)
    shop.generate(client_id=None)
    cancelled = shop.documents()[1]["id"]
    shop.pay(cancelled, InvoiceStatus.CANCELLED)
    shop.service(client, DUE_ON)
    shop.generate(date(2026, 3, 3))
    with shop.store.read() as uow:
        runs = list_runs(uow)
        first, second = show_run(uow, 1), show_run(uow, 2)
    assert [(each.run_id, each.documents, each.parked, each.undone) for each in runs] == [
        (2, 1, 0, 0),
        (1, 2, 1, 0),
    ]
    assert (first.document_ids, first.states) == ((1, 2), {"Cancelled": 1, "Unpaid": 1})
    assert [str(each) for each in first.totals] == ["15.95"]
    assert [(each.billable_id, each.reason) for each in first.parked] == [
        (broken, "The client or its currency does not exist")
    ]
    assert first.run.caller == "tests"
    assert first.skipped == ()
    assert [(each.billable_id, each.due_on, each.reason) for each in second.skipped] == [
        (blocked, DUE_ON, f"invoiced already, on invoice {cancelled}, which is cancelled")
    ]
    undo()
    with shop.store.read() as uow:
        assert show_run(uow, 1).states == {"Cancelled": 1, "Undone": 1}
        with pytest.raises(RunNotFound):
            show_run(uow, 9)


def test_what_was_undone_is_explained(shop, undo):
    service = shop.service(shop.client(), DUE_ON)
    shop.generate()
    undo()
    with shop.store.read() as uow:
        invoice = explain_invoice(uow, 1)
        billable = explain_billable(uow, SERVICE, service, TODAY)
    assert invoice.claims == ()
    assert invoice.undone is not None
    assert invoice.undone.endswith("by tests: voided, its periods may be billed again")
    assert billable.state == "due"
    assert billable.undone == ("2026-03-02, run 1: 2026-03-10 may be billed again (tests)",)


@pytest.mark.parametrize(("count", "payments"), [(40, 3), pytest.param(400, 30, marks=SLOW)])
def test_a_wrong_price_is_made_right(shop, undo, do, count, payments):
    services = [shop.service(shop.client(), DUE_ON, recurring_amount=9999) for _ in range(count)]
    shop.generate()
    paid = sorted(random.Random(7).sample(range(1, count + 1), payments))  # noqa: S311
    right = count - payments
    for invoice_id in paid:
        do(RecordPayment(invoice_id, amount=Decimal("99.99"), transaction_id=f"t{invoice_id}"))
    done = undo()
    assert (done.count, [each.document_id for each in done.kept]) == (right, paid)
    assert {each.reason for each in done.kept} == {"paid"}
    for service in services:
        do(UpdateService(service, recurring_amount=Decimal("15.95")))
    assert do(GenerateDueInvoices()).count == right
    documents = shop.documents()
    assert [row["number"] for row in documents] == list(range(1, count + right + 1))
    totals = {"Cancelled": 9999, "Paid": 9999, "Unpaid": 1595}
    assert {(row["status"], row["total"]) for row in documents} == set(totals.items())
    counted = [sum(row["status"] == each for row in documents) for each in totals]
    assert counted == [right, payments, right]
    left = [document_id for document_id, status, _ in mails(shop) if status == "waiting"]
    created = [each for each in left if each not in paid]
    assert created == list(range(count + 1, count + right + 1))
    assert_sound(shop.store)
    assert faults_in(shop.store) == []


def test_an_undo_beside_runs_leaves_every_period_billed_once(shop, undo):
    services = [shop.service(shop.client(), DUE_ON) for _ in range(40)]
    shop.generate()
    with ThreadPoolExecutor(2) as pool:
        undoing = pool.submit(undo)
        while not undoing.done():
            shop.generate()
        assert undoing.result().count == 40
    shop.generate()
    claims = tables.claims
    with shop.store.read() as uow:
        claimed = uow.execute(sa.select(claims.c.billable_id, claims.c.run_id)).all()
    assert sorted(row.billable_id for row in claimed) == sorted(services)
    assert 1 not in {row.run_id for row in claimed}
    assert_sound(shop.store)
    assert faults_in(shop.store) == []

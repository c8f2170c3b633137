"""What happens to dates that passed unbilled, under each policy: contracts/decisions.md."""

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.backends.local.schedules import ScheduleChange, change_schedule
from adapter.billing.model import BillableKind, HeldReason, InvoiceStatus
from adapter.billing.schedule import Step, advance
from adapter.commands.model import UpdateService
from adapter.errors import CannotBill, RunIncomplete
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.queue import requeue_all
from adapter.store.run import issue_held
from adapter.store.schedules import (
    BillableNotFound,
    NotHeld,
    NotParked,
    decide_held,
    held_dates,
    parked_billables,
    release_held,
    unpark,
)

SERVICE = BillableKind.SERVICE
# The last date that was billed, and a day fourteen months later on which a date falls again.
BEFORE = date(2026, 3, 2)
AFTER = date(2027, 5, 2)
MISSED = [advance(BEFORE, Step(months=1), n) for n in range(1, 15)]
POLICIES = ["one_per_day", "all", "latest", "none", "hold"]
# Policy -> documents of a schedule when it is next run on a date of its own, dates it holds then,
# and the same when the day lies between two dates.
WRITTEN = {
    "one_per_day": (1, 0, 1, 0),
    "all": (14, 0, 14, 0),
    "latest": (1, 13, 1, 13),
    "none": (1, 13, 0, 14),
    "hold": (1, 13, 0, 14),
}


def fill(shop, count, policy, kinds):
    """Put `count` monthly schedules of each kind in the store, each with a client of its own."""
    made: list[tuple[BillableKind, int]] = []
    for _ in range(count):
        for kind in kinds:
            client = shop.client()
            if kind is BillableKind.RECURRING_INVOICE:
                made.append((kind, shop.recurring(client, MISSED[0], catch_up=policy)))
            elif kind is SERVICE:
                made.append((kind, shop.service(client, MISSED[0], catch_up=policy)))
            else:
                values = {
                    "description": "Support",
                    "quantity": Decimal(1),
                    "amount": 500,
                    "action": "recur",
                    "recur_every": 1,
                    "recur_unit": "Months",
                    "entered_on": BEFORE,
                    "next_due_on": MISSED[0],
                    "catch_up": policy,
                }
                made.append((kind, shop.billable(kind, client, **values)))
    return made


def claimed(shop, kind, billable_id):
    claims = tables.claims
    query = (
        sa.select(claims.c.due_on)
        .where(claims.c.kind == kind.value, claims.c.billable_id == billable_id)
        .order_by(claims.c.document_id)
    )
    with shop.store.read() as uow:
        return list(uow.execute(query).scalars())


def held(shop, *, decided=True):
    with shop.store.read() as uow:
        return list(held_dates(uow, decided=decided))


def mails(shop):
    return shop.count(tables.outbox)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("count", [1, pytest.param(100, marks=pytest.mark.slow)])
def test_a_jump_of_fourteen_months_over_schedules_that_go_on(shop, policy, count):
    shop.setting("ContinuousInvoiceGeneration", "on")
    kinds = [SERVICE, BillableKind.BILLABLE_ITEM, BillableKind.RECURRING_INVOICE]
    made = fill(shop, count, policy, kinds)
    documents, kept, _, _ = WRITTEN[policy]
    assert shop.generate(AFTER).count == documents * len(made)
    assert shop.nothing_due(AFTER)
    for kind, billable_id in made:
        dates = claimed(shop, kind, billable_id)
        assert dates == sorted(dates), "in date order"
        assert dates == (MISSED[:1] if policy == "one_per_day" else MISSED[-documents:])
    assert len(held(shop)) == kept * len(made)
    # Of several at once only the newest is mailed; that of the present day always is.
    assert mails(shop) == len(made)
    assert shop.generate(AFTER).count == 0
    assert len(shop.documents()) == documents * len(made)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("count", [1, pytest.param(300, marks=pytest.mark.slow)])
def test_a_jump_of_fourteen_months_over_services_that_wait_for_payment(shop, policy, count):
    made = fill(shop, count, policy, [SERVICE])
    _, kept, _, _ = WRITTEN[policy]
    assert shop.generate(AFTER).count == len(made)
    billed = MISSED[0] if policy in {"one_per_day", "all"} else MISSED[-1]
    for kind, billable_id in made:
        assert claimed(shop, kind, billable_id) == [billed]
        row = shop.row(kind, billable_id)
        assert (row["next_due_on"], row["next_invoice_on"]) == (billed, None)
    assert len(held(shop)) == kept * len(made)
    assert mails(shop) == len(made)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_jump_to_a_day_between_two_dates(shop, policy):
    shop.setting("ContinuousInvoiceGeneration", "on")
    kinds = [SERVICE, BillableKind.BILLABLE_ITEM, BillableKind.RECURRING_INVOICE]
    made = fill(shop, 1, policy, kinds)
    _, _, documents, kept = WRITTEN[policy]
    assert shop.generate(AFTER + timedelta(days=5)).count == documents * len(made)
    assert len(held(shop)) == kept * len(made)
    if policy != "one_per_day":
        rows = [shop.row(*each) for each in made]
        assert {row["next_invoice_on"] for row in rows} == {date(2027, 6, 2)}


@pytest.mark.parametrize("policy", POLICIES)
def test_no_mail_unless_the_caller_allows_it(shop, policy):
    fill(shop, 2, policy, [SERVICE, BillableKind.RECURRING_INVOICE])
    assert shop.generate(AFTER, send_email=False).count > 0
    assert mails(shop) == 0


def test_every_invoice_that_is_caught_up_is_mailed_where_that_is_wanted(shop):
    shop.setting("CatchUpMails", "on")
    fill(shop, 1, "all", [BillableKind.RECURRING_INVOICE])
    assert shop.generate(AFTER).count == mails(shop) == 14


def test_one_per_day_bills_no_further_cycle_however_often_it_is_called(shop):
    shop.setting("ContinuousInvoiceGeneration", "on")
    made = fill(shop, 1, "one_per_day", [SERVICE, BillableKind.RECURRING_INVOICE])
    for day in range(3):
        counts = [shop.generate(AFTER + timedelta(days=day)).count for _ in range(4)]
        assert counts == [2, 0, 0, 0]
    for each in made:
        assert claimed(shop, *each) == MISSED[:3]


def test_a_start_36_months_ago_bills_its_first_document_at_the_base_price(shop):
    recurring = shop.recurring(
        shop.client(),
        date(2023, 3, 2),
        catch_up="latest",
        increase_percentage=Decimal(10),
        increase_interval=12,
    )
    assert shop.generate(BEFORE).count == 1
    (document,) = shop.documents()
    assert (document["issued_on"], document["total"]) == (BEFORE, 11500)
    assert len(held(shop)) == 36
    # The increase counts documents, not dates.
    assert shop.row(BillableKind.RECURRING_INVOICE, recurring)["generation_count"] == 1


def test_a_run_bounded_by_documents_leaves_the_rest_queued(shop):
    daily = shop.recurring(shop.client(), date(2025, 3, 2), frequency="daily")
    with pytest.raises(RunIncomplete, match="120 invoices generated so far"):
        shop.generate_within(RunConfig(document_limit=100), BEFORE)
    assert not shop.nothing_due(BEFORE)
    assert shop.generate(BEFORE).count == 366 - 120
    dates = claimed(shop, BillableKind.RECURRING_INVOICE, daily)
    assert dates == [date(2025, 3, 2) + timedelta(days=n) for n in range(366)]


# --- held dates never come back by themselves --------------------------------------------------


@pytest.mark.parametrize("continuous", ["", "on"])
def test_a_held_date_is_never_billed_by_a_later_run(shop, continuous):
    shop.setting("ContinuousInvoiceGeneration", continuous)
    service = shop.service(shop.client(), MISSED[0], catch_up="hold")
    shop.generate(AFTER + timedelta(days=5))
    day = AFTER + timedelta(days=5)
    with shop.store.write() as uow:
        requeue_all(uow)
    for _ in range(70):
        day += timedelta(days=1)
        shop.generate(day)
        for document in shop.documents():
            shop.pay(document["id"])
    dates = claimed(shop, SERVICE, service)
    assert dates == [date(2027, 6, 2), date(2027, 7, 2)]
    assert [each.due_on for each in held(shop, decided=False)] == MISSED


def test_paying_and_taking_back_a_payment_moves_past_no_billed_date(shop):
    service = shop.service(shop.client(), MISSED[0], catch_up="latest")
    shop.generate(AFTER)
    (document,) = shop.documents()
    shop.pay(document["id"])
    assert shop.row(SERVICE, service)["next_due_on"] == date(2027, 6, 2)
    shop.pay(document["id"], InvoiceStatus.UNPAID)
    row = shop.row(SERVICE, service)
    assert (row["next_due_on"], row["next_invoice_on"]) == (MISSED[-1], None)


def test_setting_the_due_date_to_a_held_one_bills_it(shop, context):
    service = shop.service(shop.client(), MISSED[0], catch_up="latest")
    shop.generate(AFTER)
    with shop.store.write() as uow:
        default = ScheduleChange(has_policy=True)
        change_schedule(uow, context(AFTER), SERVICE, service, default)
    backend = LocalBackend(shop.store, RunConfig())
    backend.execute(UpdateService(service, next_due_on=MISSED[3]), context(AFTER))
    assert shop.generate(AFTER).count == 1
    assert claimed(shop, SERVICE, service) == [MISSED[-1], MISSED[3]]
    assert MISSED[3] not in [each.due_on for each in held(shop)]
    # Paid, it goes on to the first date that is neither held nor billed.
    for document in shop.documents():
        shop.pay(document["id"])
    assert shop.row(SERVICE, service)["next_due_on"] > MISSED[-1]


def test_an_item_billed_once_is_held_and_not_lost(shop, context):
    values = {
        "description": "Visit",
        "quantity": Decimal(1),
        "amount": 500,
        "action": "duedate",
        "entered_on": BEFORE,
        "next_due_on": MISSED[0],
        "catch_up": "hold",
    }
    item = shop.billable(BillableKind.BILLABLE_ITEM, shop.client(), **values)
    assert shop.generate(AFTER).count == 0
    with shop.store.write() as uow:
        requeue_all(uow)
    assert shop.generate(AFTER).count == 0
    with shop.store.write() as uow:
        issue_held(uow, context(AFTER), BillableKind.BILLABLE_ITEM, item, MISSED[0])
    assert [d["total"] for d in shop.documents()] == [500]
    assert shop.generate(AFTER).count == 0


# --- what the operator decides -----------------------------------------------------------------


def test_a_held_date_can_be_issued_once_and_the_schedule_stays(shop, context):
    service = shop.service(shop.client(), MISSED[0], catch_up="latest")
    shop.generate(AFTER)
    with shop.store.write() as uow:
        invoice = issue_held(uow, context(AFTER), SERVICE, service, MISSED[2])
    (line,) = shop.lines(invoice)
    assert line["description"] == f"Service #{service} (02/06/2026 - 01/07/2026)"
    before = shop.row(SERVICE, service)
    shop.pay(invoice)
    after = shop.row(SERVICE, service)
    assert before["next_due_on"] == after["next_due_on"] == MISSED[-1]
    assert after["next_invoice_on"] is None
    with (
        pytest.raises(NotHeld, match="was issued already"),
        shop.store.write() as uow,
    ):
        issue_held(uow, context(AFTER), SERVICE, service, MISSED[2])
    assert len(shop.documents()) == 2


def test_a_held_occurrence_of_a_recurring_invoice_is_issued_on_its_date(shop, context):
    kind = BillableKind.RECURRING_INVOICE
    recurring = shop.recurring(shop.client(), MISSED[0], catch_up="hold", recurrence_limit=2)
    shop.generate(AFTER)
    with shop.store.write() as uow:
        invoice = issue_held(uow, context(AFTER), kind, recurring, MISSED[1], send_email=False)
    assert [(d["id"], d["issued_on"]) for d in shop.documents()][-1] == (invoice, MISSED[1])
    assert mails(shop) == 1
    row = shop.row(kind, recurring)
    assert (row["generation_count"], row["ended"], row["next_invoice_on"]) == (2, True, None)


def test_a_dropped_date_is_listed_no_more_but_stays_recorded(shop, context):
    service = shop.service(shop.client(), MISSED[0], catch_up="latest")
    shop.generate(AFTER)
    with shop.store.write() as uow:
        decide_held(uow, context(AFTER), SERVICE, service, MISSED[0], HeldReason.DROPPED)
    assert [each.due_on for each in held(shop, decided=False)] == MISSED[1:-1]
    assert [e.reason for e in held(shop) if e.due_on == MISSED[0]] == [HeldReason.DROPPED]
    with shop.store.read() as uow:
        changes = uow.execute(sa.select(tables.schedule_changes)).mappings().all()
    assert [(c["field"], c["old"], c["new"]) for c in changes] == [
        (f"held {MISSED[0]}", "catch_up", "dropped")
    ]


def test_what_the_policy_none_passes_over_waits_for_nobody(shop):
    shop.service(shop.client(), MISSED[0], catch_up="none")
    shop.generate(AFTER)
    assert held(shop, decided=False) == []
    assert {each.reason for each in held(shop)} == {HeldReason.SKIPPED}


def test_what_cannot_be_decided_is_named(shop, context):
    service = shop.service(shop.client(), AFTER)
    with shop.store.write() as uow:
        with pytest.raises(NotHeld, match="2027-05-02 is not held"):
            issue_held(uow, context(AFTER), SERVICE, service, AFTER)
        with pytest.raises(BillableNotFound, match="There is no service 99"):
            issue_held(uow, context(AFTER), SERVICE, 99, AFTER)
        with pytest.raises(NotParked, match="service 1 is not parked"):
            unpark(uow, context(AFTER), SERVICE, service)
        release_held(uow, context(AFTER), SERVICE, service, AFTER)


def test_a_schedule_that_was_moved_refuses_its_old_dates(shop, context):
    kind = BillableKind.RECURRING_INVOICE
    recurring = shop.recurring(shop.client(), MISSED[0], catch_up="latest")
    shop.generate(AFTER)
    with shop.store.write() as uow:
        table = tables.recurring_invoices
        uow.execute(sa.update(table).values(start_on=MISSED[0] + timedelta(days=3)))
        with pytest.raises(CannotBill, match="no date of the schedule any more"):
            issue_held(uow, context(AFTER), kind, recurring, MISSED[0])


# --- parked ------------------------------------------------------------------------------------


def test_a_parked_billable_is_listed_and_billed_after_a_retry(shop, context):
    service = shop.service(999, BEFORE)
    assert shop.generate(BEFORE).count == 0
    with shop.store.read() as uow:
        (parked,) = parked_billables(uow)
    assert (parked.kind, parked.billable_id, parked.client_id) == (SERVICE, service, 999)
    assert parked.reason == "The client or its currency does not exist"
    shop.client(id=999)
    assert shop.generate(BEFORE).count == 0
    with shop.store.write() as uow:
        assert unpark(uow, context(BEFORE), SERVICE, service) == BEFORE
        assert parked_billables(uow, 999) == []
    assert shop.generate(BEFORE).count == 1
    with shop.store.read() as uow:
        (change,) = uow.execute(sa.select(tables.schedule_changes)).mappings().all()
    assert (change["field"], change["old"], change["new"]) == (
        "parked_reason",
        parked.reason,
        None,
    )


# --- a clock that was set back -----------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
def test_a_clock_set_back_bills_nothing_twice_and_loses_nothing(shop, policy):
    shop.setting("ContinuousInvoiceGeneration", "on")
    kinds = [SERVICE, BillableKind.RECURRING_INVOICE]
    made = fill(shop, 1, policy, kinds)
    shop.generate(MISSED[2])
    there = [claimed(shop, *each) for each in made]
    for day in (BEFORE, MISSED[0], MISSED[1]):
        assert shop.generate(day).count == 0
    assert [claimed(shop, *each) for each in made] == there
    # Where the clock was, it goes on: every date is billed or recorded, and none twice.
    for n in range(1, 80):
        shop.generate(MISSED[2] + timedelta(days=n))
    known = defaultdict(set)
    for each in held(shop):
        known[each.kind, each.billable_id].add(each.due_on)
    for each in made:
        dates = claimed(shop, *each)
        assert len(dates) == len(set(dates))
        assert set(MISSED[:5]) <= set(dates) | known[each]

"""The audit of completeness: what it finds in years of billing, and what it leaves in peace."""

import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.completeness import Fault, Finding, Withheld
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    ChangeSetting,
    ClientFields,
    InvoiceLineChange,
    UpdateClient,
    UpdateInvoice,
    UpdateService,
)
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig
from adapter.store.run.by_hand import issue_held
from tests.audited import Planter, Years, place_of

START = date(2023, 1, 3)
TODAY = date(2026, 3, 2)
DUE_ON = date(2026, 3, 10)
SPAN = Span(date(2026, 1, 1), date(2026, 12, 31))


def findings(store, span, counts=None):
    found = audit(store, span, counts or Counts())
    return [each for each in found if isinstance(each, Finding)]


@pytest.fixture
def do(store, context):
    """Execute a command as the backend does."""
    backend = LocalBackend(store, RunConfig())
    return lambda command, on=TODAY: backend.execute(command, context(on))


@pytest.fixture
def faults(shop):
    """Return the kinds and dates of the faults in 2026."""
    return lambda: [(each.fault, each.due_on) for each in findings(shop.store, SPAN)]


@pytest.fixture
def service(shop):
    """Return a service that is due, with its creation noted."""
    made = shop.service(shop.client(), DUE_ON, anchor_day=DUE_ON.day)
    _note_creation(shop, BillableKind.SERVICE, made, DUE_ON)
    return made


def _note_creation(shop, kind, billable_id, on):
    with shop.store.write() as uow:
        context = shop.context(date(2026, 1, 1))
        uow.note_schedule_change(context, kind.value, billable_id, "created", None, on)


def _lose(shop, document_id):
    """Take a document away with all that shows it."""
    with shop.store.write() as uow:
        for column in (
            tables.claims.c.document_id,
            tables.document_lines.c.document_id,
            tables.documents.c.id,
        ):
            uow.execute(sa.delete(column.table).where(column == document_id))


def _bill(shop, on=TODAY):
    return shop.generate(on).latest_invoice_id or 0


# --- planted faults ------------------------------------------------------------------------------


def test_planted_faults_are_found_and_nothing_else(store, context):
    years = Years(store, context, schedules=200, seed=11)
    span = Span(START, years.fill(START, months=6))
    assert findings(store, span) == []
    planted = Planter(store, seed=12).plant(dict.fromkeys(Fault, 3))
    found = findings(store, span)
    assert {place_of(each) for each in found} == planted
    assert len(found) == 18


@pytest.mark.slow
def test_25_faults_in_10_000_schedules_of_three_years(store, context):
    # On a server a tenth of them: most of the time is spent on filling it, year after year.
    years = Years(store, context, schedules=10_000 if store.is_alone else 1_000, seed=21)
    span = Span(START, years.fill(START, months=36))
    kinds = dict.fromkeys(Fault, 4) | {Fault.BROKEN: 5}
    planted = Planter(store, seed=22).plant(kinds)
    counts = Counts()
    began = time.process_time()
    found = findings(store, span, counts)
    print(f"audited {counts} in {time.process_time() - began:.1f} s of CPU")  # noqa: T201
    assert {place_of(each) for each in found} == planted
    assert len(found) == 25


# --- what is no fault ----------------------------------------------------------------------------


def test_later_prices_and_cycles_do_not_make_old_documents_differ(shop, do, faults, service):
    shop.pay(_bill(shop))
    later = TODAY + timedelta(days=1)
    changed = UpdateService(service, recurring_amount=Decimal(99), cycle=Cycle.QUARTERLY)
    do(changed, later)
    assert faults() == []
    shop.pay(_bill(shop, date(2026, 4, 2)))
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 7, 10)
    assert faults() == []


def test_a_price_changed_behind_the_handlers_back_is_a_fault(shop, faults, service):
    _bill(shop)
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.services).values(recurring_amount=1600))
    assert faults() == [(Fault.AMOUNT, DUE_ON)]


def test_what_waits_for_payment_or_is_cancelled_has_no_further_period(shop, faults, service):
    invoice = _bill(shop)
    _bill(shop, TODAY + timedelta(days=100))
    assert faults() == []
    shop.pay(invoice, InvoiceStatus.CANCELLED)
    assert faults() == []


def test_released_periods_are_not_missing(shop, do, faults, service):
    do(ChangeSetting("CancelledInvoiceBlocksDate", ""))
    shop.pay(_bill(shop), InvoiceStatus.CANCELLED)
    assert faults() == []
    _bill(shop, TODAY + timedelta(days=1))
    assert faults() == []


def test_documented_edits_are_no_faults(shop, do, faults, service):
    shop.service(1, DUE_ON)
    invoice = _bill(shop)
    first, second = (row["id"] for row in shop.lines(invoice))
    changed = InvoiceLineChange("By agreement", Decimal(5), taxed=False, line_id=first)
    added = InvoiceLineChange("Delivery", Decimal(7), taxed=True)
    do(UpdateInvoice(invoice, lines=(changed, added), due_on=date(2026, 6, 1)))
    assert faults() == []
    do(UpdateInvoice(invoice, delete_line_ids=(second,)))
    assert faults() == []


def test_a_payment_that_moves_on_from_a_date_set_by_hand_passes_it(shop, do, faults, service):
    invoice = _bill(shop)
    do(UpdateService(service, next_due_on=date(2026, 5, 20)))
    shop.pay(invoice)
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 6, 20)
    assert faults() == []


def test_two_payments_after_a_date_set_by_hand_pass_two_periods(shop, do, faults, service):
    first = _bill(shop)
    do(UpdateService(service, next_due_on=date(2026, 3, 25)), TODAY + timedelta(days=1))
    second = _bill(shop, date(2026, 3, 20))
    shop.pay(first)
    shop.pay(second)
    # The second pays for a month that begins where the first one's payment has moved the date to.
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 5, 25)
    assert faults() == []
    third = _bill(shop, date(2026, 5, 20))
    assert faults() == []
    shop.pay(third)
    _lose(shop, third)
    assert faults() == [(Fault.MISSING, date(2026, 5, 25))]


def test_a_period_left_behind_by_a_date_set_by_hand_is_missed(shop, do, faults, service):
    invoice = _bill(shop)
    do(UpdateService(service, next_due_on=date(2026, 5, 20)), TODAY + timedelta(days=1))
    assert faults() == []
    _lose(shop, invoice)
    assert faults() == [(Fault.MISSING, DUE_ON)]


def test_a_lost_invoice_is_missed_once_while_it_was_unpaid(shop, do, faults, service):
    do(UpdateService(service, next_due_on=date(2026, 3, 12)))
    _lose(shop, _bill(shop))
    assert faults() == [(Fault.MISSING, date(2026, 3, 12))]


def test_another_group_changes_no_old_discount(shop, do, faults):
    with shop.store.write() as uow:
        group = uow.insert(tables.client_groups, name="A", discount_percent=Decimal(10))
    client = shop.client(group_id=group)
    shop.service(client, DUE_ON)
    assert [row["amount"] for row in shop.lines(_bill(shop))] == [1595, -160]
    do(UpdateClient(ClientFields(group_id=0), client_id=client), TODAY + timedelta(days=1))
    assert faults() == []


def test_month_ends_step_as_the_switch_says(shop, do, faults):
    made = shop.service(shop.client(), date(2026, 1, 31), anchor_day=31)
    _note_creation(shop, BillableKind.SERVICE, made, date(2026, 1, 31))
    for on in (date(2026, 1, 20), date(2026, 2, 20)):
        shop.pay(_bill(shop, on))
    do(ChangeSetting("AnchorMonthEnds", "on"), date(2026, 3, 1))
    for on in (date(2026, 3, 20), date(2026, 4, 20), date(2026, 5, 20)):
        shop.pay(_bill(shop, on))
    assert faults() == []
    assert [row["due_on"].day for row in shop.documents()] == [31, 28, 28, 30, 31]


@pytest.mark.parametrize("continuous", ["", "on"])
def test_periods_in_the_middle_are_missed(shop, do, faults, service, continuous):
    do(ChangeSetting("ContinuousInvoiceGeneration", continuous))
    lost = 0
    for month in (3, 4, 5):
        invoice = _bill(shop, date(2026, month, 2))
        lost = invoice if month == 4 else lost
        if not continuous:
            shop.pay(invoice)
    _lose(shop, lost)
    assert faults() == [(Fault.MISSING, date(2026, 4, 10))]


def test_a_skipped_period_is_missed(shop, faults, service):
    moved = {"next_due_on": date(2026, 4, 10), "next_invoice_on": date(2026, 4, 10)}
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.services).values(**moved))
    assert faults() == [(Fault.MISSING, DUE_ON)]


# --- items and recurring invoices ----------------------------------------------------------------


@pytest.mark.parametrize(
    "action",
    [
        {"action": "nextcron"},
        {"action": "nextinvoice"},
        {"action": "duedate", "next_due_on": date(2026, 3, 5)},
        {"action": "recur", "next_due_on": date(2026, 3, 2), "recur_times": 2},
    ],
)
def test_items_are_missed_whatever_their_action(shop, faults, service, action):
    row = {
        "description": "Work",
        "quantity": Decimal(1),
        "amount": 700,
        "recur_every": 1,
        "recur_unit": "Months",
        "entered_on": TODAY,
    }
    kind = BillableKind.BILLABLE_ITEM
    item = shop.billable(kind, 1, **(row | action))
    _note_creation(shop, kind, item, action.get("next_due_on"))
    _bill(shop)
    _bill(shop, date(2026, 4, 2))
    assert faults() == []
    of_item = (tables.claims.c.kind == kind.value, tables.document_lines.c.line_type == "Item")
    with shop.store.write() as uow:
        first = sa.select(sa.func.min(tables.claims.c.due_on)).where(of_item[0])
        on = uow.execute(first).scalar_one()
        claim = sa.select(tables.claims.c.document_id).where(
            of_item[0], tables.claims.c.due_on == on
        )
        document_id = uow.execute(claim).scalar_one()
        for table, own in zip((tables.claims, tables.document_lines), of_item, strict=True):
            uow.execute(sa.delete(table).where(own, table.c.document_id == document_id))
    found = findings(shop.store, SPAN)
    assert [each.due_on for each in found if each.fault is Fault.MISSING] == [on]


def test_a_recurring_invoice_that_ended_while_catching_up_has_nothing_missing(shop, faults):
    start_on = date(2026, 1, 5)
    made = shop.recurring(shop.client(), start_on, recurrence_limit=2)
    _note_creation(shop, BillableKind.RECURRING_INVOICE, made, start_on)
    assert shop.generate(date(2026, 6, 5)).count == 2
    assert faults() == []
    _lose(shop, shop.documents()[-1]["id"])
    assert faults() == [(Fault.MISSING, date(2026, 2, 5))]


def test_increases_are_counted_from_today_back(shop, faults):
    made = shop.recurring(
        shop.client(payment_terms_days=7),
        date(2026, 1, 5),
        increase_percentage=Decimal(10),
        increase_interval=2,
    )
    _note_creation(shop, BillableKind.RECURRING_INVOICE, made, date(2026, 1, 5))
    for month in range(1, 7):
        shop.generate(date(2026, month, 5))
    assert [row["subtotal"] for row in shop.documents()] == [10000] * 2 + [11000] * 2 + [12100] * 2
    assert findings(shop.store, Span(date(2026, 4, 1), date(2026, 4, 30))) == []
    _lose(shop, shop.documents()[1]["id"])
    assert faults() == [(Fault.MISSING, date(2026, 2, 5))]


def test_a_held_date_that_was_billed_by_hand_is_withheld_no_more(shop):
    kind = BillableKind.RECURRING_INVOICE
    made = shop.recurring(shop.client(), date(2026, 1, 5), catch_up="latest")
    shop.generate(on=date(2026, 3, 6))
    with shop.store.write() as uow:
        issue_held(uow, shop.context(date(2026, 3, 6)), kind, made, date(2026, 1, 5))
    held = [each for each in audit(shop.store, SPAN, Counts()) if isinstance(each, Withheld)]
    assert held == [Withheld(1, kind, made, date(2026, 2, 5), "held: catch_up")]


def test_held_and_parked_dates_are_withheld(shop, do, service):
    made = shop.recurring(1, date(2026, 1, 5), catch_up="latest")
    shop.generate(date(2026, 3, 5))
    with shop.store.write() as uow:
        other = tables.recurring_invoices
        uow.execute(sa.update(other).values(parked_reason="No currency"))
    found = list(audit(shop.store, SPAN, Counts()))
    recurring = BillableKind.RECURRING_INVOICE
    assert found == [
        Withheld(1, recurring, made, date(2026, 1, 5), "held: catch_up"),
        Withheld(1, recurring, made, date(2026, 2, 5), "held: catch_up"),
        Withheld(1, recurring, made, date(2026, 4, 5), "parked: No currency"),
    ]


def test_only_the_asked_days_are_audited(shop, service):
    shop.pay(_bill(shop))
    invoice = _bill(shop, date(2026, 4, 2))
    _lose(shop, invoice)
    assert findings(shop.store, Span(date(2026, 3, 1), date(2026, 3, 31))) == []
    (found,) = findings(shop.store, Span(date(2026, 4, 1), date(2026, 4, 30)))
    assert (found.fault, found.due_on) == (Fault.MISSING, date(2026, 4, 10))

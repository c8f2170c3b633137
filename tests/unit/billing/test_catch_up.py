"""Which periods of an item are billed and which are held, worked out by hand."""

from dataclasses import replace
from datetime import date

import pytest

from adapter.billing.catch_up import PERIODS_AT_ONCE, item_periods, recurring_periods
from adapter.billing.due import ClientDue, RunTerms
from adapter.billing.generate import decide
from adapter.billing.model import BillableKind, CatchUp, HeldReason, ItemAction
from adapter.billing.schedule import Frequency, Step
from adapter.billing.settings import load_settings
from tests.unit.billing.test_generate import ITEM, RECURRING, RUN, SERVICE, TERMS, TODAY, zar

GOES_ON = RunTerms(TODAY, load_settings({"ContinuousInvoiceGeneration": "on"}, 1))
BEHIND = replace(SERVICE, due_on=date(2025, 12, 2))
FOUR = ["2025-12-02", "2026-01-02", "2026-02-02", "2026-03-02"]
ONE_PER_DAY, ALL, LATEST, NONE, HOLD = CatchUp


def split(periods):
    return [str(p.due_on) for p in periods.bill], [str(p.due_on) for p in periods.hold]


@pytest.mark.parametrize(
    ("policy", "goes_on", "billed", "held"),
    [
        (ONE_PER_DAY, True, FOUR[:1], []),
        (ONE_PER_DAY, False, FOUR[:1], []),
        (ALL, True, FOUR, []),
        (ALL, False, FOUR[:1], []),
        (LATEST, True, FOUR[3:], FOUR[:3]),
        (LATEST, False, FOUR[3:], FOUR[:3]),
        (NONE, True, FOUR[3:], FOUR[:3]),
        (NONE, False, FOUR[3:], FOUR[:3]),
        (HOLD, True, FOUR[3:], FOUR[:3]),
        (HOLD, False, FOUR[3:], FOUR[:3]),
    ],
)
def test_what_each_policy_does_with_the_missed_dates_of_an_item(policy, goes_on, billed, held):
    item = replace(BEHIND, catch_up=policy)
    assert split(item_periods(item, TODAY, goes_on=goes_on)) == (billed, held)


@pytest.mark.parametrize("policy", list(CatchUp))
def test_a_coming_period_is_billed_under_every_policy(policy):
    item = replace(SERVICE, due_on=date(2026, 3, 12), catch_up=policy)
    for goes_on in (True, False):
        assert split(item_periods(item, TODAY, goes_on=goes_on)) == (["2026-03-12"], [])


@pytest.mark.parametrize(("policy", "reason"), [(NONE, "skipped"), (HOLD, "catch_up")])
def test_between_two_dates_everything_missed_is_held_and_the_next_one_queued(policy, reason):
    item = replace(BEHIND, catch_up=policy)
    decision = decide(ClientDue(TERMS, (item,)), replace(RUN, today=date(2026, 3, 3)))
    assert decision.documents == ()
    assert [(str(h.due_on), h.reason) for h in decision.held] == [
        (on, HeldReason(reason)) for on in FOUR
    ]
    assert [h.next_on for h in decision.held][-1] == date(2026, 4, 2)
    (move,) = decision.moves
    assert (move.next_invoice_on, move.issued) == (date(2026, 4, 2), 0)


def test_what_was_billed_waits_for_payment_and_what_goes_on_does_not():
    item = replace(BEHIND, catch_up=LATEST)
    assert decide(ClientDue(TERMS, (item,)), RUN).moves[0].next_invoice_on is None
    on = decide(ClientDue(TERMS, (item,)), GOES_ON).moves[0].next_invoice_on
    assert on == date(2026, 4, 2)


def test_held_dates_count_for_no_limit():
    item = replace(BEHIND, catch_up=LATEST, generation_count=1, limit=3)
    decision = decide(ClientDue(TERMS, (item,)), GOES_ON)
    assert (len(decision.documents), len(decision.held)) == (1, 3)
    assert decision.moves[0].next_invoice_on == date(2026, 4, 2)
    spent = replace(item, generation_count=2)
    assert decide(ClientDue(TERMS, (spent,)), GOES_ON).moves[0].next_invoice_on is None


def test_all_stops_at_the_limit_of_periods():
    item = replace(BEHIND, catch_up=ALL, generation_count=1, limit=3)
    decision = decide(ClientDue(TERMS, (item,)), GOES_ON)
    assert [str(d.due_on) for d in decision.documents] == FOUR[:2]
    assert decision.moves[0].next_invoice_on is None


def test_one_decision_issues_a_bounded_number_and_queues_the_rest():
    item = replace(BEHIND, due_on=date(2025, 3, 2), step=Step(days=1), catch_up=ALL)
    periods = item_periods(item, TODAY, goes_on=True)
    assert len(periods.bill) == PERIODS_AT_ONCE == 120
    assert periods.next_on == date(2025, 6, 30)
    daily = replace(RECURRING, start_on=date(2025, 3, 2), frequency=Frequency.DAILY)
    found = recurring_periods(daily, TODAY)
    assert (len(found.bill), found.next_on, found.seen) == (120, date(2025, 6, 30), 120)


@pytest.mark.parametrize("policy", list(CatchUp))
def test_a_recurring_invoice_that_is_spent_issues_nothing(policy):
    spent = replace(RECURRING, catch_up=policy, recurrence_limit=2, generation_count=2)
    decision = decide(ClientDue(TERMS, recurring=(spent,)), RUN)
    assert decision.documents == ()
    assert decision.moves[0].ended


@pytest.mark.parametrize("policy", [NONE, HOLD])
def test_items_without_a_date_of_their_own_are_never_missed(policy):
    following = replace(ITEM, billable_id=2, action=ItemAction.NEXT_INVOICE)
    early = date(2026, 1, 1)
    due = ClientDue(
        TERMS,
        (replace(ITEM, due_on=early, catch_up=policy),),
        riders=(replace(following, due_on=early, catch_up=policy),),
    )
    decision = decide(due, RUN)
    assert [len(d.claims) for d in decision.documents] == [2]
    assert decision.held == ()


def test_an_item_billed_once_is_held_when_its_day_has_passed():
    once = replace(ITEM, action=ItemAction.DUE_DATE, due_on=date(2026, 3, 1), catch_up=HOLD)
    decision = decide(ClientDue(TERMS, (once,)), RUN)
    assert [(h.due_on, h.next_on) for h in decision.held] == [(date(2026, 3, 1), None)]
    assert (decision.moves[0].next_invoice_on, decision.documents) == (None, ())


def test_what_is_parked_is_not_recorded_as_held():
    bad = replace(BEHIND, recurring_amount=zar(-100), catch_up=LATEST)
    decision = decide(ClientDue(TERMS, (bad,)), RUN)
    assert [p.billable_id for p in decision.parked] == [1]
    assert (decision.held, decision.moves) == ((), ())


def test_a_cycle_without_length_is_parked():
    bad = replace(SERVICE, step=Step(), catch_up=ALL)
    (parked,) = decide(ClientDue(TERMS, (bad,)), GOES_ON).parked
    assert (parked.kind, parked.reason) == (
        BillableKind.SERVICE,
        "The item's billing cycle has no length",
    )


@pytest.mark.parametrize(("wanted", "mailed"), [("", [False] * 3 + [True]), ("on", [True] * 4)])
def test_of_several_invoices_at_once_only_the_newest_is_mailed(wanted, mailed):
    chosen = {"ContinuousInvoiceGeneration": "on", "CatchUpMails": wanted}
    run = RunTerms(TODAY, load_settings(chosen, 1))
    item = replace(BEHIND, catch_up=ALL)
    assert [d.send_email for d in decide(ClientDue(TERMS, (item,)), run).documents] == mailed
    recurring = replace(RECURRING, catch_up=ALL, send_email=True)
    decision = decide(ClientDue(TERMS, recurring=(recurring,)), run)
    assert [d.send_email for d in decision.documents] == mailed


def test_an_invoice_with_news_on_it_is_mailed():
    old = replace(BEHIND, catch_up=ALL)
    new = replace(SERVICE, billable_id=2, due_on=date(2025, 12, 2))
    decision = decide(ClientDue(TERMS, (old, new)), GOES_ON)
    assert [d.send_email for d in decision.documents] == [True, False, False, True]


@pytest.mark.parametrize("refund_on", FOUR)
def test_what_is_parked_is_billed_for_none_of_its_periods(refund_on):
    behind = replace(BEHIND, catch_up=ALL)
    # It makes one of the four invoices negative; the others would leave a period out.
    refund = replace(
        SERVICE,
        billable_id=99,
        due_on=date.fromisoformat(refund_on),
        recurring_amount=zar(-9000),
        step=None,
    )
    other = replace(SERVICE, billable_id=7, due_on=date(2026, 3, 2))
    decision = decide(ClientDue(TERMS, (behind, refund, other)), GOES_ON)
    parked = [(each.billable_id, each.reason) for each in decision.parked]
    gone = {each for each, _ in parked}
    assert {behind.billable_id, 99} <= gone
    assert len(parked) == len(gone)
    claimed = [claim.billable_id for each in decision.documents for claim in each.claims]
    assert claimed == ([] if refund_on == FOUR[3] else [7])
    assert not gone.intersection(claimed)
    assert [move.billable_id for move in decision.moves] == claimed
    assert not any(each.billable_id in gone for each in decision.held)

"""Deciding about one client: parking, riders, promotions and catch-up, worked out by hand."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.due import (
    ClientDue,
    ClientTerms,
    DueItem,
    DueRecurring,
    Promotion,
    RunTerms,
    TaxRates,
)
from adapter.billing.generate import decide
from adapter.billing.model import (
    BillableKind,
    CatchUp,
    ItemAction,
    LineType,
    RecurringLine,
)
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency, Step
from adapter.billing.settings import BusinessSettings, load_settings

TODAY = date(2026, 3, 2)
RUN = RunTerms(TODAY, BusinessSettings())
MONTH = Step(months=1)


def zar(cents: int) -> Money:
    return Money(cents, "ZAR")


TERMS = ClientTerms(
    client_id=1,
    currency="ZAR",
    separate_invoices=False,
    discount_percent=Decimal(0),
    tax=TaxRates(),
    taxable=False,
    payment_method="banktransfer",
    payment_terms_days=0,
    send_documents=True,
    credit=zar(0),
)
SERVICE = DueItem(
    kind=BillableKind.SERVICE,
    billable_id=1,
    due_on=TODAY,
    name="Plan",
    first_name="Plan",
    first_amount=zar(2500),
    recurring_amount=zar(1000),
    registered_on=date(2025, 1, 2),
    step=MONTH,
    taxed=False,
    payment_method="banktransfer",
    generation_count=1,
    line_type=LineType.SERVICE.value,
    first_line_type=LineType.SERVICE.value,
)
ITEM = replace(
    SERVICE,
    kind=BillableKind.BILLABLE_ITEM,
    registered_on=None,
    step=None,
    action=ItemAction.NEXT_RUN,
    line_type=LineType.BILLABLE_ITEM.value,
    first_line_type=LineType.BILLABLE_ITEM.value,
)
RECURRING = DueRecurring(
    recurring_invoice_id=9,
    currency="ZAR",
    frequency=Frequency.MONTHLY,
    start_on=date(2025, 12, 2),
    occurrence=0,
    generation_count=0,
    recurrence_limit=None,
    increase=None,
    lines=(RecurringLine("", Decimal(1), "Rent", Decimal(10), "ZAR", False, Decimal(0), False),),
    order_number="",
    custom_values=(),
    discount_amount=None,
    discount_percentage=None,
    number_prefix="",
    number_suffix="",
    send_email=None,
)


def amounts(decision) -> list[list[str]]:
    return [[str(line.amount) for line in d.lines] for d in decision.documents]


def test_an_invoice_below_zero_parks_its_items_and_bills_the_rest():
    rebate = replace(ITEM, billable_id=5, recurring_amount=zar(-2000), first_amount=zar(-2000))
    other = replace(SERVICE, billable_id=2, payment_method="paypal")
    decision = decide(ClientDue(TERMS, (SERVICE, rebate, other)), RUN)
    assert amounts(decision) == [["10.00"]]
    assert [(p.kind, p.billable_id) for p in decision.parked] == [
        (BillableKind.BILLABLE_ITEM, 5),
        (BillableKind.SERVICE, 1),
    ]
    assert {move.billable_id for move in decision.moves} == {2}


def test_a_date_past_the_calendar_is_parked():
    late = replace(SERVICE, due_on=date(9999, 12, 15))
    decision = decide(ClientDue(TERMS, (late,)), RUN)
    assert decision.documents == ()
    assert decision.parked[0].reason == "date out of range"


def test_an_amount_past_the_bound_is_parked():
    dear = replace(RECURRING, occurrence=3)
    dear = replace(
        dear, lines=(replace(RECURRING.lines[0], unit_price=Decimal("999999999999.99")),)
    )
    decision = decide(ClientDue(TERMS, recurring=(dear,)), RUN)
    assert decision.documents == ()
    assert "beyond" in decision.parked[0].reason


def test_a_rider_joins_the_first_invoice_or_waits():
    rider = replace(ITEM, billable_id=7, action=ItemAction.NEXT_INVOICE)
    joined = decide(ClientDue(TERMS, (SERVICE,), riders=(rider,)), RUN)
    assert amounts(joined) == [["10.00", "10.00"]]
    assert str(joined.documents[0].total) == "20.00"
    alone = decide(ClientDue(TERMS, recurring=(RECURRING,), riders=(rider,)), RUN)
    assert all(document.positional for document in alone.documents)
    assert [move.kind for move in alone.moves] == [BillableKind.RECURRING_INVOICE]


def test_a_rider_that_would_make_the_invoice_negative_is_parked_alone():
    rider = replace(ITEM, billable_id=7, recurring_amount=zar(-1001), first_amount=zar(-1001))
    decision = decide(ClientDue(TERMS, (SERVICE,), riders=(rider,)), RUN)
    assert amounts(decision) == [["10.00"]]
    assert [p.billable_id for p in decision.parked] == [7]


def test_a_promotion_is_a_negative_line_until_its_uses_are_spent():
    promotion = Promotion(
        "SAVE", recurring=True, recur_for=2, first_discount=zar(250), recurring_discount=zar(100)
    )
    promoted = replace(SERVICE, promotion=promotion, recurring_amount=zar(900))
    shown = [
        amounts(decide(ClientDue(TERMS, (replace(promoted, promotion_uses=n),)), RUN))
        for n in range(3)
    ]
    assert shown == [[["10.00", "-1.00"]], [["10.00", "-1.00"]], [["10.00"]]]
    first = replace(promoted, registered_on=TODAY, first_amount=zar(2250))
    decision = decide(ClientDue(TERMS, (first,)), RUN)
    assert amounts(decision) == [["25.00", "-2.50"]]
    (line, discount) = decision.documents[0].lines
    assert (discount.line_type, discount.related_id) == (LineType.PROMOTION_SERVICE, 1)
    assert line.description == "Plan (02/03/2026 - 01/04/2026)"


def test_every_period_billed_at_once_uses_a_promotion_until_it_is_spent():
    promotion = Promotion(
        "SAVE", recurring=True, recur_for=3, first_discount=zar(250), recurring_discount=zar(100)
    )
    settings = load_settings({"ContinuousInvoiceGeneration": "on"}, 1)
    behind = replace(
        SERVICE,
        promotion=promotion,
        promotion_uses=1,
        recurring_amount=zar(900),
        due_on=date(2025, 12, 2),
        catch_up=CatchUp.ALL,
    )
    decision = decide(ClientDue(TERMS, (behind,)), RunTerms(TODAY, settings))
    assert amounts(decision) == [["10.00", "-1.00"], ["10.00", "-1.00"], ["10.00"], ["10.00"]]
    assert [move.promotion_uses for move in decision.moves] == [2]


def test_a_promotion_that_does_not_recur_leaves_renewals_alone():
    promotion = Promotion(
        "ONCE", recurring=False, recur_for=0, first_discount=zar(250), recurring_discount=zar(0)
    )
    decision = decide(ClientDue(TERMS, (replace(SERVICE, promotion=promotion),)), RUN)
    assert amounts(decision) == [["10.00"]]


def test_a_group_discount_is_taken_from_what_is_charged():
    terms = replace(TERMS, discount_percent=Decimal("12.5"))
    decision = decide(ClientDue(terms, (SERVICE, ITEM)), RUN)
    # 12.5 % of 10.00; billable items are not discounted.
    assert amounts(decision) == [["10.00", "-1.25", "10.00"]]
    assert decision.documents[0].lines[1].description == "Client Group Discount 12.5%"


def test_an_aligned_first_period_ends_on_its_day():
    first = replace(
        SERVICE,
        due_on=date(2026, 3, 5),
        registered_on=date(2026, 3, 5),
        first_next_on=date(2026, 4, 1),
    )
    decision = decide(ClientDue(TERMS, (first,)), RUN)
    assert decision.documents[0].lines[0].description == "Plan (05/03/2026 - 31/03/2026)"
    assert decision.documents[0].claims[0].next_on == date(2026, 4, 1)


def test_catching_up_all_bills_every_period_that_is_due():
    settings = load_settings({"ContinuousInvoiceGeneration": "on", "CatchUp": "all"}, 1)
    behind = replace(SERVICE, due_on=date(2025, 12, 2), catch_up=CatchUp.ALL)
    decision = decide(ClientDue(TERMS, (behind,)), RunTerms(TODAY, settings))
    assert [d.due_on for d in decision.documents] == [
        date(2025, 12, 2),
        date(2026, 1, 2),
        date(2026, 2, 2),
        date(2026, 3, 2),
    ]
    assert decision.moves[0].next_invoice_on == date(2026, 4, 2)
    assert decision.moves[0].issued == 4


def test_a_limit_of_periods_ends_the_queue():
    settings = load_settings({"ContinuousInvoiceGeneration": "on"}, 1)
    last = replace(SERVICE, generation_count=2, limit=3)
    decision = decide(ClientDue(TERMS, (last,)), RunTerms(TODAY, settings))
    assert decision.moves[0].next_invoice_on is None
    assert len(decision.documents) == 1


@pytest.mark.parametrize(
    ("policy", "billed", "held"),
    [
        (CatchUp.ALL, ["2025-12-02", "2026-01-02", "2026-02-02", "2026-03-02"], []),
        (CatchUp.LATEST, ["2026-03-02"], ["2025-12-02", "2026-01-02", "2026-02-02"]),
        (CatchUp.NONE, ["2026-03-02"], ["2025-12-02", "2026-01-02", "2026-02-02"]),
        (CatchUp.HOLD, ["2026-03-02"], ["2025-12-02", "2026-01-02", "2026-02-02"]),
        (CatchUp.ONE_PER_DAY, ["2025-12-02"], []),
    ],
)
def test_what_each_policy_does_with_missed_dates(policy, billed, held):
    decision = decide(ClientDue(TERMS, recurring=(replace(RECURRING, catch_up=policy),)), RUN)
    assert [str(d.issued_on) for d in decision.documents] == billed
    assert [str(entry.due_on) for entry in decision.held] == held


def test_missed_dates_are_all_held_when_today_is_none_of_them():
    decision = decide(
        ClientDue(TERMS, recurring=(replace(RECURRING, catch_up=CatchUp.NONE),)),
        replace(RUN, today=date(2026, 3, 3)),
    )
    assert decision.documents == ()
    assert decision.moves[0].next_invoice_on == date(2026, 4, 2)
    assert decision.moves[0].issued == 0


@pytest.mark.parametrize(
    ("template", "client", "call", "mailed"),
    [
        (None, True, True, True),
        (None, False, True, False),
        (True, False, True, True),
        (False, True, True, False),
        (True, True, False, False),
    ],
)
def test_who_decides_about_mail(template, client, call, mailed):
    recurring = replace(RECURRING, occurrence=3, send_email=template)
    terms = replace(TERMS, send_documents=client)
    decision = decide(ClientDue(terms, recurring=(recurring,)), replace(RUN, send_email=call))
    assert [d.send_email for d in decision.documents] == [mailed]


def test_credit_is_used_in_order_and_never_in_another_currency():
    items = (SERVICE, replace(SERVICE, billable_id=2, payment_method="paypal"))
    rich = replace(TERMS, credit=zar(1500))
    assert [str(d.credit) for d in decide(ClientDue(rich, items), RUN).documents] == [
        "10.00",
        "5.00",
    ]
    off = RunTerms(TODAY, load_settings({"NoAutoApplyCredit": "on"}, 1))
    assert [str(d.credit) for d in decide(ClientDue(rich, items), off).documents] == [
        "0.00",
        "0.00",
    ]
    abroad = replace(TERMS, credit=Money(1500, "USD"))
    decision = decide(ClientDue(abroad, recurring=(replace(RECURRING, occurrence=3),)), RUN)
    assert [str(d.credit) for d in decision.documents] == ["0.00"]

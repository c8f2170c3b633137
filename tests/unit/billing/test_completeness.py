"""Histories taken back, dates walked, sums of issued lines: the pure half of an audit."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.completeness import (
    Claimed,
    IssuedLine,
    Stretch,
    blocks,
    possible_totals,
    shown,
    walk,
)
from adapter.billing.due import TaxRates
from adapter.billing.history import Change, Timeline
from adapter.billing.model import Rounding
from adapter.billing.schedule import add_months

JANUARY = date(2026, 1, 5)


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def month(n: int) -> date:
    return add_months(JANUARY, n)


def claim(n: int, months: int = 1, **values) -> Claimed:
    facts: dict[str, Any] = {
        "document_id": n + 1,
        "claimed_at": at(1) + timedelta(days=30 * n),
        "run_id": None,
        "moved_from_on": None,
    }
    return Claimed(month(n), month(n + months), **(facts | values))


def monthly(on, _claim):
    yield add_months(on, 1)


# --- timelines -----------------------------------------------------------------------------------


def test_a_record_is_taken_back_change_by_change():
    timeline = Timeline(
        {"price": 3, "cycle": "Annually"},
        [
            Change(at(2), "created", None, None),
            Change(at(5), "price", 1, 2),
            Change(at(5), "cycle", "Monthly", "Annually"),
            Change(at(9), "price", 2, 3),
        ],
    )
    assert timeline.at(at(4)).values == {"price": 1, "cycle": "Monthly"}
    assert timeline.at(at(5)).values == {"price": 2, "cycle": "Annually"}
    assert timeline.at(at(30)).values == {"price": 3, "cycle": "Annually"}
    assert [state.values["price"] for state in timeline] == [3, 2, 1]
    assert timeline.now.values["price"] == 3


@pytest.mark.parametrize(
    ("begin", "end", "prices"),
    [(3, 4, [1]), (5, 5, [2, 1]), (4, 6, [1, 2]), (4, 9, [1, 2, 3]), (9, 20, [3, 2])],
)
def test_what_changed_while_a_run_went_on_may_have_been_seen_or_not(begin, end, prices):
    changes = [Change(at(5), "price", 1, 2), Change(at(9), "price", 2, 3)]
    found = Timeline({"price": 3}, changes).during(at(begin), at(end))
    assert [state.values["price"] for state in found] == prices


# --- walks ---------------------------------------------------------------------------------------


def test_every_date_before_the_open_one_must_be_claimed():
    claims = [claim(0), claim(1), claim(3)]
    found = walk([Stretch(month(0), month(4))], claims, (), monthly, month(0))
    assert (found.unclaimed, found.open_on, found.doubled) == ([month(2)], month(4), [])


def test_held_dates_are_passed():
    found = walk([Stretch(month(0), month(2))], [claim(1)], {month(0)}, monthly, month(0))
    assert found.unclaimed == []


def test_claims_beyond_the_open_date_are_followed():
    found = walk([Stretch(month(0), month(0))], [claim(0), claim(1)], (), monthly, month(0))
    assert (found.unclaimed, found.open_on) == ([], month(2))


def test_a_date_set_by_hand_begins_a_new_stretch():
    stretches = [
        Stretch(month(0), month(2), None, at(20)),
        Stretch(month(7), month(8), at(20)),
    ]
    claims = [claim(0, claimed_at=at(2)), claim(1, claimed_at=at(3))]
    found = walk(stretches, claims, (), monthly, month(0))
    assert (found.unclaimed, found.open_on) == ([month(7)], month(8))


def test_a_date_that_another_invoices_payment_moved_on_from_is_passed():
    stretches = [
        Stretch(month(0), month(0), None, at(20)),
        Stretch(month(7), month(8), at(20)),
    ]
    claims = [claim(0, claimed_at=at(2), moved_from_on=month(7))]
    assert walk(stretches, claims, (), monthly, month(0)).unclaimed == []


def test_a_step_that_the_calendar_cannot_give_is_not_followed():
    claims = [claim(0, months=2), claim(2)]
    found = walk([Stretch(month(0), month(3))], claims, (), monthly, month(0))
    assert found.unclaimed == [month(1)]


def test_a_claim_inside_a_claimed_period_is_doubled():
    inside = Claimed(month(0) + timedelta(days=3), month(1), 9, at(2), None, None)
    found = walk([Stretch(month(0), month(1))], [claim(0), inside], (), monthly, month(0))
    assert found.doubled == [inside]


def test_without_a_known_start_the_first_claim_is_the_start():
    claims = [claim(1), claim(3)]
    found = walk([Stretch(None, month(4))], claims, (), monthly, month(0))
    assert found.unclaimed == [month(2)]
    assert walk([Stretch(None, month(4))], [], (), monthly, month(0)).unclaimed == []


def test_of_several_steps_the_one_that_leads_on_is_taken():
    def either(on, _claim):
        yield add_months(on, 1)
        yield add_months(on, 3)

    found = walk([Stretch(month(0), month(6))], [claim(3, months=3)], (), either, month(0))
    assert found.unclaimed == [month(0)]
    found = walk([Stretch(month(0), month(2))], [claim(0, months=5)], (), either, month(0))
    assert found.unclaimed == [month(1)]


def test_a_calendar_that_stands_still_ends_the_walk():
    found = walk([Stretch(month(0), month(6))], [], (), lambda on, _: iter([on]), month(0))
    assert found.unclaimed == [month(0)]


# --- issued lines --------------------------------------------------------------------------------


def test_amounts_are_shown_with_two_places():
    assert [shown(each) for each in (0, -5, 1595)] == ["0.00", "-0.05", "15.95"]


def line(position, line_type, related_id, amount=100, **values) -> IssuedLine:
    facts = {"taxed": True} | values
    return IssuedLine(position + 1, 1, position, line_type, related_id, amount, **facts)


def test_discounts_belong_to_the_line_before_them():
    lines = [
        line(0, "Hosting", 1),
        line(1, "PromoHosting", 1),
        line(2, "Addon", 1),
        line(3, "GroupDiscount", 1),
        line(4, "", 0),
        line(5, "Domain", 2),
        line(6, "GroupDiscount", 7),
    ]
    found = [[each.position for each in block] for block in blocks(lines)]
    assert found == [[0, 1], [2, 3], [5]]
    assert list(blocks(lines[:2])) == [lines[:2]]


def test_the_second_tax_may_stand_on_the_first_or_beside_it():
    lines = [line(0, "Hosting", 1, 10000)]
    tax = TaxRates(Decimal(10), Decimal(10))
    both = possible_totals(lines, "ZAR", Rounding.SUM, tax, inclusive=False)
    assert [each.tax_2.hundredths for each in both] == [1000, 1100]
    one = TaxRates(Decimal(10))
    assert len(possible_totals(lines, "ZAR", Rounding.SUM, one, inclusive=False)) == 1


def test_positional_lines_are_summed_and_others_split_at_the_documents_rate():
    lines = [
        line(0, "Recurring", 1, 115, net=100, vat=15),
        line(1, "", 0, 200),
        line(2, "", 0, 50, taxed=False),
    ]
    tax = TaxRates(Decimal(15))
    (sums,) = possible_totals(lines, "ZAR", Rounding.LINE, tax, inclusive=False)
    assert (sums.subtotal.hundredths, sums.tax.hundredths) == (350, 45)

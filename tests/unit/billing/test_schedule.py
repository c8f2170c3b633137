"""The calendar. Expected dates were written by hand from a wall calendar."""

from datetime import date
from itertools import islice

import pytest

from adapter.billing.schedule import (
    Cycle,
    Frequency,
    ItemUnit,
    Step,
    add_months,
    advance,
    first_occurrence_from,
    occurrence_date,
    occurrences,
)


@pytest.mark.parametrize(
    ("frequency", "dates"),
    [
        ("daily", ["2024-01-31", "2024-02-01", "2024-02-02"]),
        ("weekly", ["2024-01-31", "2024-02-07", "2024-02-14"]),
        ("bi-weekly", ["2024-01-31", "2024-02-14", "2024-02-28"]),
        ("monthly", ["2024-01-31", "2024-02-29", "2024-03-31"]),
        ("bi-monthly", ["2024-01-31", "2024-03-31", "2024-05-31"]),
        ("quarterly", ["2024-01-31", "2024-04-30", "2024-07-31"]),
        ("semesterly", ["2024-01-31", "2024-07-31", "2025-01-31"]),
        ("annually", ["2024-01-31", "2025-01-31", "2026-01-31"]),
        ("bi-annually", ["2024-01-31", "2026-01-31", "2028-01-31"]),
    ],
)
def test_every_frequency_counts_from_the_start_and_clamps(frequency, dates):
    start = date(2024, 1, 31)
    expected = [date.fromisoformat(text) for text in dates]
    assert [occurrence_date(start, Frequency(frequency), n) for n in range(3)] == expected


def test_a_leap_day_comes_back_every_fourth_year():
    start = date(2024, 2, 29)
    years = [occurrence_date(start, Frequency.ANNUALLY, n) for n in range(5)]
    assert years == [
        date(2024, 2, 29),
        date(2025, 2, 28),
        date(2026, 2, 28),
        date(2027, 2, 28),
        date(2028, 2, 29),
    ]


def test_form_post_billables_step_from_their_current_value():
    assert advance(date(2025, 1, 31), Step(months=1)) == date(2025, 2, 28)
    assert advance(date(2025, 2, 28), Step(months=1)) == date(2025, 3, 28)
    assert advance(date(2025, 2, 28), Step(months=1), anchor_day=31) == date(2025, 3, 31)
    assert advance(date(2025, 3, 1), Step(days=7), -1) == date(2025, 2, 22)


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("Semi-Annually", Cycle.SEMI_ANNUALLY),
        ("semiannually", Cycle.SEMI_ANNUALLY),
        ("ONE TIME", Cycle.ONE_TIME),
        ("one-time", Cycle.ONE_TIME),
        ("onetime", Cycle.ONE_TIME),
        ("free", Cycle.FREE),
        ("Free Account", Cycle.FREE),
        ("fortnightly", None),
        ("", None),
    ],
)
def test_cycles_are_read_in_any_casing(text, cycle):
    assert Cycle.parse(text) is cycle


def test_cycles_have_steps_and_keys():
    months = {cycle: cycle.step.months for cycle in Cycle if cycle.step}
    assert list(months.values()) == [1, 3, 6, 12, 24, 36]
    assert Cycle.FREE.step is None
    assert Cycle.ONE_TIME.step is None
    assert Cycle.BIENNIALLY.price_key == "biennially"


@pytest.mark.parametrize(
    ("unit", "step"),
    [
        ("Days", Step(days=3)),
        ("Weeks", Step(days=21)),
        ("Months", Step(months=3)),
        ("Years", Step(months=36)),
    ],
)
def test_item_units(unit, step):
    assert ItemUnit(unit).step(3) == step


@pytest.mark.parametrize(
    ("on", "n"),
    [
        ("2024-01-31", 0),
        ("2023-01-01", 0),
        ("2024-02-01", 1),
        ("2024-02-29", 1),
        ("2024-03-01", 2),
    ],
)
def test_the_first_occurrence_on_or_after_a_day(on, n):
    start = date(2024, 1, 31)
    assert first_occurrence_from(start, Frequency.MONTHLY, date.fromisoformat(on)) == n


@pytest.mark.parametrize(("on", "n"), [("2024-01-08", 1), ("2024-01-09", 2), ("2024-01-15", 2)])
def test_the_first_weekly_occurrence_on_or_after_a_day(on, n):
    assert first_occurrence_from(date(2024, 1, 1), Frequency.WEEKLY, date.fromisoformat(on)) == n


def test_the_calendar_has_an_end():
    with pytest.raises(OverflowError):
        add_months(date(9999, 12, 1), 1)
    assert list(occurrences(date(9999, 11, 30), Frequency.MONTHLY)) == [
        (0, date(9999, 11, 30)),
        (1, date(9999, 12, 30)),
    ]
    firsts = list(islice(occurrences(date(2024, 1, 31), Frequency.MONTHLY, 2), 1))
    assert firsts == [(2, date(2024, 3, 31))]

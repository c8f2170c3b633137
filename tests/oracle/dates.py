"""Dates in closed form: day numbers from 1 March 0000, apart from any calendar of the product.

A date is a number of days, a month is a number of months; nothing here asks `datetime`, `calendar`
or a loop over years. Source of the rules: contracts/decisions.md, "Frequencies", "Month ends".
"""

from dataclasses import dataclass
from functools import cache

# `date(1, 1, 1)` is day 1 of the proleptic calendar and lies 306 days after 1 March 0000.
_DAYS_BEFORE_YEAR_1 = 305

# The documented words, as days or as months.
FREQUENCY_DAYS = {"daily": 1, "weekly": 7, "bi-weekly": 14}
FREQUENCY_MONTHS = {
    "monthly": 1,
    "bi-monthly": 2,
    "quarterly": 3,
    "semesterly": 6,
    "annually": 12,
    "bi-annually": 24,
}
CYCLE_MONTHS = {
    "Monthly": 1,
    "Quarterly": 3,
    "Semi-Annually": 6,
    "Annually": 12,
    "Biennially": 24,
    "Triennially": 36,
}
UNIT_DAYS = {"Days": 1, "Weeks": 7}
UNIT_MONTHS = {"Months": 1, "Years": 12}


@cache
def month_start(month: int) -> int:
    """Return the day number of the first of a month, counted in months from January 0000.

    Years begin in March here, so that the leap day ends one; the months of such a year then take
    (153 m + 2) / 5 days.
    """
    march_year, since_march = divmod(month - 2, 12)
    leap_days = march_year // 4 - march_year // 100 + march_year // 400
    days = 365 * march_year + leap_days + (153 * since_march + 2) // 5
    return days - _DAYS_BEFORE_YEAR_1


def month_length(month: int) -> int:
    """Return how many days a month has."""
    return month_start(month + 1) - month_start(month)


def day_number(year: int, month: int, day: int) -> int:
    """Return a date as days; 1 is 1 January 0001."""
    return month_start(12 * year + month - 1) + day - 1


@dataclass(frozen=True, slots=True)
class Anchor:
    """A date as a month number and a day of the month."""

    month: int
    day: int

    @property
    def number(self) -> int:
        """The date as days."""
        return month_start(self.month) + self.day - 1


def occurrences(start: Anchor, frequency: str, count: int) -> list[int]:
    """Return the first `count` occurrences from a start date, as day numbers."""
    if frequency in FREQUENCY_DAYS:
        step = FREQUENCY_DAYS[frequency]
        return [start.number + step * n for n in range(count)]
    return anchored(start, FREQUENCY_MONTHS[frequency], count, start.day)


def anchored(start: Anchor, months: int, count: int, anchor_day: int) -> list[int]:
    """Return `count` dates a step of months apart that always go back to `anchor_day`.

    The first is the start itself, wherever it lies in its month.
    """
    later = range(start.month + months, start.month + months * count, months)
    clamped = [min(month_start(m) + anchor_day, month_start(m + 1)) - 1 for m in later]
    return [start.number, *clamped]


def stepped(start: Anchor, months: int, count: int) -> list[int]:
    """Return `count` dates a step of months apart, each from the one before.

    A day that a short month took is gone for good: the day of each is the smallest month's so far.
    """
    day, numbers = start.day, []
    for month in range(start.month, start.month + months * count, months):
        day = min(day, month_length(month))
        numbers.append(month_start(month) + day - 1)
    return numbers

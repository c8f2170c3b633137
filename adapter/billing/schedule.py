"""The one calendar: frequencies, billing cycles, and the dates they give."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

_SHORTEST_MONTH = 28


@dataclass(frozen=True, slots=True)
class Step:
    """A calendar step of whole days or whole months, never both."""

    days: int = 0
    months: int = 0


class Frequency(StrEnum):
    """How often a recurring invoice is issued; values are the documented words.

    "bi-" always means "every two". Source: contracts/decisions.md, "Frequencies".
    """

    DAILY = "daily"
    WEEKLY = "weekly"
    BI_WEEKLY = "bi-weekly"
    MONTHLY = "monthly"
    BI_MONTHLY = "bi-monthly"
    QUARTERLY = "quarterly"
    SEMESTERLY = "semesterly"
    ANNUALLY = "annually"
    BI_ANNUALLY = "bi-annually"

    @property
    def step(self) -> Step:
        """The distance between two occurrences."""
        return _FREQUENCY_STEPS[self]


_FREQUENCY_STEPS = {
    Frequency.DAILY: Step(days=1),
    Frequency.WEEKLY: Step(days=7),
    Frequency.BI_WEEKLY: Step(days=14),
    Frequency.MONTHLY: Step(months=1),
    Frequency.BI_MONTHLY: Step(months=2),
    Frequency.QUARTERLY: Step(months=3),
    Frequency.SEMESTERLY: Step(months=6),
    Frequency.ANNUALLY: Step(months=12),
    Frequency.BI_ANNUALLY: Step(months=24),
}


class Cycle(StrEnum):
    """A billing cycle of the form-post API; values are its display spellings."""

    FREE = "Free Account"
    ONE_TIME = "One Time"
    MONTHLY = "Monthly"
    QUARTERLY = "Quarterly"
    SEMI_ANNUALLY = "Semi-Annually"
    ANNUALLY = "Annually"
    BIENNIALLY = "Biennially"
    TRIENNIALLY = "Triennially"

    @property
    def step(self) -> Step | None:
        """The distance between two due dates; None when the cycle never renews."""
        months = _CYCLE_MONTHS.get(self)
        return None if months is None else Step(months=months)

    @property
    def price_key(self) -> str:
        """The cycle's key in price lists and order parameters (`monthly`, `semiannually`)."""
        return _CYCLE_KEYS[self]

    @classmethod
    def parse(cls, text: str) -> "Cycle | None":
        """Return the cycle meant by `text` in any casing, blanks and hyphens ignored, or None."""
        return _CYCLES_BY_KEY.get("".join(text.lower().replace("-", " ").split()))


_CYCLE_MONTHS = {
    Cycle.MONTHLY: 1,
    Cycle.QUARTERLY: 3,
    Cycle.SEMI_ANNUALLY: 6,
    Cycle.ANNUALLY: 12,
    Cycle.BIENNIALLY: 24,
    Cycle.TRIENNIALLY: 36,
}
_CYCLE_KEYS = {
    Cycle.FREE: "free",
    Cycle.ONE_TIME: "onetime",
    Cycle.MONTHLY: "monthly",
    Cycle.QUARTERLY: "quarterly",
    Cycle.SEMI_ANNUALLY: "semiannually",
    Cycle.ANNUALLY: "annually",
    Cycle.BIENNIALLY: "biennially",
    Cycle.TRIENNIALLY: "triennially",
}
_CYCLES_BY_KEY = {key: cycle for cycle, key in _CYCLE_KEYS.items()} | {"freeaccount": Cycle.FREE}


class ItemUnit(StrEnum):
    """The unit in which a recurring billable item repeats."""

    DAYS = "Days"
    WEEKS = "Weeks"
    MONTHS = "Months"
    YEARS = "Years"

    def step(self, count: int) -> Step:
        """Return the step of `count` units."""
        match self:
            case ItemUnit.DAYS:
                return Step(days=count)
            case ItemUnit.WEEKS:
                return Step(days=7 * count)
            case ItemUnit.MONTHS:
                return Step(months=count)
            case _:
                return Step(months=12 * count)


def add_months(start_on: date, months: int, anchor_day: int | None = None) -> date:
    """Return the date `months` later (or earlier), clamped to the month's last day.

    `anchor_day` (1 to 31) restores the day that an earlier clamp took; None keeps the day of
    `start_on`. Raises `OverflowError` outside the years 1 to 9999.
    """
    year, month0 = divmod(start_on.year * 12 + start_on.month - 1 + months, 12)
    if not date.min.year <= year <= date.max.year:
        raise OverflowError("date out of range")
    day = start_on.day if anchor_day is None else anchor_day
    if day > _SHORTEST_MONTH:
        day = min(day, calendar.monthrange(year, month0 + 1)[1])
    return date(year, month0 + 1, day)


def advance(current_on: date, step: Step, times: int = 1, anchor_day: int | None = None) -> date:
    """Return `current_on` moved by `times` steps (negative: back), from its current value.

    Form-post billables step this way, so 31 Jan becomes 28 Feb and then 28 Mar, unless
    `anchor_day` restores the day. Source: contracts/decisions.md, "Month ends".
    """
    if step.months:
        return add_months(current_on, step.months * times, anchor_day)
    return current_on + timedelta(days=step.days * times)


def occurrence_date(start_on: date, frequency: Frequency, n: int) -> date:
    """Return the date of occurrence `n` (0 is `start_on`), counted from `start_on`.

    Months clamp to their last day. Source: contracts/decisions.md, "Month ends".
    """
    return _occurrence(start_on, frequency, n)


@lru_cache(maxsize=4096)
def _occurrence(start_on: date, frequency: Frequency, n: int) -> date:
    """Do what `occurrence_date` does; the schedules of a run share few dates."""
    return advance(start_on, frequency.step, n)


def first_occurrence_from(start_on: date, frequency: Frequency, on: date) -> int:
    """Return the smallest n >= 0 whose occurrence is `on` or later."""
    if on <= start_on:
        return 0
    step = frequency.step
    if step.days:
        return -(-(on - start_on).days // step.days)
    months = (on.year - start_on.year) * 12 + on.month - start_on.month
    n = max(0, months // step.months)
    while occurrence_date(start_on, frequency, n) < on:
        n += 1
    return n


def occurrences(
    start_on: date, frequency: Frequency, first: int = 0
) -> Iterator[tuple[int, date]]:
    """Yield (n, date) from occurrence `first` on, without end until the calendar ends."""
    n = first
    while True:
        try:
            yield n, occurrence_date(start_on, frequency, n)
        except OverflowError:
            return
        n += 1

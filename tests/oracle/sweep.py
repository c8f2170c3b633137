"""Compare `adapter.billing.schedule` with the oracle, on all processors.

`python -m tests.oracle.sweep 2023 2028 480 [29]`: first and last year of the anchor days,
occurrences, and on which anchor days look-ups and single steps are compared as well (all of them,
else one in so many).
Prints one JSON object: how many dates were compared, the first differences, and the process's
offset from UTC in summer and winter, which proves that its TZ was in force.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import accumulate, islice, repeat

from adapter.billing.schedule import (
    Cycle,
    Frequency,
    ItemUnit,
    Step,
    advance,
    first_occurrence_from,
    occurrence_date,
)
from tests.oracle import dates

DOMAIN_YEARS = range(1, 11)
ITEM_COUNTS = (1, 2, 5, 13)
SHORTEST_MONTH = 28
# Seconds since 1970, in 2026.
JANUARY, JULY = 1_768_000_000, 1_784_000_000
_SHOWN = 5


@dataclass(slots=True)
class Tally:
    """What was compared, and the first differences in words."""

    compared: int = 0
    differences: list[str] = field(default_factory=list)

    def check(self, what: str, start: date, found: list[int], expected: list[int]) -> None:
        """Compare a list with the oracle's."""
        self.compared += len(expected)
        if found == expected or len(self.differences) >= _SHOWN:
            return
        n = next(
            (i for i, pair in enumerate(zip(found, expected, strict=False)) if pair[0] != pair[1]),
            -1,
        )
        self.differences.append(f"{what} from {start}, number {n}: {found[n]}, not {expected[n]}")

    def add(self, other: "Tally") -> None:
        """Take in what another process compared."""
        self.compared += other.compared
        self.differences = [*self.differences, *other.differences][:_SHOWN]


def days_of(year: int) -> Iterator[date]:
    """Yield every day of a year."""
    first = date(year, 1, 1).toordinal()
    yield from map(date.fromordinal, range(first, date(year + 1, 1, 1).toordinal()))


def chain(start: date, step: Step, count: int, anchor_day: int | None) -> list[int]:
    """Return `count` dates as the engine steps them, each from the one before."""

    def following(on: date, _: None) -> date:
        return advance(on, step, anchor_day=anchor_day)

    steps = repeat(None, count - 1)
    return [on.toordinal() for on in accumulate(steps, following, initial=start)]


def compare_numbers(tally: Tally, start: date, count: int) -> None:
    """Compare `count` occurrences of every frequency by number."""
    at = dates.Anchor(12 * start.year + start.month - 1, start.day)
    for frequency in Frequency:
        expected = dates.occurrences(at, frequency.value, count + 1)
        by_number = [occurrence_date(start, frequency, n) for n in range(count + 1)]
        tally.check(frequency, start, [on.toordinal() for on in by_number], expected)


def compare_ways(tally: Tally, start: date, count: int) -> None:
    """Compare `count` occurrences of every frequency by steps and by look-up."""
    at = dates.Anchor(12 * start.year + start.month - 1, start.day)
    for frequency in Frequency:
        expected = dates.occurrences(at, frequency.value, count + 1)
        # Occurrence n is the first from the day after n - 1 on; from its own day on in turn.
        lookups = [
            first_occurrence_from(
                start, frequency, date.fromordinal(expected[n] if n % 2 else expected[n - 1] + 1)
            )
            for n in range(1, count + 1)
        ]
        tally.check(f"first {frequency}", start, lookups, list(range(1, count + 1)))
        _compare_steps(tally, frequency, start, frequency.step, count)


def compare_form_post(tally: Tally, start: date, count: int) -> None:
    """Compare `count` steps of every cycle, of domains' years and of items' units."""
    for cycle, months in dates.CYCLE_MONTHS.items():
        step = Cycle(cycle).step or Step()
        tally.check(f"months of {cycle}", start, [step.months], [months])
        _compare_steps(tally, cycle, start, step, count)
    for years in DOMAIN_YEARS:
        _compare_steps(tally, f"{years} years", start, Step(months=12 * years), count)
    for unit in ItemUnit:
        for every in ITEM_COUNTS:
            step = unit.step(every)
            found = [step.days, step.months]
            one_days, one_months = (u.get(unit, 0) for u in (dates.UNIT_DAYS, dates.UNIT_MONTHS))
            expected = [every * one_days, every * one_months]
            tally.check(f"{every} {unit}", start, found, expected)
            _compare_steps(tally, f"{every} {unit}", start, step, count)


def _compare_steps(tally: Tally, name: str, start: date, step: Step, count: int) -> None:
    """Compare steps without an anchor, and with one where it makes a difference.

    That is the start's own day where a month may be too short for it, else the 31st now and then.
    """
    at = dates.Anchor(12 * start.year + start.month - 1, start.day)
    free = [at.number + step.days * n for n in range(count)]
    if step.months:
        free = dates.stepped(at, step.months, count)
    tally.check(f"steps of {name}", start, chain(start, step, count, None), free)
    if start.day <= SHORTEST_MONTH and start.toordinal() % 9:
        return
    anchor_day = start.day if start.day > SHORTEST_MONTH else 31
    expected = dates.anchored(at, step.months, count, anchor_day) if step.months else free
    found = chain(start, step, count, anchor_day)
    tally.check(f"anchored steps of {name}", start, found, expected)


def compare_frequencies(tally: Tally, start: date, count: int) -> None:
    """Compare `count` occurrences of every frequency in every way."""
    compare_numbers(tally, start, count)
    compare_ways(tally, start, count)


def compare_year(
    compare: Callable[[Tally, date, int], None], count: int, every: int, year: int
) -> Tally:
    """Compare anchor days of a year, one in `every`."""
    return compare_days(compare, islice(days_of(year), 0, None, every), count)


def compare_days(
    compare: Callable[[Tally, date, int], None], starts: Iterable[date], count: int
) -> Tally:
    """Compare these anchor days."""
    tally = Tally()
    for start in starts:
        compare(tally, start, count)
    return tally


def main(first_year: int, last_year: int, count: int, every: int = 1) -> None:
    """Compare all anchor days of some years on every processor."""
    years = range(first_year, last_year + 1)
    whole = Tally()
    parts = (
        partial(compare_year, compare_numbers, count, 1),
        partial(compare_year, compare_ways, count, every),
        # Long cycles of many steps would leave the calendar.
        partial(compare_year, compare_form_post, min(count, 48), every),
    )
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as processes:
        for part in parts:
            for tally in processes.map(part, years):
                whole.add(tally)
    offsets = [time.localtime(moment).tm_gmtoff for moment in (JANUARY, JULY)]
    json.dump(
        {"compared": whole.compared, "differences": whole.differences, "offsets": offsets},
        sys.stdout,
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))

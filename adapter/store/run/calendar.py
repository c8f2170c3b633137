"""The calendar as a table, so that SQL can join it: filled from `billing.schedule`, nowhere else.

A row says when the period that begins on `due_on` ends. Where there is no row the period is
decided in Python; the table is a quicker way to the same date, never another calendar.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.schedule import Cycle, Step, add_months, advance
from adapter.billing.settings import BusinessSettings
from adapter.errors import StoreUnavailable
from adapter.store import tables
from adapter.store.once import insert_unless_there
from adapter.store.unit_of_work import Store, UnitOfWork

_CYCLES: Final = {cycle.step.months for cycle in Cycle if cycle.step is not None}
_DOMAINS: Final = {12 * years for years in range(1, 11)}
MONTHS: Final = tuple(sorted(_CYCLES | _DOMAINS))
# A due date that a month's end moved is brought back to one of these days; 0 keeps its own.
ANCHORED: Final = (0, 29, 30, 31)
_FURTHEST_DAYS: Final = 400
_CALENDAR = tables.calendar


def fill(store: Store, today: date, months: int) -> None:
    """See that the calendar holds the due dates that a run on this day meets most.

    `months` back, and as far ahead as periods are invoiced. What lies outside takes the Python
    path, and so does everything where another caller is filling it just now.
    """
    current = store.cached()
    if current is None:
        _fill(store, today, months)
    else:
        # No day is ever taken out again, so one look a day is enough.
        key = ("calendar", current.settings.settings_version, today, months)
        store.kept(key, lambda: _fill(store, today, months))


def _fill(store: Store, today: date, months: int) -> bool | None:
    """Return True once everything is there, None while it is not."""
    with store.read() as uow:
        missing = list(_missing(uow, _wanted(uow.settings, today, months)))
    if not missing:
        return True
    try:
        with store.write() as uow:
            # Two callers fill the same days at once.
            fill = insert_unless_there(uow.connection.dialect.name, _CALENDAR.c.due_on)
            uow.execute(fill, _rows(missing, _anchors(uow.settings)))
    except StoreUnavailable:
        return None
    return True


def _anchors(settings: BusinessSettings) -> tuple[int, ...]:
    return ANCHORED if settings.anchor_month_ends else ANCHORED[:1]


def _wanted(settings: BusinessSettings, today: date, months: int) -> tuple[date, date]:
    ahead = max(
        settings.days_in_advance, settings.days_for_domains, *map(settings.days_for, Cycle)
    )
    first = add_months(today, -months)
    return first, today + timedelta(days=min(ahead, _FURTHEST_DAYS))


def _missing(uow: UnitOfWork, wanted: tuple[date, date]) -> Iterator[date]:
    """Yield the days to add: a whole month more than wanted, so that it is seldom done."""
    first, last = wanted
    present = sa.select(_CALENDAR.c.due_on).where(
        _CALENDAR.c.months == MONTHS[0],
        _CALENDAR.c.anchor_day == _anchors(uow.settings)[-1],
        _CALENDAR.c.due_on >= first,
        _CALENDAR.c.due_on <= last + timedelta(days=31),
    )
    known = set(uow.execute(present).scalars())
    needed = {first + timedelta(days=n) for n in range((last - first).days + 1)}
    if needed <= known:
        return
    spare = (last + timedelta(days=n) for n in range(1, 32))
    yield from sorted(needed.union(spare) - known)


def _rows(days: list[date], anchors: tuple[int, ...]) -> list[dict[str, Any]]:
    rows = []
    for due_on in days:
        for months in MONTHS:
            for anchor_day in anchors:
                next_on = advance(due_on, Step(months=months), anchor_day=anchor_day or None)
                rows.append(
                    {
                        "months": months,
                        "anchor_day": anchor_day,
                        "due_on": due_on,
                        "next_on": next_on,
                        "period_end": next_on - timedelta(days=1),
                    }
                )
    return rows

"""What all processes know of a backend elsewhere: whether it is asked, and how often it was."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.unit_of_work import Store, UnitOfWork

T = TypeVar("T")
_B = tables.breakers.c
_COUNTED = tables.call_counts.c


@dataclass(frozen=True, slots=True)
class BreakerRow:
    """A backend's breaker; `opened_at` is real time, None while it never was open."""

    state: str
    failures: int = 0
    opened_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """The calls within one window of a limit, which ends at `expires_at`."""

    count: int
    expires_at: datetime


def read_breaker(store: Store, backend: str) -> BreakerRow | None:
    """Return a backend's breaker, None before it ever failed."""
    query = sa.select(_B.state, _B.failures, _B.opened_at).where(_B.backend == backend)
    with store.read() as uow:
        found = uow.execute(query).first()
    return None if found is None else BreakerRow(*tuple(found))


def change_breaker(store: Store, backend: str, row: BreakerRow) -> None:
    """Store what a backend's breaker is now."""
    values = asdict(row)
    _update(store, backend, values, values)


def count_failure(store: Store, backend: str, first: BreakerRow) -> None:
    """Count one more failure in a row; `first` is the row of the first one.

    Whoever counts at the same moment is counted too.
    """
    _update(store, backend, {"failures": _B.failures + 1}, asdict(first))


def _update(
    store: Store, backend: str, changes: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    def work(uow: UnitOfWork) -> None:
        row = sa.update(tables.breakers).where(_B.backend == backend)
        if not uow.execute(row.values(changes)).rowcount:
            uow.execute(sa.insert(tables.breakers).values({**new, "backend": backend}))

    _written(store, work)


def read_count(store: Store, name: str) -> Counted | None:
    """Return the present count of a limit, None before its first call."""
    query = sa.select(_COUNTED.count, _COUNTED.expires_at).where(_COUNTED.name == name)
    with store.read() as uow:
        found = uow.execute(query).first()
    return None if found is None else Counted(*tuple(found))


def count_calls(store: Store, name: str, now: datetime, seconds: float, calls: int) -> Counted:
    """Count calls in the present window of a limit, or begin a new one of so many seconds."""

    def work(uow: UnitOfWork) -> Counted:
        found = uow.execute(
            sa.select(_COUNTED.count, _COUNTED.expires_at)
            .where(_COUNTED.name == name)
            .with_for_update()
        ).first()
        if found is not None and found.expires_at > now:
            counted = Counted(found[0] + calls, found.expires_at)
        else:
            counted = Counted(calls, now + timedelta(seconds=seconds))
        values = {"count": counted.count, "expires_at": counted.expires_at}
        uow.execute(
            sa.insert(tables.call_counts).values(name=name, **values)
            if found is None
            else sa.update(tables.call_counts).where(_COUNTED.name == name).values(values)
        )
        return counted

    return _written(store, work)


def forget_count(store: Store, name: str | None = None) -> None:
    """Begin anew to count for a limit, or for all."""
    statement = sa.delete(tables.call_counts)
    if name is not None:
        statement = statement.where(_COUNTED.name == name)
    store.write_shared(lambda uow: uow.execute(statement).close())


def forget_expired(store: Store, prefix: str, now: datetime) -> None:
    """Drop the counts of these limits whose windows have ended."""
    statement = sa.delete(tables.call_counts).where(
        _COUNTED.name.startswith(prefix, autoescape=True), _COUNTED.expires_at <= now
    )
    store.write_shared(lambda uow: uow.execute(statement).close())


def _written(store: Store, work: Callable[[UnitOfWork], T]) -> T:
    """Return what `work` answers; where another one has just made the row, it works on that."""
    try:
        return store.write_shared(work)
    except sa.exc.IntegrityError:
        return store.write_shared(work)

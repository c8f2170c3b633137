"""An error between two rows must not keep a connection of SQLite in the past."""

from collections.abc import Iterator
from typing import NoReturn

import pytest
import sqlalchemy as sa

from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store, UnitOfWork

COUNTERS = ("one", "two", "three")


class Unreadable(Exception):
    pass


@pytest.fixture
def other(store: Store) -> Iterator[Store]:
    """Another process's view of the same file, which writes meanwhile."""
    other = Store(StoreConfig(store.config.url, write_wait_seconds=1.0))
    with other.write() as uow:
        for name in COUNTERS:
            uow.insert(tables.counters, name=name, next_value=1)
    yield other
    other.close()


@pytest.fixture
def alone(store: Store) -> Iterator[Store]:
    """A store with one connection, so that the next caller gets the one that had the error."""
    alone = Store(StoreConfig(store.config.url, write_wait_seconds=1.0, pool_size=1))
    yield alone
    alone.close()


def _stop_at_a_row(uow: UnitOfWork) -> NoReturn:
    rows = uow.execute(sa.select(tables.counters))
    for row in rows:
        raise Unreadable(row.name)
    pytest.fail("there are rows")


def _value(store: Store, name: str) -> int:
    counter = tables.counters.c
    query = sa.select(counter.next_value).where(counter.name == name)
    with store.read() as uow:
        return int(uow.execute(query).scalar_one())


def _goes_on(alone: Store, other: Store) -> None:
    with other.write() as uow:
        uow.take("one", 5)
    assert _value(alone, "one") == 6
    with alone.write() as uow:
        assert uow.take("one") == 6
    assert _value(other, "one") == 7


# The error keeps its frames, and with them the rows that were left.
def test_a_read_that_fails_between_rows_leaves_no_snapshot(alone: Store, other: Store) -> None:
    with pytest.raises(Unreadable) as kept, alone.read() as uow:
        _stop_at_a_row(uow)
    _goes_on(alone, other)
    assert kept.value


def test_a_write_that_fails_between_rows_leaves_no_snapshot(alone: Store, other: Store) -> None:
    with pytest.raises(Unreadable) as kept, alone.write() as uow:
        _stop_at_a_row(uow)
    _goes_on(alone, other)
    assert kept.value


def test_a_shared_write_that_fails_between_rows_leaves_no_snapshot(
    alone: Store, other: Store
) -> None:
    with pytest.raises(Unreadable) as kept:
        alone.write_shared(_stop_at_a_row)
    _goes_on(alone, other)
    assert kept.value

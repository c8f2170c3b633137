"""Shared fixtures: a store, on a SQLite file unless told otherwise, and contexts on a fixed clock.

`store` holds what `ensure_defaults` makes (currency 1 ZAR, product group 1, `banktransfer`);
`empty_store` has tables only. `context` makes contexts: `context()`,
`context(today=date(2026, 4, 1))`.
"""

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.store.config import StoreConfig
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store
from tests.databases import Databases, new_sqlite

TODAY = date(2026, 3, 2)

ACCOUNT = Account("main", Mode.SANDBOX, ZoneInfo("Africa/Johannesburg"), "1")


@pytest.fixture
def context() -> Callable[..., Context]:
    """Return a factory of contexts; each has a request id and reference of its own."""
    serial = itertools.count(1)

    def make(
        today: date = TODAY,
        *,
        now: datetime | None = None,
        credential: str = "tests",
        dry_run: bool = False,
    ) -> Context:
        number = next(serial)
        return Context(
            caller=Caller(ACCOUNT, credential, "127.0.0.1"),
            today=today,
            now=now or datetime.combine(today, time(8), UTC),
            request_id=f"request-{number}",
            reference=f"reference-{number}",
            elapsed=lambda: 0.0,
            dry_run=dry_run,
        )

    return make


@pytest.fixture
def engine() -> str:
    """Return the database engine that a test's store is on; the store's own tests name all."""
    return "sqlite"


@pytest.fixture
def database_url(engine: str, tmp_path: Path, databases: Databases) -> str:
    """Return the URL of a database with the tables and not one row."""
    if engine != "sqlite":
        return databases.url(engine)
    return new_sqlite(tmp_path)


@pytest.fixture
def empty_store(database_url: str) -> Iterator[Store]:
    """Return a store that has its tables and not one row."""
    store = Store(StoreConfig(database_url))
    yield store
    store.close()


@pytest.fixture
def store(empty_store: Store) -> Store:
    """Return a store with the defaults of a new installation."""
    with empty_store.write() as uow:
        ensure_defaults(uow, datetime(2026, 1, 1, tzinfo=UTC))
    return empty_store

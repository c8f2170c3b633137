"""Databases for tests: a SQLite file each, or one on a real server that is emptied for each test.

Where the servers are is told by `ADAPTER_TEST_POSTGRESQL` and `ADAPTER_TEST_MARIADB`, as URLs of
a user who may make databases; without them loopback is tried. Tests on a server that cannot be
reached are skipped by name. Databases get names of their own and are dropped at the end.

`python -m tests.databases` ends with an error unless every server can be reached.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from adapter.store import migrate, servers, tables
from adapter.store.config import StoreConfig
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store

SERVERS = {
    "postgresql": ("ADAPTER_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ADAPTER_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/mysql"),
}
_START = {
    "postgresql": "pg_ctlcluster 15 main start",
    "mariadb": "service mariadb start",
}
ON_A_SERVER = [pytest.mark.db, pytest.mark.enable_socket]
# What a test needs a store for, on every engine: `params` of a fixture.
EVERY_ENGINE = ["sqlite", *(pytest.param(name, marks=ON_A_SERVER) for name in SERVERS)]
EVERY_SERVER = [pytest.param(name, marks=ON_A_SERVER) for name in SERVERS]


def new_sqlite(folder: Path) -> str:
    """Make a SQLite file in which there are the tables and not one row; return its URL."""
    file = folder / "adapter.db"
    file.write_bytes(_tables_only())
    return f"sqlite:///{file}"


@contextmanager
def new_store(folder: Path) -> Iterator[Store]:
    """Yield a store on a SQLite file of its own, with the tables and not one row."""
    file = folder / f"{uuid.uuid4().hex}.db"
    file.write_bytes(_tables_only())
    store = Store(StoreConfig(f"sqlite:///{file}"))
    try:
        yield store
    finally:
        store.close()


@cache
def _tables_only() -> bytes:
    """Return that file: making it takes thirty times as long as writing it again."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "adapter.db")
        store = Store(StoreConfig(f"sqlite:///{file}"))
        tables.metadata.create_all(store.engine)
        store.close()
        return file.read_bytes()


@cache
def upgraded_sqlite() -> bytes:
    """Return a SQLite file as `adapter db upgrade` leaves it where there was none."""
    with TemporaryDirectory() as folder:
        file = Path(folder, "adapter.db")
        store = Store(StoreConfig(f"sqlite:///{file}"))
        migrate.upgrade(store)
        with store.write() as uow:
            ensure_defaults(uow, datetime(2026, 1, 1, tzinfo=UTC))
        store.close()
        return file.read_bytes()


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """Make an empty database on a server, yield its URL, and drop it; skips without a server."""
    variable, usual = SERVERS[server]
    url = sa.make_url(os.environ.get(variable, usual))
    name = f"adapter_test_{uuid.uuid4().hex[:12]}"
    admin = servers.create_engine(StoreConfig(url.render_as_string(hide_password=False)))
    try:
        try:
            with _outside_transactions(admin) as connection:
                connection.exec_driver_sql(f"CREATE DATABASE {name}")
        except sa.exc.OperationalError as error:
            pytest.skip(
                f"{server} cannot be reached at {url.host}:{url.port} ({error.orig}): start it "
                f"({_START[server]}) or name another one in {variable}"
            )
        if server == "postgresql":
            # A test's database need not survive a power cut.
            with _outside_transactions(admin) as connection:
                connection.exec_driver_sql(f"ALTER DATABASE {name} SET synchronous_commit = off")
        try:
            yield url.set(database=name).render_as_string(hide_password=False)
        finally:
            force = " WITH (FORCE)" if server == "postgresql" else ""
            with _outside_transactions(admin) as connection:
                connection.exec_driver_sql(f"DROP DATABASE {name}{force}")
    finally:
        admin.dispose()


class Databases:
    """One database per server, with its tables, emptied whenever a test asks for it."""

    def __init__(self) -> None:
        self._kept = ExitStack()
        self._stores: dict[str, Store] = {}

    def url(self, server: str) -> str:
        """Return the URL of the server's database, in which there is not one row now."""
        store = self._stores.get(server)
        if store is None:
            store = Store(StoreConfig(self._kept.enter_context(new_database(server)), pool_size=1))
            self._kept.callback(store.close)
            migrate.upgrade(store)
            self._stores[server] = store
        with store.engine.begin() as connection:
            _empty(connection)
        return store.config.url

    def drop(self) -> None:
        """Drop every database that was made."""
        self._kept.close()


def _empty(connection: Connection) -> None:
    """Empty the tables that have rows, or had; their ids begin at 1 again."""
    probes: sa.CompoundSelect[Any] = sa.union_all(
        *(
            sa.select(sa.literal_column(f"'{table.name}'").label("name")).where(
                sa.exists().select_from(table)
            )
            for table in tables.metadata.sorted_tables
        )
    )
    used = set(connection.execute(probes).scalars())
    if connection.dialect.name == "postgresql":
        if used:
            connection.exec_driver_sql(f"TRUNCATE {', '.join(sorted(used))}")
        connection.exec_driver_sql(
            "SELECT setval(format('%%I', sequencename)::regclass, 1, false) "
            "FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        return
    for name in sorted(used):
        connection.execute(tables.metadata.tables[name].delete())
    counted = connection.exec_driver_sql(
        "SELECT table_name FROM information_schema.tables "
        "WHERE table_schema = DATABASE() AND auto_increment > 1"
    )
    for name in counted.scalars().all():
        connection.exec_driver_sql(f"ALTER TABLE {name} AUTO_INCREMENT = 1")


@contextmanager
def _outside_transactions(engine: sa.Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _main() -> int:
    unreachable = 0
    for server in SERVERS:
        try:
            with new_database(server):
                pass
        except pytest.skip.Exception as reason:
            sys.stderr.write(f"{reason.msg}\n")
            unreachable += 1
    return 1 if unreachable else 0


if __name__ == "__main__":
    sys.exit(_main())

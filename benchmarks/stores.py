"""Stores to measure on: filled once, copied for every run, dropped at the end; on every engine.

Where the servers are is told by `ADAPTER_TEST_POSTGRESQL` and `ADAPTER_TEST_MARIADB`, as for the
tests; without them loopback is tried. Everything made here is dropped when the block is left.
"""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import sqlalchemy as sa
from gateway import on_store

from adapter.assemble import Workplace, open_workplace
from adapter.settings import load_settings
from adapter.store import migrate, servers, tables
from adapter.store.config import StoreConfig
from adapter.store.generate_data import DataKind, Plan, generate_data

_SERVERS = {
    "postgresql": ("ADAPTER_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mariadb": ("ADAPTER_TEST_MARIADB", "mariadb://root@127.0.0.1:3306/mysql"),
}
ENGINES = ("sqlite", *_SERVERS)


class Stores:
    """The databases of one script on one engine."""

    def __init__(self, engine: str, folder: Path) -> None:
        self.engine = engine
        self._folder = folder
        self._made: list[str] = []
        self._admin: sa.Engine | None = None
        if engine != "sqlite":
            variable, usual = _SERVERS[engine]
            self._url = sa.make_url(os.environ.get(variable, usual))
            config = StoreConfig(self._url.render_as_string(hide_password=False))
            self._admin = servers.create_engine(config, patient=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for url in list(self._made):
            self.drop(url)
        if self._admin is not None:
            self._admin.dispose()

    def filled(self, kind: DataKind, schedules: int, *, due: int, clients: int) -> str:
        """Return the URL of a new store with generated schedules, `due` of them due today."""
        url = self._new(create=True)
        with workplace(url) as place:
            migrate.upgrade(place.store)
            add_schedules(place, kind, schedules, due=due, clients=clients)
        return url

    def empty(self) -> str:
        """Return the URL of a database without tables; on SQLite of a file not yet there."""
        return self._new(create=True)

    def copy(self, url: str) -> str:
        """Return the URL of a copy of a store that nobody has open."""
        other = self._new(create=self.engine == "mariadb")
        source, target = (sa.make_url(each).database or "" for each in (url, other))
        match self.engine:
            case "sqlite":
                with sqlite3.connect(source) as connection:
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.close()
                shutil.copyfile(source, target)
                with Path(target).open("rb") as file:
                    os.fsync(file.fileno())  # or the first commit of the copy pays for it
            case "postgresql":
                self._run(f"CREATE DATABASE {target} TEMPLATE {source}")
                self._run("CHECKPOINT")
            case _:
                for (table,) in self._run(f"SHOW TABLES FROM {source}"):
                    self._run(f"CREATE TABLE {target}.{table} LIKE {source}.{table}")
                    self._run(f"INSERT INTO {target}.{table} SELECT * FROM {source}.{table}")
        return other

    def stage(self, finished: str, url: str, table: str) -> None:
        """Put the rows that a table of `finished` has into `ref_<table>` of the store `url`."""
        source, target = (sa.make_url(each).database or "" for each in (finished, url))
        match self.engine:
            case "sqlite":
                with sqlite3.connect(target) as connection:
                    connection.execute("ATTACH ? AS finished", (source,))
                    connection.execute(
                        f"CREATE TABLE ref_{table} AS SELECT * FROM finished.{table}"
                    )
                connection.close()
            case "postgresql":
                _copy_over(finished, url, table)
            case _:
                self._run(f"CREATE TABLE {target}.ref_{table} AS SELECT * FROM {source}.{table}")

    def drop(self, url: str) -> None:
        """Drop a store."""
        self._made.remove(url)
        name = sa.make_url(url).database or ""
        match self.engine:
            case "sqlite":
                for suffix in ("", "-wal", "-shm", ".lock"):
                    Path(name + suffix).unlink(missing_ok=True)
            case "postgresql":
                self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            case _:
                self._run(f"DROP DATABASE IF EXISTS {name}")

    def _new(self, *, create: bool) -> str:
        name = f"adapter_bench_{uuid.uuid4().hex[:12]}"
        if self.engine == "sqlite":
            url = f"sqlite:///{self._folder / name}.db"
        else:
            url = self._url.set(database=name).render_as_string(hide_password=False)
            if create:
                self._run(f"CREATE DATABASE {name}")
        self._made.append(url)
        return url

    def _run(self, statement: str) -> list[Any]:
        assert self._admin is not None
        with self._admin.connect() as connection:
            alone = connection.execution_options(isolation_level="AUTOCOMMIT")
            found = alone.exec_driver_sql(statement)
            return list(found) if found.returns_rows else []


@contextmanager
def workplace(url: str) -> Iterator[Workplace]:
    """Open a store as the command line would, its runs without a time limit."""
    place = open_workplace(load_settings(on_store(url)), "main")
    try:
        yield place
    finally:
        place.store.close()


def add_schedules(
    place: Workplace, kind: DataKind, schedules: int, *, due: int, clients: int
) -> None:
    """Generate schedules, of clients of their own, beside what a store holds."""
    context = place.context("benchmark")
    generate_data(place.store, Plan(schedules, due, clients, context.today, kind), context)
    settle(place)


def settle(place: Workplace) -> None:
    """Let the database know its own sizes, as any that has run for a day does."""
    with place.store.engine.connect() as connection:
        alone = connection.execution_options(isolation_level="AUTOCOMMIT")
        if connection.dialect.name == "mariadb":
            names = ", ".join(tables.metadata.tables)
            alone.exec_driver_sql(f"ANALYZE TABLE {names}")
        elif connection.dialect.name == "postgresql":
            alone.exec_driver_sql("VACUUM ANALYZE")


def _copy_over(finished: str, url: str, table: str) -> None:
    with (
        workplace(finished) as source,
        workplace(url) as target,
        source.store.read() as read,
        target.store.write() as write,
    ):
        out: Any = read.connection.connection.cursor()
        into: Any = write.connection.connection.cursor()
        into.execute(f"CREATE TABLE ref_{table} (LIKE {table})")
        with (
            out.copy(f"COPY {table} TO STDOUT") as rows,
            into.copy(f"COPY ref_{table} FROM STDIN") as copy,
        ):
            for block in rows:
                copy.write(block)

"""One account's database: transactions, counters, business settings, history."""

import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from adapter.billing.settings import BusinessSettings, load_settings
from adapter.commands.context import Context
from adapter.errors import StoreUnavailable
from adapter.store import sqlite, tables
from adapter.store.config import StoreConfig
from adapter.store.direct import DirectReads
from adapter.store.prepared import Prepared, insert_into

# What a full disk, a lock or an unreadable file says; everything else is a defect.
_SQLITE_PASSING = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_NOMEM,
    }
)

DOCUMENT_ID = "document_id"
INVOICE_NUMBER = "invoice_number"
SETTINGS_VERSION = "settings_version"
RUN_ID = "run_id"
ORDER_NUMBER = "order_number"

_C = tables.counters.c
_READ_COUNTER = Prepared(sa.select(_C.next_value).where(_C.name == sa.bindparam("counter")))
_UPDATE_COUNTER = (
    sa.update(tables.counters)
    .where(_C.name == sa.bindparam("counter"))
    .values(next_value=_C.next_value + sa.bindparam("step", type_=sa.BigInteger))
)
_TAKE_COUNTER = Prepared(_UPDATE_COUNTER, ())
_TAKE_AND_TELL = Prepared(_UPDATE_COUNTER.returning(_C.next_value), ())
# Built once: building a statement costs more than executing it on a local database.
_BY_ID: dict[str, sa.Select[Any]] = {}


class UnitOfWork:
    """One transaction on the store; everything written through it commits or vanishes together."""

    def __init__(self, connection: Connection, settings: BusinessSettings) -> None:
        self.connection = connection
        self.settings = settings

    def execute(self, statement: Any, parameters: Any = None) -> sa.CursorResult[Any]:
        """Execute one SQLAlchemy statement."""
        return self.connection.execute(statement, parameters)

    def insert(self, table: sa.Table, **values: Any) -> int:
        """Insert one row; return its id."""
        return insert_into(table, values).insert(self.connection, values)

    def row(self, table: sa.Table, record_id: int) -> sa.RowMapping | None:
        """Return the row with this id, or None."""
        if not 0 < record_id < 2**63:
            return None
        statement = _BY_ID.get(table.name)
        if statement is None:
            wanted: sa.BindParameter[int] = sa.bindparam("record_id", type_=sa.BigInteger)
            statement = _BY_ID[table.name] = sa.select(table).where(table.c.id == wanted)
        found = self.connection.execute(statement, {"record_id": record_id})
        return found.mappings().first()

    def take(self, counter: str, count: int = 1, *, step: int = 1) -> int:
        """Take `count` consecutive values (`step` apart) from a counter; return the first.

        The counter row stays locked until commit and goes back on rollback: ids and numbers have
        no gaps. A counter that does not exist yet starts at 1.
        """
        taken = count * step
        key = {"counter": counter, "step": taken}
        if self.connection.dialect.update_returning:
            after = _TAKE_AND_TELL.one(self.connection, key)
        else:
            # MariaDB: the update locks the row first, so the read after it is ours alone.
            _TAKE_COUNTER.many(self.connection, [key])
            after = _READ_COUNTER.one(self.connection, key)
        if after is not None:
            return int(after[0]) - taken
        self.insert(tables.counters, name=counter, next_value=1 + taken)
        return 1

    def take_document_id(self) -> int:
        """Take one id from the counter that all kinds of documents share."""
        return self.take(DOCUMENT_ID, step=self.settings.id_increment)

    def audit(
        self,
        context: Context,
        deed: str,
        noun: str,
        record_id: int,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Note who did what to which record."""
        self.insert(
            tables.audit,
            recorded_at=context.now,
            caller=context.caller.credential,
            request_id=context.request_id,
            deed=deed,
            noun=noun,
            record_id=record_id,
            detail=None if detail is None else dict(detail),
        )

    def note_schedule_change(  # noqa: PLR0913 - one row
        self,
        context: Context,
        kind: str,
        billable_id: int,
        field: str,
        old: object,
        new: object,
        effective_on: date | None = None,
    ) -> None:
        """Append one change of a billable to its history (never updated, never deleted)."""
        self.insert(
            tables.schedule_changes,
            kind=kind,
            billable_id=billable_id,
            effective_on=effective_on or context.today,
            recorded_at=context.now,
            field=field,
            old=None if old is None else str(old),
            new=None if new is None else str(new),
            caller=context.caller.credential,
        )


class Store:
    """One account's database. Safe to share between threads; make one per process."""

    def __init__(self, config: StoreConfig) -> None:
        self.config = config
        self.engine: Engine = sa.create_engine(
            config.url, pool_size=config.pool_size, max_overflow=config.pool_size
        )
        self._gate: sqlite.WriteGate | None = None
        driver: Any = self.engine.dialect.dbapi
        self._operational: type[Exception] = driver.OperationalError
        self._settings = BusinessSettings()
        self._settings_lock = threading.Lock()
        self._settings_loaded = False
        if self.engine.dialect.name == "sqlite":
            database = Path(self.engine.url.database or "")
            sqlite.refuse_network_file_system(database)
            sqlite.prepare(self.engine)
            self._gate = sqlite.WriteGate(database, config.write_wait_seconds)
        self._writer = self.engine.execution_options(adapter_write=True)
        self.direct = DirectReads(self.engine)
        self.prepared: dict[Any, Any] = {}

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """Read from one consistent snapshot."""
        with self._guarded(), self.engine.connect() as connection, connection.begin():
            yield UnitOfWork(connection, self._current_settings(connection))

    @contextmanager
    def write(self, *, keep: bool = True) -> Iterator[UnitOfWork]:
        """Write in one transaction; with `keep` False everything is rolled back at the end."""
        with ExitStack() as stack:
            stack.enter_context(self._guarded())
            if self._gate is not None:
                stack.enter_context(self._gate.hold())
            connection = stack.enter_context(self._writer.connect())
            transaction = stack.enter_context(connection.begin())
            yield UnitOfWork(connection, self._current_settings(connection))
            if not keep:
                transaction.rollback()

    def cached_settings(self) -> BusinessSettings | None:
        """Return the settings as last read, None before; their version says how current."""
        return self._settings if self._settings_loaded else None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what the database says about being busy into `StoreUnavailable`."""
        try:
            yield
        except DBAPIError as error:
            if error.connection_invalidated or self._says_busy(error.orig):
                raise StoreUnavailable from error
            raise
        except self._operational as error:  # from a prepared statement
            if self._says_busy(error):
                raise StoreUnavailable from error
            raise

    def _says_busy(self, error: BaseException | None) -> bool:
        """Tell whether trying again may help; a defect of ours must not read like that."""
        if not isinstance(error, self._operational):
            return False
        if self.engine.dialect.name != "sqlite":
            return True
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _SQLITE_PASSING

    def _current_settings(self, connection: Connection) -> BusinessSettings:
        found = _READ_COUNTER.one(connection, {"counter": SETTINGS_VERSION})
        version = 0 if found is None else found[0]
        cached = self._settings
        if self._settings_loaded and cached.settings_version == version:
            return cached
        rows = connection.execute(sa.select(tables.settings.c.name, tables.settings.c.value))
        loaded = load_settings({row.name: row.value for row in rows}, int(version))
        with self._settings_lock:
            self._settings = loaded
            self._settings_loaded = True
        return loaded

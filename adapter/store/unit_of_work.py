"""One account's database: transactions, counters, business settings, history."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import DBAPIError

from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.errors import AdapterError, OnHold, OutcomeUnknown, StoreFull, StoreUnavailable
from adapter.store import servers, sqlite, tables
from adapter.store.config import StoreConfig
from adapter.store.current import Current, load_current
from adapter.store.direct import DirectReads
from adapter.store.faults import Point, reached
from adapter.store.prepared import Prepared, insert_into
from adapter.store.shared import SharedWrites

T = TypeVar("T")

DOCUMENT_ID = "document_id"
INVOICE_NUMBER = "invoice_number"
SETTINGS_VERSION = "settings_version"
RUN_ID = "run_id"
ORDER_NUMBER = "order_number"
# Taken by whoever makes a client or changes its e-mail address, so that two at once cannot both
# find an address free. The value means nothing, the row lock does.
CLIENT_IDENTITY = "client_identity"
# Whoever books under a transaction id waits for the others here, whichever client they book on.
TRANSACTION_IDS = "transaction_ids"
# Nobody outside sees the values of these.
_UNSEEN = frozenset({SETTINGS_VERSION, CLIENT_IDENTITY, TRANSACTION_IDS})

_C = tables.counters.c
_COUNTER = sa.select(_C.next_value).where(_C.name == sa.bindparam("counter"))
_READ_COUNTER = Prepared(_COUNTER)
_SHARE_COUNTER = Prepared(_COUNTER.with_for_update(read=True))
_LOCK_COUNTER = Prepared(_COUNTER.with_for_update())
_UPDATE_COUNTER = (
    sa.update(tables.counters)
    .where(_C.name == sa.bindparam("counter"))
    .values(next_value=_C.next_value + sa.bindparam("step", type_=sa.BigInteger))
)
_TAKE_COUNTER = Prepared(_UPDATE_COUNTER, ())
_TAKE_AND_TELL = Prepared(_UPDATE_COUNTER.returning(_C.next_value), ())
# A counter that two callers miss at once is made by one of them; the other waits and finds it.
_NEW_COUNTER = {"name": sa.bindparam("counter"), "next_value": 1}
_MAKE_COUNTER = {
    "postgresql": Prepared(
        postgresql.insert(tables.counters).values(_NEW_COUNTER).on_conflict_do_nothing(), ()
    ),
    "mariadb": Prepared(
        mysql.insert(tables.counters)
        .values(_NEW_COUNTER)
        .on_duplicate_key_update(next_value=_C.next_value),
        (),
    ),
}
_LOCK_CLIENT = Prepared(
    sa.select(tables.clients.c.id)
    .where(tables.clients.c.id == sa.bindparam("client_id"))
    .with_for_update()
)
_MOST_KEPT = 16
# Built once: building a statement costs more than executing it on a local database.
_BY_ID: dict[str, sa.Select[Any]] = {}


class Conflict(StoreUnavailable):
    """The database undid this transaction so that another one could go on; nothing was written."""


class UnitOfWork:
    """One transaction on the store; everything written through it commits or vanishes together.

    On SQLite a writer is alone. On a server it is not: whoever decides from what a client's rows
    say holds that client first (`held`, `lock_client`), then takes counters.
    """

    def __init__(
        self, connection: Connection, current: Current, *, under_hold: bool = False
    ) -> None:
        self.connection = connection
        self.settings: BusinessSettings = current.settings
        self.holds = current.holds
        self._under_hold = under_hold
        self.is_alone = connection.dialect.name == "sqlite"
        # What was read once and is not changed in this transaction, by the reader's own name.
        self.memo: dict[str, Any] = {}

    def execute(self, statement: Any, parameters: Any = None) -> sa.CursorResult[Any]:
        """Execute one SQLAlchemy statement."""
        return self.connection.execute(statement, parameters)

    def insert(self, table: sa.Table, **values: Any) -> int:
        """Insert one row; return its id."""
        given = insert_into(table, values).insert(self.connection, values)
        return int(values.get("id", given))

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

    def held(self, table: sa.Table, record_id: int) -> sa.RowMapping | None:
        """Return the row with this id, its client held until commit; None without one.

        A hidden row is none.
        """
        self.hold_client_of(table, record_id)
        row = self.row(table, record_id)
        return None if row is None or row.get("hidden") else row

    def hold_client_of(self, table: sa.Table, record_id: int) -> None:
        """Hold the client whose row this is. What the row says is then read again."""
        if not self.is_alone:
            row = self.row(table, record_id)
            if row is not None:
                self.lock_client(row["client_id"])

    def lock_client(self, client_id: int) -> None:
        """Hold a client until commit: nobody else changes or bills what is his."""
        if not self.is_alone and 0 < client_id < 2**63:
            _LOCK_CLIENT.one(self.connection, {"client_id": client_id})

    def lock_settings(self) -> None:
        """Wait until no other transaction that began under the present settings is open."""
        if not self.is_alone:
            _LOCK_COUNTER.one(self.connection, {"counter": SETTINGS_VERSION})

    def make_counter(self, counter: str) -> None:
        """Make a counter that starts at 1, unless there is one."""
        _MAKE_COUNTER[self.connection.dialect.name].run(self.connection, {"counter": counter})

    def require_no_hold(self) -> None:
        """Raise `OnHold` while the store is on hold, but in a transaction that may act then."""
        if self.holds and not self._under_hold:
            first = self.holds[0]
            raise OnHold(first.reason, f"{first.since:%Y-%m-%d %H:%M} UTC")

    def take(self, counter: str, count: int = 1, *, step: int = 1) -> int:
        """Take `count` consecutive values (`step` apart) from a counter; return the first.

        The counter row stays locked until commit and goes back on rollback: ids and numbers have
        no gaps. A counter that does not exist yet starts at 1. Raises `OnHold`.
        """
        if self.holds and counter not in _UNSEEN:
            self.require_no_hold()
        taken = count * step
        after = self._advance(counter, taken)
        if after is not None:
            return after - taken
        if self.is_alone:
            self.insert(tables.counters, name=counter, next_value=1 + taken)
            return 1
        self.make_counter(counter)
        return (self._advance(counter, taken) or 0) - taken

    def _advance(self, counter: str, taken: int) -> int | None:
        """Return the counter's value after `taken` more; None when there is no such counter."""
        key = {"counter": counter, "step": taken}
        if self.connection.dialect.update_returning:
            after = _TAKE_AND_TELL.one(self.connection, key)
        else:
            # MariaDB: the update locks the row first, so the read after it is ours alone.
            _TAKE_COUNTER.run(self.connection, key)
            after = _READ_COUNTER.one(self.connection, key)
        return None if after is None else int(after[0])

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
        self.insert(tables.audit, **audit_row(context, deed, noun, record_id, detail))

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
        row = schedule_change_row(context, kind, billable_id, field, old, new, effective_on)
        self.insert(tables.schedule_changes, **row)


def audit_row(
    context: Context,
    deed: str,
    noun: str,
    record_id: int,
    detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the row of who did what to which record."""
    claim = context.claim
    return {
        "recorded_at": context.now,
        "caller": context.caller.credential,
        "request_id": context.request_id,
        "deed": deed,
        "noun": noun,
        "record_id": record_id,
        "detail": None if detail is None else dict(detail),
        "fingerprint": None if claim is None else claim.fingerprint,
    }


def schedule_change_row(  # noqa: PLR0913 - one row
    context: Context,
    kind: str,
    billable_id: int,
    field: str,
    old: object,
    new: object,
    effective_on: date | None = None,
) -> dict[str, Any]:
    """Return the row of one change of a billable."""
    return {
        "kind": kind,
        "billable_id": billable_id,
        "effective_on": effective_on or context.today,
        "recorded_at": context.now,
        "field": field,
        "old": None if old is None else str(old),
        "new": None if new is None else str(new),
        "caller": context.caller.credential,
    }


class Store:
    """One account's database. Safe to share between threads; make one per process."""

    def __init__(self, config: StoreConfig) -> None:
        self.config = config
        self._gate: sqlite.WriteGate | None = None
        self._shared: SharedWrites[UnitOfWork] | None = None
        self._current = Current()
        self._current_lock = threading.Lock()
        self._current_loaded = False
        url = sa.make_url(config.url)
        # A writer on SQLite is alone in the database.
        self.is_alone = not servers.is_server(url)
        if not self.is_alone:
            self.engine: Engine = servers.create_engine(config)
            self._reader = servers.reader(self.engine)
        else:
            database = Path(url.database or "")
            sqlite.refuse_network_file_system(database)
            self.engine = self._reader = sa.create_engine(
                url,
                pool_size=config.pool_size,
                max_overflow=config.pool_size,
                pool_timeout=config.write_wait_seconds,
            )
            sqlite.prepare(self.engine)
            self._gate = sqlite.WriteGate(database, config.write_wait_seconds)
            self._shared = SharedWrites(self.write, config.write_wait_seconds)
        self._writer = self.engine.execution_options(adapter_write=True)
        self.direct = DirectReads(self.engine)
        self.prepared: dict[Any, Any] = {}

    def close(self) -> None:
        """Close every pooled connection, and what writers queue on."""
        self.engine.dispose()
        if self._gate is not None:
            self._gate.close()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer to a SQLite file out, outside of any transaction."""
        if self._gate is None:
            raise TypeError("only a file has one writer at a time")
        with self._guarded(), self._gate.hold():
            yield

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        """Read from one consistent snapshot."""
        with self._guarded(), self._reader.connect() as connection, connection.begin():
            yield UnitOfWork(connection, self._read_current(connection, _READ_COUNTER))

    @contextmanager
    def write(
        self, *, keep: bool = True, settings: bool = False, under_hold: bool = False
    ) -> Iterator[UnitOfWork]:
        """Write in one transaction; with `keep` False everything is rolled back at the end.

        On a server every writer shares the settings with the others, so that whoever changes
        them, or a hold (`settings`), waits for those who began under the old ones. What is kept
        takes no id or number while the store is on hold, but with `under_hold`.
        Raises `StoreUnavailable` when nothing was written, as `Conflict` where trying again at
        once helps, as `StoreFull` where there is no room, and as `OutcomeUnknown` where nobody
        can tell.
        """
        with ExitStack() as stack:
            stack.enter_context(self._guarded())
            if self._gate is not None:
                stack.enter_context(self._gate.hold())
            connection = stack.enter_context(self._writer.connect())
            transaction = stack.enter_context(connection.begin())
            version_of = _LOCK_COUNTER if settings else _SHARE_COUNTER
            current = self._read_current(connection, version_of)
            yield UnitOfWork(connection, current, under_hold=under_hold or not keep)
            if not keep:
                transaction.rollback()
                return
            reached(Point.BEFORE_COMMIT)
            try:
                transaction.commit()
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise OutcomeUnknown from error
                raise
            reached(Point.AFTER_COMMIT)

    def write_shared(self, work: Callable[[UnitOfWork], T]) -> T:
        """Return what `work` answers, once it is committed; raises what it raises, undone.

        Where there is one writer at a time, the works of several threads are committed together.
        A work may be carried out more than once, of which one is kept.
        """
        if self._shared is not None:
            with self._guarded():
                return self._shared.execute(work)
        with self.write() as uow:
            return work(uow)

    def kept(self, key: Any, build: Callable[[], T]) -> T:
        """Return what was built for this key before, else build it; None is not kept.

        Keys name the settings' version, so what belongs to earlier settings goes by itself.
        """
        found: T | None = self.prepared.get(key)
        if found is None:
            made = build()
            if len(self.prepared) >= _MOST_KEPT:
                self.prepared.clear()
            found = self.prepared[key] = made
        return found

    def cached(self) -> Current | None:
        """Return settings and holds as last read, None before; the version says how current."""
        return self._current if self._current_loaded else None

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Turn what the database says about being busy or full into `StoreUnavailable`.

        What a column's type refuses to take is raised as it was.
        """
        try:
            yield
        except DBAPIError as error:
            if servers.says_conflict(self.engine.dialect.name, error.orig):
                raise Conflict from error
            if self._says_full(error.orig):
                raise StoreFull from error
            if error.connection_invalidated or self._says_busy(error.orig):
                raise StoreUnavailable from error
            raise
        except sa.exc.StatementError as error:
            if isinstance(error.orig, AdapterError):
                raise error.orig from error
            raise
        except sa.exc.TimeoutError as error:  # no connection of the pool came free
            raise StoreUnavailable from error

    def _says_full(self, error: BaseException | None) -> bool:
        if self._gate is not None:
            return sqlite.says_full(error)
        return servers.says_full(self.engine.dialect.name, error)

    def _says_busy(self, error: BaseException | None) -> bool:
        if self._gate is not None:
            return sqlite.says_busy(error)
        return servers.says_busy(self.engine.dialect.name, error)

    def _read_current(self, connection: Connection, version_of: Prepared) -> Current:
        found = version_of.one(connection, {"counter": SETTINGS_VERSION})
        version = 0 if found is None else found[0]
        cached = self._current
        if self._current_loaded and cached.settings.settings_version == version:
            return cached
        loaded = load_current(connection, int(version))
        with self._current_lock:
            self._current = loaded
            self._current_loaded = True
        return loaded

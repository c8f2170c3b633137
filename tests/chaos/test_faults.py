"""Faults below the run: a broken connection, a full disk, a lock not had, a clock set back.

After each the caller has a clear error and nothing is half-written, and the next call makes the
store what it would have been without the fault.
"""

import os
import resource
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.billing.model import InvoiceStatus
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import OutcomeUnknown, RunIncomplete, StoreFull, StoreUnavailable
from adapter.store import faults, servers, tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.faults import Point
from adapter.store.run import generate_due
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import INVOICE_NUMBER, Store
from tests.chaos.population import TODAY, Population
from tests.chaos.rounds import documents_in, prepare, wrong_with
from tests.contexts import context_on
from tests.databases import EVERY_ENGINE, EVERY_SERVER, Databases, new_sqlite
from tests.invariants import contents, violations

pytestmark = pytest.mark.slow

CLIENTS = 30
CONFIG = RunConfig(page_clients=10, page_seconds=60.0, wait_seconds=1.0)


@pytest.fixture(params=EVERY_ENGINE)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def url(engine: str, databases: Databases, tmp_path: Path) -> str:
    return new_sqlite(tmp_path) if engine == "sqlite" else databases.url(engine)


@pytest.fixture
def made(url: str) -> Population:
    return prepare(url, CLIENTS, seed=5)


@pytest.fixture
def store(url: str, made: Population) -> Iterator[Store]:
    opened = Store(StoreConfig(url, write_wait_seconds=1.0))
    yield opened
    faults.install(None)
    opened.close()


def bill(store: Store, today: date = TODAY) -> int:
    return generate_due(store, CONFIG, GenerateDueInvoices(), context_on(today)).count


def at(point: Point, nth: int, deed: Callable[[], None]) -> None:
    """Do something once, when the nth page of a run gets to a point."""
    pages, done = 0, False

    def hook(reached: Point) -> None:
        nonlocal pages, done
        pages += reached is Point.LOCK  # what is written before the first page counts not
        if reached is point and pages == nth and not done:
            done = True
            deed()

    faults.install(hook)


def assert_told_and_finished(store: Store, made: Population, error: Exception) -> None:
    """Check what the caller was told against the store, then that the next call does the rest."""
    faults.install(None)
    documents = len(documents_in(store))
    if isinstance(error, RunIncomplete):
        assert error.issued == documents
        assert str(error).startswith(f"Invoice run incomplete: {documents} invoices")
    elif isinstance(error, OutcomeUnknown):
        assert "look whether it was made" in str(error)
        # What was saved, or lost, when the connection broke is one page.
        assert error.issued <= documents
        assert (f"({error.issued} invoices had been" in str(error)) == bool(error.issued)
    elif isinstance(error, StoreFull):
        assert error.issued == documents
        changed = f"{documents} invoices were generated" if documents else "nothing was changed"
        assert f"The disk of the store is full, {changed}; " in str(error)
    else:
        assert (documents, "nothing was changed" in str(error)) == (0, True)
    assert violations(store) == []
    assert bill(store) == len(made.expected) - documents
    assert wrong_with(store, made) == []


# --- a broken connection -----------------------------------------------------------------------


class Connections:
    """The connections that a store opened; `end` ends them, as an operator or a fail-over does."""

    def __init__(self, store: Store) -> None:
        self._url = store.config.url
        self._ids: list[int] = []
        sa.event.listen(store.engine, "connect", self._note)

    def _note(self, connection: Any, _record: Any) -> None:
        info = getattr(connection, "info", None)  # psycopg tells the server's id there
        self._ids.append(connection.thread_id() if info is None else info.backend_pid)

    def end(self) -> None:
        admin = servers.create_engine(StoreConfig(self._url, pool_size=1))
        on_mariadb = admin.dialect.name == "mariadb"
        ending = "KILL {}" if on_mariadb else "SELECT pg_terminate_backend({})"
        with admin.connect() as connection:
            for connection_id in self._ids:
                connection.exec_driver_sql(ending.format(connection_id))
        admin.dispose()
        self._ids.clear()


@pytest.mark.parametrize("nth", [1, 2])
@pytest.mark.parametrize("point", list(Point))
@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_a_run_whose_connection_breaks_says_so_and_the_next_finishes(made, store, point, nth):
    at(point, nth, Connections(store).end)
    try:
        issued = bill(store)
    except (StoreUnavailable, RunIncomplete) as error:
        assert_told_and_finished(store, made, error)
    else:
        # Nothing was under way, and the next page got a new connection.
        assert (point, issued) == (Point.AFTER_COMMIT, len(made.expected))
        assert wrong_with(store, made) == []


# --- a full disk -------------------------------------------------------------------------------


@contextmanager
def database_no_larger_than(store: Store, more_pages: int) -> Iterator[None]:
    """Let the database grow by so many pages and no more, as a quota does."""

    def bound(connection: sa.Connection) -> None:
        count = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        at_most.setdefault("pages", count + more_pages)
        connection.exec_driver_sql(f"PRAGMA max_page_count = {at_most['pages']}")

    at_most: dict[str, int] = {}
    sa.event.listen(store.engine, "begin", bound)
    try:
        yield
    finally:
        sa.event.remove(store.engine, "begin", bound)
        store.close()  # the bound is the connection's


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond `size`: writes fail in the middle, as on a disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("more_pages", [0, 4, 12])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_full_disk_ends_a_run_and_leaves_nothing_half_written(store, made, more_pages):
    with (
        database_no_larger_than(store, more_pages),
        pytest.raises(StoreFull) as told,
    ):
        bill(store)
    assert_told_and_finished(store, made, told.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a file system of its own of four megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount") or "mount"
    options = ("-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder))
    done = subprocess.run((mount, *options), capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        pytest.skip("a file system of its own needs root: run as root to try a full one")
    yield folder
    unmount = shutil.which("umount") or "umount"
    subprocess.run((unmount, str(folder)), check=True)  # noqa: S603


@pytest.mark.parametrize("room", [0, 50_000, 120_000])
def test_a_file_system_without_room_is_told_as_that(small_disk, room):
    url = new_sqlite(small_disk)
    made = prepare(url, CLIENTS, seed=5)
    left = os.statvfs(small_disk)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(left.f_bavail * left.f_bsize - room))
    store = Store(StoreConfig(url, write_wait_seconds=1.0))
    try:
        with pytest.raises(StoreFull) as told:
            bill(store)
        filler.unlink()
        assert_told_and_finished(store, made, told.value)
    finally:
        store.close()


@pytest.mark.parametrize("room", [0, 30_000, 150_000])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_log_that_cannot_grow_ends_a_run_and_leaves_nothing_half_written(url, store, made, room):
    log = Path(f"{sa.make_url(url).database}-wal")
    with store.read():  # the log is there from now on
        pass
    size = log.stat().st_size
    with (
        files_no_larger_than(size + room),
        pytest.raises((StoreUnavailable, RunIncomplete)) as told,
    ):
        bill(store)
    assert_told_and_finished(store, made, told.value)


# --- a lock not had ----------------------------------------------------------------------------


def test_a_run_that_does_not_get_a_lock_in_time_says_so(url, store, made):
    has, go = threading.Event(), threading.Event()
    other = Store(StoreConfig(url))

    def write() -> None:
        with other.write(keep=False) as uow:
            uow.take(INVOICE_NUMBER)
            has.set()
            assert go.wait(60)

    thread = threading.Thread(target=write)
    thread.start()
    assert has.wait(30)
    try:
        with pytest.raises(StoreUnavailable) as told:
            bill(store)
    finally:
        go.set()
        thread.join()
        other.close()
    assert_told_and_finished(store, made, told.value)


# --- a clock set back --------------------------------------------------------------------------


def pay_everything(store: Store) -> None:
    documents = tables.documents.c
    with store.write() as uow:
        unpaid = sa.select(documents.id).where(documents.status == InvoiceStatus.UNPAID.value)
        for document_id in uow.execute(unpaid.order_by(documents.id)).scalars().all():
            change_status(uow, context_on(TODAY), document_id, InvoiceStatus.PAID)


def billed(store: Store) -> list[tuple[Any, ...]]:
    """Return what was billed: every claim with what its document says."""
    documents, claims = tables.documents.c, tables.claims.c
    query = (
        sa.select(
            claims.kind,
            claims.billable_id,
            claims.due_on,
            claims.next_on,
            documents.id,
            documents.number,
            documents.issued_on,
            documents.total,
            documents.status,
        )
        .join_from(tables.claims, tables.documents, documents.id == claims.document_id)
        .order_by(claims.kind, claims.billable_id, claims.due_on)
    )
    with store.read() as uow:
        return [tuple(row) for row in uow.execute(query)]


@pytest.mark.parametrize("back", [1, 31])
def test_a_clock_set_back_bills_nothing_and_loses_nothing(url, store, made, back, tmp_path):
    month_later = TODAY + timedelta(days=32)
    twin_folder = tmp_path / "twin"
    twin_folder.mkdir()
    twin_url = new_sqlite(twin_folder)
    prepare(twin_url, CLIENTS, seed=5)
    twin = Store(StoreConfig(twin_url))
    for each in (store, twin):
        assert bill(each) == len(made.expected)
        pay_everything(each)
    before = contents(store)
    assert bill(store, TODAY - timedelta(days=back)) == 0
    assert contents(store) == before
    assert bill(store, TODAY) == 0
    assert bill(store, month_later) == bill(twin, month_later) > 0
    assert billed(store) == billed(twin)
    assert violations(store) == []
    twin.close()


def test_a_clock_set_back_in_a_run_does_not_bill_twice(store, made):
    """Half of the clients are billed on one day, the rest after the clock went back a day."""
    with pytest.raises(RunIncomplete) as told:
        generate_due(
            store,
            replace(CONFIG, document_limit=10),
            GenerateDueInvoices(),
            context_on(TODAY + timedelta(days=1)),
        )
    rest = bill(store, TODAY)
    assert told.value.issued + rest == len(made.expected)
    assert wrong_with(store, made) == []

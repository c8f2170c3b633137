"""SQLite made fair and durable: connection settings and the queue that writers stand in."""

import fcntl
import os
import random
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, event

from adapter.errors import StoreUnavailable

_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs"}
)
_WRITE = "adapter_write"
# Among threads a wait is timed; among processes looks are counted, because a pause takes far
# longer than it should where processors are scarce.
_PATIENCE_SECONDS = 0.002
_PATIENCE_LOOKS = 6
_PAUSE_SECONDS = (0.00005, 0.0005)
_NEXT_PAUSE_SECONDS = (0.00002, 0.0001)
# So many cursors are noted before those that are gone are forgotten.
_CURSORS = 100

# What a full disk, a lock or an unreadable file says; everything else is a defect.
_PASSING = frozenset(
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


class NetworkFileSystemError(Exception):
    """The database lies on a network file system, where SQLite's locks do not hold."""


class WriteGate:
    """The queue of writers to one database file, across threads and processes.

    SQLite's own busy handler sleeps and polls, which starves writers. Threads of this process
    queue on a lock; its holder competes with other processes for a flock on `<db>.lock`. The file
    is opened once per process: forked children must not share a descriptor, with it they would
    share the lock, and closing any descriptor of the database file itself would drop SQLite's own
    locks. The kernel drops the locks of a process that dies.

    Whoever runs already may take a free lock before one that waits has woken up, so that the lock
    is not idle meanwhile. But who has waited in vain for a moment closes a turnstile, and then all
    others wait behind him: a run that takes the lock again right after each of its pages would
    else keep everybody out.
    """

    def __init__(self, database: Path, wait_seconds: float) -> None:
        self._paths = tuple(
            database.with_name(f"{database.name}{suffix}") for suffix in (".lock", ".turn")
        )
        self._wait_seconds = wait_seconds
        self._begin(())
        _gates.add(self)

    def _begin(self, descriptors: tuple[int, ...]) -> None:
        """Begin anew, as a new process does that has inherited these descriptors."""
        for descriptor in descriptors:
            os.close(descriptor)
        self._descriptors: tuple[int, ...] = ()
        self._thread_lock = threading.Lock()
        self._thread_turnstile = threading.Lock()

    def close(self) -> None:
        """Close the lock files; they are opened again when somebody writes."""
        with self._thread_lock:
            for descriptor in self._descriptors:
                os.close(descriptor)
            self._descriptors = ()

    def forked(self) -> None:
        """Forget what the parent process holds; called in a forked child."""
        self._begin(self._descriptors)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the right to write; raises `StoreUnavailable` after the configured wait."""
        lock = self._thread_lock
        self._take_among_threads(lock)
        try:
            if not self._descriptors:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                self._descriptors = tuple(os.open(path, flags, 0o600) for path in self._paths)
            file, turnstile = self._descriptors
            self._take_among_processes(file, turnstile)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            lock.release()

    def _take_among_threads(self, lock: threading.Lock) -> None:
        turnstile = self._thread_turnstile
        if not turnstile.locked() and lock.acquire(timeout=_PATIENCE_SECONDS):
            return
        if not turnstile.acquire(timeout=self._wait_seconds):
            raise StoreUnavailable
        try:
            if not lock.acquire(timeout=self._wait_seconds):
                raise StoreUnavailable
        finally:
            turnstile.release()

    def _take_among_processes(self, file: int, turnstile: int) -> None:
        waited, looks, has_closed = 0.0, 0, False
        try:
            while waited <= self._wait_seconds:
                if has_closed or _flock(turnstile, fcntl.LOCK_SH):
                    if _flock(file, fcntl.LOCK_EX):
                        return
                    looks += 1
                    if not has_closed:
                        fcntl.flock(turnstile, fcntl.LOCK_UN)
                        has_closed = looks > _PATIENCE_LOOKS and _flock(turnstile, fcntl.LOCK_EX)
                bounds = _NEXT_PAUSE_SECONDS if has_closed else _PAUSE_SECONDS
                pause = random.uniform(*bounds)  # noqa: S311 - jitter, not a secret
                time.sleep(pause)
                waited += pause
            raise StoreUnavailable
        finally:
            fcntl.flock(turnstile, fcntl.LOCK_UN)


def _flock(descriptor: int, kind: int) -> bool:
    """Take a lock of this kind if that can be done at once."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_gates: "weakref.WeakSet[WriteGate]" = weakref.WeakSet()


def _forked() -> None:
    for gate in _gates:
        gate.forked()


os.register_at_fork(after_in_child=_forked)


class _Connection(sqlite3.Connection):
    """A connection that knows its cursors.

    A cursor with rows left holds the connection in its snapshot, past the end of a transaction:
    whoever had it next would read what was true back then, and could not write. An error between
    two rows leaves such a cursor to the cycle collector, whenever that comes.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cursors: list[weakref.ref[sqlite3.Cursor]] = []

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        made = super().cursor(factory)
        cursors = self._cursors
        cursors.append(weakref.ref(made))
        if len(cursors) > _CURSORS:
            self._cursors = [cursor for cursor in cursors if cursor() is not None]
        return made

    def close_cursors(self) -> None:
        """Close every cursor that is still there."""
        cursors, self._cursors = self._cursors, []
        for known in cursors:
            cursor = known()
            if cursor is not None:
                cursor.close()


def prepare(engine: Engine) -> None:
    """Set up every connection of a SQLite engine, and let us begin its transactions."""

    @event.listens_for(engine, "do_connect")
    def _do_connect(_dialect: Any, _record: Any, _args: Any, parameters: dict[str, Any]) -> None:
        parameters["factory"] = _Connection

    @event.listens_for(engine, "reset")
    def _reset(connection: Any, _record: Any, _state: Any) -> None:
        connection.close_cursors()

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and never IMMEDIATE ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("PRAGMA foreign_keys=ON")
        # 16 MB: with the usual 4 MB every page of a run would copy its own pages at its commit.
        cursor.execute("PRAGMA wal_autocheckpoint=4000")
        cursor.execute("PRAGMA busy_timeout=5000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        write = _WRITE in connection.get_execution_options()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def says_busy(error: BaseException | None) -> bool:
    """Tell whether trying again may help; a defect of ours must not read like that."""
    return (
        isinstance(error, sqlite3.OperationalError)
        and getattr(error, "sqlite_errorcode", 0) & 0xFF in _PASSING
    )


def says_full(error: BaseException | None) -> bool:
    """Tell whether the disk, or what the database may take of it, is full."""
    code = getattr(error, "sqlite_errorcode", 0)
    # The second: no room for the file that connections share, which is the first thing to grow.
    full = code & 0xFF == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE
    return isinstance(error, sqlite3.OperationalError) and full


def refuse_network_file_system(database: Path) -> None:
    """Raise `NetworkFileSystemError` when the database's folder is mounted over a network."""
    mounts = Path("/proc/self/mountinfo")
    if not mounts.exists():
        return
    folder = str(database.resolve().parent)
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        point = before.split(" ")[4]
        if (folder == point or folder.startswith(point.rstrip("/") + "/")) and len(point) >= len(
            best
        ):
            best, kind = point, after.split(" ")[0]
    if kind in _NETWORK_FILE_SYSTEMS:
        raise NetworkFileSystemError(
            f"{database} lies on a {kind} mount, where SQLite's locks do not hold: "
            "use a local disk, or PostgreSQL"
        )

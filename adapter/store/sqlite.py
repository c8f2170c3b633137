"""SQLite made fair and durable: connection settings and the queue that writers stand in."""

import fcntl
import os
import random
import sqlite3
import threading
import time
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
    is opened once per process: a second descriptor in the same process would share the lock, and
    closing any descriptor of the database file itself would drop SQLite's own locks.
    """

    def __init__(self, database: Path, wait_seconds: float) -> None:
        self._path = database.with_name(database.name + ".lock")
        self._wait_seconds = wait_seconds
        self._thread_lock = threading.Lock()
        self._descriptor: int | None = None
        self._pid = 0

    def _file(self) -> int:
        if self._descriptor is None or self._pid != os.getpid():
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._pid = os.getpid()
        return self._descriptor

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold the right to write; raises `StoreUnavailable` after the configured wait."""
        if not self._thread_lock.acquire(timeout=self._wait_seconds):
            raise StoreUnavailable
        try:
            descriptor = self._file()
            self._flock(descriptor)
            try:
                yield
            finally:
                fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            self._thread_lock.release()

    def _flock(self, descriptor: int) -> None:
        waited = 0.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if waited >= self._wait_seconds:
                    raise StoreUnavailable from error
                pause = random.uniform(0.00005, 0.0005)  # noqa: S311 - jitter, not a secret
                time.sleep(pause)
                waited += pause
            else:
                return


def prepare(engine: Engine) -> None:
    """Set up every connection of a SQLite engine, and let us begin its transactions."""

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        # The driver would begin transactions by itself, and never IMMEDIATE ones.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.execute("PRAGMA foreign_keys=ON")
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

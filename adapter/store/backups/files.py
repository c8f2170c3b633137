"""SQLite files copied and brought back while others read and write.

Everything goes through SQLite's own backup interface: opening and closing the database's file by
hand would drop the locks that SQLite holds for this process.
"""

import os
import re
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from sqlalchemy.engine import URL

from adapter.errors import AdapterError
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store

_MODE: Final = 0o600
_MAX_PROBLEMS: Final = 3
_PRIMARY_KEY: Final = re.compile(r"PRIMARY KEY \(\s*\"?id\"?\s*\)")
_KEPT_BEFORE_UPGRADES: Final = 3


class BadBackup(AdapterError):
    """A file is no sound copy of a store; `reason` says what it is instead."""

    code = "bad_backup"

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file} cannot be used as a backup: {reason}")
        self.file = file
        self.reason = reason


def database_file(store: Store) -> Path:
    """Return the file of a store on SQLite."""
    return Path(store.engine.url.database or "")


def back_up(store: Store, target: Path) -> int:
    """Copy the store into one file as of one moment; return its size in bytes.

    Nobody waits meanwhile. The file is there whole and checked, or as it was before. Raises
    `BadBackup` when the copy is not sound, or for a target that is the database itself.
    """
    database = database_file(store)
    if _is_same(target, database) or _is_beside(target, database):
        raise BadBackup(target, "it is the database itself")
    with (
        _telling(target),
        _new_beside(target) as part,
        closing(store.engine.raw_connection()) as source,
    ):
        with closing(_opened(part)) as copy:
            # In one step: between steps a writer would make it begin anew.
            _driver(source).backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
            _check(part, copy)
        _settle(part, target)
        return target.stat().st_size


def before_upgrade(store: Store, revision: str, moment: str) -> Path:
    """Copy the store beside its file, named by its revision and the moment; return the copy.

    The last three of such copies are kept.
    """
    database = database_file(store)
    target = database.with_name(f"{database.name}.{revision}-{moment}.bak")
    back_up(store, target)
    found = re.compile(re.escape(database.name) + r"\.\w+-(\d{8}T\d{6}Z)\.bak")
    copies = [
        (match[1], each)
        for each in database.parent.iterdir()
        if (match := found.fullmatch(each.name))
    ]
    for _, old in sorted(copies)[:-_KEPT_BEFORE_UPGRADES]:
        old.unlink()
    return target


@contextmanager
def unpacked(store: Store, backup: Path) -> Iterator[Store]:
    """Yield a sound copy of a backup as a store of its own, beside the database; it goes again.

    Raises `BadBackup` for a file that is no SQLite database, or a damaged one.
    """
    database = database_file(store)
    if _is_same(backup, database):
        raise BadBackup(backup, "it is the database itself")
    database.parent.mkdir(parents=True, exist_ok=True)
    with _new_beside(database) as part:
        with _telling(backup), closing(_opened(part)) as copy:
            _copy_file(backup, copy)
            _check(backup, copy)
            if database.exists():
                _take_page_size(store, copy)
        own = Store(_elsewhere(store.config, part))
        try:
            yield own
        finally:
            own.close()


def bring_back(store: Store, prepared: Store) -> None:
    """Let the store have another one's content instead of its own, in one transaction.

    Whoever has it open goes on with the new content. The ids of its records can be stepped from
    here on.
    """
    _let_ids_be_stepped(prepared)
    with (
        _telling(database_file(store)),
        closing(prepared.engine.raw_connection()) as source,
        store.alone(),
        closing(store.engine.raw_connection()) as target,
    ):
        _driver(source).backup(_driver(target))


def _let_ids_be_stepped(store: Store) -> None:
    """Have SQLite keep the highest id of each table apart from its rows.

    Without the word AUTOINCREMENT the next id follows from the highest row that is there. The word
    changes nothing in how rows are stored, so the schema's text is all there is to change.
    """
    ours = [each.name for each in tables.metadata.sorted_tables if "id" in each.c]
    with store.alone(), closing(store.engine.raw_connection()) as raw:
        connection = _driver(raw)
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("BEGIN IMMEDIATE")
        marks = ", ".join("?" * len(ours))
        query = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name IN"
        for name, sql in connection.execute(f"{query} ({marks})", ours).fetchall():
            if _is_automatic(name) and "AUTOINCREMENT" not in sql:
                changed = _PRIMARY_KEY.sub("PRIMARY KEY (id AUTOINCREMENT)", sql)
                connection.execute(
                    "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = ?",
                    (changed, name),
                )
                known = f'INSERT INTO sqlite_sequence SELECT ?, coalesce(max(id), 0) FROM "{name}"'  # noqa: S608
                connection.execute(known, (name,))
        version = connection.execute("PRAGMA schema_version").fetchone()[0]
        connection.execute(f"PRAGMA schema_version={version + 1}")
        connection.execute("COMMIT")
        connection.execute("PRAGMA writable_schema=RESET")
        _check(database_file(store), connection)


def _is_automatic(table: str) -> bool:
    column = tables.metadata.tables[table].c.id
    return column.primary_key and column.autoincrement is True


def _copy_file(backup: Path, copy: sqlite3.Connection) -> None:
    with closing(sqlite3.connect(f"{backup.resolve().as_uri()}?mode=ro", uri=True)) as source:
        source.backup(copy)


def _take_page_size(store: Store, copy: sqlite3.Connection) -> None:
    """Give a copy the database's page size, without which its content cannot be taken over."""
    with closing(store.engine.raw_connection()) as live:
        wanted = _driver(live).execute("PRAGMA page_size").fetchone()
    if copy.execute("PRAGMA page_size").fetchone() != wanted:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute(f"PRAGMA page_size={wanted[0]}")
        copy.execute("VACUUM")


@contextmanager
def _telling(file: Path) -> Iterator[None]:
    """Raise what SQLite says (a full disk, a damaged file) as `BadBackup`."""
    try:
        yield
    except sqlite3.Error as error:
        raise BadBackup(file, str(error)) from error


def _check(file: Path, connection: sqlite3.Connection) -> None:
    found = connection.execute(f"PRAGMA integrity_check({_MAX_PROBLEMS})").fetchall()
    if found != [("ok",)]:
        raise BadBackup(file, "; ".join(str(row[0]) for row in found))


def _opened(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _driver(raw: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = raw.driver_connection
    return connection


def _elsewhere(config: StoreConfig, file: Path) -> StoreConfig:
    return replace(config, url=URL.create("sqlite", database=str(file)).render_as_string())


@contextmanager
def _new_beside(file: Path) -> Iterator[Path]:
    """Yield the path of a new empty file in the same folder; what is left of it is removed."""
    part = file.with_name(f".{file.name}.{uuid.uuid4().hex[:8]}")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))
    try:
        yield part
    finally:
        for each in part.parent.glob(f"{part.name}*"):
            each.unlink(missing_ok=True)


def _settle(part: Path, target: Path) -> None:
    """Let a closed file take the target's place for good."""
    _to_disk(part)
    part.replace(target)
    _to_disk(target.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _is_beside(target: Path, database: Path) -> bool:
    """Tell whether a target is one of the files that SQLite and the writers' queue use."""
    resolved = database.resolve()
    ours = {
        resolved.with_name(resolved.name + end) for end in ("", "-wal", "-shm", ".lock", ".turn")
    }
    return target.resolve() in ours

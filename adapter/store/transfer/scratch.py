"""Where an import's records wait on disk, so that memory has a bound whatever the file's size.

A SQLite file of its own beside nothing else, gone with the import. It finds what no single line
shows: ids that stand twice, references to nothing, sums that do not agree.
"""

import json
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapter.store.transfer.kinds import RANKS, Kind
from adapter.store.transfer.problems import Place, Problems
from adapter.store.transfer.records import Said

CHUNK: Final = 500
# Quote, pro-forma, invoice, credit note: nothing real comes from so many others.
_LONGEST_CHAIN: Final = 32

_TABLES: Final = """
CREATE TABLE records (
    seq INTEGER PRIMARY KEY, rank INTEGER NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    client INTEGER, file TEXT NOT NULL, line INTEGER NOT NULL, body TEXT NOT NULL,
    stored INTEGER NOT NULL DEFAULT 0,
    UNIQUE (kind, key)
);
CREATE INDEX by_rank ON records (rank, seq);
CREATE TABLE names (scope TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, value)) WITHOUT ROWID;
CREATE TABLE refs (
    kind TEXT NOT NULL, key TEXT NOT NULL, client INTEGER, file TEXT NOT NULL,
    line INTEGER NOT NULL, field TEXT NOT NULL
);
CREATE INDEX by_target ON refs (kind, key);
CREATE TABLE sums (
    scope TEXT NOT NULL, key INTEGER NOT NULL, amount INTEGER NOT NULL, file TEXT NOT NULL,
    line INTEGER NOT NULL
);
CREATE INDEX by_sum ON sums (scope, key);
CREATE TABLE steps (
    kind TEXT NOT NULL, key TEXT NOT NULL, back_to TEXT NOT NULL, file TEXT NOT NULL,
    line INTEGER NOT NULL, field TEXT NOT NULL, PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""  # noqa: E501


@dataclass(frozen=True, slots=True)
class Waiting:
    """One record that waits, as its file said it."""

    seq: int
    kind: str
    key: str
    place: Place
    said: Said


@dataclass(frozen=True, slots=True)
class Unmet:
    """A reference to a record that the files do not have."""

    kind: str
    key: str
    place: Place
    field: str


class Scratch:
    """The records of one import, in the order in which they are to be written."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self.count = 0

    def add(self, kind: Kind, place: Place, key: str, client: int | None, said: Said) -> bool:
        """Keep a record; return False when one of its kind and key is there already."""
        try:
            self._sql.execute(
                "INSERT INTO records (rank, kind, key, client, file, line, body)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    RANKS[kind.name],
                    kind.name,
                    key,
                    client,
                    place.file,
                    place.line,
                    json.dumps(said, ensure_ascii=False),
                ),
            )
        except sqlite3.IntegrityError:
            return False
        self.count += 1
        return True

    def take_name(self, scope: str, value: str) -> bool:
        """Take a name that only one record may have; return False when it is taken."""
        cursor = self._sql.execute("INSERT OR IGNORE INTO names VALUES (?, ?)", (scope, value))
        return cursor.rowcount == 1

    def has_name(self, scope: str, value: str) -> bool:
        """Tell whether a name is taken."""
        query = "SELECT 1 FROM names WHERE scope = ? AND value = ?"
        return self._sql.execute(query, (scope, value)).fetchone() is not None

    def refer(self, kind: str, key: str, client: int | None, place: Place, field: str) -> None:
        """Note that a record names another one, of the same client where that is given."""
        row = (kind, key, client, place.file, place.line, field)
        self._sql.execute("INSERT INTO refs VALUES (?, ?, ?, ?, ?, ?)", row)

    def add_sum(self, scope: str, key: int, amount: int, place: Place) -> None:
        """Add an amount to a sum."""
        row = (scope, key, amount, place.file, place.line)
        self._sql.execute("INSERT INTO sums VALUES (?, ?, ?, ?, ?)", row)

    def step(self, kind: str, key: str, back_to: str, place: Place, field: str) -> None:
        """Note that a record comes from another one of its kind."""
        row = (kind, key, back_to, place.file, place.line, field)
        self._sql.execute("INSERT OR IGNORE INTO steps VALUES (?, ?, ?, ?, ?, ?)", row)

    def find_rings(self, problems: Problems) -> None:
        """Note records that come from themselves, by way of others."""
        for _ in range(_LONGEST_CHAIN):
            ended = self._sql.execute("""
                DELETE FROM steps WHERE NOT EXISTS
                    (SELECT 1 FROM steps AS s WHERE s.kind = steps.kind AND s.key = steps.back_to)
            """)
            if not ended.rowcount:
                break
        query = "SELECT file, line, field, kind, key FROM steps ORDER BY file, line"
        for file, line, field, kind, key in self._sql.execute(query):
            text = f"{kind} {key} would come from itself, by way of what it names"
            problems.add(Place(file, line), field, text)

    def find_strangers(self, problems: Problems) -> None:
        """Note references to records of another client."""
        query = """
            SELECT refs.file, refs.line, refs.field, refs.kind, refs.key, records.client
            FROM refs JOIN records ON records.kind = refs.kind AND records.key = refs.key
            WHERE refs.client IS NOT NULL AND records.client IS NOT NULL
              AND records.client != refs.client ORDER BY refs.rowid
        """
        for file, line, field, kind, key, client in self._sql.execute(query):
            text = f"{kind} {key} belongs to client {client}"
            problems.add(Place(file, line), field, text)

    def unmet(self) -> Iterator[Unmet]:
        """Yield references to what the files do not have, by kind and key."""
        query = """
            SELECT refs.kind, refs.key, refs.file, refs.line, refs.field FROM refs
            WHERE NOT EXISTS (SELECT 1 FROM records
                              WHERE records.kind = refs.kind AND records.key = refs.key)
              AND NOT EXISTS (SELECT 1 FROM names
                              WHERE names.scope = refs.kind AND names.value = refs.key)
            ORDER BY refs.kind, refs.key
        """
        for kind, key, file, line, field in self._sql.execute(query):
            yield Unmet(kind, key, Place(file, line), field)

    def sums(self, scope: str) -> Iterator[tuple[int, int, Place]]:
        """Yield each key with its sum and the place of its last amount."""
        query = """
            SELECT key, SUM(amount), file, MAX(line) FROM sums WHERE scope = ? GROUP BY key
            ORDER BY key
        """
        for key, amount, file, line in self._sql.execute(query, (scope,)):
            yield key, amount, Place(file, line)

    def sum_of(self, scope: str, key: int) -> int:
        """Return one sum, 0 without any amount."""
        query = "SELECT COALESCE(SUM(amount), 0) FROM sums WHERE scope = ? AND key = ?"
        return int(self._sql.execute(query, (scope, key)).fetchone()[0])

    def body(self, kind: str, key: str) -> Said | None:
        """Return what a record says; None when the files do not have it."""
        query = "SELECT body FROM records WHERE kind = ? AND key = ?"
        found = self._sql.execute(query, (kind, key)).fetchone()
        return None if found is None else json.loads(found[0])

    def pages(self, kind: str, *, every: bool = False) -> Iterator[list[Waiting]]:
        """Yield the records of a kind that the store lacks, or `every` one, in order, in pages."""
        last = -1
        query = (
            "SELECT seq, key, file, line, body FROM records"
            " WHERE rank = ? AND seq > ? AND stored <= ? ORDER BY seq LIMIT ?"
        )
        while True:
            rows = self._sql.execute(query, (RANKS[kind], last, every, CHUNK)).fetchall()
            if not rows:
                return
            yield [
                Waiting(seq, kind, key, Place(file, line), json.loads(body))
                for seq, key, file, line, body in rows
            ]
            last = rows[-1][0]

    def left(self) -> int:
        """Return how many records the store lacks."""
        return int(
            self._sql.execute("SELECT COUNT(*) FROM records WHERE NOT stored").fetchone()[0]
        )

    def counts(self) -> Mapping[str, int]:
        """Return how many records there are of each kind, in the order of writing."""
        rows = self._sql.execute(
            "SELECT kind, COUNT(*) FROM records GROUP BY rank, kind ORDER BY rank"
        )
        return dict(rows.fetchall())

    def mark_stored(self, seqs: list[int]) -> None:
        """Mark records that the store has."""
        self._sql.executemany("UPDATE records SET stored = 1 WHERE seq = ?", [(n,) for n in seqs])


@contextmanager
def scratch() -> Iterator[Scratch]:
    """Open an empty scratch file; it is gone afterwards, and after a kill with the next boot."""
    with tempfile.TemporaryDirectory(prefix="adapter-import-") as folder:
        connection = sqlite3.connect(Path(folder) / "records.db", isolation_level=None)
        try:
            # Nothing of it outlives this process, so nothing has to be safe.
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            connection.executescript(_TABLES)
            connection.execute("BEGIN")
            yield Scratch(connection)
        finally:
            connection.close()

"""Many rows of one table at once, each database's quickest way: tuples, COPY, or long VALUES.

SQLAlchemy knows the types; handing it a dictionary a row costs more than the databases need.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from adapter.store.prepared import named_error
from adapter.store.types import MoneyAmount, UtcTime

_Process = Callable[[Any], Any]
# Every driver takes a truth value as it is; SQLAlchemy would check each of them.
_AS_THEY_ARE = (MoneyAmount, sa.Boolean)
_KEYS = (sa.Date, UtcTime)


class Bulk:
    """Inserts rows into fixed columns of a table; those left out get the database's defaults.

    Amounts are given in hundredths, checked when their `Money` was made.
    """

    def __init__(self, table: sa.Table, columns: Sequence[str]) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._processes: dict[str, list[tuple[int, _Process, bool]]] = {}

    def insert(self, connection: Connection, rows: list[list[Any]]) -> None:
        """Insert the rows, which are brought into the driver's form in place."""
        self.bring_into_form(connection.dialect, rows)
        self.write(connection, rows)

    def bring_into_form(self, dialect: Dialect, rows: list[list[Any]]) -> None:
        """Bring rows into the driver's form in place, for `write`."""
        for position, process, is_key in self._processes_for(dialect):
            if is_key:
                _bring_into_form(rows, position, process)
            else:
                _bring_objects_into_form(rows, position, process)

    def write(self, connection: Connection, rows: list[list[Any]]) -> None:
        """Insert rows that are in the driver's form."""
        if not rows:
            return
        try:
            insert_rows(connection, self._table.name, self._columns, rows)
        except connection.dialect.loaded_dbapi.Error as error:
            raise named_error(connection, self._table.name, error) from error

    def _processes_for(self, dialect: Dialect) -> list[tuple[int, _Process, bool]]:
        """Return which columns are processed how, and whether equal values become the same."""
        found = self._processes.get(dialect.name)
        if found is None:
            found = self._processes[dialect.name] = []
            for position, column in enumerate(self._table.c[name] for name in self._columns):
                if isinstance(column.type, _AS_THEY_ARE):
                    continue
                kind: Any = column.type.dialect_impl(dialect)
                process = kind.bind_processor(dialect)
                if process is not None:
                    found.append((position, process, isinstance(column.type, _KEYS)))
        return found


def insert_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows that are in the driver's form already, in the quickest way it has."""
    names = ", ".join(columns)
    cursor: Any = connection.connection.cursor()
    dialect = connection.dialect.name
    if dialect == "postgresql":
        with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        # MariaDB's driver makes statements of many rows from it.
        places = ", ".join(["?" if dialect == "sqlite" else "%s"] * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({places})"  # noqa: S608 - our own names
        cursor.executemany(statement, list(rows))
    cursor.close()


def _bring_into_form(rows: list[list[Any]], position: int, process: _Process) -> None:
    """Process a column of dates or times; a page repeats few of them."""
    known: dict[Any, Any] = {None: None}
    for row in rows:
        value = row[position]
        try:
            row[position] = known[value]
        except KeyError:
            row[position] = known[value] = process(value)


def _bring_objects_into_form(rows: list[list[Any]], position: int, process: _Process) -> None:
    """Process a column of anything else; what many rows share is processed once."""
    # The value itself is kept beside the result, so that no other can get its id.
    known: dict[int, tuple[Any, Any]] = {id(None): (None, None)}
    for row in rows:
        value = row[position]
        found = known.get(id(value))
        if found is None:
            found = known[id(value)] = (value, process(value))
        row[position] = found[1]

"""Many rows of one table at once, each database's quickest way: tuples, COPY, or long VALUES.

SQLAlchemy knows the types; handing it a dictionary a row costs more than the databases need.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect

from adapter.store.prepared import named_error
from adapter.store.types import MoneyAmount

_Process = Callable[[Any], Any]


class Bulk:
    """Inserts rows into fixed columns of a table; those left out get the database's defaults.

    Amounts are given in hundredths, checked when their `Money` was made.
    """

    def __init__(self, table: sa.Table, columns: Sequence[str]) -> None:
        self._table = table
        self._columns = tuple(columns)
        self._processes: dict[str, list[tuple[int, _Process]]] = {}

    def insert(self, connection: Connection, rows: list[list[Any]]) -> None:
        """Insert the rows, which are brought into the driver's form in place."""
        if not rows:
            return
        dialect = connection.dialect
        for position, process in self._processes_for(dialect):
            _bring_into_form(rows, position, process)
        try:
            insert_rows(connection, self._table.name, self._columns, rows)
        except dialect.loaded_dbapi.Error as error:
            raise named_error(connection, self._table.name, error) from error

    def _processes_for(self, dialect: Dialect) -> list[tuple[int, _Process]]:
        found = self._processes.get(dialect.name)
        if found is None:
            found = self._processes[dialect.name] = []
            for position, column in enumerate(self._table.c[name] for name in self._columns):
                if isinstance(column.type, MoneyAmount):
                    continue
                kind: Any = column.type.dialect_impl(dialect)
                process = kind.bind_processor(dialect)
                if process is not None:
                    found.append((position, process))
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
    known: dict[Any, Any] = {}
    for row in rows:
        value = row[position]
        if isinstance(value, (date, Decimal)):
            # A page repeats few dates, times and rates.
            found = known.get(value)
            if found is None:
                found = known[value] = process(value)
            row[position] = found
        elif value is not None:
            row[position] = process(value)

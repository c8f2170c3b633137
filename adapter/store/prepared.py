"""Statements compiled once and executed straight through the driver, inside a transaction.

SQLAlchemy writes the SQL and knows the types; going through its execution for every one-row
statement costs five times what SQLite needs to carry it out.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler

Row = tuple[Any, ...]
_PARAMETERS = 900  # what every SQLite takes in one statement
_Process = Callable[[Any], Any] | None


@dataclass(frozen=True, slots=True)
class _Compiled:
    """One dialect's form.

    `binds`: each parameter's name, and its value when it is not given; `made`: the place of those
    whose value is then made anew each time. `processes`: place, and what makes the driver's form.
    """

    sql: str
    positional: bool
    binds: tuple[tuple[str, Any], ...]
    made: tuple[tuple[int, Callable[[], Any]], ...]
    processes: tuple[tuple[int, Callable[[Any], Any]], ...]
    results: tuple[_Process, ...]
    returns: bool

    def parameters(self, values: Mapping[str, Any]) -> Any:
        get = values.get
        given = [get(name, default) for name, default in self.binds]
        for at, make in self.made:
            if self.binds[at][0] not in values:
                given[at] = make()
        for at, process in self.processes:
            given[at] = process(given[at])
        return self._as_taken(given)

    def late(self, values: Mapping[str, Any]) -> list[tuple[int | str, Any]]:
        """Return the place and the driver's form of values that were not known before."""
        processes = dict(self.processes)
        return [
            (
                at if self.positional else name,
                processes[at](values[name]) if at in processes else values[name],
            )
            for at, (name, _) in enumerate(self.binds)
            if name in values
        ]

    def _as_taken(self, given: list[Any]) -> Any:
        if self.positional:
            return given
        return {name: value for (name, _), value in zip(self.binds, given, strict=True)}

    def row(self, found: Row) -> Row:
        if not any(self.results):
            return found
        return tuple(
            value if process is None else process(value)
            for process, value in zip(self.results, found, strict=True)
        )


class Bound:
    """A statement with rows in the driver's form, to be executed once for each."""

    def __init__(self, compiled: _Compiled, rows: list[Any]) -> None:
        self._compiled = compiled
        self._rows = rows

    def run(self, connection: Connection, late: Mapping[str, Any]) -> None:
        """Execute with the values that were not known yet; they are the same in every row.

        Rows of an insert go in one statement as far as its parameters reach: each statement that a
        thread executes is a chance for another one to run, while this one holds the write lock.
        """
        compiled, rows = self._compiled, self._rows
        if late:
            changed = compiled.late(late)
            for row in rows:
                for key, value in changed:
                    row[key] = value
        cursor = connection.connection.cursor()
        head, values, group = compiled.sql.partition(" VALUES ")
        at_once = max(1, _PARAMETERS // max(1, len(compiled.binds)))
        try:
            if len(rows) == 1:
                cursor.execute(compiled.sql, rows[0])
            elif values and compiled.positional and not compiled.returns:
                for start in range(0, len(rows), at_once):
                    chunk = rows[start : start + at_once]
                    statement = head + values + ", ".join([group] * len(chunk))
                    cursor.execute(statement, [value for row in chunk for value in row])
            else:
                cursor.executemany(compiled.sql, rows)
        except connection.dialect.loaded_dbapi.Error as error:
            raise named_error(connection, compiled.sql, error) from error
        cursor.close()


class Prepared:
    """A statement with bind parameters, compiled on first use for each dialect."""

    def __init__(self, statement: Any, columns: Iterable[str] | None = None) -> None:
        self._statement = statement
        self._columns = None if columns is None else list(columns)
        self._compiled: dict[str, _Compiled] = {}

    def one(self, connection: Connection, values: Mapping[str, Any]) -> Row | None:
        """Return the first row, None without one."""
        compiled, cursor = self._execute(connection, values)
        found = cursor.fetchone()
        cursor.close()
        return None if found is None else compiled.row(found)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """Return every row."""
        compiled, cursor = self._execute(connection, values)
        found = cursor.fetchall()
        cursor.close()
        return [compiled.row(row) for row in found]

    def insert(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Insert one row; return the id that the database gave it, 0 where it gave none."""
        compiled, cursor = self._execute(connection, values)
        key = cursor.fetchone()[0] if compiled.returns else getattr(cursor, "lastrowid", 0)
        cursor.close()
        return int(key or 0)

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Execute a statement that answers nothing."""
        _, cursor = self._execute(connection, values)
        cursor.close()

    def changed(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute an update; return how many rows its condition held for."""
        _, cursor = self._execute(connection, values)
        count = int(cursor.rowcount)
        cursor.close()
        return count

    def many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Execute once for every row of values."""
        self.bind(connection.dialect, rows).run(connection, {})

    def bind(self, dialect: Dialect, rows: Iterable[Mapping[str, Any]]) -> "Bound":
        """Bring rows to the driver's form before there is a transaction; what is late is None."""
        compiled = self._for(dialect)
        return Bound(compiled, [compiled.parameters(row) for row in rows])

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> tuple[_Compiled, Any]:
        compiled = self._for(connection.dialect)
        parameters = compiled.parameters(values)
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise named_error(connection, compiled.sql, error) from error
        return compiled, cursor

    def _for(self, dialect: Dialect) -> _Compiled:
        found = self._compiled.get(dialect.name)
        if found is None:
            found = self._compiled[dialect.name] = self._compile(dialect)
        return found

    def _compile(self, dialect: Dialect) -> _Compiled:
        compiled = self._statement.compile(dialect=dialect, column_keys=self._columns)
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("not a statement")
        prefetched = {column.key: column.default.arg for column in _prefetched(compiled)}
        names = compiled.positiontup if compiled.positional else list(compiled.binds)
        binds, made, processes = [], [], []
        for at, name in enumerate(names or ()):
            bind = compiled.binds[name]
            default = prefetched.get(name, bind.value)
            if callable(default):
                made.append((at, _without_context(default)))
                default = None
            binds.append((name, default))
            process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if process is not None:
                is_date = isinstance(bind.type, sa.Date)
                # Many rows share few dates.
                processes.append((at, lru_cache(maxsize=64)(process) if is_date else process))
        results = tuple(
            entry.type.dialect_impl(dialect).result_processor(dialect, None)
            for entry in compiled._result_columns  # noqa: SLF001 - the types of what comes back
        )
        returns = isinstance(self._statement, sa.Insert) and " RETURNING " in str(compiled)
        return _Compiled(
            str(compiled),
            bool(compiled.positional),
            tuple(binds),
            tuple(made),
            tuple(processes),
            results,
            returns,
        )


def _prefetched(compiled: SQLCompiler) -> list[Any]:
    return [column for column in compiled.insert_prefetch or () if column.default is not None]


def _without_context(default: Callable[[Any], Any]) -> Callable[[], Any]:
    """Return a column default as a plain function; SQLAlchemy hands its own a context."""
    return lambda: default(None)


def named_error(connection: Connection, statement: str, error: Exception) -> Exception:
    """Return a driver's error as SQLAlchemy would have named it.

    A connection that broke is not used again.
    """
    dialect = connection.dialect
    broken = dialect.is_disconnect(error, connection.connection.dbapi_connection, None)  # type: ignore[arg-type]
    if broken:
        connection.invalidate(error)
    return sa.exc.DBAPIError.instance(
        statement,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=broken,
        dialect=dialect,
    )


_INSERTS: dict[tuple[str, tuple[str, ...]], Prepared] = {}


def insert_into(table: sa.Table, columns: Iterable[str]) -> Prepared:
    """Return the prepared insert of these columns; the others get their defaults."""
    key = (table.name, tuple(columns))
    found = _INSERTS.get(key)
    if found is None:
        found = _INSERTS[key] = Prepared(sa.insert(table), key[1])
    return found

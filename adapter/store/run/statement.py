"""Statements of a run, compiled once and executed straight through the driver on any day."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.sql.compiler import SQLCompiler

from adapter.store.direct import bind_processor
from adapter.store.prepared import named_error

# Dates in a statement are written as days after this one.
ORIGIN: Final = date(2000, 1, 1)
TODAY: Final = "today"
_IN_PORTIONS: Final = {"yield_per": 10_000}
Processor = Callable[[Any], Any] | None


class PageStatement:
    """A statement whose dates are counted from `ORIGIN` and executed as counted from today."""

    def __init__(self, statement: Any, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("not a statement")
        self.sql = str(compiled)
        self._positional = bool(compiled.positional)
        defaults = compiled.params
        names = compiled.positiontup if self._positional else list(defaults)
        self._names = list(names or ())
        self._dates: list[tuple[int, int, Processor]] = []
        self._others: list[tuple[int, str, Any, Processor]] = []
        for place, name in enumerate(self._names):
            default, process = defaults[name], bind_processor(compiled, name)
            if isinstance(default, date):
                self._dates.append((place, (default - ORIGIN).days, process))
            else:
                self._others.append((place, name, default, process))
        # The last day's dates are kept: the same statement asks many times a day.
        self._dated: tuple[date | None, list[Any]] = (None, [None] * len(self._names))

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Execute the statement; return how many rows it wrote."""
        cursor = self._execute(connection, values)
        count: int = cursor.rowcount
        cursor.close()
        return count

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return every row in the driver's own form."""
        cursor = self._execute(connection, values)
        found: list[tuple[Any, ...]] = list(cursor.fetchall())
        cursor.close()
        return found

    def column(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the first column of every row.

        They are read as they are asked for, from a server in portions: a driver that fetched all
        of them would hold a tuple for each.
        """
        if connection.dialect.name == "sqlite":
            yield from (row[0] for row in self._execute(connection, values))
        else:
            given = self.parameters(values)
            if self._positional:
                given = tuple(given)  # a list would be many rows of values
            found = connection.exec_driver_sql(self.sql, given, execution_options=_IN_PORTIONS)
            yield from found.scalars()

    def parameters(self, values: Mapping[str, Any]) -> Any:
        """Return these values in the driver's form; `TODAY` is the day to count from."""
        given = self._dates_of(values[TODAY]).copy() if self._dates else self._dated[1].copy()
        for place, name, default, process in self._others:
            value = values.get(name, default)
            given[place] = value if process is None else process(value)
        return given if self._positional else dict(zip(self._names, given, strict=True))

    def _dates_of(self, today: date) -> list[Any]:
        day, given = self._dated
        if day != today:
            given = [None] * len(self._names)
            for place, days, process in self._dates:
                value = today + timedelta(days=days)
                given[place] = value if process is None else process(value)
            self._dated = today, given
        return given

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, self.parameters(values))
        except connection.dialect.loaded_dbapi.Error as error:
            raise named_error(connection, self.sql, error) from error
        return cursor

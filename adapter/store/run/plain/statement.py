"""Statements of a page, compiled once and executed straight through the driver on any day."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.sql.compiler import SQLCompiler

from adapter.store.prepared import named_error
from adapter.store.run.plain.staging import TODAY

# Dates in a statement are written as days after this one.
ORIGIN: Final = date(2000, 1, 1)


class PageStatement:
    """A statement whose dates are counted from `ORIGIN` and executed as counted from today."""

    def __init__(self, statement: Any, dialect: sa.Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("not a statement")
        self._sql = str(compiled)
        self._positional = bool(compiled.positional)
        defaults = compiled.params
        names = compiled.positiontup if self._positional else list(defaults)
        self._binds = []
        for name in names or ():
            default, bind = defaults[name], compiled.binds.get(name)
            process = None
            if bind is not None:
                process = bind.type.dialect_impl(dialect).bind_processor(dialect)
            days = (default - ORIGIN).days if isinstance(default, date) else None
            self._binds.append((name, default, days, process))

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

    def _execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        given = []
        for name, default, days, process in self._binds:
            if days is not None:
                value: Any = values[TODAY] + timedelta(days=days)
            else:
                value = values.get(name, default)
            given.append(value if process is None else process(value))
        parameters: Any = given
        if not self._positional:
            names = (name for name, *_ in self._binds)
            parameters = dict(zip(names, given, strict=True))
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self._sql, parameters)
        except connection.dialect.loaded_dbapi.Error as error:
            raise named_error(connection, self._sql, error) from error
        return cursor

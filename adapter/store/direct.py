"""One-row reads straight through the driver, for the questions that every request asks.

SQLAlchemy's execution of a finished statement costs ten times what SQLite needs to answer it.
Here a statement is compiled once, and a connection in autocommit mode is kept ready.
"""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.sql.compiler import SQLCompiler

from adapter.errors import StoreUnavailable

Row = tuple[Any, ...]


class DirectReads:
    """Asks prepared one-row questions. Safe to share between threads; make one per process.

    Half of the engine's pool at most is kept; what runs besides goes back to it.
    """

    def __init__(self, engine: Engine) -> None:
        # No transaction is left open on a kept connection, so it always reads what is committed.
        # On SQLite there is none as long as nobody begins one.
        self._engine = (
            engine
            if engine.dialect.name == "sqlite"
            else engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        driver = engine.dialect.dbapi
        self._broken: Any = ()
        if driver is not None:
            self._broken = (driver.OperationalError, driver.InterfaceError)
        self._most_kept = max(1, getattr(engine.pool, "size", lambda: 2)() // 2)
        self._idle: list[Connection] = []
        event.listen(engine, "engine_disposed", lambda _: self.close())

    def close(self) -> None:
        """Close the kept connections; called by itself when the engine is disposed of."""
        while self._idle:
            connection = self._idle.pop()
            # The pool it came from may be gone already and would only keep it.
            connection.detach()
            connection.close()

    def prepare(self, statement: sa.ClauseElement) -> "Question":
        """Return a statement ready to be asked."""
        compiled = statement.compile(
            dialect=self._engine.dialect, compile_kwargs={"render_postcompile": True}
        )
        return Question(self, compiled)

    def fetch(self, statement: str, parameters: Any) -> Row | None:
        """Return the first row of a statement in the driver's own form.

        A connection that broke while it was kept is replaced once. Raises `StoreUnavailable`.
        """
        if self._idle:
            try:
                return self._fetch(self._idle.pop(), statement, parameters)
            except IndexError:
                pass  # another thread took it
            except self._broken:
                self.close()
        try:
            return self._fetch(self._engine.connect(), statement, parameters)
        except (*self._broken, sa.exc.OperationalError, sa.exc.TimeoutError) as error:
            raise StoreUnavailable from error

    def _fetch(self, connection: Connection, statement: str, parameters: Any) -> Row | None:
        try:
            cursor = connection.connection.cursor()
            cursor.execute(statement, parameters)
            row: Row | None = cursor.fetchone()
            cursor.close()
        except BaseException:
            connection.invalidate()
            connection.close()
            raise
        if len(self._idle) < self._most_kept:
            self._idle.append(connection)
        else:
            connection.close()
        return row


class Question:
    """A compiled statement with its parameters' places and types."""

    def __init__(self, reads: DirectReads, compiled: Any) -> None:
        if not isinstance(compiled, SQLCompiler):
            raise TypeError("only a SELECT can be asked")
        self._reads = reads
        self._statement = str(compiled)
        self._positional = bool(compiled.positional)
        # A list inside the statement has a parameter for each value; those are plain.
        defaults = compiled.params
        names = compiled.positiontup if self._positional else list(defaults)
        self._binds = [
            (name, defaults[name], bind_processor(compiled, name)) for name in names or ()
        ]

    @property
    def defaults(self) -> Mapping[str, Any]:
        """What each parameter is where a call gives no other value."""
        return {name: default for name, default, _ in self._binds}

    def ask(self, values: Mapping[str, Any]) -> Row | None:
        """Return the first row for these values; None when there is none."""
        given = [
            (name, value if process is None else process(value))
            for name, default, process in self._binds
            for value in (values.get(name, default),)
        ]
        parameters: Any = [value for _, value in given] if self._positional else dict(given)
        return self._reads.fetch(self._statement, parameters)


def bind_processor(compiled: SQLCompiler, name: str) -> Callable[[Any], Any] | None:
    """Return what makes the driver's form of a parameter's value; None where nothing has to."""
    bind = compiled.binds.get(name)
    if bind is None:
        return None
    kind: Any = bind.type.dialect_impl(compiled.dialect)
    process: Callable[[Any], Any] | None = kind.bind_processor(compiled.dialect)
    return process

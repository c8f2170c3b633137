"""PostgreSQL and MariaDB made strict: how connections are set up, and what their errors mean.

Every connection is set to READ COMMITTED, with limits on waiting, and then asked what it really
has: a server that does not hold to it is refused rather than trusted.
"""

import math
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL

from adapter.errors import AdapterError
from adapter.store.config import StoreConfig
from adapter.store.types import EXACT_COLLATION

_POSTGRESQL: Final = "postgresql"
_DRIVERS: Final = {
    _POSTGRESQL: "postgresql+psycopg",
    "mysql": "mariadb+pymysql",
    "mariadb": "mariadb+pymysql",
}
_CONNECT_SECONDS: Final = 10
# A process that stands still in a transaction loses it, and with it the locks others wait for.
_IDLE_SECONDS: Final = 120
# A server closes idle connections, and firewalls forget them.
_RECYCLE_SECONDS: Final = 1800
_OLDEST_POSTGRESQL: Final = 150000
_OLDEST_MARIADB: Final = (10, 11)
_READ: Final = "adapter_read"
_SCHEMA_LOCK: Final = 7_104_215_836  # any number that is ours alone

# SIMULTANEOUS_ASSIGNMENT: as in every other database, an UPDATE reads the values before it.
_SQL_MODE: Final = frozenset(
    {
        "STRICT_ALL_TABLES",
        "ERROR_FOR_DIVISION_BY_ZERO",
        "NO_ZERO_DATE",
        "NO_ZERO_IN_DATE",
        "NO_ENGINE_SUBSTITUTION",
        "ONLY_FULL_GROUP_BY",
        "SIMULTANEOUS_ASSIGNMENT",
    }
)

# SQLSTATE classes of PostgreSQL that pass by themselves or by an operator's hand: connection,
# transaction rollback, resources, intervention, system; then a lock not had in time, an idle
# transaction ended, a server that only reads.
_PASSING_CLASSES: Final = ("08", "40", "53", "57", "58")
_PASSING_STATES: Final = frozenset({"55P03", "25P03", "25006"})
_CONFLICT_CLASS: Final = "40"
# The same of MariaDB, by number.
_PASSING_NUMBERS: Final = frozenset(
    {
        1021,  # disk full
        1040,  # too many connections
        1053,  # the server shuts down
        1114,  # table full
        1203,  # too many connections of the user
        1205,  # a lock not had in time
        1213,  # deadlock
        1226,  # a limit of the user
        1290,  # read only
        1317,  # interrupted
        1836,  # read only
        1927,  # the connection was killed
        1969,  # a statement beyond its time
        2002,  # no connection
        2003,
        2006,  # the connection is gone
        2013,
        2055,
        4031,  # closed for being idle
    }
)
_FULL_STATE: Final = "53100"
_FULL_NUMBERS: Final = frozenset({1021, 1114})
_CONFLICT_NUMBERS: Final = frozenset({1020, 1213})


class UnfitServer(AdapterError):
    """A database server cannot keep what the store promises; `reason` says why."""

    code = "unfit_server"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database server cannot be used: {reason}")
        self.reason = reason


def is_server(url: URL) -> bool:
    """Tell whether a URL names a database server that the store knows."""
    return url.get_backend_name() in _DRIVERS


def create_engine(config: StoreConfig, *, patient: bool = False) -> Engine:
    """Return the engine of a server's database; every new connection is set up and checked.

    `patient` leaves out the limits on statements, for a change of the schema.
    """
    url = sa.make_url(config.url)
    backend = url.get_backend_name()
    url = url.set(drivername=_DRIVERS[backend])
    wait = config.write_wait_seconds
    statement = 0.0 if patient else max(config.statement_seconds, wait)
    build = _postgresql if backend == _POSTGRESQL else _mariadb
    return build(
        url,
        wait,
        statement,
        pool_size=config.pool_size,
        max_overflow=config.pool_size,
        pool_timeout=wait,
        pool_recycle=_RECYCLE_SECONDS,
        isolation_level="READ COMMITTED",
    )


def reader(engine: Engine) -> Engine:
    """Return the engine whose transactions only read, each from one snapshot."""
    if engine.dialect.name == _POSTGRESQL:
        return engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return engine.execution_options(**{_READ: True})


def lock_schema(connection: Connection, seconds: float) -> bool:
    """Let one process at a time change the schema, until the connection is closed."""
    if connection.dialect.name == _POSTGRESQL:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SCHEMA_LOCK})")
        return True
    # A name is the whole server's.
    named = sa.text("SELECT GET_LOCK(CONCAT('adapter.', MD5(DATABASE())), :seconds)")
    return bool(connection.execute(named, {"seconds": math.ceil(seconds)}).scalar())


def says_busy(dialect: str, error: BaseException | None) -> bool:
    """Tell whether trying again may help; a defect of ours must not read like that."""
    if dialect == _POSTGRESQL:
        state = getattr(error, "sqlstate", None)
        if state is None:
            # What libpq says itself carries no state: it is about the connection.
            return type(error).__name__ in {"OperationalError", "ConnectionTimeout"}
        return state[:2] in _PASSING_CLASSES or state in _PASSING_STATES
    return _number(error) in _PASSING_NUMBERS


def says_full(dialect: str, error: BaseException | None) -> bool:
    """Tell whether the disk of the server, or what a table may take of it, is full."""
    if dialect == _POSTGRESQL:
        return getattr(error, "sqlstate", None) == _FULL_STATE
    return _number(error) in _FULL_NUMBERS


def says_conflict(dialect: str, error: BaseException | None) -> bool:
    """Tell whether the database undid a transaction so that another one could go on."""
    if dialect == _POSTGRESQL:
        return str(getattr(error, "sqlstate", None) or "")[:2] == _CONFLICT_CLASS
    return _number(error) in _CONFLICT_NUMBERS


def limit_wait(connection: Connection, seconds: float) -> None:
    """Let the next statements of this transaction wait no longer than that for a lock."""
    if connection.dialect.name == _POSTGRESQL:
        milliseconds = max(1, math.ceil(seconds * 1000))
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {milliseconds}")


def with_wait(connection: Connection, statement: str, seconds: float) -> str:
    """Return a statement of MariaDB with its own bound on waiting, for which it has no SET LOCAL.

    Elsewhere the statement comes back as it is, and `limit_wait` holds.
    """
    if connection.dialect.name == _POSTGRESQL:
        return statement
    whole = max(1, math.ceil(seconds))
    return f"SET STATEMENT innodb_lock_wait_timeout = {whole} FOR {statement}"


def _number(error: BaseException | None) -> object:
    return error.args[0] if error is not None and error.args else None


def _postgresql(url: URL, wait: float, statement: float, **options: Any) -> Engine:
    engine = sa.create_engine(
        url,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "client_encoding": "utf8",
            # A server that vanished must not keep a caller: nobody answers for so long.
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "tcp_user_timeout": 30_000,
        },
        **options,
    )
    settings = {
        "default_transaction_isolation": "read committed",
        "lock_timeout": f"{math.ceil(wait * 1000)}",
        "statement_timeout": f"{math.ceil(statement * 1000)}",
        "idle_in_transaction_session_timeout": f"{_IDLE_SECONDS * 1000}",
        # Compiling a statement costs more than any of ours takes.
        "jit": "off",
    }
    given = ", ".join(
        f"set_config('{name}', '{value}', false)" for name, value in settings.items()
    )

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {given}")
            connection.commit()
            cursor.execute(
                "SELECT current_setting('transaction_isolation'), "
                "current_setting('server_encoding'), "
                "current_setting('server_version_num')::int"
            )
            isolation, encoding, version = cursor.fetchone()
            connection.commit()
            if version < _OLDEST_POSTGRESQL:
                raise UnfitServer("it is older than PostgreSQL 15")
            if isolation != "read committed":
                raise UnfitServer(f"its transactions are {isolation}, not read committed")
            if encoding != "UTF8":
                raise UnfitServer(f"the database's encoding is {encoding}, not UTF8")

    return engine


def _mariadb(url: URL, wait: float, statement: float, **options: Any) -> Engine:
    # What the driver waits for an answer: a little longer than the server works on one.
    answer = None if not statement else math.ceil(statement) + _CONNECT_SECONDS
    engine = sa.create_engine(
        url,
        connect_args={
            "charset": "utf8mb4",
            "connect_timeout": _CONNECT_SECONDS,
            "read_timeout": answer,
            "write_timeout": answer,
        },
        **options,
    )
    settings = {
        "sql_mode": f"'{','.join(sorted(_SQL_MODE))}'",
        "default_storage_engine": "InnoDB",
        "innodb_lock_wait_timeout": str(math.ceil(wait)),
        "lock_wait_timeout": str(math.ceil(wait)),
        "max_statement_time": str(statement),
        "idle_transaction_timeout": str(_IDLE_SECONDS),
    }
    given = ", ".join(f"SESSION {name} = {value}" for name, value in settings.items())

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            (version,) = cursor.fetchone()
            if "MariaDB" not in version or _version(version) < _OLDEST_MARIADB:
                raise UnfitServer(f"it is {version}, not MariaDB 10.11 or newer")
            cursor.execute(f"SET NAMES utf8mb4 COLLATE {EXACT_COLLATION}")
            cursor.execute(f"SET {given}")
            cursor.execute("SELECT @@tx_isolation, @@sql_mode, @@collation_connection")
            isolation, mode, collation = cursor.fetchone()
            connection.rollback()
            if isolation != "READ-COMMITTED":
                raise UnfitServer(f"its transactions are {isolation}, not READ-COMMITTED")
            missing = _SQL_MODE.difference(mode.split(","))
            if missing:
                raise UnfitServer(f"its sql_mode lacks {', '.join(sorted(missing))}")
            if collation != EXACT_COLLATION:
                raise UnfitServer(f"it compares by {collation}, not {EXACT_COLLATION}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        if _READ in connection.get_execution_options():
            connection.exec_driver_sql(
                "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            )

    return engine


def _version(text: str) -> tuple[int, ...]:
    """Return the first two numbers of a version such as `10.11.6-MariaDB`."""
    return tuple(int(part) for part in text.partition("-")[0].split(".")[:2])

"""The staging tables of a page: temporary, one set a connection, empty at every page's start."""

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable

from adapter.store.prepared import Prepared, named_error
from adapter.store.run.plain.shape import Shape
from adapter.store.types import RowId, long_text, short_text
from adapter.store.unit_of_work import UnitOfWork

_TEMPORARY: Final[Any] = {"prefixes": ["TEMPORARY"], "postgresql_on_commit": "DELETE ROWS"}
_metadata = sa.MetaData()

clients = sa.Table(
    "run_clients",
    _metadata,
    sa.Column("client_id", RowId, primary_key=True, autoincrement=False),
    **_TEMPORARY,
)

# A period of an item as it will be billed. `special` says that SQL may not decide about it;
# `place` counts the periods of its kind, where the engine does not number rows by itself.
items = sa.Table(
    "run_items",
    _metadata,
    sa.Column("kind", short_text(16), nullable=False),
    sa.Column("kind_order", sa.SmallInteger, nullable=False),
    sa.Column("billable_id", RowId, nullable=False),
    sa.Column("client_id", RowId, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("invoice_due_on", sa.Date, nullable=False),
    sa.Column("payment_method", short_text(64), nullable=False),
    sa.Column("line_type", short_text(16), nullable=False),
    sa.Column("description", long_text()),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("taxed", sa.Boolean, nullable=False),
    sa.Column("next_on", sa.Date),
    sa.Column("rule", short_text(16), nullable=False),
    sa.Column("inputs_digest", short_text(64), nullable=False),
    sa.Column("fence", sa.Integer, nullable=False),
    sa.Column("special", sa.Boolean, nullable=False),
    sa.Column("place", RowId),
    **_TEMPORARY,
)

# An invoice to be: its place on the page, ascending, and its sums in hundredths.
documents = sa.Table(
    "run_documents",
    _metadata,
    sa.Column("place", RowId, primary_key=True, autoincrement=False),
    sa.Column("client_id", RowId, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("payment_method", short_text(64), nullable=False),
    sa.Column("whole", sa.BigInteger, nullable=False),
    sa.Column("taxable", sa.BigInteger, nullable=False),
    sa.Column("currency", short_text(3), nullable=False),
    *(
        sa.Column(name, sa.BigInteger, nullable=False)
        for name in ("rate_1", "rate_2", "tax_1", "tax_2")
    ),
    sa.UniqueConstraint("client_id", "due_on", "payment_method"),
    **_TEMPORARY,
)

CLIENT_IDS: Final = "client_ids"
FIRST: Final = "first_client_id"
LAST: Final = "last_client_id"
_TABLES: Final = (clients, items, documents)
_LIST: Final = {
    "sqlite": "INSERT INTO run_clients SELECT value FROM json_each(:ids)",
    "mariadb": "INSERT INTO run_clients SELECT id FROM JSON_TABLE(:ids, '$[*]' "
    "COLUMNS (id BIGINT PATH '$')) AS listed",
}
_FILL: Final = {name: Prepared(sa.text(statement)) for name, statement in _LIST.items()}


_EMPTY: Final = Prepared(sa.delete(clients))


# Whatever is known of the tables' sizes, a page goes over its own rows and finds all others by
# their keys: it costs what it bills, not what exists.
_BY_KEYS: Final = tuple(
    f"SET LOCAL {way} = off" for way in ("enable_seqscan", "enable_hashjoin", "enable_mergejoin")
)
_SCRIPTS: dict[str, tuple[str, ...]] = {}


def begin(uow: UnitOfWork) -> None:
    """Empty the staging tables, making them where the connection has none."""
    dialect = uow.connection.dialect
    script = _SCRIPTS.get(dialect.name)
    if script is None:
        script = _SCRIPTS[dialect.name] = _script(dialect)
    cursor = uow.connection.connection.cursor()
    try:
        for statement in script:
            cursor.execute(statement)
    except dialect.loaded_dbapi.Error as error:
        raise named_error(uow.connection, "staging", error) from error
    cursor.close()


def _script(dialect: sa.Dialect) -> tuple[str, ...]:
    make = [str(CreateTable(t, if_not_exists=True).compile(dialect=dialect)) for t in _TABLES]
    empty = [f"DELETE FROM {table.name}" for table in _TABLES]  # noqa: S608 - our own names
    if dialect.name == "postgresql":
        # Many statements in one message; a page may be the second one of its transaction.
        return ("; ".join([*_BY_KEYS, *make, *empty]),)
    if dialect.name == "sqlite":
        return (*make, *empty)
    # Deleting the rows of a page costs MariaDB more than making its tables anew. Without the word
    # TEMPORARY it would commit.
    return (*(f"DROP TEMPORARY TABLE IF EXISTS {table.name}" for table in _TABLES), *make)


def list_clients(uow: UnitOfWork, client_ids: Iterable[int]) -> None:
    """List these clients and no others, where they are not given with each statement."""
    statement = _FILL.get(uow.connection.dialect.name)
    if statement is not None:
        _EMPTY.run(uow.connection, {})
        statement.run(uow.connection, {"ids": str(list(client_ids))})


def of_page(shape: Shape, client_id: Any) -> Any:
    """Return the condition that a client is on the page."""
    if shape.dense:
        first, last = (sa.bindparam(name, None, type_=sa.BigInteger) for name in (FIRST, LAST))
        return client_id.between(first, last)
    return is_listed(shape.dialect, client_id)


def is_listed(dialect: str, client_id: Any) -> Any:
    """Return the condition that a client is listed; PostgreSQL takes the list with a statement."""
    if dialect in _FILL:
        return client_id.in_(sa.select(clients.c.client_id))
    return client_id == sa.any_(sa.bindparam(CLIENT_IDS, None, type_=sa.ARRAY(sa.BigInteger)))

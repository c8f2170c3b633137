"""The staging tables of a page: temporary, one set a connection, empty at every page's start."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.schema import CreateTable, DropTable

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

# A period of an item as it will be billed. `special` says that SQL may not decide about it.
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

_TABLES: Final = (clients, items, documents)
_MAKE: Final = tuple(CreateTable(table, if_not_exists=True) for table in _TABLES)
_DROP: Final = tuple(DropTable(table, if_exists=True) for table in _TABLES)
_LIST: Final = {
    "sqlite": "INSERT INTO run_clients SELECT value FROM json_each(:ids)",
    "postgresql": "INSERT INTO run_clients SELECT unnest(CAST(:ids AS BIGINT[]))",
    "mariadb": "INSERT INTO run_clients SELECT id FROM JSON_TABLE(:ids, '$[*]' "
    "COLUMNS (id BIGINT PATH '$')) AS listed",
}
_FILL: Final = {name: sa.text(statement) for name, statement in _LIST.items()}


# Whatever is known of the tables' sizes, a page goes over its own rows and finds all others by
# their keys: it costs what it bills, not what exists.
_BY_KEYS: Final = (
    "SELECT set_config('enable_seqscan', 'off', true), "
    "set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)"
)


def begin(uow: UnitOfWork, client_ids: Sequence[int]) -> None:
    """Empty the staging tables, making them where the connection has none, and list a page."""
    dialect = uow.connection.dialect.name
    if dialect == "postgresql":
        uow.connection.exec_driver_sql(_BY_KEYS)
    if dialect == "mariadb":
        # Deleting the rows of a page costs this engine more than making its tables anew.
        for drop in _DROP:
            uow.execute(drop)
    for make in _MAKE:
        uow.execute(make)
    if dialect == "sqlite":
        for table in _TABLES:
            uow.execute(sa.delete(table))
    _fill(uow, client_ids)


def list_clients(uow: UnitOfWork, client_ids: Iterable[int]) -> None:
    """List these clients instead of the page's."""
    uow.execute(sa.delete(clients))
    _fill(uow, client_ids)


def _fill(uow: UnitOfWork, client_ids: Iterable[int]) -> None:
    dialect, ids = uow.connection.dialect.name, list(client_ids)
    uow.execute(_FILL[dialect], {"ids": ids if dialect == "postgresql" else str(ids)})

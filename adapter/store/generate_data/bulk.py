"""Rows by the hundred thousand, written column by column through the driver of each engine."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from itertools import repeat
from typing import Any

import sqlalchemy as sa

from adapter.store.bulk import insert_rows
from adapter.store.unit_of_work import UnitOfWork


def next_id(uow: UnitOfWork, table: sa.Table, count: int) -> int:
    """Return the first of `count` ids of a table with automatic ids, kept from everyone else."""
    highest = uow.execute(sa.select(sa.func.max(table.c.id))).scalar() or 0
    if uow.connection.dialect.name == "postgresql" and count:
        # Only PostgreSQL's sequence does not notice ids it has not given itself.
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        uow.execute(sa.select(sa.func.setval(sequence, highest + count)))
    return int(highest) + 1


def write_rows(
    uow: UnitOfWork,
    table: sa.Table,
    varying: Mapping[str, Sequence[Any]],
    same: Mapping[str, Any],
) -> None:
    """Insert rows.

    `varying` has one sequence a column, all of one length, of values as the database stores them
    (amounts in hundredths, scaled numbers as integers); dates stay dates. `same` holds what all
    rows share, as the table's types take it. Other columns get their defaults.
    """
    dialect = uow.connection.dialect
    count = len(next(iter(varying.values())))
    if not count:
        return
    columns: dict[str, Iterable[Any]] = {}
    for name, values in varying.items():
        is_date = isinstance(table.c[name].type, sa.Date)
        columns[name] = _iso(values) if is_date and dialect.name == "sqlite" else values
    shared = _defaults(table, varying) | dict(same)
    for name, value in shared.items():
        process = table.c[name].type.dialect_impl(dialect).bind_processor(dialect)
        columns[name] = repeat(value if process is None else process(value), count)
    insert_rows(uow.connection, table.name, list(columns), zip(*columns.values(), strict=True))


def _defaults(table: sa.Table, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the defaults that SQLAlchemy would fill in and the database would not."""
    return {
        column.name: column.default.arg(None) if column.default.is_callable else column.default.arg  # type: ignore[attr-defined]
        for column in table.c
        if column.default is not None
        and column.server_default is None
        and column.name not in given
    }


def _iso(values: Sequence[date | None]) -> list[str | None]:
    return [None if value is None else value.isoformat() for value in values]

"""The limit of an invoice run: its rows written by nothing but set-based SQL.

The rows come from tables that hold what the product wrote into another copy of the store, so the
reference computes nothing at all: one INSERT ... SELECT a table, one UPDATE of the queue, one
durable commit. Same tables, same indexes, same connection settings.
"""

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from stores import Stores, workplace

from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.queue import TABLES

WRITTEN = ("runs", "claims", "documents", "document_lines", "outbox")


def stage(stores: Stores, untouched: str, finished: str, kind: BillableKind) -> str:
    """Return a store like `untouched` that also holds the rows which the run wrote."""
    url = stores.copy(untouched)
    for table in (*WRITTEN, TABLES[kind].name, "counters"):
        stores.stage(finished, url, table)
    return url


def issue(url: str, kind: BillableKind) -> float:
    """Write the staged rows; return the seconds it took, commit included."""
    with workplace(url) as place:
        with place.store.read() as uow:
            uow.execute(sa.select(sa.literal(1)))  # the connection is made outside the measure
        began = time.perf_counter()
        with place.store.write() as uow:
            for statement in _statements(uow.connection.dialect.name, TABLES[kind], kind):
                uow.connection.exec_driver_sql(statement)
        return time.perf_counter() - began


def content(url: str, kind: BillableKind) -> Sequence[Any]:
    """Return counts and sums that say whether two stores hold the same run."""
    documents, lines, queue = tables.documents.c, tables.document_lines.c, TABLES[kind].c
    count, total = sa.func.count(), sa.func.sum
    with workplace(url) as place, place.store.read() as uow:
        return [
            tuple(str(value) for value in uow.execute(query).one())
            for query in (
                sa.select(count, total(documents.total), total(documents.tax),
                          total(documents.id), total(documents.number)),
                sa.select(count, total(lines.amount), total(lines.net), total(lines.vat),
                          total(lines.document_id)),
                sa.select(count, total(tables.claims.c.document_id)),
                sa.select(count, total(tables.outbox.c.document_id)),
                sa.select(sa.func.count(queue.next_invoice_on), total(queue.generation_count),
                          sa.func.count(queue.last_issued_on)),
            )
        ]  # fmt: skip


def _statements(dialect: str, queue: sa.Table, kind: BillableKind) -> list[str]:
    found = []
    for table in WRITTEN:
        names = ", ".join(column.name for column in tables.metadata.tables[table].c)
        found.append(f"INSERT INTO {table} ({names}) SELECT {names} FROM ref_{table}")
    moved = ["next_invoice_on", "generation_count", "last_issued_on"]
    if kind is BillableKind.RECURRING_INVOICE:
        moved += ["next_due_on", "occurrence", "ended"]
    name = queue.name
    changed = f"ref_{name}.last_issued_on IS NOT NULL"
    if dialect == "mariadb":
        pairs = ", ".join(f"{name}.{column} = ref_{name}.{column}" for column in moved)
        found.append(
            f"UPDATE ref_{name} JOIN {name} ON {name}.id = ref_{name}.id SET {pairs} "
            f"WHERE {changed}"
        )
    else:
        pairs = ", ".join(f"{column} = ref_{name}.{column}" for column in moved)
        found.append(
            f"UPDATE {name} SET {pairs} FROM ref_{name} "
            f"WHERE {name}.id = ref_{name}.id AND {changed}"
        )
    found.append(
        "UPDATE counters SET next_value = "
        "(SELECT next_value FROM ref_counters WHERE ref_counters.name = counters.name)"
    )
    return found

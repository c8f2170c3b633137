"""A digest of what a run issued, from the rows as they were written: equal content, equal digest.

Ids, numbers and times are left out, and the order of the documents does not count: a dry run, a
run in other pages and one shared with another caller agree when they issue the same.
"""

import hashlib
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.run.blocks import Numbers
from adapter.store.unit_of_work import UnitOfWork

_MODULUS: Final = 2**256
_LEFT_OUT: Final = frozenset(
    {"id", "number", "number_text", "run_id", "document_id", "created_at", "updated_at"}
    | {"claimed_at", "settings_version"}
)


def digest_of(uow: UnitOfWork, numbers: Numbers, count: int) -> int:
    """Return the sum of the digests of the `count` documents of a block, below 2 ** 256."""
    block = (numbers.first_id, numbers.id_at(count - 1))
    parts = [
        _by_document(uow, table.c[key], order, block)
        for table, key, order in (
            (tables.documents, "id", ("id",)),
            (tables.document_lines, "document_id", ("position",)),
            (tables.claims, "document_id", ("kind", "billable_id", "due_on")),
        )
    ]
    contents: dict[int, list[str]] = {}
    for part in parts:
        for document_id, text in part:
            contents.setdefault(document_id, []).append(text)
    return sum(_digest("\n".join(texts)) for texts in contents.values()) % _MODULUS


def _by_document(
    uow: UnitOfWork, key: sa.Column[int], order: tuple[str, ...], block: tuple[int, int]
) -> Iterator[tuple[int, str]]:
    table = key.table
    columns = [column for column in table.c if column.name not in _LEFT_OUT]
    query = (
        sa.select(key, *columns)
        .where(key.between(*block))
        .order_by(key, *(table.c[name] for name in order))
    )
    rows = (tuple(row) for row in uow.execute(query))
    for document_id, group in groupby(rows, key=lambda row: row[0]):
        yield document_id, repr([_plain(row[1:]) for row in group])


def _plain(values: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(str(value) for value in values)


def _digest(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")

"""Texts that must fit their column: SQLite would keep any length, the other engines none."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa

from adapter.errors import InvalidField


def check_lengths(table: sa.Table, values: Mapping[str, Any]) -> None:
    """Raise `InvalidField` for the first text that is longer than its column."""
    lengths = _lengths(table)
    for name, value in values.items():
        length = lengths.get(name)
        if length is not None and isinstance(value, str) and len(value) > length:
            raise InvalidField(name, "max_length", f"{name} is longer than {length} characters")


@cache
def _lengths(table: sa.Table) -> Mapping[str, int]:
    """Return how long the texts of a table may be."""
    lengths = {column.name: getattr(column.type, "length", None) for column in table.c}
    return {name: length for name, length in lengths.items() if length is not None}

"""Texts that must fit their column: SQLite would keep any length, the other engines none."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from adapter.errors import InvalidField


def check_lengths(table: sa.Table, values: Mapping[str, Any]) -> None:
    """Raise `InvalidField` for the first text that is longer than its column."""
    for name, value in values.items():
        length = getattr(table.c[name].type, "length", None)
        if length is not None and isinstance(value, str) and len(value) > length:
            raise InvalidField(name, "max_length", f"{name} is longer than {length} characters")

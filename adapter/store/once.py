"""The insert that gives way to an equal one."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql, sqlite


def insert_unless_there(dialect: str, column: "sa.Column[Any]") -> Any:
    """Return an insert that waits for whoever writes an equal row, and then changes nothing.

    It is executed with one row or with many. `column` is one of a unique key of the table. How
    many rows are counted differs by database: read the row to see whose it is.
    """
    if dialect in {"mysql", "mariadb"}:
        # Not INSERT IGNORE, which also hides what is wrong with a row.
        return mysql.insert(column.table).on_duplicate_key_update({column: column})
    kind = postgresql if dialect == "postgresql" else sqlite
    return kind.insert(column.table).on_conflict_do_nothing()

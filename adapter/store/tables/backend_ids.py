"""Numbers of ours for what backends elsewhere name by texts."""

import sqlalchemy as sa

from adapter.store.tables.base import metadata, row_id
from adapter.store.types import short_text

# One row a record of a backend that was ever told of: `id` is what our callers know it by,
# `remote` what the backend calls it. A row is never changed: a number once given means the same
# for ever.
backend_ids = sa.Table(
    "backend_ids",
    metadata,
    row_id(),
    sa.Column("backend", short_text(64), nullable=False),
    sa.Column("noun", short_text(32), nullable=False),
    sa.Column("remote", short_text(255), nullable=False),
    sa.UniqueConstraint("backend", "noun", "remote", name="uq_backend_ids_remote"),
    sqlite_autoincrement=True,
)

"""What keeps a whole store from acting."""

from sqlalchemy import Column, Table

from adapter.store.tables.base import NAME, metadata
from adapter.store.types import JsonText, UtcTime, short_text

# While any row stands, nothing is billed, issued or sent: `store.holds`. `since` is by the
# account's clock. Whoever writes here takes a new settings version, with which every process
# reads these rows again.
holds = Table(
    "holds",
    metadata,
    Column("reason", short_text(32), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("caller", short_text(NAME), nullable=False),
    Column("facts", JsonText, nullable=False),
)

"""What came from another system: the imports, and what that system would bill next."""

from sqlalchemy import Column, Date, Table

from adapter.store.tables.base import NAME, metadata, row_id, text
from adapter.store.types import JsonText, MoneyAmount, RowId, UtcTime, short_text

# One row an import, written before its first record. `digest` is of what its files say, so that
# one that was killed is known again; `finished_at` is NULL as long as it is under way.
# `exported_at` is the time that its files carry, `counts` how many records of each kind they have.
imports = Table(
    "imports",
    metadata,
    row_id(),
    Column("digest", short_text(64), nullable=False),
    text("source"),
    Column("exported_at", UtcTime, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("counts", JsonText, nullable=False),
    Column("caller", short_text(NAME), nullable=False),
)

# What the other system would invoice next of a billable, as its export says: the due date of the
# period (NULL: nothing), the day on which it would make the invoice, and what the period comes to.
# Go-live holds the first day's dry run against it.
expected_invoices = Table(
    "expected_invoices",
    metadata,
    Column("kind", short_text(16), primary_key=True),
    Column("billable_id", RowId, primary_key=True, autoincrement=False),
    Column("due_on", Date),
    Column("issue_on", Date),
    Column("amount", MoneyAmount),
)

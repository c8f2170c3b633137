"""A calendar that SQL can join, a sandbox's clock, and the date after a held one.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar",
        sa.Column("months", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=False),
        sa.Column("period_end", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("months", "anchor_day", "due_on", name=op.f("pk_calendar")),
        if_not_exists=True,
    )
    op.create_table(
        "sandbox_clock",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("shift_seconds", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", types.UtcTime(), nullable=False),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sandbox_clock")),
        if_not_exists=True,
    )
    op.add_column(
        "held_occurrences", sa.Column("next_on", sa.Date(), nullable=True), if_not_exists=True
    )


def downgrade() -> None:
    op.drop_column("held_occurrences", "next_on")
    op.drop_table("sandbox_clock")
    op.drop_table("calendar")

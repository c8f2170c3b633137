"""A calendar that SQL can join.

Revision 0002.
"""

import sqlalchemy as sa
from alembic import op

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


def downgrade() -> None:
    op.drop_table("calendar")

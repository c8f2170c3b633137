"""Holds on a store.

Revision 0011.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holds",
        sa.Column("reason", types.short_text(32), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.Column("facts", types.long_text(), nullable=False),
        sa.PrimaryKeyConstraint("reason", name=op.f("pk_holds")),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("holds")

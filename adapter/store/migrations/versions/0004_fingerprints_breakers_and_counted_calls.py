"""Fingerprints of what was asked, breakers and counted calls.

Revision 0004.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "breakers",
        sa.Column("backend", types.short_text(64), nullable=False),
        sa.Column("state", types.short_text(16), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("opened_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("backend", name=op.f("pk_breakers")),
        if_not_exists=True,
    )
    op.create_table(
        "call_counts",
        sa.Column("name", types.short_text(255), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_call_counts")),
        if_not_exists=True,
    )
    op.add_column(
        "audit", sa.Column("fingerprint", types.short_text(64), nullable=True), if_not_exists=True
    )


def downgrade() -> None:
    op.drop_column("audit", "fingerprint")
    op.drop_table("call_counts")
    op.drop_table("breakers")

"""A journal of requests.

Revision 0010.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "requests",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("request_id", types.short_text(64), nullable=False),
        sa.Column("received_at", types.UtcTime(), nullable=False),
        sa.Column("credential", types.short_text(255), nullable=False),
        sa.Column("protocol", types.short_text(32), server_default="", nullable=False),
        sa.Column("action", types.short_text(64), server_default="", nullable=False),
        sa.Column("command", types.short_text(64), server_default="", nullable=False),
        sa.Column("asked", types.long_text(), nullable=True),
        sa.Column("outcome", types.short_text(64), server_default="", nullable=False),
        sa.Column("message", types.long_text(), nullable=True),
        sa.Column("told", types.long_text(), nullable=True),
        sa.Column("status", sa.Integer(), server_default="0", nullable=False),
        sa.Column("milliseconds", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_requests_request_id", "requests", ["request_id"], unique=False, if_not_exists=True
    )


def downgrade() -> None:
    op.drop_index("ix_requests_request_id", table_name="requests")
    op.drop_table("requests")

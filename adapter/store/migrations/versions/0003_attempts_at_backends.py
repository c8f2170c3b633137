"""Attempts at backends.

Revision 0003.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("reference", types.short_text(64), nullable=False),
        sa.Column("credential", types.short_text(64), nullable=False),
        sa.Column("command", types.short_text(64), nullable=False),
        sa.Column("fingerprint", types.short_text(64), nullable=False),
        sa.Column("idempotency_key", types.short_text(255), nullable=True),
        sa.Column("backend", types.short_text(64), nullable=False),
        sa.Column("proof", types.short_text(16), nullable=False),
        sa.Column("state", types.short_text(16), nullable=False),
        sa.Column("sends", sa.Integer(), server_default="0", nullable=False),
        sa.Column("began_at", types.UtcTime(), nullable=False),
        sa.Column("deadline_at", types.UtcTime(), nullable=False),
        sa.Column("ended_at", types.UtcTime(), nullable=True),
        sa.Column("request_id", types.short_text(64), nullable=False),
        sa.Column("request", types.long_text(), nullable=False),
        sa.Column("sent", types.long_text(), nullable=True),
        sa.Column("result", types.long_text(), nullable=True),
        sa.Column("error_code", types.short_text(64), nullable=True),
        sa.Column("error_text", types.long_text(), nullable=True),
        sa.Column("resolved_by", types.short_text(64), nullable=True),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_attempts")),
        sa.UniqueConstraint("credential", "idempotency_key", name="uq_attempts_key"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_attempts_fingerprint",
        "attempts",
        ["credential", "fingerprint", "began_at"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_attempts_state", "attempts", ["state", "deadline_at"], unique=False, if_not_exists=True
    )


def downgrade() -> None:
    op.drop_index("ix_attempts_state", table_name="attempts")
    op.drop_index("ix_attempts_fingerprint", table_name="attempts")
    op.drop_table("attempts")

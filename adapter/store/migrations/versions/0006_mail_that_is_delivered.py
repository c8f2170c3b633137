"""Mail that is delivered.

Revision 0006.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mail_delivery",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("since", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_delivery")),
        if_not_exists=True,
    )
    op.add_column(
        "outbox", sa.Column("due_at", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("leased_until", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("lease", types.short_text(32), nullable=True), if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("retried_at", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("ended_at", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("last_error", types.long_text(), nullable=True), if_not_exists=True
    )


def downgrade() -> None:
    op.drop_column("outbox", "last_error")
    op.drop_column("outbox", "ended_at")
    op.drop_column("outbox", "retried_at")
    op.drop_column("outbox", "lease")
    op.drop_column("outbox", "leased_until")
    op.drop_column("outbox", "due_at")
    op.drop_table("mail_delivery")

"""Runs that can be undone, schedules that can be paused.

Revision 0014.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_parked",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("run_id", types.RowId, nullable=False),
        sa.Column("content", types.long_text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run_parked")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_run_parked_run_id"), "run_parked", ["run_id"], unique=False, if_not_exists=True
    )
    op.add_column(
        "billable_items",
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "billable_items",
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "documents", sa.Column("undone_at", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "domains",
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "domains",
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "held_occurrences", sa.Column("run_id", types.RowId, nullable=True), if_not_exists=True
    )
    op.create_index(
        "ix_held_occurrences_run", "held_occurrences", ["run_id"], unique=False, if_not_exists=True
    )
    op.add_column(
        "outbox", sa.Column("held_until", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["status", "held_until", "id"],
        unique=False,
        if_not_exists=True,
    )
    op.drop_index("ix_outbox_status", table_name="outbox", if_exists=True)
    op.add_column(
        "runs",
        sa.Column("undone_count", sa.Integer(), server_default="0", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "runs", sa.Column("undone_at", types.UtcTime(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "service_addons",
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "service_addons",
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "services",
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "services",
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_column("services", "ended")
    op.drop_column("services", "paused")
    op.drop_column("service_addons", "ended")
    op.drop_column("service_addons", "paused")
    op.drop_column("runs", "undone_at")
    op.drop_column("runs", "undone_count")
    op.drop_index("ix_outbox_waiting", table_name="outbox")
    op.create_index("ix_outbox_status", "outbox", ["status", "id"], unique=False)
    op.drop_column("outbox", "held_until")
    op.drop_index("ix_held_occurrences_run", table_name="held_occurrences")
    op.drop_column("held_occurrences", "run_id")
    op.drop_column("domains", "ended")
    op.drop_column("domains", "paused")
    op.drop_column("documents", "undone_at")
    op.drop_column("billable_items", "ended")
    op.drop_column("billable_items", "paused")
    op.drop_index(op.f("ix_run_parked_run_id"), table_name="run_parked")
    op.drop_table("run_parked")

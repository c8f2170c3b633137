"""Imports, what they expect, and custom fields.

Revision 0012.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "custom_fields",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("product_id", types.RowId, server_default="0", nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("required", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("on_order", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_custom_fields_product_id"),
        "custom_fields",
        ["product_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "expected_invoices",
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("billable_id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("issue_on", sa.Date(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("kind", "billable_id", name=op.f("pk_expected_invoices")),
        if_not_exists=True,
    )
    op.create_table(
        "imports",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("digest", types.short_text(64), nullable=False),
        sa.Column("source", types.short_text(255), server_default="", nullable=False),
        sa.Column("exported_at", types.UtcTime(), nullable=False),
        sa.Column("started_at", types.UtcTime(), nullable=False),
        sa.Column("finished_at", types.UtcTime(), nullable=True),
        sa.Column("counts", types.long_text(), nullable=False),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_table("custom_fields")
    op.drop_table("imports")
    op.drop_table("expected_invoices")

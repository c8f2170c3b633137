"""Every kind of document.

Revision 0007.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statements",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("format", types.short_text(8), server_default="", nullable=False),
        sa.Column("content", types.long_text(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("expires_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_statements_client_id"),
        "statements",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_statements_expires_at"),
        "statements",
        ["expires_at"],
        unique=False,
        if_not_exists=True,
    )
    op.add_column(
        "document_lines",
        sa.Column("includes_vat", sa.Boolean(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "document_lines",
        sa.Column("discount_percentage", sa.BigInteger(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "documents",
        sa.Column("custom_labels", types.long_text(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "documents",
        sa.Column("discount_amount", sa.BigInteger(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "documents",
        sa.Column("discount_percentage", sa.BigInteger(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "documents",
        sa.Column("original_currency", types.short_text(3), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "documents", sa.Column("exchange_rate", sa.BigInteger(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "documents",
        sa.Column("reference", types.short_text(64), server_default="", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "documents", sa.Column("convert_on", sa.Date(), nullable=True), if_not_exists=True
    )
    op.add_column(
        "documents", sa.Column("source_id", types.RowId, nullable=True), if_not_exists=True
    )
    op.create_index(
        "ix_documents_convert", "documents", ["convert_on"], unique=False, if_not_exists=True
    )
    op.create_index(
        "uq_documents_source", "documents", ["source_id"], unique=True, if_not_exists=True
    )
    op.add_column(
        "recurring_invoices",
        sa.Column("issues", types.short_text(16), server_default="invoice", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "recurring_invoices",
        sa.Column("convert_after_days", sa.Integer(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "recurring_lines",
        sa.Column("added_at", types.UtcTime(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "recurring_lines",
        sa.Column("removed_at", types.UtcTime(), nullable=True),
        if_not_exists=True,
    )
    op.add_column(
        "transactions",
        sa.Column("payment_id", types.RowId, server_default="0", nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_column("transactions", "payment_id")
    op.drop_column("recurring_lines", "removed_at")
    op.drop_column("recurring_lines", "added_at")
    op.drop_column("recurring_invoices", "convert_after_days")
    op.drop_column("recurring_invoices", "issues")
    op.drop_index("uq_documents_source", table_name="documents")
    op.drop_index("ix_documents_convert", table_name="documents")
    op.drop_column("documents", "source_id")
    op.drop_column("documents", "convert_on")
    op.drop_column("documents", "reference")
    op.drop_column("documents", "exchange_rate")
    op.drop_column("documents", "original_currency")
    op.drop_column("documents", "discount_percentage")
    op.drop_column("documents", "discount_amount")
    op.drop_column("documents", "custom_labels")
    op.drop_column("document_lines", "discount_percentage")
    op.drop_column("document_lines", "includes_vat")
    op.drop_index(op.f("ix_statements_expires_at"), table_name="statements")
    op.drop_index(op.f("ix_statements_client_id"), table_name="statements")
    op.drop_table("statements")

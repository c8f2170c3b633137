"""Transactions told apart, quotes and pay methods.

Revision 0008.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pay_methods",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("kind", types.short_text(16), server_default="", nullable=False),
        sa.Column("description", types.short_text(255), server_default="", nullable=False),
        sa.Column("gateway", types.short_text(64), server_default="", nullable=False),
        sa.Column("last_four", types.short_text(4), server_default="", nullable=False),
        sa.Column("card_type", types.short_text(32), server_default="", nullable=False),
        sa.Column("expires", types.short_text(4), server_default="", nullable=False),
        sa.Column("starts", types.short_text(4), server_default="", nullable=False),
        sa.Column("issue_number", types.short_text(2), server_default="", nullable=False),
        sa.Column("bank_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("account_type", types.short_text(32), server_default="", nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_methods")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_pay_methods_client_id"),
        "pay_methods",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "quotes",
        sa.Column("document_id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("subject", types.short_text(255), server_default="", nullable=False),
        sa.Column("first_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("last_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("company_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("email", types.short_text(255), server_default="", nullable=False),
        sa.Column("address_1", types.short_text(255), server_default="", nullable=False),
        sa.Column("address_2", types.short_text(255), server_default="", nullable=False),
        sa.Column("city", types.short_text(255), server_default="", nullable=False),
        sa.Column("state", types.short_text(255), server_default="", nullable=False),
        sa.Column("postcode", types.short_text(255), server_default="", nullable=False),
        sa.Column("country", types.short_text(2), server_default="", nullable=False),
        sa.Column("phone", types.short_text(64), server_default="", nullable=False),
        sa.Column("tax_number", types.short_text(255), server_default="", nullable=False),
        sa.Column("proposal", types.long_text(), nullable=False),
        sa.Column("customer_notes", types.long_text(), nullable=False),
        sa.Column("admin_notes", types.long_text(), nullable=False),
        sa.Column("modified_on", sa.Date(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("accepted_on", sa.Date(), nullable=True),
        sa.Column("invoice_id", types.RowId, server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_quotes")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_outbox_client", "outbox", ["client_id", "id"], unique=False, if_not_exists=True
    )
    op.add_column(
        "transactions",
        sa.Column("rate", sa.BigInteger(), server_default="100000", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "transactions",
        sa.Column("refund_of", types.RowId, server_default="0", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "transactions",
        sa.Column("as_credit", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_transactions_transaction_id",
        "transactions",
        ["transaction_id"],
        unique=False,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("ix_transactions_transaction_id", table_name="transactions")
    op.drop_column("transactions", "as_credit")
    op.drop_column("transactions", "refund_of")
    op.drop_column("transactions", "rate")
    op.drop_index("ix_outbox_client", table_name="outbox")
    op.drop_table("quotes")
    op.drop_index(op.f("ix_pay_methods_client_id"), table_name="pay_methods")
    op.drop_table("pay_methods")

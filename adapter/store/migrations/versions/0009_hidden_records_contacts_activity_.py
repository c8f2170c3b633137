"""Hidden records, contacts, activity, upgrades.

Revision 0009.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "activity_log",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("recorded_at", types.UtcTime(), nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.Column("address", types.short_text(64), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_log")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_activity_log_client_id"),
        "activity_log",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "contacts",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("first_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("last_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("company_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("email", types.short_text(255), server_default="", nullable=False),
        sa.Column("email_key", types.short_text(255), server_default="", nullable=False),
        sa.Column("address_1", types.short_text(255), server_default="", nullable=False),
        sa.Column("address_2", types.short_text(255), server_default="", nullable=False),
        sa.Column("city", types.short_text(255), server_default="", nullable=False),
        sa.Column("state", types.short_text(255), server_default="", nullable=False),
        sa.Column("postcode", types.short_text(255), server_default="", nullable=False),
        sa.Column("country", types.short_text(2), server_default="", nullable=False),
        sa.Column("phone", types.short_text(64), server_default="", nullable=False),
        sa.Column("tax_number", types.short_text(255), server_default="", nullable=False),
        sa.Column("email_preferences", types.long_text(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_contacts_client_id"), "contacts", ["client_id"], unique=False, if_not_exists=True
    )
    op.create_index(
        "ix_contacts_email", "contacts", ["email_key"], unique=False, if_not_exists=True
    )
    op.create_table(
        "upgrades",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("order_id", types.RowId, nullable=False),
        sa.Column("service_id", types.RowId, nullable=False),
        sa.Column("invoice_id", types.RowId, nullable=False),
        sa.Column("old_product_id", types.RowId, nullable=False),
        sa.Column("new_product_id", types.RowId, nullable=False),
        sa.Column("old_cycle", types.short_text(16), server_default="", nullable=False),
        sa.Column("new_cycle", types.short_text(16), server_default="", nullable=False),
        sa.Column("old_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("new_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("old_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("new_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upgrades")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_upgrades_invoice_id"),
        "upgrades",
        ["invoice_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_upgrades_order_id"), "upgrades", ["order_id"], unique=False, if_not_exists=True
    )
    op.create_index(
        op.f("ix_upgrades_service_id"),
        "upgrades",
        ["service_id"],
        unique=False,
        if_not_exists=True,
    )
    op.add_column(
        "clients",
        sa.Column("password_hash", types.short_text(255), server_default="", nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "clients",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "domains",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.create_index("ix_domains_order", "domains", ["order_id"], unique=False, if_not_exists=True)
    op.add_column(
        "orders",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.add_column(
        "service_addons",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_service_addons_order", "service_addons", ["order_id"], unique=False, if_not_exists=True
    )
    op.add_column(
        "services",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )
    op.create_index(
        "ix_services_order", "services", ["order_id"], unique=False, if_not_exists=True
    )
    op.add_column(
        "transactions",
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_column("transactions", "hidden")
    op.drop_index("ix_services_order", table_name="services")
    op.drop_column("services", "hidden")
    op.drop_index("ix_service_addons_order", table_name="service_addons")
    op.drop_column("service_addons", "hidden")
    op.drop_column("orders", "hidden")
    op.drop_index("ix_domains_order", table_name="domains")
    op.drop_column("domains", "hidden")
    op.drop_column("clients", "hidden")
    op.drop_column("clients", "password_hash")
    op.drop_index(op.f("ix_upgrades_service_id"), table_name="upgrades")
    op.drop_index(op.f("ix_upgrades_order_id"), table_name="upgrades")
    op.drop_index(op.f("ix_upgrades_invoice_id"), table_name="upgrades")
    op.drop_table("upgrades")
    op.drop_index("ix_contacts_email", table_name="contacts")
    op.drop_index(op.f("ix_contacts_client_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(op.f("ix_activity_log_client_id"), table_name="activity_log")
    op.drop_table("activity_log")

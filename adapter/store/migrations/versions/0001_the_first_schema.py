"""The first schema.

Revision 0001.
"""

import sqlalchemy as sa
from alembic import op

from adapter.store import types

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "addons",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("pay_type", types.short_text(16), server_default="", nullable=False),
        sa.Column("taxed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addons")),
        if_not_exists=True,
    )
    op.create_table(
        "audit",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("recorded_at", types.UtcTime(), nullable=False),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.Column("request_id", types.short_text(64), nullable=False),
        sa.Column("deed", types.short_text(64), nullable=False),
        sa.Column("noun", types.short_text(32), nullable=False),
        sa.Column("record_id", types.RowId, nullable=False),
        sa.Column("detail", types.long_text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_audit_record", "audit", ["noun", "record_id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "billable_items",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("unit", types.short_text(16), server_default="", nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("action", types.short_text(16), server_default="", nullable=False),
        sa.Column("taxed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("recur_every", sa.Integer(), server_default="0", nullable=False),
        sa.Column("recur_unit", types.short_text(16), server_default="", nullable=False),
        sa.Column("recur_times", sa.Integer(), server_default="0", nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.Column("generation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), nullable=True),
        sa.Column("catch_up", types.short_text(16), nullable=True),
        sa.Column("parked_reason", types.short_text(255), nullable=True),
        sa.Column("parked_at", types.UtcTime(), nullable=True),
        sa.Column("owner", types.short_text(16), server_default="gateway", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billable_items")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_billable_items_client",
        "billable_items",
        ["client_id", "action", "generation_count"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_billable_items_queue",
        "billable_items",
        ["next_invoice_on"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "cancellation_requests",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("service_id", types.RowId, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("requested_at", types.UtcTime(), nullable=False),
        sa.Column("immediate", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("reason", types.long_text(), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_requests")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_cancellation_requests_service_id"),
        "cancellation_requests",
        ["service_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "claims",
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("billable_id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("document_id", types.RowId, nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("moved", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("moved_from_on", sa.Date(), nullable=True),
        sa.Column("moved_to_on", sa.Date(), nullable=True),
        sa.Column("run_id", types.RowId, nullable=True),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("rule", types.short_text(64), server_default="", nullable=False),
        sa.Column("inputs_digest", types.short_text(64), server_default="", nullable=False),
        sa.Column("settings_version", types.RowId, nullable=False),
        sa.Column("claimed_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "billable_id", "due_on", name=op.f("pk_claims")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_claims_document_id"), "claims", ["document_id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "client_groups",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("colour", types.short_text(16), server_default="", nullable=False),
        sa.Column("discount_percent", sa.BigInteger(), nullable=False),
        sa.Column(
            "exempt_from_suspension", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("separate_invoices", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_groups")),
        if_not_exists=True,
    )
    op.create_table(
        "clients",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("uuid", types.short_text(36), nullable=False),
        sa.Column("invoice_name", types.short_text(255), server_default="", nullable=False),
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
        sa.Column("phone_2", types.short_text(64), server_default="", nullable=False),
        sa.Column("fax", types.short_text(64), server_default="", nullable=False),
        sa.Column("mobile", types.short_text(64), server_default="", nullable=False),
        sa.Column("tax_number", types.short_text(255), server_default="", nullable=False),
        sa.Column("branch_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("account_number", types.short_text(255), server_default="", nullable=False),
        sa.Column("website", types.short_text(255), server_default="", nullable=False),
        sa.Column("physical_address_1", types.short_text(255), server_default="", nullable=False),
        sa.Column("physical_address_2", types.short_text(255), server_default="", nullable=False),
        sa.Column("physical_address_3", types.short_text(255), server_default="", nullable=False),
        sa.Column("physical_address_4", types.short_text(255), server_default="", nullable=False),
        sa.Column("payment_terms_days", sa.Integer(), nullable=True),
        sa.Column("custom", types.long_text(), nullable=False),
        sa.Column("currency_id", types.RowId, nullable=False),
        sa.Column("group_id", types.RowId, nullable=False),
        sa.Column("language", types.short_text(64), server_default="", nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.Column("ip_address", types.short_text(64), server_default="", nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("credit", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("opening_balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("tax_exempt", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("separate_invoices", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("no_late_fee", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("no_overdue_notices", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("no_auto_charge", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("no_auto_close", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("marketing_emails", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("send_documents", sa.Boolean(), nullable=False),
        sa.Column("email_preferences", types.long_text(), nullable=False),
        sa.Column("created_on", sa.Date(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        if_not_exists=True,
    )
    op.create_index("ix_clients_email", "clients", ["email_key"], unique=False, if_not_exists=True)
    op.create_index(
        "ix_clients_pair",
        "clients",
        ["invoice_name", "email_key"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index("ix_clients_status", "clients", ["status"], unique=False, if_not_exists=True)
    op.create_table(
        "counters",
        sa.Column("name", types.short_text(64), nullable=False),
        sa.Column("next_value", types.RowId, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
        if_not_exists=True,
    )
    op.create_table(
        "credentials",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("name", types.short_text(255), nullable=False),
        sa.Column("identifier", types.short_text(255), nullable=False),
        sa.Column("account", types.short_text(64), nullable=False),
        sa.Column("secret_kind", types.short_text(16), nullable=False),
        sa.Column("secret_digest", types.short_text(255), nullable=False),
        sa.Column("secret_md5_digest", types.short_text(255), server_default="", nullable=False),
        sa.Column("actions", types.long_text(), nullable=False),
        sa.Column("addresses", types.long_text(), nullable=False),
        sa.Column("protocols", types.long_text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("revoked_at", types.UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("identifier", name=op.f("uq_credentials_identifier")),
        sa.UniqueConstraint("name", name=op.f("uq_credentials_name")),
        if_not_exists=True,
    )
    op.create_table(
        "credits",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("entered_on", sa.Date(), nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("document_id", types.RowId, nullable=False),
        sa.Column("admin_id", types.RowId, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credits")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_credits_client_id"), "credits", ["client_id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "currencies",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("code", types.short_text(3), nullable=False),
        sa.Column("prefix", types.short_text(16), server_default="", nullable=False),
        sa.Column("suffix", types.short_text(16), server_default="", nullable=False),
        sa.Column("number_format", sa.Integer(), server_default="1", nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.Column("is_default", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_currencies")),
        sa.UniqueConstraint("code", name=op.f("uq_currencies_code")),
        if_not_exists=True,
    )
    op.create_table(
        "document_lines",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("document_id", types.RowId, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("line_type", types.short_text(16), server_default="", nullable=False),
        sa.Column("related_id", types.RowId, nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("taxed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("product_code", types.long_text(), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=True),
        sa.Column("unit_price", sa.BigInteger(), nullable=True),
        sa.Column("net", types.RowId, nullable=True),
        sa.Column("vat", types.RowId, nullable=True),
        sa.Column("vat_rate", sa.BigInteger(), nullable=True),
        sa.Column("custom", types.long_text(), nullable=True),
        sa.Column("cost_price", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_lines")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_document_lines_document",
        "document_lines",
        ["document_id", "position"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_document_lines_related",
        "document_lines",
        ["line_type", "related_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "documents",
        sa.Column("id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("currency", types.short_text(3), server_default="", nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("number", types.RowId, nullable=True),
        sa.Column("number_text", types.short_text(64), server_default="", nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("paid_at", types.UtcTime(), nullable=True),
        sa.Column("refunded_at", types.UtcTime(), nullable=True),
        sa.Column("cancelled_at", types.UtcTime(), nullable=True),
        sa.Column("subtotal", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("credit", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_2", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("paid", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("tax_rate", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate_2", sa.BigInteger(), nullable=False),
        sa.Column("rounding", types.short_text(8), server_default="", nullable=False),
        sa.Column("tax_inclusive", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.Column("order_number", types.short_text(10), server_default="", nullable=False),
        sa.Column("custom_values", types.long_text(), nullable=True),
        sa.Column("origin", types.short_text(16), server_default="", nullable=False),
        sa.Column("run_id", types.RowId, nullable=True),
        sa.Column("recurring_invoice_id", types.RowId, nullable=True),
        sa.Column("send_email", sa.Boolean(), nullable=True),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("updated_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_documents_client", "documents", ["client_id", "kind"], unique=False, if_not_exists=True
    )
    op.create_index("ix_documents_run", "documents", ["run_id"], unique=False, if_not_exists=True)
    op.create_index(
        "ix_documents_status", "documents", ["status", "due_on"], unique=False, if_not_exists=True
    )
    op.create_index(
        "uq_documents_number", "documents", ["kind", "number"], unique=True, if_not_exists=True
    )
    op.create_table(
        "domains",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("order_id", types.RowId, nullable=False),
        sa.Column("kind", types.short_text(16), server_default="", nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("registrar", types.short_text(64), server_default="", nullable=False),
        sa.Column("years", sa.Integer(), server_default="1", nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("first_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recurring_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("status", types.short_text(24), server_default="", nullable=False),
        sa.Column("promotion_id", types.RowId, nullable=False),
        sa.Column("promotion_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recurring_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("subscription_id", types.short_text(255), server_default="", nullable=False),
        sa.Column("dns_management", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("email_forwarding", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("id_protection", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("do_not_renew", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.Column("generation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), nullable=True),
        sa.Column("catch_up", types.short_text(16), nullable=True),
        sa.Column("parked_reason", types.short_text(255), nullable=True),
        sa.Column("parked_at", types.UtcTime(), nullable=True),
        sa.Column("owner", types.short_text(16), server_default="gateway", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domains")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_domains_client", "domains", ["client_id"], unique=False, if_not_exists=True
    )
    op.create_index("ix_domains_name", "domains", ["name"], unique=False, if_not_exists=True)
    op.create_index(
        "ix_domains_queue", "domains", ["next_invoice_on"], unique=False, if_not_exists=True
    )
    op.create_table(
        "held_occurrences",
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("billable_id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("reason", types.short_text(64), server_default="", nullable=False),
        sa.Column("recorded_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "billable_id", "due_on", name=op.f("pk_held_occurrences")),
        if_not_exists=True,
    )
    op.create_table(
        "orders",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("order_number", sa.BigInteger(), nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("placed_at", types.UtcTime(), nullable=False),
        sa.Column("amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("invoice_id", types.RowId, nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("ip_address", types.short_text(64), server_default="", nullable=False),
        sa.Column("promotion_code", types.short_text(64), server_default="", nullable=False),
        sa.Column("promotion_type", types.short_text(32), server_default="", nullable=False),
        sa.Column("promotion_value", types.short_text(32), server_default="", nullable=False),
        sa.Column("nameservers", types.long_text(), nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_orders_client_id"), "orders", ["client_id"], unique=False, if_not_exists=True
    )
    op.create_index("ix_orders_status", "orders", ["status"], unique=False, if_not_exists=True)
    op.create_table(
        "outbox",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("topic", types.short_text(64), nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("document_id", types.RowId, nullable=False),
        sa.Column("payload", types.long_text(), nullable=False),
        sa.Column("status", types.short_text(16), nullable=False),
        sa.Column("message_id", types.short_text(64), nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_outbox_document", "outbox", ["document_id"], unique=False, if_not_exists=True
    )
    op.create_index(
        "ix_outbox_status", "outbox", ["status", "id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "payment_methods",
        sa.Column("module", types.short_text(64), nullable=False),
        sa.Column("display_name", types.short_text(255), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("module", name=op.f("pk_payment_methods")),
        if_not_exists=True,
    )
    op.create_table(
        "prices",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("item_kind", types.short_text(16), nullable=False),
        sa.Column("item_id", types.RowId, nullable=False),
        sa.Column("currency_id", types.RowId, nullable=False),
        sa.Column("term", types.short_text(16), nullable=False),
        sa.Column("price", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("setup_fee", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint(
            "item_kind",
            "item_id",
            "currency_id",
            "term",
            name=op.f("uq_prices_item_kind_item_id_currency_id_term"),
        ),
        if_not_exists=True,
    )
    op.create_index(
        "ix_prices_item", "prices", ["item_kind", "item_id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "product_groups",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("position", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_groups")),
        if_not_exists=True,
    )
    op.create_table(
        "products",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("group_id", types.RowId, nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("product_type", types.short_text(32), server_default="", nullable=False),
        sa.Column("pay_type", types.short_text(16), server_default="", nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("slug", types.short_text(255), server_default="", nullable=False),
        sa.Column("module", types.short_text(64), server_default="", nullable=False),
        sa.Column("auto_setup", types.short_text(16), server_default="", nullable=False),
        sa.Column("hidden", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("taxed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("prorata_day", sa.Integer(), nullable=True),
        sa.Column("prorata_next_month_day", sa.Integer(), nullable=True),
        sa.Column("cycles_limit", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_products_group_id"), "products", ["group_id"], unique=False, if_not_exists=True
    )
    op.create_table(
        "promotions",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("code", types.short_text(64), nullable=False),
        sa.Column("promotion_type", types.short_text(32), server_default="", nullable=False),
        sa.Column("recurring", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column("cycles", types.long_text(), nullable=False),
        sa.Column("applies_to", types.long_text(), nullable=False),
        sa.Column("requires", types.long_text(), nullable=False),
        sa.Column("requires_existing", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("max_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("recur_for", sa.Integer(), server_default="0", nullable=False),
        sa.Column("apply_once", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("new_signups", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("existing_client", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("once_per_client", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("lifetime", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotions")),
        sa.UniqueConstraint("code", name=op.f("uq_promotions_code")),
        if_not_exists=True,
    )
    op.create_table(
        "recurring_invoices",
        sa.Column("id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("currency", types.short_text(3), server_default="", nullable=False),
        sa.Column("frequency", types.short_text(16), server_default="", nullable=False),
        sa.Column("start_on", sa.Date(), nullable=False),
        sa.Column("occurrence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("ended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("recurrence_limit", sa.Integer(), nullable=True),
        sa.Column("increase_percentage", sa.BigInteger(), nullable=True),
        sa.Column("increase_interval", sa.Integer(), nullable=True),
        sa.Column("order_number", types.short_text(10), server_default="", nullable=False),
        sa.Column("custom_values", types.long_text(), nullable=False),
        sa.Column("discount_amount", sa.BigInteger(), nullable=True),
        sa.Column("discount_percentage", sa.BigInteger(), nullable=True),
        sa.Column("number_prefix", types.short_text(9), nullable=True),
        sa.Column("number_suffix", types.short_text(9), nullable=True),
        sa.Column("send_email", sa.Boolean(), nullable=True),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.Column("generation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), nullable=True),
        sa.Column("catch_up", types.short_text(16), nullable=True),
        sa.Column("parked_reason", types.short_text(255), nullable=True),
        sa.Column("parked_at", types.UtcTime(), nullable=True),
        sa.Column("owner", types.short_text(16), server_default="gateway", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_invoices")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_recurring_invoices_client",
        "recurring_invoices",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_recurring_invoices_queue",
        "recurring_invoices",
        ["next_invoice_on"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "recurring_lines",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("recurring_invoice_id", types.RowId, nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("product_code", types.long_text(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("vat_applies", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("vat_rate", sa.BigInteger(), nullable=False),
        sa.Column("includes_vat", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("custom", types.long_text(), nullable=True),
        sa.Column("cost_price", sa.BigInteger(), nullable=True),
        sa.Column("discount_percentage", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurring_lines")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_recurring_lines_invoice",
        "recurring_lines",
        ["recurring_invoice_id", "position"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "runs",
        sa.Column("id", types.RowId, autoincrement=False, nullable=False),
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("run_on", sa.Date(), nullable=False),
        sa.Column("started_at", types.UtcTime(), nullable=False),
        sa.Column("finished_at", types.UtcTime(), nullable=True),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.Column("request_id", types.short_text(64), nullable=False),
        sa.Column("scope", types.long_text(), nullable=False),
        sa.Column("document_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parked_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("complete", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
        if_not_exists=True,
    )
    op.create_index("ix_runs_kind", "runs", ["kind", "run_on"], unique=False, if_not_exists=True)
    op.create_table(
        "schedule_changes",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("kind", types.short_text(16), nullable=False),
        sa.Column("billable_id", types.RowId, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("recorded_at", types.UtcTime(), nullable=False),
        sa.Column("field", types.short_text(64), nullable=False),
        sa.Column("old", types.long_text(), nullable=True),
        sa.Column("new", types.long_text(), nullable=True),
        sa.Column("caller", types.short_text(255), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schedule_changes")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_schedule_changes_billable",
        "schedule_changes",
        ["kind", "billable_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "service_addons",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("order_id", types.RowId, nullable=False),
        sa.Column("service_id", types.RowId, nullable=False),
        sa.Column("addon_id", types.RowId, nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("setup_fee", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("first_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recurring_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("taxed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("cycle", types.short_text(16), server_default="", nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.Column("generation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), nullable=True),
        sa.Column("catch_up", types.short_text(16), nullable=True),
        sa.Column("parked_reason", types.short_text(255), nullable=True),
        sa.Column("parked_at", types.UtcTime(), nullable=True),
        sa.Column("owner", types.short_text(16), server_default="gateway", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_addons")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_service_addons_client",
        "service_addons",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_service_addons_queue",
        "service_addons",
        ["next_invoice_on"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_service_addons_service_id"),
        "service_addons",
        ["service_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_table(
        "services",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("order_id", types.RowId, nullable=False),
        sa.Column("product_id", types.RowId, nullable=False),
        sa.Column("quantity", sa.Integer(), server_default="1", nullable=False),
        sa.Column("registered_on", sa.Date(), nullable=True),
        sa.Column("domain", types.short_text(255), server_default="", nullable=False),
        sa.Column("first_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recurring_amount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("payment_method", types.short_text(64), server_default="", nullable=False),
        sa.Column("cycle", types.short_text(16), server_default="", nullable=False),
        sa.Column("status", types.short_text(16), server_default="", nullable=False),
        sa.Column("terminated_on", sa.Date(), nullable=True),
        sa.Column("promotion_id", types.RowId, nullable=False),
        sa.Column("promotion_uses", sa.Integer(), server_default="0", nullable=False),
        sa.Column("first_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("recurring_discount", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column(
            "cancellation_requested", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("username", types.short_text(255), server_default="", nullable=False),
        sa.Column("password", types.short_text(255), server_default="", nullable=False),
        sa.Column("subscription_id", types.short_text(255), server_default="", nullable=False),
        sa.Column("dedicated_ip", types.short_text(64), server_default="", nullable=False),
        sa.Column("assigned_ips", types.long_text(), nullable=False),
        sa.Column("ns1", types.short_text(255), server_default="", nullable=False),
        sa.Column("ns2", types.short_text(255), server_default="", nullable=False),
        sa.Column("suspend_reason", types.long_text(), nullable=False),
        sa.Column(
            "override_auto_suspend", sa.Boolean(), server_default=sa.false(), nullable=False
        ),
        sa.Column("override_suspend_until", sa.Date(), nullable=True),
        sa.Column("custom_fields", types.long_text(), nullable=False),
        sa.Column("notes", types.long_text(), nullable=False),
        sa.Column("next_due_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("last_issued_on", sa.Date(), nullable=True),
        sa.Column("generation_count", sa.Integer(), server_default="0", nullable=False),
        sa.Column("anchor_day", sa.SmallInteger(), nullable=True),
        sa.Column("catch_up", types.short_text(16), nullable=True),
        sa.Column("parked_reason", types.short_text(255), nullable=True),
        sa.Column("parked_at", types.UtcTime(), nullable=True),
        sa.Column("owner", types.short_text(16), server_default="gateway", nullable=False),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_services")),
        if_not_exists=True,
    )
    op.create_index(
        "ix_services_client", "services", ["client_id"], unique=False, if_not_exists=True
    )
    op.create_index(
        "ix_services_queue", "services", ["next_invoice_on"], unique=False, if_not_exists=True
    )
    op.create_table(
        "settings",
        sa.Column("name", types.short_text(255), nullable=False),
        sa.Column("value", types.long_text(), nullable=False),
        sa.Column("changed_at", types.UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
        if_not_exists=True,
    )
    op.create_table(
        "tax_rules",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("level", sa.Integer(), server_default="1", nullable=False),
        sa.Column("name", types.short_text(255), server_default="", nullable=False),
        sa.Column("country", types.short_text(2), server_default="", nullable=False),
        sa.Column("state", types.short_text(255), server_default="", nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rules")),
        if_not_exists=True,
    )
    op.create_table(
        "tlds",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("tld", types.short_text(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tlds")),
        sa.UniqueConstraint("tld", name=op.f("uq_tlds_tld")),
        if_not_exists=True,
    )
    op.create_table(
        "transactions",
        sa.Column("id", types.RowId, autoincrement=True, nullable=False),
        sa.Column("client_id", types.RowId, nullable=False),
        sa.Column("document_id", types.RowId, nullable=False),
        sa.Column("currency", types.short_text(3), server_default="", nullable=False),
        sa.Column("gateway", types.short_text(64), server_default="", nullable=False),
        sa.Column("booked_at", types.UtcTime(), nullable=False),
        sa.Column("description", types.long_text(), nullable=False),
        sa.Column("amount_in", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("fees", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("amount_out", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("transaction_id", types.short_text(255), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transactions")),
        if_not_exists=True,
    )
    op.create_index(
        op.f("ix_transactions_client_id"),
        "transactions",
        ["client_id"],
        unique=False,
        if_not_exists=True,
    )
    op.create_index(
        "ix_transactions_document",
        "transactions",
        ["document_id", "transaction_id"],
        unique=False,
        if_not_exists=True,
    )


def downgrade() -> None:
    op.drop_index("ix_transactions_document", table_name="transactions")
    op.drop_index(op.f("ix_transactions_client_id"), table_name="transactions")
    op.drop_table("transactions")
    op.drop_table("tlds")
    op.drop_table("tax_rules")
    op.drop_table("settings")
    op.drop_index("ix_services_queue", table_name="services")
    op.drop_index("ix_services_client", table_name="services")
    op.drop_table("services")
    op.drop_index(op.f("ix_service_addons_service_id"), table_name="service_addons")
    op.drop_index("ix_service_addons_queue", table_name="service_addons")
    op.drop_index("ix_service_addons_client", table_name="service_addons")
    op.drop_table("service_addons")
    op.drop_index("ix_schedule_changes_billable", table_name="schedule_changes")
    op.drop_table("schedule_changes")
    op.drop_index("ix_runs_kind", table_name="runs")
    op.drop_table("runs")
    op.drop_index("ix_recurring_lines_invoice", table_name="recurring_lines")
    op.drop_table("recurring_lines")
    op.drop_index("ix_recurring_invoices_queue", table_name="recurring_invoices")
    op.drop_index("ix_recurring_invoices_client", table_name="recurring_invoices")
    op.drop_table("recurring_invoices")
    op.drop_table("promotions")
    op.drop_index(op.f("ix_products_group_id"), table_name="products")
    op.drop_table("products")
    op.drop_table("product_groups")
    op.drop_index("ix_prices_item", table_name="prices")
    op.drop_table("prices")
    op.drop_table("payment_methods")
    op.drop_index("ix_outbox_status", table_name="outbox")
    op.drop_index("ix_outbox_document", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_orders_status", table_name="orders")
    op.drop_index(op.f("ix_orders_client_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_table("held_occurrences")
    op.drop_index("ix_domains_queue", table_name="domains")
    op.drop_index("ix_domains_name", table_name="domains")
    op.drop_index("ix_domains_client", table_name="domains")
    op.drop_table("domains")
    op.drop_index("uq_documents_number", table_name="documents")
    op.drop_index("ix_documents_status", table_name="documents")
    op.drop_index("ix_documents_run", table_name="documents")
    op.drop_index("ix_documents_client", table_name="documents")
    op.drop_table("documents")
    op.drop_index("ix_document_lines_related", table_name="document_lines")
    op.drop_index("ix_document_lines_document", table_name="document_lines")
    op.drop_table("document_lines")
    op.drop_table("currencies")
    op.drop_index(op.f("ix_credits_client_id"), table_name="credits")
    op.drop_table("credits")
    op.drop_table("credentials")
    op.drop_table("counters")
    op.drop_index("ix_clients_status", table_name="clients")
    op.drop_index("ix_clients_pair", table_name="clients")
    op.drop_index("ix_clients_email", table_name="clients")
    op.drop_table("clients")
    op.drop_table("client_groups")
    op.drop_index(op.f("ix_claims_document_id"), table_name="claims")
    op.drop_table("claims")
    op.drop_index(op.f("ix_cancellation_requests_service_id"), table_name="cancellation_requests")
    op.drop_table("cancellation_requests")
    op.drop_index("ix_billable_items_queue", table_name="billable_items")
    op.drop_index("ix_billable_items_client", table_name="billable_items")
    op.drop_table("billable_items")
    op.drop_index("ix_audit_record", table_name="audit")
    op.drop_table("audit")
    op.drop_table("addons")

"""Issued documents, the claims that made them, money, history and what must leave."""

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, SmallInteger, Table

from adapter.store.tables.base import (
    MODULE,
    NAME,
    flag,
    metadata,
    money,
    notes,
    number,
    row_id,
    text,
)
from adapter.store.types import JsonText, RowId, Scaled, UtcTime, long_text, short_text

# `number` is the running number of its series, `number_text` what is printed. `total` = subtotal
# - credit + tax + tax_2; `paid` is the sum of payments, so the balance is total - paid.
documents = Table(
    "documents",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("kind", short_text(16), nullable=False),
    Column("client_id", RowId, nullable=False),
    text("currency", 3),
    text("status", 16),
    Column("number", RowId),
    text("number_text", 64),
    Column("issued_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("paid_at", UtcTime),
    Column("refunded_at", UtcTime),
    Column("cancelled_at", UtcTime),
    money("subtotal"),
    money("credit"),
    money("tax"),
    money("tax_2"),
    money("total"),
    money("paid"),
    Column("tax_rate", Scaled(4), nullable=False),
    Column("tax_rate_2", Scaled(4), nullable=False),
    text("rounding", 8),
    flag("tax_inclusive"),
    text("payment_method", MODULE),
    notes(),
    text("order_number", 10),
    Column("custom_values", JsonText),
    text("origin", 16),
    Column("run_id", RowId),
    Column("recurring_invoice_id", RowId),
    Column("send_email", Boolean),
    flag("hidden"),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index("ix_documents_client", "client_id", "kind"),
    Index("ix_documents_status", "status", "due_on"),
    Index("uq_documents_number", "kind", "number", unique=True),
    Index("ix_documents_run", "run_id"),
)

# `amount` is what the form-post API shows. Under the `line` policy `net` and `vat` are the rounded
# parts; under `sum` they are null and the document holds the tax.
document_lines = Table(
    "document_lines",
    metadata,
    row_id(),
    Column("document_id", RowId, nullable=False),
    Column("position", SmallInteger, nullable=False),
    text("line_type", 16),
    Column("related_id", RowId, nullable=False, default=0),
    Column("description", long_text(), nullable=False),
    money("amount"),
    flag("taxed"),
    Column("product_code", long_text()),
    Column("quantity", Scaled(6)),
    Column("unit_price", Scaled(6)),
    Column("net", RowId),
    Column("vat", RowId),
    Column("vat_rate", Scaled(4)),
    Column("custom", JsonText),
    Column("cost_price", Scaled(6)),
    Index("ix_document_lines_document", "document_id", "position"),
    Index("ix_document_lines_related", "line_type", "related_id"),
)

# One row a period of a billable, ever: the database's own word against double billing.
# `next_on` is the due date after this period (NULL: none). `moved_*` is set while payment has
# moved the billable's due date for this claim: once, and back when the invoice leaves Paid.
claims = Table(
    "claims",
    metadata,
    Column("kind", short_text(16), primary_key=True),
    Column("billable_id", RowId, primary_key=True, autoincrement=False),
    Column("due_on", Date, primary_key=True),
    Column("document_id", RowId, nullable=False, index=True),
    Column("next_on", Date),
    flag("moved"),
    Column("moved_from_on", Date),
    Column("moved_to_on", Date),
    Column("run_id", RowId),
    Column("fence", Integer, nullable=False, default=0),
    text("rule", 64),
    text("inputs_digest", 64),
    Column("settings_version", RowId, nullable=False),
    Column("claimed_at", UtcTime, nullable=False),
)

# Dates that are known and deliberately not billed; the operator decides. Rows are never deleted
# but by an explicit edit of the due date: as long as one stands, no run bills its date. `next_on`
# is the due date after it (NULL: none, or it is not needed).
held_occurrences = Table(
    "held_occurrences",
    metadata,
    Column("kind", short_text(16), primary_key=True),
    Column("billable_id", RowId, primary_key=True, autoincrement=False),
    Column("due_on", Date, primary_key=True),
    text("reason", 64),
    Column("recorded_at", UtcTime, nullable=False),
    Column("next_on", Date),
)

transactions = Table(
    "transactions",
    metadata,
    row_id(),
    Column("client_id", RowId, nullable=False, index=True),
    Column("document_id", RowId, nullable=False, default=0),
    text("currency", 3),
    text("gateway", MODULE),
    Column("booked_at", UtcTime, nullable=False),
    notes("description"),
    money("amount_in"),
    money("fees"),
    money("amount_out"),
    text("transaction_id"),
    Index("ix_transactions_document", "document_id", "transaction_id"),
)

runs = Table(
    "runs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=False),
    Column("kind", short_text(16), nullable=False),
    Column("run_on", Date, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    Column("caller", short_text(NAME), nullable=False),
    Column("request_id", short_text(64), nullable=False),
    Column("scope", JsonText, nullable=False),
    number("document_count"),
    number("parked_count"),
    flag("complete"),
    Index("ix_runs_kind", "kind", "run_on"),
)

# The account's clock, where it was moved: one row, for sandboxes only.
sandbox_clock = Table(
    "sandbox_clock",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("shift_seconds", BigInteger, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("caller", short_text(NAME), nullable=False),
)

schedule_changes = Table(
    "schedule_changes",
    metadata,
    row_id(),
    Column("kind", short_text(16), nullable=False),
    Column("billable_id", RowId, nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("recorded_at", UtcTime, nullable=False),
    Column("field", short_text(64), nullable=False),
    Column("old", long_text()),
    Column("new", long_text()),
    Column("caller", short_text(NAME), nullable=False),
    Index("ix_schedule_changes_billable", "kind", "billable_id"),
)

audit = Table(
    "audit",
    metadata,
    row_id(),
    Column("recorded_at", UtcTime, nullable=False),
    Column("caller", short_text(NAME), nullable=False),
    Column("request_id", short_text(64), nullable=False),
    Column("deed", short_text(64), nullable=False),
    Column("noun", short_text(32), nullable=False),
    Column("record_id", RowId, nullable=False),
    Column("detail", JsonText),
    Index("ix_audit_record", "noun", "record_id"),
)

outbox = Table(
    "outbox",
    metadata,
    row_id(),
    Column("topic", short_text(64), nullable=False),
    Column("client_id", RowId, nullable=False),
    Column("document_id", RowId, nullable=False, default=0),
    Column("payload", JsonText, nullable=False),
    Column("status", short_text(16), nullable=False, default="waiting"),
    Column("message_id", short_text(64), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    number("attempts"),
    Index("ix_outbox_status", "status", "id"),
    Index("ix_outbox_document", "document_id"),
)

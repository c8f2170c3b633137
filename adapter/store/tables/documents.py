"""Issued documents, the claims that made them, money, history and what must leave.

**Documents.** Whatever is issued to a client is a row of `documents` with its `document_lines`,
whichever protocol asked: `kind` is a `billing.model.DocumentKind`. All kinds take `id` from one
counter; `number` runs per kind and business without gaps (counter `<kind>_number`), and
`number_text` is prefix + number + suffix as printed. Amounts are positive in every kind; what a
kind does to its client's balance is in `billing.model.DEBITS` and `CREDITS`:

| kind | balance | `status` | besides |
|---|---|---|---|
| invoice | owes `total - paid` while payable | `InvoiceStatus` | `source_id`: its pro-forma |
| payout | as an invoice: money that went back | Unpaid, Paid, Cancelled | |
| credit_note | its total becomes credit | `DocumentStatus` | |
| payment | its total pays invoices, rest is credit | `DocumentStatus` | `reference`, one line |
| proforma | none | Issued, Converted, Cancelled | `convert_on`: becomes an invoice by itself |
| quote | none | `QuoteStage`, or `DocumentStatus` | its words: table `quotes` |
| delivery_note | none | `DocumentStatus` | |

Credit is `clients.credit`, one sum a client, used on the oldest open invoice or payout. A client's
balance is told by `store.balances` alone. Templates (recurring invoices and recurring pro-formas,
by `issues`) are rows of `recurring_invoices`, whose ids come from the same counter.
"""

from decimal import Decimal

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
from adapter.store.types import (
    JsonText,
    MoneyAmount,
    RowId,
    Scaled,
    UtcTime,
    long_text,
    short_text,
)

# `total` = subtotal - credit + tax + tax_2; `paid` is the sum of payments, so the balance is
# total - paid. `custom_labels` name the first of `custom_values`, where the caller did.
# `discount_*` is the document's discount as quoted; the lines' amounts are after it. Where it was
# quoted in another currency, `original_currency` says so, and `exchange_rate` what one of its
# units was in `currency`. `undone_at` says that its run was undone for it: it bills nothing, and
# its periods are free.
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
    Column("custom_labels", JsonText),
    Column("discount_amount", MoneyAmount),
    Column("discount_percentage", Scaled(6)),
    Column("original_currency", short_text(3)),
    Column("exchange_rate", Scaled(10)),
    text("reference", 64),
    Column("convert_on", Date),
    Column("source_id", RowId),
    text("origin", 16),
    Column("run_id", RowId),
    Column("recurring_invoice_id", RowId),
    Column("send_email", Boolean),
    flag("hidden"),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("undone_at", UtcTime),
    Index("ix_documents_client", "client_id", "kind", "hidden", "id", "status"),
    # Lists of a kind, and of one status of it, in the order of ids; nothing else is read to count.
    Index("ix_documents_kind", "kind", "hidden", "id"),
    Index("ix_documents_status", "status", "kind", "hidden", "id", "due_on"),
    Index("uq_documents_number", "kind", "number", unique=True),
    Index("ix_documents_run", "run_id"),
    Index("ix_documents_convert", "convert_on"),
    # The database's own word that a pro-forma becomes one invoice.
    Index("uq_documents_source", "source_id", unique=True),
)

# `amount` is what the form-post API shows. Under the `line` policy `net` and `vat` are the rounded
# parts; under `sum` they are null and the document holds the tax. `includes_vat` says how the unit
# price was quoted, `custom` are the five custom line columns (a delivery note's first two: ordered
# and back-order quantity), `discount_percentage` the line's own discount.
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
    Column("includes_vat", Boolean),
    Column("discount_percentage", Scaled(6)),
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
# is the due date after it (NULL: none, or it is not needed), `run_id` the run that passed over it.
held_occurrences = Table(
    "held_occurrences",
    metadata,
    Column("kind", short_text(16), primary_key=True),
    Column("billable_id", RowId, primary_key=True, autoincrement=False),
    Column("due_on", Date, primary_key=True),
    text("reason", 64),
    Column("recorded_at", UtcTime, nullable=False),
    Column("next_on", Date),
    Column("run_id", RowId),
    Index("ix_held_occurrences_run", "run_id"),
)

# `payment_id` is the payment document that this is the whole or a share of, 0 for money booked on
# an invoice directly.
# `as_credit` says that the money became credit of the client; `rate` is what the caller said of
# its currency, `refund_of` the transaction that this one takes back. Client, document 0: none.
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
    Column("payment_id", RowId, nullable=False, default=0, server_default="0"),
    Column("rate", Scaled(5), nullable=False, default=Decimal(1), server_default="100000"),
    Column("refund_of", RowId, nullable=False, default=0, server_default="0"),
    flag("as_credit"),
    flag("hidden"),
    Index("ix_transactions_document", "document_id", "transaction_id"),
    Index("ix_transactions_transaction_id", "transaction_id"),
)

# An account statement as it was asked for: `content` is a `billing.statement.Statement` in JSON,
# so that it says the same whenever it is opened. It can be opened until `expires_at`.
statements = Table(
    "statements",
    metadata,
    row_id(),
    Column("client_id", RowId, nullable=False, index=True),
    text("format", 8),
    Column("content", JsonText, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False, index=True),
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
    # Documents that were taken back since, and when that was done last.
    number("undone_count"),
    Column("undone_at", UtcTime),
    Index("ix_runs_kind", "kind", "run_on"),
)

# What a run parked, a row a page: `content` is a list of [kind, billable id, reason].
run_parked = Table(
    "run_parked",
    metadata,
    row_id(),
    Column("run_id", RowId, nullable=False, index=True),
    Column("content", JsonText, nullable=False),
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

# `fingerprint` is the same for commands of one content that create something; the database is not
# asked for it but by an operator, so no index has to be kept up with every command.
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
    Column("fingerprint", short_text(64)),
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
    # By the real clock, since they are waited for: when the next try is due (NULL: at once), and
    # until when the worker that works on the row has it.
    Column("due_at", UtcTime),
    Column("leased_until", UtcTime),
    Column("lease", short_text(32)),
    # By the account's clock, as `created_at`: its age counts from here once it was retried.
    Column("retried_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("last_error", long_text()),
    # By the account's clock too: mail of a run does not leave before (NULL: it may at once).
    Column("held_until", UtcTime),
    Index("ix_outbox_waiting", "status", "held_until", "id"),
    Index("ix_outbox_document", "document_id"),
    Index("ix_outbox_client", "client_id", "id"),
)

# Whether mail is delivered at all, and since when (by the account's clock): one row, written by
# the worker. What was queued before that is not sent by itself.
mail_delivery = Table(
    "mail_delivery",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    flag("active"),
    Column("since", UtcTime, nullable=False),
)

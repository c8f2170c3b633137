"""Quotes and stored ways to pay."""

from sqlalchemy import Column, Date, Table

from adapter.store.tables.base import MODULE, flag, metadata, notes, row_id, text
from adapter.store.types import RowId, UtcTime

# What a quote says besides its row of `documents`, whose `status` is its stage, `due_on` the day
# until which it holds, and `client_id` 0 while nobody has an account: then the details here say
# whom it is for. `invoice_id` is the invoice that it became, 0 before.
quotes = Table(
    "quotes",
    metadata,
    Column("document_id", RowId, primary_key=True, autoincrement=False),
    text("subject"),
    text("first_name"),
    text("last_name"),
    text("company_name"),
    text("email"),
    text("address_1"),
    text("address_2"),
    text("city"),
    text("state"),
    text("postcode"),
    text("country", 2),
    text("phone", 64),
    text("tax_number"),
    notes("proposal"),
    notes("customer_notes"),
    notes("admin_notes"),
    Column("modified_on", Date, nullable=False),
    Column("sent_on", Date),
    Column("accepted_on", Date),
    Column("invoice_id", RowId, nullable=False, default=0, server_default="0"),
)

# What a client may be charged by. Of a card or an account only the tail is kept, never a number:
# there is nothing here that money could be taken with.
pay_methods = Table(
    "pay_methods",
    metadata,
    row_id(),
    Column("client_id", RowId, nullable=False, index=True),
    text("kind", 16),
    text("description"),
    text("gateway", MODULE),
    text("last_four", 4),
    text("card_type", 32),
    text("expires", 4),
    text("starts", 4),
    text("issue_number", 2),
    text("bank_name"),
    text("account_type", 32),
    flag("is_default"),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
)

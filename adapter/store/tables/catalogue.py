"""The catalogue and the business configuration."""

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, UniqueConstraint, true

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
from adapter.store.types import RowId, Scaled, UtcTime, long_text, short_text

settings = Table(
    "settings",
    metadata,
    Column("name", short_text(NAME), primary_key=True),
    Column("value", long_text(), nullable=False),
    Column("changed_at", UtcTime, nullable=False),
)

# One row a series: the next id or number to give. Held by the writer until commit, so gapless.
counters = Table(
    "counters",
    metadata,
    Column("name", short_text(64), primary_key=True),
    Column("next_value", RowId, nullable=False),
)

currencies = Table(
    "currencies",
    metadata,
    row_id(),
    Column("code", short_text(3), nullable=False, unique=True),
    text("prefix", 16),
    text("suffix", 16),
    number("number_format", 1),
    Column("rate", Scaled(5), nullable=False),
    flag("is_default"),
)

payment_methods = Table(
    "payment_methods",
    metadata,
    Column("module", short_text(MODULE), primary_key=True),
    text("display_name"),
    number("position"),
    Column("active", Boolean, nullable=False, default=True, server_default=true()),
)

tax_rules = Table(
    "tax_rules",
    metadata,
    row_id(),
    number("level", 1),
    text("name"),
    text("country", 2),
    text("state"),
    Column("rate", Scaled(4), nullable=False),
)

client_groups = Table(
    "client_groups",
    metadata,
    row_id(),
    text("name"),
    text("colour", 16),
    Column("discount_percent", Scaled(4), nullable=False),
    flag("exempt_from_suspension"),
    flag("separate_invoices"),
)

product_groups = Table("product_groups", metadata, row_id(), text("name"), number("position"))

products = Table(
    "products",
    metadata,
    row_id(),
    Column("group_id", RowId, nullable=False, index=True),
    text("name"),
    text("product_type", 32),
    text("pay_type", 16),
    notes("description"),
    text("slug"),
    text("module", MODULE),
    text("auto_setup", 16),
    flag("hidden"),
    flag("taxed"),
    Column("stock", Integer),
    Column("prorata_day", Integer),
    Column("prorata_next_month_day", Integer),
    number("cycles_limit"),
)

addons = Table(
    "addons",
    metadata,
    row_id(),
    text("name"),
    notes("description"),
    text("pay_type", 16),
    flag("taxed"),
    flag("hidden"),
)

tlds = Table(
    "tlds", metadata, row_id(), Column("tld", short_text(64), nullable=False, unique=True)
)

# `item_kind`: product, addon, register, transfer, renew. `item_id`: product, addon or TLD.
# `term`: a cycle's price key, or a number of years. A price below zero is not offered.
prices = Table(
    "prices",
    metadata,
    row_id(),
    Column("item_kind", short_text(16), nullable=False),
    Column("item_id", RowId, nullable=False),
    Column("currency_id", RowId, nullable=False),
    Column("term", short_text(16), nullable=False),
    money("price"),
    money("setup_fee"),
    UniqueConstraint("item_kind", "item_id", "currency_id", "term"),
)

# What is asked of a client (`product_id` 0) or with an order of a product. Values are kept with
# the client or the service, by the field's id. `on_order`: the order form shows it.
custom_fields = Table(
    "custom_fields",
    metadata,
    row_id(),
    Column("product_id", RowId, nullable=False, default=0, server_default="0", index=True),
    text("name"),
    notes("description"),
    flag("required"),
    Column("on_order", Boolean, nullable=False, default=True, server_default=true()),
    number("position"),
)

# `promotion_type`: Percentage, Fixed Amount, Price Override, Free Setup. `recur_for` 0 is without
# end. Lists are comma separated; empty means all.
promotions = Table(
    "promotions",
    metadata,
    row_id(),
    Column("code", short_text(64), nullable=False, unique=True),
    text("promotion_type", 32),
    flag("recurring"),
    Column("value", Scaled(4), nullable=False),
    notes("cycles"),
    notes("applies_to"),
    notes("requires"),
    flag("requires_existing"),
    Column("starts_on", Date),
    Column("expires_on", Date),
    number("max_uses"),
    number("uses"),
    number("recur_for"),
    flag("apply_once"),
    flag("new_signups"),
    flag("existing_client"),
    flag("once_per_client"),
    flag("lifetime"),
    notes(),
)

Index("ix_prices_item", prices.c.item_kind, prices.c.item_id)

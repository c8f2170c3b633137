"""The sections of a catalogue: which keys they have, where each is kept, what it may be.

Reading, applying and exporting all follow this one table. docs/catalogue.md describes the format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.setup import fields

_MAX_INT: Final = 2**31 - 1


class _Required:
    """The default of a key that a new row must state."""


REQUIRED: Final = _Required()


def _same(value: Any) -> Any:
    return value


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _list(value: str) -> list[str]:
    return value.split(",") if value else []


def _or(word: object) -> Callable[[Any], Any]:
    return lambda value: word if value is None else value


@dataclass(frozen=True, slots=True)
class Key:
    """One key of an entry: how it is read, what a new row gets without it, how it is shown."""

    name: str
    read: fields.Reader
    default: Any = REQUIRED
    show: Callable[[Any], Any] = _same
    stored_as: str = ""

    @property
    def column(self) -> str:
        """The column it is kept in."""
        return self.stored_as or self.name


@dataclass(frozen=True, slots=True)
class Section:
    """A kind of entries. `natural` are the columns by which an entry without id is recognised.

    `unique`: the store has each natural key once. `fixed`: that of a row cannot change.
    `price_lists`: name in the file to item kind in the store.
    """

    name: str
    noun: str
    table: sa.Table
    natural: tuple[str, ...]
    keys: tuple[Key, ...]
    unique: bool = False
    fixed: bool = False
    price_lists: Mapping[str, str] = field(default_factory=dict)
    id_column: str = "id"

    @property
    def has_id(self) -> bool:
        """Whether entries may state their id."""
        return self.id_column == "id"

    def natural_key(self, values: Mapping[Any, Any]) -> tuple[Any, ...]:
        """Return what an entry or a row is recognised by."""
        return tuple(
            # An older row may carry its dot.
            values[column].removeprefix(".") if column == "tld" else values[column]
            for column in self.natural
        )


PAY_TYPES: Final = ("free", "onetime", "recurring")
_PAY = Key("pay", fields.one_of(*PAY_TYPES), "recurring", stored_as="pay_type")
_name = fields.text(255, blank=False)
_percent = fields.decimal(0, 100, 4)
_count = fields.whole(0, _MAX_INT)


def _flag(name: str, *, default: bool = False) -> Key:
    return Key(name, fields.flag, default)


CURRENCIES: Final = Section(
    "currencies",
    "currency",
    tables.currencies,
    ("code",),
    (
        Key("code", fields.currency_code),
        Key("prefix", fields.text(16), ""),
        Key("suffix", fields.text(16), ""),
        Key("format", fields.whole(1, 4), 1, stored_as="number_format"),
        Key("rate", fields.decimal(0, 10**9, 5), Decimal(1), _plain),
        Key("default", fields.flag, default=False, stored_as="is_default"),
    ),
    unique=True,
)
PRODUCT_GROUPS: Final = Section(
    "product_groups",
    "product_group",
    tables.product_groups,
    ("name",),
    (Key("name", _name), Key("position", _count, 0)),
)
CLIENT_GROUPS: Final = Section(
    "client_groups",
    "client_group",
    tables.client_groups,
    ("name",),
    (
        Key("name", _name),
        Key("colour", fields.text(16), ""),
        Key("discount_percent", _percent, Decimal(0), _plain),
        _flag("exempt_from_suspension"),
        _flag("separate_invoices"),
    ),
)
PRODUCTS: Final = Section(
    "products",
    "product",
    tables.products,
    ("group_id", "name"),
    (
        Key("name", _name),
        Key("group", fields.group, stored_as="group_id"),
        Key(
            "type",
            fields.one_of("hostingaccount", "reselleraccount", "server", "other"),
            "other",
            stored_as="product_type",
        ),
        _PAY,
        Key("description", fields.text(), ""),
        Key("slug", fields.text(255), ""),
        Key("module", fields.text(64), ""),
        Key("auto_setup", fields.one_of("", "on", "order", "payment"), ""),
        _flag("hidden"),
        _flag("taxed"),
        Key("stock", fields.whole_or(0, _MAX_INT, "unlimited"), None, _or("unlimited")),
        Key("prorata_day", fields.whole_or(1, 31, 0), None, _or(0)),
        Key("prorata_next_month_day", fields.whole_or(1, 31, 0), None, _or(0)),
        Key("cycles_limit", _count, 0),
    ),
    price_lists={"prices": "product"},
)
ADDONS: Final = Section(
    "addons",
    "addon",
    tables.addons,
    ("name",),
    (
        Key("name", _name),
        Key("description", fields.text(), ""),
        _PAY,
        _flag("taxed"),
        _flag("hidden"),
    ),
    price_lists={"prices": "addon"},
)
TLDS: Final = Section(
    "tlds",
    "tld",
    tables.tlds,
    ("tld",),
    (Key("tld", fields.tld),),
    unique=True,
    fixed=True,
    price_lists={"register": "register", "transfer": "transfer", "renew": "renew"},
)
PROMOTIONS: Final = Section(
    "promotions",
    "promotion",
    tables.promotions,
    ("code",),
    (
        Key("code", fields.text(64, blank=False)),
        Key(
            "type",
            fields.one_of("Percentage", "Fixed Amount", "Price Override", "Free Setup"),
            stored_as="promotion_type",
        ),
        Key("value", fields.decimal(0, 10**9, 4), Decimal(0), _plain),
        _flag("recurring"),
        Key("recur_for", _count, 0),
        Key("cycles", fields.terms, "", _list),
        Key("applies_to", fields.targets, "", _list),
        Key("requires", fields.targets, "", _list),
        _flag("requires_existing"),
        Key("starts_on", fields.day, None, _or("")),
        Key("expires_on", fields.day, None, _or("")),
        Key("max_uses", _count, 0),
        _flag("apply_once"),
        _flag("new_signups"),
        _flag("existing_client"),
        _flag("once_per_client"),
        _flag("lifetime"),
        Key("notes", fields.text(), ""),
    ),
    unique=True,
    fixed=True,
)
PAYMENT_METHODS: Final = Section(
    "payment_methods",
    "payment_method",
    tables.payment_methods,
    ("module",),
    (
        Key("module", fields.text(64, blank=False)),
        Key("name", _name, stored_as="display_name"),
        Key("position", _count, 0),
        _flag("active", default=True),
    ),
    unique=True,
    fixed=True,
    id_column="module",
)
TAX_RULES: Final = Section(
    "tax_rules",
    "tax_rule",
    tables.tax_rules,
    ("level", "country", "state"),
    (
        Key("level", fields.whole(1, 2), 1),
        Key("name", fields.text(255), ""),
        Key("country", fields.country, ""),
        Key("state", fields.text(255), ""),
        Key("rate", _percent, show=_plain),
    ),
)

CUSTOM_FIELDS: Final = Section(
    "custom_fields",
    "custom_field",
    tables.custom_fields,
    ("product_id", "name"),
    (
        Key("name", _name),
        Key("product", fields.whole(0, fields.MAX_COUNTER), 0, stored_as="product_id"),
        Key("description", fields.text(), ""),
        _flag("required"),
        _flag("on_order", default=True),
        Key("position", _count, 0),
    ),
)

# In the order in which they are written: what is referred to comes first.
SECTIONS: Final = (
    CURRENCIES,
    PRODUCT_GROUPS,
    CLIENT_GROUPS,
    PRODUCTS,
    ADDONS,
    TLDS,
    PROMOTIONS,
    PAYMENT_METHODS,
    TAX_RULES,
    CUSTOM_FIELDS,
)

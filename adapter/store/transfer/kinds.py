"""The kinds of records: their schemas, tables and keys, and what they refer to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import sqlalchemy as sa
from marshmallow import Schema, missing

from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.transfer import schemas

EXPORT: Final = "export"
CURRENCY: Final = "currency"
PAYMENT_METHOD: Final = "payment_method"
CLIENT_GROUP: Final = "client_group"
PROMOTION: Final = "promotion"
CATALOGUE_ADDON: Final = "catalogue_addon"
OF_CATALOGUE: Final = frozenset(
    {CURRENCY, PAYMENT_METHOD, CLIENT_GROUP, PROMOTION, CATALOGUE_ADDON, "product"}
)
# The names of fields that say what the other system would invoice next; kept beside the record.
EXPECTED: Final[Mapping[str, str]] = {
    "next_invoice_on": "due_on",
    "next_issue_on": "issue_on",
    "next_invoice_amount": "amount",
}
LINES: Final = "lines"
# Kinds whose records are entries of a catalogue, with the section of it.
ENTRIES: Final[Mapping[str, str]] = {"product": "products", "custom_field": "custom_fields"}


@dataclass(frozen=True)
class Kind:
    """A kind of records. `key` are the columns that tell them apart.

    `refers` says of which kind the record is that a field (by its column) names; blank and 0 name
    none. `owned` are those of them that belong to the same client. `files` is the stem of a CSV
    file's name; kinds with lines have none.
    """

    name: str
    table: sa.Table
    schema: Schema
    key: tuple[str, ...] = ("id",)
    refers: Mapping[str, str] = field(default_factory=dict)
    owned: tuple[str, ...] = ()
    lines: sa.Table | None = None
    lines_key: str = ""

    @property
    def is_flat(self) -> bool:
        """Whether a line of CSV can say it."""
        return self.lines is None and self.name != "catalogue"

    @property
    def plural(self) -> str:
        """The stem of a CSV file's name."""
        return self.name + "s"

    @property
    def billable(self) -> BillableKind | None:
        """The kind of billable it is."""
        return _BILLABLES.get(self.name)

    @cached_property
    def columns(self) -> Mapping[str, str]:
        """Column -> name in the file, in the file's order."""
        return {each.attribute or name: name for name, each in self.schema.fields.items()}

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """What fields that a file may leave out say then, by name, as the file would say it."""
        return defaults_of(self.schema)

    def key_of(self, values: Mapping[str, Any]) -> str:
        """Return what tells a record apart, from its columns."""
        return " ".join(str(values[name]) for name in self.key)


def defaults_of(schema: Schema) -> dict[str, Any]:
    """Return what each field with a default says when it is left out, as the file would say it."""
    found = {}
    for name, each in schema.fields.items():
        if each.load_default is missing or each.required:
            continue
        default = each.load_default() if callable(each.load_default) else each.load_default
        found[name] = each._serialize(default, name, None)  # noqa: SLF001 - a field without its object
    return found


_CLIENT: Final = {"client_id": "client"}
_METHOD: Final = {"payment_method": PAYMENT_METHOD}
# The method of a billable is kept as it was sent: where it is unknown, a run falls back.
_BILLED: Final = {"promotion_id": PROMOTION, **_CLIENT}

# In the order in which they are written and exported; a file may have any.
KINDS: Final[Mapping[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind("catalogue", tables.settings, schemas.CatalogueSchema(), key=()),
        Kind(
            "product",
            tables.products,
            schemas.ProductSchema(),
        ),
        Kind("custom_field", tables.custom_fields, schemas.CustomFieldSchema()),
        Kind(
            "client",
            tables.clients,
            schemas.ClientSchema(),
            refers={"currency": CURRENCY, "group_id": CLIENT_GROUP, **_METHOD},
        ),
        Kind("contact", tables.contacts, schemas.ContactSchema(), refers=_CLIENT),
        Kind(
            "service",
            tables.services,
            schemas.ServiceSchema(),
            refers={"product_id": "product", **_BILLED},
        ),
        Kind(
            "addon",
            tables.service_addons,
            schemas.AddonSchema(),
            refers={
                "service_id": "service",
                "addon_id": CATALOGUE_ADDON,
                **_CLIENT,
            },
            owned=("service_id",),
        ),
        Kind("domain", tables.domains, schemas.DomainSchema(), refers=_BILLED),
        Kind("item", tables.billable_items, schemas.ItemSchema(), refers=_CLIENT),
        Kind(
            "recurring",
            tables.recurring_invoices,
            schemas.RecurringSchema(),
            refers={"currency": CURRENCY, **_CLIENT},
            lines=tables.recurring_lines,
            lines_key="recurring_invoice_id",
        ),
        Kind(
            "invoice",
            tables.documents,
            schemas.InvoiceSchema(),
            refers={"currency": CURRENCY, **_METHOD, **_CLIENT},
            lines=tables.document_lines,
            lines_key="document_id",
        ),
        Kind(
            "payment",
            tables.transactions,
            schemas.PaymentSchema(),
            refers={"currency": CURRENCY, "document_id": "invoice", **_CLIENT},
            owned=("document_id",),
        ),
        Kind(
            "credit",
            tables.credits_log,
            schemas.CreditSchema(),
            refers={"document_id": "invoice", **_CLIENT},
            owned=("document_id",),
        ),
        Kind(
            "claim",
            tables.claims,
            schemas.ClaimSchema(),
            key=("kind", "billable_id", "due_on"),
            refers={"document_id": "invoice"},
        ),
        Kind(
            "held",
            tables.held_occurrences,
            schemas.HeldSchema(),
            key=("kind", "billable_id", "due_on"),
        ),
        Kind("number", tables.counters, schemas.NumberSchema(), key=("name",)),
    )
}
RANKS: Final = {name: rank for rank, name in enumerate(KINDS)}
OF_BILLABLE: Final[Mapping[BillableKind, str]] = {
    BillableKind.SERVICE: "service",
    BillableKind.ADDON: "addon",
    BillableKind.DOMAIN: "domain",
    BillableKind.BILLABLE_ITEM: "item",
    BillableKind.RECURRING_INVOICE: "recurring",
}
_BILLABLES: Final = {name: billable for billable, name in OF_BILLABLE.items()}

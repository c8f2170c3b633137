"""What a record of each kind says: the schemas of import and export files.

The names are those of the store's columns, or say `attribute=` which one they stand for. A field
that is neither required nor has a default is filled in when it is left out (`filled` says how).
docs/import.md is made from these.
"""

from adapter.store.transfer.schemas.billables import (
    AddonSchema,
    DomainSchema,
    ItemSchema,
    RecurringSchema,
    ServiceSchema,
)
from adapter.store.transfer.schemas.catalogue import (
    CatalogueSchema,
    CustomFieldSchema,
    NumberSchema,
    ProductSchema,
)
from adapter.store.transfer.schemas.clients import ClientSchema, ContactSchema
from adapter.store.transfer.schemas.documents import (
    ClaimSchema,
    CreditSchema,
    HeldSchema,
    InvoiceSchema,
    PaymentSchema,
)

__all__ = [
    "AddonSchema",
    "CatalogueSchema",
    "ClaimSchema",
    "ClientSchema",
    "ContactSchema",
    "CreditSchema",
    "CustomFieldSchema",
    "DomainSchema",
    "HeldSchema",
    "InvoiceSchema",
    "ItemSchema",
    "NumberSchema",
    "PaymentSchema",
    "ProductSchema",
    "RecurringSchema",
    "ServiceSchema",
]

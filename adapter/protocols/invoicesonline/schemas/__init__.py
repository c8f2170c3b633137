"""Fields of every endpoint: names, types and limits, and the command they make."""

from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, wire_names
from adapter.protocols.invoicesonline.schemas.clients import (
    CLIENT_WORDS,
    PAYMENT_TERMS,
    ClientBlock,
    ClientDetailsSchema,
    GetClientIdSchema,
    NewClientSchema,
)
from adapter.protocols.invoicesonline.schemas.documents import (
    ALL_CLIENTS,
    DOCUMENT_TYPES,
    INVOICES,
    RECURRING_INVOICES,
    DocumentsSchema,
)
from adapter.protocols.invoicesonline.schemas.recurring import (
    IncreaseSchema,
    LimitSchema,
    RecurringInvoiceSchema,
)

__all__ = [
    "ALL_CLIENTS",
    "CLIENT_WORDS",
    "DOCUMENT_TYPES",
    "INVOICES",
    "PAYMENT_TERMS",
    "RECURRING_INVOICES",
    "ClientBlock",
    "ClientDetailsSchema",
    "DocumentsSchema",
    "EndpointSchema",
    "GetClientIdSchema",
    "IncreaseSchema",
    "LimitSchema",
    "NewClientSchema",
    "RecurringInvoiceSchema",
    "wire_names",
]

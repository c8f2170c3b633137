"""Fields of every endpoint: names, types and limits, and the command they make."""

from adapter.protocols.invoicesonline.schemas.accounts import (
    STATEMENT_TOTALS,
    ClientBalanceSchema,
    ClientHistorySchema,
    OrderInvoiceSchema,
    StatementSchema,
)
from adapter.protocols.invoicesonline.schemas.base import (
    EndpointSchema,
    wire_names,
)
from adapter.protocols.invoicesonline.schemas.clients import (
    CLIENT_WORDS,
    PAYMENT_TERMS,
    ClientBlock,
    ClientDetailsSchema,
    ClientsSchema,
    GetClientIdSchema,
    NewClientSchema,
    UpdateClientSchema,
)
from adapter.protocols.invoicesonline.schemas.documents import (
    ALL_CLIENTS,
    DOCUMENT_TYPES,
    INVOICES,
    KINDS,
    RECURRING_INVOICES,
    RECURRING_PROFORMAS,
    DocumentsSchema,
)
from adapter.protocols.invoicesonline.schemas.items import (
    ITEM_WORDS,
    PRODUCT_WORDS,
    RECURRING_TYPES,
    AddItemSchema,
    BatchSchema,
    ConvertSchema,
    RemoveItemSchema,
)
from adapter.protocols.invoicesonline.schemas.payments import (
    AddNewPaymentSchema,
    PaymentSchema,
    RecordPaymentSchema,
)
from adapter.protocols.invoicesonline.schemas.quoted import (
    AddNewInvoiceSchema,
    CreditNoteSchema,
    DeliveryNoteSchema,
    DocumentSchema,
    InvoiceSchema,
    PayoutSchema,
    ProformaSchema,
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
    "ITEM_WORDS",
    "KINDS",
    "PAYMENT_TERMS",
    "PRODUCT_WORDS",
    "RECURRING_INVOICES",
    "RECURRING_PROFORMAS",
    "RECURRING_TYPES",
    "STATEMENT_TOTALS",
    "AddItemSchema",
    "AddNewInvoiceSchema",
    "AddNewPaymentSchema",
    "BatchSchema",
    "ClientBalanceSchema",
    "ClientBlock",
    "ClientDetailsSchema",
    "ClientHistorySchema",
    "ClientsSchema",
    "ConvertSchema",
    "CreditNoteSchema",
    "DeliveryNoteSchema",
    "DocumentSchema",
    "DocumentsSchema",
    "EndpointSchema",
    "GetClientIdSchema",
    "IncreaseSchema",
    "InvoiceSchema",
    "LimitSchema",
    "NewClientSchema",
    "OrderInvoiceSchema",
    "PaymentSchema",
    "PayoutSchema",
    "ProformaSchema",
    "RecordPaymentSchema",
    "RecurringInvoiceSchema",
    "RemoveItemSchema",
    "StatementSchema",
    "UpdateClientSchema",
    "wire_names",
]

"""Results as this protocol's success replies: one writer per kind of reply."""

from adapter.protocols.invoicesonline.replies.clients import (
    client_balance,
    client_map,
    clients_map,
)
from adapter.protocols.invoicesonline.replies.documents import (
    HISTORY_TYPES,
    document_alias,
    document_issued,
    document_map,
    documents_issued,
    history_map,
    invoice_map,
    payment_alias,
    payment_recorded,
    recurring_invoice_created,
    recurring_invoice_map,
    statement_created,
)

__all__ = [
    "HISTORY_TYPES",
    "client_balance",
    "client_map",
    "clients_map",
    "document_alias",
    "document_issued",
    "document_map",
    "documents_issued",
    "history_map",
    "invoice_map",
    "payment_alias",
    "payment_recorded",
    "recurring_invoice_created",
    "recurring_invoice_map",
    "statement_created",
]

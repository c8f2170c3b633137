"""Fields of lists of documents."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import post_load

from adapter.billing.model import DocumentKind
from adapter.commands.model import Command, ListDocuments, ListInvoices, ListRecurringInvoices
from adapter.protocols.fields import Empty, WireInt
from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, OneOf

ALL_CLIENTS: Final = "all"
INVOICES: Final = "invoices"
RECURRING_INVOICES: Final = "recurring_invoices"
RECURRING_PROFORMAS: Final = "recurring_pro-forma_invoices"
DOCUMENT_TYPES: Final = (
    INVOICES,
    "quotes",
    "pro-forma_invoices",
    "credit_notes",
    "delivery_notes",
    RECURRING_INVOICES,
    RECURRING_PROFORMAS,
)
KINDS: Final[Mapping[str, DocumentKind]] = {
    "quotes": DocumentKind.QUOTE,
    "pro-forma_invoices": DocumentKind.PROFORMA,
    "credit_notes": DocumentKind.CREDIT_NOTE,
    "delivery_notes": DocumentKind.DELIVERY_NOTE,
}


class ClientOrAll(WireInt):
    """A client id, or the word for every client (None)."""

    default_error_messages = {"integer": "must be a client id or the word all"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **settings: Any) -> Any:
        return None if value == ALL_CLIENTS else super()._deserialize(value, *args, **settings)


class DocumentsSchema(EndpointSchema):
    """`getDocumentsByType_JSON`. Source: contracts/invoicesonline/getdocumentsbytype_json.md."""

    endpoint = "getDocumentsByType_JSON"

    client_id = ClientOrAll(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    document_type = OneOf(
        {word: word for word in DOCUMENT_TYPES},
        data_key="type",
        required=True,
        empty=Empty.REFUSED,
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Command:
        client_id, document_type = data["client_id"], data["document_type"]
        if document_type == RECURRING_INVOICES:
            return ListRecurringInvoices(client_id)
        if document_type == RECURRING_PROFORMAS:
            return ListRecurringInvoices(client_id, DocumentKind.PROFORMA)
        if document_type == INVOICES:
            return ListInvoices(None, client_id)
        return ListDocuments(KINDS[document_type], client_id)

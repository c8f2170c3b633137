"""Fields of lists of documents."""

from typing import Any, Final

from marshmallow import post_load

from adapter.commands.model import Command, ListInvoices, ListRecurringInvoices, Page
from adapter.protocols.fields import Empty, WireInt
from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, OneOf

ALL_CLIENTS: Final = "all"
INVOICES: Final = "invoices"
RECURRING_INVOICES: Final = "recurring_invoices"
DOCUMENT_TYPES: Final = (
    INVOICES,
    "quotes",
    "pro-forma_invoices",
    "credit_notes",
    "delivery_notes",
    RECURRING_INVOICES,
    "recurring_pro-forma_invoices",
)


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
        # No document of the other types exists: a window without rows is the whole list.
        page = None if document_type == INVOICES else Page(0, 0)
        return ListInvoices(page, client_id)

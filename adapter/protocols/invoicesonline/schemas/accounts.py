"""Fields of what is asked about a client's account: balance, history, statement, an order."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import post_load

from adapter.billing.statement import StatementKind, StatementTotal
from adapter.commands.model import (
    Command,
    CreateStatement,
    GetClient,
    GetClientHistory,
    ListInvoices,
)
from adapter.errors import InvalidField
from adapter.protocols.fields import Empty, WireDate, WireInt, WireStrictBool
from adapter.protocols.invoicesonline.schemas.base import EndpointSchema, OneOf

# What stands at the foot of a statement, in the page's words.
STATEMENT_TOTALS: Final[Mapping[str, StatementTotal]] = {
    "ClientBalance": StatementTotal.CLIENT_BALANCE,
    "OnlyShown": StatementTotal.ONLY_SHOWN,
}


class ClientBalanceSchema(EndpointSchema):
    """`getClientBalance_JSON`. Source: contracts/invoicesonline/getclientbalance_json.md."""

    endpoint = "getClientBalance_JSON"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Command:
        return GetClient(**data)


class ClientHistorySchema(EndpointSchema):
    """`getClientHistory_JSON`. Source: contracts/invoicesonline/getclienthistory_json.md."""

    endpoint = "getClientHistory_JSON"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    from_on = WireDate(data_key="StartDate", load_default=None)
    to_on = WireDate(data_key="EndDate", load_default=None)
    descending = OneOf(
        {"ASC": False, "DESC": True}, data_key="Order", empty=True, load_default=True
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Command:
        return GetClientHistory(**data)


class OrderInvoiceSchema(EndpointSchema):
    """`getClientOrderInvoice_JSON`.

    Source: contracts/invoicesonline/getclientorderinvoice_json.md.
    """

    endpoint = "getClientOrderInvoice_JSON"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    order_id = WireInt(data_key="OrderID", minimum=1, required=True, empty=Empty.REFUSED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Command:
        return ListInvoices(None, data["client_id"], order_number=str(data["order_id"]))


class StatementSchema(EndpointSchema):
    """`ClientStatement`. Source: contracts/invoicesonline/clientstatement.md."""

    endpoint = "ClientStatement"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    kind = OneOf(
        {kind.value: kind for kind in StatementKind},
        data_key="type",
        empty=StatementKind.FULL,
        load_default=StatementKind.FULL,
    )
    file_format = OneOf(
        {"csv": "csv", "pdf": "pdf"}, data_key="format", empty="pdf", load_default="pdf"
    )
    send_email = WireStrictBool(data_key="EmailToClient", empty=False, load_default=False)
    total = OneOf(
        STATEMENT_TOTALS,
        data_key="TotalAmountOption",
        empty=StatementTotal.CLIENT_BALANCE,
        load_default=StatementTotal.CLIENT_BALANCE,
    )
    from_on = WireDate(data_key="from", load_default=None)
    to_on = WireDate(data_key="to", load_default=None)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Command:
        if data["kind"] is StatementKind.DATE_RANGE:
            for name in ("from", "to"):
                if data[f"{name}_on"] is None:
                    detail = f"{name} is required where type is date_range"
                    raise InvalidField(name, "required", detail)
            if data["to_on"] < data["from_on"]:
                raise InvalidField("to", "minimum", "to must not lie before from")
        return CreateStatement(**data)

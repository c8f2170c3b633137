"""The positional-array protocol: `<any prefix>/api/<Name>.php`.

Credentials and everything else come as one JSON object, or as a form; replies are JSON or a bare
integer, in both modes. Source: contracts/invoicesonline/*.md.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from adapter.commands.access import Credentials
from adapter.commands.model import (
    AddRecurringLine,
    Command,
    ConvertProforma,
    CreateClient,
    CreateRecurringInvoice,
    CreateStatement,
    FindClient,
    GetClient,
    GetClientHistory,
    IssueDocument,
    IssueDocuments,
    ListClients,
    ListDocuments,
    ListInvoices,
    ListRecurringInvoices,
    RecordClientPayment,
    RemoveRecurringLines,
    UpdateClient,
)
from adapter.commands.results import (
    DocumentsListed,
    InvoicesListed,
    RecurringInvoicesListed,
    Result,
)
from adapter.errors import AdapterError, MethodNotAllowed, NotSupported, UnknownAction
from adapter.protocols import phpjson
from adapter.protocols.base import Limits, Params, WireRequest, WireResponse
from adapter.protocols.body import body_kind, decode_params, plain_path
from adapter.protocols.invoicesonline import errors, replies
from adapter.protocols.invoicesonline.call import Call
from adapter.protocols.invoicesonline.errors import JSON_TYPE, TEXT_TYPE, Family
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas import (
    AddItemSchema,
    AddNewInvoiceSchema,
    AddNewPaymentSchema,
    BatchSchema,
    ClientBalanceSchema,
    ClientDetailsSchema,
    ClientHistorySchema,
    ClientsSchema,
    ConvertSchema,
    CreditNoteSchema,
    DeliveryNoteSchema,
    DocumentsSchema,
    EndpointSchema,
    GetClientIdSchema,
    InvoiceSchema,
    NewClientSchema,
    OrderInvoiceSchema,
    PaymentSchema,
    PayoutSchema,
    ProformaSchema,
    RecordPaymentSchema,
    RecurringInvoiceSchema,
    RemoveItemSchema,
    StatementSchema,
    UpdateClientSchema,
)
from adapter.protocols.phpjson import JsonValue
from adapter.protocols.splice import splice, splice_form

_INSIDE: Final = re.compile(r"/api/[^/]+\.php").search
_PATH: Final = re.compile(r".*/api/([^/]+)\.php", re.IGNORECASE | re.DOTALL).fullmatch
# The documented name, then the one that a single call of the older class sends.
BUSINESS_ID_NAMES: Final = ("BID", "BusinessID")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    schema: type[EndpointSchema]
    family: Family
    encode: Callable[[Any, Call], WireResponse]
    commands: tuple[type[Command], ...]


class InvoicesOnlineProtocol:
    """The dialect as one object; `quirks` by account name, others have the default ones."""

    name = "invoicesonline"

    def __init__(self, quirks: Mapping[str, Quirks], limits: Limits) -> None:
        self._quirks = quirks
        self._limits = limits

    def matches(self, path: str) -> bool:
        """Tell whether the path is `/api/<Name>.php` under any prefix, the name in any case."""
        return _PATH(path) is not None

    def resembles(self, path: str) -> bool:
        """Tell whether a web server may find an endpoint there all the same."""
        return _INSIDE(plain_path(path)) is not None

    def actions(self) -> frozenset[str]:
        """Name every endpoint that is known, in lower case; a few of them do nothing."""
        return frozenset(_ENDPOINTS) | frozenset(_UNSUPPORTED)

    def commands(self, action: str) -> tuple[type[Command], ...]:
        """Return what an endpoint may ask for, nothing for an unknown one."""
        found = _ENDPOINTS.get(action)
        return () if found is None else found.commands

    def named_actions(self, raw: bytes, path: str) -> frozenset[str]:  # noqa: ARG002 - the other's
        """Name the endpoint: only the path can."""
        found = _PATH(path)
        return frozenset() if found is None else frozenset({found[1].lower()})

    def with_credentials(
        self, raw: bytes, content_type: str | None, credentials: Credentials
    ) -> bytes:
        """Put these credentials where others stood; the business id only where one is given."""
        new = {
            "username": ("username", credentials.identifier or ""),
            "password": ("password", credentials.secret or ""),
        }
        if credentials.business_id is not None:
            new |= {name: (name, credentials.business_id) for name in BUSINESS_ID_NAMES}
        if content_type is None:
            return splice_form(raw, new)
        return splice(raw, body_kind({}, content_type, raw), content_type, new)

    def decode(self, request: WireRequest) -> Call:
        """Read query and body; never raises, what is wrong stands in `problem`."""
        path = _PATH(request.path)
        params: Params = {}
        problem: AdapterError | None = None
        try:
            params = decode_params(request, self._limits)
        except AdapterError as error:
            problem = error
        if request.method != "POST":
            problem = MethodNotAllowed(request.method)
        return Call(
            action=path[1].lower() if path else "",
            params=params,
            credentials=_credentials(params),
            address=request.address,
            method=request.method,
            problem=problem,
        )

    def bind(self, call: Call, account: str) -> Call:
        """Add the account's quirks."""
        return replace(call, quirks=self._quirks.get(account, call.quirks))

    def to_command(self, call: Call) -> Command:
        """Check names, types and limits; raises `RequestError`."""
        if call.problem is not None:
            raise call.problem
        endpoint = _ENDPOINTS.get(call.action)
        if endpoint is None and call.action in _UNSUPPORTED:
            raise NotSupported(_UNSUPPORTED[call.action][0])
        if endpoint is None:
            raise UnknownAction(call.action)
        return _schema(endpoint.schema, call.quirks, self._limits).command(call.params)

    def encode_result(self, result: Result, call: Call) -> WireResponse:
        """Write a success reply."""
        return _ENDPOINTS[call.action].encode(result, call)

    def encode_error(self, error: AdapterError, call: Call) -> WireResponse:
        """Write an error reply; total, whatever was decoded."""
        endpoint = _ENDPOINTS.get(call.action)
        _, family = _UNSUPPORTED.get(call.action, ("", Family.FLAT))
        if endpoint is not None:
            family = endpoint.family
        return errors.encode(error, family, call.params, self._limits)


@cache
def _schema(kind: type[EndpointSchema], quirks: Quirks, limits: Limits) -> EndpointSchema:
    """Return the one instance of a schema under these switches: building one is slow."""
    return kind(quirks, limits)


def _credentials(params: Params) -> Credentials:
    username, password = params.get("username"), params.get("password")
    return Credentials(
        identifier=username if isinstance(username, str) and username else None,
        secret=password if isinstance(password, str) and password else None,
        business_id=_business_id(params),
    )


def _business_id(params: Params) -> str | None:
    """Return the first of the two names that is not blank; it must then be the account's."""
    for name in BUSINESS_ID_NAMES:
        sent = params.get(name)
        if sent is None:
            continue
        # What is no text is no account's id, but it was sent: it must not pass as absent.
        text = sent.strip() if isinstance(sent, str) else type(sent).__name__
        if text:
            return text
    return None


def _json(value: phpjson.JsonValue) -> WireResponse:
    return WireResponse(200, phpjson.dumps(value), JSON_TYPE)


def _number(client_id: int) -> WireResponse:
    """Write a bare integer: no line break, which would make it no number to older PHP."""
    return WireResponse(200, b"%d" % client_id, TEXT_TYPE)


def _listed(result: Result, _: Quirks) -> JsonValue:
    if isinstance(result, RecurringInvoicesListed):
        return replies.recurring_invoice_map(result)
    if isinstance(result, InvoicesListed):
        return replies.invoice_map(result)
    if isinstance(result, DocumentsListed):
        return replies.document_map(result)
    return []


def _map(
    schema: type[EndpointSchema],
    reply: Callable[[Any, Quirks], JsonValue],
    *commands: type[Command],
) -> _Endpoint:
    return _json_endpoint(schema, Family.MAP, reply, commands)


def _flat(
    schema: type[EndpointSchema],
    reply: Callable[[Any, Quirks], JsonValue],
    *commands: type[Command],
) -> _Endpoint:
    return _json_endpoint(schema, Family.FLAT, reply, commands)


def _json_endpoint(
    schema: type[EndpointSchema],
    family: Family,
    reply: Callable[[Any, Quirks], JsonValue],
    commands: tuple[type[Command], ...],
) -> _Endpoint:
    return _Endpoint(
        schema, family, lambda result, call: _json(reply(result, call.quirks)), commands
    )


def _updated(_: Any, __: Quirks) -> JsonValue:
    return {"type": "success", "message": "Client updated successfully."}


def _done(_: Any, __: Quirks) -> JsonValue:
    return {"result": "success"}


def _stated(result: Any, _: Quirks) -> JsonValue:
    return replies.statement_created(result)


def _paid(result: Any, _: Quirks) -> JsonValue:
    return replies.payment_recorded(result)


_ENDPOINTS: Final[Mapping[str, _Endpoint]] = {
    endpoint.schema.endpoint.lower(): endpoint
    for endpoint in (
        _Endpoint(
            RecurringInvoiceSchema,
            Family.RECURRING,
            lambda result, call: _json(replies.recurring_invoice_created(result, call.quirks)),
            (CreateRecurringInvoice,),
        ),
        *(
            _flat(schema, replies.document_issued, command)
            for schema, command in (
                (InvoiceSchema, IssueDocument),
                (ProformaSchema, IssueDocument),
                (CreditNoteSchema, IssueDocument),
                (PayoutSchema, IssueDocument),
                (DeliveryNoteSchema, IssueDocument),
                (ConvertSchema, ConvertProforma),
            )
        ),
        _flat(AddNewInvoiceSchema, replies.document_alias, IssueDocument),
        _flat(BatchSchema, replies.documents_issued, IssueDocuments),
        _flat(PaymentSchema, _paid, RecordClientPayment),
        _flat(RecordPaymentSchema, _paid, RecordClientPayment),
        _flat(AddNewPaymentSchema, replies.payment_alias, RecordClientPayment),
        _map(StatementSchema, _stated, CreateStatement),
        _map(AddItemSchema, _done, AddRecurringLine),
        _map(RemoveItemSchema, _done, RemoveRecurringLines),
        _Endpoint(
            NewClientSchema,
            Family.TEXT,
            lambda result, _: _number(result.client_id),
            (CreateClient,),
        ),
        _Endpoint(
            GetClientIdSchema,
            Family.PROBE,
            lambda result, _: _number(result.client_id),
            (FindClient,),
        ),
        _flat(UpdateClientSchema, _updated, UpdateClient),
        _map(ClientDetailsSchema, replies.client_map, GetClient),
        _map(ClientsSchema, replies.clients_map, ListClients),
        _map(ClientBalanceSchema, replies.client_balance, GetClient),
        _map(ClientHistorySchema, replies.history_map, GetClientHistory),
        _map(DocumentsSchema, _listed, ListInvoices, ListDocuments, ListRecurringInvoices),
        _map(OrderInvoiceSchema, _listed, ListInvoices),
    )
}

# The spelling of each endpoint that is carried out, by its name in lower case.
ENDPOINT_NAMES: Final[Mapping[str, str]] = {
    name: endpoint.schema.endpoint for name, endpoint in _ENDPOINTS.items()
}
# Documented, and not carried out: an honest error in the shape that their replies have.
_UNSUPPORTED: Final[Mapping[str, tuple[str, Family]]] = {
    "generatenewjobcard": ("Jobcards", Family.FLAT),
    "getdocumentstatus": ("Statuses of jobcards", Family.MAP),
    "getsuppliers_json": ("Suppliers", Family.MAP),
    "getsupplierhistory_json": ("Suppliers", Family.MAP),
    "generatenewrecurringproformainvoice": ("New recurring pro-forma invoices", Family.FLAT),
    "generatenewquote": ("New quotes", Family.FLAT),
}

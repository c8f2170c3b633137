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
from adapter.commands.model import Command
from adapter.commands.results import InvoicesListed, RecurringInvoicesListed, Result
from adapter.errors import AdapterError, MethodNotAllowed, UnknownAction
from adapter.protocols import phpjson
from adapter.protocols.base import Limits, Params, WireRequest, WireResponse
from adapter.protocols.body import decode_params
from adapter.protocols.invoicesonline import errors, replies
from adapter.protocols.invoicesonline.call import Call
from adapter.protocols.invoicesonline.errors import JSON_TYPE, TEXT_TYPE, Family
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas import (
    INVOICES,
    ClientDetailsSchema,
    DocumentsSchema,
    EndpointSchema,
    GetClientIdSchema,
    NewClientSchema,
    RecurringInvoiceSchema,
)

_PATH: Final = re.compile(r".*/api/([^/]+)\.php", re.IGNORECASE | re.DOTALL).fullmatch
# The documented name, then the one that a single call of the older class sends.
_BUSINESS_ID_NAMES: Final = ("BID", "BusinessID")


@dataclass(frozen=True, slots=True)
class _Endpoint:
    schema: type[EndpointSchema]
    family: Family
    encode: Callable[[Any, Call], WireResponse]


class InvoicesOnlineProtocol:
    """The dialect as one object; `quirks` by account name, others have the default ones."""

    name = "invoicesonline"

    def __init__(self, quirks: Mapping[str, Quirks], limits: Limits) -> None:
        self._quirks = quirks
        self._limits = limits

    def matches(self, path: str) -> bool:
        """Tell whether the path is `/api/<Name>.php` under any prefix, the name in any case."""
        return _PATH(path) is not None

    def actions(self) -> frozenset[str]:
        """Name every endpoint that works, in lower case."""
        return frozenset(_ENDPOINTS)

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
        if endpoint is None:
            raise UnknownAction(call.action)
        return _schema(endpoint.schema, call.quirks, self._limits).command(call.params)

    def encode_result(self, result: Result, call: Call) -> WireResponse:
        """Write a success reply."""
        return _ENDPOINTS[call.action].encode(result, call)

    def encode_error(self, error: AdapterError, call: Call) -> WireResponse:
        """Write an error reply; total, whatever was decoded."""
        endpoint = _ENDPOINTS.get(call.action)
        family = Family.FLAT if endpoint is None else endpoint.family
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
    for name in _BUSINESS_ID_NAMES:
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


def _documents(result: Result, call: Call) -> WireResponse:
    if isinstance(result, RecurringInvoicesListed):
        return _json(replies.recurring_invoice_map(result))
    if isinstance(result, InvoicesListed) and call.params.get("type") == INVOICES:
        return _json(replies.invoice_map(result))
    return _json([])  # there are no documents of the other types


_ENDPOINTS: Final[Mapping[str, _Endpoint]] = {
    endpoint.schema.endpoint.lower(): endpoint
    for endpoint in (
        _Endpoint(
            RecurringInvoiceSchema,
            Family.RECURRING,
            lambda result, call: _json(replies.recurring_invoice_created(result, call.quirks)),
        ),
        _Endpoint(NewClientSchema, Family.TEXT, lambda result, _: _number(result.client_id)),
        _Endpoint(GetClientIdSchema, Family.PROBE, lambda result, _: _number(result.client_id)),
        _Endpoint(
            ClientDetailsSchema, Family.MAP, lambda result, _: _json(replies.client_map(result))
        ),
        _Endpoint(DocumentsSchema, Family.MAP, _documents),
    )
}

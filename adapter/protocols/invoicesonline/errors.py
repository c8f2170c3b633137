"""Errors as this protocol says them: one table of statuses and texts, and one shape per family.

Clients read bodies only, and one of them drops the body of a reply with a status of 500 or more:
every answer of the application has status 200. Source: contracts/decisions.md, "Statuses".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from adapter.errors import (
    AdapterError,
    AddressNotAllowed,
    BackendBusy,
    BackendOverloaded,
    BadAnswer,
    BillableNotFound,
    BreakerOpen,
    CannotExpress,
    ClientNotFound,
    ClientPairTaken,
    CurrencyNotListed,
    DiscountTooLarge,
    DocumentNotFound,
    LineNotFound,
    LineRequired,
    MethodNotAllowed,
    NotAuthenticated,
    NotSent,
    OutcomeLost,
    Rejected,
    RequestError,
    StartInPast,
    StartTooEarly,
    StateError,
    StoreUnavailable,
    TooManyRequests,
    TransportLost,
    WrongBusiness,
)
from adapter.protocols import phpjson
from adapter.protocols.base import Limits, Params, WireResponse
from adapter.protocols.invoicesonline.columns import cell_label
from adapter.protocols.jsonbody import rows

# DECISION: the original's own labels are not known. Both are what a reader expects of the bytes,
# and neither lets a browser take a caller's text for HTML.
JSON_TYPE: Final = "application/json"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

_INTERNAL: Final = "Internal Error"


# Makes a text of the error's facts and the rows of the request, by their indexes.
Describe: TypeAlias = Callable[[Any, Sequence[int]], str]


@dataclass(frozen=True, slots=True)
class WireError:
    """How a class of errors is answered; `text` None is the error's own text."""

    status: int
    text: str | Describe | None = None


def _client_not_found(error: ClientNotFound, _: Sequence[int]) -> str:
    found_by_id = isinstance(error.record_id, int)
    return f"ClientID {error.record_id} not found" if found_by_id else str(error)


def _currency_not_listed(error: CurrencyNotListed, indexes: Sequence[int]) -> str:
    if indexes:
        known = 0 <= error.line < len(indexes)
        label = cell_label(indexes[error.line] if known else error.line, "currency")
    else:
        label = "currency"  # no rows were sent: one item, or a batch
    return f"{label} must be one of {', '.join(error.listed)}"


def _start_too_early(error: StartTooEarly, _: Sequence[int]) -> str:
    return (
        f"recurring_start_date must not lie more than {error.occurrences} occurrences before today"
    )


def _document_not_found(error: DocumentNotFound, _: Sequence[int]) -> str:
    return f"ProFormaInvoiceNR {error.record_id} not found"


def _billable_not_found(error: BillableNotFound, _: Sequence[int]) -> str:
    return f"IID {error.record_id} is no {error.kind}"


def _line_not_found(error: LineNotFound, _: Sequence[int]) -> str:
    return f"item_code {error.record_id} not found"


WIRE: Final[Mapping[type[AdapterError], WireError]] = {
    # One client counts credentials as bad only where the text contains "invalid".
    NotAuthenticated: WireError(200, "Invalid username or password"),
    MethodNotAllowed: WireError(405, "Only POST is answered here"),
    ClientNotFound: WireError(200, _client_not_found),
    ClientPairTaken: WireError(
        200, "Another client has this client_invoice_name and client_email"
    ),
    DocumentNotFound: WireError(200, _document_not_found),
    BillableNotFound: WireError(200, _billable_not_found),
    LineNotFound: WireError(200, _line_not_found),
    LineRequired: WireError(200, "item_code must not be that of every line: one must remain"),
    CurrencyNotListed: WireError(200, _currency_not_listed),
    DiscountTooLarge: WireError(200, "DiscountAmount must not exceed the sum of the lines"),
    StartInPast: WireError(200, "recurring_start_date must not lie before today"),
    StartTooEarly: WireError(200, _start_too_early),
    TooManyRequests: WireError(200),
    BackendBusy: WireError(200),
    BackendOverloaded: WireError(200),
    BreakerOpen: WireError(200),
    RequestError: WireError(200),
    StateError: WireError(200),
    StoreUnavailable: WireError(200),
    CannotExpress: WireError(200),
    NotSent: WireError(200),
    OutcomeLost: WireError(200),
    Rejected: WireError(200),
    TransportLost: WireError(200),
    BadAnswer: WireError(200),
    AdapterError: WireError(200, _INTERNAL),  # details go to the log only
}


class Family(Enum):
    """The reply families of the endpoints."""

    RECURRING = "flat object with document_id"
    FLAT = "flat object"
    TEXT = "plain text"
    PROBE = "plain text, but a flat object where the credentials are refused"
    MAP = "map"


# GetClientID is some clients' test of their credentials: only an object counts as refused.
_DENIED: Final = (NotAuthenticated, WrongBusiness, AddressNotAllowed)
_SAFE_START: Final = re.compile(r"[A-Za-z]").match


def encode(error: AdapterError, family: Family, params: Params, limits: Limits) -> WireResponse:
    """Write an error in the shape of its endpoint's family; total."""
    wire = next(WIRE[kind] for kind in type(error).__mro__ if kind in WIRE)
    text = wire.text(error, _indexes(params, limits)) if callable(wire.text) else wire.text
    text = text or str(error) or _INTERNAL
    headers = {"Allow": "POST"} if isinstance(error, MethodNotAllowed) else {}
    if family is Family.PROBE:
        family = Family.FLAT if isinstance(error, _DENIED) else Family.TEXT
    if family is Family.TEXT:
        return WireResponse(wire.status, _plain(text), TEXT_TYPE, headers)
    return WireResponse(wire.status, phpjson.dumps(_object(text, family)), JSON_TYPE, headers)


def _indexes(params: Params, limits: Limits) -> Sequence[int]:
    try:
        return tuple(rows(params.get("data"), limits))
    except AdapterError:
        return ()


def _object(text: str, family: Family) -> dict[str, phpjson.JsonValue]:
    if family is Family.MAP:
        return {"error": text}
    # Of the known clients some show `message`, some `error`: both are set everywhere.
    if family is Family.RECURRING:
        return {"type": "error", "document_id": "", "message": text, "error": text}
    return {"type": "error", "message": text, "error": text}


def _plain(text: str) -> bytes:
    """Return bytes that no client takes for an id: its parsers look at how the text starts."""
    shown = text if _SAFE_START(text) else f"Error: {text}"
    return shown.encode("utf-8", "replace")

"""The gateway's own HTTP interface, beside the legacy protocols: JSON, for operators and tests.

Documented in docs/management.md.
"""

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from adapter.bridge.access import Access
from adapter.bridge.clock import AccountClock, ClockFixed, ClockState
from adapter.bridge.service import Outcome
from adapter.commands.access import Caller, Credentials
from adapter.errors import (
    ActionNotAllowed,
    AdapterError,
    AddressNotAllowed,
    InvalidField,
    LimitExceeded,
    Malformed,
    MethodNotAllowed,
    NotAuthenticated,
    RequestError,
    StateError,
    StoreUnavailable,
    UnknownAction,
)
from adapter.protocols.base import BaseCall, WireRequest, WireResponse

MANAGE: Final = "manage"
ACTIONS: Final = frozenset({"clock"})
_PATH: Final = f"/{MANAGE}/"
_STATUS: Final[dict[type[AdapterError], int]] = {
    NotAuthenticated: 401,
    AddressNotAllowed: 403,
    ActionNotAllowed: 403,
    UnknownAction: 404,
    MethodNotAllowed: 405,
    ClockFixed: 409,
    LimitExceeded: 413,
    RequestError: 400,
    StateError: 409,
    StoreUnavailable: 503,
    AdapterError: 500,
}
_HEADERS: Final[dict[type[AdapterError], dict[str, str]]] = {
    NotAuthenticated: {"WWW-Authenticate": 'Basic realm="manage"'},
    MethodNotAllowed: {"Allow": "GET, POST"},
}
_MOMENT: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2}))?").fullmatch
_MOST_DEPTH: Final = 1000  # brackets in a body; Python's reader gives up at about that depth


@dataclass(frozen=True, slots=True)
class Management:
    """Answers management calls. `clocks` are by account name. Holds no state of a request."""

    access: Access
    clocks: Mapping[str, AccountClock]
    name: str = MANAGE

    def matches(self, path: str) -> bool:
        """Tell whether a request path belongs to it."""
        return path.startswith(_PATH)

    def actions(self) -> frozenset[str]:
        """Name every action, as roles and metrics spell it."""
        return ACTIONS

    def answer(self, request: WireRequest) -> Outcome:
        """Answer one call; every `AdapterError` becomes JSON."""
        call = _decode(request)
        caller = None
        try:
            caller = self.access.admit(call, self, named=True)
            reply = self._clock(call, caller)
        except AdapterError as error:
            return self._refused(call, error, caller)
        response = _json(200, reply)
        return Outcome(response, call.action, caller.account.name, caller.credential)

    def refuse(self, request: WireRequest, error: AdapterError) -> Outcome:
        """Answer a request that may not even be read; the address is checked first."""
        call = _decode(request)
        try:
            self.access.check_address(call)
        except AdapterError as refused:
            error = refused
        return self._refused(call, error, None)

    def crashed(self, request: WireRequest) -> Outcome:
        """Answer a request that a defect stopped; nothing of it is told."""
        return self._refused(_decode(request), AdapterError(), None)

    def _refused(self, call: BaseCall, error: AdapterError, caller: Caller | None) -> Outcome:
        action = call.action if call.action in self.actions() else ""
        kind = next(kind for kind in type(error).__mro__ if kind in _STATUS)
        told = f"{error.path}: {error}" if isinstance(error, InvalidField) else str(error)
        text = told if kind is not AdapterError else "Internal error"
        headers = next((_HEADERS[each] for each in type(error).__mro__ if each in _HEADERS), {})
        response = _json(_STATUS[kind], {"error": error.code, "message": text}, headers)
        if caller is None:
            return Outcome(response, action, result=error.code)
        return Outcome(response, action, caller.account.name, caller.credential, result=error.code)

    def _clock(self, call: BaseCall, caller: Caller) -> dict[str, Any]:
        clock = self.clocks[caller.account.name]
        if call.method == "GET":
            return _shown(clock.show())
        if call.method != "POST":
            raise MethodNotAllowed(call.method)
        match list(call.params.items()):
            case [("set", str(text))]:
                day, at = parse_moment(text)
                return _shown(clock.set_to(day, at, caller.credential))
            case [("advance_days", int(days))] if not isinstance(days, bool):
                if days < 1:
                    raise InvalidField("advance_days", "minimum", "must be 1 or more")
                return _shown(clock.advance(days, caller.credential))
            case [("reset", True)]:
                return _shown(clock.reset(caller.credential))
            case _:
                raise Malformed(
                    'Send one of {"set": "YYYY-MM-DD"}, {"set": "YYYY-MM-DDTHH:MM"}, '
                    '{"advance_days": N}, {"reset": true}'
                )


def parse_moment(text: str) -> tuple[date, time | None]:
    """Read `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM`; raises `InvalidField`."""
    wanted = InvalidField("date", "date", "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM")
    found = _MOMENT(text)
    if found is None:
        raise wanted
    day, at = found.groups()
    try:
        return date.fromisoformat(day), None if at is None else time.fromisoformat(at)
    except ValueError as error:
        raise wanted from error


def _decode(request: WireRequest) -> BaseCall:
    """Read a call; never raises."""
    params: dict[str, Any] = {}
    problem: AdapterError | None = None
    if request.method == "POST":
        try:
            params = _body(request)
        except Malformed as error:
            problem = error
    return BaseCall(
        action=request.path.removeprefix(_PATH),
        params=params,
        credentials=_credentials(request),
        address=request.address,
        method=request.method,
        problem=problem,
    )


def _body(request: WireRequest) -> dict[str, Any]:
    announced = request.announced_length
    if announced is not None and announced != len(request.body):
        raise Malformed("The body is shorter than announced")
    if request.body.count(b"[") + request.body.count(b"{") > _MOST_DEPTH:
        raise Malformed("The body is no JSON object of a management call")
    try:
        value = json.loads(request.body)
    except ValueError as error:  # of the JSON, its encoding, or a number of too many digits
        raise Malformed("The body is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object")
    return value


def _credentials(request: WireRequest) -> Credentials:
    """Return what `Authorization: Basic` carries, and the access key of `X-Access-Key`."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    identifier = secret = None
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(encoded.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            text = ""
        identifier, _, secret = text.partition(":")
    access_key = request.headers.get("x-access-key")
    return Credentials(identifier or None, secret or None, access_key or None)


def _shown(state: ClockState) -> dict[str, Any]:
    return {
        "account": state.account.name,
        "mode": state.account.mode.value,
        "zone": state.account.zone.key,
        "now": state.now.isoformat(timespec="seconds"),
        "today": state.today.isoformat(),
        "moved_by_seconds": round(state.shift.total_seconds()),
    }


def _json(
    status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> WireResponse:
    body = json.dumps(value).encode() + b"\n"
    return WireResponse(status, body, "application/json", dict(headers or {}))

"""The gateway's own HTTP interface, beside the legacy protocols: JSON, for operators and tests.

Documented in docs/management.md.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final

from adapter.bridge.access import Access
from adapter.bridge.clock import AccountClock, ClockFixed, ClockState
from adapter.bridge.json_calls import (
    json_response,
    outcome,
    read_credentials,
    read_object,
    status_of,
    unread,
)
from adapter.bridge.service import Outcome
from adapter.commands.access import Caller
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
from adapter.protocols.base import BaseCall, WireRequest

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
        return outcome(json_response(200, reply), call.action, caller)

    def refuse(self, request: WireRequest, error: AdapterError) -> Outcome:
        """Answer a request that may not even be read; the address is checked first."""
        call = _decode(request)
        return self._refused(call, unread(self.access, call, error), None)

    def crashed(self, request: WireRequest) -> Outcome:
        """Answer a request that a defect stopped; nothing of it is told."""
        return self._refused(_decode(request), AdapterError(), None)

    def _refused(self, call: BaseCall, error: AdapterError, caller: Caller | None) -> Outcome:
        action = call.action if call.action in self.actions() else ""
        status = status_of(error, _STATUS)
        told = f"{error.path}: {error}" if isinstance(error, InvalidField) else str(error)
        text = told if status != _STATUS[AdapterError] else "Internal error"
        headers = next((_HEADERS[each] for each in type(error).__mro__ if each in _HEADERS), {})
        response = json_response(status, {"error": error.code, "message": text}, headers)
        return outcome(response, action, caller, error.code)

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
            params = read_object(request)
        except Malformed as error:
            problem = error
    return BaseCall(
        action=request.path.removeprefix(_PATH),
        params=params,
        credentials=read_credentials(request),
        address=request.address,
        method=request.method,
        problem=problem,
    )


def _shown(state: ClockState) -> dict[str, Any]:
    return {
        "account": state.account.name,
        "mode": state.account.mode.value,
        "zone": state.account.zone.key,
        "now": state.now.isoformat(timespec="seconds"),
        "today": state.today.isoformat(),
        "moved_by_seconds": round(state.shift.total_seconds()),
    }

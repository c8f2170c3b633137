"""The wire that speaks the command model itself, for other gateways and one's own code.

Documented in docs/canonical.md; what may be sent and is answered, in docs/schema.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from adapter.bridge.json_calls import (
    json_response,
    outcome,
    read_credentials,
    read_object,
    status_of,
    unread,
)
from adapter.bridge.service import Gateway, Outcome
from adapter.commands.access import Caller, Mode
from adapter.commands.canonical import (
    command_data,
    from_data,
    kinds_of,
    masked,
    read_command,
    result_data,
)
from adapter.commands.canonical_errors import error_data
from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import InvoicesGenerated, Result
from adapter.errors import (
    ActionNotAllowed,
    AdapterError,
    AddressNotAllowed,
    BackendError,
    CannotExpress,
    InvalidField,
    LimitExceeded,
    Malformed,
    MethodNotAllowed,
    NotAuthenticated,
    NotSent,
    OutcomeLost,
    OutcomeUnknown,
    ReferenceTaken,
    ReferenceUnknown,
    RequestError,
    StateError,
    StoreUnavailable,
    UnknownAction,
    WrongDay,
)
from adapter.protocols.base import BaseCall, Limits, WireRequest, WireResponse
from adapter.store.references import Attempt, find_attempt
from adapter.store.unit_of_work import Store

CANONICAL: Final = "canonical"
ATTEMPTS: Final = "attempts"
ACTIONS: Final = frozenset({ATTEMPTS, *(name.lower() for name in kinds_of(Command))})
_PATH: Final = re.compile(
    r"(?:.*/)?canonical/(?:(commands)|attempts/([^/]+))", re.DOTALL
).fullmatch
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}").fullmatch
_SENT_WITH: Final = frozenset({"reference", "today", "idempotency_key"})
_UNREADABLE: Final = 400
_LONGEST_KEY: Final = 255
_STATUS: Final[dict[type[AdapterError], int]] = {
    NotAuthenticated: 401,
    AddressNotAllowed: 403,
    ActionNotAllowed: 403,
    UnknownAction: 404,
    MethodNotAllowed: 405,
    LimitExceeded: 413,
    InvalidField: 422,
    RequestError: _UNREADABLE,
    ReferenceUnknown: 404,
    StateError: 409,
    CannotExpress: 422,
    NotSent: 503,
    OutcomeLost: 504,
    BackendError: 502,
    OutcomeUnknown: 504,
    StoreUnavailable: 503,
    AdapterError: 500,
}
_HEADERS: Final[dict[type[AdapterError], dict[str, str]]] = {
    NotAuthenticated: {"WWW-Authenticate": 'Basic realm="canonical"'},
}


@dataclass(frozen=True, slots=True)
class CanonicalWire:
    """Answers canonical commands, and what became of a reference. Holds no state of a request.

    `stores` are by account name.
    """

    gateway: Gateway
    stores: Mapping[str, Store]
    limits: Limits
    name: str = CANONICAL

    def matches(self, path: str) -> bool:
        """Tell whether a request path belongs to it, below any prefix."""
        return _PATH(path) is not None

    def actions(self) -> frozenset[str]:
        """Name every action, as roles and metrics spell it."""
        return ACTIONS

    def answer(self, request: WireRequest, request_id: str) -> Outcome:
        """Answer one call; every `AdapterError` becomes a canonical error."""
        call, reference = _decode(request)
        caller = command = None
        try:
            # As for management calls: what legacy callers were given opens only what they know.
            caller = self.gateway.access.admit(call, self, named=True)
            if reference is not None:
                return outcome(self._became_of(reference, call, caller), ATTEMPTS, caller)
            command, sent_as, today = self._read(call.params)
            context = _on_day(self.gateway.context(caller, request_id), today)
            result = self._execute(command, context, sent_as)
        except _CannotBeRead as error:
            refused = self._refused(call, error.wrong, caller, _UNREADABLE)
            return replace(refused, params=call.params, told=error.wrong)
        except AdapterError as error:
            refused = self._refused(call, error, caller)
            return replace(refused, command=command, params=call.params, told=error)
        response = json_response(200, result_data(result))
        counted = result.count if isinstance(result, InvoicesGenerated) else None
        done = outcome(response, call.action, caller)
        return replace(done, count=counted, command=command, told=result)

    def refuse(self, request: WireRequest, error: AdapterError) -> Outcome:
        """Answer a request that may not even be read; the address is checked first."""
        call, _ = _decode(request)
        return self._refused(call, unread(self.gateway.access, call, error), None)

    def crashed(self, request: WireRequest) -> Outcome:
        """Answer a request that a defect stopped; nothing of it is told."""
        return self._refused(_decode(request)[0], AdapterError("Internal error"), None)

    def _read(self, data: Mapping[str, Any]) -> tuple[Command, str | None, date | None]:
        """Return the command, its reference, and the day that it is for."""
        for each in _lists(data):
            if len(each) > self.limits.rows:
                raise LimitExceeded("rows", self.limits.rows)
        try:
            command = read_command({name: data[name] for name in data if name not in _SENT_WITH})
            return command, *_sent_with(data)
        except InvalidField as error:
            raise _CannotBeRead(error) from error

    def _execute(self, command: Command, context: Context, reference: str | None) -> Result:
        caller = context.caller
        if reference is not None:
            context = replace(context, reference=reference, keep_reference=True)
            known = self._find(reference, caller)
            if known is not None and known.state in {"done", "open", "unknown"}:
                return _known(known, command)
        return self.gateway.route(caller, command).execute(command, context)

    def _became_of(self, reference: str, call: BaseCall, caller: Caller) -> WireResponse:
        if call.method not in {"GET", "POST"}:
            raise MethodNotAllowed(call.method)
        found = self._find(reference, caller)
        if found is None:
            raise ReferenceUnknown(reference)
        result = None if found.result is None else result_data(found.result)
        told = {"reference": reference, "state": found.state, "result": result}
        return json_response(200, told)

    def _find(self, reference: str, caller: Caller) -> Attempt | None:
        with self.stores[caller.account.name].read() as uow:
            return find_attempt(uow, reference, caller.credential)

    def _refused(
        self, call: BaseCall, error: AdapterError, caller: Caller | None, status: int = 0
    ) -> Outcome:
        action = call.action if call.action in self.actions() else ""
        headers = next((_HEADERS[each] for each in type(error).__mro__ if each in _HEADERS), {})
        response = json_response(status or status_of(error, _STATUS), error_data(error), headers)
        return outcome(response, action, caller, error.code)


class _CannotBeRead(AdapterError):
    """What was sent is no command: its writer's fault, not its caller's. `wrong` says why."""

    code = "cannot_be_read"

    def __init__(self, wrong: InvalidField) -> None:
        super().__init__(str(wrong))
        self.wrong = wrong


def _known(known: Attempt, command: Command) -> Result:
    """Return what a reference that came before was answered with, or would have been."""
    if masked(known.request) != masked(command_data(command)):
        raise ReferenceTaken(known.reference)
    if known.result is None:
        raise OutcomeLost(known.reference, f"the attempt is {known.state}")
    return known.result


def _on_day(context: Context, today: date | None) -> Context:
    """Return the context on the sender's day, which only a sandbox takes over."""
    if today is None or today == context.today:
        return context
    if context.caller.account.mode is Mode.PRODUCTION:
        # DECISION: the two gateways' dates differ, so what is due does too: refused, never
        # billed for another day in silence. Source: contracts/decisions.md, "Canonical wire".
        raise WrongDay(today.isoformat(), context.today.isoformat())
    try:
        return replace(context, today=today, now=context.now + (today - context.today))
    except OverflowError as error:
        raise WrongDay(today.isoformat(), context.today.isoformat()) from error


def _decode(request: WireRequest) -> tuple[BaseCall, str | None]:
    """Return a call and the reference that it asks for; never raises."""
    params: dict[str, Any] = {}
    problem: AdapterError | None = None
    found = _PATH(request.path)
    reference = None if found is None else found[2]
    action = ATTEMPTS
    if reference is None:
        action = ""
        try:
            params = _posted(request)
            action = _action(params)
        except (Malformed, MethodNotAllowed) as error:
            problem = error
    credentials = read_credentials(request, bearer=True)
    call = BaseCall(action, params, credentials, request.address, request.method, problem)
    return call, reference


def _posted(request: WireRequest) -> dict[str, Any]:
    if request.method != "POST":
        raise MethodNotAllowed(request.method)
    return read_object(request)


def _action(params: Mapping[str, Any]) -> str:
    named = params.get("command")
    if not isinstance(named, str):
        raise Malformed("The body names no command")
    return named.lower() if named in kinds_of(Command) else named[:64]


def _sent_with(data: Mapping[str, Any]) -> tuple[str | None, date | None]:
    """Return the reference and the day. Raises `InvalidField`."""
    reference, today, key = (data.get(name) for name in ("reference", "today", "idempotency_key"))
    if reference is not None and not (isinstance(reference, str) and _REFERENCE(reference)):
        detail = "8 to 64 letters, digits, hyphens and underscores are wanted"
        raise InvalidField("reference", "form", f"reference: {detail}")
    if key is not None and len(from_data(str, key, "idempotency_key")) > _LONGEST_KEY:
        raise InvalidField("idempotency_key", "max_length", "idempotency_key: it is too long")
    return reference, None if today is None else from_data(date, today, "today")


def _lists(value: Any) -> Any:
    """Yield every list of a JSON value, however deep; the reader bounded the depth."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting.extend(each.values())
        elif isinstance(each, list):
            yield each
            waiting.extend(each)


__all__ = ["ACTIONS", "CANONICAL", "CanonicalWire"]

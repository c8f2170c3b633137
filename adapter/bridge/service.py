"""The whole flow of one legacy request, on one screen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from adapter.backends.base import Backend
from adapter.backends.relay import PassedReply
from adapter.bridge.access import Access
from adapter.bridge.front_door import PASSED, FrontDoors, RawRequest
from adapter.bridge.idempotency import HEADER, Idempotency
from adapter.bridge.routing import RoutedBackend
from adapter.commands.access import Caller
from adapter.commands.context import Context, Sent
from adapter.commands.model import Command
from adapter.commands.results import InvoicesGenerated, Result
from adapter.errors import AdapterError
from adapter.errors.runs import BROKEN_OFF
from adapter.protocols.base import BaseCall, CallT, LegacyProtocol, WireRequest, WireResponse

# Returns an aware time; only `assemble` names a real one.
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply with the facts of how it came about, for the log and the metrics.

    `action` is "" unless it is one of the protocol's, `account` and `credential` are "" unless
    the caller was admitted. `result` is `ok`, `passed` or the error's code. `count` is what the
    command made, where it counts. `passed` is the upstream's reply to what passed as it was; then
    `response` has its status only. For the journal: `command` and what it came to (`told`), and
    the call's parameters without credentials where no command came of them.
    """

    response: WireResponse
    action: str
    account: str = ""
    credential: str = ""
    result: str = "ok"
    count: int | None = None
    passed: PassedReply | None = None
    command: Command | None = None
    params: Mapping[str, Any] | None = None
    told: Result | AdapterError | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """What requests are answered with; by account name but for `front_doors`.

    An account without `routing` has its one backend. A request's id may be its caller's choice;
    references are ours where `new_reference` makes them.
    """

    access: Access
    backends: Mapping[str, Backend]
    repeats: Mapping[str, Idempotency]
    clocks: Mapping[str, Clock]
    monotonic: Callable[[], float]
    routing: Mapping[str, RoutedBackend] = field(default_factory=dict)
    front_doors: FrontDoors | None = None
    new_reference: Callable[[], str] | None = None

    def admit(self, call: BaseCall, protocol: LegacyProtocol[Any]) -> Caller:
        """Return who calls, or raise what refuses the call: address, credential, role, action."""
        return self.access.admit(call, protocol)

    def route(self, caller: Caller, command: Command) -> Backend:
        """Return the backend that executes this caller's command."""
        routed = self.routing.get(caller.account.name)
        return self.backends[caller.account.name] if routed is None else routed.choose(command)

    def once(self, caller: Caller) -> Idempotency:
        """Return what recognises a request that this caller's account had before."""
        return self.repeats[caller.account.name]

    def context(self, caller: Caller, request_id: str, sent: Sent | None = None) -> Context:
        """Return the circumstances of a call: the account's date and time, its ids."""
        now = self.clocks[caller.account.name]()
        began = self.monotonic()
        return Context(
            caller=caller,
            today=now.astimezone(caller.account.zone).date(),
            now=now.astimezone(UTC),
            request_id=request_id,
            reference=request_id if self.new_reference is None else self.new_reference(),
            elapsed=lambda: self.monotonic() - began,
            sent=sent,
        )


def serve(
    gateway: Gateway, protocol: LegacyProtocol[CallT], request: WireRequest, request_id: str = ""
) -> WireResponse:
    """Answer one legacy request; every `AdapterError` becomes that protocol's error bytes."""
    return answer(gateway, protocol, request, request_id).response


def answer(
    gateway: Gateway,
    protocol: LegacyProtocol[CallT],
    request: WireRequest,
    request_id: str,
    raw: RawRequest | None = None,
) -> Outcome:
    """Answer one legacy request, and tell how it went; `raw` is what passes of one not ours."""
    call = protocol.decode(request)  # never raises
    if raw is not None and (passed := _pass(gateway, protocol, call, request, raw)) is not None:
        return passed
    caller = command = None
    try:
        caller = gateway.admit(call, protocol)  # before any rule that tells what exists
        call = protocol.bind(call, caller.account.name)  # the encoders need the quirks too
        command = protocol.to_command(call)
        sent = Sent(protocol.name, call.action, call.params)
        context = gateway.context(caller, request_id, sent)
        backend = gateway.route(caller, command)
        result = gateway.once(caller).execute(backend, command, context, _key(request))
    except AdapterError as error:
        response = protocol.encode_error(error, call)  # total, whatever was decoded
        issued = error.issued if isinstance(error, BROKEN_OFF) else None
        facts: dict[str, Any] = {"command": command, "params": call.params, "told": error}
        return _outcome(response, protocol, call, caller, error.code, count=issued, **facts)
    response = protocol.encode_result(result, call)
    done = {"command": command, "told": result}
    return _outcome(response, protocol, call, caller, "ok", count=_count(result), **done)


def refuse(
    gateway: Gateway,
    protocol: LegacyProtocol[CallT],
    request: WireRequest,
    error: AdapterError,
    raw: RawRequest | None = None,
) -> Outcome:
    """Answer a request that may not even be read, in its dialect; the address is checked first.

    With `raw`, of which `request` has the beginning, it passes where it is certainly not ours.
    """
    call = protocol.decode(request)
    if raw is not None and (passed := _pass(gateway, protocol, call, request, raw)) is not None:
        return passed
    try:
        gateway.access.check_address(call)
    except AdapterError as refused:
        error = refused
    response = protocol.encode_error(error, call)
    return _outcome(response, protocol, call, None, error.code)


def _pass(
    gateway: Gateway,
    protocol: LegacyProtocol[CallT],
    call: CallT,
    request: WireRequest,
    raw: RawRequest,
) -> Outcome | None:
    """Send on what is not ours; None for a call that is."""
    doors = gateway.front_doors
    passing = doors and doors.passing(call, protocol, request, whole=raw.rest is None)
    if not doors or not passing:
        return None
    try:
        credential, reply = doors.send(passing, call, request, raw, protocol)
    except AdapterError as error:
        response = protocol.encode_error(error, call)
        return _outcome(response, protocol, call, None, error.code)
    action = call.action if call.action in protocol.actions() else ""
    status = WireResponse(reply.status, b"", "")
    return Outcome(status, action, passing.account, credential, PASSED, passed=reply)


def _outcome(
    response: WireResponse,
    protocol: LegacyProtocol[Any],
    call: BaseCall,
    caller: Caller | None,
    result: str,
    **more: Any,
) -> Outcome:
    """Return what is told of a reply; `more` are the other fields of `Outcome`."""
    return Outcome(
        response,
        call.action if call.action in protocol.actions() else "",
        "" if caller is None else caller.account.name,
        "" if caller is None else caller.credential,
        result,
        **more,
    )


def _key(request: WireRequest) -> str | None:
    return request.headers.get(HEADER)


def _count(result: Result) -> int | None:
    return result.count if isinstance(result, InvoicesGenerated) else None

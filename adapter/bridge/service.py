"""The whole flow of one legacy request, on one screen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapter.backends.base import Backend
from adapter.bridge.access import Access
from adapter.commands.access import Caller
from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import InvoicesGenerated, Result
from adapter.errors import AdapterError, RunIncomplete
from adapter.protocols.base import BaseCall, CallT, LegacyProtocol, WireRequest, WireResponse

# Returns an aware time; only `assemble` names a real one.
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply with the facts of how it came about, for the log and the metrics.

    `action` is "" unless it is one of the protocol's, `account` and `credential` are "" unless
    the caller was admitted. `result` is `ok` or the error's code. `count` is what the command
    made, where it counts.
    """

    response: WireResponse
    action: str
    account: str = ""
    credential: str = ""
    result: str = "ok"
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Gateway:
    """What requests are answered with; `backends` and `clocks` are by account name."""

    access: Access
    backends: Mapping[str, Backend]
    clocks: Mapping[str, Clock]
    monotonic: Callable[[], float]

    def admit(self, call: BaseCall, protocol: LegacyProtocol[Any]) -> Caller:
        """Return who calls, or raise what refuses the call: address, credential, role, action."""
        return self.access.admit(call, protocol)

    def route(self, caller: Caller, command: Command) -> Backend:  # noqa: ARG002 - routes choose by command
        """Return the backend that executes this caller's command."""
        return self.backends[caller.account.name]

    def context(self, caller: Caller, request_id: str) -> Context:
        """Return the circumstances of a call: the account's date and time, its ids."""
        now = self.clocks[caller.account.name]()
        began = self.monotonic()
        return Context(
            caller=caller,
            today=now.astimezone(caller.account.zone).date(),
            now=now.astimezone(UTC),
            request_id=request_id,
            reference=request_id,
            elapsed=lambda: self.monotonic() - began,
        )


def serve(
    gateway: Gateway, protocol: LegacyProtocol[CallT], request: WireRequest, request_id: str = ""
) -> WireResponse:
    """Answer one legacy request; every `AdapterError` becomes that protocol's error bytes."""
    return answer(gateway, protocol, request, request_id).response


def answer(
    gateway: Gateway, protocol: LegacyProtocol[CallT], request: WireRequest, request_id: str
) -> Outcome:
    """Answer one legacy request, and tell how it went."""
    call = protocol.decode(request)  # never raises
    caller = None
    try:
        caller = gateway.admit(call, protocol)  # before any rule that tells what exists
        call = protocol.bind(call, caller.account.name)  # the encoders need the quirks too
        command = protocol.to_command(call)
        context = gateway.context(caller, request_id)
        result = gateway.route(caller, command).execute(command, context)
    except AdapterError as error:
        response = protocol.encode_error(error, call)  # total, whatever was decoded
        issued = error.issued if isinstance(error, RunIncomplete) else None
        return _outcome(response, protocol, call, caller, error.code, issued)
    response = protocol.encode_result(result, call)
    return _outcome(response, protocol, call, caller, "ok", _count(result))


def refuse(
    gateway: Gateway, protocol: LegacyProtocol[CallT], request: WireRequest, error: AdapterError
) -> Outcome:
    """Answer a request that may not even be read, in its dialect; the address is checked first."""
    call = protocol.decode(request)
    try:
        gateway.access.check_address(call)
    except AdapterError as refused:
        error = refused
    response = protocol.encode_error(error, call)
    return _outcome(response, protocol, call, None, error.code, None)


def _outcome(  # noqa: PLR0913 - the facts of one request
    response: WireResponse,
    protocol: LegacyProtocol[Any],
    call: BaseCall,
    caller: Caller | None,
    result: str,
    count: int | None,
) -> Outcome:
    action = call.action if call.action in protocol.actions() else ""
    if caller is None:
        return Outcome(response, action, result=result, count=count)
    return Outcome(response, action, caller.account.name, caller.credential, result, count)


def _count(result: Result) -> int | None:
    return result.count if isinstance(result, InvoicesGenerated) else None

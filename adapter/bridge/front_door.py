"""The gateway in front of a legacy system: what is not ours passes as it is, byte for byte.

What passes is decided before anybody is admitted, by the action, the client it names and the
routes. As sent, credentials are the upstream's to check; replaced, the caller is one of ours and
is admitted as for any other call. Addresses are checked either way.
Source: contracts/decisions.md, "What passes to an upstream".
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Protocol

from adapter.backends.hops import REQUEST_ID, hop_headers
from adapter.backends.relay import Pairs, PassedReply, PassedRequest
from adapter.backends.remote import Note
from adapter.bridge.access import Access
from adapter.bridge.routing import PASS, Routes, client_names
from adapter.commands.access import Credentials
from adapter.errors import (
    AdapterError,
    LimitExceeded,
    Malformed,
    MethodNotAllowed,
    NotSent,
    PassLost,
    TransportLost,
)
from adapter.protocols.base import BaseCall, CallT, LegacyProtocol, WireRequest

# How a pass ends that the upstream answered, whatever it answered.
PASSED: Final = "passed"


class UpstreamCredentials(StrEnum):
    """Whose credentials the upstream gets."""

    AS_SENT = "as_sent"
    REPLACE = "replace"


class Sender(Protocol):
    """What carries requests to an upstream."""

    def send(self, request: PassedRequest) -> PassedReply:
        """Send once; raises `NotSent` or `TransportLost`."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A legacy system that one protocol's requests pass to; no credentials: as sent."""

    name: str
    sender: Sender
    credentials: Credentials | None = None


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """One account's: an upstream per protocol, and one for paths that are no protocol's."""

    routes: Routes
    upstreams: Mapping[str, Upstream]
    other: Upstream | None = None


@dataclass(frozen=True, slots=True)
class RawRequest:
    """A request as the server got it. `rest` yields what follows `WireRequest.body`, if anything.

    `length` is the announced Content-Length, None where there was none.
    """

    target: str
    headers: Pairs
    length: int | None
    rest: Any = None


@dataclass(frozen=True, slots=True)
class Passing:
    """What passes, and where to."""

    account: str
    upstream: Upstream


class FrontDoors:
    """Every account's front door. `account_of` tells whose an identifier is, None if nobody's."""

    def __init__(
        self,
        doors: Mapping[str, FrontDoor],
        access: Access,
        account_of: Callable[[str], str | None],
        note: Callable[[str, Note], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._note = note
        self._monotonic = monotonic
        self._doors = doors
        self._access = access
        self._account_of = account_of
        self._first = next(iter(doors), None)
        self._other = next(
            ((name, door.other) for name, door in doors.items() if door.other is not None), None
        )

    def __bool__(self) -> bool:
        return bool(self._doors)

    def passing(
        self, call: BaseCall, protocol: LegacyProtocol[Any], request: WireRequest, *, whole: bool
    ) -> Passing | None:
        """Return where a call passes to; None for one that is ours, or may be."""
        account = self._account(call)
        door = self._doors.get(account)
        upstream = None if door is None else door.upstreams.get(protocol.name)
        if door is None or upstream is None:
            return None
        if not whole or not call.action or _unread(call):
            named = protocol.named_actions(request.query, request.path)
            named |= protocol.named_actions(request.body, request.path)
            if not whole and not named:
                return None
            ours = {name for name in named | {call.action} if name in protocol.actions()}
            if not all(_passes_always(door.routes, protocol, name) for name in ours):
                return None
        elif call.action in protocol.actions() and not _passes(door, protocol, call, account):
            return None
        return Passing(account, upstream)

    def other(self, path: str, protocols: Iterable[LegacyProtocol[Any]]) -> Passing | None:
        """Return where requests on other paths pass to, None where they do not.

        A path that a web server may take for an endpoint is not one of them: what stands there
        is read before it passes.
        """
        if self._other is None or self._other[1] is None:
            return None
        if any(protocol.resembles(path) for protocol in protocols):
            return None
        return Passing(self._other[0], self._other[1])

    def send(
        self,
        passing: Passing,
        call: BaseCall,
        request: WireRequest,
        raw: RawRequest,
        protocol: LegacyProtocol[Any] | None = None,
    ) -> tuple[str, PassedReply]:
        """Send a request on; return the credential it was admitted with, and the reply.

        The credential is "" where the upstream checks it. Raises what refuses the caller,
        `NotSent`, and `PassLost` when it may have arrived.
        """
        credential = ""
        target, body, length = raw.target, request.body, raw.length
        credentials = passing.upstream.credentials
        if credentials is None or protocol is None:
            self._access.check_address(call)
        else:
            if isinstance(call.problem, MethodNotAllowed):
                call = replace(call, problem=None)
            credential = self._access.admit(call, protocol, any_action=True).credential
            if raw.rest is not None:
                raise LimitExceeded("bytes", len(body))
            path, mark, query = target.partition("?")
            new_query = protocol.with_credentials(request.query, None, credentials)
            target = path + mark + (new_query.decode("latin-1") if query else "")
            content_type = request.headers.get("content-type", "")
            body = protocol.with_credentials(body, content_type, credentials)
            length = len(body) if body or length is not None else None
        if raw.rest is None and length is not None and length > len(body):
            raise Malformed("The request body is shorter than its Content-Length")
        if raw.rest is None and length is None and body:
            length = len(body)  # it came in chunks and is whole
        named = hop_headers()
        told = {name.lower() for name, _ in named}
        headers = (*(pair for pair in raw.headers if pair[0].lower() not in told), *named)
        sent = PassedRequest(request.method, target, headers, body, raw.rest, length)
        request_id = dict(named).get(REQUEST_ID, "")
        began = self._monotonic()

        def noted(end: str, reason: str = "") -> None:
            seconds = self._monotonic() - began
            note = Note(
                passing.upstream.name, PASS, end, seconds, request_id, request_id, reason=reason
            )
            self._note(passing.account, note)

        try:
            reply = passing.upstream.sender.send(sent)
        except TransportLost as error:
            noted(PassLost.code, error.reason)
            raise PassLost(request_id, error.reason) from error
        except NotSent as error:
            noted(NotSent.code, error.reason)
            raise
        noted(PASSED)
        return credential, reply

    def _account(self, call: BaseCall) -> str:
        if len(self._doors) > 1 and call.credentials.identifier is not None:
            account = self._account_of(call.credentials.identifier)
            if account is not None:
                return account
        return self._first or ""


def _unread(call: BaseCall) -> bool:
    """Tell whether some of a call's bytes could not be read, so that its action is not sure."""
    return call.problem is not None and not isinstance(call.problem, MethodNotAllowed)


def _passes_always(routes: Routes, protocol: LegacyProtocol[Any], action: str) -> bool:
    return all(routes.plain(kind.__name__) == PASS for kind in protocol.commands(action))


def _passes(door: FrontDoor, protocol: LegacyProtocol[CallT], call: CallT, account: str) -> bool:
    kinds = [kind.__name__ for kind in protocol.commands(call.action)]
    plain = {door.routes.plain(kind) for kind in kinds}
    if len(plain) == 1 and None not in plain:
        return plain == {PASS}
    try:
        command = protocol.to_command(protocol.bind(call, account))
    except AdapterError:
        # What we cannot read names no client.
        return door.routes.choose(kinds[0]).backend == PASS
    decision = door.routes.choose(type(command).__name__, client_names(command))
    return decision.backend == PASS

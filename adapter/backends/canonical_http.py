"""A backend that speaks the command model itself: another gateway, or one's own code.

The wire is described in docs/canonical.md, what is exchanged in docs/schema.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from adapter.backends.base import Deadline, Proof
from adapter.backends.outbound import Exchanges, authorization
from adapter.backends.transport import OutboundRequest, UpstreamReply
from adapter.commands.canonical import command_data, read_result
from adapter.commands.canonical_errors import read_error
from adapter.commands.context import Context
from adapter.commands.model import Command, Effect, GenerateDueInvoices
from adapter.commands.results import Result
from adapter.errors import (
    AdapterError,
    BadAnswer,
    CannotExpress,
    InvalidField,
    NotSent,
    OutcomeUnknown,
    Rejected,
    RequestError,
    StateError,
    StoreUnavailable,
)

_OK: Final = 200
_UNREADABLE: Final = 400
_NOT_FOUND: Final = 404
_ABSENT: Final = frozenset({"refused", "not_sent", "dropped"})
_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{8,64}").fullmatch


@dataclass(frozen=True, slots=True)
class CanonicalConfig:
    """A backend of kind `canonical`.

    `url` is what `/canonical/commands` stands below. `identifier` and `secret` go as HTTP Basic;
    a secret alone goes as a bearer token; neither: nothing is sent. With `send_day` the account's
    date goes along, which a gateway behind this one must share or, as a sandbox, takes over.
    """

    url: str = ""
    identifier: str = ""
    secret: str = field(default="", repr=False)
    send_day: bool = True


class CanonicalConnector:
    """Says commands as JSON; proof is our reference. Raises `InvalidField` for a bad config."""

    def __init__(self, name: str, config: CanonicalConfig, transport: Exchanges) -> None:
        self.name = name
        self._transport = transport
        self._base = _checked(config.url) + "/canonical"
        self._send_day = config.send_day
        self._headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            **authorization(config.identifier, config.secret),
        }

    def proof(self, command: Command) -> Proof:
        """Return the proof: our reference, but for a run, which commits page by page."""
        if command.effect is Effect.READS or isinstance(command, GenerateDueInvoices):
            return Proof.NONE
        return Proof.REFERENCE

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Send a command; errors as the seam says, and `TransportLost` as it comes."""
        if context.dry_run:
            raise CannotExpress("a dry run")
        body = {
            **command_data(command),
            "reference": _reference(context.reference),
            "today": context.today.isoformat() if self._send_day else None,
            "idempotency_key": context.reference,
        }
        request = OutboundRequest(
            "POST",
            f"{self._base}/commands",
            {**self._headers, "Idempotency-Key": context.reference},
            json.dumps(body).encode(),
        )
        reply = self._transport.exchange(request, deadline)
        data = _data(reply)
        if reply.status == _OK:
            return _result(data)
        raise _refusal(reply.status, data)

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        """Ask what became of the reference; None when nothing was done under it."""
        if self.proof(command) is Proof.NONE:
            raise BadAnswer
        path = quote(_reference(context.reference), safe="")
        request = OutboundRequest("GET", f"{self._base}/attempts/{path}", self._headers)
        reply = self._transport.exchange(request, deadline)
        data = _data(reply)
        told = data.get("error") if isinstance(data, dict) else None
        if reply.status == _NOT_FOUND and told == "reference_unknown":
            return None
        if reply.status != _OK or not isinstance(data, dict):
            raise BadAnswer
        if data.get("state") in _ABSENT:
            return None
        if data.get("state") != "done":
            raise BadAnswer
        return _result(data.get("result"))


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise InvalidField("url", "url", "an http or https URL without a query is wanted")
    return url.rstrip("/")


def _reference(reference: str) -> str:
    """Return the reference in the form that the wire allows."""
    if not _REFERENCE(reference):
        raise CannotExpress("the reference")
    return reference


def _data(reply: UpstreamReply) -> Any:
    """Return the JSON of a reply; None for anything else, such as a proxy's own page."""
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        return None


def _result(data: Any) -> Result:
    try:
        return read_result(data)
    except (InvalidField, StateError) as error:
        raise BadAnswer from error


def _refusal(status: int, data: Any) -> AdapterError:
    """Return what a reply that is no success raises.

    What the other side found wrong with us is not our caller's fault; what it found wrong with
    the command is told to our caller as if we had found it.
    """
    try:
        error = read_error(data)
    except (InvalidField, StateError):
        return BadAnswer()
    match error:
        case InvalidField() if status != _UNREADABLE:
            return error
        case RequestError():
            return Rejected(f"{error.code}: {error}")
        case StateError() | CannotExpress():
            return error
        case Rejected():
            return Rejected(str(error))
        case OutcomeUnknown():
            return BadAnswer()
        case NotSent() | StoreUnavailable():
            return NotSent(f"{error.code}: {error}")
        case _:
            return BadAnswer()

"""The caller's side: a command as a request, a reply as a result or an error.

It writes through the schemas that the server reads with, and reads its own request back before it
gives it away: what would not arrive as the same command is refused, never approximated.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any, Final

from adapter.commands.access import Credentials
from adapter.commands.context import Sent
from adapter.commands.model import Command, CreateClient
from adapter.commands.results import Result
from adapter.errors import AdapterError, BadAnswer, CannotExpress
from adapter.protocols.base import Limits
from adapter.protocols.phpform import decode_form, encode_form
from adapter.protocols.upstream import Asked, Fields, UpstreamAnswer, UpstreamRequest
from adapter.protocols.whmcs.actions import ACTIONS, BY_COMMAND, Action
from adapter.protocols.whmcs.codec import CREDENTIAL_KEYS
from adapter.protocols.whmcs.refusals import read_refusal
from adapter.protocols.whmcs.results import READERS

_HEADERS: Final[Mapping[str, str]] = {"Content-Type": "application/x-www-form-urlencoded"}
# Some replies name their outcome `status`. Source: the form-post facts, 1.4.
_OUTCOME_KEYS: Final = ("result", "status")
_NOT_KEPT: Final = frozenset({*CREDENTIAL_KEYS, "action", "responsetype"})


class WhmcsClient:
    """The form-post protocol as its callers speak it; replies are asked for as JSON."""

    name = "whmcs"

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        new_password: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        self._limits = limits or Limits()
        self._new_password = new_password

    def expresses(self) -> frozenset[type[Command]]:
        """Name every kind of command that has an action."""
        return frozenset(BY_COMMAND)

    def ask(self, command: Command) -> Asked:
        """Write a command as an action and its parameters; raises `CannotExpress`."""
        action = BY_COMMAND.get(type(command))
        if action is None:
            raise CannotExpress(type(command).__name__)
        params = action.schema.to_params(command)
        self._check(action, params, command)
        if isinstance(command, CreateClient):
            # The original asks for one; nobody knows what is made up. Source: AddClient, notes.
            params.setdefault("password2", self._new_password())
        return Asked(action.schema.action, params)

    def keep(self, sent: Sent) -> Asked:
        """Return a caller's own parameters without credentials and the format of the reply."""
        action = ACTIONS[sent.action].schema.action
        params = {name: value for name, value in sent.params.items() if name not in _NOT_KEPT}
        return Asked(action, params)

    def request(self, asked: Asked, credentials: Credentials, url: str) -> UpstreamRequest:
        """Write a call as a form for the endpoint's full address; raises `CannotExpress`."""
        body = encode_form(
            {
                "action": asked.action,
                "identifier": credentials.identifier,
                "secret": credentials.secret,
                "accesskey": credentials.access_key,
                "responsetype": "json",
                **asked.params,
            }
        )
        if len(body) > self._limits.body_bytes:
            raise CannotExpress("a request of this size")
        return UpstreamRequest(url, _HEADERS, body)

    def read(self, answer: UpstreamAnswer, command: Command) -> Result:
        """Read a JSON reply; raises what an error in it stands for, or `BadAnswer`."""
        if answer.failed:
            raise BadAnswer
        reply = _object(answer.body)
        outcome = next((reply[key] for key in _OUTCOME_KEYS if key in reply), None)
        if outcome == "error":
            text = str(reply.get("message", ""))
            raise read_refusal(text, answer.asked.action.lower(), answer.status)
        if outcome != "success":
            raise BadAnswer
        return READERS[type(command)](Fields(reply), command, answer)

    def _check(self, action: Action, params: Mapping[str, Any], command: Command) -> None:
        """Read the parameters back and compare; name the first field that did not survive."""
        key = action.schema.action
        try:
            read = action.schema.to_command(decode_form(encode_form(params), self._limits))
        except AdapterError as error:
            raise CannotExpress(f"this {type(command).__name__} as {key}: {error}") from error
        if read != command:
            name = next(
                field.name
                for field in fields(command)
                if getattr(read, field.name) != getattr(command, field.name)
            )
            raise CannotExpress(f"{name} of {type(command).__name__} as {key}")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        reply = json.loads(body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer from error
    if not isinstance(reply, dict):
        raise BadAnswer
    return reply

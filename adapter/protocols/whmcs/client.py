"""The caller's side: a command as a request, a reply as fields.

It writes through the schemas that the server reads with, and reads its own request back before it
gives it away: what would not arrive as the same command is refused, never approximated.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from adapter.commands.access import Credentials
from adapter.commands.model import Command
from adapter.errors import AdapterError, BadAnswer, CannotExpress, Rejected
from adapter.protocols.base import Limits, Params, WireRequest, WireResponse
from adapter.protocols.phpform import decode_form, encode_form
from adapter.protocols.whmcs.actions import ACTIONS, BY_COMMAND, Action
from adapter.protocols.whmcs.codec import ENDPOINT

_FORM: Final = "application/x-www-form-urlencoded"
# Some replies name their outcome `status`. Source: the form-post facts, 1.4.
_OUTCOME_KEYS: Final = ("result", "status")


@dataclass(frozen=True, slots=True)
class Encoded:
    """What a command is on the wire, before credentials."""

    action: str
    params: Params


def encode(command: Command) -> Encoded:
    """Write a command as an action and its parameters; raises `CannotExpress`."""
    action = BY_COMMAND.get(type(command))
    if action is None:
        raise CannotExpress(type(command).__name__)
    params = action.schema.to_params(command)
    _check(action, params, command)
    return Encoded(action.schema.action, params)


def encode_request(
    command: Command,
    credentials: Credentials,
    *,
    path: str = ENDPOINT,
    limits: Limits | None = None,
) -> WireRequest:
    """Write a command as a request that asks for a JSON reply; raises `CannotExpress`."""
    encoded = encode(command)
    body = encode_form(
        {
            "action": encoded.action,
            "identifier": credentials.identifier,
            "secret": credentials.secret,
            "accesskey": credentials.access_key,
            "responsetype": "json",
            **encoded.params,
        }
    )
    if len(body) > (limits or Limits()).body_bytes:
        raise CannotExpress("a request of this size")
    return WireRequest("POST", path, b"", {"content-type": _FORM}, body, "", len(body))


def decode_reply(response: WireResponse) -> dict[str, Any]:
    """Read a JSON reply as its fields, numbers as text; raises `Rejected` or `BadAnswer`."""
    try:
        reply = json.loads(response.body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer from error
    if not isinstance(reply, dict):
        raise BadAnswer
    outcome = next((reply[key] for key in _OUTCOME_KEYS if key in reply), None)
    if outcome == "success":
        return reply
    if outcome == "error":
        raise Rejected(str(reply.get("message", "")))
    raise BadAnswer


def _check(action: Action, params: Mapping[str, Any], command: Command) -> None:
    """Read the parameters back and compare; name the first field that did not survive."""
    key = action.schema.action
    try:
        read = ACTIONS[action.key].schema.to_command(decode_form(encode_form(params), Limits()))
    except AdapterError as error:
        raise CannotExpress(f"this {type(command).__name__} as {key}: {error}") from error
    if read != command:
        name = next(
            field.name
            for field in fields(command)
            if getattr(read, field.name) != getattr(command, field.name)
        )
        raise CannotExpress(f"{name} of {type(command).__name__} as {key}")

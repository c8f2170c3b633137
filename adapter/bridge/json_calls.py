"""What the gateway's own HTTP interfaces share: JSON bodies, credentials in headers, replies."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from adapter.bridge.access import Access
from adapter.bridge.service import Outcome
from adapter.commands.access import Caller, Credentials
from adapter.errors import AdapterError, Malformed
from adapter.protocols.base import BaseCall, WireRequest, WireResponse


def read_object(request: WireRequest) -> dict[str, Any]:
    """Return the JSON object of a body. Raises `Malformed`."""
    announced = request.announced_length
    if announced is not None and announced != len(request.body):
        raise Malformed("The body is shorter than announced")
    try:
        value = json.loads(request.body)
    except RecursionError as error:
        raise Malformed("The body is nested too deeply") from error
    except ValueError as error:  # of the JSON, its encoding, or a number of too many digits
        raise Malformed("The body is not JSON") from error
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object")
    return value


def read_credentials(request: WireRequest, *, bearer: bool = False) -> Credentials:
    """Return what `Authorization: Basic` carries, and the access key of `X-Access-Key`.

    With `bearer` also `Authorization: Bearer IDENTIFIER:SECRET`.
    """
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    text = ""
    if scheme.lower() == "basic":
        try:
            text = base64.b64decode(sent.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            text = ""
    elif bearer and scheme.lower() == "bearer":
        text = sent.strip()
    identifier, _, secret = text.partition(":")
    access_key = request.headers.get("x-access-key")
    return Credentials(identifier or None, secret or None, access_key or None)


def json_response(
    status: int, value: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> WireResponse:
    """Return a reply in JSON."""
    body = json.dumps(value).encode() + b"\n"
    return WireResponse(status, body, "application/json", dict(headers or {}))


def status_of(error: AdapterError, statuses: Mapping[type[AdapterError], int]) -> int:
    """Return the status of an error's class, or of the nearest one above it."""
    return next(statuses[kind] for kind in type(error).__mro__ if kind in statuses)


def unread(access: Access, call: BaseCall, error: AdapterError) -> AdapterError:
    """Return what refuses a request that may not even be read; the address is checked first."""
    try:
        access.check_address(call)
    except AdapterError as refused:
        return refused
    return error


def outcome(
    response: WireResponse, action: str, caller: Caller | None, result: str = "ok"
) -> Outcome:
    """Return a reply with the facts for the log."""
    if caller is None:
        return Outcome(response, action, result=result)
    return Outcome(response, action, caller.account.name, caller.credential, result=result)

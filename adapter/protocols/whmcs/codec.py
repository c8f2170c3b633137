"""Bytes to calls to commands, results and errors to bytes. Source: the form-post facts, 1."""

import re
from collections.abc import Mapping
from dataclasses import replace
from string import ascii_lowercase, ascii_uppercase
from typing import Final

from adapter.commands.access import Credentials
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import AdapterError, MethodNotAllowed, UnknownAction
from adapter.protocols.base import LegacyProtocol, Limits, Params, WireRequest, WireResponse
from adapter.protocols.body import (
    BodyKind,
    body_kind,
    check_complete,
    check_names,
    plain_path,
)
from adapter.protocols.multipart import decode_multipart
from adapter.protocols.phpform import decode_form, merge_params
from adapter.protocols.splice import form_values, part_values, splice, splice_form
from adapter.protocols.whmcs.actions import ACTIONS
from adapter.protocols.whmcs.call import Call, plain_text
from adapter.protocols.whmcs.errors import METHOD_NOT_ALLOWED, STATUS_ACTION, describe
from adapter.protocols.whmcs.formats import DEFAULT_FORMAT, FORMATS, Reply, write
from adapter.protocols.whmcs.quirks import Quirks

ENDPOINT: Final = "/includes/api.php"

# PHP's strtolower: no other alphabet has a letter that becomes one of ours.
_LOWER: Final = str.maketrans(ascii_uppercase, ascii_lowercase)
# No action has a longer name; longer ones would only fill logs.
_ACTION_LENGTH: Final = 100
CREDENTIAL_KEYS: Final = ("identifier", "secret", "username", "password", "accesskey")
_FORM_TYPES: Final = ("", "application/x-www-form-urlencoded", "multipart/form-data")
_RESPONSETYPE: Final = re.compile(rb"(?:^|&)responsetype=(json|xml|nvp)(?:&|$)")
# Replies hold a caller's data and GET carries secrets: nothing in between may keep either.
_HEADERS: Final = {"Cache-Control": "no-store"}


class WhmcsProtocol(LegacyProtocol[Call]):
    """The form-post protocol: one endpoint, the action is a parameter.

    `quirks` are by account name; an account without any has those of the first. With `allow_get`
    off, GET is refused like any other method.
    """

    name = "whmcs"

    def __init__(self, quirks: Mapping[str, Quirks], limits: Limits, allow_get: bool) -> None:  # noqa: FBT001  # always passed by name
        self._quirks = dict(quirks)
        # Until the caller's account is known, the first account's quirks speak.
        self._first_quirks = next(iter(self._quirks.values()), Quirks())
        self._limits = limits
        self._methods = ("GET", "POST") if allow_get else ("POST",)

    def matches(self, path: str) -> bool:
        """Tell whether a path ends in the endpoint, below any folder."""
        return path.endswith(ENDPOINT)

    def resembles(self, path: str) -> bool:
        """Tell whether a web server may find the endpoint there all the same."""
        return ENDPOINT in plain_path(path)

    def decode(self, request: WireRequest) -> Call:
        """Read query and body together, the body wins; never raises."""
        problem: AdapterError | None = None
        params: Params = {}
        responsetype = None
        try:
            query = decode_form(request.query, self._limits) if request.query else {}
            responsetype = query.get("responsetype")
            body = self._body(request, query)
        except AdapterError as error:
            problem = error
            responsetype = responsetype or _asked_for(request.body)
        else:
            if body is not None:
                params = merge_params(query, body) if query and body else body or query
                responsetype = params.get("responsetype")
        if request.method not in self._methods:
            problem = MethodNotAllowed(request.method)
        return Call(
            action=_action_name(plain_text(params.get("action"))),
            params=params,
            credentials=_credentials(params),
            address=request.address,
            method=request.method,
            problem=problem,
            responsetype=_responsetype(responsetype),
            quirks=self._first_quirks,
        )

    def bind(self, call: Call, account: str) -> Call:
        """Add the account's quirks."""
        quirks = self._quirks.get(account, self._first_quirks)
        return call if quirks is call.quirks else replace(call, quirks=quirks)

    def to_command(self, call: Call) -> Command:
        """Check names, types and limits; raises `RequestError` or `NotFound`."""
        if call.problem is not None:
            raise call.problem
        action = ACTIONS.get(call.action)
        if action is None:
            raise UnknownAction(call.action)
        return action.schema.to_command(call.params)

    def encode_result(self, result: Result, call: Call) -> WireResponse:
        """Write a success reply."""
        action = ACTIONS[call.action]
        reply = action.reply(result, call)
        for names, text in action.schema.warnings:
            if any(call.params.get(name) for name in names):
                reply["warning"] = text
                break
        return _response(200, reply, call)

    def encode_error(self, error: AdapterError, call: Call) -> WireResponse:
        """Write an error reply; total."""
        status, message = describe(error, call)
        outcome = {"result": "error"}
        if call.action == STATUS_ACTION:
            outcome["status"] = "error"
        response = _response(status, {**outcome, "message": message}, call)
        if status != METHOD_NOT_ALLOWED:
            return response
        return replace(response, headers={**_HEADERS, "Allow": ", ".join(self._methods)})

    def actions(self) -> frozenset[str]:
        """Name every action that works."""
        return frozenset(ACTIONS)

    def commands(self, action: str) -> tuple[type[Command], ...]:
        """Return the one command of an action, nothing for an unknown one."""
        found = ACTIONS.get(action)
        return () if found is None else (found.schema.command,)

    def named_actions(self, raw: bytes, path: str) -> frozenset[str]:  # noqa: ARG002 - the other's
        """Name every value that stands where an action could stand."""
        found = (*form_values(raw, "action"), *part_values(raw, "action"))
        return frozenset(_action_name(each) for each in found)

    def with_credentials(
        self, raw: bytes, content_type: str | None, credentials: Credentials
    ) -> bytes:
        """Put an API credential where any credential stood; an access key is emptied or put in."""
        identifier = ("identifier", credentials.identifier or "")
        secret = ("secret", credentials.secret or "")
        new = {
            "identifier": identifier,
            "username": identifier,
            "secret": secret,
            "password": secret,
            "accesskey": ("accesskey", credentials.access_key or ""),
        }
        if content_type is None:
            return splice_form(raw, new)
        return splice(raw, body_kind({}, content_type, raw), content_type, new)

    def _body(self, request: WireRequest, query: Params) -> Params | None:
        """Read the body; None when it is none of PHP's forms.

        DECISION: such a body makes the whole call empty, so that it fails for missing
        credentials: its parameters would be lost, and `clientid` among them widens a run.
        Source: contracts/decisions.md, "Bodies that are no form".
        """
        check_complete(request)
        if not request.body:
            return {}
        content_type = request.headers.get("content-type", "")
        media_type = content_type.partition(";")[0].strip().lower()
        kind = body_kind(query, content_type, request.body)
        if media_type not in _FORM_TYPES or kind is BodyKind.JSON:
            return None if request.body.strip() else {}
        if kind is BodyKind.MULTIPART:
            return decode_multipart(request.body, content_type, self._limits)
        check_names(request.body)
        return decode_form(request.body, self._limits)


def _action_name(text: str) -> str:
    return text.strip().translate(_LOWER)[:_ACTION_LENGTH]


def _credentials(params: Params) -> Credentials:
    """Take the first complete pair; empty is absent, since some clients send every key always.

    A lone name (with an access key, or by mistake) still says who is calling.
    """
    sent: dict[str, str | None] = {}
    for name in CREDENTIAL_KEYS:
        value = params.get(name)
        sent[name] = value if isinstance(value, str) and value else None
    pairs = [(sent["identifier"], sent["secret"]), (sent["username"], sent["password"])]
    best = next((pair for pair in pairs if all(pair)), None)
    identifier, secret = best or next((pair for pair in pairs if any(pair)), (None, None))
    return Credentials(identifier=identifier, secret=secret, access_key=sent["accesskey"])


def _asked_for(body: bytes) -> str | None:
    """Return the format that a body asks for, when nothing else of it could be read."""
    found = _RESPONSETYPE.search(body)
    return None if found is None else found[1].decode("ascii")


def _responsetype(value: object) -> str:
    word = plain_text(value).lower()
    return word if word in FORMATS else DEFAULT_FORMAT


def _response(status: int, reply: Reply, call: Call) -> WireResponse:
    body, content_type = write(reply, call.action, call.responsetype, call.quirks)
    return WireResponse(status, body, content_type, dict(_HEADERS))

"""What must hold of every answer, whatever was asked."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree as ET

from adapter.protocols.base import LegacyProtocol, WireRequest, WireResponse
from tests.fuzz.wire import REFUSED

_SERVER_ERRORS = 500
# Answers of the application that no request may cause.
_DEFECTS = {
    b"Traceback (most recent": "a traceback",
    b"Internal Error": "an internal error",
    b"The store is busy": "the store gave up",
}
_UNSENDABLE = re.compile(rb'["<>\\^`{|}\x00-\x20\x7f-\xff]')
_NVP = re.compile(r"result=(?:success|error);.*", re.DOTALL)
LIST = "[]"  # the name under which a judgement holds a reply that is a list
_SCOPES = ("clientid", "serviceids", "addonids", "domainids")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer says; `complaint` is empty when nothing is wrong with it.

    `fields` are those of a JSON or NVP reply's top level; of a list, the list as `LIST`.
    """

    complaint: str
    accepted: bool
    action: str
    fields: Mapping[str, Any]


def judge(
    protocols: Mapping[str, LegacyProtocol[Any]], request: WireRequest, reply: WireResponse
) -> Judgement:
    """Judge an answer by what the request's own bytes ask for."""
    if reply.status >= _SERVER_ERRORS:
        return Judgement(f"status {reply.status}", accepted=False, action="", fields={})
    for text, complaint in _DEFECTS.items():
        if text in reply.body:
            return Judgement(complaint, accepted=False, action="", fields={})
    protocol = next((one for one in protocols.values() if one.matches(request.path)), None)
    if protocol is None or request.method in {"HEAD", "OPTIONS"}:
        return Judgement("", accepted=False, action="", fields={})
    if reply.status == REFUSED and not reply.body and _UNSENDABLE.search(request.query):
        # Characters that no URL may hold: refused by the HTTP server, the application never asked.
        return Judgement("", accepted=False, action="", fields={})
    call = protocol.decode(request)
    if protocol.name == "whmcs":
        complaint, fields = _read_form_post(getattr(call, "responsetype", ""), reply)
        accepted = reply.status == 200 and "success" in {
            fields.get("result"),
            fields.get("status"),
        }
    else:
        complaint, fields, accepted = _read_positional(reply)
    return Judgement(complaint, accepted, call.action, fields)


def _read_form_post(responsetype: str, reply: WireResponse) -> tuple[str, dict[str, Any]]:
    try:
        text = reply.body.decode("utf-8")
    except UnicodeDecodeError:
        return "the reply is not UTF-8", {}
    if responsetype == "json":
        try:
            value = json.loads(text)
        except ValueError:
            return "the reply is not JSON", {}
        return ("", value) if isinstance(value, dict) else ("the reply is no JSON object", {})
    if responsetype == "xml":
        try:
            root = ET.fromstring(text)  # noqa: S314 - our own server's
        except ET.ParseError as error:
            return f"the reply is not XML: {error}", {}
        return "", {child.tag: child.text or "" for child in root}
    if not _NVP.fullmatch(text):
        return "the reply is not NVP", {}
    return "", dict(part.split("=", 1) for part in text.split(";") if "=" in part)


def _read_positional(reply: WireResponse) -> tuple[str, dict[str, Any], bool]:
    if reply.content_type.startswith("text/plain"):
        try:
            text = reply.body.decode("utf-8")
        except UnicodeDecodeError:
            return "the reply is not UTF-8", {}, False
        number = text.isascii() and text.isdigit()
        if not number and not text[:1].isalpha():
            return "an error text that starts like a number", {}, False
        return "", {"number": int(text)} if number else {}, number
    try:
        value = json.loads(reply.body)
    except ValueError:
        return "the reply is not JSON", {}, False
    if isinstance(value, list):
        done = _is_list_of_done(value)
        return ("", {LIST: value}, True) if done else ("an unknown list", {}, False)
    if not isinstance(value, dict):
        return "the reply is no JSON object", {}, False
    refused = "error" in value or value.get("type") == "error"
    return "", value, not refused


def _is_list_of_done(value: list[Any]) -> bool:
    """Tell whether a list is empty, or begins with what succeeded and goes on with objects."""
    if not all(isinstance(each, dict) for each in value):
        return False
    return not value or value[0].get("type") == "success"


def scope_is_whole(base: WireRequest, request: WireRequest) -> bool:
    """Tell whether a request still has every scope parameter of `base`, none empty or 0.

    Read from the bytes alone, without our decoders: parameters of the query, pairs of the body,
    and parts whose name is quoted as browsers and curl do.
    """
    wanted = _scope_values(base)
    found = _scope_values(request)
    variables = {name.partition(b"[")[0] for name in wanted}
    nothing = any(
        values & {b"", b"0"}
        for name, values in found.items()
        if name.partition(b"[")[0] in variables
    )
    return not nothing and all(name in found for name in wanted)


def _scope_values(request: WireRequest) -> dict[bytes, set[bytes]]:
    values: dict[bytes, set[bytes]] = {}
    for data in (request.query, request.body):
        for pair in data.split(b"&"):
            name, _, value = pair.partition(b"=")
            name = unquote_to_bytes(name.replace(b"+", b" ")).lstrip(b" ").partition(b"\0")[0]
            if name.partition(b"[")[0] in _SCOPE_NAMES:
                values.setdefault(name, set()).add(unquote_to_bytes(value.replace(b"+", b" ")))
    for match in _PART.finditer(request.body):
        if match[1].partition(b"[")[0] in _SCOPE_NAMES:
            values.setdefault(match[1], set()).add(match[2])
    return values


_SCOPE_NAMES = frozenset(name.encode() for name in _SCOPES)
_PART = re.compile(rb'(?<=[ ;])name="([^"]*)"\r\n\r\n(.*?)\r\n--', re.DOTALL)

"""Which reader a request body needs, and everything of a request folded into one `Params`."""

import posixpath
import re
from enum import StrEnum
from typing import Final

from adapter.errors import Malformed
from adapter.protocols.base import Limits, Params, WireRequest
from adapter.protocols.jsonbody import decode_json
from adapter.protocols.multipart import decode_multipart
from adapter.protocols.phpform import decode_form, merge_params

_FIRST_BYTE: Final = re.compile(rb"(?:\xef\xbb\xbf)?[ \t\r\n]*([^ \t\r\n])")


# Up to the first `=` of a pair; possessive, so that every byte is looked at once.
_BROKEN_NAME: Final = re.compile(rb"(?:^|&)[^=&\r\n]*+[\r\n]++[^&\r\n]")


_SLASHES: Final = re.compile(r"[/\\\\]+")
_PART: Final = re.compile(rb"form-data;[ \t]*name=", re.IGNORECASE)


class BodyKind(StrEnum):
    """How a body is written."""

    FORM = "form"
    MULTIPART = "multipart"
    JSON = "json"


def decode_params(request: WireRequest, limits: Limits, *, json: bool = True) -> Params:
    """Read query and body together, the body wins; `json` says whether the protocol knows JSON.

    Raises `Malformed` or its child `LimitExceeded`.
    """
    check_complete(request)
    query = decode_form(request.query, limits)
    content_type = request.headers.get("content-type", "")
    kind = body_kind(query, content_type, request.body)
    if kind is BodyKind.JSON and json:
        body = decode_json(request.body, limits)
    elif kind is BodyKind.MULTIPART:
        body = decode_multipart(request.body, content_type, limits)
    else:
        check_names(request.body)
        body = decode_form(request.body, limits)
    return merge_params(query, body)


def check_complete(request: WireRequest) -> None:
    """Refuse a body shorter than announced: a cut `clientid=123` is another client."""
    if request.announced_length is not None and len(request.body) < request.announced_length:
        raise Malformed("The request body is shorter than its Content-Length")


def check_names(form: bytes) -> None:
    """Refuse names that hold a raw line break: no client sends them, what follows would be lost.

    A multipart body under a wrong label reads as one such name, or as one pair with all the rest.
    """
    if _PART.search(form) is not None:
        raise Malformed("The body is multipart but not labelled so")
    if (b"\n" in form or b"\r" in form) and _BROKEN_NAME.search(form) is not None:
        raise Malformed("A parameter name holds a line break")


def body_kind(query: Params, content_type: str, body: bytes) -> BodyKind:
    """Tell how a body is written, whatever its Content-Type says of JSON.

    PHP's curl labels a JSON text as urlencoded, so the text itself decides: an object is JSON.
    With `apiformat=json` in the query everything is JSON but what can only be form text, so that
    the caller learns what is wrong with it. A Content-Type matters to multipart alone.
    """
    found = _FIRST_BYTE.match(body)
    first = found[1] if found else b""
    if first == b"{":
        return BodyKind.JSON
    if content_type.strip().lower().startswith("multipart/form-data"):
        return BodyKind.MULTIPART
    asked = str(query.get("apiformat", "")).strip().lower() == "json"
    if asked and first and (first in b'["' or b"=" not in body):
        return BodyKind.JSON
    return BodyKind.FORM


def plain_path(path: str) -> str:
    """Return a path as the most lenient web server reads it: one slash, no dots, lower case."""
    return posixpath.normpath(_SLASHES.sub("/", path)).lower()

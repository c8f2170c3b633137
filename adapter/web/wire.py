"""A WSGI environment as a `WireRequest`: raw body first, bounded, before any form parser."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from adapter.bridge.addresses import AddressList, caller_address
from adapter.bridge.front_door import RawRequest
from adapter.protocols.base import WireRequest

_CHUNK: Final = 1 << 20
_PASSED_CHUNK: Final = 1 << 16
# Where our own server leaves the headers as they came: the environment joins duplicates.
RAW_HEADERS: Final = "adapter.headers"
# What stays as it is in a path (RFC 3986, 3.3).
_IN_PATH: Final = "/:@!$&'()*+,;=~-._"


class BodyTooLarge(Exception):
    """The body is larger than allowed; what lies beyond its `beginning` was not read."""

    def __init__(self, beginning: bytes = b"") -> None:
        super().__init__()
        self.beginning = beginning


def wire_request(environ: dict[str, Any], proxies: AddressList, body: bytes | None) -> WireRequest:
    """Return the request with a body already read; None is one that was left unread."""
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    content_type = environ.get("CONTENT_TYPE")
    if content_type:
        headers["content-type"] = content_type
    return WireRequest(
        method=environ["REQUEST_METHOD"],
        path=request_path(environ),
        query=environ.get("QUERY_STRING", "").encode("latin-1", "replace"),
        headers=headers,
        body=body or b"",
        address=caller_address(
            environ.get("REMOTE_ADDR", ""), environ.get("HTTP_X_FORWARDED_FOR"), proxies
        ),
        announced_length=None if body is None else announced_length(environ),
    )


def request_path(environ: dict[str, Any]) -> str:
    """Return the decoded path; bytes that are no UTF-8 are replaced."""
    path: str = environ.get("PATH_INFO", "")
    return path if path.isascii() else path.encode("latin-1").decode("utf-8", "replace")


def announced_length(environ: dict[str, Any]) -> int | None:
    """Return the Content-Length; None when there is none (chunked, or no body)."""
    text = environ.get("CONTENT_LENGTH") or ""
    return int(text) if text.isascii() and text.isdigit() else None


def read_body(environ: dict[str, Any], limit: int) -> bytes:
    """Read the whole body, or raise `BodyTooLarge` before reading more than one byte too many.

    A body that ends early is returned as it is: the protocol compares it with what was announced.
    """
    length = announced_length(environ)
    if length is None:
        if not environ.get("wsgi.input_terminated"):
            return b""
        wanted = limit + 1
    elif length > limit:
        raise BodyTooLarge
    else:
        wanted = length
    stream = environ["wsgi.input"]
    parts: list[bytes] = []
    while wanted > 0:
        part = stream.read(min(wanted, _CHUNK))
        if not part:
            break
        parts.append(part)
        wanted -= len(part)
    if length is None and wanted == 0:
        raise BodyTooLarge(b"".join(parts))
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_beginning(environ: dict[str, Any], limit: int) -> bytes:
    """Return the first bytes of a body that is larger than the limit."""
    stream = environ["wsgi.input"]
    parts: list[bytes] = []
    wanted = limit
    while wanted > 0 and (part := stream.read(min(wanted, _CHUNK))):
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


def raw_request(environ: dict[str, Any], body: bytes, *, whole: bool) -> RawRequest:
    """Return what passes to an upstream besides the body that was read."""
    pairs = _raw_headers(environ)
    announced = next((value for name, value in pairs if name.lower() == "content-length"), None)
    length = int(announced) if announced is not None and announced.isdecimal() else None
    rest = None if whole else _rest(environ, length, len(body))
    return RawRequest(_target(environ), pairs, length, rest)


def _rest(environ: dict[str, Any], length: int | None, seen: int) -> Iterator[bytes]:
    """Yield what follows; of an announced body no more than that, for the stream may go on."""
    stream = environ["wsgi.input"]
    left = None if length is None else length - seen
    while left is None or left > 0:
        part = stream.read(_PASSED_CHUNK if left is None else min(left, _PASSED_CHUNK))
        if not part:
            return
        if left is not None:
            left -= len(part)
        yield part


def _raw_headers(environ: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    given: tuple[tuple[str, str], ...] | None = environ.get(RAW_HEADERS)
    if given is not None:
        return given
    pairs = [
        (name[5:].replace("_", "-").title(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    ]
    for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
        if environ.get(key):
            pairs.append((name, environ[key]))
    return tuple(pairs)


def _target(environ: dict[str, Any]) -> str:
    """Return path and query as they came, where the server tells; else the path quoted anew."""
    for key in ("RAW_URI", "REQUEST_URI"):
        given: str | None = environ.get(key)
        if given is not None and given.startswith("/"):
            return given
    path = quote(environ.get("PATH_INFO", "").encode("latin-1"), safe=_IN_PATH)
    query: str = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path

"""A WSGI environment as a `WireRequest`: raw body first, bounded, before any form parser."""

from typing import Any, Final

from adapter.bridge.addresses import AddressList, caller_address
from adapter.protocols.base import WireRequest

_CHUNK: Final = 1 << 20


class BodyTooLarge(Exception):
    """The body is larger than allowed; what lies beyond the limit was not read."""


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
        raise BodyTooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)

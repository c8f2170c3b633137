"""One JSON line a request on standard error: never a query string, a secret or a caller's data.

Tries at a backend elsewhere are lines of their own, under the request's id. Whatever is written
goes through `without_secrets` last, should a text hold more than it was meant to.
"""

import json
import re
import sys
import traceback
from collections.abc import MutableMapping
from functools import lru_cache
from typing import Any, BinaryIO, Final

import structlog

from adapter.bridge.exchanges import REDACTED, redact

_EMAIL: Final = re.compile(r"[^\s@<>\"'=&,;:()]+@[^\s@<>\"'=&,;:()]+\.[A-Za-z]{2,}")
_BASIC: Final = re.compile(r"(?i)\b(basic|bearer)\s+[A-Za-z0-9+/=._~-]{6,}")
_IN_URL: Final = re.compile(r"(?<=://)[^/@\s]+@")
# Names that no line of ours has; what stands under one came from a caller or from the settings.
_NEVER: Final = re.compile(
    r"(?i)(^|_)(secret|password\w*|passwd|accesskey|access_key|authorization|cookie|token|email"
    r"|phone\w*|phonenumber|first_?name|last_?name|full_?name|address\d?|postcode|tax_?id"
    r"|bank\w*|card\w*)$"
)


def request_logger(stream: BinaryIO | None = None) -> Any:
    """Return a logger of JSON lines to a binary stream, standard error unless given."""
    encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
    return structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer if stream is None else stream),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            without_secrets,
            structlog.processors.JSONRenderer(
                serializer=lambda event, **_: encode(event).encode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    ).bind()


def without_secrets(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Take secrets and personal fields out of a line: by name, and by form inside its texts."""
    for name, value in event.items():
        event[name] = REDACTED if value and _is_never_told(name) else _clean(value)
    return event


@lru_cache(maxsize=512)
def _is_never_told(name: str) -> bool:
    """Tell it without the search for the names that every line has."""
    return _NEVER.search(name) is not None


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(without_secrets(None, "", {**value}))
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value]
    if not isinstance(value, str) or value.isalnum():
        return value
    if "=" in value or '"' in value:
        value = redact(value.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")
    if "@" in value:
        value = _EMAIL.sub(REDACTED, _IN_URL.sub(f"{REDACTED}@", value))
    return _BASIC.sub(rf"\1 {REDACTED}", value) if " " in value else value


def where_raised(error: BaseException) -> str:
    """Return an exception's class and stack without its text, which may hold stored data."""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__}\n{''.join(frames)}"

"""One JSON line a request on standard error: never a query string, a secret or a caller's data."""

import json
import sys
import traceback
from typing import Any, BinaryIO

import structlog


def request_logger(stream: BinaryIO | None = None) -> Any:
    """Return a logger of JSON lines to a binary stream, standard error unless given."""
    encode = json.JSONEncoder(separators=(",", ":"), default=str).encode
    return structlog.wrap_logger(
        structlog.BytesLogger(sys.stderr.buffer if stream is None else stream),
        processors=[
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            structlog.processors.JSONRenderer(
                serializer=lambda event, **_: encode(event).encode()
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
    ).bind()


def where_raised(error: BaseException) -> str:
    """Return an exception's class and stack without its text, which may hold stored data."""
    frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
    return f"{type(error).__name__}\n{''.join(frames)}"

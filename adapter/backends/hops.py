"""What one call says about itself at every hop: its request id, and its trace where there is one.

A context variable, so that whatever talks to the network finds it without being handed it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

Pairs = tuple[tuple[str, str], ...]

REQUEST_ID: Final = "X-Request-Id"
TRACE_PARENT: Final = "traceparent"
TRACE_STATE: Final = "tracestate"

_NOTHING: Final[Pairs] = ()
_HEADERS: "ContextVar[Pairs]" = ContextVar("hop headers", default=_NOTHING)


def hop_headers() -> Pairs:
    """Return the headers that name the call at hand to whoever is called for it."""
    return _HEADERS.get()


@contextmanager
def hopping(headers: Pairs) -> Iterator[None]:
    """Make these the headers of every hop inside."""
    token = _HEADERS.set(headers)
    try:
        yield
    finally:
        _HEADERS.reset(token)

"""Request bodies as granian gives them: whole, too large to hold, or broken off."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass

from granian.rsgi import (  # type: ignore[attr-defined] # re-exported there without saying so
    HTTPProtocol,
    ProtocolClosed,
    ProtocolError,
    Scope,
)


@dataclass(frozen=True, slots=True)
class Body:
    """What was read of a body.

    Unless it is `whole` nothing of it is handed on but `size`, more than there is to read: as a
    body too large or shorter than announced it is refused in the caller's dialect. `rest` yields
    what follows the `content` of one that is too large: it may pass to an upstream.
    """

    content: bytes
    size: int
    whole: bool
    rest: AsyncIterator[bytes] | None = None


class Incoming:
    """A body that is too large to hold: read by a thread, piece by piece as it arrives.

    It may take `seconds` for each so many bytes as a body may have that is held.
    """

    def __init__(
        self, body: Body, loop: asyncio.AbstractEventLoop, seconds: float, limit: int
    ) -> None:
        self._held = body.content
        self._rest = body.rest
        self._loop = loop
        self._seconds = seconds
        self._limit = limit
        self._seen = 0
        self._began = time.monotonic()

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, none at the end. Raises `OSError` for a broken body."""
        while not self._held and self._rest is not None:
            self._held = self._next(self._rest)
        part, self._held = self._held[:size], self._held[size:]
        return part

    def _next(self, rest: AsyncIterator[bytes]) -> bytes:
        async def piece() -> bytes | None:
            return await anext(rest, None)

        until = self._began + self._seconds * (1 + self._seen / self._limit)
        waiting = asyncio.run_coroutine_threadsafe(piece(), self._loop)
        try:
            found = waiting.result(max(0.0, until - time.monotonic()))
        except (ProtocolClosed, ProtocolError) as error:
            raise ConnectionAbortedError("the caller's body broke off") from error
        except TimeoutError:
            waiting.cancel()
            raise
        if not found:
            # The server ends every stream with an empty piece.
            self._rest = None
            return b""
        self._seen += len(found)
        return found


async def read_body(scope: Scope, proto: HTTPProtocol, limit: int) -> Body:
    """Return the body; one that breaks off or is larger than the limit is not whole."""
    headers = scope.headers
    if "transfer-encoding" in headers:
        return await _read_chunked(proto, limit)
    announced = int(headers.get("content-length", "0"))
    if announced > limit:
        return Body(b"", announced, whole=False, rest=_pieces(proto))
    if announced == 0:
        return Body(b"", 0, whole=True)
    try:
        content = await proto()
    except (ProtocolClosed, ProtocolError):
        return Body(b"", announced, whole=False)
    return Body(content, announced, whole=len(content) == announced)


async def let_in(body: Body, scope: Scope, most: int) -> None:
    """Read on and drop the rest of a refused body, as far as `most` bytes in all.

    Who sends without listening, as a web server in front does, would meet a closed connection and
    never see the answer. A caller that asked first (`Expect`) listens, and sends nothing.
    """
    if body.rest is None or body.size > most or "expect" in scope.headers:
        return
    size = len(body.content)
    with suppress(ProtocolClosed, ProtocolError):
        async for piece in body.rest:
            size += len(piece)
            if size > most:
                return


async def _pieces(proto: HTTPProtocol) -> AsyncIterator[bytes]:
    """Yield a body's pieces; the server's own stream can be begun once only."""
    async for piece in proto:
        yield piece


async def _read_chunked(proto: HTTPProtocol, limit: int) -> Body:
    """Return a chunked body piece by piece, so that no more of it is held than may be."""
    pieces = []
    size = empty = 0
    stream = _pieces(proto)
    try:
        async for piece in stream:
            if not piece:
                empty += 1
            size += len(piece)
            pieces.append(piece)
            if size > limit:
                return Body(b"".join(pieces), size, whole=False, rest=stream)
    except (ProtocolClosed, ProtocolError):
        return Body(b"", size + 1, whole=False)
    # The server ends every stream with an empty piece, and puts another in place of what broke.
    if empty > 1:
        return Body(b"", size + 1, whole=False)
    return Body(b"".join(pieces), size, whole=True)

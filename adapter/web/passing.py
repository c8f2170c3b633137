"""An upstream's reply on its way to whoever called us."""

from collections.abc import Iterator
from typing import Any

from flask import Response

from adapter.backends.relay import PassedReply


class Passed(Response):
    """An upstream's reply, handed on as it is; `held` is all of it unless more is arriving."""

    def __init__(self, reply: PassedReply) -> None:
        super().__init__()
        self._passed = reply

    def __call__(self, _environ: dict[str, Any], start_response: Any) -> Any:
        """Hand it to the server."""
        reply = self._passed
        start_response(f"{reply.status} {reply.reason or 'Status'}", list(reply.headers))
        return Arriving(reply)


class Arriving:
    """A reply's body for a WSGI server: what is held of it, then what arrives."""

    def __init__(self, reply: PassedReply) -> None:
        self.reply = reply

    def __iter__(self) -> Iterator[bytes]:
        if self.reply.body:
            yield self.reply.body
        if self.reply.rest is not None:
            yield from self.reply.rest

    def close(self) -> None:
        """Let the upstream's connection go."""
        close = getattr(self.reply.rest, "close", None)
        if close is not None:
            close()

"""A caller's request sent on as it is, and the reply handed back while it arrives.

Only what belongs to one connection changes on the way (RFC 9110, 7.6.1): the headers that are
hop-by-hop, `Host`, and how a body is framed. Nothing is retried, redirected, decoded or kept.
"""

import http.client
import itertools
import math
import re
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

from urllib3.exceptions import HTTPError

from adapter.backends.base import Deadline
from adapter.backends.connections import POOLS, Flight, flying
from adapter.backends.transport import TransportConfig, reason_of, tls_context
from adapter.errors import InvalidField, NotSent, TransportLost

Pairs = tuple[tuple[str, str], ...]

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Said anew to the upstream; `Expect` has been answered by the server in front.
_OURS: Final = frozenset({"host", "expect", "content-length"})
_CHUNK_BYTES: Final = 65_536
_HELD_BYTES: Final = 262_144
# Web servers keep a silent connection for five seconds and more: one that ends it while a request
# is on its way would make the end of that request unknown.
_IDLE_SECONDS: Final = 4.0
_FOLD: Final = re.compile(r"\r?\n[ \t]+")
_FAILURES: Final = (OSError, HTTPError, http.client.HTTPException, ValueError)


@dataclass(frozen=True, slots=True)
class PassedRequest:
    """A request to pass on. `target` is path and query as they came.

    `body` is all of it, or its beginning when `rest` yields what follows. `length` is the
    Content-Length to announce; None is no body, or chunks where there is a rest.
    """

    method: str
    target: str = field(repr=False)
    headers: Pairs = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    rest: Iterable[bytes] | None = field(default=None, repr=False)
    length: int | None = None


@dataclass(frozen=True, slots=True)
class PassedReply:
    """A reply. `body` is all of it, or its beginning when `rest` yields what is still arriving.

    `rest` raises `TransportLost` when it does not come whole; it is to be read to its end or
    closed, until then it holds the connection.
    """

    status: int
    reason: str
    headers: Pairs = field(repr=False)
    body: bytes = field(repr=False)
    rest: Iterator[bytes] | None = field(default=None, repr=False)


class Relay:
    """Pooled connections to one upstream (`http[s]://host[:port]`); safe between threads."""

    def __init__(
        self, origin: str, config: TransportConfig, *, elapsed: Callable[[], float]
    ) -> None:
        """Read the certificate authorities. Raises `InvalidField` for what cannot be used."""
        parts = urlsplit(origin)
        if parts.scheme not in POOLS or not parts.hostname:
            raise InvalidField("url", "scheme", "an http:// or https:// URL is wanted")
        self.host = parts.netloc.rpartition("@")[2]
        self._address = (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80))
        self._scheme = parts.scheme
        self._config = config
        self._elapsed = elapsed
        self._proxy = urlsplit(config.proxy) if config.proxy else None
        self._tls: ssl.SSLContext | None = None
        if parts.scheme == "https":
            self._tls = tls_context(config.ca_file)
        self._idle: list[tuple[Any, float]] = []
        self._lock = threading.Lock()

    def send(self, request: PassedRequest) -> PassedReply:
        """Send once and return the reply, whole or as soon as its beginning is there.

        Raises `NotSent` when no byte of the request has left, else `TransportLost`. The deadline
        ends with the beginning; what follows is bounded by `read_seconds` of silence.
        """
        elapsed = self._elapsed
        deadline = Deadline(elapsed() + self._config.deadline_seconds, elapsed)
        flight = Flight(deadline, self._config.connect_seconds, self._config.read_seconds, "")
        connection = self._taken()
        try:
            with flying(flight):
                connection.serve(flight)
                self._write(connection, request)
                response = http.client.HTTPConnection.getresponse(connection)
                body, whole = _beginning(response)
        except _FAILURES as error:
            connection.close()
            _raise(flight, error)
        except BaseException:
            connection.close()
            raise
        headers = end_to_end((name, _FOLD.sub(" ", value)) for name, value in response.msg.items())
        rest = None
        if whole:
            self._finished(connection, response, flight)
        else:
            flight.deadline = Deadline(math.inf, elapsed)
            rest = self._arriving(connection, response, flight)
        return PassedReply(response.status, response.reason, headers, body, rest)

    def close(self) -> None:
        """Close every connection that is not in use."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    def _taken(self) -> Any:
        while True:
            with self._lock:
                if not self._idle:
                    break
                connection, since = self._idle.pop()
            if self._elapsed() - since < _IDLE_SECONDS and connection.is_connected:
                return connection
            connection.close()
        return self._opened()

    def _opened(self) -> Any:
        pool: Any = POOLS[self._scheme]
        kind = pool.ConnectionCls
        more = {} if self._tls is None else {"ssl_context": self._tls}
        if self._proxy is None:
            return kind(*self._address, **more)
        connection = kind(self._proxy.hostname, self._proxy.port or 80, **more)
        if self._scheme == "https":
            connection.set_tunnel(*self._address, scheme="http")
        return connection

    def _returned(self, connection: Any) -> None:
        with self._lock:
            if len(self._idle) < self._config.pool_size:
                self._idle.append((connection, self._elapsed()))
                return
        connection.close()

    def _write(self, connection: Any, request: PassedRequest) -> None:
        target = request.target
        if self._proxy is not None and self._scheme == "http":
            target = f"http://{self.host}{target}"
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self.host)
        for name, value in end_to_end(request.headers):
            if name.lower() not in _OURS:
                connection.putheader(name, value)
        if request.length is not None:
            connection.putheader("Content-Length", str(request.length))
        elif request.rest is not None:
            connection.putheader("Transfer-Encoding", "chunked")
        if request.rest is None:
            connection.endheaders(request.body or None)
            return
        connection.endheaders()
        try:
            _stream(connection, request, request.rest)
        except (BrokenPipeError, ConnectionResetError):
            # An upstream may answer before it has read everything, and then read no further.
            return

    def _arriving(self, connection: Any, response: Any, flight: Flight) -> Iterator[bytes]:
        try:
            while chunk := response.read1(_CHUNK_BYTES):
                yield chunk
            _check_whole(response)
            self._finished(connection, response, flight)
        except _FAILURES as error:
            raise TransportLost(reason_of(error)) from error
        finally:
            if not response.isclosed():
                response.close()
                connection.close()

    def _finished(self, connection: Any, response: Any, flight: Flight) -> None:
        """Keep the connection of a reply that was read to its end, where it can be used again."""
        reusable = not response.will_close
        response.close()
        if reusable and not flight.surplus and connection.sock is not None:
            self._returned(connection)
        else:
            connection.close()


def _beginning(response: Any) -> tuple[bytes, bool]:
    """Return what is held of a reply before any of it is handed on, and whether that is all.

    A short reply that breaks off can so be answered by an error; of a longer one the caller has
    seen a part by then.
    """
    parts: list[bytes] = []
    left = _HELD_BYTES
    while left > 0:
        chunk = response.read1(min(left, _CHUNK_BYTES))
        if not chunk:
            _check_whole(response)
            return b"".join(parts), True
        parts.append(chunk)
        left -= len(chunk)
        if response.length == 0:
            return b"".join(parts), True
    return b"".join(parts), False


def _check_whole(response: Any) -> None:
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)


def origin(url: str) -> str:
    """Return scheme, host and port of a URL: what passes keeps its own path."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def end_to_end(headers: Iterable[tuple[str, str]]) -> Pairs:
    """Return the headers that are meant for the other end, in order, duplicates kept."""
    pairs = tuple(headers)
    dropped = set(_HOP_BY_HOP)
    for name, value in pairs:
        if name.lower() == "connection":
            dropped |= {word.strip().lower() for word in value.split(",")}
    return tuple(pair for pair in pairs if pair[0].lower() not in dropped)


def _stream(connection: Any, request: PassedRequest, rest: Iterable[bytes]) -> None:
    chunked = request.length is None
    sent = 0
    for piece in itertools.chain((request.body,), rest):
        if piece:
            connection.send(_chunk(piece) if chunked else piece)
            sent += len(piece)
    if chunked:
        connection.send(b"0\r\n\r\n")
    elif sent != request.length:
        raise ValueError("the caller's body ended early")


def _chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def _raise(flight: Flight, error: Exception) -> NoReturn:
    if not flight.sent:
        raise NotSent(reason_of(error)) from error
    raise TransportLost(reason_of(error)) from error

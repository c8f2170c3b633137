"""Connections that obey one call's deadline and know whether a byte of its request has left.

`requests` bounds each wait for the network, never their sum: a peer that sends a byte now and
then could hold a call for ever. Nor does it tell a request that cannot have arrived from one that
may have. So the connections that its pools hand out are these.
"""

import http.client
import io
import socket
import ssl
import threading
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

from adapter.backends.base import Deadline

# Each part of a request gets the time that is left anew, TLS writes one record at a time.
_SEND_BYTES: Final = 16_384


@dataclass(slots=True)
class Flight:
    """One request on its way. `target` is what the request line names, as it was given.

    `dialled` is true once one of our connections took it, `sent` as soon as a byte of it may have
    left, `surplus` when bytes stood behind the end of the reply.
    """

    deadline: Deadline
    connect_seconds: float
    read_seconds: float
    target: str
    dialled: bool = False
    sent: bool = False
    surplus: bool = False

    def wait(self, longest: float) -> float:
        """Return how long to wait for the network. Raises `TimeoutError` when time is up."""
        seconds = min(longest, self.deadline.left)
        if seconds <= 0:
            raise TimeoutError("the deadline has passed")
        return seconds


class _Current(threading.local):
    flight: Flight | None = None


_CURRENT: Final = _Current()


class flying:  # noqa: N801 - a context manager reads like a verb
    """Make a flight the one that this thread's connections serve."""

    def __init__(self, flight: Flight) -> None:
        self._flight = flight

    def __enter__(self) -> None:
        _CURRENT.flight = self._flight

    def __exit__(self, *_: object) -> None:
        _CURRENT.flight = None


def _flight() -> Flight:
    if _CURRENT.flight is None:
        raise RuntimeError("a connection of the transport serves its calls only")
    return _CURRENT.flight


class _Incoming(io.RawIOBase):
    """The bytes of a reply, each wait for more of them bounded by what is left of the call."""

    def __init__(self, sock: socket.socket, flight: Flight) -> None:
        self._sock = sock
        # Holds the socket open until the reply is read, should the connection close before.
        self._hold = sock.makefile("rb", buffering=0)
        self._flight = flight
        self.drained = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.drained:
            return 0
        self._sock.settimeout(self._flight.wait(self._flight.read_seconds))
        return self._sock.recv_into(buffer)

    def close(self) -> None:
        if not self.closed:
            self._hold.close()
        super().close()


class _Reader(io.BufferedReader):
    """Notes on closing whether the peer sent more than the reply it announced."""

    def __init__(self, raw: _Incoming, flight: Flight) -> None:
        super().__init__(raw)
        self._incoming = raw
        self._flight = flight

    def close(self) -> None:
        if not self.closed:
            self._incoming.drained = True
            self._flight.surplus = bool(self.peek(1))
        super().close()


class _Reply(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, flight: Flight, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        self.fp.close()
        self.fp = _Reader(_Incoming(sock, flight), flight)


class _Bounded(HTTPConnection):
    """What plain and TLS connections share: dialling, sending and reading under a deadline."""

    _serving: Flight
    _dialling = False
    _dial_until: Deadline

    def connect(self) -> None:
        flight = self._take(_flight())
        flight.dialled = True
        elapsed = flight.deadline.elapsed
        self._dial_until = Deadline(elapsed() + flight.wait(flight.connect_seconds), elapsed)
        self._dialling = True
        try:
            super().connect()
        finally:
            self._dialling = False

    def request(self, method: str, url: str, *args: Any, **more: Any) -> None:
        """Send the target as it was given: quoting it anew would change it on the way."""
        flight = self._take(_flight())
        flight.dialled = True
        target = flight.target if url.startswith("/") else url
        super().request(method, target, *args, **more)

    def serve(self, flight: Flight) -> None:
        """Send what follows for this flight; for requests that are not written by `request`."""
        self._take(flight).dialled = True

    def _encode_request(self, request: str) -> bytes:
        """Write a request line: raw bytes of a caller's query stay what they were."""
        return request.encode("latin-1")

    def send(self, data: Any) -> None:
        if self.sock is None:
            self.connect()
        view = memoryview(data)
        for start in range(0, len(view), _SEND_BYTES):
            if self._dialling:  # what a proxy is asked before the request itself
                self.sock.settimeout(self._dial_wait())
            else:
                self.sock.settimeout(self._serving.wait(self._serving.read_seconds))
                self._serving.sent = True
            self.sock.sendall(view[start : start + _SEND_BYTES])

    @property
    def is_connected(self) -> bool:
        """Tell whether the peer kept it open and sent nothing that nobody asked for."""
        decrypted = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()
        return not decrypted and not self._serving.surplus and super().is_connected

    def _new_conn(self) -> socket.socket:
        """Return a connected socket; finding the name and dialling share one time limit."""
        failed: OSError = OSError(f"{self._dns_host} has no address")
        addresses = self._addresses()
        for left, (family, kind, protocol, _, address) in zip(
            range(len(addresses), 0, -1), addresses, strict=True
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                # An address that does not answer leaves time for those behind it.
                sock.settimeout(self._dial_wait() / left)
                sock.connect(address)
                # TLS comes next and is bounded by the socket's limit as a whole.
                sock.settimeout(self._dial_wait())
            except OSError as error:
                sock.close()
                failed = error
            else:
                return sock
        raise failed

    def _addresses(self) -> list[Any]:
        """Resolve the host in a thread of its own: the system's resolver has no time limit."""
        found: list[Any] = []
        errors: list[OSError] = []

        def resolve() -> None:
            try:
                found.extend(
                    socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
                )
            except (OSError, UnicodeError) as error:
                errors.append(error if isinstance(error, OSError) else OSError(str(error)))

        resolver = threading.Thread(target=resolve, daemon=True)
        resolver.start()
        resolver.join(self._dial_wait())
        if resolver.is_alive():
            raise TimeoutError(f"{self._dns_host} was not resolved in time")
        if errors:
            raise errors[0]
        return found

    def _tunnel(self) -> None:
        super()._tunnel()
        self.sock.settimeout(self._dial_wait())

    def _dial_wait(self) -> float:
        return self._serving.wait(self._dial_until.left)

    def _take(self, flight: Flight) -> Flight:
        self._serving = flight
        self.response_class = partial(_Reply, flight=flight)  # type: ignore[assignment]
        return flight


class _Plain(_Bounded):
    pass


class _Tls(_Bounded, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = _Plain


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _Tls


POOLS: Final = {"http": _PlainPool, "https": _TlsPool}

"""A raw HTTP client: exact request lines, any announced length, kept-alive connections."""

import contextlib
import http.client
import select
import socket
from urllib.parse import quote, urlsplit

from adapter.protocols.base import WireRequest, WireResponse

REFUSED = 400
NOT_FOUND = 404


class Broken(Exception):
    """The server closed the connection without an answer, or the answer is no HTTP."""


class RawClient:
    """One connection for one thread; opened again whenever the server closes it."""

    def __init__(self, base_url: str, timeout_seconds: float = 60.0) -> None:
        parts = urlsplit(base_url)
        self._address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._host = f"{self._address[0]}:{self._address[1]}"
        self._timeout_seconds = timeout_seconds
        self._socket: socket.socket | None = None
        self._before = "nothing"

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def send(self, request: WireRequest) -> WireResponse:
        """Send one request whose announced length is true (or absent: chunked)."""
        head, body = encode(request, self._host)
        connection = self._connected()
        # A server may refuse before reading all: its answer then stands in the buffer.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(head + body)
        return self._read(connection, request.method)

    def send_short(self, request: WireRequest, missing: int) -> WireResponse | None:
        """Announce `missing` bytes more than are sent, then end; None when nothing comes back."""
        self.close()
        head, body = encode(request, self._host, announce_more=missing)
        connection = self._connected()
        try:
            connection.sendall(head + body)
            connection.shutdown(socket.SHUT_WR)
            return self._read(connection, request.method)
        except (Broken, ConnectionError):
            return None
        finally:
            self.close()

    def _connected(self) -> socket.socket:
        # Readable before anything was asked: the server has closed it. Nothing is ever sent twice.
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection(self._address, self._timeout_seconds)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _read(self, connection: socket.socket, method: str) -> WireResponse:
        reader = http.client.HTTPResponse(connection, method=method)
        try:
            reader.begin()
            body = reader.read()
        except http.client.HTTPException as error:
            raise Broken(f"{error!r} after {self._before}") from error
        finally:
            reader.close()
        # What the HTTP server itself refuses, it refuses without a word and hangs up; and whoever
        # answers 404 has not read the body.
        if (
            reader.will_close
            or reader.status == NOT_FOUND
            or (reader.status == REFUSED and not body)
        ):
            self.close()
        headers = {name.lower(): value for name, value in reader.getheaders()}
        self._before = f"{reader.status} {headers} {body[:40]!r}"
        return WireResponse(reader.status, body, headers.pop("content-type", ""), headers)


def encode(request: WireRequest, host: str, announce_more: int = 0) -> tuple[bytes, bytes]:
    """Return the head and the body of a request as bytes."""
    target = quote(request.path, safe="/!$&'()*+,;=:@~%").encode()
    if request.query:
        target += b"?" + request.query
    lines = [request.method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + host.encode()]
    lines += [
        name.encode() + b": " + value.encode("utf-8", "surrogateescape")
        for name, value in request.headers.items()
        if "\r" not in value and "\n" not in value
    ]
    body = request.body
    if request.announced_length is None:
        lines.append(b"Transfer-Encoding: chunked")
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    else:
        lines.append(b"Content-Length: %d" % (len(body) + announce_more))
    return b"\r\n".join(lines) + b"\r\n\r\n", body

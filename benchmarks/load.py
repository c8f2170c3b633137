"""A small closed-loop HTTP load over keep-alive connections, one request in flight on each.

It writes prepared bytes to sockets and reads up to Content-Length, so that it costs the machine
as little as a Python client can. Loopback only; bounded by a count of requests.
"""

import selectors
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Sample:
    """What one run measured. Latencies in seconds, one a request."""

    requests: int = 0
    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    bodies: set[bytes] = field(default_factory=set)

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Return a latency percentile in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class _Connection:
    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.sent_at = 0.0

    def send(self, request: bytes) -> None:
        self.sent_at = time.perf_counter()
        self.socket.sendall(request)

    def read(self) -> bytes | None:
        """Return the body once it is whole."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed the connection")
        self.received += piece
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap:
            return None
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(f"unexpected reply: {self.received[:300]!r}")
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        if len(body) < length:
            return None
        self.received = b""
        return body


def run(
    port: int, request: Callable[[int], bytes], *, count: int, connections: int = 16
) -> Sample:
    """Send `count` requests (`request(n)` makes the n-th) over `connections` connections."""
    sample = Sample()
    selector = selectors.DefaultSelector()
    opened = [_Connection(port) for _ in range(connections)]
    sent = 0
    began = time.perf_counter()
    for connection in opened:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(request(sent))
        sent += 1
    while sample.requests < count:
        events = selector.select(timeout=30)
        if not events:
            raise TimeoutError("no reply within 30 s")
        for key, _ in events:
            connection = key.data
            body = connection.read()
            if body is None:
                continue
            sample.latencies.append(time.perf_counter() - connection.sent_at)
            sample.requests += 1
            if len(sample.bodies) < 4:
                sample.bodies.add(body)
            if sent < count:
                connection.send(request(sent))
                sent += 1
            else:
                selector.unregister(connection.socket)
    sample.seconds = time.perf_counter() - began
    for connection in opened:
        connection.socket.close()
    return sample


def median(values: list[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def post(path: str, body: bytes, content_type: str) -> bytes:
    """Return the bytes of one POST request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body

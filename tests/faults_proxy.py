"""A backend's address that fails in every way a network can, on real sockets.

`FaultProxy(answer)` accepts connections on loopback and answers each request with what `answer`
returns, spoilt by the fault that stands first in its plan. `answer` is the deed itself: a fault
whose name says that it comes before the deed never calls it.
"""

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

CERTIFICATE = Path(__file__).parent / "data" / "localhost.pem"
KEY = Path(__file__).parent / "data" / "localhost-key.pem"


class Fault(StrEnum):
    """What goes wrong with one request; `acts` tells whether the deed is done all the same."""

    NONE = "none"
    RESET_BEFORE = "reset before the body"
    RESET_DURING = "reset during the body"
    RESET_AFTER = "reset after the body"
    CLOSED_AFTER = "closed after the body"
    NO_REPLY = "no reply"
    LATE = "late reply"
    HALF = "half a reply"
    ERROR_BEFORE = "500 without effect"
    ERROR_AFTER = "500 with effect"
    REDIRECT = "redirect"
    GARBAGE = "garbage"
    GARBAGE_BODY = "garbage in a well-formed reply"
    TOO_LONG = "content length above the body"
    TOO_SHORT = "content length below the body"
    DRIP_HEADERS = "slow drip of headers"
    DRIP_BODY = "slow drip of the body"

    @property
    def acts(self) -> bool:
        return self not in _BEFORE_THE_DEED


_BEFORE_THE_DEED = {
    Fault.RESET_BEFORE,
    Fault.RESET_DURING,
    Fault.ERROR_BEFORE,
    Fault.REDIRECT,
}
# These answer late or never, and these close the connection afterwards.
_WAITING = {Fault.NO_REPLY, Fault.LATE}
_ENDING = _WAITING | {Fault.CLOSED_AFTER, Fault.HALF, Fault.GARBAGE, Fault.TOO_LONG}


@dataclass(frozen=True)
class Seen:
    """A request as it arrived, and what is answered to it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What is answered; `raw`, where given, is sent instead of all the rest."""

    body: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""


Answer = Callable[[Seen], Reply]


class FaultProxy:
    """Use as a context manager. `late_seconds` is when a late reply comes."""

    def __init__(
        self,
        answer: Answer,
        faults: Iterable[Fault] = (),
        *,
        late_seconds: float = 1.0,
        tls: bool = False,
    ) -> None:
        self._answer = answer
        self.plan = iter(faults)  # what becomes of the next requests
        self._late_seconds = late_seconds
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self.connections = 0
        self.requests = 0
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATE, KEY)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        # A thread that waits in accept() holds the port until it is woken.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """Close every open connection, as a server does with idle ones."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with suppress(OSError):  # a caller that gives up is what is tested
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            caller = (
                accepted
                if self._tls is None
                else self._tls.wrap_socket(accepted, server_side=True)
            )
            with self._lock:
                self._open.add(caller)
            try:
                while self._one(caller):
                    pass
            finally:
                with self._lock:
                    self._open.discard(caller)
                caller.close()

    def _one(self, caller: socket.socket) -> bool:
        """Answer one request; False ends the connection."""
        head = _until_blank_line(caller)
        if head is None:
            return False
        with self._lock:
            self.requests += 1
            fault = next(self.plan, Fault.NONE)
        start, _, rest = head.partition(b"\r\n\r\n")
        seen = _seen(start, rest)
        wanted = int(seen.headers.get("content-length", "0"))
        if fault is Fault.RESET_BEFORE or (fault is Fault.RESET_DURING and not wanted):
            return _reset(caller)
        if fault is Fault.RESET_DURING:
            wanted //= 2
        body = rest
        while len(body) < wanted:
            more = caller.recv(65_536)
            if not more:
                return False
            body += more
        if fault is Fault.RESET_DURING:
            return _reset(caller)
        seen = Seen(seen.method, seen.target, seen.headers, body)
        reply = self._answer(seen) if fault.acts else Reply(b"")
        return self._reply(caller, fault, reply)

    def _reply(self, caller: socket.socket, fault: Fault, reply: Reply) -> bool:
        whole = _written(reply)
        head, _, body = whole.partition(b"\r\n\r\n")
        if fault is Fault.RESET_AFTER:
            return _reset(caller)
        if fault in _WAITING:
            self._stopped.wait(30 if fault is Fault.NO_REPLY else self._late_seconds)
        if fault is Fault.DRIP_HEADERS:
            return self._drip(caller, whole)
        if fault is Fault.DRIP_BODY:
            caller.sendall(head + b"\r\n\r\n")
            return self._drip(caller, body)
        spoilt: dict[Fault, Callable[[], bytes]] = {
            Fault.CLOSED_AFTER: lambda: b"",
            Fault.NO_REPLY: lambda: b"",
            Fault.HALF: lambda: whole[: len(head) + 4 + len(body) // 2],
            Fault.ERROR_BEFORE: lambda: _written(Reply(b"Internal Server Error", 500)),
            Fault.ERROR_AFTER: lambda: _written(Reply(b"Internal Server Error", 500)),
            Fault.REDIRECT: lambda: _written(
                Reply(b"", 302, {"Location": f"{self.url}/elsewhere"})
            ),
            Fault.GARBAGE: lambda: bytes(range(256)) * 4,
            Fault.GARBAGE_BODY: lambda: _written(Reply(b"\x00\xff<<<{{{not what was asked for")),
            Fault.TOO_LONG: lambda: _written(reply, announced=len(body) + 5),
            Fault.TOO_SHORT: lambda: _written(reply, announced=max(0, len(body) - 5)),
        }
        caller.sendall(spoilt.get(fault, lambda: whole)())
        return fault not in _ENDING

    def _drip(self, caller: socket.socket, data: bytes) -> bool:
        """Send byte by byte, each in time, and the last one no sooner than a late reply."""
        pause = max(0.02, self._late_seconds / len(data))
        for at in range(len(data)):
            if self._stopped.wait(pause):
                break
            caller.sendall(data[at : at + 1])
        return False


def refused_port() -> int:
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _until_blank_line(caller: socket.socket) -> bytes | None:
    head = b""
    while b"\r\n\r\n" not in head:
        more = caller.recv(65_536)
        if not more:
            return None
        head += more
    return head


def _seen(start: bytes, rest: bytes) -> Seen:
    first, *lines = start.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    return Seen(method, target, {name.lower(): text.strip() for name, _, text in pairs}, rest)


def _written(reply: Reply, announced: int | None = None) -> bytes:
    if reply.raw:
        return reply.raw
    length = len(reply.body) if announced is None else announced
    headers = {"Content-Type": "text/plain", "Content-Length": str(length)} | reply.headers
    lines = [
        f"HTTP/1.1 {reply.status} Said",
        *(f"{name}: {text}" for name, text in headers.items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + reply.body


def _reset(caller: socket.socket) -> bool:
    # Zero seconds of lingering: the peer gets RST, not FIN.
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False

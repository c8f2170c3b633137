"""A legacy system of ours for tests: it answers oddly, by action, and remembers all requests."""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Pairs = list[tuple[str, str]]
BIG = bytes(range(256)) * 12_000


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)


@dataclass
class Reply:
    """`chunks` None sends Content-Length; a status of 0 sends nothing and hangs up."""

    status: int = 200
    headers: Pairs = field(default_factory=list)
    body: bytes = b""
    chunks: int | None = None
    version: str = "HTTP/1.1"
    cut: bool = False


REPLIES: dict[str, Callable[[], Reply]] = {
    "moduleone": lambda: Reply(headers=[("Content-Type", "text/plain")], body=b"result=success;"),
    "oddbytes": lambda: Reply(body=b"\x00\xff\xfe\r\n\r\n\x80{", headers=[("X-Odd", "a  b;;c")]),
    "twocookies": lambda: Reply(
        headers=[("Set-Cookie", "a=1; Path=/"), ("Set-Cookie", "b=2"), ("x-lower", "l")], body=b"1"
    ),
    "chunked": lambda: Reply(body=b"part" * 5000, chunks=777),
    "bigchunked": lambda: Reply(body=BIG, chunks=50_000),
    "big": lambda: Reply(body=BIG, headers=[("ETag", 'W/"x"')]),
    "zipped": lambda: Reply(
        body=gzip.compress(b"hello" * 100, mtime=0), headers=[("Content-Encoding", "gzip")]
    ),
    "moved": lambda: Reply(302, [("Location", "https://elsewhere.example.com/x?y=1")], b"moved"),
    "broken": lambda: Reply(500, [("Retry-After", "7")], b"Internal \xe9rror"),
    "missing": lambda: Reply(404, [], b""),
    "nothing": lambda: Reply(204),
    "oldserver": lambda: Reply(200, [("X-Old", "1")], b"to the end", version="HTTP/1.0"),
    "utfheader": lambda: Reply(200, [("X-Name", "caf\xc3\xa9")], b"ok"),
    "hangup": lambda: Reply(0),
    "cutshort": lambda: Reply(body=b"x" * 100, cut=True),
    "cutlong": lambda: Reply(body=BIG, cut=True),
}


class Upstream:
    """The running system; `seen` grows with every request."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.replies = dict(REPLIES)
        self.hold = threading.Event()
        self.hold.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                outer.answer(self)

            def log_message(self, *_: Any) -> None:
                pass

            do_GET = do_POST = do_HEAD = do_OPTIONS = do_PUT = do_DELETE = answer  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 1024

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = int(self.server.server_address[1])

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = _read(handler)
        self.seen.append(Seen(handler.requestline, tuple(handler.headers.items()), body))
        self.hold.wait(30)
        fields = parse_qs(
            handler.path.partition("?")[2] + "&" + body[:10_000].decode("latin-1"), True
        )
        action = fields.get("action", [handler.path.partition("?")[0].rpartition("/")[2]])[-1]
        make = self.replies.get(action.lower())
        reply = make() if make is not None else Reply(body=f"served {action}".encode())
        _send(handler, reply)


def _read(handler: BaseHTTPRequestHandler) -> bytes:
    if "chunked" in handler.headers.get("Transfer-Encoding", ""):
        parts = []
        while size := int(handler.rfile.readline(), 16):
            parts.append(handler.rfile.read(size))
            handler.rfile.readline()
        handler.rfile.readline()
        return b"".join(parts)
    return handler.rfile.read(int(handler.headers.get("Content-Length", "0")))


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    if not reply.status:
        handler.close_connection = True
        return
    head = [f"{reply.version} {reply.status} Whatever"]
    pairs = [*reply.headers, ("Server", "legacy/1.0"), ("Date", "Thu, 01 Jan 2026 00:00:00 GMT")]
    bodiless = reply.status in {204, 304}
    if reply.chunks is not None:
        pairs.append(("Transfer-Encoding", "chunked"))
    elif reply.version == "HTTP/1.1" and not bodiless:
        pairs.append(("Content-Length", str(len(reply.body))))
    else:
        handler.close_connection = not bodiless or handler.close_connection
    head += [f"{name}: {value}" for name, value in pairs]
    handler.wfile.write("\r\n".join([*head, "", ""]).encode("latin-1"))
    if handler.command == "HEAD" or bodiless:
        return
    if reply.cut:
        handler.wfile.write(reply.body[: len(reply.body) - 7])
        handler.close_connection = True
    elif reply.chunks is None:
        handler.wfile.write(reply.body)
    else:
        for at in range(0, len(reply.body), reply.chunks):
            piece = reply.body[at : at + reply.chunks]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n")


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Run one for a while."""
    running = Upstream()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield running
    finally:
        running.hold.set()
        running.server.shutdown()
        running.server.server_close()
        thread.join()

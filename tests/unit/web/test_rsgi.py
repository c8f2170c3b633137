import asyncio
import signal
import threading
from types import SimpleNamespace
from typing import Any

import pytest
import uvloop
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined] # re-exported there

from adapter.web.bodies import Body, read_body
from adapter.web.rsgi import RsgiApp, wsgi_environ

LIMIT = 10


class Headers:
    def __init__(self, *pairs: tuple[str, str]) -> None:
        self._pairs = list(pairs)

    def __contains__(self, name: str) -> bool:
        return name in dict(self._pairs)

    def get(self, name: str, default: Any = None) -> Any:
        return dict(self._pairs).get(name, default)

    def keys(self) -> list[str]:
        return list(dict(self._pairs))

    def items(self) -> list[tuple[str, str]]:
        """Like the server's: a value that is no ASCII is left out."""
        return [(name, value) for name, value in self._pairs if value.isascii()]


class Proto:
    """A connection that delivers pieces; `None` breaks it off."""

    def __init__(self, *pieces: bytes | None) -> None:
        self._pieces = list(pieces)
        self.left_unread = len(pieces)

    async def __call__(self) -> bytes:
        if None in self._pieces:
            raise ProtocolClosed
        self.left_unread = 0
        return b"".join(piece for piece in self._pieces if piece)

    def __aiter__(self) -> "Proto":
        return self

    async def __anext__(self) -> bytes:
        """As granian's does: an empty piece for what broke, and an empty one at the end."""
        if self.left_unread < 0:
            raise StopAsyncIteration
        self.left_unread -= 1
        return self._pieces.pop(0) or b"" if self._pieces else b""


def scope(*headers: tuple[str, str], **changed: Any) -> Any:
    facts = {
        "method": "POST",
        "path": "/includes/api.php",
        "query_string": "a=b",
        "http_version": "1.1",
        "client": "192.0.2.7:5000",
        "server": "127.0.0.1:8080",
        "scheme": "http",
        "headers": Headers(*headers),
    }
    return SimpleNamespace(**{**facts, **changed})


def read(proto: Proto, *headers: tuple[str, str]) -> Body:
    body = read_body(scope(*headers), proto, LIMIT)  # type: ignore[arg-type] # a double
    return asyncio.run(body)


CHUNKED = ("transfer-encoding", "chunked")


def test_a_body_is_read_up_to_its_announced_length():
    assert read(Proto(b"a=1"), ("content-length", "3")) == Body(b"a=1", 3, whole=True)
    assert read(Proto(), ("content-length", "0")) == Body(b"", 0, whole=True)
    assert read(Proto()) == Body(b"", 0, whole=True)


def test_a_chunked_body_is_read_to_its_end():
    assert read(Proto(b"a=", b"1"), CHUNKED) == Body(b"a=1", 3, whole=True)
    assert read(Proto(), CHUNKED) == Body(b"", 0, whole=True)


@pytest.mark.parametrize(("header", "size"), [(("content-length", "9"), 9), (CHUNKED, 3)])
def test_of_a_body_that_breaks_off_nothing_is_handed_on(header, size):
    assert read(Proto(b"a=", None), header) == Body(b"", size, whole=False)


def test_what_is_announced_beyond_the_limit_is_not_read():
    proto = Proto(b"a" * 11)
    body = read(proto, ("content-length", "11"))
    assert (body.content, body.size, body.whole) == (b"", 11, False)
    assert proto.left_unread == 1


def test_chunks_beyond_the_limit_are_not_read():
    proto = Proto(*[b"a" * 6] * 5)
    body = read(proto, CHUNKED)
    assert (body.content, body.size, body.whole) == (b"a" * 12, 12, False)
    assert proto.left_unread == 3


def test_a_request_becomes_a_wsgi_environment():
    request = scope(
        ("content-type", "text/plain"), ("x-forwarded-for", "a"), ("x-forwarded-for", "b"), CHUNKED
    )
    environ = wsgi_environ(request, Body(b"a=1", 3, whole=True))
    assert environ["wsgi.input"].read() == b"a=1"
    assert {name: value for name, value in environ.items() if not name.startswith("wsgi.")} == {
        "SCRIPT_NAME": "",
        "SERVER_SOFTWARE": "granian",
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/includes/api.php",
        "QUERY_STRING": "a=b",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8080",
        "REMOTE_ADDR": "192.0.2.7",
        "CONTENT_LENGTH": "3",
        "CONTENT_TYPE": "text/plain",
        "HTTP_X_FORWARDED_FOR": "a,b",
        "adapter.headers": tuple(request.headers.items()),
    }


@pytest.mark.parametrize(
    ("client", "address"), [("192.0.2.7:5000", "192.0.2.7"), ("[2001:db8::7]:5000", "2001:db8::7")]
)
def test_the_callers_address_has_no_port(client, address):
    environ = wsgi_environ(scope(client=client), Body(b"", 0, whole=True))
    assert environ["REMOTE_ADDR"] == address


def test_a_path_beyond_ascii_is_written_as_wsgi_wants_it():
    environ = wsgi_environ(scope(path="/b\u00e4r"), Body(b"", 0, whole=True))
    assert environ["PATH_INFO"].encode("latin-1") == "/b\u00e4r".encode()


def test_a_header_that_the_server_does_not_show_passes_neither_for_none_nor_for_another():
    request = scope(
        ("x-forwarded-for", "\u00e9, 192.0.2.7"),
        ("idempotency-key", "\u00e9"),
        ("content-type", "\u00e9"),
    )
    environ = wsgi_environ(request, Body(b"", 0, whole=True))
    assert environ["HTTP_X_FORWARDED_FOR"] == environ["HTTP_IDEMPOTENCY_KEY"] == "\ufffd"
    assert environ["adapter.headers"] == ()
    assert "CONTENT_TYPE" not in environ


def test_a_header_with_underscores_does_not_pass_for_another():
    request = scope(("x-forwarded-for", "a"), ("x_forwarded_for", "b"))
    assert wsgi_environ(request, Body(b"", 0, whole=True))["HTTP_X_FORWARDED_FOR"] == "a"


@pytest.mark.parametrize("loops", [uvloop, asyncio], ids=["uvloop", "asyncio"])
def test_a_signal_that_waited_for_the_process_to_start_is_heard(loops):
    loop = loops.new_event_loop()

    def heard() -> None:
        loop.call_soon_threadsafe(loop.stop)

    app = RsgiApp(
        lambda _environ, _start: [],
        None,
        threads=1,
        body_limit=LIMIT,
        body_seconds=1.0,
        release=lambda: None,
        reload=heard,
    )
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        signal.pthread_kill(threading.get_ident(), signal.SIGHUP)
        app.__rsgi_init__(loop)
        late = threading.Event()
        loop.call_later(10, late.set)
        loop.call_later(10, loop.stop)
        loop.run_forever()
        assert not late.is_set()
    finally:
        loop.remove_signal_handler(signal.SIGHUP)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        app._jobs.put(None)
        loop.close()

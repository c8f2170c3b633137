"""The WSGI application below granian's RSGI: whole bodies in time, or nothing is executed.

Over WSGI the server turns a body that broke off into one that ended, and a caller that stalls
keeps a thread. Here bodies are read on the event loop, bounded in size and time, and only a whole
one takes a thread.
"""

import asyncio
import io
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Final, cast

from granian.rsgi import (  # type: ignore[attr-defined] # re-exported there without saying so
    HTTPProtocol,
    ProtocolClosed,
    ProtocolError,
    Scope,
)

from adapter.assemble import assemble, new_id
from adapter.backends.hops import REQUEST_ID
from adapter.errors import TransportLost
from adapter.settings import load_settings
from adapter.web.app import create_app
from adapter.web.bodies import Body, Incoming, let_in, read_body
from adapter.web.log import request_logger, where_raised
from adapter.web.passing import Arriving
from adapter.web.wire import RAW_HEADERS

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]

_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
# Stands for a header's value that nobody can read, and is none that anybody means.
_UNREADABLE = "\ufffd"
# Replies that have no body, whatever their headers say.
_BODILESS: Final = frozenset({204, 304})
_CLOSE: Final = ("Connection", "close")
# What never changes in an environment; the rest is the request's.
_BASE: Final[dict[str, Any]] = {
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "granian",
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    "wsgi.version": (1, 0),
}


# A writer comes back from the disk still holding the store's write lock; with the default of 5 ms
# it would wait that long for a thread that only reads a request.
_SWITCH_SECONDS: Final = 0.0002
_LOOK_SECONDS: Final = 0.5
# A refused body of up to so many times the limit is let in before the answer.
_LET_IN: Final = 2
# Less than `adapter serve` waits before it kills.
_DRAIN_SECONDS: Final = 15.0


def app_under_serve() -> "RsgiApp":
    """Return the application for a web process of `adapter serve`."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = load_settings()
    assembly = assemble(settings)
    app = create_app(assembly)
    return RsgiApp(
        app.wsgi_app,
        request_logger(),
        threads=settings.server.threads,
        body_limit=settings.limits.body_bytes,
        body_seconds=settings.server.body_timeout_seconds,
        release=assembly.close,
        reload=app.read_settings,
    )


@dataclass(slots=True)
class _Job:
    """One request on its way through a thread."""

    environ: dict[str, Any]
    proto: HTTPProtocol
    headers: Headers
    loop: asyncio.AbstractEventLoop
    answered: "asyncio.Future[None]"
    # The reply to a body too large to hold waits here until what is still coming has been let in.
    late: bool = False
    reply: tuple[int, Headers, bytes] | None = None


class RsgiApp:
    """Calls a WSGI application on so many threads, each with a request that is complete."""

    def __init__(  # noqa: PLR0913 - its application and the bounds of a request
        self,
        app: WsgiApp,
        log: Any,
        *,
        threads: int,
        body_limit: int,
        body_seconds: float,
        release: Callable[[], None],
        reload: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._release = release
        self._reload = reload
        self._log = log
        self._body_limit = body_limit
        self._body_seconds = body_seconds
        parent = multiprocessing.parent_process()
        self._parent = None if parent is None else parent.pid
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._finished: SimpleQueue[_Job] = SimpleQueue()
        self._reading: dict[asyncio.Task[Any], float] = {}
        self._threads = [
            threading.Thread(target=self._work, name=f"web-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch the time and for SIGHUP; called once the event loop is there."""
        loop.call_later(_LOOK_SECONDS, self._look, loop)
        if threading.current_thread() is threading.main_thread():
            # Once it runs: uvloop forgets a signal that comes, or has waited, before.
            loop.call_soon(self._hear_signals, loop)

    def _hear_signals(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let SIGHUP in: held back since the process was started, which it would have ended."""
        loop.add_signal_handler(signal.SIGHUP, self._reload_beside)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def _reload_beside(self) -> None:
        threading.Thread(target=self._reload, name="settings", daemon=True).start()

    def __rsgi_del__(self, _loop: asyncio.AbstractEventLoop) -> None:
        """End the process: called once the server has let all connections end.

        Left to itself the interpreter would end beneath granian's own threads, and beneath ours
        inside granian's code. A thread that then wants the interpreter is ended by unwinding its
        stack, which Rust (granian 2.8, PyO3) answers with a panic and an abort.
        """
        for _ in self._threads:
            self._jobs.put(None)
        until = time.monotonic() + _DRAIN_SECONDS
        for thread in self._threads:
            # What a caller no longer waits for may still be at work.
            thread.join(max(0.0, until - time.monotonic()))
        if not any(thread.is_alive() for thread in self._threads):
            self._release()
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(0)

    async def __rsgi__(self, scope: Scope, proto: HTTPProtocol) -> None:
        """Read a request's body and answer it."""
        loop = asyncio.get_running_loop()
        task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._reading[task] = loop.time() + self._body_seconds
        try:
            body = await read_body(scope, proto, self._body_limit)
        except asyncio.CancelledError:
            self._refuse_late(proto)
            return
        finally:
            del self._reading[task]
        environ = wsgi_environ(scope, body)
        if body.rest is not None:
            environ["wsgi.input"] = Incoming(body, loop, self._body_seconds, self._body_limit)
        job = _Job(
            environ,
            proto,
            # What is left unread would be taken for the next request.
            [] if body.whole else [_CLOSE],
            loop,
            loop.create_future(),
            late=body.rest is not None,
        )
        self._jobs.put(job)
        await job.answered
        if job.reply is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._body_seconds):
                    await let_in(body, scope, _LET_IN * self._body_limit)
            with suppress(ProtocolClosed, ProtocolError):
                proto.response_bytes(*job.reply)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """End what takes too long to read, and this process when the server's main one is gone."""
        # One look at all costs less than a timer for each.
        now = loop.time()
        for task in [task for task, until in self._reading.items() if until <= now]:
            task.cancel()
        if self._parent is not None and os.getppid() != self._parent:
            # Killed; nobody else would tell this process to end, and it would keep the port.
            os.kill(os.getpid(), signal.SIGTERM)
            return
        loop.call_later(_LOOK_SECONDS, self._look, loop)

    def _refuse_late(self, proto: HTTPProtocol) -> None:
        """Answer a request whose body does not come; in which dialect it asks is unknown."""
        request_id = new_id()
        self._log.info("request", id=request_id, result="body_late", status=408)
        headers = [_TEXT, (REQUEST_ID, request_id), _CLOSE]
        proto.response_str(408, headers, "The body did not arrive in time\n")

    def _work(self) -> None:
        while True:
            job = self._jobs.get()
            if job is None:
                return
            try:
                self._answer(job)
            except Exception as error:  # noqa: BLE001 - the thread is needed for the next request
                self._log.error("crash", error=where_raised(error))
                job.proto.response_str(500, [_TEXT, _CLOSE], "Internal Error\n")
            self._finished.put(job)
            # To wake the loop is dear, and nobody waits for it: the reply is already on its way.
            # The last of a row of requests does it for all.
            if job.reply is not None or self._jobs.empty():
                job.loop.call_soon_threadsafe(self._finish)

    def _finish(self) -> None:
        with suppress(Empty):
            while True:
                self._finished.get_nowait().answered.set_result(None)

    def _answer(self, job: _Job) -> None:
        status = 0
        headers = job.headers

        def start_response(line: str, given: Headers, _error: Any = None) -> None:
            nonlocal status
            status = int(line[:3])
            headers.extend(given)

        parts = self._app(job.environ, start_response)
        try:
            if isinstance(parts, Arriving):
                self._hand_on(parts, job, status, headers)
                return
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        if job.late:
            job.reply = status, headers, content
        else:
            job.proto.response_bytes(status, headers, content)

    def _hand_on(self, parts: Arriving, job: _Job, status: int, headers: Headers) -> None:
        """Send an upstream's reply: at once where it is whole and has a length, or piecewise."""
        pairs = [(name, _as_text(value)) for name, value in headers]
        sized = any(name.lower() == "content-length" for name, _ in pairs)
        reply = parts.reply
        if reply.rest is None and not reply.body and (sized or status in _BODILESS):
            job.proto.response_empty(status, pairs)
            return
        if reply.rest is None and sized:
            job.proto.response_bytes(status, pairs, reply.body)
            return
        transport = job.proto.response_stream(status, pairs)

        async def send(piece: bytes) -> None:
            await transport.send_bytes(piece)

        try:
            for piece in parts:
                asyncio.run_coroutine_threadsafe(send(piece), job.loop).result()
        except TransportLost as error:
            # Too late for another reply: this one ends before its length, for all to see.
            self._log.warning("reply broke off", reason=error.reason)
        except (ProtocolClosed, ProtocolError):
            self._log.info("caller went", status=status)


def _as_text(value: str) -> str:
    """Return a header's value so that the server, which writes UTF-8, sends the bytes it had."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value


def wsgi_environ(scope: Scope, body: Body) -> dict[str, Any]:
    """Return the WSGI environment of a request whose body was read."""
    path = scope.path
    environ = {
        **_BASE,
        "REQUEST_METHOD": scope.method,
        "PATH_INFO": path if path.isascii() else path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": io.BytesIO(body.content),
        RAW_HEADERS: (given := tuple(scope.headers.items())),
    }
    names = {name for name, _ in given}
    sent = set(scope.headers.keys())
    if len(sent) > len(names):
        # The server keeps values beyond ASCII to itself. Were they left out, a caller's
        # `X-Forwarded-For` would pass for none, and his address for the proxy's; and a key that
        # makes a repeat safe would be none. A body is read without its type as well.
        hidden = sent - names - {"content-type"}
        given += tuple((name, _UNREADABLE) for name in hidden)
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    for name, value in given:
        # `X_Forwarded_For` would pass for `X-Forwarded-For`.
        if "_" in name:
            continue
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ["CONTENT_LENGTH"] = str(body.size)
    content_type = environ.pop("HTTP_CONTENT_TYPE", None)
    if content_type is not None:
        environ["CONTENT_TYPE"] = content_type
    return environ

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
from adapter.settings import load_settings
from adapter.web.app import REQUEST_ID, create_app
from adapter.web.log import request_logger, where_raised

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Headers = list[tuple[str, str]]

_TEXT: Final = ("Content-Type", "text/plain; charset=utf-8")
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
# Less than `adapter serve` waits before it kills.
_DRAIN_SECONDS: Final = 15.0


def app_under_serve() -> "RsgiApp":
    """Return the application for a web process of `adapter serve`."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    settings = load_settings()
    assembly = assemble(settings)
    return RsgiApp(
        create_app(assembly).wsgi_app,
        request_logger(),
        threads=settings.server.threads,
        body_limit=settings.limits.body_bytes,
        body_seconds=settings.server.body_timeout_seconds,
        release=assembly.close,
    )


@dataclass(frozen=True, slots=True)
class Body:
    """What was read of a body.

    Unless it is `whole` nothing of it is handed on but `size`, more than there is to read: as a
    body too large or shorter than announced it is refused in the caller's dialect.
    """

    content: bytes
    size: int
    whole: bool


@dataclass(slots=True)
class _Job:
    """One request on its way through a thread."""

    environ: dict[str, Any]
    proto: HTTPProtocol
    headers: Headers
    loop: asyncio.AbstractEventLoop
    answered: "asyncio.Future[None]"


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
    ) -> None:
        self._app = app
        self._release = release
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
        """Begin to watch the time; called once the event loop is there."""
        loop.call_later(_LOOK_SECONDS, self._look, loop)

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
        job = _Job(
            wsgi_environ(scope, body),
            proto,
            # What is left unread would be taken for the next request.
            [] if body.whole else [_CLOSE],
            loop,
            loop.create_future(),
        )
        self._jobs.put(job)
        await job.answered

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
            if self._jobs.empty():
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
            content = b"".join(parts)
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()
        job.proto.response_bytes(status, headers, content)


async def read_body(scope: Scope, proto: HTTPProtocol, limit: int) -> Body:
    """Return the body; one that breaks off or is larger than the limit is not whole."""
    headers = scope.headers
    if "transfer-encoding" in headers:
        return await _read_chunked(proto, limit)
    announced = int(headers.get("content-length", "0"))
    if announced > limit:
        return Body(b"", announced, whole=False)
    if announced == 0:
        return Body(b"", 0, whole=True)
    try:
        content = await proto()
    except (ProtocolClosed, ProtocolError):
        return Body(b"", announced, whole=False)
    return Body(content, announced, whole=len(content) == announced)


async def _read_chunked(proto: HTTPProtocol, limit: int) -> Body:
    """Return a chunked body piece by piece, so that no more of it is held than may be."""
    pieces = []
    size = empty = 0
    try:
        async for piece in proto:
            if not piece:
                empty += 1
            size += len(piece)
            if size > limit:
                return Body(b"", size, whole=False)
            pieces.append(piece)
    except (ProtocolClosed, ProtocolError):
        return Body(b"", size + 1, whole=False)
    # The server ends every stream with an empty piece, and puts another in place of what broke.
    if empty > 1:
        return Body(b"", size + 1, whole=False)
    return Body(b"".join(pieces), size, whole=True)


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
    }
    environ["SERVER_NAME"], _, environ["SERVER_PORT"] = scope.server.rpartition(":")
    for name, value in scope.headers.items():
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

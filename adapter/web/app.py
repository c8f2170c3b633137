"""The HTTP face: Flask request -> `WireRequest` -> `answer` -> Flask response."""

import signal
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, BinaryIO, Final

from flask import Flask, Response, request
from werkzeug.routing import Rule

from adapter.assemble import Assembly, assemble, new_id
from adapter.bridge.service import Outcome, answer, refuse
from adapter.errors import AdapterError, LimitExceeded
from adapter.protocols.base import LegacyProtocol, WireRequest, WireResponse
from adapter.settings import load_settings
from adapter.store.migrate import require_schema
from adapter.web.log import request_logger, where_raised
from adapter.web.metrics import NoMetrics, PrometheusMetrics, RequestMetrics
from adapter.web.wire import BodyTooLarge, read_body, request_path, wire_request

REQUEST_ID: Final = "X-Request-Id"

_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
# Replies hold a caller's data: nothing in between keeps them, no browser takes them for HTML.
_HEADERS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
_OWN: Final = frozenset(name for name, _ in _HEADERS)


def create_app(
    assembly: Assembly,
    *,
    metrics: RequestMetrics | None = None,
    log_stream: BinaryIO | None = None,
) -> Flask:
    """Return the WSGI application over everything that `assemble` built."""
    app = Flask("adapter", static_folder=None)
    # The protocols answer any prefix, any casing and double slashes; nothing is redirected.
    app.url_map.merge_slashes = False
    front = _Front(assembly, metrics or _metrics(assembly), request_logger(log_stream))
    views: dict[str, tuple[str, Callable[..., Response]]] = {
        "healthz": ("/healthz", front.health),
        "readyz": ("/readyz", front.ready),
        "root": ("/", front.serve),
        "any": ("/<path:path>", front.serve),
    }
    for endpoint, (path, view) in views.items():
        # No methods: every one reaches the protocols, which refuse in their own words.
        app.url_map.add(Rule(path, endpoint=endpoint, methods=None))
        app.view_functions[endpoint] = view
    return app


_SWITCH_SECONDS = 0.0002


def app_from_environment() -> Flask:
    """Return the application that settings and environment describe, for WSGI servers."""
    return create_app(assemble(load_settings()))


def app_under_serve() -> Flask:
    """Return the application for a web process of `adapter serve`.

    Ctrl-C in a terminal reaches it beside the signal that its parent then sends, and the server
    does not end on two at once: the parent's is the one that counts.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # A writer comes back from the disk still holding the store's write lock; with the default of
    # 5 ms it would wait that long for a thread that only reads a request.
    sys.setswitchinterval(_SWITCH_SECONDS)
    return app_from_environment()


def _metrics(assembly: Assembly) -> RequestMetrics:
    return PrometheusMetrics() if assembly.settings.server.metrics_bind else NoMetrics()


class _Front:
    """The views. Holds no state of a request."""

    def __init__(self, assembly: Assembly, metrics: RequestMetrics, log: Any) -> None:
        self._assembly = assembly
        self._metrics = metrics
        self._log = log

    def health(self) -> Response:
        """Say that this process answers."""
        return _text(200, "ok")

    def ready(self) -> Response:
        """Say whether every account's database answers and has the schema of this version."""
        for name, store in self._assembly.stores.items():
            try:
                require_schema(store, self._assembly.schema_revision)
            except AdapterError as error:
                return _text(503, f"account {name}: {error}")
        return _text(200, "ready")

    def serve(self, path: str = "") -> Response:  # noqa: ARG002 - the rule's; read undecoded below
        """Answer a legacy request, or say that nothing is here."""
        environ = request.environ
        where = request_path(environ)
        for protocol in self._assembly.protocols:
            if protocol.matches(where):
                return self._answer(protocol, environ)
        return _text(404, "Not Found")

    def _answer(self, protocol: LegacyProtocol[Any], environ: dict[str, Any]) -> Response:
        began = time.perf_counter()
        request_id = new_id()
        wire = None
        try:
            wire, too_large = self._read(environ)
            if too_large is None:
                outcome = answer(self._assembly.gateway, protocol, wire, request_id)
            else:
                outcome = refuse(self._assembly.gateway, protocol, wire, too_large)
        except Exception as error:  # noqa: BLE001 - the one place: a caller gets its own dialect
            self._log.error("crash", id=request_id, error=where_raised(error))
            outcome = self._crashed(protocol, wire or self._unread(environ))
        seconds = time.perf_counter() - began
        self._metrics.note(protocol.name, outcome.action, outcome.result, seconds)
        self._log.info(
            "request",
            id=request_id,
            protocol=protocol.name,
            account=outcome.account,
            credential=outcome.credential,
            action=outcome.action,
            result=outcome.result,
            count=outcome.count,
            status=outcome.response.status,
            ms=round(seconds * 1000, 2),
        )
        return _Reply(outcome.response, request_id)

    def _read(self, environ: dict[str, Any]) -> tuple[WireRequest, LimitExceeded | None]:
        """Return the request, and what refuses it when its body may not even be read."""
        limit = self._assembly.settings.limits.body_bytes
        try:
            body = read_body(environ, limit)
        except BodyTooLarge:
            return self._unread(environ), LimitExceeded("bytes", limit)
        return wire_request(environ, self._assembly.gateway.access.proxies, body), None

    def _unread(self, environ: dict[str, Any]) -> WireRequest:
        return wire_request(environ, self._assembly.gateway.access.proxies, None)

    def _crashed(self, protocol: LegacyProtocol[Any], wire: WireRequest) -> Outcome:
        """Answer a request that a defect stopped: nothing of it is told, in its dialect."""
        error = AdapterError()
        return Outcome(protocol.encode_error(error, protocol.decode(wire)), "", result=error.code)


class _Reply(Response):
    """A reply that is complete: its bytes and headers go out as they are.

    Sent past the response object's own header handling, which would copy and check every header
    twice; what a protocol's headers hold is its own text, never a caller's.
    """

    def __init__(self, wire: WireResponse, request_id: str) -> None:
        super().__init__()
        self._wire = wire
        self._request_id = request_id

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        wire = self._wire
        start_response(
            _STATUS_LINES.get(wire.status) or f"{wire.status} Status",
            [
                ("Content-Type", wire.content_type),
                ("Content-Length", str(len(wire.body))),
                (REQUEST_ID, self._request_id),
                *_HEADERS,
                *((name, value) for name, value in wire.headers.items() if name not in _OWN),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [wire.body]


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, [("Content-Type", "text/plain; charset=utf-8")])

"""The HTTP face: Flask request -> `WireRequest` -> `answer` -> Flask response."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, Final

from flask import Flask, Request, Response, request

from adapter.assemble import Assembly, assemble, new_id
from adapter.bridge.management import Management
from adapter.bridge.service import Gateway, Outcome, answer, refuse
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
_OWN: Final = frozenset(name.lower() for name, _ in _HEADERS)


def create_app(
    assembly: Assembly,
    *,
    metrics: RequestMetrics | None = None,
    log_stream: BinaryIO | None = None,
) -> Flask:
    """Return the WSGI application over everything that `assemble` built."""
    return _App(_Front(assembly, metrics or _metrics(assembly), request_logger(log_stream)))


def app_from_environment() -> Flask:
    """Return the application that settings and environment describe, for WSGI servers."""
    return create_app(assemble(load_settings()))


def _metrics(assembly: Assembly) -> RequestMetrics:
    return PrometheusMetrics() if assembly.settings.server.metrics_bind else NoMetrics()


class _App(Flask):
    """Flask around one view that answers every path and method.

    The protocols answer below any prefix and refuse methods in their own words, so there are no
    rules to match; without hooks and sessions there is nothing to do around the view either.
    """

    def __init__(self, front: "_Front") -> None:
        super().__init__("adapter", static_folder=None)
        self._front = front

    def create_url_adapter(self, _request: Request | None) -> None:
        """Match nothing."""

    def full_dispatch_request(self) -> Response:
        """Answer the request at hand."""
        return self._front.serve(request.environ)


class _Front:
    """The view. Holds no state of a request."""

    def __init__(self, assembly: Assembly, metrics: RequestMetrics, log: Any) -> None:
        self._assembly = assembly
        self._faces: tuple[_Face, ...] = (
            *(_legacy(assembly.gateway, protocol) for protocol in assembly.protocols),
            _management(assembly.management),
        )
        self._metrics = metrics
        self._log = log

    def serve(self, environ: dict[str, Any]) -> Response:
        """Answer a legacy request or a probe, or say that nothing is here."""
        path = request_path(environ)
        for face in self._faces:
            if face.matches(path):
                return self._answer(face, environ)
        if path == "/healthz":
            return _text(200, "ok")
        return self._ready() if path == "/readyz" else _text(404, "Not Found")

    def _ready(self) -> Response:
        """Say whether every account's database answers and has the schema of this version."""
        for name, store in self._assembly.stores.items():
            try:
                require_schema(store, self._assembly.schema_revision)
            except AdapterError as error:
                return _text(503, f"account {name}: {error}")
        return _text(200, "ready")

    def _answer(self, face: "_Face", environ: dict[str, Any]) -> Response:
        began = time.perf_counter()
        request_id = new_id()
        wire = None
        try:
            wire, too_large = self._read(environ)
            if too_large is None:
                outcome = face.answer(wire, request_id)
            else:
                outcome = face.refuse(wire, too_large)
        except Exception as error:  # noqa: BLE001 - the one place: a caller gets its own dialect
            self._log.error("crash", id=request_id, error=where_raised(error))
            outcome = face.crashed(wire or self._unread(environ))
        seconds = time.perf_counter() - began
        self._metrics.note(face.name, outcome.action, outcome.result, seconds)
        self._log.info(
            "request",
            id=request_id,
            protocol=face.name,
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


@dataclass(frozen=True, slots=True)
class _Face:
    """What answers the requests below some paths: a legacy protocol, or the management calls.

    `crashed` answers a request that a defect stopped: nothing of it is told, in its dialect.
    """

    name: str
    matches: Callable[[str], bool]
    answer: Callable[[WireRequest, str], Outcome]
    refuse: Callable[[WireRequest, AdapterError], Outcome]
    crashed: Callable[[WireRequest], Outcome]


def _legacy(gateway: Gateway, protocol: LegacyProtocol[Any]) -> _Face:
    def crashed(wire: WireRequest) -> Outcome:
        error = AdapterError()
        return Outcome(protocol.encode_error(error, protocol.decode(wire)), "", result=error.code)

    return _Face(
        protocol.name,
        protocol.matches,
        lambda wire, request_id: answer(gateway, protocol, wire, request_id),
        lambda wire, error: refuse(gateway, protocol, wire, error),
        crashed,
    )


def _management(management: Management) -> _Face:
    return _Face(
        management.name,
        management.matches,
        lambda wire, _request_id: management.answer(wire),
        management.refuse,
        management.crashed,
    )


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
                *(
                    (name, value)
                    for name, value in wire.headers.items()
                    if name.lower() not in _OWN
                ),
            ],
        )
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [wire.body]


def _text(status: int, text: str) -> Response:
    return Response(f"{text}\n", status, [("Content-Type", "text/plain; charset=utf-8")])

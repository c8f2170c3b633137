"""The HTTP face: Flask request -> `WireRequest` -> `answer` -> Flask response."""

import atexit
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, BinaryIO, Final, cast

from flask import Flask, Request, Response, request

from adapter.assemble import Assembly, assemble, new_id, reassemble
from adapter.backends.hops import REQUEST_ID, TRACE_PARENT, TRACE_STATE, hopping
from adapter.bridge.canonical import CanonicalWire
from adapter.bridge.front_door import PASSED, RawRequest
from adapter.bridge.links import DocumentLinks
from adapter.bridge.management import Management
from adapter.bridge.readiness import shortcoming
from adapter.bridge.service import Gateway, Outcome, answer, refuse
from adapter.commands.access import Credentials
from adapter.errors import (
    AdapterError,
    AddressNotAllowed,
    LimitExceeded,
    Malformed,
    PassLost,
    StoreFull,
)
from adapter.protocols.base import BaseCall, LegacyProtocol, WireRequest, WireResponse
from adapter.settings import SettingsError, load_settings
from adapter.store.migrate import require_schema
from adapter.web.log import request_logger, where_raised
from adapter.web.metrics import NoMetrics, PrometheusMetrics, RequestMetrics
from adapter.web.passing import Passed
from adapter.web.tracing import NoTracing, OtelTracing, Tracing
from adapter.web.watching import Watching
from adapter.web.wire import (
    BodyTooLarge,
    raw_request,
    read_beginning,
    read_body,
    request_path,
    wire_request,
)

_STATUS_LINES: Final = {status.value: f"{status.value} {status.phrase}" for status in HTTPStatus}
# Replies hold a caller's data: nothing in between keeps them, no browser takes them for HTML.
_HEADERS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
# As long as the ids that are stored with an attempt.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}").fullmatch
TEXT: Final = "text/plain; charset=utf-8"
# Of requests on paths that are no protocol's.
_PLAIN: Final[Mapping[type[AdapterError], int]] = {
    AddressNotAllowed: HTTPStatus.FORBIDDEN,
    Malformed: HTTPStatus.BAD_REQUEST,
    PassLost: HTTPStatus.GATEWAY_TIMEOUT,
}
_OWN: Final = frozenset(name.lower() for name, _ in _HEADERS)


def create_app(
    assembly: Assembly,
    *,
    metrics: RequestMetrics | None = None,
    tracing: Tracing | None = None,
    log_stream: BinaryIO | None = None,
) -> "App":
    """Return the WSGI application over everything that `assemble` built."""
    chosen = Watching(
        metrics or _metrics(assembly),
        tracing or (OtelTracing() if assembly.settings.server.tracing else NoTracing()),
        request_logger(log_stream),
    )
    assembly.notes.listeners.append(chosen.attempt)
    assembly.notes.breaker_listeners.append(chosen.breaker)
    return App(assembly, chosen)


def app_from_environment() -> Flask:
    """Return the application that settings and environment describe, for WSGI servers."""
    assembly = assemble(load_settings())
    atexit.register(assembly.journal.close)
    return create_app(assembly)


def _metrics(assembly: Assembly) -> RequestMetrics:
    return PrometheusMetrics() if assembly.settings.server.metrics_bind else NoMetrics()


class App(Flask):
    """Flask around one view that answers every path and method.

    The protocols answer below any prefix and refuse methods in their own words, so there are no
    rules to match; without hooks and sessions there is nothing to do around the view either.
    """

    def __init__(self, assembly: Assembly, watching: Watching) -> None:
        super().__init__("adapter", static_folder=None)
        self._watching = watching
        self._log = watching.log
        self._changing = threading.Lock()
        self._front = _Front(assembly, watching)

    def create_url_adapter(self, _request: Request | None) -> None:
        """Match nothing."""

    def full_dispatch_request(self) -> Response:
        """Answer the request at hand, all of it by the settings that hold as it begins."""
        front = self._front
        while not front.enter():
            front = self._front  # that one was replaced in between
        try:
            return front.serve(request.environ)
        finally:
            front.leave()

    def read_settings(self) -> None:
        """Answer what begins from now on by the settings as they are now.

        Those that cannot be used are refused, told by key, and nothing changes. Requests that
        have begun end as they began.
        """
        with self._changing:
            old = self._front
            try:
                assembly = reassemble(old.assembly, load_settings())
            except SettingsError as error:
                for problem in error.problems:
                    self._log.error("settings refused", problem=problem)
                return
            self._front = _Front(assembly, self._watching)
        old.retire()
        self._log.info("settings read again", file=assembly.settings.file)


class _Front:
    """The view by one set of settings. Holds no state of a request but how many are under way."""

    def __init__(self, assembly: Assembly, watching: Watching) -> None:
        self._assembly = assembly
        self._faces: tuple[_Face, ...] = (
            *(_legacy(assembly.gateway, protocol) for protocol in assembly.protocols),
            _management(assembly.management),
            _canonical(assembly.canonical),
            _links(assembly.links),
        )
        self._metrics = watching.metrics
        self._tracing = watching.tracing
        self._log = watching.log
        self._journal = assembly.journal
        self._counting = threading.Lock()
        self._under_way = 0
        self._retired = False

    @property
    def assembly(self) -> Assembly:
        """What it answers with."""
        return self._assembly

    def enter(self) -> bool:
        """Count a request in; False where another view has taken this one's place."""
        with self._counting:
            if not self._retired:
                self._under_way += 1
            return not self._retired

    def leave(self) -> None:
        """Count a request out."""
        with self._counting:
            self._under_way -= 1
            last = self._retired and not self._under_way
        if last:
            self._assembly.leave()

    def retire(self) -> None:
        """Let no request in any more; the last one out closes the connections elsewhere."""
        with self._counting:
            self._retired = True
            last = not self._under_way
        if last:
            self._assembly.leave()

    def serve(self, environ: dict[str, Any]) -> Response:
        """Answer a legacy request or a probe, or say that nothing is here."""
        path = request_path(environ)
        for face in self._faces:
            if face.matches(path):
                return self._answer(face, environ)
        if path == "/healthz":
            return _text(200, "ok")
        if path == "/readyz":
            return self._ready()
        other = _other(self._assembly, path)
        return _text(404, "Not Found") if other is None else self._answer(other, environ)

    def _ready(self) -> Response:
        """Say whether every account's database answers and has the schema of this version.

        An account that is on hold, or was not billed for too long, is degraded: callers are still
        answered, so whoever balances load goes on sending them here.
        """
        assembly = self._assembly
        degraded = []
        for name, place in assembly.places.items():
            try:
                require_schema(place.store, assembly.schema_revision)
                lacks = shortcoming(
                    place.account.account,
                    place.store,
                    place.clock.clock(),
                    assembly.settings.daily.at,
                )
            except AdapterError as error:
                return _text(503, f"account {name}: {error}")
            if lacks:
                degraded.append(f"\naccount {name}: {lacks}")
        return _text(200, f"degraded{''.join(degraded)}" if degraded else "ready")

    def _answer(self, face: "_Face", environ: dict[str, Any]) -> Response:
        request_id = self._request_id(environ)
        headers = {
            name: environ[key]
            for name, key in (
                (TRACE_PARENT, "HTTP_TRACEPARENT"),
                (TRACE_STATE, "HTTP_TRACESTATE"),
            )
            if key in environ
        }
        facts = {"adapter.protocol": face.name, "adapter.request_id": request_id}
        with (
            self._tracing.request(headers, facts) as trace,
            hopping(((REQUEST_ID, request_id), *trace)),
        ):
            return self._answer_as(face, environ, request_id)

    def _request_id(self, environ: dict[str, Any]) -> str:
        """Return the id that a trusted proxy gave a request, else a new one."""
        given: str | None = environ.get("HTTP_X_REQUEST_ID")
        if given is None or _REQUEST_ID(given) is None:
            return new_id()
        trusted = environ.get("REMOTE_ADDR", "") in self._assembly.gateway.access.proxies
        return given if trusted else new_id()

    def _answer_as(self, face: "_Face", environ: dict[str, Any], request_id: str) -> Response:
        began = time.perf_counter()
        wire = None
        try:
            wire, too_large, raw = self._read(environ)
            if too_large is None:
                outcome = face.answer(wire, request_id, raw)
            else:
                outcome = face.refuse(wire, too_large, raw)
        except Exception as error:  # noqa: BLE001 - the one place: a caller gets its own dialect
            self._log.error("crash", id=request_id, error=where_raised(error))
            outcome = face.crashed(wire or self._unread(environ))
        seconds = time.perf_counter() - began
        if outcome.result == StoreFull.code:
            # Nobody but the operator can help, and nothing helps by itself.
            self._log.error("disk full", id=request_id, account=outcome.account)
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
        self._journal.note(face.name, request_id, outcome, seconds)
        if outcome.passed is not None:
            return Passed(outcome.passed)
        return _Reply(outcome.response, request_id)

    def _read(
        self, environ: dict[str, Any]
    ) -> tuple[WireRequest, LimitExceeded | None, RawRequest | None]:
        """Return the request, what refuses it when its body may not be read, what may pass."""
        limit = self._assembly.settings.limits.body_bytes
        gateway = self._assembly.gateway
        passes = bool(gateway.front_doors)
        too_large = None
        try:
            body = read_body(environ, limit)
        except BodyTooLarge as error:
            too_large = LimitExceeded("bytes", limit)
            if not passes:
                return self._unread(environ), too_large, None
            body = error.beginning or read_beginning(environ, limit)
        wire = wire_request(environ, gateway.access.proxies, body)
        raw = raw_request(environ, body, whole=too_large is None) if passes else None
        return wire, too_large, raw

    def _unread(self, environ: dict[str, Any]) -> WireRequest:
        return wire_request(environ, self._assembly.gateway.access.proxies, None)


@dataclass(frozen=True, slots=True)
class _Face:
    """What answers the requests below some paths: a legacy protocol, or the management calls.

    `crashed` answers a request that a defect stopped: nothing of it is told, in its dialect.
    """

    name: str
    matches: Callable[[str], bool]
    answer: Callable[[WireRequest, str, RawRequest | None], Outcome]
    refuse: Callable[[WireRequest, AdapterError, RawRequest | None], Outcome]
    crashed: Callable[[WireRequest], Outcome]


def _legacy(gateway: Gateway, protocol: LegacyProtocol[Any]) -> _Face:
    def crashed(wire: WireRequest) -> Outcome:
        error = AdapterError()
        return Outcome(protocol.encode_error(error, protocol.decode(wire)), "", result=error.code)

    return _Face(
        protocol.name,
        protocol.matches,
        lambda wire, request_id, raw: answer(gateway, protocol, wire, request_id, raw),
        lambda wire, error, raw: refuse(gateway, protocol, wire, error, raw),
        crashed,
    )


def _management(management: Management) -> _Face:
    return _Face(
        management.name,
        management.matches,
        lambda wire, _request_id, _raw: management.answer(wire),
        lambda wire, error, _raw: management.refuse(wire, error),
        management.crashed,
    )


def _other(assembly: Assembly, path: str) -> "_Face | None":
    """Return what passes a path on that is none of ours; None where it does not pass."""
    doors = assembly.gateway.front_doors
    passing = doors and doors.other(path, assembly.protocols)
    if not doors or not passing:
        return None

    def answer(wire: WireRequest, _request_id: str, raw: RawRequest | None) -> Outcome:
        call = BaseCall("", {}, Credentials(), wire.address, wire.method)
        try:
            _, reply = doors.send(passing, call, wire, cast("RawRequest", raw))
        except AdapterError as error:
            return plain(error)
        status = WireResponse(reply.status, b"", "")
        return Outcome(status, "", passing.account, result=PASSED, passed=reply)

    def plain(error: AdapterError) -> Outcome:
        status = _PLAIN.get(type(error), HTTPStatus.BAD_GATEWAY)
        return Outcome(WireResponse(status, f"{error}\n".encode(), TEXT), "", result=error.code)

    return _Face(
        "upstream",
        lambda _: True,
        answer,
        lambda wire, _error, raw: answer(wire, "", raw),
        lambda _: plain(AdapterError()),
    )


def _canonical(canonical: CanonicalWire) -> _Face:
    return _Face(
        canonical.name,
        canonical.matches,
        lambda wire, request_id, _raw: canonical.answer(wire, request_id),
        lambda wire, error, _raw: canonical.refuse(wire, error),
        canonical.crashed,
    )


def _links(links: DocumentLinks) -> _Face:
    return _Face(
        links.name,
        links.matches,
        lambda wire, request_id, _raw: links.answer(wire, request_id),
        lambda wire, error, _raw: links.refuse(wire, error),
        links.crashed,
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
    return Response(f"{text}\n", status, [("Content-Type", TEXT)])

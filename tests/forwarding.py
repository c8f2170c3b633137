"""Two gateways on one machine: A, the callers' one, forwards what it is asked to B over loopback.

Each contract case opens both on fresh stores: B has the case's catalogue and business settings,
A its credentials, roles and limits. Clocks move together.
"""

import io
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from datetime import time as day_time
from enum import StrEnum
from pathlib import Path
from socketserver import ThreadingMixIn
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

import sqlalchemy as sa

from adapter.backends.base import Connector, Deadline
from adapter.backends.canonical_http import CanonicalConfig, CanonicalConnector
from adapter.backends.forward import ForwardConfig, ForwardConnector, UpstreamTerms
from adapter.backends.transport import (
    OutboundRequest,
    Transport,
    TransportConfig,
    UpstreamReply,
)
from adapter.bridge.canonical import CANONICAL
from adapter.bridge.contracts import DEFAULT_TIME, DEFAULT_TODAY, Case, Session, SkipWhere
from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import NotSent, TransportLost
from adapter.protocols.base import WireRequest, WireResponse
from adapter.store import tables
from adapter.store.setup import apply_catalogue, parse_catalogue
from tests.contract.target import (
    GATEWAY_IDENTIFIER,
    IDENTIFIER,
    SECRET,
    AppSession,
    AppTarget,
    call_app,
    fast_folder,
)

# What a shop in South Africa has set: 15 % on top of every item, invoiced on the due date.
TAXED_SHOP = """
[[tax_rules]]
level = 1
country = "ZA"
name = "VAT"
rate = "15"

[settings]
TaxEnabled = true
TaxBillableItems = true
CreateInvoiceDaysBefore = 0
"""
SHOP_TERMS = UpstreamTerms(
    currency="ZAR",
    vat_rate="15",
    days_in_advance=0,
    client_country="ZA",
    endless_times=999,
    drop_product_codes=True,
)
PATHS = {"whmcs": "/includes/api.php", "invoicesonline": "/api", CANONICAL: "/canonical"}
CALL_SECONDS = 20.0


def called(path: str, body: bytes) -> str:
    """Return the action, endpoint or canonical command that a request calls."""
    if path.startswith(PATHS[CANONICAL]):
        return str(json.loads(body)["command"]) if body else path.rpartition("/")[2]
    if path.endswith(PATHS["whmcs"]):
        return dict(parse_qsl(body.decode("utf-8", "replace"))).get("action", "")
    return path.rpartition("/")[2].partition(".")[0]


class Spoil(StrEnum):
    """What goes wrong with one request."""

    UNSENT = "not sent"
    LOST_BEFORE = "lost before the deed"
    LOST_AFTER = "lost after the deed"
    ERROR_AFTER = "500 after the deed"
    GARBAGE_AFTER = "garbage after the deed"
    PAGE_AFTER = "a web server's page after the deed"
    REDIRECT = "redirect"


@dataclass
class AppTransport:
    """A transport that calls an application in this process; `plan` spoils requests by number."""

    app: Any
    plan: dict[int, Spoil] = field(default_factory=dict)
    requests: list[OutboundRequest] = field(default_factory=list)

    @property
    def calls(self) -> list[str]:
        """Name the actions or endpoints that were called, in order."""
        return [called(urlsplit(each.url).path, each.body) for each in self.requests]

    def exchange(self, request: OutboundRequest, deadline: Deadline) -> UpstreamReply:
        spoil = self.plan.get(len(self.requests))
        self.requests.append(request)
        match spoil:
            case Spoil.UNSENT:
                raise NotSent("refused")
            case Spoil.LOST_BEFORE:
                raise TransportLost("reset")
            case Spoil.REDIRECT:
                return UpstreamReply(302, {"location": "/elsewhere"}, b"")
        parts = urlsplit(request.url)
        headers = {name.lower(): value for name, value in request.headers.items()}
        reply = call_app(
            self.app,
            WireRequest(
                request.method,
                parts.path,
                parts.query.encode(),
                headers,
                request.body,
                "127.0.0.1",
                len(request.body),
            ),
        )
        match spoil:
            case Spoil.LOST_AFTER:
                raise TransportLost("reset")
            case Spoil.ERROR_AFTER:
                return UpstreamReply(500, {}, reply.body)
            case Spoil.GARBAGE_AFTER:
                return UpstreamReply(200, {}, b"\x00\xff")
            case Spoil.PAGE_AFTER:
                return UpstreamReply(200, {}, b"<html><h1>Hello</h1></html>")
        return UpstreamReply(reply.status, reply.headers, reply.body)

    def close(self) -> None:
        """Have nothing to close."""


class Straight:
    """A backend that says every command once and keeps nothing."""

    def __init__(self, connector: Connector) -> None:
        self.connector = connector

    def execute(self, command: Command, context: Context) -> Result:
        self.connector.proof(command)
        deadline = Deadline(time.monotonic() + CALL_SECONDS, time.monotonic)
        return self.connector.send(command, context, deadline)


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@dataclass
class UpstreamServer:
    """B's address: a socket on loopback in front of whichever application is B now."""

    app: Any = None
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.set_app(self._call)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def _call(self, environ: dict[str, Any], start_response: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        self.calls.append(called(environ["PATH_INFO"], body))
        return self.app(environ, start_response)

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class ForwardSession:
    """One case: its own protocol's calls go through A, those of the other one make B's state.

    With `only`, calls of every other action or endpoint make B's state too.
    """

    protocol: str
    front: AppSession
    back: AppSession
    server: UpstreamServer
    only: str = ""
    told: list[tuple[WireResponse, list[str]]] = field(default_factory=list)

    @property
    def values(self) -> Mapping[str, str]:
        return self.front.values

    @property
    def today(self) -> date:
        return self.front.today

    def send(self, protocol: str, request: WireRequest) -> WireResponse:
        name = called(request.path, request.body).lower()
        others = self.only and name and name != self.only
        if protocol != self.protocol or others:
            return self.back.send(protocol, request)
        before = len(self.server.calls)
        reply = self.front.send(protocol, request)
        self.told.append((reply, self.server.calls[before:]))
        return reply

    def move_clock(self, today: date, local_time: day_time = DEFAULT_TIME) -> None:
        self.front.move_clock(today, local_time)
        self.back.move_clock(today, local_time)


class ForwardTarget:
    """Opens each case on A in front of B; `upstream` is the protocol that A speaks to B, or
    `CANONICAL`.

    Without `upstream` it is the case's own. `catalogue` is loaded at B before each case. With
    `only_what_it_is_about`, only calls of the case's own action or endpoint go through A.
    """

    where = SkipWhere.IN_PROCESS

    def __init__(
        self,
        folder: Path,
        upstream: str = "",
        terms: UpstreamTerms | None = None,
        catalogue: str = "",
        *,
        only_what_it_is_about: bool = False,
    ) -> None:
        self.only_what_it_is_about = only_what_it_is_about
        self.catalogue = catalogue
        self.upstream = upstream
        self.terms = terms or UpstreamTerms()
        self.server = UpstreamServer()
        self.transport = Transport(TransportConfig())
        self.backends: dict[str, Straight] = {}
        for name in ("front", "back"):
            (folder / name).mkdir()
        self.fronts = AppTarget(folder / "front")
        self.backs = AppTarget(folder / "back")

    def close(self) -> None:
        self.server.close()
        self.transport.close()
        self.fronts.close()
        self.backs.close()

    def blocker(self, _: Case) -> str | None:
        return None

    @contextmanager
    def open(self, case: Case) -> Iterator[Session]:
        today = case.today or DEFAULT_TODAY
        account = case.account
        inner = replace(account, limits={}, access={}, credentials={})
        back = self.backs.account(inner, case.protocol, today)
        outer = replace(account, settings={}, setup=None)
        front = self.fronts.account(outer, case.protocol, today)
        if self.catalogue:
            with back.store.write() as uow:
                apply_catalogue(uow, back.context(), parse_catalogue(self.catalogue))
            back.store._current_loaded = False
        self.server.app = back.app
        self.forward(front, self.upstream or case.protocol)
        only = _asked_for(case) if self.only_what_it_is_about else ""
        session = ForwardSession(case.protocol, front, back, self.server, only)
        self.session = session
        session.move_clock(today, case.local_time or DEFAULT_TIME)
        yield session

    def kept_by_the_front(self) -> Iterator[int]:
        """Yield how many clients, documents and recurring invoices each of A's stores holds."""
        for session in self.fronts.sessions.values():
            with session.store.read() as uow:
                for table in (tables.clients, tables.documents, tables.recurring_invoices):
                    yield uow.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()

    def connector(self, protocol: str) -> Connector:
        """Return what speaks to B in a protocol, or in the command model itself."""
        if protocol == CANONICAL:
            there = CanonicalConfig(self.server.url, GATEWAY_IDENTIFIER, SECRET)
            return CanonicalConnector("b", there, self.transport)
        config = ForwardConfig(
            protocol, self.server.url + PATHS[protocol], IDENTIFIER, SECRET, terms=self.terms
        )
        return ForwardConnector("b", config, self.transport)

    def forward(self, front: AppSession, protocol: str) -> None:
        """Put a backend that forwards in the place of A's own store."""
        if protocol not in self.backends:
            self.backends[protocol] = Straight(self.connector(protocol))
        front.use_backend(self.backends[protocol])


def _asked_for(case: Case) -> str:
    """Return the action or endpoint that a case is about: its file's, unless it calls another."""
    request = case.main.request
    named = "" if "${" in request.path else called(request.path, request.body.encode())
    return (named or case.main.endpoint).lower()


@contextmanager
def forward_target(**settings: Any) -> Iterator[ForwardTarget]:
    """Return a target whose stores live in a folder of their own; settings as `ForwardTarget`."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="forward-", dir=fast_folder()))
        yield stack.enter_context(closing(ForwardTarget(Path(folder), **settings)))

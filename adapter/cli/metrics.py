"""The Prometheus listener of `adapter serve` and `adapter worker`: what it says of accounts."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import click
from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from adapter.assemble.watching import WatchedAccount, watched_accounts
from adapter.bridge.addresses import AddressList
from adapter.errors import AdapterError
from adapter.settings import Settings, parse_bind
from adapter.store.figures import Figures, SetAside, figures, set_aside

_PATHS: Final = frozenset({"/", "/metrics"})
_TEXT: Final = [("Content-Type", "text/plain; charset=utf-8")]
# What costs a look at every schedule is counted so often at most.
_SET_ASIDE_SECONDS: Final = 60.0


class AccountCollector(Collector):
    """Reads every account's figures from its store whenever it is asked.

    An account that does not answer is `adapter_store_up` 0 and has no other figures.
    """

    def __init__(
        self,
        accounts: Sequence[WatchedAccount],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accounts = accounts
        self._monotonic = monotonic
        self._set_aside: dict[str, tuple[float, SetAside]] = {}

    def describe(self) -> Iterator[Metric]:
        """Say nothing: whoever registers this need not wait for a store."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        families = _Families()
        for account in self._accounts:
            try:
                with account.store.read() as uow:
                    found, aside = figures(uow), self._counted(account.name, uow)
                families.add(account, found, aside)
            except (AdapterError, SQLAlchemyError):
                families.up.add_metric([account.name], 0)
        yield from families.all()

    def _counted(self, account: str, uow: Any) -> SetAside:
        now = self._monotonic()
        counted_at, found = self._set_aside.get(account, (0.0, None))
        if found is None or now - counted_at >= _SET_ASIDE_SECONDS:
            found = set_aside(uow)
            self._set_aside[account] = (now, found)
        return found


class _Families:
    """The families of one scrape; times are of each account's own clock."""

    def __init__(self) -> None:
        one, by_state = ["account"], ["account", "state"]
        self.up = GaugeMetricFamily("adapter_store_up", "Whether the database answers", labels=one)
        self._last_run = GaugeMetricFamily(
            "adapter_last_complete_run_timestamp_seconds",
            "When the latest complete run of the whole account ended",
            labels=one,
        )
        self._issued = CounterMetricFamily(
            "adapter_documents_issued",
            "Documents issued here, whatever became of them",
            labels=["account", "kind"],
        )
        self._parked = GaugeMetricFamily(
            "adapter_parked_items", "Items that no run bills until put right", labels=one
        )
        self._held = GaugeMetricFamily(
            "adapter_held_dates", "Held dates that wait for the operator", labels=one
        )
        self._unknown = GaugeMetricFamily(
            "adapter_unknown_forwards",
            "Commands of which nobody knows what became of them at a backend",
            labels=["account", "backend"],
        )
        self._mails = GaugeMetricFamily(
            "adapter_outbox_mails", "Mails in the outbox by state", labels=by_state
        )
        self._oldest = GaugeMetricFamily(
            "adapter_outbox_oldest_waiting_seconds",
            "For how long the oldest waiting mail has waited; 0 for none",
            labels=one,
        )
        self._hold = GaugeMetricFamily(
            "adapter_hold", "1 for each hold on the account", labels=["account", "reason"]
        )

    def add(self, account: WatchedAccount, found: Figures, aside: SetAside) -> None:
        """Add one account's figures."""
        name, now = account.name, account.now()
        self.up.add_metric([name], 1)
        if found.last_complete_run_at is not None:
            self._last_run.add_metric([name], found.last_complete_run_at.timestamp())
        for kind, count in found.issued.items():
            self._issued.add_metric([name, kind.value], count)
        self._parked.add_metric([name], aside.parked)
        self._held.add_metric([name], aside.held)
        for backend, count in found.unknown_forwards.items():
            self._unknown.add_metric([name, backend], count)
        for state, count in found.mails.items():
            self._mails.add_metric([name, state.value], count)
        oldest = found.oldest_waiting_at
        waited = 0.0 if oldest is None else max((now - oldest).total_seconds(), 0.0)
        self._oldest.add_metric([name], waited)
        for hold in found.holds:
            self._hold.add_metric([name, hold.reason], 1)

    def all(self) -> Iterator[Metric]:
        """Yield the families."""
        yield self.up
        yield self._last_run
        yield self._issued
        yield self._parked
        yield self._held
        yield self._unknown
        yield self._mails
        yield self._oldest
        yield self._hold


class _Quiet(WSGIRequestHandler):
    """Logs no request: one comes every few seconds."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own name for it
        """Say nothing."""


@contextmanager
def account_metrics(
    settings: Settings, names: tuple[str, ...], where: str, bind: str, registry: CollectorRegistry
) -> Iterator[None]:
    """Answer `/metrics` at `bind` with a registry and the figures of these accounts.

    To those whom the settings allow; `where` names the choice of `bind` in errors.
    """
    accounts = watched_accounts(settings, names)
    registry.register(AccountCollector(accounts))
    try:
        with _listener(where, bind, registry, settings.server.metrics_addresses):
            yield
    finally:
        for each in accounts:
            each.store.close()


@contextmanager
def _listener(
    where: str, bind: str, registry: CollectorRegistry, addresses: Sequence[str]
) -> Iterator[None]:
    host, port = parse_bind(bind)
    try:
        server = make_server(
            host, port, metrics_app(registry, AddressList(addresses)), _server(host), _Quiet
        )
    except OSError as error:
        raise click.ClickException(f"{where} {bind}: {error.strerror}") from error
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def metrics_app(registry: CollectorRegistry, addresses: AddressList) -> Callable[..., Any]:
    """Return the application: the metrics, for those who may read them."""
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        if environ.get("REMOTE_ADDR", "") not in addresses:
            start_response("403 Forbidden", _TEXT)
            return [b"Forbidden\n"]
        if environ.get("PATH_INFO", "") not in _PATHS:
            start_response("404 Not Found", _TEXT)
            return [b"Not Found\n"]
        return metrics(environ, start_response)

    return answer


def _server(host: str) -> type[WSGIServer]:
    family = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]

    class Server(ThreadingMixIn, WSGIServer):
        """A thread a request, none of which outlives the process."""

        daemon_threads = True
        address_family = family

    return Server

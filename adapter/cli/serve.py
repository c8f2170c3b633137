"""`adapter serve`: web workers, the daily worker beside them, and the metrics listener."""

import http.client
import multiprocessing
import os
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import click
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels
from granian.server.mp import MPServer
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector

from adapter.assemble import server_key
from adapter.cli.base import any_account_option, workplace
from adapter.cli.interrupts import handle_once
from adapter.cli.kept_settings import kept_settings
from adapter.cli.metrics import account_metrics
from adapter.cli.output import say, warn
from adapter.settings import Settings, load_settings, parse_bind
from adapter.store.setup import ensure_defaults

_APP: Final = "adapter.web.rsgi:app_under_serve"
_STOP_SECONDS: Final = 20
_RESTART_SECONDS: Final = 2.0
_READY_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.1
_STOP_LOOK_SECONDS: Final = 0.02


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how the server listens."""

    host: str
    port: int
    workers: int
    tls_cert: str = ""
    tls_key: str = ""

    @property
    def url(self) -> str:
        """The address to call from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        scheme = "https" if self.tls_cert else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"


class _Server(MPServer):
    """granian's server, which waits for its processes before it asks whether they have ended.

    One that its own watching thread has reaped in that moment it takes for one that refuses, and
    says so.
    """

    def _stop_workers(self) -> None:
        for worker in self.wrks:
            worker.terminate()  # type: ignore[no-untyped-call] # theirs
        until = time.monotonic() + _STOP_SECONDS
        while time.monotonic() < until:
            alive = [worker.is_alive() for worker in self.wrks]  # type: ignore[no-untyped-call]
            if not any(alive):
                break
            time.sleep(_STOP_LOOK_SECONDS)
        self.workers_kill_timeout = 1
        super()._stop_workers()  # type: ignore[no-untyped-call]

    def _spawn_workers(self, *given: Any, **more: Any) -> None:
        with _signal_held_back():
            super()._spawn_workers(*given, **more)  # type: ignore[no-untyped-call]

    def _respawn_workers(self, *given: Any, **more: Any) -> None:
        with _signal_held_back():
            super()._respawn_workers(*given, **more)

    def _reload(self, *_: Any) -> None:
        """Have the settings read again by running processes; none is started anew for it."""
        self.main_loop_interrupt.clear()
        self.reload_signal = False
        self._call_hooks(self.hooks_reload)  # type: ignore[no-untyped-call]

    def tell_workers(self) -> None:
        """Tell every web process to read its settings again."""
        for worker in self.wrks:
            with suppress(ProcessLookupError):
                os.kill(worker.inner.pid, signal.SIGHUP)


@contextmanager
def _signal_held_back() -> Iterator[None]:
    """Start processes that SIGHUP does not end before they listen for it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@click.command()
@click.option("--bind", metavar="HOST:PORT", help="Where to listen; port 0 is any free one.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Web processes.")
@click.option(
    "--tls-cert", type=click.Path(exists=True, dir_okay=False), help="Certificate (PEM)."
)
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False), help="Its key (PKCS#8).")
@click.option("--no-worker", is_flag=True, help="Start no daily worker beside the web workers.")
@any_account_option
def serve(  # noqa: PLR0913 - the options of one command
    *,
    bind: str | None,
    workers: int | None,
    tls_cert: str | None,
    tls_key: str | None,
    no_worker: bool,
    account: str | None,
) -> None:
    """Answer both legacy protocols until stopped (SIGTERM or Ctrl-C)."""
    if account is not None:
        # The processes started below read it from there.
        os.environ["ADAPTER_SERVER_ACCOUNTS"] = account
    settings = load_settings()
    if bool(tls_cert) != bool(tls_key):
        raise click.UsageError("--tls-cert and --tls-key: both or none")
    host, port = chosen_bind(bind or settings.server.bind)
    listening = Listening(
        host,
        port,
        workers or settings.server.workers,
        tls_cert or settings.server.tls_cert,
        tls_key or settings.server.tls_key,
    )
    run_server(settings, listening, with_worker=not no_worker)


def run_server(
    settings: Settings,
    listening: Listening,
    *,
    with_worker: bool,
    on_ready: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve until a signal ends it; `on_ready` is called with the address once it answers."""
    prepare(settings)
    listening = _claimed(listening)
    multiprocessing.set_start_method("spawn", force=True)
    handle_once()
    if not settings.links.base_url:
        # The processes started below read it from there: options may have chosen the address.
        os.environ["ADAPTER_LINKS_BASE_URL"] = listening.url
    with ExitStack() as stack:
        if settings.server.metrics_bind:
            stack.enter_context(_metrics(settings))
        kept = stack.enter_context(kept_settings(settings))
        renew_worker = stack.enter_context(_daily_worker()) if with_worker else None
        server = _Server(
            _APP,
            address=listening.host,
            port=listening.port,
            interface=Interfaces.RSGI,
            workers=listening.workers,
            http=HTTPModes.http1,
            log_level=LogLevels.warning,
            ssl_cert=Path(listening.tls_cert) if listening.tls_cert else None,
            ssl_key=Path(listening.tls_key) if listening.tls_key else None,
            respawn_failed_workers=True,
            workers_kill_timeout=_STOP_SECONDS,
            factory=True,
            websockets=False,
        )
        server.on_startup(lambda: _announce(listening, on_ready))

        def read_again() -> None:
            if kept.renew():
                server.tell_workers()
                if renew_worker is not None:
                    renew_worker()

        server.on_reload(read_again)
        server.serve()


def prepare(settings: Settings) -> None:
    """Check every account's schema, give it its defaults, and make the server key.

    Raises `ForeignSchema`, which names what to run. Done before any process is started.
    """
    for name in settings.served_accounts:
        with workplace(name, settings) as place, place.store.write() as uow:
            ensure_defaults(uow, place.context("cli").now)
    server_key(settings)


def chosen_bind(bind: str) -> tuple[str, int]:
    """Return host and port of `HOST:PORT`."""
    try:
        return parse_bind(bind)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _claimed(listening: Listening) -> Listening:
    """Return the address as numbers, once nobody else listens there; port 0 is any free one.

    The web processes share their port among themselves, which would let another gateway share it
    too: half of the callers would reach the wrong store.
    """
    host, port = listening.host, listening.port
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, _, _, address = found[0]
        with socket.socket(family, kind) as probe:
            # Connections of a server that has just ended are no reason to wait.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            taken = probe.getsockname()
    except OSError as error:
        raise click.ClickException(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return replace(listening, host=str(taken[0]), port=int(taken[1]))


def _announce(listening: Listening, on_ready: Callable[[str], None]) -> None:
    """Say where the server is once it answers; watched from a thread of its own."""

    def watch() -> None:
        until = time.monotonic() + _READY_SECONDS
        while time.monotonic() < until:
            if _answers(listening):
                say(f"Serving on {listening.url}, web processes: {listening.workers}")
                sys.stdout.flush()
                on_ready(listening.url)
                return
            time.sleep(_LOOK_SECONDS)
        warn(f"{listening.url} does not answer yet")

    threading.Thread(target=watch, daemon=True).start()


def _answers(listening: Listening) -> bool:
    host = listening.url.partition("://")[2].rpartition(":")[0].strip("[]")
    if listening.tls_cert:
        # Only whether it answers is asked; nothing is sent and nothing believed.
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, listening.port, timeout=5, context=context
        )
    else:
        connection = http.client.HTTPConnection(host, listening.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


@contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    """Listen for Prometheus; the web processes leave their counts in a folder of this run."""
    with tempfile.TemporaryDirectory(prefix="adapter-metrics-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        registry = CollectorRegistry()
        MultiProcessCollector(registry, path=folder)  # type: ignore[no-untyped-call] # theirs
        bind = settings.server.metrics_bind
        with account_metrics(
            settings, settings.served_accounts, "server.metrics_bind", bind, registry
        ):
            yield


@contextmanager
def _daily_worker() -> Iterator[Callable[[], None]]:
    """Keep an `adapter worker` running beside the web workers; end it by its id.

    Yields what has it begin anew, with settings as they are then.
    """
    stopping = threading.Event()
    renewing = threading.Event()
    started: list[subprocess.Popen[bytes]] = []

    def start() -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "adapter.cli",
            "worker",
            "--with-parent",
            f"{os.getpid()}",
        ]
        return subprocess.Popen(command)  # noqa: S603 - this very program

    def keep() -> None:
        while not stopping.is_set():
            status = started[-1].wait()
            if renewing.is_set() and not stopping.is_set():
                renewing.clear()
                started.append(start())
                continue
            if stopping.is_set() or status == 0:
                # It ends well only when it is told to.
                return
            if not stopping.wait(_RESTART_SECONDS):
                started.append(start())
                warn(f"The daily worker ended with status {status} and was started again")

    def renew() -> None:
        renewing.set()
        started[-1].terminate()

    started.append(start())
    keeper = threading.Thread(target=keep, daemon=True)
    keeper.start()
    try:
        yield renew
    finally:
        stopping.set()
        process = started[-1]
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        keeper.join(_RESTART_SECONDS)

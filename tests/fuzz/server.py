"""A gateway of its own for a fuzz run: a store in a folder, a credential, a server process."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from adapter.cli import main
from tests.databases import upgraded_sqlite

_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A running gateway. `database` is its SQLite file, `log` what its processes print."""

    url: str
    identifier: str
    secret: str
    database: Path
    log: Path


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of a gateway whose store is `folder/adapter.db`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ADAPTER_")}
    return {
        **kept,
        "ADAPTER_DATABASE_URL": f"sqlite:///{folder / 'adapter.db'}",
        "ADAPTER_ACCESS_FAILURE_DELAY_SECONDS": "0",
        **more,
    }


def adapter(environ: Mapping[str, str], *arguments: str) -> str:
    """Run one `adapter` command in a process of its own and return what it printed."""
    done = subprocess.run(  # noqa: S603 - our own command
        [str(Path(sys.executable).with_name("adapter")), *arguments],
        env=dict(environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"adapter {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def here(environ: Mapping[str, str], *arguments: str) -> str:
    """Run one `adapter` command in this process, which has loaded it already; as `adapter`."""
    unset = dict.fromkeys(os.environ)
    done = CliRunner().invoke(main, arguments, env={**unset, **environ})
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    if done.exit_code:
        raise RuntimeError(f"adapter {' '.join(arguments)}: {done.output}")
    return done.stdout


def upgrade(environ: Mapping[str, str]) -> None:
    """Do what `adapter db upgrade` does; a new SQLite file is a copy of one that it made."""
    url = environ["ADAPTER_DATABASE_URL"]
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        file.write_bytes(upgraded_sqlite())
    here(environ, "db", "upgrade")


def add_credential(environ: Mapping[str, str], name: str = "fuzz") -> tuple[str, str]:
    """Make a credential for everything; return identifier and secret."""
    printed = here(environ, "credentials", "add", name)
    found = dict(re.findall(r"(?im)^\W*(identifier|secret)\W+([A-Z0-9]+)\W*$", printed))
    lower = {key.lower(): value for key, value in found.items()}
    return lower["identifier"], lower["secret"]


@contextmanager
def running(folder: Path, workers: int = 2, **more: str) -> Iterator[Server]:
    """Start a gateway on a fresh store in `folder`, without a worker: nothing bills alone."""
    environ = environment(folder, **more)
    upgrade(environ)
    identifier, secret = add_credential(environ)
    port = free_port()
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [
                str(Path(sys.executable).with_name("adapter")),
                "serve",
                "--bind",
                f"127.0.0.1:{port}",
                "--workers",
                str(workers),
                "--no-worker",
            ],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(process, port, log)
            yield Server(
                f"http://127.0.0.1:{port}", identifier, secret, folder / "adapter.db", log
            )
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")

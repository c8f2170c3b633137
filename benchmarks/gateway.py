"""The gateway as a process of its own on loopback, and what it cost: for every script here."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BIN = Path(sys.executable).parent
_LONGEST_SECONDS = 3600


def on_store(url: str) -> dict[str, str]:
    """Return the environment of a gateway on a store: settings of its own, runs without limit."""
    return {
        "ADAPTER_DATABASE_URL": url,
        "ADAPTER_CONFIG": "",
        "ADAPTER_ACCESS_SERVER_KEY": "5e" * 32,
        "ADAPTER_RUN_TIME_LIMIT_SECONDS": str(_LONGEST_SECONDS),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, path: str, environment: dict[str, str]) -> Iterator[int]:
    """Run a server in the background, yield its pid once it answers; end it by its pid."""
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, stdout=nothing, stderr=nothing)
    try:
        until = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2)
            except urllib.error.HTTPError:
                break
            except OSError:
                if time.monotonic() > until or process.poll() is not None:
                    raise
                time.sleep(0.1)
            else:
                break
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def adapter(environment: dict[str, str], *arguments: str) -> str:
    command = [str(BIN / "adapter"), *arguments]
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout


def credentials(environment: dict[str, str], name: str) -> tuple[str, str]:
    words = adapter(environment, "credentials", "add", name).split()
    return words[words.index("identifier") + 1], words[words.index("secret") + 1]


def recurring_body(identifier: str, secret: str) -> bytes:
    """Return the body of a call that makes a recurring invoice which is never due."""
    row = ["CODE", "2", "Monthly lease of a thing", "199.99", "ZAR", "1", "15.00", "0"]
    fields = {
        "username": identifier,
        "password": secret,
        "client_invoice_name": "Bench",
        "client_email": "bench@example.com",
        "Recurrs": "monthly",
        "paused": "0",
        "limit_recurrances": "0",
        "recurrances_limit": "",
        "add_increase": "0",
        "IncreasePercentage": "",
        "IncreaseInterval": "",
        "recurring_start_date": "2099-01-01",
        "data": [row] * 10,
    }
    return json.dumps(fields).encode()


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway with one web worker, as its callers see it."""

    port: int
    pid: int
    identifier: str
    secret: str

    def call(self, action: str, **fields: str) -> dict[str, str]:
        """Make one form-post call; raises `ValueError` unless it succeeds."""
        body = {
            "action": action,
            "identifier": self.identifier,
            "secret": self.secret,
            "responsetype": "json",
            **fields,
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_LONGEST_SECONDS)
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/includes/api.php", urllib.parse.urlencode(body), kind)
        reply: dict[str, str] = json.loads(connection.getresponse().read())
        connection.close()
        if reply.get("result") != "success":
            raise ValueError(f"{action}: {reply}")
        return reply

    def bill(self, count: int) -> float:
        """Bill everything due by one `GenInvoices` call; return its seconds.

        Raises `ValueError` unless it made `count`.
        """
        began = time.perf_counter()
        reply = self.call("GenInvoices")
        seconds = time.perf_counter() - began
        if int(reply["numcreated"]) != count:
            raise ValueError(f"{count} were due, the reply is {reply}")
        return seconds

    def peak_bytes(self) -> int:
        """Return the most memory that one of its processes ever had."""
        return max(_peak_bytes(pid) for pid in (self.pid, *_children(self.pid)))


@contextmanager
def gateway(url: str) -> Iterator[Gateway]:
    """Serve a store with one web worker and no daily worker."""
    environment = os.environ | on_store(url)
    identifier, secret = credentials(environment, uuid.uuid4().hex)
    port = free_port()
    serve = [
        str(BIN / "adapter"), "serve", "--bind", f"127.0.0.1:{port}", "--workers", "1",
        "--no-worker",
    ]  # fmt: skip
    with server(serve, port, "/healthz", environment) as pid:
        yield Gateway(port, pid, identifier, secret)


def bill(url: str, count: int) -> tuple[float, int]:
    """Bill everything in a store by one `GenInvoices` call to a gateway that is warm.

    Returns its seconds and the worker's peak memory. Raises `ValueError` unless it made `count`.
    """
    with gateway(url) as served:
        served.call("GetInvoices", limitnum="1")
        return served.bill(count), served.peak_bytes()


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += [int(child), *_children(int(child))]
    return found


def _peak_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0

"""Claim: forwarding costs at most what a bare Flask view with `requests` does, and a share more.

16 connections, 2 workers of 16 threads, one upstream that answers at once or after 50 ms. What
passes as it is reaches at least 0.80 of (a) a view on the same server that sends the same bytes on
with `requests.Session`; a command that is written anew and stored 0.60 of one that makes the same
two durable commits around it. So does a recurring invoice of a positional caller, of which a
form-post upstream is told in three calls (a look-up of the client, the client, one billable item):
its view makes the same calls and commits. (b) nginx's `proxy_pass` to the same upstream is
reported. Medians of several runs, in turn.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import load
from gateway import BIN, adapter, credentials, free_port, server

HERE = Path(__file__).parent
API = "/includes/api.php"
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
THREADS = "16"
PASSED, STORED = 0.80, 0.60
SETTINGS = """
[accounts.main.backends.old]
kind = "forward"
protocol = "whmcs"
url = "http://127.0.0.1:{port}/includes/api.php"
identifier = "A"
secret = "B"
[accounts.main.backends.old.terms]
currency = "ZAR"
vat_rate = "15"
days_in_advance = 0
client_country = "ZA"
endless_times = 999
drop_product_codes = true
[accounts.main.routes]
default = "old"
upstream = "old"
"""
NGINX = """
worker_processes 2; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream old {{ server 127.0.0.1:{upstream}; keepalive 32; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://old; proxy_http_version 1.1; proxy_set_header Connection "";
    }}
  }}
}}
"""


@contextmanager
def nginx(upstream: int, folder: Path) -> Iterator[int | None]:
    """Run nginx in front of the upstream; None where it is not installed."""
    program = shutil.which("nginx")
    if program is None:
        yield None
        return
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, upstream=upstream, port=port))
    process = subprocess.Popen([program, "-c", str(config), "-p", str(folder)])
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2)
                break
            except OSError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def granian(app: str, port: int, interface: str, workers: int) -> list[str]:
    command = [
        str(BIN / "granian"), "--interface", interface, "--host", "127.0.0.1", "--port",
        str(port), "--workers", str(workers), "--no-ws", "--log-level", "warning", app,
    ]  # fmt: skip
    return [*command, "--blocking-threads", THREADS] if interface == "wsgi" else command


def measure(delay: float, runs: int, counts: tuple[int, int]) -> list[bool]:
    """Print the lines of one upstream; tell which claims hold."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        upstream, ours, theirs = free_port(), free_port(), free_port()
        (folder / "adapter.toml").write_text(SETTINGS.format(port=upstream))
        database, reference = folder / "adapter.db", folder / "reference.db"
        environment = os.environ | {
            "ADAPTER_DATABASE_URL": f"sqlite:///{database}",
            "ADAPTER_CONFIG": str(folder / "adapter.toml"),
            "ADAPTER_SERVER_THREADS": THREADS,
            "REFERENCE_DATABASE": str(reference),
            "REFERENCE_UPSTREAM": f"http://127.0.0.1:{upstream}{API}",
            "UPSTREAM_DELAY": str(delay),
            "PYTHONPATH": str(HERE),
        }
        adapter(environment, "db", "upgrade")
        other = environment | {"ADAPTER_DATABASE_URL": f"sqlite:///{reference}"}
        adapter(other, "db", "upgrade")
        with sqlite3.connect(reference) as connection:
            connection.execute(
                "CREATE TABLE reference_attempts (reference TEXT PRIMARY KEY, state TEXT, "
                "request TEXT, result TEXT)"
            )
        identifier, secret = credentials(environment, "benchmark")
        serve = [
            str(BIN / "adapter"), "serve", "--bind", f"127.0.0.1:{ours}", "--workers", "2",
            "--no-worker",
        ]  # fmt: skip
        away = granian("forward_upstream:app", upstream, "rsgi", 1)
        bare = granian("forward_reference:app", theirs, "wsgi", 2)
        stack.enter_context(server(away, upstream, "/", environment))
        stack.enter_context(server(serve, ours, "/healthz", environment))
        stack.enter_context(server(bare, theirs, "/", environment))
        front = stack.enter_context(nginx(upstream, folder))
        auth = f"identifier={identifier}&secret={secret}&responsetype=json"
        # No action of ours, as an addon of the upstream has it: whatever is ours is written anew.
        module = f"action=AcmeProvision&serviceid=7&{auth}".encode()
        item = (
            "action=AddBillableItem&clientid=7&description={}&unit=quantity&amount=40.00&" + auth
        )
        shown = "at once" if not delay else f"after {delay * 1000:.0f} ms"
        passing = {ours: (API, module), theirs: ("/pass", module)}
        if front is not None:
            passing[front] = (API, module)
        # Each item is another one, or it would be recognised as a repeat.
        storing = {ours: (API, item), theirs: ("/stored", item)}
        recurring = recurring_invoice(identifier, secret)
        translating = {
            ours: ("/api/GenerateNewRecurringInvoice.php?apiformat=json", recurring),
            theirs: ("/translated", recurring),
        }
        return [
            compare(f"passed, upstream {shown}", runs, counts[0], passing, PASSED),
            compare(f"written and stored, upstream {shown}", runs, counts[1], storing, STORED),
            compare(
                f"translated and stored, upstream {shown}",
                runs,
                counts[1],
                translating,
                STORED,
                kind=JSON,
            ),
        ]


def recurring_invoice(identifier: str, secret: str) -> str:
    """Return a recurring invoice of a new client; `{}` stands where each is another one."""
    start = datetime.now(UTC).date() + timedelta(days=2)
    row = ["HOST", "1", "Hosting", "100.00", "ZAR", "1", "15", "0"]
    body = {
        "username": identifier,
        "password": secret,
        "client_invoice_name": "Acme @@",
        "client_email": "acme-@@@example.com",
        "Recurrs": "weekly",
        "paused": "0",
        "limit_recurrances": "0",
        "recurrances_limit": "",
        "add_increase": "0",
        "IncreasePercentage": "",
        "IncreaseInterval": "",
        "recurring_start_date": start.isoformat(),
        "data": [row],
    }
    text = json.dumps(body).replace("{", "{{").replace("}", "}}")
    return text.replace("Acme @@", "Acme {0}").replace("acme-@@@", "acme-{0}@")


def compare(  # noqa: PLR0913 - one row
    name: str,
    runs: int,
    count: int,
    calls: dict[int, tuple[str, bytes | str]],
    claim: float,
    kind: str = FORM,
) -> bool:
    """Print one row; tell whether its claim holds."""
    serial = 0

    def request(path: str, body: bytes | str) -> bytes:
        nonlocal serial
        serial += 1
        sent = body if isinstance(body, bytes) else body.format(f"Item+{serial}").encode()
        return load.post(path, sent, kind)

    samples: dict[int, list[load.Sample]] = {port: [] for port in calls}
    for turn in range(runs + 1):
        for port, (path, body) in calls.items():
            part = count if turn else count // 4
            sample = load.run(port, lambda _, p=path, b=body: request(p, b), count=part)  # type: ignore[misc]
            if any(b"success" not in each for each in sample.bodies):
                raise ValueError(f"{name}: {sample.bodies}")
            if turn:
                samples[port].append(sample)
    rates = [load.median([each.per_second for each in found]) for found in samples.values()]
    tails = [load.median([each.percentile(0.99) for each in found]) for found in samples.values()]
    ratio = rates[0] / rates[1]
    beside = ""
    if len(rates) > 2:
        beside = f"{rates[2]:.0f}/s, ratio {rates[0] / rates[2]:.2f}"
    print(
        f"| {name} | {rates[0]:.0f}/s | {rates[1]:.0f}/s | {ratio:.2f} (>= {claim}) | "
        f"p99 {tails[0]:.1f} ms / {tails[1]:.1f} ms | {beside} |",
        flush=True,
    )
    return ratio >= claim


def main() -> int:
    """Measure; exit 1 when a claim is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--passed", type=int, default=4000)
    parser.add_argument("--stored", type=int, default=1500)
    options = parser.parse_args()
    print(
        "| call | ours | bare view | ratio | p99 ours / bare | nginx |\n|---|---|---|---|---|---|"
    )
    counts = (options.passed, options.stored)
    held = [each for delay in (0.0, 0.05) for each in measure(delay, options.runs, counts)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

"""A real gateway on loopback: a fresh store, credentials, `adapter serve` as a child process."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fuzz.server import add_credential, environment, free_port, here, upgrade

START_SECONDS = 60.0
STOP_SECONDS = 30.0
REPLY_SECONDS = 60.0
FORM_PATH = "/includes/api.php"

# Everything a new client needs; the e-mail address is each client's own.
PERSON = {
    "firstname": "Ann",
    "lastname": "Doe",
    "address1": "1 Main Road",
    "city": "Cape Town",
    "state": "Western Cape",
    "postcode": "8001",
    "country": "ZA",
    "phonenumber": "0215550100",
    "password2": "x",
    "noemail": "1",
}
# A recurring invoice of one plain line; a test changes what it is about.
RECURRING: Mapping[str, Any] = {
    "Recurrs": "monthly",
    "paused": "0",
    "limit_recurrances": "0",
    "recurrances_limit": "",
    "add_increase": "0",
    "IncreasePercentage": "",
    "IncreaseInterval": "",
}


def living_on(day: date) -> dict[str, str]:
    """Return the environment in which the account's date is `day`.

    The zone is chosen so that it is about noon there: no test runs past midnight.
    """
    now = datetime.now(UTC)
    ahead = (12 - now.hour + 12) % 24 - 12
    there = now.astimezone(timezone(timedelta(hours=ahead))).date()
    # The names of these zones count westwards.
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
    return {
        "ADAPTER_ACCOUNTS_MAIN_ZONE": zone,
        "ADAPTER_ACCOUNTS_MAIN_CLOCK_SHIFT_DAYS": str((day - there).days),
    }


def php_pairs(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield the form pairs that stand for nested dicts and lists in PHP's bracket notation."""
    if isinstance(value, Mapping):
        entries: Any = value.items()
    elif isinstance(value, list | tuple):
        entries = enumerate(value)
    else:
        yield name, str(value)
        return
    for key, entry in entries:
        yield from php_pairs(entry, f"{name}[{key}]" if name else str(key))


@dataclass(slots=True)
class Gateway:
    """A gateway on a store in `folder`; `today` is the date its account lives on."""

    folder: Path
    environ: dict[str, str]
    today: date
    workers: int = 1
    identifier: str = ""
    secret: str = ""
    username: str = ""
    password: str = ""
    url: str = ""
    serial: int = 0
    session: requests.Session = field(default_factory=requests.Session)
    process: "subprocess.Popen[bytes] | None" = None

    # --- the process

    @property
    def log(self) -> Path:
        """What the server's processes print."""
        return self.folder / "server.log"

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.folder / "adapter.db"

    def adapter(self, *arguments: str) -> str:
        """Run an `adapter` command on this store; return what it printed."""
        return here(self.environ, *arguments)

    def start(self) -> None:
        """Start serving, and wait until the gateway says that it is ready."""
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [str(Path(sys.executable).with_name("adapter")), "serve"]
        command += ["--bind", f"127.0.0.1:{port}", "--workers", str(self.workers), "--no-worker"]
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                env=self.environ,
                cwd=self.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own, so that `kill` reaches its web processes too.
                start_new_session=True,
            )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                if requests.get(f"{self.url}/readyz", timeout=5).status_code == requests.codes.ok:
                    return
            except requests.RequestException:
                time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"the gateway did not start: {self.log.read_text('utf-8', 'replace')}")

    def stop(self) -> None:
        """End the server as an operator would."""
        self.session.close()
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self.process = None

    def kill(self) -> None:
        """End the server and its web processes at once, as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)
            self.process = None

    def restart(self, day: date | None = None) -> None:
        """Stop and start again, on another day if one is given."""
        self.stop()
        if day is not None:
            self.environ |= living_on(day)
            self.today = day
        self.start()

    # --- the form-post protocol

    def post(self, path: str, body: str | bytes, **headers: str) -> requests.Response:
        """Send a body as it is."""
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        data = body.encode() if isinstance(body, str) else body
        return self.session.post(self.url + path, data, headers=sent, timeout=REPLY_SECONDS)

    def call(self, action: str, **params: Any) -> dict[str, Any]:
        """Make a form-post call; return the reply, whatever it says."""
        sent = {"action": action, "identifier": self.identifier, "secret": self.secret}
        pairs = list(php_pairs({**sent, **params, "responsetype": "json"}))
        reply = self.session.post(self.url + FORM_PATH, pairs, timeout=REPLY_SECONDS)
        decoded: dict[str, Any] = reply.json()
        return decoded

    def form(self, action: str, **params: Any) -> dict[str, Any]:
        """Make a form-post call that must succeed."""
        reply = self.call(action, **params)
        assert "success" in {reply.get("result"), reply.get("status")}, (action, params, reply)
        return reply

    def refused(self, action: str, **params: Any) -> str:
        """Make a form-post call that must be refused; return the text."""
        reply = self.call(action, **params)
        assert reply["result"] == "error", (action, params, reply)
        return str(reply["message"])

    @contextmanager
    def setting(self, name: str, value: str) -> Iterator[None]:
        """Give a business setting another value for a while."""
        before = self.form("GetConfigurationValue", setting=name)["value"]
        self.form("SetConfigurationValue", setting=name, value=value)
        try:
            yield
        finally:
            self.form("SetConfigurationValue", setting=name, value=before)

    def generate(self, **scope: Any) -> tuple[str, Any]:
        """Run `GenInvoices`; return `numcreated` and `latestinvoiceid`."""
        reply = self.form("GenInvoices", **scope)
        return reply["numcreated"], reply.get("latestinvoiceid")

    def invoices(self, client_id: int) -> list[dict[str, Any]]:
        """Return a client's invoices, oldest first, with their lines."""
        listed = self.form("GetInvoices", userid=client_id, orderby="id", order="asc")
        rows = listed["invoices"]["invoice"]
        return [self.form("GetInvoice", invoiceid=row["id"]) for row in rows]

    # --- the positional-array protocol

    def positional(self, endpoint: str, payload: Mapping[str, Any]) -> Any:
        """Make a call in JSON mode; return the decoded reply."""
        body = json.dumps({"username": self.username, "password": self.password, **payload})
        reply = self.post(f"/api/{endpoint}.php?apiformat=json", body)
        assert reply.status_code == requests.codes.ok, (endpoint, payload, reply.text)
        return reply.json()

    def recurring(self, client_id: Any, rows: Any, **changed: Any) -> dict[str, Any]:
        """Create a recurring invoice that starts today unless said otherwise."""
        start = {"recurring_start_date": self.today.isoformat()}
        payload = {**RECURRING, **start, "ClientID": client_id, "data": rows, **changed}
        reply: dict[str, Any] = self.positional("GenerateNewRecurringInvoice", payload)
        return reply

    def documents(self, client_id: Any, kind: str = "invoices") -> dict[str, dict[str, str]]:
        """Return a client's documents by id, as the positional protocol lists them."""
        listed = self.positional("getDocumentsByType_JSON", {"ClientID": client_id, "type": kind})
        found: dict[str, dict[str, str]] = listed[str(client_id)] if listed else {}
        return found

    # --- what most tests need first

    def client(self, **changed: Any) -> int:
        """Make a client."""
        self.serial += 1
        email = f"client-{self.serial}@example.com"
        return int(self.form("AddClient", **{**PERSON, "email": email, **changed})["clientid"])

    def product(self, monthly: str = "15.95", annually: str = "150.00", **changed: Any) -> int:
        """Make a product with prices in currency 1."""
        self.serial += 1
        facts = {
            "name": f"Product {self.serial}",
            "gid": 1,
            "type": "other",
            "paytype": "recurring",
            "pricing": {1: {"monthly": monthly, "annually": annually}},
        }
        return int(self.form("AddProduct", **{**facts, **changed})["pid"])

    def service(
        self, client_id: int, product_id: int, due_in: int | None = 10, **order: Any
    ) -> int:
        """Order a product without an invoice and accept it; return the service's id.

        With `due_in` it is an old service whose next due date lies so many days from today.
        """
        facts = {
            "clientid": client_id,
            "paymentmethod": "banktransfer",
            "pid": [product_id],
            "billingcycle": ["monthly"],
            "noinvoice": 1,
            "noemail": 1,
        }
        placed = self.form("AddOrder", **{**facts, **order})
        self.form("AcceptOrder", orderid=placed["orderid"])
        service_id = int(placed["serviceids"])
        if due_in is not None:
            self.form(
                "UpdateClientProduct",
                serviceid=service_id,
                regdate=self.in_days(-365),
                nextduedate=self.in_days(due_in),
            )
        return service_id

    def pay(self, invoice_id: int, **more: Any) -> None:
        """Pay an invoice's whole balance."""
        facts = {"invoiceid": invoice_id, "transid": f"T-{invoice_id}", "gateway": "banktransfer"}
        self.form("AddInvoicePayment", **{**facts, **more})

    def in_days(self, days: int) -> str:
        """Return the date so many days from today."""
        return (self.today + timedelta(days=days)).isoformat()

    def shown_service(self, service_id: int) -> dict[str, Any]:
        """Return a service as the form-post protocol lists it."""
        listed = self.form("GetClientsProducts", serviceid=service_id)
        found: dict[str, Any] = listed["products"]["product"][0]
        return found


OpenGateway = Callable[..., Gateway]


@pytest.fixture(scope="module")
def open_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenGateway]:
    """Start gateways, each on a store of its own; all end with the module."""
    opened: list[Gateway] = []

    def start(today: date | None = None, workers: int = 1, **environ: str) -> Gateway:
        folder = tmp_path_factory.mktemp("gateway")
        day = today or datetime.now(UTC).date()
        gateway = Gateway(folder, environment(folder, **living_on(day), **environ), day, workers)
        upgrade(gateway.environ)
        gateway.identifier, gateway.secret = add_credential(gateway.environ, "form")
        gateway.username, gateway.password = add_credential(gateway.environ, "positional")
        opened.append(gateway)
        gateway.start()
        return gateway

    yield start
    for gateway in opened:
        gateway.stop()
    for gateway in opened:
        log = gateway.log.read_text("utf-8", "replace")
        assert "Traceback" not in log
        assert '"event":"crash"' not in log


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway) -> Gateway:
    """Return a gateway for a module whose tests each make clients of their own."""
    return open_gateway()

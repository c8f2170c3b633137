"""The mapping `invoiceninja` against Invoice Ninja's own OpenAPI description, served by Prism.

Prism stands as a proxy before a server of ours and holds every request against the description.
That file is not ours to keep: name a copy of it (`openapi/api-docs.yaml` of the project) in
`ADAPTER_TEST_INVOICENINJA_OPENAPI`; without it the test is skipped. It needs npm, for Prism.
"""

# ruff: noqa: S310, S603 - loopback and fixed commands only

import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
import yaml

from adapter.backends.base import Deadline
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
from adapter.backends.transport import Transport, TransportConfig
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GetClient,
    GetInvoice,
    ListInvoices,
    RecordPayment,
)
from tests.contexts import context_on
from tests.fuzz.server import free_port
from tests.ninja_fake import FakeNinja
from tests.unit.backends.mapped.conftest import Book

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]

VARIABLE = "ADAPTER_TEST_INVOICENINJA_OPENAPI"
PRISM = "@stoplight/prism-cli@5.16.0"
TODAY = datetime.now(UTC).date()
ANN = ClientFields(
    invoice_name="Ann Ltd", first_name="Ann", email="ann@example.com", country="ZA", city="Paarl"
)
LINE = RecurringLine("RENT", Decimal(2), "Rent", Decimal("12.5"), "ZAR", True, Decimal(15), False)
MONTHLY = CreateRecurringInvoice(
    Frequency.MONTHLY, TODAY + timedelta(days=3), (LINE,), new_client=ANN, recurrence_limit=12
)
# The description gives POST /recurring_invoices no body. What the handler takes is described as
# this component.
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/RecurringInvoiceRequest"}}
    },
}


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""


@pytest.fixture(scope="module")
def description(tmp_path_factory):
    given = os.environ.get(VARIABLE)
    if not given:
        pytest.skip(f"{VARIABLE} names no copy of Invoice Ninja's openapi/api-docs.yaml")
    tree = yaml.safe_load(Path(given).read_text())
    tree["paths"]["/api/v1/recurring_invoices"]["post"]["requestBody"] = BODY
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_text(json.dumps(tree, default=str))
    return path


@pytest.fixture(scope="module")
def prism():
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed; Prism comes by it")
    folder = Path(__file__).parent / "software" / ".venv-prism"
    command = folder / "node_modules" / ".bin" / "prism"
    if not command.exists():
        folder.mkdir(exist_ok=True)
        install = [npm, "install", "--prefix", str(folder), "--no-fund", "--no-audit", PRISM]
        made = subprocess.run(install, capture_output=True, text=True, check=False)
        if made.returncode:
            pytest.skip(f"Prism cannot be installed: {made.stderr.strip()[-300:]}")
    return command


@pytest.fixture
def ninja():
    return FakeNinja()


@pytest.fixture
def url(description, prism, ninja):
    server = make_server("127.0.0.1", 0, ninja, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = free_port()
    behind = f"http://127.0.0.1:{server.server_port}"
    process = subprocess.Popen(
        [prism, "proxy", str(description), behind, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{address}/api/v1/clients", timeout=5)
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)  # it says nothing when it is ready
        yield address
    finally:
        process.terminate()
        process.wait(10)
        server.shutdown()
        server.server_close()


class Watched:
    """The network, with what Prism found wrong with our requests."""

    def __init__(self):
        self.inner = Transport(TransportConfig())
        self.wrong = []
        self.count = 0

    def exchange(self, request, deadline):
        reply = self.inner.exchange(request, deadline)
        self.count += 1
        for each in json.loads(reply.headers.get("sl-violations", "[]")):
            if each["location"][0] == "request":
                self.wrong.append((request.method, request.url, each))
        assert reply.status != 422, reply.body
        return reply


def test_every_request_is_as_the_description_says(url, ninja):
    network, book = Watched(), Book()
    connector = MappedConnector(
        "ninja",
        load_mapping("invoiceninja"),
        MappedConfig("invoiceninja", url, "", "TOKEN"),
        network,
        book,
        monotonic=time.monotonic,
    )

    def do(command, reference):
        context = context_on(TODAY, reference)
        return connector.send(command, context, Deadline(30.0, context.elapsed))

    def look_up(command, reference):
        context = context_on(TODAY, reference)
        return connector.look_up(command, context, Deadline(30.0, context.elapsed))

    client = CreateClient(ANN, ClientIdentity.NAME_AND_EMAIL)
    created = do(client, "reference-1")
    assert look_up(client, "reference-1") == created
    assert do(FindClient("Ann Ltd", "ann@example.com"), "reference-2").client_id == 1
    assert do(GetClient(1), "reference-3").client.city == "Paarl"
    recurring = do(MONTHLY, "reference-4")
    assert look_up(MONTHLY, "reference-4") == recurring
    invoice = ninja.put(
        "invoices",
        client_id=ninja.records["clients"][0]["id"],
        number="INV1",
        date=TODAY.isoformat(),
        amount=100,
        balance=100,
        total_taxes=0,
        status_id="2",
        line_items=[],
    )
    number = book.ours("invoice", invoice["id"])
    assert do(GetInvoice(number), "reference-5").invoice.number_text == "INV1"
    assert do(ListInvoices(client_id=1), "reference-6").listing.total == 1
    payment = RecordPayment(number, "T-1")
    assert do(payment, "reference-7") == look_up(payment, "reference-7")
    assert network.wrong == []
    assert network.count > 10

"""Mail that really leaves: a real server receives what a real worker sends."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import ExitStack
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from pypdf import PdfReader

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    GenerateDueInvoices,
)
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.migrate import upgrade
from adapter.store.outbox import Status, begin_delivery, enqueue_many, mail_row, summarise
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store
from tests.fuzz.server import environment, free_port
from tests.mailserver import PASSWORD, USER, Inbox, mail_server, make_certificate

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

ADAPTER = Path(sys.executable).with_name("adapter")
LINE = ["SUPPORT", "2", "Monthly support", "100.00", "ZAR", 1, "15.00", 0]
MAILS = 500
DOCUMENTS = 100
KILLS = 5
DOWN_SECONDS = 60.0


def smtp(port: int, **more: str) -> dict[str, str]:
    return {
        "ADAPTER_MAIL_TRANSPORT": "smtp",
        "ADAPTER_MAIL_HOST": "127.0.0.1",
        "ADAPTER_MAIL_PORT": str(port),
        "ADAPTER_MAIL_SECURITY": "plain",
        "ADAPTER_MAIL_TIMEOUT_SECONDS": "5",
        "ADAPTER_MAIL_RETRY_SECONDS": "0.1",
        "ADAPTER_ACCOUNTS_MAIN_BUSINESS_NAME": "Kaap Hosting",
        "ADAPTER_ACCOUNTS_MAIN_BUSINESS_EMAIL": "billing@kaap.example",
        **more,
    }


def test_an_invoice_arrives_once_with_a_pdf_that_says_what_it_says(open_gateway, tmp_path):
    tls = make_certificate(tmp_path)
    port = free_port()
    secured = {
        "ADAPTER_MAIL_SECURITY": "starttls",
        "ADAPTER_MAIL_CA_FILE": str(tls[0]),
        "ADAPTER_MAIL_USERNAME": USER.decode(),
        "ADAPTER_MAIL_PASSWORD": PASSWORD.decode(),
    }
    gateway = open_gateway(**smtp(port, **secured))
    gateway.adapter("worker", "--once")  # mail is switched on
    client = {"client_invoice_name": "Ann", "client_email": "ann@example.com; books@example.com"}
    gateway.recurring("", [LINE, ["Z", "1", "Zero-rated", "50", "ZAR", 1, "0", 0]], **client)
    # The mail server is down: no call is refused or waits for it.
    began = time.monotonic()
    assert gateway.generate()[0] == "1"
    assert time.monotonic() - began < 5
    inbox = Inbox()
    gateway.adapter("worker", "--once")
    with mail_server(port, inbox, tls):
        time.sleep(0.2)  # the first wait after a failure
        gateway.adapter("worker", "--once")
        gateway.adapter("worker", "--once")
    (mail,) = inbox.received
    assert mail.recipients == ["ann@example.com", "books@example.com"]
    assert mail.message["To"] == "ann@example.com, books@example.com"
    assert mail.message["Subject"] == "Tax Invoice 1 from Kaap Hosting"
    assert mail.message["From"] == "Kaap Hosting <billing@kaap.example>"
    text = " ".join(PdfReader(BytesIO(mail.pdf)).pages[0].extract_text().split())
    day = gateway.today.strftime("%d/%m/%Y")
    for shown in (
        "Tax Invoice 1",
        f"Date {day} Due date {day}",
        "SUPPORT Monthly support 2 100.00 15 200.00",
        "Z Zero-rated 1 50.00 0 50.00",
        "15 % 200.00 30.00",
        "Subtotal R250.00 ZAR VAT R30.00 ZAR Total R280.00 ZAR",
    ):
        assert shown in text
    (document,) = gateway.documents(1).values()
    downloaded = requests.get(document["link"], timeout=30)
    assert downloaded.headers["Content-Type"] == "application/pdf"
    assert downloaded.content == mail.pdf
    assert requests.get(document["link"][:-1], timeout=30).status_code == 404
    assert "sent 1" in gateway.adapter("outbox", "list")


def test_a_server_that_refuses_is_asked_again_or_given_up(open_gateway):
    port = free_port()
    gateway = open_gateway(**smtp(port))
    gateway.adapter("worker", "--once")
    for name, address in (("Gone", "unknown@example.com"), ("Ann", "ann@example.com")):
        gateway.recurring("", [LINE], client_invoice_name=name, client_email=address)
    gateway.generate()
    inbox = Inbox(refusals=["451 try again later"])
    with mail_server(port, inbox):
        gateway.adapter("worker", "--once")
        time.sleep(0.2)
        gateway.adapter("worker", "--once")
    (mail,) = inbox.received
    assert mail.recipients == ["ann@example.com"]
    listed = gateway.adapter("outbox", "list")
    assert "\tdead\tInvoice Created\t1\t" in listed
    assert "550 no such mailbox" in listed
    assert "dead 1" in listed
    assert gateway.adapter("outbox", "drop", "--all") == "1 mail dropped\n"


def context() -> Context:
    now = datetime.now(UTC)
    account = Account("main", Mode.SANDBOX, ZoneInfo("UTC"), "1")
    return Context(Caller(account, "tests", ""), now.date(), now, "r", "r", lambda: 0.0)


def fill(store: Store) -> None:
    """Queue the mails: of invoices, and plain ones."""
    backend = LocalBackend(store, RunConfig())
    at = context()
    line = RecurringLine("S", Decimal(1), "Support", Decimal(100), "ZAR", True, Decimal(15), False)
    for number in range(DOCUMENTS):
        fields = ClientFields(invoice_name=f"Client {number}", email=f"c{number}@example.com")
        client: Any = backend.execute(
            CreateClient(fields, ClientIdentity.NAME_AND_EMAIL, send_email=False), at
        )
        command = CreateRecurringInvoice(
            Frequency.MONTHLY, at.today, (line,), client_id=client.client_id
        )
        backend.execute(command, at)
    backend.execute(GenerateDueInvoices(), at)
    with store.write() as uow:
        enqueue_many(
            uow,
            [
                mail_row(at, "client_welcome", 1 + number % DOCUMENTS)
                for number in range(MAILS - DOCUMENTS)
            ],
        )


def test_no_mail_is_lost_when_the_server_is_down_and_workers_are_killed(tmp_path):
    port = free_port()
    environ = environment(tmp_path, **smtp(port, ADAPTER_MAIL_LEASE_SECONDS="10"))
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    upgrade(store)
    with store.write() as uow:
        ensure_defaults(uow, datetime.now(UTC))
    begin_delivery(store, datetime.now(UTC), active=True)
    fill(store)
    inbox = Inbox()
    with ExitStack() as stack, (tmp_path / "worker.log").open("ab") as log:

        def worker() -> "subprocess.Popen[bytes]":
            command = [str(ADAPTER), "worker"]
            return subprocess.Popen(  # noqa: S603 - our own command
                command, env=environ, stdout=log, stderr=log
            )

        def kill(process: "subprocess.Popen[bytes]") -> None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(30)

        # Down: whoever tries in vain is killed too.
        process = worker()
        time.sleep(DOWN_SECONDS)
        kill(process)
        assert inbox.received == []
        stack.enter_context(mail_server(port, inbox))
        for _ in range(KILLS):
            process = worker()
            assert inbox.wait_for(len(inbox.ids()) + MAILS // (2 * KILLS), 240)
            kill(process)
        process = worker()
        assert inbox.wait_for(MAILS, 300)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with store.read() as uow:
                if summarise(uow).counts[Status.SENT] == MAILS:
                    break
            time.sleep(0.2)
        process.terminate()
        assert process.wait(60) == 0
    with store.read() as uow:
        counts = summarise(uow).counts
    store.close()
    assert counts[Status.SENT] == MAILS
    repeated = Counter(each.message_id for each in inbox.received)
    assert len(repeated) == MAILS
    # Only what was on its way when its worker died comes twice.
    assert sum(count - 1 for count in repeated.values()) <= KILLS
    assert sum(1 for each in inbox.received if list(each.message.iter_attachments())) >= DOCUMENTS

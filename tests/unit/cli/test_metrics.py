"""What Prometheus is told of accounts, and who may ask."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from adapter.assemble.watching import watched_accounts
from adapter.bridge.addresses import AddressList
from adapter.cli.metrics import AccountCollector, metrics_app
from adapter.settings import load_settings
from adapter.store import tables
from adapter.store.holds import RESTORED, set_hold
from adapter.store.outbox import Status, enqueue_many, mail_row
from adapter.store.unit_of_work import Store


class Scraped:
    """The accounts' figures as Prometheus reads them; `wait` lets seconds pass."""

    def __init__(self):
        self.accounts = watched_accounts(load_settings(), ("main",))
        self.registry = CollectorRegistry()
        self.registry.register(AccountCollector(self.accounts, lambda: self.seconds))
        self.seconds = 0.0

    def value(self, name, **labels):
        return self.registry.get_sample_value(name, {"account": "main", **labels})

    @property
    def store(self) -> Store:
        return self.accounts[0].store


@pytest.fixture
def scraped(ready):
    made = Scraped()
    yield made
    made.store.close()


def test_figures_follow_runs_mail_and_holds(ready, scraped, context):
    assert scraped.value("adapter_store_up") == 1
    assert scraped.value("adapter_last_complete_run_timestamp_seconds") is None
    assert scraped.value("adapter_documents_issued_total", kind="invoice") == 0
    ready("generate-data", "--schedules", "40", "--due", "50%")
    ready("run-invoices")
    query = sa.select(sa.func.count()).select_from(tables.documents)
    with scraped.store.read() as uow:
        count = uow.execute(query).scalar_one()
    assert count > 0
    assert scraped.value("adapter_documents_issued_total", kind="invoice") == count
    assert scraped.value("adapter_documents_issued_total", kind="credit_note") == 0
    ended = scraped.value("adapter_last_complete_run_timestamp_seconds")
    assert abs(ended - datetime.now(UTC).timestamp()) < 300
    assert scraped.value("adapter_outbox_mails", state="waiting") == count
    assert scraped.value("adapter_outbox_mails", state="dead") == 0
    assert scraped.value("adapter_hold", reason="restored") is None
    with scraped.store.write(settings=True) as uow:
        set_hold(uow, context(), RESTORED, {})
    assert scraped.value("adapter_hold", reason="restored") == 1


def test_documents_are_counted_not_the_numbers_that_were_passed_over(ready, scraped, tmp_path):
    def issued(kind="invoice"):
        return scraped.value("adapter_documents_issued_total", kind=kind)

    ready("generate-data", "--schedules", "40", "--due", "50%")
    file = tmp_path / "next.toml"
    file.write_text("[next]\ninvoice_number = 611\nproforma_number = 20\n")
    ready("setup", "--file", str(file))
    assert (issued(), issued("proforma")) == (0, 0)
    ready("run-invoices")
    with scraped.store.read() as uow:
        query = sa.select(sa.func.count(), sa.func.max(tables.documents.c.number))
        count, highest = uow.execute(query).one()
    assert (issued(), highest) == (count, 610 + count)
    ready("db", "backup", "copy.db")
    ready("db", "restore", "copy.db", "--replace")
    ready("resume", "--numbers-from", "5000", "--series", "credit_note=14")
    assert (issued(), issued("credit_note")) == (count, 0)
    file.write_text("[next]\ninvoice_number = 5000\n")
    ready("setup", "--file", str(file))
    assert issued() == count


def test_imported_documents_were_not_issued_here(ready, scraped, tmp_path):
    client = {"kind": "client", "id": 1, "first_name": "Ann"}
    line = {"description": "Site", "amount": "95.00"}
    invoice = {
        "kind": "invoice", "id": 9, "client_id": 1, "currency": "ZAR", "number": 610,
        "status": "Unpaid", "issued_on": "2026-01-27", "due_on": "2026-02-10",
        "subtotal": "95.00", "total": "95.00", "lines": [line],
    }  # fmt: skip
    header = {"kind": "export", "version": 1, "exported_at": "2026-03-01T22:00:00Z"}
    file = tmp_path / "old.jsonl"
    records = (
        header,
        client,
        invoice,
        {"kind": "number", "series": "invoice_number", "next": 700},
    )
    file.write_text("\n".join(map(json.dumps, records)))
    ready("import", str(file))
    assert scraped.value("adapter_documents_issued_total", kind="invoice") == 0


def test_the_age_of_the_oldest_waiting_mail_is_told(scraped, context):
    assert scraped.value("adapter_outbox_oldest_waiting_seconds") == 0
    now = datetime.now(UTC)
    with scraped.store.write() as uow:
        for hours in (1, 3, 2):
            enqueue_many(uow, [mail_row(context(now=now - timedelta(hours=hours)), "t", 7)])
        dead = tables.outbox.c.id == 2
        uow.execute(sa.update(tables.outbox).where(dead).values(status=Status.DEAD.value))
    age = scraped.value("adapter_outbox_oldest_waiting_seconds")
    assert 7200 <= age < 7500
    assert scraped.value("adapter_outbox_mails", state="dead") == 1


def test_what_is_set_aside_is_counted_once_a_minute(ready, scraped):
    ready("generate-data", "--schedules", "40", "--due", "0", "--kind", "services")
    assert scraped.value("adapter_parked_items") == 0
    assert scraped.value("adapter_held_dates") == 0
    with scraped.store.write() as uow:
        first = tables.services.c.id == 1
        uow.execute(sa.update(tables.services).where(first).values(parked_reason="broken"))
    scraped.seconds = 59.0
    assert scraped.value("adapter_parked_items") == 0
    scraped.seconds = 60.0
    assert scraped.value("adapter_parked_items") == 1


def test_an_account_that_does_not_answer_is_down_and_has_no_figures(adapter):
    made = Scraped()
    assert made.value("adapter_store_up") == 0
    assert made.value("adapter_documents_issued_total", kind="invoice") is None
    made.store.close()


@pytest.mark.parametrize(
    ("peer", "path", "status"),
    [
        ("127.0.0.1", "/metrics", "200 OK"),
        ("::ffff:127.0.0.1", "/", "200 OK"),
        ("10.1.2.3", "/metrics", "200 OK"),
        ("127.0.0.1", "/other", "404 Not Found"),
        ("192.0.2.1", "/metrics", "403 Forbidden"),
        ("192.0.2.1", "/other", "403 Forbidden"),
        ("", "/metrics", "403 Forbidden"),
    ],
)
def test_only_allowed_addresses_read_the_metrics(peer, path, status):
    app = metrics_app(CollectorRegistry(), AddressList(("127.0.0.1", "10.0.0.0/8")))
    started = []
    environ = {"REMOTE_ADDR": peer, "PATH_INFO": path, "REQUEST_METHOD": "GET"}
    body = b"".join(app(environ, lambda *given: started.append(given[0])))
    assert started == [status]
    assert (status == "200 OK") == (b"Forbidden" not in body and b"Not Found" not in body)


def test_by_default_only_this_machine_may_ask(environ):
    assert load_settings().server.metrics_addresses == ("127.0.0.1", "::1")
    assert load_settings().server.metrics_bind == ""

"""`adapter audit` and `adapter explain` on a store that a run has billed."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from adapter.billing.model import BillableKind
from adapter.cli import main
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.queue import TABLES, requeue
from adapter.store.unit_of_work import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DUE_ON = date(2026, 3, 12)
RUN_ON = "2026-03-02"
SPAN = ("--from", "2026-03-01", "--to", "2026-03-31")


@pytest.fixture
def adapter(tmp_path, monkeypatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ADAPTER_DATABASE_URL", f"sqlite:///{tmp_path / 'adapter.db'}")

    def run(*arguments: str, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, arguments)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert bool(result.exit_code) is fails, result.output
        return result

    run("db", "upgrade")
    return run


@pytest.fixture
def database(adapter, tmp_path) -> Iterator[Store]:
    store = Store(StoreConfig(f"sqlite:///{tmp_path / 'adapter.db'}"))
    with store.write() as uow:
        client = {"uuid": "u", "currency_id": 1, "status": "Active", "payment_terms_days": 7}
        uow.insert(tables.clients, **client, created_on=NOW.date(), created_at=NOW)
    yield store
    store.close()


@pytest.fixture
def service(database) -> Callable[..., int]:
    def make(**values) -> int:
        row = {
            "client_id": 1,
            "created_at": NOW,
            "registered_on": date(2025, 3, 12),
            "next_due_on": DUE_ON,
            "anchor_day": 12,
            "first_amount": 2000,
            "recurring_amount": 1595,
            "cycle": "Monthly",
            "status": "Active",
        } | values
        return _put(database, BillableKind.SERVICE, row)

    return make


def _put(database, kind, row) -> int:
    with database.write() as uow:
        made = uow.insert(TABLES[kind], **row)
        uow.insert(
            tables.schedule_changes,
            kind=kind.value,
            billable_id=made,
            effective_on=NOW.date(),
            recorded_at=NOW,
            field="created",
            new=str(row["next_due_on"]),
            caller="tests",
        )
        requeue(uow, kind, made)
    return int(made)


def _change(database, table, record_id, **values):
    with database.write() as uow:
        uow.execute(sa.update(table).where(table.c.id == record_id).values(**values))


def facts(result: Result) -> dict[str, str]:
    pairs = (line.split("  ", 1) for line in result.stdout.splitlines() if line)
    return {name: value.strip() for name, value in pairs}


def test_an_audit_without_faults_ends_well(adapter, service):
    service()
    adapter("run-invoices", "--on", RUN_ON)
    assert adapter("audit", *SPAN).stdout == (
        "Account main, 2026-03-01 to 2026-03-31: 0 faults in 1 schedule, 1 period, "
        "1 document; queued: 0 dates\n"
    )


def test_a_fault_is_named_and_ends_with_status_1(adapter, service, database):
    service()
    adapter("run-invoices", "--on", RUN_ON)
    _change(database, tables.documents, 1, total=1596)
    lines = adapter("audit", *SPAN, fails=True).stdout.splitlines()
    assert lines[0] == ("broken: client 1, document 1: says 15.96 in all, its lines come to 15.95")
    assert ": 1 fault in 1 schedule" in lines[1]


def test_json_has_an_object_a_line_and_the_sum_last(adapter, service, database):
    parked, lost = service(parked_reason="No price", parked_at=NOW), service()
    _change(database, tables.services, lost, next_invoice_on=None)
    lines = [
        json.loads(line)
        for line in adapter("audit", *SPAN, "--json", fails=True).stdout.splitlines()
    ]
    assert [line["type"] for line in lines] == ["withheld", "fault", "summary"]
    assert (lines[0]["billable_id"], lines[0]["reason"]) == (parked, "parked: No price")
    assert (lines[1]["fault"], lines[1]["billable_id"], lines[1]["due_on"]) == (
        "missing",
        lost,
        "2026-03-12",
    )
    assert (lines[2]["faults"], lines[2]["schedules"]) == (1, 2)


def test_a_span_ends_after_it_begins(adapter):
    result = adapter("audit", "--from", "2026-03-02", "--to", "2026-03-01", fails=True)
    assert result.stderr == "Error: --to: must not be before 2026-03-02\n"


def test_an_invoice_names_its_rule_inputs_run_and_settings(adapter, service, database):
    service()
    adapter("run-invoices", "--on", RUN_ON)
    told = facts(adapter("explain", "invoice", "1"))
    assert told["invoice"] == "1, Unpaid, 15.95 ZAR"
    assert told["made by"] == "run 1 (cli) of cli on 2026-03-02, everything due"
    assert told["bills"] == "service 1, period 2026-03-12 until 2026-04-12"
    assert told["rule"] == "period: a renewal, at its recurring amount"
    assert told["inputs"].endswith("; the same today")
    assert "CreateInvoiceDaysBefore=14" in told["settings"]
    _change(database, tables.services, 1, recurring_amount=1600)
    assert facts(adapter("explain", "invoice", "1"))["inputs"].endswith("; different today")
    as_json = json.loads(adapter("explain", "invoice", "1", "--json").stdout)
    assert as_json["run"]["scope"] == {"send_email": True}
    assert as_json["claims"][0]["same_today"] is False
    assert as_json["claims"][0]["due_on"] == "2026-03-12"


def test_a_billable_names_what_it_waits_for(adapter, service):
    made = service()
    adapter("run-invoices", "--on", RUN_ON)
    told = facts(adapter("explain", "billable", "service", str(made)))
    assert told["state"] == (
        "unpaid: the period of 2026-03-12 is on invoice 1 (Unpaid); "
        "its payment moves the due date on"
    )
    assert told["document"].startswith("1: 2026-03-12 until 2026-04-12, Unpaid, 15.95 in all")
    as_json = json.loads(adapter("explain", "billable", "service", str(made), "--json").stdout)
    assert (as_json["state"], as_json["next_invoice_on"]) == ("unpaid", None)


def test_unknown_ids_get_one_line(adapter):
    for arguments, message in (
        (("invoice", "7"), "Error: There is no invoice 7\n"),
        (("billable", "domain", "7"), "Error: There is no domain 7\n"),
    ):
        assert adapter("explain", *arguments, fails=True).stderr == message

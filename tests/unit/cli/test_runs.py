"""`adapter runs` and the changes of `adapter schedule`, as an operator types them."""

import json
import re
from datetime import date

import pytest

from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.queue import requeue
from adapter.store.unit_of_work import Store

DUE_ON = date(2026, 3, 10)
COMING = "Next documents, if each is paid on its due date:"


@pytest.fixture
def pay(environ):
    """Book what an invoice owes, by hand."""

    def of(invoice_id: int) -> None:
        store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
        documents = tables.documents
        with store.write() as uow:
            here = documents.update().where(documents.c.id == invoice_id)
            uow.execute(here.values(status="Paid", paid=documents.c.total))
        store.close()

    return of


@pytest.fixture
def three(ready, fill):
    """Return the command line of an account whose first run issued three invoices."""
    for client in (1, 2, 3):
        fill(client, DUE_ON)
    ready("run-invoices")
    return ready


def test_a_run_is_listed_and_shown(three):
    rows = [row.split("\t") for row in three("runs", "list").stdout.splitlines()]
    assert rows[0] == [
        *("run", "day", "kind", "caller", "started", "state", "documents", "parked", "undone")
    ]
    assert rows[1] == [
        *("1", "2026-03-02", "cli", "cli", "2026-03-02 08:00", "complete", "3", "0", "0")
    ]
    facts = dict(line.split(maxsplit=1) for line in three("runs", "show", "1").stdout.splitlines())
    assert facts["issued"] == "3 invoices: 3 Unpaid"
    assert facts["documents"] == "1-3"
    assert facts["total"] == "47.85 ZAR"
    assert re.fullmatch("id +[0-9a-f]{32}", facts["request"])
    found = json.loads(three("runs", "show", "1", "--json").stdout)
    assert (found["document_ids"], found["totals"]) == ([1, 2, 3], {"ZAR": "47.85"})
    assert (found["parked_items"], found["skipped_items"]) == ([], [])
    listed = json.loads(three("runs", "list", "--json", "--kind", "cli", "--client", "2").stdout)
    assert [each["run"] for each in listed] == [1]
    assert json.loads(three("runs", "list", "--json", "--client", "9").stdout) == []
    refused = three("runs", "show", "7", fails=True).stderr
    assert refused == "Error: There is no run 7 (`adapter runs list` names them)\n"


def test_an_undo_says_what_it_did_and_what_stays(three, pay):
    pay(2)
    foreseen = three("runs", "undo", "1", "--dry-run").stdout.splitlines()
    assert foreseen == [
        "to void: 1, 3",
        "invoice 2 of client 2 stays: paid",
        (
            "Run 1 of 2026-03-02: 2 invoices would be undone, 2 periods to be billed again, "
            "2 mails would be withdrawn; 1 stay"
        ),
    ]
    assert three("runs", "undo", "1", "--client", "3").stdout.splitlines()[0] == "voided: 3"
    done = json.loads(three("runs", "undo", "1", "--json").stdout)
    assert (done["voided"], done["undone_before"], done["mails_withdrawn"]) == ([1], 1, 1)
    assert done["kept"] == [{"invoice": 2, "client": 2, "reason": "paid"}]
    assert "2 invoices issued, the last is 5" in three("run-invoices").stdout
    assert "0 faults" in three("audit", "--from", "2026-03-01", "--to", "2026-03-31").stdout
    told = three("explain", "invoice", "1").stdout
    assert re.search(
        r"undone +2026-03-02 .* by cli: voided, its periods may be billed again", told
    )
    told = three("explain", "billable", "service", "1").stdout
    assert re.search(r"undone +2026-03-02, run 1: 2026-03-10 may be billed again \(cli\)", told)
    refused = three("runs", "undo", "9", fails=True).stderr
    assert refused == "Error: There is no run 9 (`adapter runs list` names them)\n"
    refused = three("runs", "undo", "1", "--client", "9", fails=True).stderr
    assert "client" in refused.lower()


def states(ready):
    return ready("outbox", "list").stdout.splitlines()[-1]


def test_held_mail_is_withdrawn_by_an_undo_in_time(ready, fill, monkeypatch, environ):
    monkeypatch.setenv("ADAPTER_MAIL_HOLD", "7200")
    ready("worker", "--once")
    fill(1, DUE_ON)
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.write() as uow:
        uow.execute(tables.clients.update().values(email="client@example.com"))
    store.close()
    ready("run-invoices")
    ready("worker", "--once")
    assert states(ready).startswith("waiting 1, sending 0, sent 0")
    ready("runs", "undo", "2")  # the first one is the worker's own, before anything was due
    assert states(ready) == "waiting 0, sending 0, sent 0, dead 0, expired 0, dropped 1"
    ready("run-invoices")
    ready("clock", "set", "2026-03-02T10:30")
    ready("worker", "--once")
    assert states(ready) == "waiting 0, sending 0, sent 1, dead 0, expired 0, dropped 1"
    kept = ready("runs", "undo", "3").stdout.splitlines()
    assert kept[0] == "invoice 2 of client 1 stays: its mail is gone"
    assert kept[-1] == "Invoices whose mail is gone are credited with --credit"
    assert "invoice 2: credit note 3" in ready("runs", "undo", "3", "--credit").stdout


def test_a_pause_and_what_it_skipped(ready, fill):
    fill(1, DUE_ON)
    foreseen = ready("schedule", "pause", "service", "1", "--dry-run").stdout
    assert foreseen == "service 1: would be paused\nNext documents: none\n"
    assert "due: due on" in ready("schedule", "show", "service", "1").stdout
    paused = ready("schedule", "pause", "service", "1").stdout
    assert paused == "service 1: paused\nNext documents: none\n"
    assert "0 invoices" in ready("run-invoices").stdout
    ready("clock", "set", "2026-04-20T08:00")
    resumed = ready("schedule", "resume", "service", "1").stdout.splitlines()
    assert resumed[:3] == [
        "service 1: resumed; 2 dates skipped: 2026-03-10, 2026-04-10",
        COMING,
        "2026-04-26  invoice of 2026-04-26, due 2026-05-10",
    ]
    listed = ready("held", "list", "--all").stdout.splitlines()
    assert [row.split("\t")[3:5] for row in listed[1:]] == [
        ["2026-03-10", "paused"],
        ["2026-04-10", "paused"],
    ]
    foreseen = ready("held", "bill", "service", "1", "2026-03-10", "--dry-run").stdout
    assert foreseen == "service 1, 2026-03-10: would be billed\n"
    assert ready("held", "bill", "service", "1", "2026-03-10").stdout.endswith("invoice 1\n")
    refused = ready("schedule", "resume", "service", "1", fails=True).stderr
    assert refused == "Error: service 1 is not paused\n"


def test_a_change_prints_what_was_and_what_comes(ready, fill):
    fill(1, DUE_ON)
    change = ("schedule", "change", "service", "1")
    wanted = ("--amount", "20", "--next", "2026-04-01", "--policy", "all")
    foreseen = ready(*change, *wanted, "--dry-run").stdout.splitlines()
    changed = ready(*change, *wanted).stdout.splitlines()
    assert [line.replace("would be ", "") for line in foreseen] == changed
    assert changed[:3] == [
        "service 1: catch_up none -> all",
        "service 1: next_due_on 2026-03-10 -> 2026-04-01",
        "service 1: recurring_amount 15.95 -> 20.00",
    ]
    assert "2026-03-18  invoice of 2026-03-18, due 2026-04-01" in changed
    assert len([line for line in changed if line.endswith("net")]) == 3
    shown = json.loads(ready("schedule", "show", "service", "1", "--json").stdout)
    assert (shown["amount"], shown["policy"], len(shown["documents"])) == ("20.00", "all", 3)
    listed = json.loads(ready("schedule", "list", "--json", "--kind", "service").stdout)
    assert [(each["id"], each["state"]) for each in listed] == [(1, "waiting")]
    ended = ready("schedule", "end", "service", "1").stdout
    assert ended == "service 1: ended\nNext documents: none\n"
    stopped = ready("schedule", "list", "--stopped").stdout.splitlines()
    assert [row.split("\t")[3] for row in stopped[1:]] == ["ended"]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "Say what to change"),
        (["--amount", "much"], "much is no number"),
        (["--amount", "nan"], "nan is no number"),
        (["--amount", "-1"], "must not be below zero"),
        (["--amount", "1e30"], "Error"),
        (["--amount", "5", "--line", "A"], "names a line of a recurring invoice"),
        (["--limit", "3"], "is its product's"),
        (["--limit", "-3"], "must lie between 0 and"),
        (["--next", "2026-02-30"], "does not match"),
        (["--next", "9999-01-01"], "must lie between"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused(ready, fill, arguments, problem):
    fill(1, DUE_ON)
    refused = ready("schedule", "change", "service", "1", *arguments, fails=True).stderr
    assert problem in refused
    assert json.loads(ready("schedule", "show", "service", "1", "--json").stdout)["changes"] == []


def test_an_owner_elsewhere_is_shown(ready, fill, environ):
    fill(1, DUE_ON)
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.write() as uow:
        uow.execute(tables.services.update().values(owner="legacy"))
        requeue(uow, BillableKind.SERVICE, 1)
    store.close()
    assert "elsewhere: legacy bills it" in ready("schedule", "show", "service", "1").stdout

"""`adapter clock`, `schedule` and `parked`, as an operator types them."""

import json
import re
from datetime import UTC, date, datetime

import pytest

from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_clock_is_shown_moved_and_reset(ready):
    assert re.fullmatch(
        r"Account main: [-\d]+ [:\d]+ in UTC, not moved\n", ready("clock", "show").stdout
    )
    assert "2026-03-02 08:00:0" in ready("clock", "set", "2026-03-02T08:00").stdout
    assert "2026-03-12 08:00:" in ready("clock", "advance", "10").stdout
    assert ready("run-invoices").stdout == "Account main, 2026-03-12: 0 invoices issued\n"
    assert "not moved" in ready("clock", "reset").stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["set", "2026-3-2"], "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
        (["set", "2300-01-01"], "date: must lie between 1970-01-01 and 2199-12-31"),
        (["advance", "0"], "0 is not in the range x>=1"),
    ],
)
def test_a_wrong_moment_is_refused(ready, arguments, problem):
    assert problem in ready("clock", *arguments, fails=True).stderr
    assert "not moved" in ready("clock", "show").stdout


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["run-invoices", "--client", "1", "--on"], "--on"),
        (["schedule", "preview", "--client", "1", "--until"], "--until"),
        (["held", "drop", "service", "1"], "day"),
        (["audit", "--from", "2026-01-01", "--to"], "--to"),
        (["audit", "--to", "2026-01-01", "--from"], "--from"),
    ],
)
def test_a_day_out_of_bounds_is_refused_in_one_line(ready, arguments, option, day):
    refused = ready(*arguments, day, fails=True).stderr
    assert refused == f"Error: {option}: must lie between 1970-01-01 and 2199-12-31\n"


def test_the_last_day_can_be_run_and_looked_at(ready, fill):
    fill(1, date(2026, 3, 2))
    line = ready("run-invoices", "--client", "1", "--on", "2199-12-31").stdout
    assert line == "Account main, 2199-12-31: 1 invoice issued, the last is 1\n"
    assert "0 faults" in ready("audit", "--from", "1970-01-01", "--to", "2199-12-31").stdout


def test_production_has_one_clock(ready, production):
    for arguments in (["set", "2026-03-02"], ["advance", "1"], ["reset"]):
        assert ready("clock", *arguments, fails=True).stderr == (
            "Error: Account main is in production: only a sandbox can live another day\n"
        )


def test_a_preview_prints_documents_with_lines_and_totals(ready, fill):
    fill(1, date(2026, 3, 31))
    printed = ready("schedule", "preview", "--client", "1", "--until", "2026-05-01").stdout
    assert printed.splitlines() == [
        "2026-03-17  invoice of 2026-03-17, due 2026-03-31",
        "    15.95  Service #1 (31/03/2026 - 29/04/2026)",
        "    15.95  net",
        "    15.95  to pay, ZAR",
        "2026-04-16  invoice of 2026-04-16, due 2026-04-30",
        "    15.95  Service #1 (30/04/2026 - 29/05/2026)",
        "    15.95  net",
        "    15.95  to pay, ZAR",
        "Client 1, until 2026-05-01: 2 invoices, if each is paid on its due date",
    ]
    printed = ready(
        *("schedule", "preview", "--client", "1", "--until", "2026-05-01"),
        *("--assume", "unpaid", "--json"),
    ).stdout
    found = json.loads(printed)
    assert [d["due_on"] for d in found["documents"]] == ["2026-03-31"]
    assert (found["assumed"], found["stopped_on"], found["held"]) == ("unpaid", None, [])
    assert found["documents"][0]["lines"][0]["amount"] == "15.95"
    assert "0 invoices" in ready("run-invoices").stdout


def test_a_preview_says_what_would_be_held_or_parked(ready, fill):
    fill(1, date(2026, 1, 31), catch_up="hold")
    printed = ready("schedule", "preview", "--client", "1", "--until", "2026-03-02").stdout
    assert printed.splitlines() == [
        "2026-01-31  held: service 1 (catch_up)",
        "2026-02-28  held: service 1 (catch_up)",
        "Client 1, until 2026-03-02: 0 invoices, if each is paid on its due date",
    ]
    assert ready("held", "list", "--json").stdout == "[]\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--client", "9", "--until", "2026-05-01"], "Client not found"),
        (["--client", "1", "--until", "2026-03-01"], "lies before today, 2026-03-02"),
    ],
)
def test_a_preview_of_nothing_is_refused(ready, fill, arguments, problem):
    fill(1, date(2026, 3, 31))
    refused = ready("schedule", "preview", *arguments, fails=True).stderr
    assert problem in refused


def test_a_policy_is_changed_and_the_history_says_so(ready, fill, environ):
    fill(1, date(2026, 3, 31))
    change = ("schedule", "change", "service", "1", "--policy")
    printed = ready(*change, "latest").stdout
    assert printed.splitlines()[0] == "service 1: catch_up none -> latest"
    assert ready(*change, "latest").stdout.splitlines()[0] == "service 1: no change"
    printed = ready(*change, "default").stdout
    assert printed.splitlines()[0] == "service 1: catch_up latest -> none"
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.read() as uow:
        rows = uow.execute(tables.schedule_changes.select()).mappings().all()
    store.close()
    assert [(r["kind"], r["field"], r["old"], r["new"], r["caller"]) for r in rows] == [
        ("service", "catch_up", None, "latest", "cli"),
        ("service", "catch_up", "latest", None, "cli"),
    ]
    refused = ready("schedule", "change", "domain", "1", "--policy", "all", fails=True).stderr
    assert refused == "Error: There is no domain 1\n"
    refused = ready("schedule", "change", "thing", "1", "--policy", "all", fails=True).stderr
    assert "'service', 'addon', 'domain', 'item', 'recurring'" in refused


def test_held_dates_are_listed_issued_and_dropped(ready, fill):
    fill(1, date(2026, 1, 2), catch_up="hold")
    ready("run-invoices")
    rows = ready("held", "list").stdout.splitlines()
    assert [row.split("\t")[:5] for row in rows] == [
        ["kind", "id", "client", "date", "reason"],
        ["service", "1", "1", "2026-01-02", "catch_up"],
        ["service", "1", "1", "2026-02-02", "catch_up"],
    ]
    issued = ready("held", "bill", "service", "1", "2026-01-02", "--no-mail").stdout
    assert issued == "service 1, 2026-01-02: invoice 2\n"
    assert ready("held", "drop", "service", "1", "2026-02-02").stdout == (
        "service 1, 2026-02-02: dropped\n"
    )
    assert ready("held", "list", "--json", "--client", "1").stdout == "[]\n"
    decided = json.loads(ready("held", "list", "--json", "--all").stdout)
    assert [(each["date"], each["reason"]) for each in decided] == [
        ("2026-01-02", "issued"),
        ("2026-02-02", "dropped"),
    ]
    again = ready("held", "bill", "service", "1", "2026-01-02", fails=True).stderr
    assert again == "Error: service 1: 2026-01-02 was issued already\n"


def test_parked_billables_are_listed_and_retried(ready, fill):
    fill(7, date(2026, 3, 2), known=False)
    fill(8, date(2026, 3, 2), known=False)
    named = "parked (`adapter parked list` names them)\n"
    foretold = ready("run-invoices", "--dry-run").stdout.splitlines()[0]
    assert foretold.endswith("; 2 items would be parked")
    assert ready("run-invoices").stdout.endswith(f"2 items {named}")
    listed = json.loads(ready("parked", "list", "--json").stdout)
    assert [(each["kind"], each["id"], each["client"]) for each in listed] == [
        ("service", 1, 7),
        ("service", 2, 8),
    ]
    assert listed[0]["reason"] == "The client or its currency does not exist"
    assert len(ready("parked", "list", "--client", "7").stdout.splitlines()) == 2
    assert ready("parked", "retry", "service", "1").stdout.splitlines() == [
        "service 1: to be billed: 2026-03-02",
        "Account main: 1 no longer parked",
    ]
    refused = ready("parked", "retry", "service", "1", fails=True).stderr
    assert refused == "Error: service 1 is not parked\n"
    assert ready("run-invoices").stdout.endswith(f"1 item {named}")
    assert "2 no longer parked" in ready("parked", "retry", "--all").stdout
    assert json.loads(ready("parked", "list", "--json").stdout) == []


@pytest.mark.parametrize("arguments", [[], ["service"], ["service", "1", "--all"]])
def test_a_retry_says_what_it_is_for(ready, arguments):
    assert "Give KIND and ID, or --all" in ready("parked", "retry", *arguments, fails=True).stderr


def test_a_credential_for_management_names_it(ready):
    ready("credentials", "add", "ops", "--protocol", "manage", "--allow", "clock")
    row = ready("credentials", "list").stdout.splitlines()[1].split("\t")
    assert row[3:5] == ["manage", "clock"]
    refused = ready("credentials", "add", "x", "--allow", "clock", fails=True).stderr
    assert "no action clock" in refused


def test_duplicates_are_listed_and_ended(ready, environ):
    ready("clock", "set", "2026-03-02T08:00")
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.write() as uow:
        for minute in (0, 3):
            uow.insert(
                tables.audit,
                recorded_at=datetime(2026, 3, 2, 6, minute, tzinfo=UTC),
                caller="shop",
                request_id=f"r{minute}",
                deed="add_credit",
                noun="client",
                record_id=7,
                fingerprint="f",
            )
    store.close()
    assert ready("duplicates", "list").stdout == (
        "id\tat\tcaller\tnoun\trecord\tfirst\tnumber\tbackend\n"
        "2\t2026-03-02T06:03:00+00:00\tshop\tclient\t7\t7\t2\tstore\n"
        "Account main: 1 duplicate\n"
    )
    assert json.loads(ready("duplicates", "list", "--since", "2026-03-03", "--json").stdout) == []
    assert "client 7 cannot be ended" in ready("duplicates", "end", "2", fails=True).output
    assert "There is no duplicate 1" in ready("duplicates", "end", "1", fails=True).output

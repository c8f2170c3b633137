"""`adapter import`, `adapter export` and `adapter go-live`, as an operator calls them."""

import json
import stat
from pathlib import Path

import pytest

from tests.unit.store.test_transfer import BOOKS

HEADER = {"kind": "export", "version": 1, "exported_at": "2026-03-01T22:00:00Z"}

MISSING = """\
missing: accounts.main.business_id is not chosen: set business_id = "1" under [accounts.main]
missing: accounts.main.business.name is not chosen: set name = "Example Hosting" under \
[accounts.main.business]
missing: mail.transport is not chosen: set transport = "smtp" (or "files"; "none" sends no mail) \
under [mail]
missing: access.allowed_addresses is not chosen: set allowed_addresses = ["192.0.2.10"] under \
[access]
missing: accounts.main.mode is "sandbox": add mode = "production" below line 1 of adapter.toml \
([accounts.main])
missing: no credential opens main: `adapter credentials add NAME --account main`
missing: the owner of the schedules is not chosen: --owner gateway, once nobody else bills"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "old.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in (HEADER, *BOOKS)))
    return str(path)


def test_an_import_says_what_it_did(ready, file):
    would = ready("import", file, "--dry-run").stdout.splitlines()
    assert would[0] == "client: 1 would be imported"
    assert would[-1] == "Account main: 6 records would be imported; nothing was changed"
    done = ready("import", file).stdout.splitlines()
    assert done == [
        "client: 1 imported",
        "service: 1 imported",
        "recurring: 1 imported",
        "invoice: 1 imported",
        "payment: 1 imported",
        "claim: 1 imported",
        "Account main: 6 records imported; it is on hold until `adapter go-live`",
    ]
    again = ready("import", file).stdout
    assert again.startswith("Account main: these files were imported on ")
    assert again.endswith("; nothing was changed\n")


def test_an_import_tells_scripts_in_json(ready, file):
    found = json.loads(ready("import", file, "--json").stdout)
    assert found["new"]["service"] == 1
    assert (found["dry_run"], found["resumed"], found["imported_before_at"]) == (
        False,
        False,
        None,
    )


def test_problems_are_listed_and_nothing_is_imported(ready, tmp_path):
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{json.dumps(HEADER)}\n{{"kind": "client", "id": 0}}\n')
    result = ready("import", str(path), fails=True)
    assert result.stderr == (
        "Error: bad.jsonl, line 2: id: must be from 1 to 1000000000000000\n"
        "1 problem: nothing was imported\n"
    )
    assert "0 records exported" in ready("export", str(tmp_path / "out.jsonl")).stdout or (
        '"client"' not in (tmp_path / "out.jsonl").read_text()
    )


def test_csv_files_are_one_import(ready, tmp_path):
    clients, services = tmp_path / "clients.csv", tmp_path / "services.csv"
    clients.write_text('id,first_name,custom.1,tax_exempt\n5,"Ann, B",A-17,yes\n')
    services.write_text("id,client_id,cycle,status,recurring_amount\n9,5,Monthly,Active,95.00\n")
    at = ("--exported-at", "2026-03-01T22:00:00Z")
    printed = ready("import", str(clients), str(services), *at).stdout
    assert "2 records imported" in printed
    out = ready("export", "-").stdout
    client = next(json.loads(line) for line in out.splitlines() if '"client"' in line)
    assert (client["first_name"], client["custom"], client["tax_exempt"]) == (
        "Ann, B",
        {"1": "A-17"},
        True,
    )


def test_an_export_is_for_its_owner_only_and_whole_or_not_there(ready, file, tmp_path):
    ready("import", file)
    out = tmp_path / "all.jsonl"
    printed = ready("export", str(out)).stdout
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "records exported, content digest " in printed
    assert [each.name for each in tmp_path.glob("*.part")] == []


def test_go_live_names_what_is_missing_and_the_line_to_change(ready, file, tmp_path):
    ready("import", file)
    Path("adapter.toml").write_text('[accounts.main]\nzone = "Africa/Johannesburg"\n')
    result = ready("go-live", "--dry-run", fails=True)
    missing = [line for line in result.stdout.splitlines() if line.startswith("missing: ")]
    assert "\n".join(missing) == MISSING
    assert result.stderr.splitlines()[-1] == "Error: 7 choices missing: nothing was switched"


def test_go_live_names_the_line_that_says_sandbox(ready, file):
    ready("import", file)
    text = '# ours\n[accounts.main]\nzone = "UTC"\n  mode = "sandbox"\n[accounts.main.business]\n'
    Path("adapter.toml").write_text(text)
    printed = ready("go-live", fails=True).stdout
    assert 'change line 4 of adapter.toml (mode = "sandbox") to mode = "production"' in printed


@pytest.fixture
def chosen(ready, file, production, monkeypatch):
    """Everything is chosen but the owner."""
    monkeypatch.setenv("ADAPTER_ACCESS_ALLOWED_ADDRESSES", "10.0.0.0/8")
    monkeypatch.setenv("ADAPTER_ACCOUNTS_MAIN_BUSINESS_EMAIL", "billing@example.com")
    ready("credentials", "add", "shop")
    ready("import", file)
    return ready


def test_go_live_refuses_differences_unless_they_are_accepted(chosen):
    # By the real clock both schedules are long overdue, so that the first day catches up.
    refused = chosen("go-live", "--owner", "gateway", fails=True)
    assert "differs: recurring 9000: would bill " in refused.stderr
    assert "nothing was switched" in refused.stderr
    told = chosen("run-invoices", fails=True).stderr
    assert "on hold" in told
    done = chosen("go-live", "--owner", "gateway", "--accept-differences").stdout
    began = "its daily run starts at 00:30, a missed one as soon as a worker runs"
    assert done.splitlines()[-1] == f"Account main is live: {began}"
    again = chosen("go-live", "--owner", "gateway").stdout
    assert "there is nothing to switch" in again


def test_callers_can_come_in_while_the_old_system_bills(chosen):
    done = chosen("go-live", "--owner", "legacy").stdout.splitlines()
    assert done[-1] == "Account main is live for callers; the system before it goes on billing"
    assert "0 invoices issued" in chosen("run-invoices").stdout
    again = chosen("go-live", "--owner", "legacy").stdout
    assert "it is live, with 2 schedules billed by the other system" in again
    # What waits in no queue here is no difference, though the export names its next invoice.
    taken = chosen("go-live", "--owner", "gateway").stdout
    assert "0 schedules compared with the export's next invoices" in taken
    assert (
        "2 schedules of the other system come with the switch and cannot be forecast yet: stop "
        "every worker before the switch; after it `adapter run-invoices --dry-run` counts the "
        "invoices and `adapter schedule list` shows what is due\n"
    ) in taken
    # By the real clock both are long overdue.
    dry = chosen("run-invoices", "--dry-run").stdout
    assert " invoices would be issued" in dry
    assert ": 0 invoices" not in dry
    rows = [line.split("\t") for line in chosen("schedule", "list").stdout.splitlines()[1:]]
    assert [(row[0], row[3]) for row in rows] == [("service", "due"), ("recurring", "due")]
    assert "is live: its daily run" in taken
    issued = chosen("run-invoices", "--dry-run").stdout
    assert ": 10 invoices would be issued" in issued
    assert "nothing to switch" in chosen("go-live", "--owner", "gateway").stdout


def test_callers_begin_the_runs_where_the_daily_one_is_off(chosen, monkeypatch):
    monkeypatch.setenv("ADAPTER_RUN_AT", "off")
    done = chosen("go-live", "--owner", "gateway", "--accept-differences").stdout
    assert done.splitlines()[-1].endswith("run.at is off, so whoever calls the runs begins")


def test_credentials_that_open_to_everybody_are_missing_addresses(chosen, monkeypatch):
    monkeypatch.setenv("ADAPTER_ACCESS_ALLOWED_ADDRESSES", "0.0.0.0/0")
    printed = chosen("go-live", "--owner", "legacy", "--dry-run", fails=True).stdout
    assert "missing: credential shop may be used from everywhere" in printed

import hashlib
import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from adapter.assemble import assemble
from adapter.bridge.service import serve
from adapter.protocols.base import WireRequest
from adapter.settings import load_settings
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.invariants import contents

ROOT = Path(__file__).parents[3]


def facts(result: Result) -> dict[str, str]:
    return dict(re.split(r" {2,}", line, maxsplit=1) for line in result.stdout.splitlines())


def call(identifier: str, secret: str, *, action: str = "GenInvoices", **more: str) -> Any:
    """Answer one form-post request as `adapter serve` would."""
    assembly = assemble(load_settings())
    pairs = {
        "action": action,
        "username": identifier,
        "password": secret,
        "responsetype": "json",
        **more,
    }
    body = "&".join(f"{name}={value}" for name, value in pairs.items()).encode()
    request = WireRequest("POST", "/includes/api.php", b"", {}, body, "127.0.0.1", len(body))
    reply = serve(assembly.gateway, assembly.protocols[0], request)
    for store in assembly.stores.values():
        store.close()
    return json.loads(reply.body)


def message(*arguments: Any, **more: str) -> str:
    return str(call(*arguments, **more).get("message", ""))


def test_upgrade_makes_the_folder_the_schema_and_the_defaults(adapter, environ, tmp_path):
    result = adapter("db", "upgrade")
    assert re.fullmatch(r"Account main: schema revision \d{4}\n", result.stdout)
    assert adapter("db", "upgrade").stdout == result.stdout
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.read() as uow:
        codes = uow.execute(tables.currencies.select()).mappings().all()
    store.close()
    assert [row["code"] for row in codes] == ["ZAR"]


def test_check_names_what_to_run_and_finds_drift(adapter, environ):
    assert "run `adapter db upgrade`" in adapter("db", "check", fails=True).stderr
    adapter("db", "upgrade")
    assert "no drift" in adapter("db", "check").stdout
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE audit ADD COLUMN extra INTEGER")
        connection.exec_driver_sql("DROP INDEX ix_clients_email")
    store.close()
    result = adapter("db", "check", fails=True)
    assert result.stdout.splitlines() == [
        "only in the database: column audit extra",
        "missing in the database: index ix_clients_email",
    ]


def test_a_generated_credential_works_at_once_plain_and_as_md5(ready):
    printed = facts(ready("credentials", "add", "shop"))
    assert list(printed) == ["identifier", "secret", "business id"]
    assert printed["business id"] == "1"
    identifier, secret = printed["identifier"], printed["secret"]
    assert re.fullmatch(r"[A-Z2-7]{32}", identifier)
    assert re.fullmatch(r"[A-Z2-7]{32}", secret)
    md5 = hashlib.md5(secret.encode()).hexdigest()
    assert call(identifier, secret)["numcreated"] == "0"
    assert call(identifier, md5)["numcreated"] == "0"
    assert message(identifier, "wrong") == "Authentication Failed"
    assert message("nobody", secret) == "Invalid or missing credentials"


@pytest.mark.parametrize(
    ("option", "given"),
    [
        ("--secret-stdin", "hunter2\n"),
        ("--secret-stdin", "hunter2"),
        ("--secret-md5-stdin", hashlib.md5(b"hunter2").hexdigest().upper() + "\n"),
    ],
)
def test_a_given_secret_is_not_printed_and_its_name_is_the_login(ready, option, given):
    result = ready("credentials", "add", "admin", option, stdin=given)
    assert facts(result) == {"identifier": "admin", "business id": "1"}
    assert "hunter2" not in result.output
    assert call("admin", "hunter2")["result"] == "success"
    assert call("admin", hashlib.md5(b"hunter2").hexdigest())["result"] == "success"


@pytest.mark.parametrize(
    ("arguments", "stdin", "part"),
    [
        (["a", "--secret-stdin"], "\n", "must not be blank"),
        (["a", "--secret-md5-stdin"], "x\n", "32 hex digits"),
        (["a", "--secret-stdin", "--secret-md5-stdin"], "x\n", "only one"),
        (["a", "--protocol", "smtp"], None, "known are whmcs, invoicesonline"),
        (["a", "--allow", "GenInvoice"], None, "did you mean geninvoices?"),
        (["a", "--protocol", "whmcs", "--allow", "NewClient"], None, "no action NewClient"),
        # Only a credential that names the canonical wire opens it.
        (["a", "--allow", "attempts"], None, "no action attempts"),
        (["a", "--ip", "example.com"], None, "example.com"),
        (["a", "--account", "elsewhere"], None, "no account elsewhere; known are main"),
    ],
)
def test_credentials_that_cannot_be(ready, arguments, stdin, part):
    assert part in ready("credentials", "add", *arguments, stdin=stdin, fails=True).stderr


def test_a_name_is_given_once(ready):
    ready("credentials", "add", "shop")
    assert "shop" in ready("credentials", "add", "shop", fails=True).stderr


def test_a_credential_does_what_it_was_allowed(ready):
    given = facts(ready("credentials", "add", "a", "--allow", "GetClients", "--ip", "127.0.0.1"))
    identifier, secret = given["identifier"], given["secret"]
    assert call(identifier, secret, action="GetClients")["result"] == "success"
    assert message(identifier, secret) == (
        'Invalid Permissions: API action "geninvoices" is not allowed'
    )
    other = facts(ready("credentials", "add", "b", "--protocol", "invoicesonline"))
    assert "is not allowed" in message(other["identifier"], other["secret"])


def test_an_address_that_cannot_get_in_gets_a_warning(ready):
    result = ready("credentials", "add", "a", "--ip", "192.0.2.1")
    assert "not in access.allowed_addresses" in result.stderr


def test_a_revoked_credential_is_refused_and_listed_as_such(ready):
    given = facts(ready("credentials", "add", "shop", "--allow", "GenInvoices"))
    assert ready("credentials", "revoke", "shop").stdout == "Revoked shop\n"
    assert message(given["identifier"], given["secret"]) == "Invalid or missing credentials"
    again = ready("credentials", "revoke", "shop", fails=True)
    assert "Account main has no live credential shop" in again.stderr
    header, line = ready("credentials", "list").stdout.splitlines()
    assert header.split("\t")[:3] == ["name", "identifier", "secret"]
    name, identifier, kind, protocols, actions, addresses, _, state = line.split("\t")
    assert (name, identifier, kind) == ("shop", given["identifier"], "generated")
    assert (protocols, actions, addresses) == ("all", "geninvoices", "all")
    assert state.startswith("revoked 20")
    assert given["secret"] not in line


def test_setup_applies_a_catalogue_once_and_exports_it(ready, tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text('[settings]\nCompanyName = "Bakery"\n')
    assert ready("setup", "--file", str(file)).stdout.splitlines() == [
        "settings: CompanyName changed",
        "Account main: 1 written, 0 as they were",
    ]
    again = ready("setup", "--file", str(file)).stdout
    assert again == "Account main: 0 written, 1 as they were\n"
    exported = ready("setup", "export").stdout
    assert 'CompanyName = "Bakery"' in exported
    file.write_text(exported)
    assert ready("setup", "--file", str(file)).stdout.startswith("Account main: 0 written")


def test_setup_and_its_export_work_on_the_account_that_is_named(ready, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("ADAPTER_ACCOUNTS_SHOP_DATABASE_URL", url)
    ready("db", "upgrade", "--account", "shop")
    file = tmp_path / "catalogue.toml"
    file.write_text('[settings]\nCompanyName = "Shop"\n')
    ready("setup", "--file", str(file), "--account", "shop")
    assert "Shop" in ready("setup", "export", "--account", "shop").stdout
    assert "Shop" in ready("setup", "--account", "shop", "export").stdout
    assert "Shop" not in ready("setup", "export").stdout


def test_a_credential_opens_its_own_account_only(ready, tmp_path, monkeypatch):
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    monkeypatch.setenv("ADAPTER_ACCOUNTS_SHOP_DATABASE_URL", url)
    monkeypatch.setenv("ADAPTER_ACCOUNTS_SHOP_BUSINESS_ID", "44")
    ready("db", "upgrade", "--account", "shop")
    ready("demo", "--account", "shop")
    given = facts(ready("credentials", "add", "s", "--account", "shop"))
    assert given["business id"] == "44"
    assert call(given["identifier"], given["secret"], action="GetClients")["totalresults"] == 1
    main_one = facts(ready("credentials", "add", "m"))
    found = call(main_one["identifier"], main_one["secret"], action="GetClients")
    assert found["totalresults"] == 0
    monkeypatch.setenv("ADAPTER_SERVER_ACCOUNTS", "main")
    assert message(given["identifier"], given["secret"]) == "Invalid or missing credentials"


def test_setup_refuses_what_it_does_not_know(ready, tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_text("[[widgets]]\n")
    assert "widgets" in ready("setup", "--file", str(file), fails=True).stderr


def test_setup_without_a_file_gives_an_empty_store_its_defaults(ready):
    assert ready("setup").stdout == "Account main: 0 written, 0 as they were\n"


def test_runs_on_another_day_bill_the_next_periods(ready):
    calls = ready("demo").stdout
    assert "identifier" in calls
    today = datetime.now(UTC).date()
    dry = ready("run-invoices", "--dry-run").stdout.splitlines()
    assert dry[0] == f"Account main, {today}: 1 invoice would be issued"
    assert re.fullmatch(r"content digest [0-9a-f]{64}", dry[1])
    assert ready("run-invoices", "--client", "1").stdout == (
        f"Account main, {today}: 1 invoice issued, the last is 3\n"
    )
    assert ready("run-invoices").stdout == f"Account main, {today}: 0 invoices issued\n"
    later = date(today.year + 1, today.month, min(today.day, 28))
    line = ready("run-invoices", "--on", later.isoformat()).stdout
    assert line.startswith(f"Account main, {later}: ")
    assert "Client not found" in ready("run-invoices", "--client", "99", fails=True).stderr


def test_a_production_clock_cannot_be_moved(ready, production):
    assert "only a sandbox" in ready("run-invoices", "--on", "2099-01-01", fails=True).stderr
    assert "in production" in ready("demo", fails=True).stderr


def test_the_demo_can_be_made_again_and_prints_a_call_of_each_protocol(ready):
    first, again = ready("demo").stdout, ready("demo").stdout
    for printed in (first, again):
        assert "curl -s 'http://127.0.0.1:8080/includes/api.php' \\\n" in printed
        assert "/api/GenerateNewRecurringInvoice.php?apiformat=json' \\\n" in printed
        assert (
            "An invoice as PDF: http://127.0.0.1:8080/scripts/Download.php?type=invoice&"
            in printed
        )
        (folder,) = re.findall(r"^The mail it was sent with: (.*)$", printed, re.MULTILINE)
        (mail,) = Path(folder).glob("*.eml")
        assert b'filename="invoice-1.pdf"' in mail.read_bytes()
    states = [
        line.split("\t")[-1] for line in ready("credentials", "list").stdout.splitlines()[1:]
    ]
    assert [state.partition(" ")[0] for state in states] == ["revoked", "live"]
    secret = facts_of(again)["secret"]
    assert call(facts_of(again)["identifier"], secret)["result"] == "success"
    assert call(facts_of(again)["identifier"], secret, action="GetClients")["totalresults"] == 1


@pytest.mark.parametrize("setup", ["", "[[currencies]]\ncode = 'EUR'\ndefault = true\nrate = 1\n"])
def test_the_demo_bills_in_the_clients_currency(ready, tmp_path, setup):
    file = tmp_path / "usd.toml"
    file.write_text(f"[[currencies]]\nid = 1\ncode = 'USD'\nprefix = '$'\n{setup}")
    ready("setup", "--file", str(file))
    expected = "EUR" if setup else "USD"
    printed = ready("demo").stdout
    body = json.loads(printed.partition("apiformat=json' \\\n  -d '")[2].partition("'\n")[0])
    assert body["data"][0][4] == expected
    assembly = assemble(load_settings())
    content = json.dumps(body).encode()
    path = "/api/GenerateNewRecurringInvoice.php"
    request = WireRequest("POST", path, b"apiformat=json", {}, content, "127.0.0.1", len(content))
    reply = serve(assembly.gateway, assembly.protocols[1], request)
    assembly.close()
    assert json.loads(reply.body)["type"] == "success"


def facts_of(printed: str) -> dict[str, str]:
    lines = printed.split("\n\n", maxsplit=1)[0].splitlines()
    return dict(re.split(r" {2,}", line, maxsplit=1) for line in lines)


def test_the_worker_makes_up_for_a_missed_run_once(ready):
    first = ready("worker", "--once").stdout
    assert re.fullmatch(r"Account main, daily run of [\d-]{10}: 0 invoices issued\n", first)
    assert ready("worker", "--once").stdout == ""


def test_the_worker_refuses_a_foreign_schema(adapter):
    assert "adapter db upgrade" in adapter("worker", "--once", fails=True).stderr


def test_serve_refuses_a_foreign_schema_before_it_listens(adapter):
    assert "adapter db upgrade" in adapter("serve", "--bind", "127.0.0.1:1", fails=True).stderr


@pytest.mark.parametrize("bind", ["8080", "127.0.0.1:x", "127.0.0.1:70000"])
def test_serve_needs_an_address(ready, bind):
    assert "HOST:PORT" in ready("serve", "--bind", bind, fails=True).stderr


def test_config_check_tells_what_is_wrong_or_what_holds(adapter, monkeypatch):
    monkeypatch.setenv("ADAPTER_ACCESS_ACCESS_KEY", "open-sesame")
    monkeypatch.setenv("ADAPTER_ACCOUNTS_SHOP_DATABASE_URL", "postgresql://u:pw@host/shop")
    printed = adapter("config", "check").stdout
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in printed.splitlines()}
    assert rows["server.workers"] == ["1", "default"]
    assert rows["access.access_key"][0] == "(set, not shown)"
    assert rows["accounts.shop.database_url"][0] == "postgresql://u:***@host/shop"
    assert "open-sesame" not in printed
    only_main = adapter("config", "check", "--account", "main").stdout
    assert "accounts.shop" not in only_main
    monkeypatch.setenv("ADAPTER_RUN_AT", "soon")
    assert "ADAPTER_RUN_AT: must be a time of day" in adapter("config", "check", fails=True).stderr


def test_config_check_reads_the_mapping_files(adapter, monkeypatch, tmp_path):
    shop = tmp_path / "shop.yaml"
    shop.write_text("mapping: 1\nname: shop\ncommands: {AddCredit: {}}\n")
    for name, value in (("KIND", "mapped"), ("URL", "https://x.example"), ("MAPPING", str(shop))):
        monkeypatch.setenv(f"ADAPTER_ACCOUNTS_MAIN_BACKENDS_THERE_{name}", value)
    said = adapter("config", "check", fails=True).stderr
    assert "accounts.main.backends.there.mapping" in said
    assert "commands.AddCredit.steps: is missing; write it" in said
    assert "client_id\tint\trequired" in adapter("config", "mapping", "AddCredit").stdout


def test_config_docs_writes_the_schemas(adapter, tmp_path):
    adapter("config", "docs", "--schemas", str(tmp_path / "schema"))
    written = {file.name: file.read_text() for file in (tmp_path / "schema").iterdir()}
    assert written == {file.name: file.read_text() for file in (ROOT / "docs/schema").iterdir()}


def test_config_docs_writes_every_command(adapter):
    written = adapter("config", "docs", "--commands").stdout
    assert written == (ROOT / "docs" / "commands.md").read_text()
    row = next(line for line in written.splitlines() if "[GenerateDueInvoices]" in line)
    assert " | changes | " in row
    assert row.endswith("| `geninvoices` |  |")


def test_config_docs_is_the_page(adapter):
    assert adapter("config", "docs").stdout == (ROOT / "docs" / "settings.md").read_text()


def test_contracts_check_needs_a_server(adapter):
    folder = str(ROOT / "contracts")
    result = adapter(
        "contracts", "check", "--target", "ftp://x", "--contracts", folder, fails=True
    )
    assert "http:// or https://" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ["db", "upgrade"],
        ["db", "check"],
        ["setup"],
        ["setup", "export"],
        ["credentials", "add"],
        ["credentials", "list"],
        ["credentials", "revoke"],
        ["serve"],
        ["run-invoices"],
        ["worker"],
        ["outbox", "list"],
        ["outbox", "retry"],
        ["outbox", "drop"],
        ["documents", "check"],
        ["documents", "render"],
        ["demo"],
        ["generate-data"],
        ["config", "check"],
        ["contracts", "check"],
        ["clock", "show"],
        ["clock", "set"],
        ["clock", "advance"],
        ["clock", "reset"],
        ["parked", "list"],
        ["parked", "retry"],
        ["runs", "list"],
        ["runs", "show"],
        ["runs", "undo"],
        ["schedule", "list"],
        ["schedule", "show"],
        ["schedule", "pause"],
        ["schedule", "resume"],
        ["schedule", "end"],
        ["schedule", "change"],
        ["schedule", "preview"],
        ["held", "list"],
        ["held", "bill"],
        ["held", "drop"],
    ],
)
def test_every_command_takes_an_account(adapter, command):
    assert "--account" in adapter(*command, "--help").stdout


def test_an_account_that_is_not_configured_is_named(adapter):
    assert (
        "no account shop; known are main"
        in adapter("db", "upgrade", "--account", "shop", fails=True).stderr
    )


def test_a_catalogue_that_is_not_utf_8_is_refused(ready, tmp_path):
    file = tmp_path / "catalogue.toml"
    file.write_bytes(b"# caf\xe9\n")
    assert ready("setup", "--file", str(file), fails=True).stderr == (
        f"Error: {file}: not UTF-8 at byte 5\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "check"],
        ["db", "upgrade"],
        ["credentials", "list"],
        ["setup"],
        ["worker", "--once"],
        ["serve"],
    ],
    ids=" ".join,
)
def test_a_file_that_is_no_database_is_named(adapter, environ, tmp_path, arguments):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "adapter.db").write_bytes(b"not a database" * 100)
    assert adapter(*arguments, fails=True).stderr == (
        f"Error: account main, {environ['ADAPTER_DATABASE_URL']}: file is not a database\n"
    )


def test_a_folder_that_cannot_be_made_is_named(adapter, tmp_path):
    (tmp_path / "data").write_text("a file")
    refused = adapter("db", "upgrade", fails=True).stderr
    assert re.fullmatch(rf"Error: {tmp_path}/data: [\w ]+\n", refused)


@pytest.mark.parametrize(
    "arguments",
    [
        ["db", "check"],
        ["setup"],
        ["setup", "export"],
        ["credentials", "add", "shop"],
        ["credentials", "list"],
        ["credentials", "revoke", "shop"],
        ["run-invoices"],
        ["worker", "--once"],
        ["demo"],
        ["generate-data", "--schedules", "1"],
        ["serve"],
    ],
    ids=" ".join,
)
def test_a_database_without_a_schema_names_itself_and_the_remedy(adapter, environ, arguments):
    refused = adapter(*arguments, fails=True).stderr
    url = re.escape(environ["ADAPTER_DATABASE_URL"])
    assert re.match(
        rf"Error: account \w+, {url}: The database is at schema revision none", refused
    )
    assert refused.endswith("run `adapter db upgrade`\n")


@pytest.mark.parametrize(
    "arguments",
    [["serve", "--bind", "127.0.0.1:1"], ["worker", "--once"], ["run-invoices"]],
    ids=" ".join,
)
def test_a_schema_of_another_version_is_refused_and_left_alone(ready, environ, arguments):
    store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = contents(store)
    refused = ready(*arguments, fails=True).stderr
    assert "at schema revision 9999, this version needs" in refused
    assert refused.endswith("run `adapter db upgrade`\n")
    assert contents(store) == before
    store.close()


@pytest.mark.parametrize("name", ["", " ", "a\nb"])
def test_a_credential_has_a_name(ready, name):
    refused = ready("credentials", "add", name, fails=True).stderr
    assert refused.endswith("Error: Invalid value for NAME: must not be blank\n")
    assert len(ready("credentials", "list").stdout.splitlines()) == 1


def test_a_missing_driver_is_named(adapter, monkeypatch):
    monkeypatch.setenv("ADAPTER_DATABASE_URL", "oracle://127.0.0.1/x")
    monkeypatch.setenv("ADAPTER_ACCESS_SERVER_KEY", "00" * 32)
    assert adapter("db", "check", fails=True).stderr == (
        "Error: account main: its database needs the module oracledb\n"
    )


@pytest.mark.parametrize(
    ("settings", "warned"),
    [
        ('TaxCustomInvoiceNumbering = "on"', True),
        ('TaxCustomInvoiceNumbering = "on"\nTaxCustomInvoiceNumberFormat = "EH-{NUMBER}"', False),
        ('InvoicePrefix = "EH-"', False),
        (
            """TaxCustomInvoiceNumbering = "on"
            TaxCustomInvoiceNumberFormat = "EH-{NUMBER}"
            InvoicePrefix = "EH-\"""",
            True,
        ),
    ],
)
def test_setup_warns_of_two_series_that_print_alike(ready, tmp_path, settings, warned):
    file = tmp_path / "catalogue.toml"
    file.write_text(f"[settings]\n{settings}\n", encoding="utf-8")
    told = ready("setup", "--file", str(file)).stderr
    assert ("one number may stand on two invoices" in told) is warned

from pathlib import Path

import pytest
from click.testing import CliRunner

from adapter.cli import main

SETTINGS = """
[accounts.main.backends.old]
kind = "forward"
protocol = "whmcs"
url = "https://billing.example.com/includes/api.php"
identifier = "A"
secret = "hushhush"
[accounts.main.routes]
upstream = "old"
[accounts.main.routes.commands]
ListInvoices = "pass"
CreateBillableItem = "old"
[[accounts.main.routes.rules]]
backend = "old"
commands = ["GenerateDueInvoices"]
clients = [7]
"""


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "adapter.toml"
    file.write_text(SETTINGS)
    monkeypatch.setenv("ADAPTER_CONFIG", str(file))


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    assert "hushhush" not in done.output
    return done.output


def test_every_action_of_both_protocols_is_shown_with_its_backend():
    rows = [line.split("\t") for line in run("routes", "show").splitlines()]
    assert rows[0] == ["protocol", "action", "command", "backend", "because"]
    shown = {(row[0], row[1], row[2]): row[3:] for row in rows[1:]}
    assert shown["whmcs", "getinvoices", "ListInvoices"] == [
        "pass (old)", "routes.commands.ListInvoices"
    ]  # fmt: skip
    assert shown["whmcs", "addbillableitem", "CreateBillableItem"][0] == "old"
    assert shown["whmcs", "geninvoices", "GenerateDueInvoices"] == [
        "by client", "rule 1: old, else local"
    ]  # fmt: skip
    assert shown["whmcs", "addclient", "CreateClient"] == ["local", "routes.default"]
    assert shown["whmcs", "(any other)", ""] == ["pass (old)", "routes.upstream"]
    # No upstream speaks the positional protocol.
    assert shown["invoicesonline", "getdocumentsbytype_json", "ListInvoices"][0] == "refused"
    assert shown["invoicesonline", "(any other)", ""][0] == "refused"
    assert len(rows) == 1 + 74 + 26 + 2


@pytest.mark.parametrize(
    ("arguments", "backend", "reason"),
    [
        (("GenInvoices", "--client", "7"), "old", "rule 1: client 7 is listed"),
        (("GenInvoices", "--client", "8"), "local", "routes.default"),
        (("GenerateDueInvoices",), "local", "routes.default"),
        (("GetTodoItems",), "pass (old)", "routes.upstream"),
        (("GenInvoices", "--client", "007"), "old", "rule 1: client 7 is listed"),
        (
            ("AddInvoicePayment", "--client", "7"),
            "local",
            "routes.default (names no client: no client rule applies)",
        ),
        (("GetInvoices", "--protocol", "whmcs"), "pass (old)", "routes.commands.ListInvoices"),
    ],
)
def test_one_decision_is_explained(arguments, backend, reason):
    facts = dict(line.split(maxsplit=1) for line in run("routes", "test", *arguments).splitlines())
    assert (facts["backend"], facts["because"]) == (backend, reason)


def test_what_does_not_exist_is_refused_with_what_does():
    assert "known are whmcs" in run("routes", "test", "GenInvoices", "--protocol", "x", code=2)
    refused = run("routes", "test", "NewCliant", "--protocol", "invoicesonline", code=1)
    assert "did you mean newclient?" in refused
    assert "no account shop" in run("routes", "show", "--account", "shop", code=1)


def test_a_word_that_can_be_no_client_is_refused():
    for word in ("abc", "0", " "):
        assert "an id or an e-mail address" in run(
            "routes", "test", "GenInvoices", "--client", word, code=2
        )


def test_a_rule_without_commands_is_shown_where_calls_name_a_client(tmp_path, monkeypatch):
    file = tmp_path / "all.toml"
    file.write_text(SETTINGS.replace('commands = ["GenerateDueInvoices"]', ""))
    monkeypatch.setenv("ADAPTER_CONFIG", str(file))
    rows = [line.split("\t") for line in run("routes", "show").splitlines()]
    shown = {(row[0], row[1]): row[3:] for row in rows}
    assert shown["whmcs", "addcredit"] == ["by client", "rule 1: old, else local"]
    assert shown["whmcs", "addinvoicepayment"] == [
        "local", "routes.default (names no client: no client rule applies)"
    ]  # fmt: skip
    share = file.read_text().replace("clients = [7]", "percent = 5")
    file.write_text(share)
    told = run("routes", "test", "AddClient", "--client", "7")
    assert "routes.default (names no client by id: no share applies)" in told


def test_the_settings_in_force_are_shown_without_secrets():
    output = run("config", "check")
    assert "accounts.main.backends.old.secret\t(set, not shown)" in output
    assert "accounts.main.routes.rules\t1 of them" in output

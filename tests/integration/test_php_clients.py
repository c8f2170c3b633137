"""Legacy clients, unmodified: the documents' example scripts, curl, and a Python script.

`php/` holds the three scripts as the documents print them, after PHP's opening tag. Filled in are
only the URL, the credentials, and the empty values of the recurring invoice; see `filled_in`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import FORM_PATH, RECURRING, Gateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.slow,
]

EXAMPLES = Path(__file__).with_name("php")
LOCAL_API = Path(__file__).parents[2] / "docs" / "localapi.php"
SECONDS = 60

# The reply of the first document, as printed there.
DOCUMENTED_RUN = """{
    "result": "success",
    "numcreated": "3"
}
"""
# The reply that the second document describes; the values of both masks are the server's own.
MASK = "<mask>"
DOCUMENTED_RECURRING = f'{{"type": "success", "document_id": "{MASK}", "message": "{MASK}"}}'


def has_php() -> bool:
    php = shutil.which("php")
    if php is None:
        return False
    listed = subprocess.run(  # noqa: S603 - found on the path
        [php, "-m"], capture_output=True, text=True, check=False, timeout=SECONDS
    )
    return "curl" in listed.stdout.split()


needs_php = pytest.mark.skipif(
    not has_php(), reason="php with its curl extension is not installed: get php-cli and php-curl"
)
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def run(command: list[str], environ: Mapping[str, str] | None = None) -> str:
    """Run a command of the machine; return what it printed."""
    program = shutil.which(command[0])
    assert program is not None
    done = subprocess.run(  # noqa: S603 - found on the path
        [program, *command[1:]],
        env={**os.environ, **(environ or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def filled_in(script: str, values: Mapping[str, str], tmp_path: Path) -> str:
    """Copy an example with some of its texts replaced, each standing there exactly once."""
    text = (EXAMPLES / script).read_text("utf-8")
    for placeholder, value in values.items():
        assert text.count(placeholder) == 1, placeholder
        text = text.replace(placeholder, value)
    copy = tmp_path / script
    copy.write_text(text, "utf-8")
    return str(copy)


def pairs_of(reply: str) -> list[tuple[str, Any]]:
    """Return a JSON object's pairs with order and types: only white space is not compared."""
    pairs: list[tuple[str, Any]] = json.loads(reply, object_pairs_hook=list)
    return pairs


def assert_documented(reply: str, documented: str) -> None:
    """Compare a reply with a documented one, in which a mask stands for any text but none."""
    expected = pairs_of(documented)
    masked = {key for key, value in expected if value == MASK}
    shown = [
        (key, MASK if key in masked and isinstance(value, str) and value else value)
        for key, value in pairs_of(reply)
    ]
    assert shown == expected


def three_due_clients(gateway: Gateway) -> list[int]:
    """Drain the store, then make three clients with one service of 15.95 each due in ten days."""
    gateway.form("GenInvoices")
    product_id = gateway.product()
    client_ids = [gateway.client() for _ in range(3)]
    for client_id in client_ids:
        gateway.service(client_id, product_id)
    return client_ids


def assert_billed_once(gateway: Gateway, client_ids: list[int]) -> None:
    """Read each client's invoice back through both protocols."""
    for client_id in client_ids:
        listed = gateway.form("GetInvoices", userid=client_id)["invoices"]["invoice"]
        assert [(row["total"], row["status"]) for row in listed] == [("15.95", "Unpaid")]
        invoice = gateway.form("GetInvoice", invoiceid=listed[0]["id"])
        assert [line["amount"] for line in invoice["items"]["item"]] == ["15.95"]
        documents = gateway.documents(client_id)
        assert [(key, row["total"]) for key, row in documents.items()] == [
            (str(listed[0]["id"]), "15.95")
        ]


@needs_php
@pytest.mark.php
def test_the_form_post_example_runs(gateway, tmp_path):
    clients = three_due_clients(gateway)
    script = filled_in(
        "geninvoices-curl.php",
        {
            "https://www.example.com/includes/api.php": gateway.url + FORM_PATH,
            "IDENTIFIER_OR_ADMIN_USERNAME": gateway.identifier,
            "SECRET_OR_HASHED_PASSWORD": gateway.secret,
        },
        tmp_path,
    )
    reply = run(["php", "-d", f"auto_append_file={EXAMPLES / 'print-response.php'}", script])
    assert_documented(reply, DOCUMENTED_RUN)
    assert_billed_once(gateway, clients)


@needs_php
@pytest.mark.php
def test_the_local_api_example_runs_unchanged(gateway):
    clients = three_due_clients(gateway)
    printed = run(
        ["php", "-d", f"auto_prepend_file={LOCAL_API}", str(EXAMPLES / "geninvoices-local.php")],
        {
            "ADAPTER_URL": gateway.url,
            "ADAPTER_IDENTIFIER": gateway.identifier,
            "ADAPTER_SECRET": gateway.secret,
        },
    )
    # What PHP's print_r makes of the documented reply.
    assert printed == "Array\n(\n    [result] => success\n    [numcreated] => 3\n)\n"
    assert_billed_once(gateway, clients)


def recurring_values(gateway: Gateway, client_id: int) -> dict[str, str]:
    """Return the values for the empty ones of the recurring invoice's example, by their place.

    The first line is 3 x 19.99 and 15 % on top: 59.97 + 9.00 (8.9955) = 68.97. The second one is
    57.50 with 15 % inside: 50.00 + 7.50. Together 109.97 + 16.50 = 126.47.
    """
    named = {
        "['username']": gateway.username,
        "['password']": gateway.password,
        "['ClientID']": str(client_id),
        "['Recurrs']": "monthly",
        "['paused']": "0",
        "['limit_recurrances']": "1",
        "['recurrances_limit']": "12",
        "['add_increase']": "1",
        "['IncreasePercentage']": "7.5",
        "['IncreaseInterval']": "12",
        "['recurring_start_date']": gateway.today.isoformat(),
    }
    first = ["HOST-S", "3", "Small hosting", "19.99", "ZAR", "1", "15.00", "0"]
    second = ["DOM", "1", "Domain name", "57.50", "ZAR", "1", "15.00", "1"]
    for index, row in enumerate((first, second)):
        named |= {f"['data'][{index}][{column}]": value for column, value in enumerate(row)}
    return {
        f"$param{place} = '';": f"$param{place} = '{value}';" for place, value in named.items()
    }


def assert_billed_as_quoted(gateway: Gateway, client_id: int, recurring_id: str) -> None:
    """Run, and read the first invoice of the recurring invoice back through both protocols."""
    assert list(gateway.documents(client_id, "recurring_invoices")) == [recurring_id]
    made = gateway.form("GenInvoices", clientid=client_id)
    assert made["numcreated"] == "1"
    invoice = gateway.form("GetInvoice", invoiceid=made["latestinvoiceid"])
    day = gateway.today.isoformat()
    assert (invoice["date"], invoice["duedate"], invoice["status"]) == (day, day, "Unpaid")
    assert (invoice["subtotal"], invoice["tax"]) == ("109.97", "16.50")
    assert invoice["total"] == "126.47"
    assert [line["description"] for line in invoice["items"]["item"]] == [
        "Small hosting",
        "Domain name",
    ]
    document = gateway.documents(client_id)[str(made["latestinvoiceid"])]
    assert (document["invoice_date"], document["total"]) == (day, "126.47")


@needs_php
@pytest.mark.php
def test_the_recurring_invoice_example_runs(gateway, tmp_path):
    client_id = gateway.client()
    values = recurring_values(gateway, client_id)
    values["https://www.invoicesonline.co.za"] = gateway.url
    script = filled_in("recurring-invoice.php", values, tmp_path)
    reply = run(["php", "-d", f"auto_append_file={EXAMPLES / 'print-response.php'}", script])
    assert_documented(reply, DOCUMENTED_RECURRING)
    assert_billed_as_quoted(gateway, client_id, json.loads(reply)["document_id"])


@needs_php
@pytest.mark.php
def test_the_recurring_invoice_example_as_printed_is_refused(gateway, tmp_path):
    script = filled_in(
        "recurring-invoice.php", {"https://www.invoicesonline.co.za": gateway.url}, tmp_path
    )
    reply = run(["php", "-d", f"auto_append_file={EXAMPLES / 'print-response.php'}", script])
    refusal = "Invalid username or password"
    assert pairs_of(reply) == [
        ("type", "error"),
        ("document_id", ""),
        ("message", refusal),
        ("error", refusal),
    ]


CURL = ["curl", "--silent", "--show-error", "--max-time", str(SECONDS)]


def with_option(option: str, pairs: Mapping[str, str]) -> list[str]:
    return [part for name, value in pairs.items() for part in (option, f"{name}={value}")]


def run_pairs(gateway: Gateway) -> dict[str, str]:
    return {
        "action": "GenInvoices",
        "username": gateway.identifier,
        "password": gateway.secret,
        "responsetype": "json",
    }


@needs_curl
@pytest.mark.parametrize("option", ["--form", "--data-urlencode"])
def test_curl_runs_invoices(gateway, option):
    clients = three_due_clients(gateway)
    reply = run([*CURL, *with_option(option, run_pairs(gateway)), gateway.url + FORM_PATH])
    assert_documented(reply, DOCUMENTED_RUN)
    assert_billed_once(gateway, clients)


def recurring_pairs(gateway: Gateway, client_id: int) -> dict[str, str]:
    """Return the recurring invoice of `recurring_values` as form fields."""
    place = re.compile(r"\['?([^'\]]+)'?\]")
    pairs = {}
    for line in recurring_values(gateway, client_id).values():
        target, _, value = line.removesuffix("';").partition(" = '")
        head, *rest = place.findall(target)
        pairs[head + "".join(f"[{key}]" for key in rest)] = value
    return pairs


@needs_curl
@pytest.mark.parametrize("option", ["--form", "--data-urlencode"])
def test_curl_makes_a_recurring_invoice(gateway, option):
    client_id = gateway.client()
    pairs = recurring_pairs(gateway, client_id)
    # curl leaves the brackets of names raw with this option.
    assert "data[1][7]" in pairs
    url = f"{gateway.url}/api/GenerateNewRecurringInvoice.php"
    reply = run([*CURL, *with_option(option, pairs), url])
    assert_documented(reply, DOCUMENTED_RECURRING)
    assert_billed_as_quoted(gateway, client_id, json.loads(reply)["document_id"])


SCRIPT = """
import json
import os

import requests

url = os.environ["GATEWAY_URL"]
login = {"username": os.environ["GATEWAY_USER"], "password": os.environ["GATEWAY_PASSWORD"]}
recurring = requests.post(
    url + "/api/GenerateNewRecurringInvoice.php?apiformat=json",
    data=json.dumps({**login, **json.loads(os.environ["RECURRING"])}),
    timeout=60,
)
print(recurring.text)
run = requests.post(
    url + "/includes/api.php",
    data={
        "action": "GenInvoices",
        "clientid": os.environ["CLIENT"],
        "responsetype": "json",
        **login,
    },
    timeout=60,
)
print(run.text)
invoice = requests.post(
    url + "/includes/api.php",
    data={
        "action": "GetInvoice",
        "invoiceid": run.json()["latestinvoiceid"],
        "responsetype": "json",
        **login,
    },
    timeout=60,
)
print(invoice.json()["total"])
"""


def test_a_python_script_makes_bills_and_reads_an_invoice(gateway, tmp_path):
    client_id = gateway.client()
    script = tmp_path / "client.py"
    script.write_text(SCRIPT, "utf-8")
    rows = [
        ["HOST-S", 3, "Small hosting", 19.99, "ZAR", 1, 15.00, 0],
        ["DOM", 1, "Domain name", 57.5, "ZAR", True, 15, True],
    ]
    recurring = {
        **RECURRING,
        "ClientID": client_id,
        "recurring_start_date": gateway.today.isoformat(),
        "data": rows,
    }
    printed = run(
        [sys.executable, str(script)],
        {
            "GATEWAY_URL": gateway.url,
            "GATEWAY_USER": gateway.identifier,
            "GATEWAY_PASSWORD": gateway.secret,
            "CLIENT": str(client_id),
            "RECURRING": json.dumps(recurring),
        },
    )
    made, generated, total = printed.splitlines()
    assert_documented(made, DOCUMENTED_RECURRING)
    assert json.loads(generated)["numcreated"] == "1"
    assert total == "126.47"

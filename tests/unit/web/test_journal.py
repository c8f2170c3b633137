"""What the journal of requests keeps, never keeps, and what `adapter requests` tells of it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from adapter.cli import main
from adapter.errors import StoreUnavailable
from adapter.store import tables
from tests.unit.web.test_app import AUTH, GEN, Front

ADD = f"action=AddClient&{AUTH}&firstname=Ann&lastname=Lee&email=ann@example.com&country=ZA"
ADD += "&address1=1+Road&city=Cape+Town&state=WC&postcode=8001&phonenumber=021"
ADD += "&password2=open-sesame&responsetype=json"
RECURRING = {
    "username": "IDENTIFIER",
    "password": "SECRET",
    "ClientID": 1,
    "Recurrs": "monthly",
    "paused": 0,
    "limit_recurrances": 0,
    "recurrances_limit": "",
    "add_increase": 0,
    "IncreasePercentage": "",
    "IncreaseInterval": "",
    "recurring_start_date": f"{datetime.now(UTC):%Y-%m-%d}",
    "data": [["A1", "1", "Hosting", "100.00", "ZAR", "1", "15.00", "0"]],
}


@pytest.fixture
def open_front(tmp_path) -> Any:
    made: list[Front] = []

    def front(**environ: str) -> Front:
        made.append(Front(tmp_path, **environ))
        made[-1].prepare()
        return made[-1]

    yield front
    for each in made:
        each.assembly.close()


def kept(front: Front) -> list[Any]:
    """Return what the journal has once everything that waits is written."""
    front.assembly.journal.close()
    with front.store.read() as uow:
        return list(uow.execute(sa.select(tables.requests).order_by(tables.requests.c.id)))


def adapter(front: Front, *arguments: str, status: int = 0) -> str:
    environ = {"ADAPTER_DATABASE_URL": str(front.store.engine.url)}
    result = CliRunner().invoke(main, ["requests", *arguments], env=environ)
    assert result.exit_code == status, result.output
    return result.output


def test_a_change_is_kept_with_its_command_and_result(open_front):
    front = open_front()
    _, headers, reply = front.call(body=ADD.encode())
    client_id = json.loads(reply)["clientid"]
    (row,) = kept(front)
    assert row.request_id == headers["X-Request-Id"]
    assert (row.credential, row.protocol, row.action) == ("shop", "whmcs", "addclient")
    assert (row.command, row.outcome, row.status) == ("CreateClient", "ok", 200)
    assert json.loads(row.asked)["fields"]["client"]["email"] == "ann@example.com"
    assert json.loads(row.told)["fields"]["client_id"] == client_id
    assert row.message is None
    assert row.milliseconds >= 1


def test_no_secret_is_kept(open_front):
    front = open_front()
    front.call(body=ADD.encode())
    front.call(body=ADD.replace("ann@example.com", "no mail").encode())
    front.call(body=f"action=AddPayMethod&{AUTH}&clientid=x&card_number=4111111111111111".encode())
    front.call("/api/NewClient.php", b'{"username":"IDENTIFIER","password":"SECRET"}')
    rows = kept(front)
    assert len(rows) == 4
    text = repr([tuple(row) for row in rows])
    for secret in ("SECRET", "open-sesame", "4111111111111111"):
        assert secret not in text


@pytest.mark.parametrize(
    "sent",
    [
        "password2[0]=hushhush",
        "cardnum[n]=hushhush",
        "customvars[api_key]=hushhush",
        "pwd=hushhush",
        "pin=hushhush",
        "iban[a][b]=hushhush",
        "setting=SMTPPassword&value=hushhush",
    ],
)
def test_no_secret_of_a_refused_request_is_kept_wherever_it_stands(open_front, sent):
    front = open_front()
    front.call(body=f"action=UpdateClient&{AUTH}&clientid=abc&city=Town&{sent}".encode())
    (row,) = kept(front)
    assert "Town" in row.asked
    assert "hushhush" not in repr(tuple(row))


def test_no_secret_of_a_result_is_kept(open_front):
    front = open_front(ADAPTER_JOURNAL_RECORD="all")
    front.call(body=ADD.encode())
    login = f"action=ValidateLogin&{AUTH}&email=ann@example.com&password2=open-sesame"
    _, _, reply = front.call(body=f"{login}&responsetype=json".encode())
    digest = json.loads(reply)["passwordhash"]
    statement = json.dumps({**RECURRING, "ClientID": "1", "format": "pdf"}).encode()
    _, _, page = front.call("/api/ClientStatement.php", statement, query="apiformat=json")
    rows = kept(front)
    assert [row.outcome for row in rows] == ["ok"] * 3, [row.message for row in rows]
    assert re.search(rb"k=[0-9a-f]{32}", page)
    told = rows[2].told
    assert "k=redacted" in told
    assert digest not in repr([tuple(row) for row in rows])


def test_many_long_values_are_kept_within_the_bound(open_front):
    front = open_front()
    many = "".join(f"&x{number}={'y' * 500}" for number in range(400))
    front.call(body=f"action=UpdateClient&{AUTH}&clientid=abc{many}".encode())
    (row,) = kept(front)
    assert len(row.asked) < 1000
    assert row.outcome == "client_not_found"


def test_a_refused_request_is_kept_with_what_was_sent_and_the_error(open_front):
    front = open_front()
    front.call(body=f"action=GenInvoices&{AUTH}&clientid=abc&responsetype=json".encode())
    (row,) = kept(front)
    assert row.command == ""
    assert json.loads(row.asked)["params"]["clientid"] == "abc"
    assert (row.outcome, row.message) == ("client_not_found", "Client not found")
    assert row.told is None


def test_reads_are_kept_only_when_all_are(open_front):
    read = f"action=GetClients&{AUTH}&responsetype=json".encode()
    front = open_front()
    front.call(body=read)
    assert kept(front) == []


@pytest.mark.parametrize(("record", "count"), [("all", 3), ("none", 0), ("changes", 1)])
def test_what_is_kept_can_be_chosen(open_front, record, count):
    front = open_front(ADAPTER_JOURNAL_RECORD=record)
    front.call(body=f"action=GetClients&{AUTH}&responsetype=json".encode())
    front.call(body=GEN)
    front.call(body=ADD.encode())
    assert len(kept(front)) == count


def test_who_is_not_admitted_is_not_kept(open_front):
    front = open_front()
    front.call(body=GEN.replace(b"SECRET", b"WRONG"))
    front.call(body=GEN, peer="10.1.2.3")
    assert kept(front) == []


def test_the_oldest_are_given_up(open_front):
    front = open_front(ADAPTER_JOURNAL_ROWS="3")
    for _ in range(8):
        front.call(body=GEN + b"&clientid=abc")
    assert [row.id for row in kept(front)] == [6, 7, 8]


def test_a_long_command_is_kept_with_the_length_of_what_is_long(open_front):
    front = open_front()
    front.call(body=ADD.encode())
    rows = [["A1", "1", "x" * 200, "1.00", "ZAR", "1", "15.00", "0"]] * 400
    body = json.dumps({**RECURRING, "data": rows}).encode()
    front.call("/api/GenerateNewRecurringInvoice.php", body, query="apiformat=json")
    row = kept(front)[-1]
    assert (row.command, row.outcome, row.message) == ("CreateRecurringInvoice", "ok", None)
    assert json.loads(row.asked)["fields"]["lines"] == "(400 of them, not kept)"
    assert json.loads(row.asked)["fields"]["client_id"] == 1


def test_a_busy_store_loses_entries_and_says_how_many(open_front, monkeypatch):
    front = open_front()
    told: list[str] = []
    front.assembly.journal._report = told.append

    def busy(*_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr("adapter.bridge.journal.write_entries", busy)
    front.call(body=GEN + b"&clientid=abc")
    front.call(body=GEN + b"&clientid=abc")
    assert kept(front) == []
    assert told == [f"2 requests are not in the journal: {StoreUnavailable()}"]


def test_the_journal_shows_the_run_and_the_documents_it_led_to(open_front):
    front = open_front(ADAPTER_ACCOUNTS_MAIN_ZONE="UTC")
    front.call(body=ADD.encode())
    body = json.dumps(RECURRING).encode()
    _, made, _ = front.call("/api/GenerateNewRecurringInvoice.php", body, query="apiformat=json")
    _, headers, reply = front.call(body=GEN)
    assert json.loads(reply)["numcreated"] == "1"
    kept(front)
    found = json.loads(adapter(front, "show", headers["X-Request-Id"], "--json"))
    assert found["requests"][0]["command"] == "GenerateDueInvoices"
    assert [run["document_count"] for run in found["runs"]] == [1]
    assert found["document_count"] == 1
    text = adapter(front, "show", headers["X-Request-Id"])
    assert f"documents  {found['documents'][0]}\n" in text
    assert "run        1 (api)" in text
    text = adapter(front, "show", made["X-Request-Id"])
    assert "did  create recurring 1\n" in text


def test_the_list_is_narrowed(open_front):
    front = open_front()
    front.call(body=ADD.encode())
    front.call(body=f"action=GenInvoices&{AUTH}&clientid=abc".encode())
    front.call(body=ADD.replace("ann@", "bob@").encode())
    kept(front)
    actions = [row["action"] for row in json.loads(adapter(front, "list", "--json"))]
    assert actions == ["addclient", "geninvoices", "addclient"]
    refused = json.loads(adapter(front, "list", "--refused", "--json"))
    assert [row["outcome"] for row in refused] == ["client_not_found"]
    assert len(json.loads(adapter(front, "list", "--action", "AddClient", "--json"))) == 2
    assert json.loads(adapter(front, "list", "--since", "2199-01-01", "--json")) == []
    assert len(json.loads(adapter(front, "list", "--limit", "1", "--json"))) == 1
    assert adapter(front, "list").splitlines()[-1] == "Account main: 3 requests"
    assert "The journal has no request nothing" in adapter(front, "show", "nothing", status=1)

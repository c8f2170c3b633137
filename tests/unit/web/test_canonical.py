"""`.../canonical/commands` and `.../canonical/attempts`: documented in docs/canonical.md."""

import base64
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import sqlalchemy as sa

from adapter.backends.base import Deadline, Proof
from adapter.backends.canonical_http import CanonicalConfig, CanonicalConnector
from adapter.backends.transport import UpstreamReply
from adapter.bridge.secrets import digest_generated
from adapter.commands.canonical import command_data, result_data
from adapter.commands.model import (
    AddCredit,
    ClientFields,
    ClientIdentity,
    CreateClient,
    FindClient,
    GenerateDueInvoices,
    GetClient,
)
from adapter.commands.results import ClientCreated, InvoicesGenerated
from adapter.errors import (
    BadAnswer,
    ClientNotFound,
    InvalidField,
    NotSent,
    ReferenceTaken,
    Rejected,
    WrongDay,
)
from adapter.store import tables
from adapter.store.credentials import CredentialRow, insert_credential
from tests.unit.web.test_app import Front

SCHEMAS = Path(__file__).parents[3] / "docs" / "schema"
CAT = ClientFields(
    invoice_name="Cat Ltd", first_name="C", last_name="P", email="c@x.example", country="ZA"
)
NEW = CreateClient(CAT, ClientIdentity.EMAIL, send_email=False)
REFERENCE = "reference-of-mine"
DEADLINE = Deadline(10.0, lambda: 0.0)


def add_credential(front, name, *, protocols=(), actions=(), addresses=()):
    digests = digest_generated(bytes(32), "SECRET")
    with front.store.write() as uow:
        insert_credential(
            uow,
            CredentialRow(
                name=name.lower(),
                identifier=name,
                account="main",
                secret_kind=digests.kind,
                secret_digest=digests.digest,
                created_at=datetime(2026, 1, 1, tzinfo=UTC),
                protocols=protocols,
                actions=actions,
                addresses=addresses,
            ),
        )


@pytest.fixture
def front(tmp_path, request):
    made = Front(tmp_path, **getattr(request, "param", {}))
    made.prepare()
    add_credential(made, "GATEWAY", protocols=("canonical",))
    add_credential(made, "LEGACY", protocols=("whmcs",))
    add_credential(made, "READER", protocols=("canonical",), actions=("getclient",))
    add_credential(made, "AFAR", protocols=("canonical",), addresses=("192.0.2.1",))
    yield made
    made.store.close()


def basic(who, secret="SECRET"):
    return "Basic " + base64.b64encode(f"{who}:{secret}".encode()).decode()


def call(front, body=None, path="/canonical/commands", who="GATEWAY", **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"HTTP_AUTHORIZATION": basic(who)} | more
    method = headers.pop("method", "GET" if body is None else "POST")
    status, _, reply = front.call(path, b"" if body is None else raw, method=method, **headers)
    return status, json.loads(reply)


def fits(name, data):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(data)


class Through:
    """A network that ends in the application; `sent` keeps what went by."""

    def __init__(self, front):
        self.front = front
        self.sent = []
        self.instead = None

    def exchange(self, request, deadline):
        assert deadline.left == 10
        path = request.url.removeprefix("https://backend.example/deep")
        headers = {
            "HTTP_" + name.upper().replace("-", "_"): value
            for name, value in request.headers.items()
        }
        status, _, body = self.front.call(
            "/deep" + path, request.body, method=request.method, **headers
        )
        self.sent.append((request, status, body))
        return self.instead or UpstreamReply(status, {}, body)


@pytest.fixture
def through(front):
    return Through(front)


@pytest.fixture
def connector(through):
    config = CanonicalConfig("https://backend.example/deep/", "GATEWAY", "SECRET")
    return CanonicalConnector("behind", config, through)


@pytest.fixture
def now(context):
    made = context(datetime.now(UTC).date())
    return replace(made, reference=REFERENCE)


def test_a_command_is_answered_by_its_result(front):
    body = {**command_data(NEW), "reference": REFERENCE}
    fits("CreateClient", body)
    status, reply = call(front, body, "/any/prefix/canonical/commands")
    assert (status, reply) == (200, result_data(ClientCreated(1)))
    fits("ClientCreated", reply)
    assert front.lines()[-1]["action"] == "createclient"
    assert call(front, body) == (200, reply)
    assert call(front, path=f"/canonical/attempts/{REFERENCE}") == (
        200,
        {"reference": REFERENCE, "state": "done", "result": reply},
    )
    assert front.lines()[-1]["action"] == "attempts"


def test_a_bearer_token_is_identifier_and_secret(front):
    bearer = {"HTTP_AUTHORIZATION": "Bearer GATEWAY:SECRET"}
    assert call(front, command_data(GetClient(9)), **bearer)[1]["error"] == "client_not_found"
    bearer = {"HTTP_AUTHORIZATION": "Bearer GATEWAY:WRONG"}
    assert call(front, command_data(GetClient(9)), **bearer)[0] == 401


@pytest.mark.parametrize(
    ("who", "status", "error"),
    [
        ("NOBODY", 401, "unknown_identifier"),
        ("IDENTIFIER", 403, "action_not_allowed"),  # for every protocol, and names none
        ("LEGACY", 403, "action_not_allowed"),
        ("READER", 403, "action_not_allowed"),
        ("AFAR", 403, "address_not_allowed"),
    ],
)
def test_only_who_may_is_answered(front, who, status, error):
    reply = call(front, command_data(NEW), who=who)
    assert (reply[0], reply[1]["error"]) == (status, error)
    fits("Error", reply[1])
    assert call(front, command_data(FindClient("Cat Ltd", "c@x.example")))[0] == 409


def test_a_role_names_a_command(front):
    assert call(front, command_data(GetClient(1)), who="READER")[1]["error"] == "client_not_found"
    assert call(front, path="/canonical/attempts/abcdefgh", who="READER")[0] == 403
    status, _, reply = front.call(
        "/canonical/commands", b"{}", peer="203.0.113.1", HTTP_AUTHORIZATION=basic("GATEWAY")
    )
    assert (status, json.loads(reply)["error"]) == (403, "address_not_allowed")


@pytest.mark.parametrize("front", [{"ADAPTER_LIMITS_ROWS": "3"}], indirect=True)
@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        (b"", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b"[" * 100_000, 400, "malformed"),
        (b'{"command": 7}', 400, "malformed"),
        ({"command": "NoSuch", "fields": {}}, 404, "unknown_action"),
        ({"command": "GetClient", "fields": {"client": 7}}, 400, "invalid_field"),
        ({"command": "GetClient", "fields": {}, "more": 1}, 400, "invalid_field"),
        ({"command": "GetClient", "fields": {}, "reference": "../x"}, 400, "invalid_field"),
        ({"command": "GetClient", "fields": {}, "today": "2026-2-1"}, 400, "invalid_field"),
        ({"command": "GetClient", "fields": {}, "idempotency_key": 1}, 400, "invalid_field"),
        ({"command": "ListProducts", "fields": {"product_ids": [1] * 4}}, 413, "limit_exceeded"),
    ],
    ids=lambda value: repr(value)[:70],
)
def test_what_cannot_be_read_is_said(front, body, status, error):
    reply = call(front, body)
    assert (reply[0], reply[1]["error"]) == (status, error)
    fits("Error", reply[1])


def test_only_post_carries_out_a_command(front):
    assert call(front, method="PUT")[0] == 405
    assert call(front, method="GET")[1]["error"] == "method_not_allowed"
    assert call(front, path="/canonical/attempts/abcdefgh", method="DELETE")[0] == 405


def test_nothing_is_known_of_another_credentials_reference(front):
    add_credential(front, "OTHER", protocols=("canonical",))
    call(front, {**command_data(NEW), "reference": REFERENCE})
    status, reply = call(front, path=f"/canonical/attempts/{REFERENCE}", who="OTHER")
    assert (status, reply["error"]) == (404, "reference_unknown")


def test_a_body_that_is_too_large_is_refused_in_json(front):
    status, _, reply = front.call("/canonical/commands", b"", length=9 * 2**20)
    assert (status, json.loads(reply)["error"]) == (413, "limit_exceeded")


def test_a_sandbox_lives_on_the_senders_day(front):
    body = {**command_data(NEW), "today": "2031-05-02"}
    assert call(front, body)[0] == 200
    shown = call(front, command_data(GetClient(1)))[1]
    assert shown["fields"]["client"]["created_on"] == "2031-05-02"
    assert shown["fields"]["client"]["created_at"].startswith("2031-05-02T")


@pytest.mark.parametrize(
    "front",
    [
        {
            "ADAPTER_ACCOUNTS_MAIN_MODE": "production",
            "ADAPTER_ACCOUNTS_MAIN_ZONE": "UTC",
            "ADAPTER_ACCOUNTS_MAIN_BUSINESS_ID": "7",
            "ADAPTER_ACCOUNTS_MAIN_BUSINESS_NAME": "Shop",
            "ADAPTER_MAIL_TRANSPORT": "files",
        }
    ],
    indirect=True,
)
def test_production_refuses_another_day_than_its_own(front, connector, now):
    with pytest.raises(WrongDay):
        connector.send(NEW, replace(now, today=date(2031, 5, 2)), DEADLINE)
    assert connector.send(NEW, now, DEADLINE) == ClientCreated(1)


def test_the_connector_says_every_command_and_reads_its_result(connector, through, now):
    assert connector.look_up(NEW, now, DEADLINE) is None
    assert connector.send(NEW, now, DEADLINE) == ClientCreated(1)
    assert connector.look_up(NEW, now, DEADLINE) == ClientCreated(1)
    assert connector.send(NEW, now, DEADLINE) == ClientCreated(1)
    other = replace(now, reference="another-reference")
    shown = connector.send(GetClient(1), other, DEADLINE)
    assert shown.client.email == "c@x.example"
    assert connector.send(GenerateDueInvoices(), other, DEADLINE) == InvoicesGenerated(0)
    for request, status, body in through.sent:
        if request.method == "POST":
            fits(json.loads(request.body)["command"], json.loads(request.body))
        assert status in {200, 404}
        assert "SECRET" not in repr(request)
        assert json.loads(body)


def test_an_error_behind_is_raised_as_if_it_were_ours(connector, now):
    with pytest.raises(ClientNotFound) as refused:
        connector.send(AddCredit(7, "Thanks", Decimal(5)), now, DEADLINE)
    assert (str(refused.value), refused.value.record_id) == ("Client not found", 7)
    connector.send(NEW, now, DEADLINE)
    with pytest.raises(ReferenceTaken):
        connector.send(AddCredit(1, "Thanks", Decimal(5)), now, DEADLINE)
    long = replace(CAT, email="d@x.example", postcode="1" * 1000)
    with pytest.raises(InvalidField):
        connector.send(replace(NEW, client=long), replace(now, reference="r" * 9), DEADLINE)


def test_what_is_wrong_with_our_own_call_is_not_the_callers_fault(through, now):
    for who, text in (("NOBODY", "unknown_identifier"), ("LEGACY", "action_not_allowed")):
        config = CanonicalConfig("https://backend.example/deep", who, "SECRET")
        with pytest.raises(Rejected) as refused:
            CanonicalConnector("behind", config, through).send(NEW, now, DEADLINE)
        assert text in refused.value.reason


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (200, b"<html>", BadAnswer),
        (200, b'{"result": "ClientCreated", "fields": {}}', BadAnswer),
        (302, b"", BadAnswer),
        (500, b'{"error": "internal", "message": "Internal error", "facts": {}}', BadAnswer),
        (503, b"<html>", BadAnswer),
        (503, b'{"error": "store_unavailable", "message": "busy", "facts": {}}', NotSent),
        (503, b'{"error": "not_sent", "message": "down", "facts": {}}', NotSent),
        (504, b'{"error": "outcome_unknown", "message": "broke", "facts": {}}', BadAnswer),
        (502, b'{"error": "rejected", "message": "no", "facts": {}}', Rejected),
    ],
)
def test_a_reply_that_proves_nothing_is_no_refusal(connector, through, now, status, body, raised):
    through.instead = UpstreamReply(status, {}, body)
    with pytest.raises(raised):
        connector.send(NEW, now, DEADLINE)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, b"<html>not here"),
        (401, b'{"error": "not_authenticated", "message": "no", "facts": {}}'),
        (200, b'{"reference": "x", "state": "open", "result": null}'),
        (200, b'{"reference": "x", "state": "done", "result": null}'),
        (200, b"[]"),
    ],
)
def test_only_a_clear_no_proves_absence(connector, through, now, status, body):
    through.instead = UpstreamReply(status, {}, body)
    with pytest.raises(BadAnswer):
        connector.look_up(NEW, now, DEADLINE)
    through.instead = UpstreamReply(200, {}, b'{"state": "refused", "result": null}')
    assert connector.look_up(NEW, now, DEADLINE) is None


def test_a_run_has_no_proof(connector):
    assert connector.proof(GenerateDueInvoices()) is Proof.NONE
    assert connector.proof(NEW) is Proof.REFERENCE


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "https://x/?a=1", "backend.example"])
def test_an_address_that_cannot_be_used_is_refused(url, through):
    with pytest.raises(InvalidField):
        CanonicalConnector("behind", CanonicalConfig(url), through)


def test_what_is_asked_stands_in_the_journal(front):
    _, made = call(front, {**command_data(NEW), "reference": REFERENCE})
    call(front, command_data(GetClient(made["fields"]["client_id"])))  # reads: not kept
    call(front, command_data(GenerateDueInvoices(client_id=99)))
    call(front, {"command": "GetClient", "fields": {"client_id": "one", "password": "hushhush"}})
    front.assembly.journal.close()
    with front.store.read() as uow:
        done, refused, unread = uow.execute(sa.select(tables.requests)).mappings()
    assert (done["protocol"], done["command"], done["outcome"]) == (
        "canonical",
        "CreateClient",
        "ok",
    )
    assert json.loads(done["told"]) == made
    assert (refused["command"], refused["outcome"]) == ("GenerateDueInvoices", "client_not_found")
    assert (unread["command"], unread["outcome"]) == ("", "invalid_field")
    assert json.loads(unread["asked"])["params"]["fields"] == {
        "client_id": "one",
        "password": "redacted",
    }

"""`/manage/clock`: documented in docs/management.md."""

import base64
import json
from datetime import UTC, datetime

import pytest

from adapter.bridge.secrets import digest_generated
from adapter.store.credentials import CredentialRow, insert_credential, revoke_credential
from tests.unit.web.test_app import API, AUTH, Front

CLOCK = "/manage/clock"


@pytest.fixture
def front(tmp_path, request):
    made = Front(tmp_path, **getattr(request, "param", {}))
    made.prepare()
    for name, protocols, actions in (
        ("OPS", ("manage",), ()),
        ("MANAGER", ("manage", "whmcs"), ("clock",)),
        ("LEGACY", ("whmcs",), ()),
        ("READER", ("manage",), ("geninvoices",)),
    ):
        digests = digest_generated(bytes(32), "SECRET")
        with made.store.write() as uow:
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
                ),
            )
    yield made
    made.store.close()


def manage(front, body=None, *, who="OPS", secret="SECRET", path=CLOCK, method=None, **more):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    pair = base64.b64encode(f"{who}:{secret}".encode()).decode()
    status, headers, reply = front.call(
        path,
        b"" if body is None else raw,
        method=method or ("GET" if body is None else "POST"),
        HTTP_AUTHORIZATION=f"Basic {pair}",
        **more,
    )
    assert headers["Content-Type"] == "application/json"
    return status, json.loads(reply)


def test_the_clock_moves_for_the_very_next_request(front):
    status, shown = manage(front)
    assert (status, shown["moved_by_seconds"], shown["mode"]) == (200, 0, "sandbox")
    status, moved = manage(front, {"set": "2031-05-02T08:30"})
    assert (status, moved["today"], moved["now"][:19]) == (200, "2031-05-02", moved["now"][:19])
    assert moved["now"].startswith("2031-05-02T08:30:0")
    assert manage(front)[1]["today"] == "2031-05-02"
    # A call of a legacy protocol lives on that day too.
    body = f"action=AddClient&{AUTH}&responsetype=json&firstname=A&lastname=B&email=a@b.example"
    assert b"success" in front.call(API, f"{body}&skipvalidation=1".encode())[2]
    details = f"action=GetClients&{AUTH}&responsetype=json".encode()
    assert json.loads(front.call(API, details)[2])["clients"]["client"][0]["datecreated"] == (
        "2031-05-02"
    )
    assert manage(front, {"advance_days": 30})[1]["today"] == "2031-06-01"
    status, reset = manage(front, {"reset": True})
    assert (status, reset["moved_by_seconds"]) == (200, 0)


def test_a_day_without_an_hour_keeps_the_time_of_day(front):
    before = datetime.fromisoformat(manage(front)[1]["now"])
    after = datetime.fromisoformat(manage(front, {"set": "2031-05-02"})[1]["now"])
    shifted = before.replace(year=2031, month=5, day=2)
    assert abs((after - shifted).total_seconds()) < 60


@pytest.mark.parametrize(
    ("body", "status", "error", "text"),
    [
        ({"set": "2031-5-2"}, 400, "invalid_field", "must be YYYY-MM-DD or YYYY-MM-DDTHH:MM"),
        ({"set": "2031-02-30"}, 400, "invalid_field", "must be YYYY-MM-DD"),
        ({"set": "2031-02-03T25:00"}, 400, "invalid_field", "must be YYYY-MM-DD"),
        ({"set": "9999-12-31"}, 400, "invalid_field", "between 1970-01-01 and 2199-12-31"),
        ({"set": "0001-01-01"}, 400, "invalid_field", "between 1970-01-01 and 2199-12-31"),
        ({"advance_days": 10**30}, 400, "invalid_field", "between 1970-01-01 and 2199-12-31"),
        ({"advance_days": 99999999}, 400, "invalid_field", "between 1970-01-01"),
        ({"advance_days": 0}, 400, "invalid_field", "must be 1 or more"),
        ({"advance_days": -3}, 400, "invalid_field", "must be 1 or more"),
        ({"advance_days": "3"}, 400, "malformed", "Send one of"),
        ({"advance_days": True}, 400, "malformed", "Send one of"),
        ({"reset": False}, 400, "malformed", "Send one of"),
        ({"set": "2031-05-02", "reset": True}, 400, "malformed", "Send one of"),
        ({}, 400, "malformed", "Send one of"),
        ([], 400, "malformed", "not a JSON object"),
        (b"", 400, "malformed", "not JSON"),
        (b"\xff", 400, "malformed", "not JSON"),
        (b"[" * 100_000, 400, "malformed", "nested too deeply"),
        (b'{"advance_days": ' + b"9" * 5000 + b"}", 400, "malformed", "not JSON"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_wrong_is_said_and_nothing_changes(front, body, status, error, text):
    before = manage(front)[1]["moved_by_seconds"]
    got, told = manage(front, body)
    assert (got, told["error"]) == (status, error)
    assert text in told["message"]
    assert manage(front)[1]["moved_by_seconds"] == before == 0


@pytest.mark.parametrize(
    ("who", "secret", "status"),
    [
        ("MANAGER", "SECRET", 200),
        ("IDENTIFIER", "SECRET", 403),  # it opens every legacy protocol; this one must be named
        ("LEGACY", "SECRET", 403),
        ("READER", "SECRET", 403),
        ("OPS", "wrong", 401),
        ("NOBODY", "SECRET", 401),
        ("", "", 401),
    ],
)
def test_who_may_move_the_clock(front, who, secret, status):
    got, told = manage(front, {"advance_days": 1}, who=who, secret=secret)
    assert got == status
    assert (manage(front)[1]["moved_by_seconds"] == 0) is (status != 200)
    assert "SECRET" not in json.dumps(told)


def test_without_credentials_a_caller_is_asked_for_them(front):
    for header in ({}, {"HTTP_AUTHORIZATION": "Basic !!"}, {"HTTP_AUTHORIZATION": "Bearer x"}):
        status, headers, _ = front.call(CLOCK, b"{}", **header)
        assert (status, headers["WWW-Authenticate"]) == (401, 'Basic realm="manage"')


def test_a_revoked_credential_is_refused_at_once(front):
    assert manage(front)[0] == 200
    with front.store.write() as uow:
        revoke_credential(uow, "ops", datetime(2026, 1, 1, tzinfo=UTC))
    assert manage(front)[0] == 401


def test_other_addresses_methods_and_paths_are_refused(front):
    assert manage(front, {"advance_days": 1}, peer="192.0.2.9")[0] == 403
    status, told = manage(front, {"advance_days": 1}, method="DELETE")
    assert (status, told["error"]) == (405, "method_not_allowed")
    assert manage(front, path="/manage/other")[0] == 404
    assert manage(front)[1]["moved_by_seconds"] == 0


@pytest.mark.parametrize("front", [{"ADAPTER_ACCESS_ACCESS_KEY": "open-sesame"}], indirect=True)
def test_the_access_key_lets_in_from_anywhere_and_replaces_no_credential(front):
    key = {"HTTP_X_ACCESS_KEY": "open-sesame"}
    assert manage(front, peer="192.0.2.9", **key)[0] == 200
    assert manage(front, peer="192.0.2.9", secret="wrong", **key)[0] == 401
    assert manage(front, peer="192.0.2.9", HTTP_X_ACCESS_KEY="open")[0] == 403


@pytest.mark.parametrize(
    "front",
    [
        {
            "ADAPTER_ACCOUNTS_MAIN_MODE": "production",
            "ADAPTER_ACCOUNTS_MAIN_ZONE": "Africa/Johannesburg",
            "ADAPTER_ACCOUNTS_MAIN_BUSINESS_ID": "1",
            "ADAPTER_ACCOUNTS_MAIN_BUSINESS_NAME": "Shop",
            "ADAPTER_MAIL_TRANSPORT": "files",
        }
    ],
    indirect=True,
)
def test_production_refuses_and_asks_nothing_but_the_real_clock(front):
    for body in ({"set": "2031-05-02"}, {"advance_days": 1}, {"reset": True}):
        status, told = manage(front, body)
        assert (status, told["error"]) == (409, "clock_fixed")
    assert manage(front)[1]["mode"] == "production"
    clock = front.assembly.management.clocks["main"]
    assert front.assembly.gateway.clocks["main"] is clock.unmoved


def test_a_body_that_is_cut_or_too_large_is_not_used(front):
    raw = json.dumps({"advance_days": 1}).encode()
    status, told = manage(front, raw, length=len(raw) + 5)
    assert (status, told["message"]) == (400, "The body is shorter than announced")
    assert manage(front, raw, length=10**9)[0] == 413
    assert manage(front, raw, length=10**9, peer="192.0.2.9")[0] == 403
    assert manage(front)[1]["moved_by_seconds"] == 0


def test_a_defect_is_told_to_nobody_but_the_log(front):
    object.__setattr__(front.assembly.management, "clocks", {})
    status, told = manage(front)
    assert (status, told) == (500, {"error": "internal", "message": "Internal error"})
    assert [line["event"] for line in front.lines()] == ["crash", "request"]


def test_the_call_is_logged_and_counted(front):
    manage(front, {"advance_days": 1})
    (line,) = front.lines()
    assert (line["protocol"], line["action"], line["credential"], line["result"]) == (
        "manage",
        "clock",
        "ops",
        "ok",
    )

"""One payload sent many times over HTTP, at once and after a restart, on every engine."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.databases import EVERY_ENGINE, new_database
from tests.integration.conftest import FORM_PATH, RECURRING, REPLY_SECONDS, Gateway, OpenGateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CALLERS = 50
WINDOW = {"ADAPTER_ACCOUNTS_MAIN_IDEMPOTENCY_WINDOW_SECONDS": "600"}
PATH = "/api/GenerateNewRecurringInvoice.php?apiformat=json"


@pytest.fixture(scope="module", params=EVERY_ENGINE)
def gateway(request: pytest.FixtureRequest, open_gateway: OpenGateway) -> Iterator[Gateway]:
    """Return a gateway with two web processes and a window, on each engine."""
    if request.param == "sqlite":
        yield open_gateway(workers=2, **WINDOW)
        return
    with new_database(request.param) as url:
        server_key = {"ADAPTER_ACCESS_SERVER_KEY": "5" * 64}
        gateway = open_gateway(workers=2, ADAPTER_DATABASE_URL=url, **server_key, **WINDOW)
        yield gateway
        gateway.stop()


def recurring(gateway: Gateway, client_id: int, price: str) -> str:
    """Return the payload of a recurring invoice."""
    row = ["HOST", "1", "Hosting", price, "ZAR", "1", "15", "0"]
    login = {"username": gateway.username, "password": gateway.password}
    start = {"recurring_start_date": gateway.today.isoformat(), "ClientID": client_id}
    return json.dumps({**login, **RECURRING, **start, "data": [row]})


def send(gateway: Gateway, body: str, key: str | None = None) -> bytes:
    """Send a payload on a connection of its own; return the reply's bytes."""
    headers = {"Content-Type": "application/json"}
    if key is not None:
        headers["Idempotency-Key"] = key
    return requests.post(gateway.url + PATH, body, headers=headers, timeout=REPLY_SECONDS).content


def at_once(gateway: Gateway, body: str, key: str | None = None) -> set[bytes]:
    together = threading.Barrier(CALLERS)

    def call(_: int) -> bytes:
        together.wait(REPLY_SECONDS)
        return send(gateway, body, key)

    with ThreadPoolExecutor(CALLERS) as threads:
        return set(threads.map(call, range(CALLERS)))


def schedules(gateway: Gateway, client_id: int) -> int:
    return len(gateway.documents(client_id, "recurring_invoices"))


@pytest.mark.parametrize("key", [None, "order 7"])
def test_many_equal_requests_make_one_schedule_and_get_equal_replies(gateway, key):
    client_id = gateway.client()
    body = recurring(gateway, client_id, "100.00")
    replies = at_once(gateway, body, key)
    assert len(replies) == 1
    assert schedules(gateway, client_id) == 1
    gateway.restart()
    assert {send(gateway, body, key) for _ in range(3)} == replies
    assert schedules(gateway, client_id) == 1
    second = send(gateway, recurring(gateway, client_id, "100.01"), key and "order 8")
    assert second not in replies
    assert schedules(gateway, client_id) == 2


def test_a_key_that_comes_with_another_body_is_refused(gateway):
    client_id = gateway.client()
    first = json.loads(send(gateway, recurring(gateway, client_id, "5.00"), "k"))
    assert first["document_id"]
    refused = json.loads(send(gateway, recurring(gateway, client_id, "6.00"), "k"))
    assert refused["type"] == "error"
    assert refused["message"] == (
        "This Idempotency-Key was used for another request; nothing was done, send a new key"
    )
    assert schedules(gateway, client_id) == 1
    # The other protocol, and another credential: another caller's keys.
    item = {"clientid": client_id, "description": "Work", "unit": "quantity", "amount": "1"}
    login = {"identifier": gateway.identifier, "secret": gateway.secret, "responsetype": "json"}

    def form(**changed: Any) -> dict[str, Any]:
        sent = {"action": "AddBillableItem", **login, **item, **changed}
        reply: dict[str, Any] = requests.post(
            gateway.url + FORM_PATH, sent, headers={"Idempotency-Key": "k"}, timeout=REPLY_SECONDS
        ).json()
        return reply

    assert form()["result"] == "success"
    assert form(amount="2") == {
        "result": "error",
        "message": "This Idempotency-Key was used for another request; nothing was done, "
        "send a new key",
    }


def test_a_run_is_never_answered_from_memory(gateway):
    client_id = gateway.client()
    key = {"Idempotency-Key": "run"}
    login = {"identifier": gateway.identifier, "secret": gateway.secret, "responsetype": "json"}
    counts = []
    for price in ("7.00", "8.00", None):
        if price is not None:
            send(gateway, recurring(gateway, client_id, price))
        run = {"action": "GenInvoices", "clientid": client_id, **login}
        reply = requests.post(gateway.url + FORM_PATH, run, headers=key, timeout=REPLY_SECONDS)
        counts.append(reply.json()["numcreated"])
    assert counts == ["1", "1", "0"]

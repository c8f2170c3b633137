"""A backup brought back while a gateway and its worker serve the same SQLite file."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from tests.fuzz.server import adapter
from tests.integration.test_serve import API, start, stop

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CALLERS = 3
PLAIN = {"lastname": "B", "country": "ZA", "skipvalidation": "true"}


@pytest.fixture
def gateway(tmp_path):
    running = start(tmp_path, "--workers", "2", ADAPTER_RUN_AT="off")
    try:
        yield running
    finally:
        stop(running)


def ask(gateway, action, **fields):
    body = "&".join([f"action={action}", gateway.auth, "responsetype=json"])
    body += "".join(f"&{name}={value}" for name, value in fields.items())
    status, _, answer = gateway.post(API, body.encode())
    return status, json.loads(answer)


def test_a_restore_beside_a_serving_gateway_is_safe(gateway, tmp_path):
    environ = gateway.environ
    adapter(environ, "generate-data", "--schedules", "40", "--due", "50%", "--clients", "10")
    copy = str(tmp_path / "copy.db")
    adapter(environ, "db", "backup", copy)
    adapter(environ, "run-invoices")
    issued = ask(gateway, "GetInvoices")[1]["totalresults"]
    assert int(issued) > 0

    stopped, answers = threading.Event(), []

    def call():
        number = 0
        while not stopped.wait(0.02):
            number += 1
            email = f"{threading.get_ident()}.{number}@b.example"
            answers.append(ask(gateway, "AddClient", firstname="Ann", email=email, **PLAIN)[1])
            answers.append(ask(gateway, "GenInvoices")[1])
            answers.append(ask(gateway, "GetClients")[1])

    callers = [threading.Thread(target=call) for _ in range(CALLERS)]
    for each in callers:
        each.start()
    try:
        told = adapter(environ, "db", "restore", copy, "--replace")
    finally:
        before = len(answers)
        while len(answers) < before + 60 and any(each.is_alive() for each in callers):
            stopped.wait(0.05)
        stopped.set()
        for each in callers:
            each.join(60)
    assert "and on hold" in told

    # Whoever calls is told of the hold, in every process, and nothing was written since.
    faults = {each["message"] for each in answers if each["result"] != "success"}
    assert faults
    assert all("on hold since" in each for each in faults), faults
    assert ask(gateway, "GetInvoices")[1]["totalresults"] == 0
    assert ask(gateway, "GetClients")[1]["totalresults"] == 10
    assert "no drift" in adapter(environ, "db", "check")
    assert "crash" not in gateway.log.read_text()

    # The same processes go on behind what the world has seen.
    adapter(environ, "resume", "--numbers-from", "500", "--ids-from", "9000")
    made = [ask(gateway, "AddClient", firstname="Eve", email="eve@b.example", **PLAIN)[1]]
    made += [ask(gateway, "GenInvoices")[1] for _ in range(4)]
    assert [each["result"] for each in made] == ["success"] * 5, made
    assert int(made[0]["clientid"]) == 9001
    rows = ask(gateway, "GetInvoices", limitnum=100)[1]["invoices"]["invoice"]
    assert sorted(int(row["id"]) for row in rows) == [*range(9001, 9001 + len(rows))]
    assert sum(int(each["numcreated"]) for each in made[1:]) == len(rows) == int(issued)
    today = datetime.now(UTC).date()
    span = [str(today + timedelta(days=days)) for days in (-40, 40)]
    adapter(environ, "audit", "--from", span[0], "--to", span[1])
    assert re.search(r"last write: ", adapter(environ, "db", "backup", copy))

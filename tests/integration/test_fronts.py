"""nginx and Apache in front of `adapter serve`, by the files of docs/deploy, through TLS."""

import http.client
import json
import re
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from tests.fronts import COMMANDS, DEPLOY, Front, in_front
from tests.integration import test_php_clients as php_clients
from tests.integration.conftest import FORM_PATH, Gateway, OpenGateway
from tests.integration.test_php_clients import needs_php

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.3"]),
]

ELSEWHERE = "127.0.0.3"
MIB = 1024 * 1024
CALLER_SECONDS = 10.0
RUN_SECONDS = "1"
SERVICES = 200_000
INCOMPLETE = re.compile(
    r"Invoice run incomplete: (\d+) invoices generated so far; call again to continue"
).fullmatch


@dataclass(frozen=True, slots=True)
class Behind:
    """A gateway and the web server before it; `gateway` is called through that server.

    `direct` is the address without it.
    """

    front: Front
    gateway: Gateway
    kind: str
    direct: str

    def from_address(self, address: str, body: str, **headers: str) -> dict[str, Any]:
        """Make a form-post call from another address of this machine."""
        context = ssl.create_default_context(cafile=str(self.front.authority))
        connection = http.client.HTTPSConnection(
            "127.0.0.1", self.front.port, source_address=(address, 0), context=context, timeout=30
        )
        sent = {"Content-Type": "application/x-www-form-urlencoded"} | headers
        with closing(connection):
            connection.request("POST", FORM_PATH, body, sent)
            reply: dict[str, Any] = json.loads(connection.getresponse().read())
            return reply


def incomplete(message: str) -> int:
    """Return the count that the error of a run without an end names."""
    found = INCOMPLETE(message)
    assert found is not None, message
    return int(found[1])


def through(front: Front, gateway: Gateway) -> Gateway:
    """Return the gateway as a caller of the web server sees it."""
    session = requests.Session()
    session.trust_env = False  # it may name other authorities, which would win
    session.verify = str(front.authority)
    return replace(gateway, url=front.url, session=session, process=None)


@pytest.fixture(scope="module", params=list(COMMANDS))
def behind(request, open_gateway: OpenGateway, tmp_path_factory) -> Iterator[Behind]:
    folder = tmp_path_factory.mktemp("front")
    gateway = open_gateway(ADAPTER_ACCESS_TRUSTED_PROXIES="127.0.0.1")
    port = int(gateway.url.rpartition(":")[2])
    with in_front(request.param, folder, port) as front:
        yield Behind(front, through(front, gateway), request.param, gateway.url)


def test_only_who_knows_the_authority_believes_the_server(behind):
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{behind.front.url}/healthz", timeout=30)
    reply = behind.gateway.session.get(f"{behind.front.url}/healthz", timeout=30)
    assert (reply.status_code, reply.text) == (200, "ok\n")


def test_what_one_protocol_makes_the_other_bills_through_tls(behind):
    gateway = behind.gateway
    client_id = gateway.client()
    rows = [["A", "1", "Line", "10.00", "ZAR", 1, "15.00", 0]]
    assert gateway.recurring(client_id, rows)["type"] == "success"
    assert gateway.form("GenInvoices", clientid=client_id)["numcreated"] == "1"
    assert [row["total"] for row in gateway.documents(client_id).values()] == ["11.50"]


def test_a_thousand_lines_pass_in_one_call(behind):
    gateway = behind.gateway
    client_id = gateway.client()
    rows = [
        [f"P{number}", "1", f"Line {number} " + "x" * 200, "1.00", "ZAR", 1, "15.00", 0]
        for number in range(1000)
    ]
    assert gateway.recurring(client_id, rows)["type"] == "success"
    gateway.form("GenInvoices", clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    assert len(invoice["items"]["item"]) == 1000
    assert invoice["total"] == "1150.00"


@needs_php
@pytest.mark.parametrize(
    "example",
    [
        php_clients.test_the_form_post_example_runs,
        php_clients.test_the_local_api_example_runs_unchanged,
        php_clients.test_the_recurring_invoice_example_runs,
    ],
)
def test_the_php_examples_run_through_tls(behind, tmp_path, monkeypatch, example):
    authority = behind.front.authority
    (tmp_path / "tls.ini").write_text(f"curl.cainfo={authority}\nopenssl.cafile={authority}\n")
    # Beside the folders that this PHP reads already.
    monkeypatch.setenv("PHP_INI_SCAN_DIR", f":{tmp_path}")
    arguments = {"gateway": behind.gateway, "tmp_path": tmp_path}
    names = example.__code__.co_varnames[: example.__code__.co_argcount]
    example(**{name: arguments[name] for name in names})


def test_a_caller_is_where_it_calls_from_whatever_it_says(behind):
    gateway = behind.gateway
    printed = gateway.adapter("credentials", "add", "from-elsewhere", "--ip", ELSEWHERE)
    words = printed.split()
    identifier, secret = words[words.index("identifier") + 1], words[words.index("secret") + 1]
    body = f"action=GetStats&responsetype=json&identifier={identifier}&secret={secret}"
    assert behind.from_address(ELSEWHERE, body)["result"] == "success"
    for claimed in ({}, {"X-Forwarded-For": ELSEWHERE}, {"X-Forwarded-For": f"{ELSEWHERE}, "}):
        refused = behind.from_address("127.0.0.1", body, **claimed)
        assert refused["result"] == "error", claimed
        assert "Invalid IP" in refused["message"]


def test_a_caller_chooses_no_request_id_and_no_log_holds_its_secret(behind):
    gateway = behind.gateway
    query = f"identifier={gateway.identifier}&secret={gateway.secret}&responsetype=json"
    chosen = "chosen-by-the-caller"
    reply = gateway.session.get(
        f"{gateway.url}{FORM_PATH}?action=GetStats&{query}",
        headers={"X-Request-Id": chosen},
        timeout=30,
    )
    assert reply.json()["result"] == "success"
    given = reply.headers["X-Request-Id"]
    assert given != chosen
    logged = behind.front.logged()
    assert f" {FORM_PATH} 200 " in logged
    assert given in logged
    assert chosen not in logged
    assert gateway.secret not in logged


def test_what_is_too_large_for_the_gateway_gets_its_own_error(behind):
    gateway = behind.gateway
    path = f"{FORM_PATH}?responsetype=json"
    for filler in (8 * MIB + 1, 9 * MIB - 1000):
        refused = gateway.post(path, "action=GetStats&filler=" + "x" * filler)
        message = f"Request exceeds the limit of {8 * MIB} bytes"
        assert refused.json() == {"result": "error", "message": message}


def test_what_is_far_too_large_does_not_reach_the_gateway(behind):
    if behind.kind == "apache":
        pytest.skip("Apache hands on what is larger than LimitRequestBody")
    before = behind.gateway.log.read_text().count("limit_exceeded")
    reply = behind.gateway.post(FORM_PATH, "action=GetStats&filler=" + "x" * (10 * MIB))
    assert reply.status_code == 413
    assert behind.gateway.log.read_text().count("limit_exceeded") == before


def test_what_is_for_operators_is_not_reached_through_it(behind):
    session = behind.gateway.session
    for path in ("/manage/clock", "/readyz"):
        assert session.get(behind.front.url + path, timeout=30).status_code == 404


def test_the_health_check_of_the_container_is_the_gateways(behind):
    text = (DEPLOY / "Containerfile").read_text()
    found = re.search(r"^HEALTHCHECK .* CMD (\[.*\])$", text, re.MULTILINE)
    assert found is not None
    program, option, script = json.loads(found[1])
    assert (program, option) == ("python", "-c")
    for url, status in ((behind.direct, 0), ("http://127.0.0.1:1", 1)):
        command = [sys.executable, option, script.replace("http://127.0.0.1:8080", url)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=30)  # noqa: S603
        assert done.returncode == status


class _HangUp(socketserver.BaseRequestHandler):
    """Takes a request and hangs up, as a process does that is killed over it."""

    def handle(self) -> None:
        received = b""
        while b"last=1" not in received:
            part = self.request.recv(65536)
            if not part:
                return
            received += part
        self.server.taken.append(received.partition(b" ")[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_a_call_whose_answer_is_lost_is_made_once(kind, tmp_path):
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _HangUp) as server:
        server.taken = []  # type: ignore[attr-defined]
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            with in_front(kind, tmp_path / "front", server.server_address[1]) as front:
                verify = str(front.authority)
                for method in ("POST", "GET"):
                    query, body = ("", "last=1") if method == "POST" else ("?last=1", None)
                    reply = requests.request(
                        method, front.url + FORM_PATH + query, data=body, verify=verify, timeout=30
                    )
                    assert reply.status_code == 502
        finally:
            server.shutdown()
            serving.join()
        assert server.taken == [b"POST", b"GET"]  # type: ignore[attr-defined]


def test_a_large_run_is_answered_in_time_and_ends_with_success(open_gateway, tmp_path):
    gateway = open_gateway(ADAPTER_RUN_TIME_LIMIT_SECONDS=RUN_SECONDS)
    many = str(SERVICES)
    gateway.adapter(
        "generate-data",
        "--schedules",
        many,
        "--due",
        many,
        "--clients",
        many,
        "--kind",
        "services",
    )
    issued: list[int] = []
    with in_front("nginx", tmp_path / "front", int(gateway.url.rpartition(":")[2])) as front:
        caller = through(front, gateway)
        call = {
            "action": "GenInvoices",
            "identifier": gateway.identifier,
            "secret": gateway.secret,
            "responsetype": "json",
        }
        ended = False
        while not ended:
            assert len(issued) < SERVICES // 100, issued
            reply = caller.session.post(front.url + FORM_PATH, call, timeout=CALLER_SECONDS).json()
            ended = reply["result"] == "success"
            issued.append(int(reply["numcreated"] if ended else incomplete(reply["message"])))
        # One call alone would have shown nothing.
        assert len(issued) > 1
        assert sum(issued) == SERVICES
        assert caller.form("GenInvoices")["numcreated"] == "0"
        assert caller.form("GetInvoices", limitnum="1")["totalresults"] == SERVICES

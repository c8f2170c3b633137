"""`adapter serve` as an operator starts it, and requests as real clients send them."""

import http.client
import json
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.server import adapter, add_credential, environment, free_port, upgrade

pytestmark = [pytest.mark.integration, pytest.mark.allow_hosts(["127.0.0.1"])]

ADAPTER = Path(sys.executable).with_name("adapter")
FORM = "application/x-www-form-urlencoded"
API = "/includes/api.php"
START_SECONDS = 60
BODY_SECONDS = 3
THREADS = 4


@dataclass
class Running:
    """A server in a process of its own, and the credential to call it with."""

    process: "subprocess.Popen[bytes]"
    port: int
    identifier: str
    secret: str
    log: Path
    environ: dict[str, str]
    metrics_port: int

    @property
    def auth(self) -> str:
        return f"identifier={self.identifier}&secret={self.secret}"

    def gen(self) -> bytes:
        return f"action=GenInvoices&{self.auth}&responsetype=json".encode()

    def post(self, path: str, body: bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return self.request("POST", path, body, **headers)

    def request(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as sent:
            sent.request(method, path, body, {"Content-Type": FORM, **headers})
            reply = sent.getresponse()
            lower = {name.lower(): value for name, value in reply.getheaders()}
            return reply.status, lower, reply.read()

    def raw(self, *pieces: bytes, half_close: bool = False) -> bytes:
        """Send pieces, reading what comes back between them; return everything."""
        received = b""
        with closing(socket.create_connection(("127.0.0.1", self.port), 30)) as sent:
            for number, piece in enumerate(pieces):
                sent.sendall(piece)
                if number + 1 < len(pieces):
                    received += sent.recv(65536)
            if half_close:
                sent.shutdown(socket.SHUT_WR)
            while True:
                try:
                    part = sent.recv(65536)
                except ConnectionResetError:
                    return received
                if not part:
                    return received
                received += part

    def lines(self) -> list[dict[str, Any]]:
        texts = self.log.read_text().splitlines()
        return [json.loads(text) for text in texts if text.startswith("{")]


def wait_for(log: Path, process: "subprocess.Popen[bytes]", text: str) -> None:
    until = time.monotonic() + START_SECONDS
    while text not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def wait_for_line(server: Running, before: int, result: str) -> None:
    """Wait until a line of this result stands in the log behind so many."""
    until = time.monotonic() + START_SECONDS
    while not any(line["result"] == result for line in server.lines()[before:]):
        assert time.monotonic() < until, server.log.read_text()
        time.sleep(0.02)


def start(folder: Path, *arguments: str, **more: str) -> Running:
    port, metrics_port = free_port(), free_port()
    environ = environment(
        folder,
        ADAPTER_LIMITS_BODY_BYTES="200000",
        ADAPTER_SERVER_METRICS_BIND=f"127.0.0.1:{metrics_port}",
        ADAPTER_SERVER_BODY_TIMEOUT_SECONDS=str(BODY_SECONDS),
        **more,
    )
    upgrade(environ)
    identifier, secret = add_credential(environ, "tests")
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own command
            [str(ADAPTER), "serve", "--bind", f"127.0.0.1:{port}", *arguments],
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process, port, identifier, secret, log, environ, metrics_port)
    try:
        wait_for(log, process, "Serving on")
    except BaseException:
        stop(running)
        raise
    return running


def stop(running: Running) -> int:
    running.process.terminate()
    try:
        return running.process.wait(40)
    except subprocess.TimeoutExpired:
        running.process.kill()
        running.process.wait()
        raise


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Running]:
    running = start(tmp_path_factory.mktemp("serve"), "--workers", "2")
    try:
        yield running
    finally:
        stop(running)


def test_the_address_is_printed_and_the_probes_answer(server):
    assert f"Serving on http://127.0.0.1:{server.port}, web processes: 2" in (
        server.log.read_text()
    )
    assert server.request("GET", "/healthz")[::2] == (200, b"ok\n")
    assert server.request("GET", "/readyz")[::2] == (200, b"ready\n")
    assert server.request("GET", "/nothing")[::2] == (404, b"Not Found\n")


def test_what_one_protocol_makes_the_other_bills(server):
    client = {
        "username": server.identifier,
        "password": server.secret,
        "client_invoice_name": "Cross Protocol",
        "client_email": "cross@example.com",
    }
    status, _, body = server.post("/api/NewClient.php?apiformat=json", json.dumps(client).encode())
    assert status == 200
    assert re.fullmatch(rb"\d+", body)
    recurring = {
        "username": server.identifier,
        "password": server.secret,
        "ClientID": body.decode(),
        "Recurrs": "monthly",
        "paused": 0,
        "limit_recurrances": 0,
        "recurrances_limit": "",
        "add_increase": 0,
        "IncreasePercentage": "",
        "IncreaseInterval": "",
        "recurring_start_date": time.strftime("%Y-%m-%d", time.gmtime()),
        "data": [["A", "1", "Line", "10.00", "ZAR", 1, "15.00", 0]],
    }
    path = "/billing/api/generatenewrecurringinvoice.php?apiformat=json"
    made = json.loads(server.post(path, json.dumps(recurring).encode())[2])
    assert made["type"] == "success"
    billed = json.loads(server.post(f"/billing{API}", server.gen())[2])
    assert billed == {"result": "success", "numcreated": "1"}


def test_expect_100_continue_is_answered_before_the_body(server):
    body = server.gen()
    head = (
        f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    ).encode()
    reply = server.raw(head, body)
    assert reply.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert reply.partition(b"\r\n\r\n")[2].startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.endswith(b'{"result":"success","numcreated":"0"}')


def test_chunked_bodies_are_read_whole(server):
    body = server.gen()
    pieces = iter([body[:7], body[7:40], body[40:]])
    status, _, reply = server.request("POST", API, pieces)
    assert (status, reply) == (200, b'{"result":"success","numcreated":"0"}')


def test_a_body_cut_short_executes_nothing(server):
    body = server.gen()
    head = (
        f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(body) + 10}\r\n\r\n"
    ).encode()
    before = len(server.lines())
    reply = server.raw(head + body, half_close=True)
    assert b'"numcreated"' not in reply
    server.post(API, server.gen())
    results = [line["result"] for line in server.lines()[before:]]
    assert results.count("ok") == 1


@pytest.mark.parametrize("ending", [b"", b"\r\n", b"\r\n0\r\n", b"\r\n5\r\n&cli", b"\r\nzz\r\n"])
@pytest.mark.parametrize("half_close", [False, True])
def test_a_chunked_body_cut_short_executes_nothing(server, ending, half_close):
    body = server.gen() + b"&clientid=4"
    head = (
        f"POST {API}?responsetype=json HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
        f"Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n"
    ).encode()
    before = len(server.lines())
    if half_close:
        reply = server.raw(head + body + ending, half_close=True)
        assert reply.startswith(b"HTTP/1.1 400 ")
        assert json.loads(reply.partition(b"\r\n\r\n")[2])["result"] == "error"
    else:
        with closing(socket.create_connection(("127.0.0.1", server.port), 30)) as sent:
            sent.sendall(head + body + ending)
    wait_for_line(server, before, "malformed")
    server.post(API, server.gen())
    assert [line["result"] for line in server.lines()[before:]] == ["malformed", "ok"]


def test_a_query_beside_a_body_cut_short_executes_nothing(server):
    head = f"GET {API}?{server.gen().decode()} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    assert b'"numcreated"' not in server.raw(head.encode() + b"clienti", half_close=True)


def test_callers_that_stall_keep_nobody_waiting_and_are_cut_off(server):
    head = (
        f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 500\r\n\r\n"
    ).encode()
    stalled = [
        socket.create_connection(("127.0.0.1", server.port), 30) for _ in range(8 * THREADS)
    ]
    try:
        for each in stalled:
            each.sendall(head + b"action=Ge")
        began = time.monotonic()
        for _ in range(20):
            assert server.request("GET", "/healthz")[0] == 200
            assert server.post(API, server.gen())[0] == 200
        assert time.monotonic() - began < BODY_SECONDS
        for each in stalled:
            reply = each.recv(65536)
            assert reply.startswith(b"HTTP/1.1 408 ")
            assert b"connection: close\r\n" in reply.lower()
    finally:
        for each in stalled:
            each.close()


def test_a_body_that_nobody_wants_is_read_before_the_next_request(server):
    body = b"a" * 1000
    head = f"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)) as kept:
        for _ in range(3):
            kept.request("POST", "/nothing", body)
            reply = kept.getresponse()
            assert (reply.status, reply.read()) == (404, b"Not Found\n")
            assert reply.headers["Connection"] is None
    whole = server.raw(head + body + head.replace(b"Host", b"Connection: close\r\nHost") + body)
    assert whole.count(b"HTTP/1.1 404 ") == 2


def test_a_body_left_unread_ends_the_connection_and_says_so(server):
    head = f"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: {10**9}\r\n\r\n".encode()
    reply = server.raw(head)
    assert reply.startswith(b"HTTP/1.1 404 ")
    assert b"connection: close\r\n" in reply.lower()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_somewhat_too_large_is_let_in_before_the_answer(server, chunked):
    # A web server in front, and many a client, reads no answer while it is sending.
    pieces = [b"a=" + b"x" * 99_998] * 3
    length = "Transfer-Encoding: chunked" if chunked else "Content-Length: 300000"
    if chunked:
        pieces = [f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces]
    head = (
        f"POST {API}?responsetype=json HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
        f"{length}\r\n\r\n"
    ).encode()
    before = len(server.lines())
    with closing(socket.create_connection(("127.0.0.1", server.port), 30)) as sent:
        sent.sendall(head + b"".join(pieces[:-1]) + pieces[-1][:50_000])
        # Refused by now, and what is to come is still taken.
        wait_for_line(server, before, "limit_exceeded")
        for offset in range(50_000, len(pieces[-1]), 10_000):
            sent.sendall(pieces[-1][offset : offset + 10_000])
        if chunked:
            sent.sendall(b"0\r\n\r\n")
        received = b""
        while part := sent.recv(65536):
            received += part
    message = json.loads(received.partition(b"\r\n\r\n")[2])["message"]
    assert message == "Request exceeds the limit of 200000 bytes"


def test_every_header_is_sent_once(server):
    head = (
        f"POST {API} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: {FORM}\r\n"
        f"Content-Length: {len(server.gen())}\r\n\r\n"
    ).encode()
    reply = server.raw(head + server.gen()).partition(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0].lower() for line in reply.split("\r\n")[1:]]
    assert "cache-control" in names
    assert sorted(names) == sorted(set(names))


@pytest.mark.slow
def test_a_port_in_use_is_refused_in_one_line(server):
    for bind in (f"127.0.0.1:{server.port}", f"0.0.0.0:{server.port}", "8.8.8.8:80"):
        done = subprocess.run(  # noqa: S603 - our own command
            [str(ADAPTER), "serve", "--bind", bind],
            env=server.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 1
        assert re.fullmatch(rf"Error: cannot listen on {bind}: [\w ]+\n", done.stderr), done.stderr


def test_head_and_options_execute_nothing(server):
    status, headers, body = server.request("HEAD", f"{API}?{server.gen().decode()}")
    assert (status, body) == (405, b"")
    assert int(headers["content-length"]) > 0
    assert server.request("OPTIONS", API)[0] == 405


def test_get_is_answered_and_never_kept(server):
    status, headers, body = server.request("GET", f"{API}?{server.gen().decode()}")
    assert (status, body) == (200, b'{"result":"success","numcreated":"0"}')
    assert headers["cache-control"] == "no-store"
    assert re.fullmatch(r"[0-9a-f]{32}", headers["x-request-id"])


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_beyond_the_limit_is_refused_in_the_callers_dialect(server, chunked):
    body = server.gen() + b"&x=" + b"a" * 300_000
    if chunked:
        status, _, reply = server.request("POST", f"{API}?responsetype=json", iter([body]))
    else:
        head = (
            f"POST {API}?responsetype=json HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
            f"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        ).encode()
        whole = server.raw(head)
        status, reply = int(whole.split()[1]), whole.partition(b"\r\n\r\n")[2]
    assert status == 400
    assert json.loads(reply)["message"] == "Request exceeds the limit of 200000 bytes"


def test_escapes_in_the_path_and_double_slashes_are_understood(server):
    for path in ("/includes/api%2Ephp", "//includes/api.php", "/b%C3%A4r/includes/api.php"):
        assert server.post(path, server.gen())[0] == 200, path


def test_a_redirect_is_never_sent(server):
    for path in ("/includes", "/api/", "/includes/api.php/", "/x//y"):
        assert server.post(path, b"")[0] == 404, path


def test_the_log_has_one_line_a_request_and_no_secret(server):
    before = len(server.lines())
    server.request("GET", f"{API}?{server.gen().decode()}")
    server.post(API, b"action=GenInvoices&identifier=nobody&secret=PLAINSECRET")
    lines = server.lines()[before:]
    assert [line["result"] for line in lines] == ["ok", "unknown_identifier"]
    text = server.log.read_text()
    assert server.secret not in text
    assert "PLAINSECRET" not in text


def test_a_revoked_credential_is_refused_in_every_process_at_once(server):
    identifier, secret = add_credential(server.environ, "shortlived")
    body = f"action=GenInvoices&identifier={identifier}&secret={secret}".encode()
    assert {server.post(API, body)[0] for _ in range(20)} == {200}
    adapter(server.environ, "credentials", "revoke", "shortlived")
    assert {server.post(API, body)[0] for _ in range(20)} == {403}


def test_metrics_of_all_processes_stand_on_a_listener_of_their_own(server):
    for _ in range(10):
        server.post(API, server.gen())
    with closing(http.client.HTTPConnection("127.0.0.1", server.metrics_port, timeout=30)) as sent:
        sent.request("GET", "/metrics")
        text = sent.getresponse().read().decode()
    found = re.search(
        r'adapter_requests_total\{action="geninvoices",protocol="whmcs",result="ok"\} (\d+)', text
    )
    assert found is not None
    assert float(found[1]) >= 10
    assert server.request("GET", "/metrics")[0] == 404


def test_the_daily_run_is_made_by_the_worker_beside_it(server):
    wait_for(server.log, server.process, "daily run of")

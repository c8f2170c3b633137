"""The HTTP target sends exact bytes and names whatever it cannot run."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapter.bridge.contracts import (
    BadContract,
    HttpTarget,
    Outcome,
    check_contracts,
    complete_credentials,
    http_transport,
)
from adapter.protocols.base import WireRequest

TODAY = date(2026, 3, 1)
HEAD = '\n[[case]]\nid = "one"\nsource = "the document"\n'
ALL = {"identifier": "I", "secret": "S", "username": "u", "password": "p"}


class Echo(BaseHTTPRequestHandler):
    """Answers with the request line, the headers that count and the body."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        pass

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_POST(self) -> None:
        names = sorted(set(self.headers) - {"Host", "Content-Length"})
        headers = ";".join(f"{name}={self.headers[name]}" for name in names)
        body = f"{self.requestline}|{headers}|".encode("latin-1") + self._body()
        self.send_response(200)
        self.send_header("Content-Type", "text/x-echo")
        self.send_header("Content-Length", str(len(body)))
        if b"bye" in body:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def server() -> Iterator[str]:
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def request(body: bytes = b"", query: bytes = b"", length: int | None = 0) -> WireRequest:
    return WireRequest("POST", "/api/a b.php", query, {"x-a": "1"}, body, "127.0.0.1", length)


@pytest.mark.integration
@pytest.mark.enable_socket
def test_bytes_arrive_as_they_are(server):
    with closing(http_transport(server + "/billing/")) as send:
        reply = send(request(b"\xff a[0]=%41&+", b"a[0]=%41&b=%zz&c='"))
    assert reply.status == 200
    assert reply.content_type == "text/x-echo"
    assert reply.body == (
        b"POST /billing/api/a%20b.php?a[0]=%41&b=%zz&c=' HTTP/1.1|x-a=1|\xff a[0]=%41&+"
    ).replace(b"x-a", b"X-A")


@pytest.mark.integration
@pytest.mark.enable_socket
def test_a_body_can_be_chunked(server):
    with closing(http_transport(server)) as send:
        whole = send(request(b"abc", length=None)).body
        empty = send(request(b"", length=None)).body
    assert whole.endswith(b"Transfer-Encoding=chunked;X-A=1|abc")
    assert empty.endswith(b"Transfer-Encoding=chunked;X-A=1|")


@pytest.mark.integration
@pytest.mark.enable_socket
def test_a_connection_closed_by_the_server_is_opened_again(server):
    with closing(http_transport(server)) as send:
        assert send(request(b"bye")).status == 200
        assert send(request(b"again")).status == 200


@pytest.mark.integration
@pytest.mark.enable_socket
def test_contracts_run_against_a_server(folder, server):
    folder.write(
        "whmcs/thing.toml",
        HEAD
        + """
        request.body = 'm=5dbc98dcc983a70728bd082d1a47546e&${auth}&u=${unique}&t=2026-03-01'
        request.headers.Content-Type = ""
        reply.content_type = "text/x-echo"
        reply.body = 'POST ${path} HTTP/1.1||m=${secret_md5}&identifier=I&secret=S&u=z1&t=${today}'
        vars.path = '/includes/api.php'
        """,
    )
    folder.write("invoicesonline/thing.toml", HEAD + "request.body = 'x'\nreply.body = 'no'\n")
    report = check_contracts(folder.path, server, ALL, today=TODAY, run_token="z")
    assert [(result.key, result.outcome.value) for result in report.results] == [
        ("invoicesonline/thing:one", "differed"),
        ("whmcs/thing:one", "passed"),
    ]
    assert "| no " in report.results[0].detail
    only_one = check_contracts(folder.path, {"whmcs": server}, ALL, today=TODAY, run_token="z")
    assert [result.detail for result in only_one.ended(Outcome.SKIPPED)] == [
        "no target for invoicesonline"
    ]
    assert only_one.exit_code == 0


def test_an_address_without_scheme_is_refused():
    with pytest.raises(BadContract, match="http:// or https://"):
        http_transport("example.com")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", None),
        ("only = 'in-process'\nreason = 'counts clients'", "counts clients"),
        ("today = 2026-02-28", "needs the date 2026-02-28"),
        ("local_time = 23:30:00", "needs the time 23:30:00"),
        (
            "account = { quirks = { a = 1 }, settings = { b = 1, c = 2 }, zone = 'UTC' }",
            "needs an account of its own: quirks a, settings b c, zone UTC",
        ),
        ("account = { setup = 'taxed' }", "needs the catalogue taxed"),
        ("account = { setup = 'loaded' }", None),
        ("then = [{ today = 2026-02-01, request = {}, reply = {} }]", "moves the clock"),
        ("then = [{ local_time = 00:30:00, request = {}, reply = {} }]", "moves the clock"),
        ("request.address = '192.0.2.1'", "chooses the caller's address"),
        ("request.announced_length = 9", "announces another length than it sends"),
        ("request.query = 'a=${byte:ff}'", "has bytes in its query"),
        ("given = ['invoicesonline/client']", "no value given for password, username"),
    ],
)
def test_a_case_that_cannot_run_over_http_says_why(folder, text, reason):
    case = folder.load(f"{HEAD}{text}\nrequest.body = '${{auth}}'\nreply.status = 200\n").cases[0]
    nowhere = http_transport("http://127.0.0.1:9")
    given = complete_credentials({"identifier": "I", "secret": "S", "username": None})
    target = HttpTarget(
        {"whmcs": nowhere, "invoicesonline": nowhere}, given, TODAY, frozenset({"loaded"})
    )
    found = target.blocker(case)
    assert (found or "").startswith(reason or "")
    assert (found is None) == (reason is None)

"""A gateway in front of a legacy system of ours: what is not ours passes byte for byte."""

import http.client
import io
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from adapter.assemble import assemble
from adapter.settings import load_settings
from adapter.web.app import create_app
from tests.integration.conftest import REPLY_SECONDS, Gateway, OpenGateway
from tests.upstream import BIG, Reply, Upstream, upstream

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

API = "/includes/api.php"
FORM = "application/x-www-form-urlencoded"
AUTH = "identifier=LEGACY&secret=LEGACYSECRET"
PASSED = (
    "moduleone", "oddbytes", "twocookies", "chunked", "bigchunked", "big",
    "zipped", "moved", "broken", "missing", "nothing", "oldserver", "utfheader",
)  # fmt: skip
# Of one connection; and what the gateway tells an upstream about the call.
CONNECTION = {"connection", "keep-alive", "transfer-encoding", "host"}
TOLD = {"x-request-id", "traceparent"}

SETTINGS = """
[accounts.main.backends.old]
kind = "forward"
protocol = "whmcs"
url = "http://127.0.0.1:PORT/includes/api.php"
identifier = "ROUTE"
secret = "ROUTE&SECRET"
[accounts.main.routes]
upstream = "old"
"""


@pytest.fixture(scope="module")
def legacy() -> Iterator[Upstream]:
    with upstream() as running:
        yield running


def front(open_gateway: OpenGateway, legacy: Upstream, folder: Path, more: str = "") -> Gateway:
    file = folder / "adapter.toml"
    file.write_text(SETTINGS.replace("PORT", str(legacy.port)) + more)
    return open_gateway(ADAPTER_CONFIG=str(file))


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway, legacy: Upstream, tmp_path_factory: Any) -> Gateway:
    return front(open_gateway, legacy, tmp_path_factory.mktemp("settings"))


def call(
    port: int, method: str, target: str, headers: list[tuple[str, str]], body: Any = b""
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Make a call with exactly these headers; a body in pieces goes in chunks."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if isinstance(body, bytes):
            if body or method == "POST":
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(iter(body), encode_chunked=True)
        with closing(connection.getresponse()) as reply:
            return reply.status, end_to_end(reply.getheaders()), reply.read()


def end_to_end(pairs: Any) -> list[tuple[str, str]]:
    return [
        (name.lower(), value) for name, value in pairs if name.lower() not in CONNECTION | TOLD
    ]


def port_of(gateway: Gateway) -> int:
    return int(gateway.url.rpartition(":")[2])


def calls() -> Iterator[tuple[str, str, list[tuple[str, str]], Any]]:
    """Yield 40 calls of 13 unknown actions: forms, multipart, queries, odd methods and headers."""
    odd = [("X-Twice", "1"), ("X-Twice", "2"), ("X-Odd", "a  b ;;"), ("Cookie", "s=1; t=2")]
    for action in PASSED:
        body = f"action={action}&{AUTH}&a%5b%5d=%2f&b=+x&c=\xe9&&=&d".encode("latin-1")
        yield "POST", API, [("Content-Type", FORM), *odd], body
        yield "GET", f"{API}?action={action}&{AUTH}&q=%2f%2F+&&x", odd, b""
    parts = (
        '--b\r\nContent-Disposition: form-data; name="action"\r\n\r\nTwoCookies\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n\x00\xff\r\n--b--\r\n"
    ).encode("latin-1")
    multipart = [("Content-Type", "multipart/form-data; boundary=b")]
    yield "POST", f"/billing{API}", multipart, parts
    yield "HEAD", f"{API}?action=big&{AUTH}", odd, b""
    yield "HEAD", f"{API}?action=missing", [], b""
    yield "OPTIONS", API, [("Origin", "https://x"), ("Access-Control-Request-Method", "POST")], b""
    yield "PUT", f"{API}?action=moduleone", [("Content-Type", "application/json")], b'{"a": 1}'
    yield "DELETE", f"{API}?action=moduleone", [], b""
    yield "POST", API, [("Content-Type", "application/json")], b'{"action": "moduleone"}'
    yield "POST", API, [("Content-Type", FORM)], b""
    yield "POST", API, [("Content-Type", FORM)], b"action=Chunked&x=" + b"y" * 3_000_000
    yield "POST", API, [("Content-Type", FORM)], [b"action=mod", b"uleone&x=1", b"&y=2"]
    yield "POST", API, [("Content-Type", FORM)], b"action=oddbytes&big=" + BIG * 4
    yield "POST", API, [("Content-Type", FORM)], [b"action=chunked&big=", *[BIG] * 4]
    yield "POST", API, [("Content-Type", FORM), ("Authorization", "Basic eA==")], b"action=moved"
    yield "POST", f"{API}?action=broken", [("Content-Type", "text/xml")], b"<a/>"


def test_unknown_actions_equal_direct_calls_byte_for_byte(gateway, legacy):
    made = list(calls())
    assert len(made) >= 40
    for method, target, headers, body in made:
        legacy.seen.clear()
        direct = call(legacy.port, method, target, headers, body)
        through = call(port_of(gateway), method, target, headers, body)
        assert through == direct, (method, target, headers)
        at_direct, at_through = legacy.seen
        assert at_through.line == at_direct.line
        assert at_through.body == at_direct.body
        sent = [pair for pair in end_to_end(at_direct.headers) if pair[0] != "content-length"]
        got = [pair for pair in end_to_end(at_through.headers) if pair[0] != "content-length"]
        assert got == sent


def test_an_action_of_ours_is_answered_here(gateway, legacy):
    legacy.seen.clear()
    assert gateway.form("GetInvoices", limitnum=1)["totalresults"] in {"0", 0}
    assert gateway.refused("GetInvoices", identifier="LEGACY") != ""
    assert legacy.seen == []


def test_what_passes_is_logged_with_one_id_that_the_upstream_gets_too(gateway, legacy):
    legacy.seen.clear()
    call(port_of(gateway), "POST", API, [("Content-Type", FORM)], b"action=moduleone&secret=hush")
    told = {name.lower(): value for name, value in legacy.seen[0].headers}
    log = gateway.log.read_text()
    lines = [line for line in log.splitlines() if told["x-request-id"] in line]
    assert len(lines) == 1
    assert '"result":"passed"' in lines[0]
    assert "hush" not in log


def test_a_lost_answer_is_told_in_the_callers_dialect(gateway, legacy):
    for action in ("hangup", "cutshort"):
        reply = gateway.call(action)
        assert reply["result"] == "error"
        assert "may have acted" in reply["message"]


def test_a_long_reply_that_breaks_off_is_never_taken_for_whole(gateway, legacy):
    with pytest.raises(http.client.IncompleteRead):
        call(port_of(gateway), "POST", API, [("Content-Type", FORM)], b"action=cutlong")


def test_an_upstream_that_is_not_there_is_told_and_nothing_was_sent(
    open_gateway, legacy, tmp_path
):
    with upstream() as gone:
        pass
    away = front(open_gateway, gone, tmp_path)
    reply = away.call("moduleone")
    assert reply["result"] == "error"
    assert "nothing was sent" in reply["message"]


def test_other_paths_do_not_pass_unless_all_do(open_gateway, gateway, legacy, tmp_path):
    port = port_of(gateway)
    assert call(port, "GET", "/includes/other.php", [])[0] == 404
    every = front(open_gateway, legacy, tmp_path, "upstream_all_paths = true\n")
    assert call(port_of(every), "GET", "/a%20b/other.php?x=%2f", [])[2] == b"served other.php"
    assert call(port_of(every), "GET", "/healthz", [])[2] == b"ok\n"
    legacy.seen.clear()
    # An endpoint in another spelling would take what is ours past us.
    for path in ("/includes/API.php", "/includes/api.php/x", "/includes//./api.php/"):
        assert call(port_of(every), "POST", path, [], b"action=GenInvoices")[0] == 404
    assert legacy.seen == []


def test_taking_one_action_over_for_one_client_changes_only_that(open_gateway, legacy, tmp_path):
    taking = front(
        open_gateway,
        legacy,
        tmp_path,
        """
        [accounts.main.routes.commands]
        GetClient = "pass"
        ListInvoices = "pass"
        [[accounts.main.routes.rules]]
        backend = "local"
        commands = ["GetClient"]
        clients = [1]
        """,
    )
    legacy.seen.clear()
    port = port_of(taking)
    form = [("Content-Type", FORM)]
    ours = f"identifier={taking.identifier}&secret={taking.secret}&responsetype=json"

    def of(client: int, action: str = "GetClientsDetails") -> bytes:
        body = f"action={action}&clientid={client}&userid={client}&{ours}".encode()
        return call(port, "POST", API, form, body)[2]

    assert b"Client Not Found" in of(1)
    assert legacy.seen == []
    assert of(2) == b"served GetClientsDetails"
    assert of(1, "GetInvoices") == b"served GetInvoices"
    assert of(1, "ModuleTwo") == b"served ModuleTwo"
    assert b'"result":"success"' in of(1, "GetCurrencies")
    assert [seen.body.partition(b"&")[0] for seen in legacy.seen] == [
        b"action=GetClientsDetails", b"action=GetInvoices", b"action=ModuleTwo"
    ]  # fmt: skip


def test_replaced_credentials_need_a_caller_of_ours_and_change_no_other_byte(
    open_gateway, legacy, tmp_path
):
    changing = front(open_gateway, legacy, tmp_path, 'upstream_credentials = "replace"\n')
    port = port_of(changing)
    legacy.seen.clear()
    form = [("Content-Type", FORM)]
    refused = call(port, "POST", API, form, f"action=ModuleOne&{AUTH}".encode())
    assert b"result=error" in refused[2]
    assert legacy.seen == []
    ident, secret = changing.identifier, changing.secret
    body = f"a=%2f&identifier={ident}&action=ModuleOne&&x=\xe9&secret={secret}&b=".encode(
        "latin-1"
    )
    assert call(port, "POST", API, form, body)[2] == b"result=success;"
    assert legacy.seen[0].body == (
        b"a=%2f&identifier=ROUTE&action=ModuleOne&&x=\xe9&secret=ROUTE%26SECRET&b="
    )
    target = f"{API}?secret={secret}&q=%2f&identifier={ident}&action=moduleone"
    call(port, "GET", target, [])
    assert legacy.seen[1].line.split()[1] == (
        f"{API}?secret=ROUTE%26SECRET&q=%2f&identifier=ROUTE&action=moduleone"
    )
    assert secret.encode() not in b"".join(seen.body for seen in legacy.seen)


def test_under_any_wsgi_server_the_same_passes(legacy, tmp_path):
    file = tmp_path / "adapter.toml"
    file.write_text(SETTINGS.replace("PORT", str(legacy.port)))
    environ = {
        "ADAPTER_CONFIG": str(file),
        "ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'adapter.db'}",
    }
    assembly = assemble(load_settings(environ))
    app = create_app(assembly, log_stream=io.BytesIO())
    legacy.seen.clear()
    started: list[Any] = []
    large = b"action=twocookies&big=" + BIG * 4
    for body, target in ((b"action=oddbytes&x=%2f", f"{API}?a=%2f"), (large, API)):
        request = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": API,
            "RAW_URI": target,
            "QUERY_STRING": target.partition("?")[2],
            "CONTENT_TYPE": FORM,
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_X_ODD": "a  b",
            "SERVER_NAME": "x",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body + b"the next request"),
            "wsgi.errors": io.StringIO(),
        }
        answer: Any = app.wsgi_app
        reply = answer(request, lambda *given: started.append(given))
        direct = call(
            legacy.port, "POST", target, [("Content-Type", FORM), ("X-Odd", "a  b")], body
        )
        assert b"".join(reply) == direct[2]
        status, headers = started.pop()
        assert (int(status[:3]), end_to_end(headers)) == direct[:2]
        ours, theirs = legacy.seen[-2:]
        assert (ours.line, ours.body) == (theirs.line, theirs.body)
    assembly.close()


def test_a_command_goes_to_the_backend_of_its_route_under_one_id(open_gateway, legacy, tmp_path):
    routed = front(
        open_gateway,
        legacy,
        tmp_path,
        '[accounts.main.routes.commands]\nCreateBillableItem = "old"\n',
    )
    legacy.replies["addbillableitem"] = lambda: Reply(
        body=b'{"result":"success","status":"success","billableid":77}'
    )
    legacy.seen.clear()
    reply = routed.form(
        "AddBillableItem", clientid=7, description="Work", unit="quantity", amount="40.00"
    )
    assert str(reply["billableid"]) == "77"
    (seen,) = legacy.seen
    assert b"identifier=ROUTE" in seen.body
    told = {name.lower(): value for name, value in seen.headers}
    lines = [json.loads(line) for line in routed.log.read_text().splitlines() if line[0] == "{"]
    ours = [line for line in lines if line.get("id") == told["x-request-id"]]
    assert [line["event"] for line in ours] == ["attempt", "request"]
    assert (ours[0]["backend"], ours[0]["end"]) == ("old", "done")
    assert ours[0]["reference"] != ours[0]["id"]
    assert ours[0]["reference"] in routed.adapter("forwards", "list", "--all")


def test_a_caller_that_reads_nothing_of_a_long_reply_keeps_no_thread(
    open_gateway, legacy, tmp_path
):
    file = tmp_path / "adapter.toml"
    file.write_text(SETTINGS.replace("PORT", str(legacy.port)))
    one_thread = {"ADAPTER_SERVER_THREADS": "1", "ADAPTER_SERVER_BODY_TIMEOUT_SECONDS": "2"}
    gateway = open_gateway(ADAPTER_CONFIG=str(file), **one_thread)
    legacy.replies["endless"] = lambda: Reply(body=BIG * 20)  # more than sockets hold
    body = f"action=Endless&{AUTH}".encode()
    head = f"POST {API} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
    with closing(socket.socket()) as stalled:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect(("127.0.0.1", port_of(gateway)))
        stalled.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert stalled.recv(1) == b"H"  # the reply has begun
        ready = requests.get(f"{gateway.url}/readyz", timeout=REPLY_SECONDS)
        assert ready.status_code == requests.codes.ok

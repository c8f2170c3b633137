import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from adapter.assemble import assemble
from adapter.bridge.secrets import digest_generated
from adapter.settings import load_settings
from adapter.store import tables
from adapter.store.credentials import CredentialRow, insert_credential
from adapter.store.holds import RESTORED, set_hold
from adapter.web.app import create_app
from adapter.web.log import where_raised
from adapter.web.metrics import PrometheusMetrics
from adapter.web.wire import BodyTooLarge, announced_length, read_body, request_path
from tests.databases import upgraded_sqlite

NOW = datetime(2026, 3, 2, tzinfo=UTC)
AUTH = "identifier=IDENTIFIER&secret=SECRET"
FORM = "application/x-www-form-urlencoded"
API = "/includes/api.php"
ADD_CLIENT = (
    f"action=AddClient&{AUTH}&responsetype=json&firstname=Ann&lastname=B&email=ann%40example.com"
    "&noemail=1&skipvalidation=1&notes="
).encode()
GEN = f"action=GenInvoices&{AUTH}&responsetype=json".encode()
NOTHING = b'{"result":"success","numcreated":"0"}'


class Front:
    """The application on a store of its own, with what it logged and counted."""

    def __init__(self, folder: Any, **environ: str) -> None:
        self.file = folder / "adapter.db"
        settings = load_settings(
            {
                "ADAPTER_DATABASE_URL": f"sqlite:///{self.file}",
                "ADAPTER_ACCESS_SERVER_KEY": "00" * 32,
                **environ,
            }
        )
        self.assembly = assemble(settings)
        self.store = self.assembly.stores["main"]
        self.registry = CollectorRegistry()
        self.log = io.BytesIO()
        self.app = create_app(
            self.assembly, metrics=PrometheusMetrics(self.registry), log_stream=self.log
        )

    def prepare(self) -> None:
        self.file.write_bytes(upgraded_sqlite())
        digests = digest_generated(bytes(32), "SECRET")
        with self.store.write() as uow:
            insert_credential(
                uow,
                CredentialRow(
                    "shop",
                    "IDENTIFIER",
                    "main",
                    digests.kind,
                    digests.digest,
                    NOW,
                    "",
                ),
            )

    def call(
        self,
        path: str = API,
        body: bytes = b"",
        *,
        method: str = "POST",
        query: str = "",
        peer: str = "127.0.0.1",
        length: int | None = -1,
        stream: Any = None,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": peer,
            "CONTENT_TYPE": FORM,
            "wsgi.url_scheme": "http",
            "wsgi.input": stream or io.BytesIO(body),
            "wsgi.errors": io.StringIO(),
            **headers,
        }
        if length is None:
            environ["wsgi.input_terminated"] = True
        else:
            environ["CONTENT_LENGTH"] = str(len(body) if length == -1 else length)
        started: list[Any] = []

        def start_response(*given: Any) -> Any:
            started.append(given)
            return None

        parts = self.app(environ, start_response)
        reply = b"".join(parts)
        if hasattr(parts, "close"):
            parts.close()
        status, reply_headers = started[0][:2]
        return int(status[:3]), dict(reply_headers), reply

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def sample(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@pytest.fixture
def front(tmp_path) -> Any:
    made = Front(tmp_path)
    made.prepare()
    yield made
    made.store.close()


def test_both_protocols_are_answered_below_any_prefix(front):
    for path in (API, f"/billing/old{API}", f"//x{API}"):
        assert front.call(path, GEN)[2] == NOTHING
    for path in ("/api/getclientid.php", "/x/api/GetClientID.php"):
        body = b"username=IDENTIFIER&password=SECRET&client_invoice_name=A&client_email=a"
        assert front.call(path, body)[0] == 200


def test_the_reply_is_the_protocols_with_our_headers(front):
    status, headers, body = front.call(API, GEN)
    assert (status, body) == (200, NOTHING)
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(NOTHING))
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Request-Id"] == front.lines()[0]["id"]


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/", 404, b"Not Found\n"),
        ("/anything/else", 404, b"Not Found\n"),
        ("/includes/api.phpx", 404, b"Not Found\n"),
        ("/healthz", 200, b"ok\n"),
        ("/readyz", 200, b"ready\n"),
    ],
)
def test_other_paths(front, path, status, body):
    got = front.call(path, method="GET")
    assert (got[0], got[2]) == (status, body)
    assert front.lines() == []


def test_a_store_without_our_schema_is_not_ready(tmp_path):
    front = Front(tmp_path)
    status, _, body = front.call("/readyz", method="GET")
    assert status == 503
    assert b"account main" in body
    assert b"adapter db upgrade" in body
    front.store.close()


def test_an_account_that_is_behind_or_on_hold_is_degraded_and_still_answers(tmp_path):
    front = Front(
        tmp_path,
        ADAPTER_ACCOUNTS_MAIN_MODE="production",
        ADAPTER_ACCOUNTS_MAIN_ZONE="UTC",
        ADAPTER_ACCOUNTS_MAIN_BUSINESS_ID="1",
        ADAPTER_ACCOUNTS_MAIN_BUSINESS_NAME="Shop",
        ADAPTER_MAIL_TRANSPORT="none",
    )
    front.prepare()
    context = front.assembly.places["main"].context("tests")
    with front.store.write() as uow:
        uow.audit(replace(context, now=NOW), "change", "setting", 0)
    status, _, body = front.call("/readyz", method="GET")
    behind = b"degraded\naccount main: no complete run since 2026-03-02 00:00 UTC\n"
    assert (status, body) == (200, behind)
    with front.store.write(settings=True) as uow:
        set_hold(uow, replace(context, now=NOW), RESTORED, {})
    status, _, body = front.call("/readyz", method="GET")
    held = b"degraded\naccount main: on hold since 2026-03-02 00:00 UTC (restored)\n"
    assert (status, body) == (200, held)
    told = json.loads(front.call(API, GEN)[2])
    assert told["result"] == "error"
    assert told["message"].startswith(
        "The account is on hold since 2026-03-02 00:00 UTC (restored)"
    )
    front.store.close()


def test_every_request_is_one_line_without_query_secret_or_data(front):
    front.call(API, GEN + b"&firstname=Thandi", query="password=QUERYSECRET")
    (line,) = front.lines()
    assert line.pop("ms") >= 0
    assert line.pop("at").endswith("Z")
    assert len(line.pop("id")) == 32
    assert line == {
        "event": "request",
        "protocol": "whmcs",
        "account": "main",
        "credential": "shop",
        "action": "geninvoices",
        "result": "ok",
        "count": 0,
        "status": 200,
    }


def test_a_made_up_action_reaches_neither_log_nor_metrics(front):
    front.call(API, f"action=Made-Up-Name&{AUTH}".encode())
    assert b"made-up-name" not in front.log.getvalue().lower()
    labels = {"protocol": "whmcs", "action": "", "result": "unknown_action"}
    assert front.sample("adapter_requests_total", **labels) == 1.0


def test_requests_are_counted_and_timed(front):
    for _ in range(3):
        front.call(API, GEN)
    front.call(API, b"")
    labels = {"protocol": "whmcs", "action": "geninvoices", "result": "ok"}
    assert front.sample("adapter_requests_total", **labels) == 3.0
    assert front.sample("adapter_request_seconds_count", protocol="whmcs") == 4.0


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "BREW"])
def test_other_methods_execute_nothing(front, method):
    status, headers, body = front.call(API, GEN, method=method)
    assert status == 405
    assert int(headers["Content-Length"]) > 0
    assert (body == b"") is (method == "HEAD")
    assert front.lines()[0]["result"] == "method_not_allowed"


def test_the_address_behind_a_trusted_proxy_counts(tmp_path):
    front = Front(tmp_path, ADAPTER_ACCESS_TRUSTED_PROXIES="10.0.0.1")
    front.prepare()
    status, _, body = front.call(API, GEN, peer="10.0.0.1", HTTP_X_FORWARDED_FOR="127.0.0.1")
    assert (status, body) == (200, NOTHING)
    _, _, body = front.call(API, GEN, peer="10.0.0.1", HTTP_X_FORWARDED_FOR="192.0.2.9")
    assert b"Invalid IP 192.0.2.9" in body
    _, _, body = front.call(API, GEN, peer="10.0.0.2", HTTP_X_FORWARDED_FOR="127.0.0.1")
    assert b"Invalid IP 10.0.0.2" in body
    front.store.close()


class Endless:
    """A body that never ends; counts what was read of it."""

    def __init__(self) -> None:
        self.read_bytes = 0

    def read(self, size: int) -> bytes:
        self.read_bytes += size
        return b"a" * size


@pytest.mark.parametrize("length", [None, 1000])
def test_a_body_beyond_the_limit_is_not_read(tmp_path, length):
    front = Front(tmp_path, ADAPTER_LIMITS_BODY_BYTES="100")
    front.prepare()
    stream = Endless()
    status, _, body = front.call(API, length=length, stream=stream, query="responsetype=json")
    assert status == 400
    assert json.loads(body) == {
        "result": "error",
        "message": "Request exceeds the limit of 100 bytes",
    }
    assert stream.read_bytes == (0 if length else 101)
    assert front.lines()[0]["result"] == "limit_exceeded"
    front.store.close()


def test_a_short_body_is_refused_before_it_is_understood(front):
    status, _, body = front.call(API, GEN, length=len(GEN) + 1)
    assert status == 400
    assert b"result=error" in body or b'"result":"error"' in body
    assert front.lines()[0]["result"] == "malformed"


def test_a_defect_is_answered_in_the_callers_dialect_and_tells_nothing(front):
    stored = "a stored" + " secret"

    class Broken:
        def execute(self, command: Any, context: Any) -> Any:
            raise ZeroDivisionError(stored)

    front.assembly.gateway.backends["main"] = Broken()
    status, headers, body = front.call(API, GEN)
    assert status == 200
    assert json.loads(body) == {"result": "error", "message": "Internal Error"}
    crash, line = front.lines()
    assert crash["event"] == "crash"
    assert crash["id"] == line["id"] == headers["X-Request-Id"]
    assert "ZeroDivisionError" in crash["error"]
    assert "test_app.py" in crash["error"]
    assert b"a stored secret" not in front.log.getvalue() + body
    assert line["result"] == "internal"


def test_a_full_disk_is_told_to_the_caller_and_louder_to_the_operator(front):
    def bound(connection: Any) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    sa.event.listen(front.store.engine, "begin", bound)
    notes = b"x" * 60_000
    status, _, body = front.call(API, ADD_CLIENT + notes)
    message = "The disk of the store is full, nothing was changed; its operator has to make room"
    assert (status, json.loads(body)) == (200, {"result": "error", "message": message})
    full, line = front.lines()
    assert (full["event"], full["account"]) == ("disk full", "main")
    assert full["id"] == line["id"]
    assert line["result"] == "disk_full"
    with front.store.read() as uow:
        assert uow.execute(sa.select(sa.func.count()).select_from(tables.clients)).scalar() == 0


def test_where_an_exception_was_raised_is_told_without_its_text():
    try:
        int("secret")
    except ValueError as error:
        told = where_raised(error)
    assert told.startswith("ValueError\n")
    assert "secret" not in told.replace('int("secret")', "")


@pytest.mark.parametrize(
    ("environ", "limit", "read"),
    [
        ({"CONTENT_LENGTH": "3"}, 10, b"abc"),
        ({"CONTENT_LENGTH": "99"}, 100, b"abcdef"),
        ({"CONTENT_LENGTH": "6"}, 6, b"abcdef"),
        ({"CONTENT_LENGTH": "0"}, 6, b""),
        ({"CONTENT_LENGTH": ""}, 6, b""),
        ({"wsgi.input_terminated": True}, 6, b"abcdef"),
        ({}, 6, b""),
    ],
)
def test_bodies(environ, limit, read):
    assert read_body({"wsgi.input": io.BytesIO(b"abcdef"), **environ}, limit) == read


@pytest.mark.parametrize("environ", [{"CONTENT_LENGTH": "6"}, {"wsgi.input_terminated": True}])
def test_bodies_beyond_the_limit(environ):
    with pytest.raises(BodyTooLarge):
        read_body({"wsgi.input": io.BytesIO(b"abcdef"), **environ}, 5)


class Dribble(io.BytesIO):
    """Gives one byte a read, as a slow client does."""

    def read(self, size: int | None = -1) -> bytes:
        return super().read(min(size or 0, 1))


def test_a_slow_body_is_read_whole():
    assert read_body({"wsgi.input": Dribble(b"abcdef"), "CONTENT_LENGTH": "6"}, 9) == b"abcdef"


@pytest.mark.parametrize(("text", "length"), [("7", 7), ("", None), ("-1", None), ("x", None)])
def test_announced_lengths(text, length):
    assert announced_length({"CONTENT_LENGTH": text}) == length


def test_paths_are_utf_8():
    assert request_path({"PATH_INFO": "/\xc3\xa4/x"}) == "/ä/x"
    assert request_path({"PATH_INFO": "/\xff"}) == "/\ufffd"


def test_links_are_answered_without_a_login_and_from_anywhere(front):
    context = front.assembly.management.clocks["main"]
    today = context.show().now.date()
    with front.store.write() as uow:
        client_id = uow.insert(
            tables.clients,
            uuid="u",
            email="ann@example.com",
            currency_id=1,
            status="Active",
            created_on=today,
            created_at=NOW,
        )
        uow.insert(
            tables.documents,
            id=118,
            kind="invoice",
            client_id=client_id,
            currency="ZAR",
            status="Unpaid",
            number=42,
            issued_on=today,
            due_on=today,
            tax_rate=Decimal(0),
            tax_rate_2=Decimal(0),
            rounding="sum",
            created_at=NOW,
            updated_at=NOW,
        )
    links = front.assembly.links.accounts[0].links
    path, _, query = links.download("invoice", 118, 42).partition("8080")[2].partition("?")
    status, headers, body = front.call(path, method="GET", query=query, peer="192.0.2.7")
    assert (status, headers["Content-Type"], body[:5]) == (200, "application/pdf", b"%PDF-")
    assert headers["Cache-Control"] == "no-store"
    assert front.call(path, method="GET", query=query[:-1], peer="192.0.2.7")[0] == 404
    path, _, query = links.email("invoice", 118, 42).partition("8080")[2].partition("?")
    assert front.call(path, method="HEAD", query=query)[::2] == (200, b"")
    for expected in (b"will be sent by e-mail.\n", b"was sent by e-mail already.\n"):
        assert front.call(path, method="GET", query=query)[2].endswith(expected)
    with front.store.read() as uow:
        assert len(uow.execute(sa.select(tables.outbox)).all()) == 1

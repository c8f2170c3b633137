"""What one outbound request ends as, on real sockets."""

import gzip
import socket
import time
from contextlib import ExitStack

import pytest
import requests
import responses

from adapter.backends.base import Deadline
from adapter.backends.transport import (
    OutboundRequest,
    Transport,
    TransportConfig,
)
from adapter.errors import InvalidField, NotSent, TransportLost
from tests.faults_proxy import CERTIFICATE, Fault, FaultProxy, Reply, Seen, refused_port

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

SECONDS = 0.3
LATEST = SECONDS * 1.05 + 0.5  # and what a busy machine takes to wake a thread


def deadline(seconds: float = SECONDS) -> Deadline:
    return Deadline(time.monotonic() + seconds, time.monotonic)


def transport(**options) -> Transport:
    return Transport(TransportConfig(**options))


def post(url: str, body: bytes = b"a=1&b=2") -> OutboundRequest:
    return OutboundRequest("POST", url, {"Content-Type": "text/plain"}, body)


def echo(seen: Seen) -> Reply:
    return Reply(f"{seen.method} {seen.target} ".encode() + seen.body, headers={"X-Kind": "Echo"})


def test_a_whole_reply_comes_back_with_lower_case_header_names():
    with FaultProxy(echo) as proxy:
        reply = transport().exchange(post(f"{proxy.url}/api.php?x=%2f%7e"), deadline())
    assert reply.status == 200
    assert reply.headers["x-kind"] == "Echo"
    assert reply.body == b"POST /api.php?x=%2f%7e a=1&b=2"


def test_a_connection_is_used_again():
    with FaultProxy(echo) as proxy:
        sender = transport()
        for _ in range(3):
            sender.exchange(post(proxy.url), deadline())
    assert (proxy.requests, proxy.connections) == (3, 1)


def test_a_connection_that_the_server_closed_is_noticed_before_it_is_used():
    with FaultProxy(echo) as proxy:
        sender = transport()
        sender.exchange(post(proxy.url), deadline())
        proxy.hang_up()
        time.sleep(0.05)  # the close has to cross the loopback
        assert sender.exchange(post(proxy.url), deadline()).status == 200
    assert (proxy.requests, proxy.connections) == (2, 2)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://nowhere.invalid/",
        "http://a..b/",
        "ftp://127.0.0.1/",
        "http://",
        "http://127.0.0.1:{port}/a b",
        "http://127.0.0.1:{port}/a\r\nX: y",
    ],
)
def test_what_cannot_be_reached_was_not_sent(url):
    with pytest.raises(NotSent):
        transport().exchange(post(url.format(port=refused_port())), deadline(2))


def test_a_header_that_breaks_lines_is_not_sent():
    with FaultProxy(echo) as proxy:
        request = OutboundRequest("POST", proxy.url, {"X-A": "b\r\nX-C: d"}, b"")
        with pytest.raises(NotSent):
            transport().exchange(request, deadline())
    assert proxy.requests == 0


def test_nothing_is_sent_after_the_deadline():
    with FaultProxy(echo) as proxy, pytest.raises(NotSent):
        transport().exchange(post(proxy.url), deadline(0))
    assert proxy.connections == 0


def test_a_server_that_never_accepts_was_not_sent_to_and_ends_at_the_connect_limit():
    with ExitStack() as stack:
        full = stack.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        sender = transport(connect_seconds=0.2)
        began = time.monotonic()
        with pytest.raises(NotSent):
            sender.exchange(post(f"http://127.0.0.1:{port}/"), deadline(5))
        assert time.monotonic() - began < 2


def test_a_plain_server_under_https_was_not_sent_to():
    with FaultProxy(echo) as proxy, pytest.raises(NotSent):
        transport().exchange(post(f"https://127.0.0.1:{proxy.port}/"), deadline())
    assert proxy.requests == 0


def test_a_handshake_that_never_ends_was_not_sent_and_ends_at_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        sender = transport()
        began = time.monotonic()
        with pytest.raises(NotSent):
            sender.exchange(post(f"https://127.0.0.1:{port}/"), deadline())
        assert time.monotonic() - began < LATEST


def test_an_unknown_authority_is_refused_before_anything_is_sent():
    with FaultProxy(echo, tls=True) as proxy, pytest.raises(NotSent, match="nothing was sent"):
        transport().exchange(post(proxy.url), deadline())
    assert proxy.requests == 0


def test_a_configured_authority_is_trusted():
    with FaultProxy(echo, tls=True) as proxy:
        sender = transport(ca_file=CERTIFICATE)
        for _ in range(2):
            assert sender.exchange(post(proxy.url), deadline(2)).status == 200
    assert proxy.connections == 1


def test_a_certificate_for_another_name_is_refused():
    with FaultProxy(echo, tls=True) as proxy, pytest.raises(NotSent):
        transport(ca_file=CERTIFICATE).exchange(
            post(f"https://127.0.0.2:{proxy.port}/"), deadline(2)
        )
    assert proxy.requests == 0


def test_authorities_that_cannot_be_read_are_refused_at_start(tmp_path):
    with pytest.raises(InvalidField, match="cannot be read"):
        transport(ca_file=tmp_path / "none.pem")


LOST = [
    Fault.RESET_BEFORE,
    Fault.RESET_DURING,
    Fault.RESET_AFTER,
    Fault.CLOSED_AFTER,
    Fault.NO_REPLY,
    Fault.LATE,
    Fault.HALF,
    Fault.GARBAGE,
    Fault.TOO_LONG,
    Fault.TOO_SHORT,
    Fault.DRIP_HEADERS,
    Fault.DRIP_BODY,
]


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("fault", LOST)
def test_a_request_without_a_whole_answer_is_lost_by_the_deadline(fault, tls):
    long = b"x" * 200
    sender = transport(ca_file=CERTIFICATE)
    with FaultProxy(echo, [fault], late_seconds=0.5, tls=tls) as proxy:
        began = time.monotonic()
        with pytest.raises(TransportLost):
            sender.exchange(post(proxy.url, long), deadline())
        assert time.monotonic() - began < LATEST
    assert proxy.requests == 1


@pytest.mark.parametrize("fault", LOST)
def test_what_was_left_of_a_lost_reply_never_answers_the_next_request(fault):
    if fault is Fault.GARBAGE:
        return
    with FaultProxy(echo, [fault], late_seconds=0.5) as proxy:
        sender = transport()
        with pytest.raises(TransportLost):
            sender.exchange(post(proxy.url, b"first" * 40), deadline())
        assert sender.exchange(post(proxy.url, b"second"), deadline()).body == b"POST / second"


def test_bytes_that_come_after_a_reply_never_answer_the_next_request():
    with FaultProxy(echo, [Fault.TOO_SHORT]) as proxy:
        sender = transport()
        with pytest.raises(TransportLost):
            sender.exchange(post(proxy.url), deadline())
        sender.exchange(post(proxy.url), deadline())
    assert proxy.connections == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 204 Nothing\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    ],
    ids=["empty", "chunked"],
)
def test_replies_of_every_framing_leave_the_connection_for_the_next_request(raw):
    with FaultProxy(lambda _: Reply(b"", raw=raw)) as proxy:
        sender = transport()
        bodies = [sender.exchange(post(proxy.url), deadline()).body for _ in range(2)]
    assert bodies == ([b"", b""] if b" 204 " in raw else [b"ab", b"ab"])
    assert proxy.connections == 1


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
    ids=["no last chunk", "no chunk size", "two lengths", "endless header"],
)
def test_a_reply_that_is_badly_framed_is_lost(raw):
    with FaultProxy(lambda _: Reply(b"", raw=raw)) as proxy, pytest.raises(TransportLost):
        transport().exchange(post(proxy.url), deadline())


def test_an_upload_that_nobody_reads_is_lost_by_the_deadline():
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        sender = transport()
        began = time.monotonic()
        with pytest.raises(TransportLost):
            sender.exchange(post(f"http://127.0.0.1:{port}/", b"x" * 2**24), deadline())
        assert time.monotonic() - began < LATEST


def test_the_longest_silence_ends_a_call_before_its_deadline():
    with FaultProxy(echo, [Fault.NO_REPLY]) as proxy:
        began = time.monotonic()
        with pytest.raises(TransportLost):
            transport(read_seconds=0.1).exchange(post(proxy.url), deadline(5))
        assert time.monotonic() - began < 2


@pytest.mark.parametrize("fault", [Fault.ERROR_BEFORE, Fault.REDIRECT])
def test_a_reply_of_any_status_is_handed_up_and_a_redirect_not_followed(fault):
    with FaultProxy(echo, [fault]) as proxy:
        reply = transport().exchange(post(proxy.url), deadline())
    assert reply.status == {Fault.ERROR_BEFORE: 500, Fault.REDIRECT: 302}[fault]
    assert proxy.requests == 1


@pytest.mark.parametrize("announced", [True, False])
def test_a_reply_above_the_size_limit_is_lost(announced):
    def large(_: Seen) -> Reply:
        body = b"x" * 5000
        return (
            Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"})
            if not announced
            else Reply(body)
        )

    with FaultProxy(large) as proxy, pytest.raises(TransportLost):
        transport(reply_bytes=4000).exchange(post(proxy.url), deadline())


def test_a_compressed_reply_is_read():
    def packed(_: Seen) -> Reply:
        return Reply(gzip.compress(b"hello"), headers={"Content-Encoding": "gzip"})

    with FaultProxy(packed) as proxy:
        assert transport().exchange(post(proxy.url), deadline()).body == b"hello"


def test_the_environment_has_no_say(monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{refused_port()}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with FaultProxy(echo) as proxy:
        assert transport().exchange(post(proxy.url), deadline()).status == 200


def test_cookies_of_one_call_are_not_sent_with_the_next():
    seen = []

    def sticky(request: Seen) -> Reply:
        seen.append(request.headers.get("cookie"))
        return Reply(b"", headers={"Set-Cookie": "session=1"})

    with FaultProxy(sticky) as proxy:
        sender = transport()
        sender.exchange(post(proxy.url), deadline())
        sender.exchange(post(proxy.url), deadline())
    assert seen == [None, None]


def test_a_proxy_is_asked_with_the_whole_url():
    with FaultProxy(echo) as proxy:
        sender = transport(proxy=proxy.url)
        reply = sender.exchange(post("http://billing.invalid/a"), deadline())
    assert reply.body == b"POST http://billing.invalid/a a=1&b=2"


def test_a_proxy_that_refuses_the_tunnel_means_not_sent():
    def refuse(_: Seen) -> Reply:
        return Reply(b"", 403)

    with FaultProxy(refuse) as proxy, pytest.raises(NotSent):
        transport(proxy=proxy.url).exchange(post("https://billing.invalid/a"), deadline())


def test_a_proxy_of_another_kind_is_refused_at_start():
    with pytest.raises(InvalidField, match="http://"):
        transport(proxy="socks5://127.0.0.1:1")


def test_a_streamed_reply_keeps_headers_and_bytes_as_they_came():
    packed = gzip.compress(b"hello")

    def answer(_: Seen) -> Reply:
        return Reply(packed, 404, {"Content-Encoding": "gzip", "X-Two": "b"})

    with FaultProxy(answer) as proxy, transport().stream(post(proxy.url), deadline()) as reply:
        assert reply.status == 404
        assert ("X-Two", "b") in reply.headers
        assert b"".join(reply.chunks) == packed


@pytest.mark.parametrize("fault", [Fault.HALF, Fault.DRIP_BODY])
def test_a_stream_that_breaks_off_is_lost(fault):
    sender = transport()
    with FaultProxy(echo, [fault]) as proxy:
        began = time.monotonic()
        with (
            pytest.raises(TransportLost),
            sender.stream(post(proxy.url, b"x" * 100), deadline()) as reply,
        ):
            b"".join(reply.chunks)
        assert time.monotonic() - began < LATEST


@responses.activate
def test_a_failure_that_no_connection_of_ours_saw_counts_as_lost():
    responses.post("http://billing.invalid/", body=requests.ConnectionError("?"))
    with pytest.raises(TransportLost):
        transport().exchange(post("http://billing.invalid/"), deadline())


@responses.activate
def test_stubbed_replies_are_read_like_real_ones():
    responses.post("http://billing.invalid/", b"hello", status=201, headers={"X-Kind": "Stub"})
    reply = transport().exchange(post("http://billing.invalid/"), deadline())
    assert (reply.status, reply.headers["x-kind"], reply.body) == (201, "Stub", b"hello")


def test_secrets_of_the_url_stay_out_of_the_reason():
    url = f"http://127.0.0.1:{refused_port()}/?secret=hush"
    with pytest.raises(NotSent) as caught:
        transport().exchange(post(url), deadline())
    assert "hush" not in caught.value.reason
    assert "refused" in caught.value.reason

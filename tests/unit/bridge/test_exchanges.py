"""Captured exchanges hold no secrets."""

import json

import pytest

from adapter.bridge.exchanges import Exchange, ReplyMask, redact
from adapter.commands.model import AcceptOrder
from adapter.protocols.base import WireRequest, WireResponse


def request(body: bytes = b"", query: bytes = b"", **headers: str) -> WireRequest:
    return WireRequest("POST", "/includes/api.php", query, headers, body, "127.0.0.1")


@pytest.mark.parametrize(
    "spelling",
    [
        b"x=pa&ss/w+%C3%B6rd",
        b"x=pa%26ss%2Fw+%c3%b6rd",
        b"x=%70%61%26%73%73%2f%77%20%c3%b6%72%64",
        b'{"x":"pa&ss/w \\u00f6rd"}',
        b'{"x":"pa&ss\\/w \\u00F6rd"}',
        "<x>pa&ss/w örd</x>".encode(),
    ],
)
def test_a_secret_is_found_in_any_spelling(spelling):
    clean = redact(spelling, ["pa&ss/w örd"])
    assert b"redacted" in clean
    assert b"ss" not in clean
    assert b"rd" not in clean


@pytest.mark.parametrize(
    ("data", "clean"),
    [
        (b"action=X&password=abc&id=1", b"action=X&password=redacted&id=1"),
        (b"secret=abc", b"secret=redacted"),
        (b"Password2=abc&x=1", b"Password2=redacted&x=1"),
        (b"mypassword=abc", b"mypassword=abc"),
        (b'{"password":"a\\"b","id":"1"}', b'{"password":"redacted","id":"1"}'),
        (b'{"password": 12,"id":1}', b'{"password": "redacted","id":1}'),
        (
            b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nab\r\nc\r\n--b--',
            b'--b\r\nContent-Disposition: form-data; name="secret"\r\n\r\nredacted\r\n--b--',
        ),
    ],
)
def test_fields_that_hold_secrets_are_redacted_by_name(data, clean):
    assert redact(data) == clean


def test_a_captured_exchange_shows_no_secret_anywhere():
    exchange = Exchange.captured(
        request(b"a=hunter22", b"secret=hunter22", cookie="s=1", x="hunter22"),
        WireResponse(200, b'{"echo":"hunter22"}', "application/json", {"set-cookie": "s=1"}),
        "main",
        command=AcceptOrder(1, service_password="hunter23"),
        secrets=["hunter22", None, ""],
    )
    assert "hunter2" not in repr(exchange)
    assert exchange.request.query == b"secret=redacted"
    assert json.loads(exchange.reply.body) == {"echo": "redacted"}
    assert exchange.command == AcceptOrder(1, service_password="redacted")
    assert "s=1" not in repr(exchange)


def test_masked_pieces_become_placeholders():
    body = '{"näme":"x","id":17,"at":"2026-01-15"}'.encode()
    at = body.index(b"17")
    exchange = Exchange.captured(
        request(),
        WireResponse(200, body, "application/json"),
        "main",
        masks=(
            ReplyMask(at, at + 2, "int", "client_id"),
            ReplyMask(len(body) - 12, len(body) - 2, "date"),
        ),
    )
    assert (
        exchange.expected_body().decode()
        == '{"näme":"x","id":${save:client_id:int},"at":"${any:date}"}'
    )

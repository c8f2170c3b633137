"""What a caller of either protocol reads when a call is held back or a key was used before."""

import json

import pytest

from adapter.errors import (
    AdapterError,
    BackendBusy,
    BackendOverloaded,
    BadAnswer,
    BreakerOpen,
    KeyReused,
    ReplyNotKept,
    TooManyRequests,
)
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol

FORM = WhmcsProtocol({}, Limits(), allow_get=True)
POSITIONAL = InvoicesOnlineProtocol({}, Limits())
TEXTS = [
    (TooManyRequests(50), "Too many requests; nothing was done, try again in 50 seconds"),
    (
        BackendBusy("16 calls"),
        "The backend has too much to do at present; nothing was sent, try again later",
    ),
    (
        BreakerOpen(),
        "The backend does not answer at present; nothing was sent, try again later",
    ),
    (BackendOverloaded("429"), "The backend is busy; nothing was done, try again later"),
    (BadAnswer(), "The backend's reply cannot be read"),
    (
        KeyReused(),
        "This Idempotency-Key was used for another request; nothing was done, send a new key",
    ),
    (ReplyNotKept("r1"), "This request was carried out already, under reference r1"),
]


def request(path: str, body: str) -> WireRequest:
    return WireRequest("POST", path, b"", {}, body.encode(), "127.0.0.1")


@pytest.mark.parametrize(("error", "text"), TEXTS)
def test_the_form_post_protocol_says_it_as_any_error(error: AdapterError, text: str) -> None:
    call = FORM.decode(request("/includes/api.php", "action=AddBillableItem&responsetype=json"))
    reply = FORM.encode_error(error, call)
    assert (reply.status, json.loads(reply.body)) == (200, {"result": "error", "message": text})


@pytest.mark.parametrize(("error", "text"), TEXTS)
def test_the_positional_protocol_says_it_as_any_error(error: AdapterError, text: str) -> None:
    call = POSITIONAL.decode(request("/api/GenerateNewRecurringInvoice.php", "{}"))
    reply = POSITIONAL.encode_error(error, call)
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "type": "error",
        "document_id": "",
        "message": text,
        "error": text,
    }
    number = POSITIONAL.encode_error(error, POSITIONAL.decode(request("/api/NewClient.php", "{}")))
    assert number.body.decode() == text

"""The caller's side: what cannot be said is refused, replies are read."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import ItemAction
from adapter.billing.schedule import Frequency
from adapter.commands import model
from adapter.commands.access import Credentials
from adapter.errors import BadAnswer, CannotExpress, Rejected
from adapter.protocols.base import Limits, WireResponse
from adapter.protocols.whmcs.client import decode_reply, encode, encode_request


def response(body: Any) -> WireResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return WireResponse(200, raw, "application/json")


def test_a_run_is_written_with_its_scope() -> None:
    encoded = encode(model.GenerateDueInvoices(7, (1, 2), None, (), send_email=False))
    assert encoded.action == "GenInvoices"
    assert encoded.params == {
        "clientid": 7,
        "serviceids": [1, 2],
        "domainids": "none",
        "noemails": True,
    }


def test_a_request_asks_for_json() -> None:
    sent = encode_request(
        model.GetVersion(), Credentials("i", "s", "k"), path="/x/includes/api.php"
    )
    assert sent.body == b"action=WhmcsDetails&identifier=i&secret=s&accesskey=k&responsetype=json"
    assert (sent.method, sent.path, sent.announced_length) == (
        "POST",
        "/x/includes/api.php",
        len(sent.body),
    )


def test_an_absent_access_key_is_left_out() -> None:
    assert b"accesskey" not in encode_request(model.GetVersion(), Credentials("i", "s")).body


def test_a_request_beyond_the_limits_is_refused() -> None:
    with pytest.raises(CannotExpress, match="of this size"):
        encode_request(model.GetVersion(), Credentials("i", "s"), limits=Limits(body_bytes=9))


RECURRING = model.CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 1, 1), (), client_id=1)
PERSON = model.ClientFields(first_name="A", email="a@b.example")


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (RECURRING, "CreateRecurringInvoice"),
        (model.FindClient("A", "a@b.example"), "FindClient"),
        (model.ListInvoices(page=None), "a list without paging"),
        (model.ListInvoices(order_by="secret"), "orderby"),
        (model.ListClients(order_by="secret"), "orderby"),
        (model.ListClients(search=" "), "search"),
        (model.CreateClient(PERSON, model.ClientIdentity.NAME_AND_EMAIL), "identity"),
        (
            model.UpdateClient(model.ClientFields(payment_terms_days=None), client_id=1),
            "changes",
        ),
        (model.UpdateService(1, notes=" "), "notes"),
        (model.UpdateServiceAddon(1), "There is nothing"),
        (model.GetInvoice(0), "Invoice not found"),
        (model.RecordPayment(1, amount=Decimal("0.001")), "decimals"),
        (
            model.CreateBillableItem(
                1, "a", Decimal(1), action=ItemAction.NEXT_RUN, recur_every=2
            ),
            "recur_every",
        ),
    ],
)
def test_what_would_arrive_as_something_else_is_refused(command: model.Command, what: str) -> None:
    with pytest.raises(CannotExpress, match=what):
        encode(command)


def test_a_success_is_read_with_numbers_as_text() -> None:
    reply = response({"result": "success", "numcreated": "3", "latestinvoiceid": 118, "x": 1.5})
    assert decode_reply(reply) == {
        "result": "success",
        "numcreated": "3",
        "latestinvoiceid": "118",
        "x": "1.5",
    }


def test_an_outcome_may_be_called_status() -> None:
    assert decode_reply(response({"status": "success", "billableid": 1}))["billableid"] == "1"


def test_an_error_is_the_backends() -> None:
    with pytest.raises(Rejected) as caught:
        decode_reply(response({"result": "error", "message": "Client ID Not Found"}))
    assert caught.value.reason == "Client ID Not Found"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"3", b"\xff", {"x": 1}, {"result": "maybe"}, b"[" * 100_000],
)
def test_anything_else_cannot_be_read(body: Any) -> None:
    with pytest.raises(BadAnswer):
        decode_reply(response(body))

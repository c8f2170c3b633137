"""The client side of the positional-array protocol: what it writes, reads and refuses to say.

That a written command is read back as itself: tests/property/test_invoicesonline.py.
"""

import json
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import Increase, InvoiceStatus, RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.access import Credentials
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    Command,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GenerateDueInvoices,
    GetClient,
    ListInvoices,
    ListRecurringInvoices,
)
from adapter.commands.results import ClientCreated, ClientFound, RecurringInvoiceCreated
from adapter.errors import BadAnswer, CannotExpress, Rejected
from adapter.protocols.invoicesonline.client import decode_map, decode_reply, encode_command

CREDENTIALS = Credentials("user", "secret", business_id="17")
LINE = RecurringLine(
    product_code="A1",
    quantity=Decimal("1.5"),
    description="Hosting / mail",
    unit_price=Decimal("99.95"),
    currency="ZAR",
    vat_applies=True,
    vat_rate=Decimal("15.00"),
    includes_vat=False,
    custom=("c1", "", "", "", "c5"),
    discount_percentage=Decimal(10),
)
RECURRING = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 2, 28), (LINE,), client_id=5)
NEW = CreateClient(
    ClientFields(invoice_name="Acme", email="a@example.com"),
    ClientIdentity.NAME_AND_EMAIL,
    send_email=False,
)
FIND = FindClient("Acme", "a@example.com")


def sent(command: Command) -> dict[str, object]:
    body = json.loads(encode_command(command, CREDENTIALS, "https://example.com/api").body)
    assert isinstance(body, dict)
    return body


def test_a_request_is_json_with_the_credentials_in_it():
    request = encode_command(FIND, CREDENTIALS, "https://example.com/api/")
    assert request.url == "https://example.com/api/GetClientID.php?apiformat=json"
    assert request.headers == {"Content-Type": "application/json"}
    assert request.body == (
        b'{"username":"user","password":"secret","BID":"17",'
        b'"ClientName":"Acme","ClientEmail":"a@example.com"}'
    )
    assert "secret" not in repr(request)


def test_absent_credentials_are_not_sent():
    request = encode_command(GetClient(5), Credentials(), "https://example.com/api")
    assert request.body == b'{"ClientID":"5"}'


def test_a_recurring_invoice_is_written_with_the_page_s_names():
    body = sent(RECURRING)
    assert body == {
        "username": "user",
        "password": "secret",
        "BID": "17",
        "Recurrs": "monthly",
        "paused": "0",
        "limit_recurrances": "0",
        "recurrances_limit": "",
        "add_increase": "0",
        "IncreasePercentage": "",
        "IncreaseInterval": "",
        "recurring_start_date": "2026-02-28",
        "ClientID": "5",
        "OrderNr": "",
        "data": [
            [
                "A1",
                "1.5",
                "Hosting / mail",
                "99.95",
                "ZAR",
                "1",
                "15.00",
                "0",
                "c1",
                "",
                "",
                "",
                "",
                "10",
                "",
                "c5",
            ]
        ],
        **{f"AdditionalValue{number}": "" for number in range(1, 11)},
    }


def test_what_its_switches_switch_on_is_written():
    command = CreateRecurringInvoice(
        Frequency.DAILY,
        date(2026, 2, 28),
        (LINE,),
        new_client=NEW.client,
        paused=True,
        recurrence_limit=3,
        increase=Increase(Decimal("7.5"), 12),
        discount_amount=Decimal("5.00"),
        number_prefix="P-",
        send_email=False,
    )
    body = sent(command)
    assert (body["limit_recurrances"], body["recurrances_limit"]) == ("1", "3")
    assert body["add_increase"] == "1"
    assert (body["IncreasePercentage"], body["IncreaseInterval"]) == ("7.5", "12")
    assert (body["DiscountAmount"], body["prepend_nr"]) == ("5.00", "P-")
    assert body["EmailToClient"] is False
    assert body["client_invoice_name"] == "Acme"
    assert "ClientID" not in body
    assert "append_nr" not in body


@pytest.mark.parametrize(("days", "word"), [(0, "cod"), (30, "30 days"), (None, "")])
def test_payment_terms_are_words(days, word):
    fields = ClientFields(
        invoice_name="Acme", email="a@example.com", payment_terms_days=days, custom=((2, "x"),)
    )
    body = sent(CreateClient(fields, ClientIdentity.NAME_AND_EMAIL, send_email=False))
    assert (body["payment_terms"], body["custom_field_2"]) == (word, "x")


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (ListInvoices(None, 5), {"ClientID": "5", "type": "invoices"}),
        (ListInvoices(None), {"ClientID": "all", "type": "invoices"}),
        (ListRecurringInvoices(5), {"ClientID": "5", "type": "recurring_invoices"}),
        (ListRecurringInvoices(), {"ClientID": "all", "type": "recurring_invoices"}),
    ],
)
def test_lists_name_a_client_or_all(command, body):
    assert sent(command) == {"username": "user", "password": "secret", "BID": "17", **body}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (GenerateDueInvoices(), "GenerateDueInvoices"),
        (ListInvoices(), "page of ListInvoices"),
        (ListInvoices(None, status=InvoiceStatus.PAID), "status of ListInvoices"),
        (GetClient(5, with_stats=True), "with_stats of GetClient"),
        (GetClient(email="a@example.com"), "ClientID must be a whole number"),
        (CreateClient(NEW.client, ClientIdentity.EMAIL), "identity, send_email of CreateClient"),
        (
            CreateClient(
                ClientFields(invoice_name="Acme", email="a@b", payment_terms_days=45),
                ClientIdentity.NAME_AND_EMAIL,
                send_email=False,
            ),
            "client of CreateClient",
        ),
        (FindClient("", "a@example.com"), "ClientName must not be empty"),
        (
            CreateRecurringInvoice(
                Frequency.DAILY, date(2026, 1, 1), (LINE,), client_id=5, number_prefix=""
            ),
            "number_prefix of CreateRecurringInvoice",
        ),
    ],
)
def test_what_the_wire_cannot_say_is_refused_by_name(command, what):
    with pytest.raises(CannotExpress) as caught:
        encode_command(command, CREDENTIALS, "https://example.com/api")
    assert caught.value.what == what


@pytest.mark.parametrize(
    ("body", "command", "result"),
    [
        (
            b'{"type":"success","document_id":"2650002","message":"ok"}',
            RECURRING,
            RecurringInvoiceCreated(2650002, 5),
        ),
        (
            b'{"type":"success","document_id":7,"message":"ok"}',
            CreateRecurringInvoice(
                Frequency.DAILY, date(2026, 1, 1), (LINE,), new_client=NEW.client
            ),
            RecurringInvoiceCreated(7, 0),
        ),
        (b"17", NEW, ClientCreated(17)),
        (b" 17\n", FIND, ClientFound(17)),
    ],
)
def test_replies_are_read(body, command, result):
    assert decode_reply(body, command) == result


@pytest.mark.parametrize(
    ("body", "command", "reason"),
    [
        (b'{"type":"error","document_id":"","message":"m","error":"Boom"}', RECURRING, "Boom"),
        (b'{"type":"error","message":"Bang"}', RECURRING, "Bang"),
        (b"client_email must not be empty", NEW, "client_email must not be empty"),
        (b'{"type":"error","message":"m","error":"Invalid"}', FIND, "Invalid"),
    ],
)
def test_errors_are_rejections(body, command, reason):
    with pytest.raises(Rejected) as caught:
        decode_reply(body, command)
    assert caught.value.reason == reason
    assert reason not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "command"),
    [
        (b"", RECURRING),
        (b"<html>", RECURRING),
        (b"[]", RECURRING),
        (b"[" * 100_000, RECURRING),
        (b'{"type":"success"}', RECURRING),
        (b'{"type":"success","document_id":"-1"}', RECURRING),
        (b'{"type":"success","document_id":["1"]}', RECURRING),
        (b"", NEW),
        (b'{"client_id":17}', NEW),
        (b"{", FIND),
    ],
)
def test_anything_else_is_a_bad_answer(body, command):
    with pytest.raises(BadAnswer):
        decode_reply(body, command)


def test_maps_have_no_result_of_their_own():
    with pytest.raises(CannotExpress):
        decode_reply(b"{}", GetClient(5))


def test_maps_are_read_as_text_and_an_empty_list_is_an_empty_map():
    assert decode_map(b'{"17":{"active":1}}') == {"17": {"active": "1"}}
    assert decode_map(b" []\n") == {}
    with pytest.raises(Rejected):
        decode_map(b'{"error":"Client not found"}')

"""The client side of the positional-array protocol: what it writes, reads and refuses to say.

That a written command is read back as itself: tests/property/test_invoicesonline.py.
"""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import Increase, InvoiceStatus, RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.access import Credentials
from adapter.commands.context import Sent
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
from adapter.commands.results import (
    ClientCreated,
    ClientFound,
    RecurringInvoiceCreated,
)
from adapter.errors import (
    AdapterError,
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    CurrencyNotListed,
    DiscountTooLarge,
    Rejected,
    StartInPast,
    StartTooEarly,
    StoreUnavailable,
    UpstreamRefused,
)
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.upstream import Asked, UpstreamAnswer, UpstreamRequest

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


CLIENT = InvoicesOnlineClient()
API = "https://example.com/api"


def encode_command(command: Command, credentials: Credentials, url: str = API) -> UpstreamRequest:
    return CLIENT.request(CLIENT.ask(command), credentials, url)


def read(body: bytes, command: Command, status: int = 200, **params: object) -> Any:
    return CLIENT.read(UpstreamAnswer(status, body, Asked("X", params)), command)


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
        (GetClient(email="a@example.com"), "ClientID is required"),
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


def test_a_request_beyond_the_limits_is_refused():
    small = InvoicesOnlineClient(Limits(body_bytes=9))
    with pytest.raises(CannotExpress, match="of this size"):
        small.request(Asked("NewClient", {}), CREDENTIALS, API)


def test_a_callers_own_fields_are_kept_but_for_credentials_and_business():
    kept = CLIENT.keep(
        Sent(
            "invoicesonline",
            "newclient",
            {
                "username": "theirs",
                "BID": "3",
                "odd": [None, True, {"2": "x"}],
                "client_email": "a@example.com",
                "apiformat": "json",
                "BusinessID": "3",
                "password": "theirs",
            },
        )
    )
    request = CLIENT.request(kept, CREDENTIALS, API)
    assert request.url == f"{API}/NewClient.php?apiformat=json"
    assert request.body == (
        b'{"username":"user","password":"secret","BID":"17",'
        b'"odd":[null,true,{"2":"x"}],"client_email":"a@example.com"}'
    )


TOLD = {
    "type": "success",
    "document_id": 7,
    "message": "Recurring invoice generated successfully."
    " Held and not billed, because before today: 14 dates from 2026-01-01 to 2026-01-14."
    " The client's stored details differ and were kept: client_vat_nr, contact_name.",
}
DAILY = CreateRecurringInvoice(Frequency.DAILY, date(2026, 1, 1), (LINE,), new_client=NEW.client)


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
            DAILY,
            RecurringInvoiceCreated(7, 0),
        ),
        (
            json.dumps(TOLD).encode(),
            DAILY,
            RecurringInvoiceCreated(
                7, 0, tuple(date(2026, 1, n) for n in range(1, 15)), ("tax_number", "first_name")
            ),
        ),
        (b"17", NEW, ClientCreated(17)),
        (b" 17\n", FIND, ClientFound(17)),
    ],
)
def test_replies_are_read(body, command, result):
    assert read(body, command) == result


@pytest.mark.parametrize(
    ("body", "command", "reason"),
    [
        (b'{"type":"error","document_id":"","message":"m","error":"Boom"}', RECURRING, "Boom"),
        (b'{"type":"error","message":"Bang"}', RECURRING, "Bang"),
        (b'{"error":"Boom"}', GetClient(5), "Boom"),
        (b"client_email must not be empty", NEW, "client_email must not be empty"),
        (b"Error: 17 is no name", NEW, "17 is no name"),
        (b"Error: that was all", NEW, "Error: that was all"),
    ],
)
def test_an_unknown_error_is_the_upstreams_own_words(body, command, reason):
    with pytest.raises(UpstreamRefused) as caught:
        read(body, command)
    assert caught.value.reason == str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ClientID 5 not found", ClientNotFound(5)),
        ("Client not found", ClientNotFound()),
        ("recurring_start_date must not lie before today", StartInPast()),
        ("DiscountAmount must not exceed the sum of the lines", DiscountTooLarge()),
        (
            "recurring_start_date must not lie more than 3660 occurrences before today",
            StartTooEarly(3660),
        ),
        (
            "data[7][4] (currency) must be one of ZAR, USD",
            CurrencyNotListed(1, "", ("ZAR", "USD")),
        ),
        (str(StoreUnavailable()), UpstreamRefused("")),
        ("Internal Error", BadAnswer()),
        ("Invalid username or password", Rejected("")),
        ("Invalid business ID for these credentials", Rejected("")),
    ],
)
def test_an_error_text_is_the_error_that_it_is_written_for(text, error):
    body = json.dumps({"type": "error", "message": text, "error": text}).encode()
    with pytest.raises(AdapterError) as caught:
        read(body, RECURRING, data={"3": {}, "7": {}})
    found = caught.value
    assert type(found) is type(error)
    for name in ("record_id", "line", "listed", "occurrences"):
        assert getattr(found, name, None) == getattr(error, name, None)


def test_rows_that_cannot_be_counted_leave_a_currencys_line_as_written():
    body = b'{"error":"data[7][4] (currency) must be one of ZAR"}'
    with pytest.raises(CurrencyNotListed) as caught:
        read(body, RECURRING, data="broken")
    assert caught.value.line == 7


def test_a_denied_status_is_about_the_routes_credentials():
    with pytest.raises(Rejected):
        read(b'{"error":"No"}', RECURRING, 403)


@pytest.mark.parametrize(
    ("body", "command"),
    [
        (b"", RECURRING),
        (b"<html>", RECURRING),
        (b"[]", RECURRING),
        (b"[" * 100_000, RECURRING),
        (b'{"type":"success"}', RECURRING),
        (b'{"type":"success","document_id":"-1x"}', RECURRING),
        (b'{"type":"success","document_id":["1"]}', RECURRING),
        (
            b'{"document_id":1,"message":" Held and not billed, because before today: soon."}',
            RECURRING,
        ),
        (b"", NEW),
        (b"<html>", NEW),
        (b'{"client_id":17}', NEW),
        (b"{", FIND),
        (b"[]", GetClient(5)),
        (b'{"x":{"opening_balance":"0.00","balance":"0.00"}}', GetClient(5)),
        (b'{"5":{"7":{"total":"1.00"}}}', ListInvoices(None)),
    ],
)
def test_anything_else_is_a_bad_answer(body, command):
    with pytest.raises(BadAnswer):
        read(body, command)


@pytest.mark.parametrize("status", [302, 404, 500])
@pytest.mark.parametrize(
    ("body", "command"), [(b"17", NEW), (b"Not found", NEW), (b'{"document_id":1}', RECURRING)]
)
def test_a_reply_that_no_endpoint_sends_is_a_bad_answer(status, body, command):
    with pytest.raises(BadAnswer):
        read(body, command, status)


def test_an_empty_list_is_an_empty_map_and_amounts_keep_what_stands_around_them():
    assert read(b" []\n", ListInvoices(None)).invoices == ()
    document = {"invoice_nr": "", "date": "2026-01-02", "total": "1000.00"}
    body = {"5": {"7": document | {"amount_formatted": "R1,000.00 ZAR"}, "8": document}}
    first, second = read(json.dumps(body).encode(), ListRecurringInvoices()).recurring_invoices
    assert (first.currency_prefix, first.currency_suffix) == ("R", " ZAR")
    assert (second.currency_prefix, second.next_on) == ("", date(2026, 1, 2))
    assert second.frequency is None

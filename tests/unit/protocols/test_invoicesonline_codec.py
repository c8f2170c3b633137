"""The positional-array protocol: paths, credentials, binding, and what each call means.

The fields and their rules: contracts/invoicesonline/*.toml.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import Increase, RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.access import Credentials
from adapter.commands.model import CreateRecurringInvoice, GetClient
from adapter.commands.results import (
    ClientCreated,
    ClientFound,
    InvoicesListed,
    Listing,
    RecurringInvoiceCreated,
    RecurringInvoicesListed,
)
from adapter.errors import (
    AdapterError,
    InvalidField,
    LimitExceeded,
    Malformed,
    MethodNotAllowed,
    NotAuthenticated,
    UnknownAction,
)
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import Call, InvoicesOnlineProtocol, Quirks

PROTOCOL = InvoicesOnlineProtocol({"strict": Quirks(int_document_id=True)}, Limits())
RECURRING = {
    "username": "user",
    "password": "secret",
    "ClientID": "5",
    "Recurrs": "monthly",
    "paused": "0",
    "limit_recurrances": "1",
    "recurrances_limit": "24",
    "add_increase": "1",
    "IncreasePercentage": "7.5",
    "IncreaseInterval": "12",
    "recurring_start_date": "2026-02-28",
    "data": [["A1", "2", "Hosting", "99.95", "ZAR", "1", "15.00", "0"]],
}


def request(
    body: bytes,
    endpoint: str = "GenerateNewRecurringInvoice",
    *,
    method: str = "POST",
    query: bytes = b"apiformat=json",
) -> WireRequest:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return WireRequest(
        method, f"/api/{endpoint}.php", query, headers, body, "127.0.0.1", len(body)
    )


def call(params: Mapping[str, object], endpoint: str = "GenerateNewRecurringInvoice") -> Call:
    return PROTOCOL.decode(request(json.dumps(params).encode(), endpoint))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/GenerateNewRecurringInvoice.php", True),
        ("/some/where/api/newclient.PHP", True),
        ("/API/NoSuchEndpoint.php", True),
        ("/api/NewClient.php/", False),
        ("/api/NewClient.php/x", False),
        ("/api/NewClient", False),
        ("/api/.php", False),
        ("/includes/api.php", False),
        ("/api/includes/api.php", False),
        ("/myapi/NewClient.php", False),
        ("api/NewClient.php", False),
        ("/api/NewClient.php\n", False),
    ],
)
def test_a_path_is_a_file_name_under_api(path, expected):
    assert PROTOCOL.matches(path) is expected


def test_actions_are_the_file_names_in_lower_case():
    named = {"addnewinvoice", "addnewpayment", "additemto", "clientstatement"}
    named |= {"convertproformainvoicetoinvoice", "generateinvoicebatch", "recordpayment"}
    named |= {"removeitembycode", "updateclient", "newclient", "getclientid"}
    kinds = ("creditnote", "deliverynote", "invoice", "payment", "payout", "proformainvoice")
    named |= {f"generatenew{kind}" for kind in (*kinds, "recurringinvoice")}
    reads = ("clientbalance", "clientdetails", "clienthistory", "clientorderinvoice", "clients")
    named |= {f"get{what}_json" for what in (*reads, "documentsbytype")}
    refused = {"generatenewjobcard", "generatenewquote", "generatenewrecurringproformainvoice"}
    refused |= {"getdocumentstatus", "getsuppliers_json", "getsupplierhistory_json"}
    assert PROTOCOL.actions() == named | refused


def test_the_page_s_example_means_a_command():
    assert PROTOCOL.to_command(call(RECURRING)) == CreateRecurringInvoice(
        frequency=Frequency.MONTHLY,
        start_on=date(2026, 2, 28),
        lines=(
            RecurringLine(
                product_code="A1",
                quantity=Decimal(2),
                description="Hosting",
                unit_price=Decimal("99.95"),
                currency="ZAR",
                vat_applies=True,
                vat_rate=Decimal(15),
                includes_vat=False,
            ),
        ),
        client_id=5,
        recurrence_limit=24,
        increase=Increase(Decimal("7.5"), 12),
    )


def test_a_call_knows_its_action_caller_and_method():
    decoded = PROTOCOL.decode(request(b"username=u&password=p", query=b""))
    assert decoded.action == "generatenewrecurringinvoice"
    assert decoded.address == "127.0.0.1"
    assert decoded.method == "POST"
    assert decoded.problem is None
    assert decoded.params == {"username": "u", "password": "p"}


@pytest.mark.parametrize(
    ("sent", "credentials"),
    [
        ({"username": "u", "password": " p "}, Credentials("u", " p ")),
        ({"username": "u", "password": 12}, Credentials("u", "12")),
        ({"username": "", "password": ""}, Credentials()),
        ({"username": None, "password": True}, Credentials()),
        ({"username": ["u"], "password": {"0": "p"}}, Credentials()),
        ({"BID": "17"}, Credentials(business_id="17")),
        ({"BID": 17}, Credentials(business_id="17")),
        ({"BID": " ", "BusinessID": " 18 "}, Credentials(business_id="18")),
        ({"BID": None, "BusinessID": "18"}, Credentials(business_id="18")),
        ({"BID": "17", "BusinessID": "18"}, Credentials(business_id="17")),
        ({"BID": "", "BusinessID": ""}, Credentials()),
        ({"BID": ["17"]}, Credentials(business_id="list")),
        ({"BID": True}, Credentials(business_id="bool")),
    ],
)
def test_credentials_are_texts_and_blank_is_absent(sent, credentials):
    assert call(sent).credentials == credentials


def test_credentials_of_a_form_are_read_alike():
    decoded = PROTOCOL.decode(request(b"username=u+1&password=%70&BID=2", query=b""))
    assert decoded.credentials == Credentials("u 1", "p", business_id="2")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_nothing_but_post_executes(method):
    decoded = PROTOCOL.decode(request(json.dumps(RECURRING).encode(), method=method))
    with pytest.raises(MethodNotAllowed):
        PROTOCOL.to_command(decoded)
    reply = PROTOCOL.encode_error(MethodNotAllowed(method), decoded)
    assert (reply.status, reply.headers) == (405, {"Allow": "POST"})


def test_unreadable_bytes_are_a_problem_that_to_command_raises():
    decoded = PROTOCOL.decode(request(b'{"username":"u"'))
    assert decoded.params == {}
    assert decoded.credentials == Credentials()
    with pytest.raises(Malformed):
        PROTOCOL.to_command(decoded)


def test_limits_are_those_of_the_protocol():
    small = InvoicesOnlineProtocol({}, Limits(rows=1))
    decoded = small.decode(request(json.dumps(RECURRING | {"data": [[], []]}).encode()))
    with pytest.raises(LimitExceeded, match="limit of 1 rows"):
        small.to_command(small.bind(decoded, "main"))


def test_an_unknown_endpoint_is_decoded_and_refused():
    decoded = call({"username": "u"}, "Nothing")
    assert decoded.action == "nothing"
    with pytest.raises(UnknownAction) as caught:
        PROTOCOL.to_command(decoded)
    assert caught.value.action == "nothing"
    reply = PROTOCOL.encode_error(caught.value, decoded)
    assert reply.body == (
        b'{"type":"error","message":"Unknown action: nothing","error":"Unknown action: nothing"}'
    )


def test_a_path_of_another_protocol_is_no_action():
    decoded = PROTOCOL.decode(WireRequest("POST", "/x", b"", {}, b"", "127.0.0.1"))
    assert decoded.action == ""


def test_binding_adds_the_account_s_quirks():
    decoded = call(RECURRING)
    created = RecurringInvoiceCreated(7, 5)
    plain = PROTOCOL.encode_result(created, PROTOCOL.bind(decoded, "main"))
    strict = PROTOCOL.encode_result(created, PROTOCOL.bind(decoded, "strict"))
    assert plain.body.startswith(b'{"type":"success","document_id":"7",')
    assert strict.body.startswith(b'{"type":"success","document_id":7,')
    assert plain.content_type == "application/json"


def test_quirks_of_one_account_do_not_leak_into_another():
    lenient = InvoicesOnlineProtocol({"a": Quirks(empty_required_booleans=True)}, Limits())
    decoded = call(RECURRING | {"paused": ""})
    assert lenient.to_command(lenient.bind(decoded, "a"))
    with pytest.raises(InvalidField, match="paused must not be empty"):
        lenient.to_command(lenient.bind(decoded, "b"))


@pytest.mark.parametrize(
    ("endpoint", "result"), [("NewClient", ClientCreated(17)), ("GetClientID", ClientFound(17))]
)
def test_a_client_is_answered_by_its_bare_number(endpoint, result):
    reply = PROTOCOL.encode_result(result, call({}, endpoint))
    assert (reply.status, reply.body) == (200, b"17")
    assert reply.content_type == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("document_type", "result"),
    [
        ("invoices", InvoicesListed(Listing(0, 0), ())),
        ("recurring_invoices", RecurringInvoicesListed(())),
        ("quotes", InvoicesListed(Listing(3, 0), ())),
    ],
)
def test_an_empty_map_is_an_empty_list(document_type, result):
    decoded = call({"type": document_type}, "getDocumentsByType_JSON")
    assert PROTOCOL.encode_result(result, decoded).body == b"[]"


def test_get_client_details_asks_for_one_client():
    decoded = call({"ClientID": 17}, "getClientDetails_JSON")
    assert PROTOCOL.to_command(decoded) == GetClient(17)


def test_errors_before_binding_have_the_endpoint_s_shape():
    reply = PROTOCOL.encode_error(NotAuthenticated(), call({}, "getClientDetails_JSON"))
    assert reply.body == b'{"error":"Invalid username or password"}'


def test_an_error_that_is_none_of_ours_says_nothing():
    class Broken(AdapterError):
        pass

    reply = PROTOCOL.encode_error(Broken("password=secret"), call(RECURRING))
    assert reply.body == (
        b'{"type":"error","document_id":"","message":"Internal Error","error":"Internal Error"}'
    )

"""Requests of the form-post protocol, read into calls; replies and errors, written."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter import errors
from adapter.billing.money import Money
from adapter.commands import model
from adapter.commands.access import Credentials
from adapter.commands.results import ClientUpdated, InvoicesGenerated, VersionShown
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.whmcs import Quirks, WhmcsProtocol
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.quirks import Numbers, UnknownActionText
from adapter.protocols.whmcs.replies.common import formatted, time_text

FORM = "application/x-www-form-urlencoded"
PROTOCOL = WhmcsProtocol({"main": Quirks()}, Limits(), allow_get=True)


def request(body: bytes = b"", query: bytes = b"", **changes: Any) -> WireRequest:
    made = WireRequest(
        method="POST",
        path="/includes/api.php",
        query=query,
        headers={"content-type": FORM},
        body=body,
        address="127.0.0.1",
    )
    return replace(made, **changes)


def decode(body: bytes = b"", query: bytes = b"", **changes: Any) -> Call:
    return PROTOCOL.decode(request(body, query, **changes))


def message(error: errors.AdapterError, call: Call) -> tuple[int, str]:
    response = PROTOCOL.encode_error(error, replace(call, responsetype="json"))
    reply = json.loads(response.body)
    assert reply["result"] == "error"
    return response.status, reply["message"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/includes/api.php", True),
        ("/path/to/whmcs/includes/api.php", True),
        ("/includes/api.php/", False),
        ("/api.php", False),
        ("/xincludes/api.php", False),
    ],
)
def test_the_endpoint_may_lie_in_any_folder(path: str, expected: bool) -> None:
    assert PROTOCOL.matches(path) is expected


def test_query_and_body_are_folded_and_the_body_wins() -> None:
    call = decode(b"a=2&b=3", b"a=1&action=X")
    assert call.params == {"a": "2", "action": "X", "b": "3"}


def test_only_ascii_letters_change_case() -> None:
    assert decode("action=GetClİents".encode()).action == "getclİents"


def test_the_kelvin_sign_is_no_k() -> None:
    call = decode("action=GetCurrencies\u212a".encode())
    with pytest.raises(errors.UnknownAction):
        PROTOCOL.to_command(call)


def test_an_action_is_cut_at_100_characters() -> None:
    assert len(decode(b"action=" + b"a" * 5000).action) == 100


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"identifier=i&secret=s", Credentials("i", "s")),
        (b"username=u&password=p", Credentials("u", "p")),
        (b"identifier=&secret=&username=u&password=p", Credentials("u", "p")),
        (b"identifier=i&secret=s&username=u&password=p", Credentials("i", "s")),
        (b"identifier=i&username=u&password=p", Credentials("u", "p")),
        (b"identifier=i&username=u", Credentials("i", None)),
        (b"username=u&accesskey=k", Credentials("u", None, "k")),
        (b"password=p", Credentials(None, "p")),
        (b"identifier[]=i&secret=s", Credentials(None, "s")),
        (b"identifier=i&secret=+s+", Credentials("i", " s ")),
        (b"accesskey=", Credentials()),
    ],
)
def test_the_first_complete_pair_of_credentials_counts(body: bytes, expected: Credentials) -> None:
    assert decode(body).credentials == expected


def test_a_call_never_shows_its_secrets() -> None:
    assert "topsecret" not in repr(decode(b"identifier=i&secret=topsecret"))


@pytest.mark.parametrize(
    ("word", "expected"),
    [(b"json", "json"), (b"XML", "xml"), (b"nvp", "nvp"), (b"yaml", "nvp"), (b"", "nvp")],
)
def test_an_unknown_format_is_the_default(word: bytes, expected: str) -> None:
    assert decode(b"responsetype=" + word).responsetype == expected


@pytest.mark.parametrize("content_type", ["application/json", "text/xml", "text/plain"])
def test_a_body_that_is_no_form_empties_the_call(content_type: str) -> None:
    call = decode(
        b'{"clientid":7}',
        b"action=GenInvoices&identifier=i&secret=s&responsetype=json",
        headers={"content-type": content_type},
    )
    assert (call.params, call.credentials, call.problem) == ({}, Credentials(), None)
    assert (call.action, call.responsetype) == ("", "json")


def test_a_json_text_labelled_as_a_form_empties_the_call() -> None:
    assert decode(b'  {"clientid":7}', b"action=GenInvoices").params == {}


def test_a_blank_body_of_any_type_is_no_body() -> None:
    call = decode(b" \r\n", b"action=X", headers={"content-type": "application/json"})
    assert call.params == {"action": "X"}


def test_a_body_without_a_type_is_a_form() -> None:
    assert decode(b"action=X", headers={}).params == {"action": "X"}


def test_multipart_is_read() -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="a[1]"\r\n\r\n2\r\n--x--\r\n'
    call = decode(body, headers={"content-type": "multipart/form-data; boundary=x"})
    assert call.params == {"a": {"1": "2"}}


def test_a_cut_body_is_a_problem_told_in_the_querys_format() -> None:
    call = decode(b"clientid=12", b"responsetype=json", announced_length=12)
    assert isinstance(call.problem, errors.Malformed)
    assert (call.params, call.responsetype) == ({}, "json")
    with pytest.raises(errors.Malformed):
        PROTOCOL.to_command(call)


def test_a_query_beyond_the_limits_is_a_problem() -> None:
    small = WhmcsProtocol({}, Limits(fields=2), allow_get=True)
    call = small.decode(request(query=b"a=1&b=2&c=3"))
    assert isinstance(call.problem, errors.LimitExceeded)


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE"])
def test_other_methods_execute_nothing(method: str) -> None:
    call = decode(b"action=GenInvoices", method=method)
    with pytest.raises(errors.MethodNotAllowed) as caught:
        PROTOCOL.to_command(call)
    response = PROTOCOL.encode_error(caught.value, call)
    assert (response.status, response.headers["Allow"]) == (405, "GET, POST")


def test_get_can_be_switched_off() -> None:
    strict = WhmcsProtocol({}, Limits(), allow_get=False)
    call = strict.decode(request(query=b"action=GenInvoices", method="GET"))
    assert isinstance(call.problem, errors.MethodNotAllowed)
    assert strict.encode_error(call.problem, call).headers["Allow"] == "POST"
    assert PROTOCOL.decode(request(query=b"action=GenInvoices", method="GET")).problem is None


def test_quirks_are_the_accounts() -> None:
    first, second = Quirks(version="1"), Quirks(version="2")
    protocol = WhmcsProtocol({"main": first, "other": second}, Limits(), allow_get=True)
    call = protocol.decode(request(b"action=WhmcsDetails"))
    assert call.quirks is first
    assert protocol.bind(call, "main") is call
    assert protocol.bind(call, "other").quirks is second
    assert protocol.bind(call, "unheard of").quirks is first


def test_the_seeds_example_becomes_a_command() -> None:
    call = decode(
        b"action=GenInvoices&username=IDENTIFIER_OR_ADMIN_USERNAME"
        b"&password=SECRET_OR_HASHED_PASSWORD&responsetype=json"
    )
    assert PROTOCOL.to_command(call) == model.GenerateDueInvoices()
    response = PROTOCOL.encode_result(InvoicesGenerated(3, 7), call)
    assert response.body == b'{"result":"success","numcreated":"3"}'
    assert (response.status, response.content_type) == (200, "application/json")
    assert response.headers == {"Cache-Control": "no-store"}


@pytest.mark.parametrize("text", [b"7", b"+7", b"%2B7", b"007", b"%207"])
def test_latestinvoiceid_needs_a_clientid(text: bytes) -> None:
    call = decode(b"action=GenInvoices&responsetype=json&clientid=" + text)
    assert PROTOCOL.to_command(call) == model.GenerateDueInvoices(client_id=7)
    body = PROTOCOL.encode_result(InvoicesGenerated(1, 9), call).body
    assert body == b'{"result":"success","numcreated":"1","latestinvoiceid":9}'


@pytest.mark.parametrize("text", [b"x", b"-1", b"1.0", b"1e3", b"%C2%B2", b"9" * 20, b"1,2"])
def test_a_wrong_clientid_is_an_unknown_client(text: bytes) -> None:
    with pytest.raises(errors.ClientNotFound):
        PROTOCOL.to_command(decode(b"action=GenInvoices&clientid=" + text))


def test_a_warning_comes_last() -> None:
    call = decode(b"action=UpdateClient&clientid=1&cvv=1&clearcreditcard=1&responsetype=nvp")
    body = PROTOCOL.encode_result(ClientUpdated(1), call).body.decode()
    assert body.startswith("result=success;clientid=1;warning=Credit card")
    assert "UpdatePayMethod" in body


def test_every_action_is_named_in_lower_case() -> None:
    assert "geninvoices" in PROTOCOL.actions()
    assert len(PROTOCOL.actions()) == 74
    assert all(name == name.lower() for name in PROTOCOL.actions())


def test_an_unknown_action_has_a_legacy_text() -> None:
    call = decode(b"action=Nope")
    error = errors.UnknownAction("nope")
    assert message(error, call) == (403, 'Invalid API Action: "nope" is not a valid API action')
    legacy = replace(call, quirks=Quirks(unknown_action_text=UnknownActionText.LEGACY))
    assert message(error, legacy) == (403, "Command Not Found")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.NotAuthenticated(), (403, "Authentication Failed")),
        (errors.UnknownIdentifier(), (403, "Invalid or missing credentials")),
        (errors.AddressNotAllowed("::1"), (403, "Invalid IP ::1")),
        (
            errors.ActionNotAllowed("GenInvoices"),
            (403, 'Invalid Permissions: API action "geninvoices" is not allowed'),
        ),
        (errors.MethodNotAllowed("PUT"), (405, "Method Not Allowed")),
        (errors.Malformed("broken"), (400, "broken")),
        (errors.LimitExceeded("fields", 5), (400, "Request exceeds the limit of 5 fields")),
        (errors.ClientNotFound(1), (200, "Client ID Not Found")),
        (errors.NotOwned("service", 1), (200, "Service ID not owned by Client ID provided")),
        (errors.NotOwned("domain", 1), (200, "Domain not owned by Client ID provided")),
        (
            errors.DomainNotRenewable("Fraud"),
            (200, "Domain status is set to 'Fraud' and cannot be renewed"),
        ),
        (errors.RunIncomplete(12), (200, str(errors.RunIncomplete(12)))),
        (errors.StoreUnavailable(), (200, "The store is busy, nothing was changed; try again")),
        (errors.AdminNotFound(), (200, "Admin ID Not Found")),
        (errors.OutOfBounds("too much"), (200, "too much")),
        (errors.Rejected("upstream's words"), (200, "The backend refused the request")),
        (errors.CannotExpress("a thing"), (200, "The backend cannot express a thing")),
        (
            errors.NotSent("http://secret@host"),
            (200, "The backend cannot be reached; nothing was sent, try again"),
        ),
        (
            errors.OutcomeLost("6f1c", "http://secret@host"),
            (
                200,
                (
                    "The backend's answer was lost and it may have acted; this is looked into"
                    " under reference 6f1c, do not send the request again"
                ),
            ),
        ),
        (
            errors.TransportLost("http://secret@host"),
            (200, "The backend did not answer in time or not whole"),
        ),
        (errors.BadAnswer(), (200, "The backend's reply cannot be read")),
        (errors.BackendError("http://secret@host"), (200, "Internal Error")),
        (errors.AdapterError("our own words"), (200, "Internal Error")),
        (errors.InvalidField("x[1]", "rule", "x[1] is wrong"), (200, "x[1] is wrong")),
    ],
)
def test_errors_have_their_status_and_text(
    error: errors.AdapterError, expected: tuple[int, str]
) -> None:
    assert message(error, decode(b"action=GenInvoices")) == expected
    assert "12" in message(errors.RunIncomplete(12), decode())[1]


@pytest.mark.parametrize(
    ("action", "error", "expected"),
    [
        (b"AddBillableItem", errors.ClientNotFound(), "Client ID not Found"),
        (b"GetClientsDetails", errors.ClientNotFound(), "Client Not Found"),
        (b"UpdateClient", errors.ClientNotFound(), "Client ID Not Found"),
        (b"AddClient", errors.EmailTaken(), "A user already exists with that email address"),
        (b"UpdateClient", errors.EmailTaken(), "Duplicate Email Address"),
    ],
)
def test_some_texts_differ_by_action(
    action: bytes, error: errors.AdapterError, expected: str
) -> None:
    assert message(error, decode(b"action=" + action)) == (200, expected)


def test_an_unheard_of_error_is_internal() -> None:
    class Strange(errors.AdapterError):
        pass

    assert message(Strange("details"), decode(b"\xff[=")) == (200, "Internal Error")


def test_details_of_the_version_are_the_quirks() -> None:
    call = replace(decode(b"action=WhmcsDetails&responsetype=xml"), quirks=Quirks(version='"<&'))
    body = PROTOCOL.encode_result(VersionShown("0", "0"), call).body.decode()
    assert '<whmcsapi version="&quot;&lt;&amp;">' in body
    assert '<version>"&lt;&amp;</version>' in body


def test_numbers_can_be_all_ints() -> None:
    quirks = Quirks(numbers=Numbers.INT)
    call = replace(decode(b"action=GenInvoices&responsetype=json"), quirks=quirks)
    body = PROTOCOL.encode_result(InvoicesGenerated(3), call).body
    assert body == b'{"result":"success","numcreated":3}'


def test_times_are_the_accounts() -> None:
    at = datetime(2026, 1, 14, 22, 30, 15, 999, tzinfo=UTC)
    assert time_text(at, ZoneInfo("Africa/Johannesburg")) == "2026-01-15 00:30:15"
    assert time_text(None, UTC) == "0000-00-00 00:00:00"


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [(" USD", "$2645.80 USD"), ("USD", "$2645.80 USD"), ("", "$2645.80")],
)
def test_amounts_can_carry_their_currency(suffix: str, expected: str) -> None:
    assert formatted(Money(264580, "USD"), "$", suffix) == expected

"""The error table of the positional-array protocol, and the shape of each reply family."""

import pytest

from adapter.errors import (
    AdapterError,
    AddressNotAllowed,
    BackendError,
    CannotExpress,
    ClientNotFound,
    CurrencyNotListed,
    DiscountTooLarge,
    InvalidField,
    NotAuthenticated,
    NotSent,
    OutcomeLost,
    Rejected,
    RequestError,
    RunIncomplete,
    StartInPast,
    StartTooEarly,
    StoreUnavailable,
    TransportLost,
    UnknownIdentifier,
    WrongBusiness,
)
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline.errors import Family, encode

TEXT = "text/plain; charset=utf-8"
BUSY = "The store is busy, nothing was changed; try again"


def text_of(error: AdapterError, data: object = None) -> str:
    return encode(error, Family.TEXT, {"data": data}, Limits()).body.decode()


@pytest.mark.parametrize(
    ("family", "body"),
    [
        (Family.RECURRING, b'{"type":"error","document_id":"","message":"a\\/b","error":"a\\/b"}'),
        (Family.FLAT, b'{"type":"error","message":"a\\/b","error":"a\\/b"}'),
        (Family.MAP, b'{"error":"a\\/b"}'),
        (Family.TEXT, b"a/b"),
        (Family.PROBE, b"a/b"),
    ],
)
def test_each_family_has_its_shape(family, body):
    reply = encode(RequestError("a/b"), family, {}, Limits())
    assert (reply.status, reply.body) == (200, body)
    is_text = family in {Family.TEXT, Family.PROBE}
    assert reply.content_type == (TEXT if is_text else "application/json")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NotAuthenticated(), "Invalid username or password"),
        (UnknownIdentifier(), "Invalid username or password"),
        (WrongBusiness(), "Invalid business ID for these credentials"),
        (InvalidField("a", "b", "a must be b"), "a must be b"),
        (ClientNotFound(4711), "ClientID 4711 not found"),
        (ClientNotFound(), "Client not found"),
        (ClientNotFound("acme@example.com"), "Client not found"),
        (DiscountTooLarge(), "DiscountAmount must not exceed the sum of the lines"),
        (StartInPast(), "recurring_start_date must not lie before today"),
        (
            StartTooEarly(3660),
            "recurring_start_date must not lie more than 3660 occurrences before today",
        ),
        (
            RunIncomplete(3),
            "Invoice run incomplete: 3 invoices generated so far; call again to continue",
        ),
        (StoreUnavailable(), BUSY),
        (CannotExpress("a branch"), "The backend cannot express a branch"),
        (
            NotSent("http://secret@host"),
            "The backend cannot be reached; nothing was sent, try again",
        ),
        (
            OutcomeLost("6f1c", "http://secret@host"),
            (
                "The backend's answer was lost and it may have acted; this is looked into under "
                "reference 6f1c, do not send the request again"
            ),
        ),
        (Rejected("http://secret@host"), "The backend refused the request"),
        (
            TransportLost("http://secret@host"),
            "The backend did not answer in time or not whole",
        ),
        (BackendError("http://secret@host"), "Internal Error"),
        (AdapterError("secret"), "Internal Error"),
        (RequestError(""), "Internal Error"),
    ],
)
def test_each_error_has_its_text(error, text):
    assert text_of(error) == text


@pytest.mark.parametrize(
    ("data", "line", "label"),
    [
        ([["A"], ["B"]], 1, "data[1][4] (currency)"),
        ({"3": ["A"], "7": ["B"]}, 1, "data[7][4] (currency)"),
        ('{"3":["A"],"7":["B"]}', 0, "data[3][4] (currency)"),
        ("no rows", 1, "currency"),
        ([["A"]], 5, "data[5][4] (currency)"),
    ],
)
def test_a_currency_is_named_by_the_sender_s_own_row(data, line, label):
    error = CurrencyNotListed(line, "XTS", ("ZAR", "USD"))
    assert text_of(error, data) == f"{label} must be one of ZAR, USD"


@pytest.mark.parametrize("text", ["12 things", " 12", "-5", "+5", "", "é", "\t1", "٣"])
def test_no_plain_text_is_taken_for_a_number(text):
    shown = text_of(RequestError(text))
    assert shown.startswith(("Error: ", "Internal Error"))


def test_half_a_surrogate_pair_can_be_written_in_every_family():
    error = RequestError("a\ud83d")
    assert encode(error, Family.TEXT, {}, Limits()).body == b"a?"
    assert encode(error, Family.MAP, {}, Limits()).body == b'{"error":"a\\ufffd"}'


@pytest.mark.parametrize(
    "error", [NotAuthenticated(), UnknownIdentifier(), WrongBusiness(), AddressNotAllowed("::1")]
)
def test_refused_credentials_are_an_object_where_clients_test_them(error):
    reply = encode(error, Family.PROBE, {}, Limits())
    assert reply.content_type == "application/json"
    assert b'"error":"Invalid' in reply.body

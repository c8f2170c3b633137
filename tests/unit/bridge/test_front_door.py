"""What passes and what does not, before anything is sent."""

from typing import Any

import pytest

from adapter.backends.hops import hopping
from adapter.backends.relay import PassedReply, PassedRequest
from adapter.backends.remote import Note
from adapter.bridge.front_door import FrontDoor, FrontDoors, RawRequest, Upstream
from adapter.bridge.routing import Routes, Rule
from adapter.errors import (
    AddressNotAllowed,
    Malformed,
    NotSent,
    PassLost,
    TransportLost,
)
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol

WHMCS = WhmcsProtocol({}, Limits(fields=20), allow_get=True)
POSITIONAL = InvoicesOnlineProtocol({}, Limits())
API = "/includes/api.php"


class Sender:
    def __init__(self) -> None:
        self.sent: list[PassedRequest] = []
        self.raises: Exception | None = None

    def send(self, request: PassedRequest) -> PassedReply:
        self.sent.append(request)
        if self.raises is not None:
            raise self.raises
        return PassedReply(200, "OK", (), b"there")


class Door:
    """An access that lets every address in but one."""

    def check_address(self, call: Any) -> None:
        if call.address == "203.0.113.9":
            raise AddressNotAllowed(call.address)


SENDER = Sender()
OLD, OTHER = Upstream("old", SENDER), Upstream("other", SENDER)
ROUTES = Routes(
    "local",
    {"ListInvoices": "pass", "GetClient": "pass"},
    (Rule("local", frozenset({"GetClient"}), frozenset({"7"})),),
)


def doors(notes: list[tuple[str, Note]] | None = None, **more: FrontDoor) -> FrontDoors:
    found = {"main": FrontDoor(ROUTES, {"whmcs": OLD}), **more}
    note = (lambda account, each: notes.append((account, each))) if notes is not None else ignored
    return FrontDoors(found, Door(), {"SHOP": "shop"}.get, note, lambda: 0.0)  # type: ignore[arg-type] # as much of one as is asked for


def ignored(_account: str, _note: Note) -> None:
    """Hear nothing."""


def wire(body: bytes, query: bytes = b"", path: str = API, **more: Any) -> WireRequest:
    headers = more.pop("headers", {"content-type": "application/x-www-form-urlencoded"})
    return WireRequest(
        more.pop("method", "POST"), path, query, headers, body, more.pop("address", "127.0.0.1")
    )


def passes(request: WireRequest, protocol: Any = WHMCS, *, whole: bool = True) -> bool:
    call = protocol.decode(request)
    return doors().passing(call, protocol, request, whole=whole) is not None


@pytest.mark.parametrize(
    ("request_", "passing"),
    [
        (wire(b"action=GetTodoItems"), True),
        (wire(b""), True),
        (wire(b"", method="OPTIONS"), True),
        (wire(b"", b"action=gettodoitems", method="HEAD"), True),
        (wire(b"action=GenInvoices"), False),
        (wire(b"", b"action=GENINVOICES", method="PUT"), False),
        (wire(b"action=GetInvoices"), True),
        (wire(b"action=GetClientsDetails&clientid=7"), False),
        (wire(b"action=GetClientsDetails&clientid=8"), True),
        (wire(b"action=GetClientsDetails&clientid=x"), True),
        # What could not be read may be one of ours to the upstream.
        (wire(b'{"a":1}', b"action=GenInvoices", headers={"content-type": "text/json"}), False),
        (wire(b'{"a":1}', b"action=Other", headers={"content-type": "text/json"}), True),
        (wire(b"action=GenInvoices" + b"&a=1" * 30), False),
        (wire(b"action=GetTodoItems" + b"&a=1" * 30), True),
        (wire(b"action=GetInvoices" + b"&a=1" * 30), True),
        (wire(b"action=GetClientsDetails" + b"&a=1" * 30), False),
    ],
)
def test_what_passes_is_what_is_not_ours_or_routed_there(request_, passing):
    assert passes(request_) is passing


def test_of_a_body_too_large_to_hold_the_beginning_must_name_the_action():
    assert passes(wire(b"action=GetTodoItems&file=" + b"x" * 99), whole=False)
    assert not passes(wire(b"file=" + b"x" * 99), whole=False)
    assert not passes(wire(b"action=GenInvoices&file=" + b"x" * 99), whole=False)
    assert not passes(wire(b"action=Other&action=GenInvoices&f=x"), whole=False)


def test_a_protocol_without_an_upstream_passes_nothing():
    assert not passes(wire(b"{}", path="/api/Unknown.php"), POSITIONAL)


def test_an_account_is_the_identifiers_and_else_the_first_with_an_upstream():
    found = doors(shop=FrontDoor(Routes(), {"whmcs": OTHER}))
    for identifier, account in (("SHOP", "shop"), ("NOBODY", "main")):
        request = wire(f"action=GetTodoItems&identifier={identifier}&secret=x".encode())
        passing = found.passing(WHMCS.decode(request), WHMCS, request, whole=True)
        assert passing is not None
        assert passing.account == account


def send(request: WireRequest, raw: RawRequest, notes: Any = None) -> PassedReply:
    found, call = doors(notes), WHMCS.decode(request)
    passing = found.passing(call, WHMCS, request, whole=True)
    assert passing is not None
    with hopping((("X-Request-Id", "req-1"),)):
        return found.send(passing, call, request, raw, WHMCS)[1]


RAW = RawRequest(API, (("Host", "x"), ("X-Request-Id", "theirs"), ("X-A", "1")), 19)


def test_what_passes_carries_our_id_for_the_callers_and_is_noted():
    SENDER.sent.clear()
    notes: list[tuple[str, Note]] = []
    assert send(wire(b"action=GetTodoItems"), RAW, notes).body == b"there"
    (sent,) = SENDER.sent
    assert sent.headers == (("Host", "x"), ("X-A", "1"), ("X-Request-Id", "req-1"))
    assert (sent.target, sent.body, sent.length) == (API, b"action=GetTodoItems", 19)
    assert [(account, note.end, note.request_id) for account, note in notes] == [
        ("main", "passed", "req-1")
    ]


def test_addresses_are_checked_and_a_short_body_is_refused():
    SENDER.sent.clear()
    with pytest.raises(AddressNotAllowed):
        send(wire(b"action=GetTodoItems", address="203.0.113.9"), RAW)
    with pytest.raises(Malformed):
        send(wire(b"action=ModuleCrea"), RAW)
    assert SENDER.sent == []


@pytest.mark.parametrize(
    ("raised", "error", "end"),
    [(TransportLost("x"), PassLost, "pass_lost"), (NotSent("x"), NotSent, "not_sent")],
)
def test_how_a_pass_failed_is_told_and_noted(raised, error, end):
    notes: list[tuple[str, Note]] = []
    SENDER.raises = raised
    try:
        with pytest.raises(error):
            send(wire(b"action=GetTodoItems"), RAW, notes)
    finally:
        SENDER.raises = None
    assert [note.end for _, note in notes] == [end]

"""The caller's side: what cannot be said is refused, replies are read as results and errors.

That every reply of a contract reads back as itself: tests/contract/test_contracts.py.
"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapter import errors
from adapter.billing.model import ItemAction
from adapter.billing.schedule import Cycle, Frequency
from adapter.commands import model, results
from adapter.commands.access import Credentials
from adapter.commands.context import Sent
from adapter.errors import BadAnswer, CannotExpress, Rejected
from adapter.protocols.base import Limits
from adapter.protocols.upstream import Asked, UpstreamAnswer
from adapter.protocols.whmcs.client import WhmcsClient

CLIENT = WhmcsClient()
URL = "https://example.com/x/includes/api.php"


def read(body: Any, command: model.Command, action: str = "", status: int = 200) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CLIENT.read(UpstreamAnswer(status, raw, Asked(action, {})), command)


def refusal(text: str, action: str, command: model.Command, status: int = 200) -> Exception:
    with pytest.raises(errors.AdapterError) as caught:
        read({"result": "error", "message": text}, command, action, status)
    return caught.value


def test_a_run_is_written_with_its_scope() -> None:
    asked = CLIENT.ask(model.GenerateDueInvoices(7, (1, 2), None, (), send_email=False))
    assert asked.action == "GenInvoices"
    assert asked.params == {
        "clientid": 7,
        "serviceids": [1, 2],
        "domainids": "none",
        "noemails": True,
    }


def test_a_request_asks_for_json() -> None:
    asked = CLIENT.ask(model.GetVersion())
    sent = CLIENT.request(asked, Credentials("i", "s", "k"), URL)
    assert sent.body == b"action=WhmcsDetails&identifier=i&secret=s&accesskey=k&responsetype=json"
    assert sent.url == URL
    assert sent.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    assert b"secret" not in repr(sent).encode()


def test_a_new_client_has_the_password_that_the_original_asks_for() -> None:
    command = model.CreateClient(PERSON, model.ClientIdentity.EMAIL)
    fixed = WhmcsClient(new_password=lambda: "made up")
    assert fixed.ask(command).params == {
        "firstname": "A",
        "email": "a@b.example",
        "skipvalidation": True,
        "password2": "made up",
    }
    made = {CLIENT.ask(command).params["password2"] for _ in range(3)}
    assert len(made) == 3


def test_an_absent_access_key_is_left_out() -> None:
    asked = CLIENT.ask(model.GetVersion())
    assert b"accesskey" not in CLIENT.request(asked, Credentials("i", "s"), URL).body


def test_a_request_beyond_the_limits_is_refused() -> None:
    small = WhmcsClient(Limits(body_bytes=9))
    with pytest.raises(CannotExpress, match="of this size"):
        small.request(Asked("WhmcsDetails", {}), Credentials("i", "s"), URL)


def test_a_callers_own_fields_are_kept_in_order_but_for_credentials_and_format() -> None:
    sent = Sent(
        "whmcs",
        "addclient",
        {
            "secret": "theirs",
            "odd": {"2": {"x": "1"}, "0": ""},
            "action": "ADDCLIENT",
            "username": "a",
            "firstname": "Ann",
            "responsetype": "xml",
            "accesskey": "k",
        },
    )
    asked = CLIENT.keep(sent)
    assert CLIENT.request(asked, Credentials("i", "s"), URL).body == (
        b"action=AddClient&identifier=i&secret=s&responsetype=json"
        b"&odd%5B2%5D%5Bx%5D=1&odd%5B0%5D=&firstname=Ann"
    )


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
        CLIENT.ask(command)


INVOICE = model.GetInvoice(5)


@pytest.mark.parametrize(
    ("body", "command", "result"),
    [
        (
            {"result": "success", "numcreated": "3", "latestinvoiceid": 118},
            model.GenerateDueInvoices(7),
            results.InvoicesGenerated(3, 118),
        ),
        (
            {"result": "success", "numcreated": 0},
            model.GenerateDueInvoices(),
            results.InvoicesGenerated(0),
        ),
        (
            {"status": "success", "billableid": 1},
            model.CreateBillableItem(1, "a", Decimal(1)),
            results.BillableItemCreated(1),
        ),
        (
            {"result": "success", "orderid": 4, "serviceids": "1,2", "invoiceid": "0"},
            model.PlaceOrder(1, "x"),
            results.OrderPlaced(4, (1, 2), (), (), None),
        ),
        (
            {"result": "success", "orderid": "4", "productids": "9", "addonids": ""},
            model.PlaceOrder(1, "x"),
            results.OrderPlaced(4, (9,), (), (), None),
        ),
        (
            {"result": "success", "clientid": "12"},
            model.UpdateClient(model.ClientFields(), 12),
            results.ClientUpdated(12),
        ),
    ],
)
def test_replies_are_read_whatever_type_their_numbers_have(body: Any, command: Any, result: Any):
    assert read(body, command) == result


def test_a_list_may_be_keyed_by_numbers_a_single_object_or_absent() -> None:
    row = {"id": 7, "firstname": "A", "status": "Active"}
    for clients in ({"client": {"0": row}}, {"client": row}, {"client": [row]}):
        body = {"result": "success", "totalresults": 1, "clients": clients}
        assert [each.client_id for each in read(body, model.ListClients()).clients] == [7]
    nothing: Any
    for nothing in ([], "", None, {"client": []}):
        body = {"result": "success", "totalresults": 0, "clients": nothing}
        assert read(body, model.ListClients()).clients == ()


def test_times_are_those_of_the_upstreams_zone_and_zero_dates_are_none() -> None:
    invoice = {
        "result": "success",
        "invoiceid": 5,
        "userid": 1,
        "date": "2026-03-01",
        "duedate": "2026-03-15",
        "datepaid": "2026-03-02 10:00:00",
        "subtotal": "123456789012.34",
        "credit": "0.00",
        "tax": "0.00",
        "tax2": "0.00",
        "total": "1.5",
        "balance": "-2",
        "taxrate": "15.000",
        "taxrate2": "0.000",
        "status": "Paid",
        "invoicenum": "INV-7",
        "transactions": "",
    }
    shown = read(invoice, INVOICE).invoice
    assert shown.paid_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert shown.refunded_at is None
    assert (shown.number, shown.number_text) == (None, "INV-7")
    assert str(shown.subtotal) == "123456789012.34"
    assert (str(shown.total), str(shown.balance)) == ("1.50", "-2.00")
    for spoilt in (
        {"total": "1,50"},
        {"total": "1.505"},
        {"total": "1" * 15},
        {"total": None},
        {"total": ["1"]},
        {"status": "Lost"},
        {"date": "0000-00-00"},
        {"date": "2026-02-30"},
        {"datepaid": "soon"},
        {"userid": "x"},
        {"taxrate": "high"},
        {"items": {"item": "text"}},
        {"items": {"item": ["text"]}},
        {"items": 5},
    ):
        with pytest.raises(BadAnswer):
            read(invoice | spoilt, INVOICE)


def test_other_unreadable_values_are_bad_answers() -> None:
    client = {"id": 1, "status": "Active", "credit": "0.00"}
    with pytest.raises(BadAnswer):  # figures without an amount
        read(
            {"result": "success", "client": client, "stats": {}},
            model.GetClient(1, with_stats=True),
        )
    with pytest.raises(BadAnswer):
        read({"result": "success", "orderid": 1, "serviceids": "1,x"}, model.PlaceOrder(1, "x"))
    service = {"id": 1, "clientid": 1, "pid": 1, "firstpaymentamount": "0", "recurringamount": "0"}
    body = {"result": "success", "totalresults": 1, "products": {"product": [service]}}
    with pytest.raises(BadAnswer):  # no cycle
        read(body, model.ListServices())


def test_a_one_time_price_stands_in_the_monthly_place() -> None:
    pricing = {"ZAR": {"prefix": "R", "suffix": "", "msetupfee": "2.00", "monthly": "50.00"}}
    row = {"pid": 1, "gid": 1, "paytype": "onetime", "pricing": pricing}
    body = {"result": "success", "products": {"product": [row]}}
    (price,) = read(body, model.ListProducts()).products[0].prices
    assert {cycle: str(each) for cycle, each in price.prices.items()} == {Cycle.ONE_TIME: "50.00"}
    assert str(price.setup_fees[Cycle.ONE_TIME]) == "2.00"


def test_old_versions_tell_a_client_at_the_top_only() -> None:
    body = {
        "result": "success",
        "id": "3",
        "fullname": "Acme",
        "status": "Active",
        "credit": "1.00",
    }
    client = read(body, model.GetClient(3)).client
    assert (client.client_id, client.invoice_name, str(client.credit)) == (3, "Acme", "1.00")


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"3", b"\xff", {"x": 1}, {"result": "maybe"}, b"[" * 100_000],
)
def test_anything_else_cannot_be_read(body: Any) -> None:
    with pytest.raises(BadAnswer):
        read(body, INVOICE)


def test_what_a_failing_server_says_counts_for_nothing() -> None:
    for body in ({"result": "success"}, {"result": "error", "message": "Client ID Not Found"}):
        with pytest.raises(BadAnswer):
            read(body, INVOICE, status=500)


@pytest.mark.parametrize(
    ("text", "action", "kind"),
    [
        ("Client ID Not Found", "GenInvoices", errors.ClientNotFound),
        ("Client ID not Found", "AddBillableItem", errors.ClientNotFound),
        ("Client Not Found", "GetClientsDetails", errors.ClientNotFound),
        ("A user already exists with that email address", "AddClient", errors.EmailTaken),
        ("Duplicate Email Address", "UpdateClient", errors.EmailTaken),
        ("Amount exceeds customer credit balance", "AddCredit", errors.InsufficientCredit),
        ("You must provide a description", "AddBillableItem", errors.InvalidField),
        ("Service ID not owned by Client ID provided", "AddOrder", errors.NotOwned),
        (
            "Domain status is set to 'Expired' and cannot be renewed",
            "AddOrder",
            errors.DomainNotRenewable,
        ),
        (
            "Invalid Payment Method. Valid options include a,b",
            "AddOrder",
            errors.PaymentMethodInvalid,
        ),
        (
            "The store is busy, nothing was changed; try again",
            "AddClient",
            errors.UpstreamRefused,
        ),
        ("Something of its own", "AddClient", errors.UpstreamRefused),
    ],
)
def test_an_error_text_is_the_error_that_it_is_written_for(text, action, kind) -> None:
    error = refusal(text, action, model.GetVersion())
    assert type(error) is kind
    assert isinstance(error, errors.RequestError | errors.StateError | errors.AdapterError)


def test_a_run_that_stopped_early_tells_how_far_it_came() -> None:
    error = refusal(str(errors.RunIncomplete(12)), "GenInvoices", model.GenerateDueInvoices())
    assert isinstance(error, errors.RunIncomplete)
    assert error.issued == 12


@pytest.mark.parametrize(
    "text",
    [
        "Authentication Failed",
        "Invalid or missing credentials",
        "Invalid IP 192.0.2.1",
        'Invalid Permissions: API action "addclient" is not allowed',
        'Invalid API Action: "x" is not a valid API action',
        "Command Not Found",
    ],
)
def test_a_refusal_of_the_routes_credentials_is_not_shown_to_the_caller(text) -> None:
    for status in (200, 403):
        error = refusal(text, "AddClient", INVOICE, status)
        assert type(error) is Rejected
        assert error.reason == text
        assert text not in str(error)


@pytest.mark.parametrize(
    "text",
    ["Internal Error", str(errors.OutcomeUnknown()), str(errors.OutcomeLost("r1", "reset"))],
)
def test_an_error_that_leaves_open_what_was_done_is_no_refusal(text) -> None:
    assert type(refusal(text, "AddClient", INVOICE)) is BadAnswer

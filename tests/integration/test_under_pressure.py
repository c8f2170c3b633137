"""Many callers at once, a power cut in a run, scopes that name nobody: billed once, or not."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.integration.conftest import FORM_PATH, REPLY_SECONDS, Gateway, OpenGateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CALLERS = 16


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway) -> Gateway:
    """Return a gateway with two web processes, so that callers really meet in the store."""
    return open_gateway(workers=2)


@pytest.fixture(scope="module")
def product_id(gateway):
    return gateway.product()


def at_once(count: int, call: Callable[[int], Any]) -> list[Any]:
    """Make calls from threads that all start together."""
    together = threading.Barrier(count)

    def start(number: int) -> Any:
        together.wait(REPLY_SECONDS)
        return call(number)

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(start, range(count)))


def send(gateway: Gateway, action: str, /, **params: Any) -> dict[str, Any]:
    """Make a form-post call on a connection of its own."""
    login = {"identifier": gateway.identifier, "secret": gateway.secret, "responsetype": "json"}
    reply = requests.post(
        gateway.url + FORM_PATH, {"action": action, **login, **params}, timeout=REPLY_SECONDS
    )
    decoded: dict[str, Any] = reply.json()
    return decoded


def due_clients(gateway: Gateway, product_id: int, count: int) -> list[int]:
    """Make clients with one service and one billable item each: two invoices, 15.95 and 1.11."""
    clients = [gateway.client() for _ in range(count)]
    for client_id in clients:
        gateway.service(client_id, product_id)
        gateway.form(
            "AddBillableItem",
            clientid=client_id,
            description="Work",
            unit="quantity",
            amount="1.11",
            invoiceaction="nextcron",
        )
    return clients


def assert_billed_once(gateway: Gateway, clients: list[int]) -> list[int]:
    """Check each client's two invoices; return the numbers given."""
    numbers = []
    for client_id in clients:
        totals = Counter(row["total"] for row in gateway.invoices(client_id))
        assert totals == {"15.95": 1, "1.11": 1}
        documents = gateway.documents(client_id)
        numbers += [int(document["invoice_nr"]) for document in documents.values()]
    return sorted(numbers)


def test_callers_at_once_share_the_work(gateway, product_id):
    clients = due_clients(gateway, product_id, 12)
    replies = at_once(CALLERS, lambda _: send(gateway, "GenInvoices"))
    assert {reply["result"] for reply in replies} == {"success"}
    assert sum(int(reply["numcreated"]) for reply in replies) == 24
    numbers = assert_billed_once(gateway, clients)
    assert numbers == list(range(numbers[0], numbers[0] + 24))


@pytest.mark.parametrize(
    ("payment", "credit"),
    [
        ({"transid": "EFT-1"}, "0.00"),
        ({"transid": "EFT-1", "amount": "15.95"}, "0.00"),
        ({"transid": ""}, "0.00"),
        # Without an id nothing tells one payment from another: all are booked, none is lost.
        ({"transid": "", "amount": "15.95"}, "111.65"),
    ],
    ids=["id", "id-and-amount", "nothing", "amount"],
)
def test_payments_at_once_move_the_due_date_once(gateway, product_id, payment, credit):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id)
    _, invoice_id = gateway.generate(clientid=client_id)
    facts = {"invoiceid": invoice_id, "gateway": "banktransfer", **payment}
    replies = at_once(8, lambda _: send(gateway, "AddInvoicePayment", **facts))
    assert {reply["result"] for reply in replies} == {"success"}
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["status"], invoice["balance"]) == ("Paid", "0.00")
    client = gateway.form("GetClientsDetails", clientid=client_id)["client"]
    assert client["credit"] == credit
    moved = gateway.shown_service(service_id)["nextduedate"]
    gateway.form("UpdateInvoice", invoiceid=invoice_id, status="Unpaid")
    assert gateway.shown_service(service_id)["nextduedate"] == gateway.in_days(10)
    gateway.form("UpdateInvoice", invoiceid=invoice_id, status="Paid")
    assert gateway.shown_service(service_id)["nextduedate"] == moved


@pytest.mark.parametrize(
    "scope",
    [
        {"serviceids": "abc"},
        {"serviceids": "0"},
        {"serviceids": ","},
        {"serviceids[]": ""},
        {"serviceids[]": "abc"},
        {"serviceids[]": "-1"},
        {"serviceids[]": "9" * 30},
        {"serviceids[x][y]": "1"},
        {"addonids": "x"},
        {"domainids[0]": "\x00"},
        {"clientid": "7.0"},
        {"clientid": "0x7"},
        {"clientid": "9" * 30},
        {"clientid[]": ""},
        {"clientid": "\u0667"},
    ],
    ids=repr,
)
def test_a_scope_that_names_nobody_bills_nobody(gateway, product_id, scope):
    stranger = gateway.client()
    gateway.service(stranger, product_id)
    send(gateway, "GenInvoices", **scope)
    assert gateway.invoices(stranger) == []


@pytest.mark.parametrize("seconds", [0.02, 0.06, 0.12])
def test_a_run_that_was_killed_is_finished_by_the_next(open_gateway: OpenGateway, seconds):
    gateway = open_gateway(workers=2)
    clients = due_clients(gateway, gateway.product(), 40)
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(send(gateway, "GenInvoices")["numcreated"])
        except (requests.RequestException, ValueError) as error:
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(seconds)
    gateway.kill()
    thread.join(REPLY_SECONDS)
    gateway.start()
    assert gateway.form("GenInvoices")["result"] == "success"
    assert gateway.form("GenInvoices")["numcreated"] == "0"
    assert assert_billed_once(gateway, clients) == list(range(1, 81))
    assert len(answers) == 1

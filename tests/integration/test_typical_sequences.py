"""The four sequences in which integrations of the form-post API typically call it.

Each reads as a bookkeeper's notes, with the totals after every step: what the client owes, what
came in and what credit he has. All amounts are worked out by hand. VAT is 15 % on top; hosting is
100.00 a month with 50.00 for setting it up, backups are 30.00 a month; 1 March 2026 is a Sunday.
"""

import json
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pytest

from adapter.bridge.contracts import AccountSpec
from adapter.protocols.base import WireRequest
from adapter.store.setup import apply_catalogue, parse_catalogue
from tests.contract.target import IDENTIFIER, SECRET, AppSession, app_target
from tests.integration.conftest import PERSON, php_pairs

pytestmark = pytest.mark.integration

CATALOGUE = """
[settings]
TaxEnabled = true
TaxType = "Exclusive"

[[tax_rules]]
level = 1
name = "VAT"
country = "ZA"
rate = "15"

[[products]]
name = "Hosting"
group = "Products"
pay = "recurring"
taxed = true
prices.ZAR = { monthly = { price = "100.00", setup_fee = "50.00" } }

[[products]]
name = "Backup"
group = "Products"
pay = "recurring"
taxed = true
prices.ZAR = { monthly = { price = "30.00" } }
"""
HOSTING, BACKUP = 1, 2


class Totals(NamedTuple):
    """What the client owes on unpaid invoices, what came in from him, and his credit."""

    owed: str
    received: str
    credit: str


class Shop:
    """The account as one integration sees it; `client_id` is the client of the story."""

    def __init__(self, session: AppSession) -> None:
        self.session = session
        self.client_id = 0

    def call(self, action: str, **fields: Any) -> dict[str, Any]:
        fields |= {"action": action, "identifier": IDENTIFIER, "secret": SECRET}
        body = urlencode(list(php_pairs(fields | {"responsetype": "json"}))).encode()
        request = WireRequest("POST", "/includes/api.php", b"", {}, body, "127.0.0.1", len(body))
        reply: dict[str, Any] = json.loads(self.session.send("", request).body)
        return reply

    def form(self, action: str, **fields: Any) -> dict[str, Any]:
        """Make a call that must succeed."""
        reply = self.call(action, **fields)
        assert reply["result"] == "success", reply
        return reply

    def new_client(self) -> int:
        self.client_id = int(self.form("AddClient", **PERSON, email="ann@example.com")["clientid"])
        return self.client_id

    def service(self, product_id: int, next_due: str) -> int:
        """Make an old service of the client's, paid up to the day before `next_due`."""
        placed = self.form("AddOrder", **self.order(product_id), noinvoice=1)
        self.form("AcceptOrder", orderid=placed["orderid"])
        service_id = int(placed["serviceids"])
        self.form(
            "UpdateClientProduct",
            serviceid=service_id,
            regdate="2025-03-01",
            nextduedate=next_due,
        )
        return service_id

    def order(self, product_id: int) -> dict[str, Any]:
        return {
            "clientid": self.client_id,
            "paymentmethod": "banktransfer",
            "pid": [product_id],
            "billingcycle": ["monthly"],
            "noemail": 1,
        }

    def pay(self, invoice_id: int, amount: str = "", transid: str = "EFT") -> None:
        self.form(
            "AddInvoicePayment",
            invoiceid=invoice_id,
            transid=transid,
            gateway="banktransfer",
            amount=amount,
        )

    def next_due(self, service_id: int) -> str:
        listed = self.form("GetClientsProducts", serviceid=service_id)["products"]["product"]
        return str(listed[0]["nextduedate"])

    def unpaid(self) -> list[int]:
        listed = self.form("GetInvoices", userid=self.client_id, status="Unpaid")
        return [row["id"] for row in listed["invoices"]["invoice"]]

    def invoice(self, invoice_id: int) -> tuple[str, list[tuple[str, str]], str, str, str]:
        """Return status, lines, net, VAT and total of an invoice."""
        shown = self.form("GetInvoice", invoiceid=invoice_id)
        lines = [(line["description"], line["amount"]) for line in shown["items"]["item"]]
        return shown["status"], lines, shown["subtotal"], shown["tax"], shown["total"]

    def totals(self) -> Totals:
        """Add up the client's books; his statistics must tell the same."""
        owed = sum(
            (
                Decimal(self.form("GetInvoice", invoiceid=each)["balance"])
                for each in self.unpaid()
            ),
            Decimal("0.00"),
        )
        moved = self.form("GetTransactions", clientid=self.client_id)["transactions"]
        received = sum(
            (Decimal(row["amountin"]) - Decimal(row["amountout"]) for row in moved["transaction"]),
            Decimal("0.00"),
        )
        shown = self.form("GetClientsDetails", clientid=self.client_id, stats=1)
        assert shown["stats"]["dueinvoicesbalance"] == f"R{owed} ZAR"
        assert shown["stats"]["creditbalance"] == f"R{shown['client']['credit']} ZAR"
        return Totals(str(owed), str(received), shown["client"]["credit"])


@pytest.fixture
def shop() -> Iterator[Shop]:
    with app_target() as target:
        session = target.account(AccountSpec(), "whmcs", date(2026, 3, 1))
        with session.store.write() as uow:
            apply_catalogue(uow, session.context(), parse_catalogue(CATALOGUE))
        yield Shop(session)


def test_a_stranger_is_made_a_client_orders_and_pays(shop: Shop) -> None:
    # Nobody has this address yet, so he is made a client.
    stranger = shop.call("GetClientsDetails", email="ann@example.com")
    assert stranger == {"result": "error", "message": "Client Not Found"}
    shop.new_client()
    found = shop.form("GetClientsDetails", email="ann@example.com")
    assert found["client"]["id"] == shop.client_id
    assert shop.totals() == Totals("0.00", "0.00", "0.00")

    # His order makes its first invoice: 100.00 and 50.00 for setting up, 22.50 VAT.
    placed = shop.form("AddOrder", **shop.order(HOSTING))
    first = int(placed["invoiceid"])
    status, _, *sums = shop.invoice(first)
    assert (status, sums) == ("Unpaid", ["150.00", "22.50", "172.50"])
    assert shop.totals() == Totals("172.50", "0.00", "0.00")

    # Accepting it makes the service active; no money moves.
    shop.form("AcceptOrder", orderid=placed["orderid"])
    service_id = int(placed["serviceids"])
    listed = shop.form("GetClientsProducts", clientid=shop.client_id)["products"]["product"]
    assert [(row["id"], row["status"]) for row in listed] == [(service_id, "Active")]
    assert shop.next_due(service_id) == "2026-03-01"
    assert shop.totals() == Totals("172.50", "0.00", "0.00")

    # He pays, and the month is his: the next one is due on 1 April.
    shop.pay(first)
    assert shop.invoice(first)[0] == "Paid"
    assert shop.next_due(service_id) == "2026-04-01"
    assert shop.totals() == Totals("0.00", "172.50", "0.00")


def test_a_month_is_billed_and_paid_in_two_parts(shop: Shop) -> None:
    shop.new_client()
    service_id = shop.service(HOSTING, next_due="2026-03-10")
    assert shop.totals() == Totals("0.00", "0.00", "0.00")

    # The run bills what is due within 14 days, once.
    made = shop.form("GenInvoices", clientid=shop.client_id)
    assert (made["numcreated"], shop.unpaid()) == ("1", [made["latestinvoiceid"]])
    invoice_id = made["latestinvoiceid"]
    assert shop.invoice(invoice_id) == (
        "Unpaid",
        [("Hosting (10/03/2026 - 09/04/2026)", "100.00")],
        "100.00",
        "15.00",
        "115.00",
    )
    assert shop.totals() == Totals("115.00", "0.00", "0.00")
    assert shop.form("GenInvoices", clientid=shop.client_id)["numcreated"] == "0"
    assert shop.totals() == Totals("115.00", "0.00", "0.00")

    # A part of the money leaves the invoice unpaid, and the due date where it is.
    shop.pay(invoice_id, "100.00", "EFT 1")
    assert shop.totals() == Totals("15.00", "100.00", "0.00")
    assert shop.next_due(service_id) == "2026-03-10"

    # The rest, and 5.00 too much, which is his credit; now the due date moves.
    shop.pay(invoice_id, "20.00", "EFT 2")
    assert shop.invoice(invoice_id)[0] == "Paid"
    assert shop.totals() == Totals("0.00", "120.00", "5.00")
    assert shop.next_due(service_id) == "2026-04-10"


def test_an_invoice_by_hand_is_corrected_before_it_is_paid(shop: Shop) -> None:
    shop.new_client()
    # Two taxed lines: 200.00 and 80.00, VAT 42.00.
    made = shop.form(
        "CreateInvoice",
        userid=shop.client_id,
        itemdescription1="Consulting",
        itemamount1="200.00",
        itemtaxed1=1,
        itemdescription2="Travel",
        itemamount2="80.00",
        itemtaxed2=1,
    )
    invoice_id = int(made["invoiceid"])
    assert shop.invoice(invoice_id)[2:] == ("280.00", "42.00", "322.00")
    assert shop.totals() == Totals("322.00", "0.00", "0.00")

    # Consulting was 250.00; the travel is struck out, a stamp without VAT comes in.
    shown = shop.form("GetInvoice", invoiceid=invoice_id)["items"]["item"]
    consulting, travel = (line["id"] for line in shown)
    shop.form(
        "UpdateInvoice",
        invoiceid=invoice_id,
        itemdescription={consulting: "Consulting, five hours"},
        itemamount={consulting: "250.00"},
        itemtaxed={consulting: 1},
    )
    assert shop.totals() == Totals("379.50", "0.00", "0.00")
    shop.form("UpdateInvoice", invoiceid=invoice_id, deletelineids=[travel])
    assert shop.totals() == Totals("287.50", "0.00", "0.00")
    shop.form(
        "UpdateInvoice",
        invoiceid=invoice_id,
        newitemdescription=["Revenue stamp"],
        newitemamount=["2.50"],
        newitemtaxed=[0],
    )
    assert shop.invoice(invoice_id) == (
        "Unpaid",
        [("Consulting, five hours", "250.00"), ("Revenue stamp", "2.50")],
        "252.50",
        "37.50",
        "290.00",
    )
    assert shop.totals() == Totals("290.00", "0.00", "0.00")

    shop.pay(invoice_id)
    assert shop.invoice(invoice_id)[0] == "Paid"
    assert shop.totals() == Totals("0.00", "290.00", "0.00")


def test_one_service_is_billed_by_hand_on_a_day_of_ones_choice(shop: Shop) -> None:
    shop.new_client()
    hosting = shop.service(HOSTING, next_due="2026-05-01")
    backup = shop.service(BACKUP, next_due="2026-03-05")

    # Not due for two months: asking for it bills nothing, and nothing else instead.
    made = shop.form("GenInvoices", serviceids=[hosting])
    assert (made["numcreated"], shop.totals()) == ("0", Totals("0.00", "0.00", "0.00"))

    # Its due date is brought forward: it is billed, once, the backup is not.
    shop.form("UpdateClientProduct", serviceid=hosting, nextduedate="2026-03-01")
    assert shop.form("GenInvoices", serviceids=[hosting])["numcreated"] == "1"
    assert shop.totals() == Totals("115.00", "0.00", "0.00")
    assert shop.form("GenInvoices", serviceids=[hosting])["numcreated"] == "0"
    (invoice_id,) = shop.unpaid()
    assert shop.invoice(invoice_id)[1] == [("Hosting (01/03/2026 - 31/03/2026)", "100.00")]

    # The run of the night bills the backup: 30.00 and 4.50 VAT.
    assert shop.form("GenInvoices")["numcreated"] == "1"
    assert shop.totals() == Totals("149.50", "0.00", "0.00")

    # Paid, the hosting is due again a month after the chosen day.
    shop.pay(invoice_id)
    assert (shop.next_due(hosting), shop.next_due(backup)) == ("2026-04-01", "2026-03-05")
    assert shop.totals() == Totals("34.50", "115.00", "0.00")

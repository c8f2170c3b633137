"""One business month by month, from the shell: what one protocol makes, the other one bills.

All amounts and dates below are worked out by hand. The account is a sandbox that lives on Sunday,
31 January 2027. VAT is 15 %. Invoices for services and domains go out 14 days in advance,
recurring invoices on their very day.
"""

from datetime import date
from typing import Any

import pytest

from tests.integration.conftest import Gateway, OpenGateway

pytestmark = [pytest.mark.integration, pytest.mark.allow_hosts(["127.0.0.1"])]

CATALOGUE = """
[settings]
TaxEnabled = true
TaxType = "Exclusive"
CreateInvoiceDaysBefore = 14

[[tax_rules]]
level = 1
name = "VAT"
country = "ZA"
rate = "15"

[[addons]]
name = "Daily backup"
taxed = true
prices.ZAR = { monthly = { price = "30.00", setup_fee = "10.00" } }

[[tlds]]
tld = "co.za"
register.ZAR = { 1 = "95.00" }
transfer.ZAR = { 1 = "80.00" }
renew.ZAR = { 1 = "110.00" }
"""

# The recurring invoice, less 10 % on the whole document:
#
#   code   quantity x price        quoted   less 10 %     net      VAT
#   HOST-1      2 x 199.99 excl.   399.98     359.98    359.98    54.00   359.982; 53.997
#   SUP-1     1.5 x 460.00 incl.   690.00     621.00    540.00    81.00   621 x 100 / 115
#   LIC         1 x  50.00 no VAT   50.00      45.00     45.00     0.00
#                                                       944.98 + 135.00 = 1079.98
#
# Prices rise by 10 % every two documents, so the third one is the first dearer one:
#
#   HOST-1      2 x 219.99 excl.   439.98     395.98    395.98    59.40   219.989; 395.982; 59.397
#   SUP-1     1.5 x 506.00 incl.   759.00     683.10    594.00    89.10
#   LIC         1 x  55.00 no VAT   55.00      49.50     49.50     0.00
#                                                      1039.48 + 148.50 = 1187.98
RECURRING = {
    "Recurrs": "monthly",
    "paused": 0,
    "limit_recurrances": 0,
    "recurrances_limit": "",
    "add_increase": 1,
    "IncreasePercentage": "10",
    "IncreaseInterval": 2,
    "DiscountPercentage": "10",
}
ROWS = [
    ["HOST-1", "2", "Managed hosting", "199.99", "ZAR", 1, "15.00", 0],
    ["SUP-1", "1.5", "Support hours", "460.00", "ZAR", 1, "15.00", 1],
    ["LIC", "1", "Licence", "50.00", "ZAR", 0, "0", 0],
]
FIRST_PRICES = {
    "lines": [("Managed hosting", "359.98"), ("Support hours", "621.00"), ("Licence", "45.00")],
    "sums": ("944.98", "135.00", "1079.98"),
}
RAISED_PRICES = {
    "lines": [("Managed hosting", "395.98"), ("Support hours", "683.10"), ("Licence", "49.50")],
    "sums": ("1039.48", "148.50", "1187.98"),
}


@pytest.fixture
def gateway(open_gateway: OpenGateway) -> Gateway:
    return open_gateway(date(2027, 1, 31))


def invoice(gateway: Gateway, invoice_id: object) -> dict[str, Any]:
    """Return an invoice as a bookkeeper reads it."""
    shown = gateway.form("GetInvoice", invoiceid=invoice_id)
    return {
        "dates": (shown["date"], shown["duedate"]),
        "lines": [(line["description"], line["amount"]) for line in shown["items"]["item"]],
        "sums": (shown["subtotal"], shown["tax"], shown["total"]),
        "status": shown["status"],
    }


def invoice_ids(gateway: Gateway, client_id: int) -> list[int]:
    """Return a client's invoices, oldest first; both protocols must list the same ones."""
    listed = gateway.form("GetInvoices", userid=client_id, orderby="id", order="asc")
    ids = [row["id"] for row in listed["invoices"]["invoice"]]
    documents = gateway.documents(client_id)
    assert sorted(int(document_id) for document_id in documents) == ids
    for row in listed["invoices"]["invoice"]:
        assert documents[str(row["id"])]["total"] == row["total"]
        assert documents[str(row["id"])]["invoice_date"] == row["date"]
    return ids


def due_dates(gateway: Gateway, client_id: int) -> tuple[str, str, str]:
    """Return the next due dates of the client's service, addon and domain."""
    (service,) = gateway.form("GetClientsProducts", clientid=client_id)["products"]["product"]
    (addon,) = gateway.form("GetClientsAddons", clientid=client_id)["addons"]["addon"]
    (domain,) = gateway.form("GetClientsDomains", clientid=client_id)["domains"]["domain"]
    return service["nextduedate"], addon["nextduedate"], domain["nextduedate"]


def run_on(gateway: Gateway, day: str) -> int:
    """Let the account's run take place on another day; return how many invoices it issued."""
    printed = gateway.adapter("run-invoices", "--on", day)
    head, _, rest = printed.partition(": ")
    assert head == f"Account main, {day}"
    return int(rest.split()[0])


def order(gateway: Gateway, client_id: int) -> None:
    """Order a web space, a backup for it, and a domain, by form posts; nothing is billed yet."""
    gateway.form(
        "AddProduct",
        name="Web space",
        gid=1,
        type="hostingaccount",
        paytype="recurring",
        tax=1,
        pricing={1: {"monthly": "99.95", "msetupfee": "50.00"}},
    )
    products = gateway.form("GetProducts")["products"]["product"]
    (product_id,) = [row["pid"] for row in products if row["name"] == "Web space"]
    placed = gateway.form(
        "AddOrder",
        clientid=client_id,
        paymentmethod="banktransfer",
        pid=[product_id],
        billingcycle=["monthly"],
        domain=["karoo.co.za"],
        domaintype=["register"],
        regperiod=[1],
        noinvoice=1,
        noemail=1,
    )
    # The addon is ordered by itself, for the service that is there now.
    added = gateway.form(
        "AddOrder",
        clientid=client_id,
        paymentmethod="banktransfer",
        serviceids=[placed["serviceids"]],
        addonids=[1],
        noinvoice=1,
        noemail=1,
    )
    for placed_order in (placed, added):
        gateway.form("AcceptOrder", orderid=placed_order["orderid"])
    assert due_dates(gateway, client_id) == ("2027-01-31", "2027-01-31", "2027-01-31")


def recurring_invoice(gateway: Gateway, client_id: int) -> None:
    """Create the recurring invoice by JSON; the list shows what its next document comes to."""
    made = gateway.recurring(client_id, ROWS, **RECURRING)
    assert made["type"] == "success"
    template = gateway.documents(client_id, "recurring_invoices")[made["document_id"]]
    assert (template["date"], template["total"]) == ("2027-01-31", "1079.98")


# 99.95 + 50.00 setup, 30.00 + 10.00 setup, and a year of the domain, on which no VAT is charged:
# 149.95 + 40.00 + 95.00 = 284.95; 15 % of 189.95 is 28.4925; 313.44 to pay.
FIRST_ORDER = {
    "dates": ("2027-01-31", "2027-01-31"),
    "lines": [
        ("Web space - karoo.co.za (31/01/2027 - 27/02/2027)", "149.95"),
        ("Daily backup (31/01/2027 - 27/02/2027)", "40.00"),
        ("Domain Registration - karoo.co.za - 1 Year/s (31/01/2027 - 30/01/2028)", "95.00"),
    ],
    "sums": ("284.95", "28.49", "313.44"),
}
# The months after: 99.95 + 30.00 = 129.95; 15 % is 19.4925; 149.44 to pay.
RENEWAL = {"sums": ("129.95", "19.49", "149.44"), "status": "Unpaid"}


def january(gateway: Gateway, client_id: int) -> int:
    """One call bills the order and the recurring invoice, once. Return the order's invoice."""
    assert gateway.form("GenInvoices")["numcreated"] == "2"
    ordered, recurring = invoice_ids(gateway, client_id)
    assert invoice(gateway, ordered) == FIRST_ORDER | {"status": "Unpaid"}
    on_the_day = {"dates": ("2027-01-31", "2027-01-31"), "status": "Unpaid"}
    assert invoice(gateway, recurring) == FIRST_PRICES | on_the_day
    assert gateway.form("GenInvoices")["numcreated"] == "0"
    assert run_on(gateway, "2027-01-31") == 0
    return ordered


def paying(gateway: Gateway, client_id: int, invoice_id: int) -> None:
    """Everything on a paid invoice moves one period, whatever the invoice's status does after."""
    unpaid = ("2027-01-31", "2027-01-31", "2027-01-31")
    paid = ("2027-02-28", "2027-02-28", "2028-01-31")
    assert due_dates(gateway, client_id) == unpaid
    gateway.form(
        "AddInvoicePayment", invoiceid=invoice_id, transid="EFT-1", gateway="banktransfer"
    )
    assert due_dates(gateway, client_id) == paid
    for status, dates in (("Unpaid", unpaid), ("Paid", paid), ("Paid", paid)):
        gateway.form("UpdateInvoice", invoiceid=invoice_id, status=status)
        assert due_dates(gateway, client_id) == dates
    assert invoice(gateway, invoice_id) == FIRST_ORDER | {"status": "Paid"}
    assert gateway.form("GenInvoices")["numcreated"] == "0"


def february(gateway: Gateway, client_id: int) -> int:
    """The services go out 14 days before 28 February, the recurring invoice on that day.

    Return the services' invoice.
    """
    assert run_on(gateway, "2027-02-13") == 0
    assert run_on(gateway, "2027-02-14") == 1
    services = invoice_ids(gateway, client_id)[-1]
    assert invoice(gateway, services) == RENEWAL | {
        "dates": ("2027-02-14", "2027-02-28"),
        "lines": [
            ("Web space - karoo.co.za (28/02/2027 - 27/03/2027)", "99.95"),
            ("Daily backup (28/02/2027 - 27/03/2027)", "30.00"),
        ],
    }
    assert run_on(gateway, "2027-02-27") == 0
    assert run_on(gateway, "2027-02-28") == 1
    recurring = invoice_ids(gateway, client_id)[-1]
    on_the_day = {"dates": ("2027-02-28", "2027-02-28"), "status": "Unpaid"}
    assert invoice(gateway, recurring) == FIRST_PRICES | on_the_day
    return services


def march(gateway: Gateway, client_id: int, unpaid_services: int) -> None:
    """The services wait for their money, the recurring invoice does not.

    It comes back to the 31st, since it is counted from its start; its prices rise. The services,
    paid late, go on from 28 March, which has passed by then and is billed at once.
    """
    assert run_on(gateway, "2027-03-30") == 0
    assert run_on(gateway, "2027-03-31") == 1
    recurring = invoice_ids(gateway, client_id)[-1]
    on_the_day = {"dates": ("2027-03-31", "2027-03-31"), "status": "Unpaid"}
    assert invoice(gateway, recurring) == RAISED_PRICES | on_the_day
    gateway.form(
        "AddInvoicePayment", invoiceid=unpaid_services, transid="EFT-2", gateway="banktransfer"
    )
    assert due_dates(gateway, client_id) == ("2027-03-28", "2027-03-28", "2028-01-31")
    assert run_on(gateway, "2027-03-31") == 1
    assert invoice(gateway, invoice_ids(gateway, client_id)[-1]) == RENEWAL | {
        "dates": ("2027-03-31", "2027-03-28"),
        "lines": [
            ("Web space - karoo.co.za (28/03/2027 - 27/04/2027)", "99.95"),
            ("Daily backup (28/03/2027 - 27/04/2027)", "30.00"),
        ],
    }
    assert run_on(gateway, "2027-03-31") == 0


# Prices are always counted from the first ones and rounded once:
#
#   after   HOST-1: price   less 10 %      VAT     SUP-1: price     less 10 %   LIC    total
#   3           219.99         395.98    59.40        506.00         683.10   49.50  1187.98
#   4, 5        241.99         435.58    65.34        556.60         751.41   54.45  1306.78
#   6, 7        266.19         479.14    71.87        612.26         826.55   59.90  1437.46
#   8, 9        292.81         527.06    79.06        673.49         909.21   65.89  1581.22
#   10, 11      322.09         579.76    86.96        740.83        1000.12   72.48  1739.32
CAUGHT_UP = [
    ("2027-04-30", "1187.98"),
    ("2027-05-31", "1306.78"),
    ("2027-06-30", "1306.78"),
    ("2027-07-31", "1437.46"),
    ("2027-08-31", "1437.46"),
    ("2027-09-30", "1581.22"),
    ("2027-10-31", "1581.22"),
    ("2027-11-30", "1739.32"),
    ("2027-12-31", "1739.32"),
]


def a_year_on(gateway: Gateway, client_id: int) -> None:
    """The domain's renewal at the renewal price, and the recurring invoices nobody ran since.

    Each of them is dated on its own day and priced by its number.
    """
    before = len(invoice_ids(gateway, client_id))
    assert run_on(gateway, "2028-01-16") == 9
    assert run_on(gateway, "2028-01-17") == 1
    *late, domain = invoice_ids(gateway, client_id)[before:]
    shown = [invoice(gateway, document_id) for document_id in late]
    assert [(each["dates"][0], each["sums"][2]) for each in shown] == CAUGHT_UP
    assert invoice(gateway, domain) == {
        "dates": ("2028-01-17", "2028-01-31"),
        "lines": [("Domain Renewal - karoo.co.za - 1 Year/s (31/01/2028 - 30/01/2029)", "110.00")],
        "sums": ("110.00", "0.00", "110.00"),
        "status": "Unpaid",
    }
    assert run_on(gateway, "2028-01-17") == 0


@pytest.mark.slow
def test_a_business_is_billed_through_both_protocols(gateway, tmp_path):
    catalogue = tmp_path / "catalogue.toml"
    catalogue.write_text(CATALOGUE, "utf-8")
    gateway.adapter("setup", "--file", str(catalogue))
    client_id = gateway.client(companyname="Karoo Bakery")
    order(gateway, client_id)
    recurring_invoice(gateway, client_id)
    ordered = january(gateway, client_id)
    paying(gateway, client_id, ordered)
    services = february(gateway, client_id)
    march(gateway, client_id, services)
    a_year_on(gateway, client_id)

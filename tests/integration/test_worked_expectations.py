"""The worked expectations of `GenInvoices` over HTTP, each on clients of its own."""

from datetime import timedelta

import pytest

from tests.integration.conftest import Gateway, OpenGateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.slow,
]

METHODS = """
[[payment_methods]]
module = "paypal"
name = "PayPal"
position = 1
"""


@pytest.fixture(scope="module")
def product_id(gateway):
    return gateway.product()


def test_a_monthly_service_due_in_ten_days_is_billed_once(gateway, product_id):
    gateway.generate()
    client_id = gateway.client()
    gateway.service(client_id, product_id, due_in=10)
    assert gateway.generate() == ("1", None)
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["date"], invoice["duedate"]) == (gateway.in_days(0), gateway.in_days(10))
    assert (invoice["total"], invoice["status"]) == ("15.95", "Unpaid")
    assert gateway.generate() == ("0", None)
    assert gateway.generate(clientid=client_id) == ("0", 0)


def two_services(gateway: Gateway, product_id: int) -> int:
    client_id = gateway.client()
    for _ in range(2):
        gateway.service(client_id, product_id)
    return client_id


def test_two_services_of_a_day_share_an_invoice(gateway, product_id):
    client_id = two_services(gateway, product_id)
    made, latest = gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    assert (made, latest, invoice["total"]) == ("1", invoice["invoiceid"], "31.90")
    assert [line["amount"] for line in invoice["items"]["item"]] == ["15.95", "15.95"]


def test_separate_invoices_make_one_each(gateway, product_id):
    client_id = two_services(gateway, product_id)
    gateway.form("UpdateClient", clientid=client_id, separateinvoices="true")
    made, latest = gateway.generate(clientid=client_id)
    first, second = gateway.invoices(client_id)
    assert (made, latest) == ("2", second["invoiceid"])
    assert [first["total"], second["total"]] == ["15.95", "15.95"]


def test_different_gateways_make_one_each(gateway, product_id, tmp_path):
    catalogue = tmp_path / "methods.toml"
    catalogue.write_text(METHODS, "utf-8")
    gateway.adapter("setup", "--file", str(catalogue))
    client_id = gateway.client()
    gateway.service(client_id, product_id)
    gateway.service(client_id, product_id, paymentmethod="paypal")
    made, latest = gateway.generate(clientid=client_id)
    first, second = gateway.invoices(client_id)
    assert (made, latest) == ("2", second["invoiceid"])
    assert {first["paymentmethod"], second["paymentmethod"]} == {"banktransfer", "paypal"}


def test_a_service_due_in_sixty_days_is_not_billed(gateway, product_id):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id, due_in=60)
    assert gateway.generate(clientid=client_id) == ("0", 0)
    assert gateway.generate(clientid=client_id, serviceids=[service_id]) == ("0", 0)
    assert gateway.invoices(client_id) == []


def test_the_early_switch_bills_one_coming_period(gateway, product_id):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id, due_in=60)
    scope = {"clientid": client_id, "serviceids": [service_id]}
    with gateway.setting("IdLists", "early"):
        # A list is what bills early, not the client.
        assert gateway.generate(clientid=client_id) == ("0", 0)
        made, latest = gateway.generate(**scope)
        assert made == "1"
        for _ in range(3):
            assert gateway.generate(**scope) == ("0", 0)
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["invoiceid"], invoice["duedate"]) == (latest, gateway.in_days(60))


@pytest.mark.slow
@pytest.mark.parametrize(("id_lists", "made"), [("due", 0), ("early", 1)])
def test_a_nightly_call_never_bills_period_after_period(open_gateway: OpenGateway, id_lists, made):
    gateway = open_gateway()
    product_id = gateway.product(annually="150.00")
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id, due_in=None, billingcycle=["annually"])
    (_, invoice_id) = gateway.generate(clientid=client_id)
    gateway.pay(invoice_id)
    gateway.form("SetConfigurationValue", setting="IdLists", value=id_lists)
    first = gateway.today
    # Some of the thirty nights: each one is another start of the server.
    counts = [int(gateway.generate(serviceids=[service_id])[0])]
    for night in (1, 15, 30):
        gateway.restart(first + timedelta(days=night))
        counts += [int(gateway.generate(serviceids=[service_id])[0]) for _ in range(2)]
    assert sum(counts) == made
    assert len(gateway.invoices(client_id)) == 1 + made


@pytest.mark.parametrize("client_id", ["4711", "abc", "-1", "7.0", "7e0", "0x7", "1 2"])
def test_an_unknown_client_is_an_error(gateway, client_id):
    assert gateway.refused("GenInvoices", clientid=client_id) == "Client ID Not Found"


def test_what_is_never_billed(gateway, product_id):
    client_id = gateway.client()
    scopes = []
    for change in ({"status": "Terminated"}, {"billingcycle": "Free Account"}):
        service_id = gateway.service(client_id, product_id)
        gateway.form("UpdateClientProduct", serviceid=service_id, **change)
        scopes.append(service_id)
    service_id = gateway.service(client_id, product_id)
    gateway.form("AddCancelRequest", serviceid=service_id, type="End of Billing Period")
    for each in (*scopes, service_id):
        assert gateway.generate(clientid=client_id, serviceids=[each]) == ("0", 0)
        assert gateway.generate(serviceids=[each]) == ("0", None)
    assert gateway.generate(clientid=client_id) == ("0", 0)
    assert gateway.invoices(client_id) == []


def test_credit_pays_at_once(gateway, product_id):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id, due_in=10)
    due_on = gateway.shown_service(service_id)["nextduedate"]
    gateway.form("AddCredit", clientid=client_id, description="Deposit", amount="100.00")
    made, latest = gateway.generate(clientid=client_id)
    assert made == "1"
    shown = gateway.form("GetInvoice", invoiceid=latest)
    assert (shown["status"], shown["credit"], shown["balance"]) == ("Paid", "15.95", "0.00")
    assert gateway.shown_service(service_id)["nextduedate"] > due_on
    client = gateway.form("GetClientsDetails", clientid=client_id)["client"]
    assert client["credit"] == "84.05"

"""What was decided where the documents are silent, seen over HTTP: money, dates and mail."""

import sqlite3
from contextlib import closing
from datetime import date

import pytest
import requests

from tests.integration.conftest import FORM_PATH, PERSON, Gateway, OpenGateway

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

# Two tax levels for one country only, so that every other client stays untaxed.
CATALOGUE = """
[settings]
TaxEnabled = true

[[tax_rules]]
level = 1
country = "NA"
rate = "15"

[[tax_rules]]
level = 2
country = "NA"
rate = "5"

[[payment_methods]]
module = "paypal"
name = "PayPal"
position = 1

[[tlds]]
tld = "co.za"
register.ZAR = { 1 = "95.00" }
renew.ZAR = { 1 = "110.00" }
"""
ROW = ["A1", "1", "Hosting", "100.00", "ZAR", "1", "15.00", "0"]


@pytest.fixture(scope="module")
def gateway(open_gateway: OpenGateway, tmp_path_factory: pytest.TempPathFactory) -> Gateway:
    """Return a gateway that lives on Wednesday, 20 January 2027."""
    started = open_gateway(date(2027, 1, 20))
    catalogue = tmp_path_factory.mktemp("catalogue") / "catalogue.toml"
    catalogue.write_text(CATALOGUE, "utf-8")
    started.adapter("setup", "--file", str(catalogue))
    return started


@pytest.fixture(scope="module")
def product_id(gateway):
    return gateway.product()


def mails(gateway: Gateway, client_id: int) -> int:
    """Count the mails that wait for a client, whose rows no call shows yet."""
    with closing(sqlite3.connect(f"file:{gateway.database}?mode=ro", uri=True)) as store:
        query = "SELECT count(*) FROM outbox WHERE client_id = ?"
        return int(store.execute(query, (client_id,)).fetchone()[0])


def domain(gateway: Gateway, client_id: int, name: str) -> int:
    """Order a domain, accept the order, and make it due in ten days."""
    placed = gateway.form(
        "AddOrder",
        clientid=client_id,
        paymentmethod="banktransfer",
        domain=[name],
        domaintype=["register"],
        regperiod=[1],
        noinvoice=1,
    )
    gateway.form("AcceptOrder", orderid=placed["orderid"])
    domain_id = int(placed["domainids"])
    gateway.form(
        "UpdateClientDomain",
        domainid=domain_id,
        regdate=gateway.in_days(-355),
        nextduedate=gateway.in_days(10),
    )
    return domain_id


# --- What is billed ------------------------------------------------------------------------------


@pytest.mark.parametrize("continuous", ["", "on"])
def test_the_states_in_which_services_are_billed(gateway, product_id, continuous):
    client_id = gateway.client()
    states = ["Active", "Suspended", "Pending", "Completed", "Terminated", "Cancelled", "Fraud"]
    services = {}
    for status in states:
        services[gateway.service(client_id, product_id)] = status
    for service_id, status in services.items():
        gateway.form("UpdateClientProduct", serviceid=service_id, status=status)
    with gateway.setting("ContinuousInvoiceGeneration", continuous):
        gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    billed = {services[line["relid"]] for line in invoice["items"]["item"]}
    assert billed == {"Active", "Suspended"} | (set() if continuous else {"Pending"})


def test_the_states_in_which_domains_are_billed(gateway):
    client_id = gateway.client()
    states = ["Active", "Pending", "Pending Transfer", "Grace", "Expired", "Cancelled", "Fraud"]
    domains = {}
    for number, status in enumerate(states):
        domain_id = domain(gateway, client_id, f"state-{number}.co.za")
        gateway.form("UpdateClientDomain", domainid=domain_id, status=status)
        domains[domain_id] = status
    kept = domain(gateway, client_id, "kept.co.za")
    gateway.form("UpdateClientDomain", domainid=kept, donotrenew=1)
    free = domain(gateway, client_id, "free.co.za")
    gateway.form("UpdateClientDomain", domainid=free, recurringamount="0.00")
    gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    lines = invoice["items"]["item"]
    assert {domains[line["relid"]] for line in lines} == {"Active", "Pending"}
    assert {(line["type"], line["amount"]) for line in lines} == {("Domain", "110.00")}


@pytest.mark.parametrize("shape", ["{0}", "{0},{1}", "abc", "abc,{0}", " {0} "])
def test_a_scalar_for_a_list_is_a_filter(gateway, product_id, shape):
    client_id, stranger = gateway.client(), gateway.client()
    mine = [gateway.service(client_id, product_id) for _ in range(2)]
    gateway.service(stranger, product_id)
    gateway.form("GenInvoices", serviceids=shape.format(*mine))
    billed = [
        line["relid"] for row in gateway.invoices(client_id) for line in row["items"]["item"]
    ]
    assert billed == [each for each in mine if str(each) in shape.format(*mine)]
    assert gateway.invoices(stranger) == []


def test_foreign_and_unknown_ids_are_skipped(gateway, product_id):
    client_id, stranger = gateway.client(), gateway.client()
    foreign = gateway.service(stranger, product_id)
    scope = {"clientid": client_id, "serviceids": [foreign, 999_999]}
    assert gateway.generate(**scope) == ("0", 0)
    assert gateway.invoices(stranger) == []


def test_a_backlog_is_billed_one_cycle_a_day(gateway, product_id):
    client_id = gateway.client()
    gateway.service(client_id, product_id, due_in=-80)
    with gateway.setting("ContinuousInvoiceGeneration", "on"):
        assert gateway.generate(clientid=client_id)[0] == "1"
        for _ in range(3):
            assert gateway.generate(clientid=client_id) == ("0", 0)
        gateway.adapter("run-invoices", "--on", gateway.in_days(1), "--client", str(client_id))
    # 1 November 2026 is 80 days before 20 January 2027.
    assert [row["duedate"] for row in gateway.invoices(client_id)] == ["2026-11-01", "2026-12-01"]


# --- Claims and grouping -------------------------------------------------------------------------


def test_a_cancelled_invoice_blocks_its_date(gateway, product_id):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id, due_in=5)
    _, invoice_id = gateway.generate(clientid=client_id)
    gateway.form("UpdateInvoice", invoiceid=invoice_id, status="Cancelled")
    assert gateway.generate(clientid=client_id) == ("0", 0)
    # The vendor's recipe: another due date.
    gateway.form("UpdateClientProduct", serviceid=service_id, nextduedate=gateway.in_days(6))
    assert gateway.generate(clientid=client_id)[0] == "1"
    assert [row["status"] for row in gateway.invoices(client_id)] == ["Cancelled", "Unpaid"]


def test_by_the_switch_a_cancelled_invoice_frees_its_date(gateway, product_id):
    client_id = gateway.client()
    gateway.service(client_id, product_id, due_in=5)
    with gateway.setting("CancelledInvoiceBlocksDate", ""):
        _, invoice_id = gateway.generate(clientid=client_id)
        gateway.form("UpdateInvoice", invoiceid=invoice_id, status="Cancelled")
        # Still at most one period of an item on one day.
        assert gateway.generate(clientid=client_id) == ("0", 0)
        gateway.adapter("run-invoices", "--on", gateway.in_days(1), "--client", str(client_id))
    cancelled, again = gateway.invoices(client_id)
    assert (cancelled["duedate"], again["duedate"]) == (gateway.in_days(5),) * 2


def test_an_unpaid_invoice_of_the_same_date_is_not_reused(gateway, product_id):
    client_id = gateway.client()
    gateway.service(client_id, product_id, due_in=5)
    gateway.generate(clientid=client_id)
    gateway.service(client_id, product_id, due_in=5)
    assert gateway.generate(clientid=client_id)[0] == "1"
    assert [row["total"] for row in gateway.invoices(client_id)] == ["15.95", "15.95"]


def test_the_items_method_is_the_invoices(gateway, product_id):
    client_id = gateway.client()
    gateway.form("UpdateClient", clientid=client_id, paymentmethod="paypal")
    gateway.service(client_id, product_id)
    gateway.generate(clientid=client_id)
    assert [row["paymentmethod"] for row in gateway.invoices(client_id)] == ["banktransfer"]


# --- Dates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("anchored", "third"), [("", "2027-03-28"), ("on", "2027-03-31")])
def test_month_ends_clamp(gateway, product_id, anchored, third):
    client_id = gateway.client()
    service_id = gateway.service(client_id, product_id)
    gateway.form("UpdateClientProduct", serviceid=service_id, nextduedate="2027-01-31")
    dates = []
    with (
        gateway.setting("AnchorMonthEnds", anchored),
        gateway.setting("CreateInvoiceDaysBefore", "90"),
    ):
        for day in range(3):
            gateway.adapter(
                "run-invoices", "--on", gateway.in_days(day), "--client", str(client_id)
            )
            gateway.pay(gateway.invoices(client_id)[-1]["invoiceid"])
            dates.append(gateway.shown_service(service_id)["nextduedate"])
    assert dates == ["2027-02-28", third, "2027-04-28" if not anchored else "2027-04-30"]


def test_a_service_names_its_domain_and_period(gateway):
    client_id = gateway.client()
    product_id = gateway.product(name="Web Space")
    gateway.service(client_id, product_id, due_in=11, domain=["karoo.example"])
    gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    (line,) = invoice["items"]["item"]
    assert line["description"] == "Web Space - karoo.example (31/01/2027 - 27/02/2027)"


# A month of 31.00 from 20 January to the 1st: 12 of January's 31 days are 12.00.
@pytest.mark.parametrize(
    ("charge_next", "first", "next_due"),
    [(0, "12.00", "2027-02-01"), (20, "43.00", "2027-03-01"), (21, "12.00", "2027-02-01")],
)
def test_prorata_counts_the_days_of_the_month_that_is_cut(gateway, charge_next, first, next_due):
    client_id = gateway.client()
    product_id = gateway.product(
        monthly="31.00", proratabilling=1, proratadate=1, proratachargenextmonth=charge_next
    )
    service_id = gateway.service(client_id, product_id, due_in=None)
    gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    assert invoice["total"] == first
    gateway.pay(invoice["invoiceid"])
    shown = gateway.shown_service(service_id)
    assert (shown["recurringamount"], shown["nextduedate"]) == ("31.00", next_due)


# --- Money ---------------------------------------------------------------------------------------


def test_a_zero_total_is_issued_paid_and_counted(gateway):
    client_id = gateway.client()
    product_id = gateway.product(monthly="0.00")
    service_id = gateway.service(client_id, product_id, due_in=5)
    assert gateway.generate(clientid=client_id)[0] == "1"
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["total"], invoice["status"]) == ("0.00", "Paid")
    assert gateway.shown_service(service_id)["nextduedate"] == "2027-02-25"


# Two lines of 10.03 are 20.06: 15 % are 3.009, not twice 1.50; 5 % are 1.003, or of 23.07 1.1535.
@pytest.mark.parametrize(
    ("compound", "tax2", "total"), [("", "1.00", "24.07"), ("on", "1.15", "24.22")]
)
def test_tax_is_rounded_once_a_level_on_the_sum(gateway, compound, tax2, total):
    client_id = gateway.client(country="NA", state="Khomas")
    product_id = gateway.product(monthly="10.03", tax=1)
    for _ in range(2):
        gateway.service(client_id, product_id)
    with gateway.setting("TaxL2Compound", compound):
        gateway.generate(clientid=client_id)
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["subtotal"], invoice["tax"], invoice["tax2"]) == ("20.06", "3.01", tax2)
    assert invoice["total"] == total


def test_the_same_payment_twice_is_booked_once(gateway, product_id):
    client_id = gateway.client()
    gateway.service(client_id, product_id)
    _, invoice_id = gateway.generate(clientid=client_id)
    for _ in range(2):
        gateway.pay(invoice_id, amount="5.00", transid="EFT-7")
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["balance"], invoice["status"]) == ("10.95", "Unpaid")
    # The same id with another amount is another payment; what is too much becomes credit.
    gateway.pay(invoice_id, amount="12.00", transid="EFT-7")
    (invoice,) = gateway.invoices(client_id)
    assert (invoice["balance"], invoice["status"]) == ("0.00", "Paid")
    client = gateway.form("GetClientsDetails", clientid=client_id)["client"]
    assert client["credit"] == "1.05"


def test_lines_of_an_issued_invoice_can_be_changed(gateway, product_id):
    client_id = gateway.client()
    gateway.service(client_id, product_id)
    _, invoice_id = gateway.generate(clientid=client_id)
    (line,) = gateway.invoices(client_id)[0]["items"]["item"]
    gateway.form(
        "UpdateInvoice",
        invoiceid=invoice_id,
        itemdescription={line["id"]: "Agreed price"},
        itemamount={line["id"]: "12.00"},
        itemtaxed={line["id"]: 0},
        newitemdescription=["Rebate"],
        newitemamount=["-2.00"],
        newitemtaxed=[0],
    )
    (invoice,) = gateway.invoices(client_id)
    assert [row["amount"] for row in invoice["items"]["item"]] == ["12.00", "-2.00"]
    assert invoice["total"] == "10.00"


# --- The form-post protocol's words --------------------------------------------------------------


def test_an_unknown_action_is_a_403(gateway):
    login = f"identifier={gateway.identifier}&secret={gateway.secret}"
    reply = gateway.post(FORM_PATH, f"action=NoSuchThing&{login}&responsetype=json")
    assert reply.status_code == requests.codes.forbidden
    text = 'Invalid API Action: "nosuchthing" is not a valid API action'
    assert reply.json() == {"result": "error", "message": text}


@pytest.mark.parametrize("asked", ["", "&responsetype=yaml"])
def test_without_a_known_format_the_reply_is_pairs(gateway, asked):
    login = f"identifier={gateway.identifier}&secret={gateway.secret}"
    reply = gateway.post(FORM_PATH, f"action=GenInvoices&clientid=4711&{login}{asked}")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert reply.text == "result=error;message=Client ID Not Found"


def test_lists_in_pairs_have_flattened_keys(gateway):
    login = f"identifier={gateway.identifier}&secret={gateway.secret}"
    reply = gateway.post(FORM_PATH, f"action=GetCurrencies&{login}")
    assert "currencies[currency][0][code]=ZAR;" in reply.text


def test_an_address_is_shared_only_across_the_protocols(gateway):
    first = gateway.positional(
        "NewClient", {"client_invoice_name": "Karoo", "client_email": "shared@example.com"}
    )
    again = gateway.positional(
        "NewClient", {"client_invoice_name": "Karoo", "client_email": "shared@example.com"}
    )
    second = gateway.positional(
        "NewClient", {"client_invoice_name": "Knysna", "client_email": "shared@example.com"}
    )
    assert first == again < second
    text = "A user already exists with that email address"
    taken = {**PERSON, "email": "shared@example.com"}
    assert gateway.refused("AddClient", **taken) == text
    client_id = gateway.client()
    refused = gateway.refused("UpdateClient", clientid=client_id, email="shared@example.com")
    assert refused == "Duplicate Email Address"
    found = gateway.form("GetClientsDetails", email="shared@example.com")
    assert found["client"]["id"] == first


# --- Mail ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("noemails", "queued"), [("1", 0), ("0", 2), ("false", 2)])
def test_noemails_silences_the_invoice_and_its_payment_by_credit(
    gateway, product_id, noemails, queued
):
    client_id = gateway.client()
    gateway.service(client_id, product_id)
    gateway.form("AddCredit", clientid=client_id, description="Deposit", amount="100.00")
    before = mails(gateway, client_id)
    gateway.generate(clientid=client_id, noemails=noemails)
    (invoice,) = gateway.invoices(client_id)
    assert invoice["status"] == "Paid"
    assert mails(gateway, client_id) - before == queued


@pytest.mark.parametrize(
    ("wanted", "queued"),
    [({"EmailToClient": True}, 1), ({"EmailToClient": "false"}, 0), ({}, 1)],
)
def test_a_recurring_invoice_is_mailed_as_it_says(gateway, wanted, queued):
    client_id = gateway.client()
    gateway.recurring(client_id, [ROW], **wanted)
    before = mails(gateway, client_id)
    gateway.generate(clientid=client_id)
    assert mails(gateway, client_id) - before == queued


def test_a_new_client_gets_no_password_by_mail(gateway):
    client_id = gateway.positional(
        "NewClient", {"client_invoice_name": "Quiet", "client_email": "quiet@example.com"}
    )
    assert mails(gateway, client_id) == 0


# --- Recurring invoices --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frequency", "following"),
    [
        ("daily", "2027-01-21"),
        ("weekly", "2027-01-27"),
        ("bi-weekly", "2027-02-03"),
        ("monthly", "2027-02-20"),
        ("bi-monthly", "2027-03-20"),
        ("quarterly", "2027-04-20"),
        ("semesterly", "2027-07-20"),
        ("annually", "2028-01-20"),
        ("bi-annually", "2029-01-20"),
    ],
)
def test_the_date_after_the_first_one(gateway, frequency, following):
    client_id = gateway.client()
    made = gateway.recurring(client_id, [ROW], Recurrs=frequency)
    assert gateway.generate(clientid=client_id)[0] == "1"
    template = gateway.documents(client_id, "recurring_invoices")[made["document_id"]]
    assert template["date"] == following


@pytest.mark.parametrize(
    ("frequency", "start", "dated", "held"),
    [
        ("annually", "2027-01-19", "2027-01-19", []),
        ("monthly", "2026-10-31", "2026-12-31", ["2026-10-31", "2026-11-30"]),
        ("monthly", "2027-01-20", "2027-01-20", []),
    ],
)
def test_only_the_latest_date_before_today_is_billed(gateway, frequency, start, dated, held):
    client_id = gateway.client()
    made = gateway.recurring(client_id, [ROW], Recurrs=frequency, recurring_start_date=start)
    assert [day for day in held if day not in made["message"]] == []
    assert ("Held" in made["message"]) is bool(held)
    gateway.generate(clientid=client_id)
    assert [row["date"] for row in gateway.invoices(client_id)] == [dated]
    assert gateway.generate(clientid=client_id) == ("0", 0)


def test_a_paused_one_is_not_billed(gateway):
    client_id = gateway.client()
    gateway.recurring(client_id, [ROW], paused=1)
    assert gateway.generate(clientid=client_id) == ("0", 0)


def test_a_limited_one_stops_by_itself(gateway):
    client_id = gateway.client()
    gateway.recurring(client_id, [ROW], Recurrs="daily", limit_recurrances=1, recurrances_limit=2)
    gateway.adapter("run-invoices", "--on", gateway.in_days(9), "--client", str(client_id))
    assert [row["date"] for row in gateway.invoices(client_id)] == [
        gateway.in_days(0),
        gateway.in_days(1),
    ]


def test_with_a_client_id_the_client_fields_are_ignored(gateway):
    client_id = gateway.client()
    block = {"client_invoice_name": "Somebody else", "client_email": "else@example.com"}
    made = gateway.recurring(client_id, [ROW], **block)
    assert list(gateway.documents(client_id, "recurring_invoices")) == [made["document_id"]]
    assert gateway.refused("GetClientsDetails", email="else@example.com") == "Client Not Found"


def test_an_unknown_client_is_refused(gateway):
    made = gateway.recurring(4711, [ROW])
    text = "ClientID 4711 not found"
    assert made == {"type": "error", "document_id": "", "message": text, "error": text}


@pytest.mark.parametrize("blank", ["", "0", 0, None], ids=repr)
def test_a_client_is_found_or_made_by_name_and_address(gateway, blank):
    block = {
        "client_invoice_name": "Found & made",
        "client_email": f"found-{blank!r}@example.com".replace("'", "q"),
        "client_phone_nr": "0215550100",
    }
    made = gateway.recurring(blank, [ROW], **block)
    assert made["message"] == "Recurring invoice generated successfully."
    details = {"client_phone_nr": "0860000000", "client_postal_address1": "1 Main Road"}
    again = gateway.recurring(blank, [ROW], **{**block, **details})
    assert "client_phone_nr" in again["message"]
    assert "client_postal_address1" not in again["message"]
    found = gateway.form("GetClientsDetails", email=block["client_email"])["client"]
    assert (found["phonenumber"], found["address1"]) == ("0215550100", "1 Main Road")
    documents = gateway.documents(found["id"], "recurring_invoices")
    assert set(documents) == {made["document_id"], again["document_id"]}


def test_new_client_errors_do_not_start_with_a_digit(gateway):
    body = f"username={gateway.username}&password={gateway.password}&client_invoice_name="
    reply = gateway.post("/api/NewClient.php", body)
    assert reply.status_code == requests.codes.ok
    assert reply.text[:1].isalpha()


def test_a_negative_balance_is_owed(gateway):
    client_id = gateway.client()
    gateway.recurring(client_id, [ROW])
    _, invoice_id = gateway.generate(clientid=client_id)
    shown = gateway.positional("getClientDetails_JSON", {"ClientID": client_id})[str(client_id)]
    assert (shown["balance"], shown["opening_balance"]) == ("-115.00", "0.00")
    gateway.pay(invoice_id, amount="120.00")
    shown = gateway.positional("getClientDetails_JSON", {"ClientID": client_id})[str(client_id)]
    assert shown["balance"] == "5.00"


@pytest.mark.parametrize(
    ("amount", "accepted"),
    [("900000000000.00", True), ("900000000000.01", False), ("1e3", False), ("1,000.00", False)],
)
def test_amounts_end_where_the_store_does(gateway, amount, accepted):
    client_id = gateway.client()
    row = ["A1", "1", "Large", amount, "ZAR", "0", "0", "0"]
    made = gateway.recurring(client_id, [row])
    assert (made["type"] == "success") is accepted
    if not accepted:
        assert "amount" in made["message"]
        assert gateway.documents(client_id, "recurring_invoices") == {}
        return
    gateway.generate(clientid=client_id)
    assert [row["total"] for row in gateway.invoices(client_id)] == [amount]

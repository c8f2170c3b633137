"""The mapping `stripe` against localstripe: a process of its own, in an environment of its own."""

# ruff: noqa: S310, S603 - loopback and fixed commands only

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from adapter.backends.base import Deadline, Proof
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
from adapter.backends.transport import Transport, TransportConfig
from adapter.billing.model import Increase, InvoiceStatus, RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GetClient,
    GetInvoice,
    ListInvoices,
    Page,
    RecordPayment,
)
from adapter.errors import (
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    EmailTaken,
    InvoiceNotFound,
    Rejected,
)
from adapter.store.backend_ids import BackendIds
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.contexts import context_on
from tests.databases import new_sqlite
from tests.fuzz.server import free_port
from tests.integration.software.environments import python_of

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]

TODAY = datetime.now(UTC).date()
ANN = ClientFields(
    invoice_name="Ann & Söhne",
    first_name="Ann",
    email="ann@example.com",
    address_1="1 Main Road",
    city="Cape Town",
    country="ZA",
    phone="0215550100",
    tax_number="4010203040",
)
LINE = RecurringLine(
    "RENT", Decimal(2), "Rent {x} ${y}", Decimal("12.50"), "EUR", False, Decimal(0), False
)
MONTHLY = CreateRecurringInvoice(
    Frequency.QUARTERLY,
    TODAY + timedelta(days=30),
    (LINE,),
    new_client=ANN,
    order_number="PO 7",
)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    port = free_port()
    process = subprocess.Popen(
        [python_of("localstripe"), "-m", "localstripe", "--port", str(port), "--from-scratch"],
        cwd=tmp_path_factory.mktemp("localstripe"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/v1/customers", timeout=5)
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.1)  # it says nothing when it is ready
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def stripe(url):
    """Ask localstripe itself."""

    def ask(path, method="GET", **form):
        body = urllib.parse.urlencode(form).encode() or None
        request = urllib.request.Request(url + path, body, method=method)
        request.add_header("Authorization", "Bearer sk_test_12345")
        with urllib.request.urlopen(request, timeout=10) as reply:
            return json.loads(reply.read() or "null")

    ask("/_config/data", "DELETE")
    return ask


@pytest.fixture
def store(tmp_path):
    made = Store(StoreConfig(new_sqlite(tmp_path)))
    yield made
    made.close()


@pytest.fixture
def connect(url, store):
    """Make a connector; values replace those of the mapping."""
    network = Transport(TransportConfig())

    def make(secret="sk_test_12345", **values):
        given = tuple(f"{name}={value}" for name, value in values.items())
        config = MappedConfig("stripe", url, "", secret, given)
        return MappedConnector(
            "stripe",
            load_mapping("stripe"),
            config,
            network,
            BackendIds(store, "stripe"),
            monotonic=time.monotonic,
        )

    yield make
    network.close()


@pytest.fixture
def do(connect, stripe):
    connector = connect()

    def execute(command, reference="reference-1", using=None):
        made = context_on(TODAY, reference)
        return (using or connector).send(command, made, Deadline(20.0, made.elapsed))

    return execute


@pytest.fixture
def look_up(connect, stripe):
    connector = connect()

    def find(command, reference="reference-1"):
        made = context_on(TODAY, reference)
        return connector.look_up(command, made, Deadline(20.0, made.elapsed))

    return find


def test_a_client_becomes_a_customer_and_is_found_again(do, stripe):
    created = do(CreateClient(ANN, ClientIdentity.NAME_AND_EMAIL))
    assert created.created
    (customer,) = stripe("/v1/customers")["data"]
    assert (customer["name"], customer["email"]) == ("Ann & Söhne", "ann@example.com")
    assert customer["address"] == {"line1": "1 Main Road", "city": "Cape Town", "country": "ZA"}
    assert customer["metadata"]["gateway_reference"] == "reference-1"
    again = do(CreateClient(ANN, ClientIdentity.NAME_AND_EMAIL), "reference-2")
    assert (again.client_id, again.created) == (created.client_id, False)
    with pytest.raises(EmailTaken):
        do(CreateClient(ANN, ClientIdentity.EMAIL), "reference-3")
    assert do(FindClient("Ann & Söhne", "ann@example.com")).client_id == created.client_id
    for command in (GetClient(created.client_id), GetClient(email="ann@example.com")):
        shown = do(command).client
        assert (shown.client_id, shown.invoice_name) == (created.client_id, "Ann & Söhne")
        assert (shown.first_name, shown.tax_number, shown.city) == (
            "Ann",
            "4010203040",
            "Cape Town",
        )
        assert shown.created_on == TODAY
    assert len(stripe("/v1/customers")["data"]) == 1


def test_who_is_not_there_is_not_found(do, stripe):
    for command in (
        FindClient("Nobody", "no@example.com"),
        GetClient(7),
        GetClient(email="no@example.com"),
    ):
        with pytest.raises(ClientNotFound):
            do(command)
    created = do(CreateClient(ANN, ClientIdentity.EMAIL))
    stripe(f"/v1/customers/{stripe('/v1/customers')['data'][0]['id']}", "DELETE")
    with pytest.raises(ClientNotFound):
        do(GetClient(created.client_id))
    with pytest.raises(InvoiceNotFound):
        do(GetInvoice(99))


def test_a_recurring_invoice_becomes_a_subscription_with_a_price_of_its_own(do, stripe):
    created = do(MONTHLY)
    (subscription,) = stripe("/v1/subscriptions")["data"]
    (customer,) = stripe("/v1/customers")["data"]
    (plan,) = stripe("/v1/plans")["data"]
    assert subscription["customer"] == customer["id"]
    assert subscription["metadata"] == {"gateway_reference": "reference-1", "order_number": "PO 7"}
    assert subscription["items"]["data"][0]["quantity"] == 2
    starts = datetime.fromtimestamp(subscription["trial_end"], UTC)
    assert starts.date() == MONTHLY.start_on
    assert (plan["amount"], plan["currency"]) == (1250, "eur")
    assert (plan["interval"], plan["interval_count"]) == ("month", 3)
    assert plan["name"] == "Rent {x} ${y}"
    assert plan["metadata"]["product_code"] == "RENT"
    assert do(FindClient("Ann & Söhne", "ann@example.com")).client_id == created.client_id
    second = do(replace(MONTHLY, new_client=None, client_id=created.client_id), "reference-2")
    assert second.client_id == created.client_id
    assert second.document_id != created.document_id
    assert len(stripe("/v1/customers")["data"]) == 1


def test_what_was_sent_is_found_by_its_reference(do, look_up, connect):
    client = CreateClient(ANN, ClientIdentity.EMAIL)
    assert connect().proof(client) is connect().proof(MONTHLY) is Proof.REFERENCE
    assert look_up(client) is look_up(MONTHLY) is None
    created = do(client)
    assert look_up(client) == created
    assert look_up(client, "reference-2") is None
    assert look_up(MONTHLY, "reference-2") is None
    recurring = do(MONTHLY, "reference-2")
    assert look_up(MONTHLY, "reference-2") == recurring
    assert look_up(MONTHLY, "reference-3") is None


def test_an_attempt_that_stopped_half_way_is_finished_by_the_next(do, stripe):
    # The customer is there and no subscription: as after a broken connection in between.
    first = do(CreateClient(ANN, ClientIdentity.NAME_AND_EMAIL), "reference-9")
    created = do(MONTHLY)
    assert created.client_id == first.client_id
    assert len(stripe("/v1/customers")["data"]) == len(stripe("/v1/subscriptions")["data"]) == 1


def test_vat_uses_the_tax_rate_that_the_settings_name(do, connect, stripe):
    rate = stripe("/v1/tax_rates", "POST", display_name="VAT", inclusive="true", percentage="15")
    line = replace(LINE, vat_applies=True, vat_rate=Decimal("15.00"), includes_vat=True)
    command = replace(MONTHLY, lines=(line,))
    with pytest.raises(CannotExpress, match="VAT of another rate"):
        do(command)
    using = connect(vat_rate="15", vat_inclusive_id=rate["id"])
    do(command, using=using)
    (subscription,) = stripe("/v1/subscriptions")["data"]
    assert [each["id"] for each in subscription["items"]["data"][0]["tax_rates"]] == [rate["id"]]
    with pytest.raises(CannotExpress, match="VAT without a tax rate"):
        do(replace(MONTHLY, lines=(replace(line, includes_vat=False),)), using=using)


def test_invoices_are_shown_and_listed(do, stripe):
    client_id = do(MONTHLY).client_id
    customer = stripe("/v1/customers")["data"][0]["id"]
    stripe(
        "/v1/invoiceitems",
        "POST",
        customer=customer,
        amount="2500",
        currency="eur",
        description="Work",
    )
    stripe("/v1/invoices", "POST", customer=customer)
    listed = do(ListInvoices(Page(), client_id=client_id))
    assert (listed.listing.total, listed.listing.offset) == (1, 0)
    (listed_one,) = listed.invoices
    shown = do(GetInvoice(listed_one.invoice_id)).invoice
    assert shown == listed_one
    assert (shown.client_id, str(shown.total), shown.currency_code) == (client_id, "50.00", "EUR")
    assert (str(shown.balance), shown.status, shown.issued_on) == (
        "50.00",
        InvoiceStatus.DRAFT,
        TODAY,
    )
    assert ("Work", "25.00") in [(line.description, str(line.amount)) for line in shown.lines]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"increase": Increase(Decimal(5), 12)}, "an increase"),
        ({"recurrence_limit": 12}, "a limit of recurrences"),
        ({"paused": True}, "paused"),
        ({"start_on": date(2020, 1, 31)}, "a start in the past"),
        ({"discount_percentage": Decimal(10)}, "a discount"),
        ({"number_prefix": "X"}, "the number"),
        ({"send_email": False}, "whether the client is mailed"),
        (
            {"lines": (replace(LINE, unit_price=Decimal("0.001")),)},
            "no whole number of hundredths",
        ),
        ({"lines": (replace(LINE, quantity=Decimal("1.5")),)}, "which is not whole"),
        ({"lines": (LINE, replace(LINE, currency="USD"))}, "several currencies"),
        (
            {"new_client": replace(ANN, email="a@x.example;b@x.example")},
            "several e-mail addresses",
        ),
        ({"new_client": replace(ANN, payment_terms_days=30)}, "payment terms"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_stripe_cannot_say_is_refused_by_its_name(do, stripe, change, named):
    with pytest.raises(CannotExpress, match=named):
        do(replace(MONTHLY, **change))
    assert stripe("/v1/subscriptions")["data"] == []


def test_what_stripe_refuses_is_refused(do, connect):
    with pytest.raises(CannotExpress, match="no such command"):
        do(RecordPayment(1))
    with pytest.raises(Rejected, match="refused"):
        do(MONTHLY, using=connect(secret="nobody"))
    with pytest.raises(BadAnswer):
        # localstripe fails on subscriptions of several items: whatever was done, it is unknown.
        do(replace(MONTHLY, lines=(LINE, LINE)))

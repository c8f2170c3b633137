"""The mapping `invoiceninja` against a server of ours that keeps what it is sent."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.backends.base import Proof
from adapter.backends.mapped import MappedConfig, MappedConnector, load_mapping
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
    UpdateInvoice,
)
from adapter.commands.results import PaymentRecorded
from adapter.errors import (
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    EmailTaken,
    InvoiceCancelled,
    InvoiceNotFound,
    Rejected,
    TransportLost,
)
from tests.ninja_fake import FakeNinja
from tests.unit.backends.mapped.conftest import DEADLINE, Within

ANN = ClientFields(
    invoice_name="Ann Ltd",
    first_name="Ann",
    last_name="Doe",
    email="ann@example.com",
    address_1="1 Main Road",
    city="Cape Town",
    country="ZA",
    phone="0215550100",
    tax_number="4010203040",
    payment_terms_days=30,
)
NEW = CreateClient(ANN, ClientIdentity.NAME_AND_EMAIL)
LINE = RecurringLine(
    "RENT", Decimal("1.5"), "Rent ${reference}", Decimal("12.345"), "ZAR", True, Decimal(15), False
)
MONTHLY = CreateRecurringInvoice(
    Frequency.BI_MONTHLY,
    date(2026, 3, 31),
    (LINE,),
    new_client=ANN,
    order_number="PO 7",
    recurrence_limit=12,
    discount_percentage=Decimal("2.5"),
)


@pytest.fixture
def ninja():
    return FakeNinja()


@pytest.fixture
def network(ninja):
    return Within(ninja)


@pytest.fixture
def connector(network, book):
    return connected(network, book)


def connected(network, book, secret="TOKEN", **values):
    given = tuple(f"{name}={value}" for name, value in values.items())
    config = MappedConfig("invoiceninja", "https://ninja.example", "", secret, given)
    return MappedConnector(
        "ninja", load_mapping("invoiceninja"), config, network, book, monotonic=lambda: 0.0
    )


@pytest.fixture
def do(connector, context):
    def execute(command, reference="reference-1", using=None):
        made = replace(context(date(2026, 3, 2)), reference=reference)
        return (using or connector).send(command, made, DEADLINE)

    return execute


@pytest.fixture
def look_up(connector, context):
    def find(command, reference="reference-1"):
        made = replace(context(date(2026, 3, 2)), reference=reference)
        return connector.look_up(command, made, DEADLINE)

    return find


def test_a_client_is_created_once_and_found_again(do, ninja):
    created = do(NEW)
    (client,) = ninja.records["clients"]
    assert created.created
    assert (client["name"], client["country_id"], client["vat_number"]) == (
        "Ann Ltd",
        710,
        "4010203040",
    )
    assert client["contacts"] == [
        {
            "first_name": "Ann",
            "last_name": "Doe",
            "email": "ann@example.com",
            "phone": "0215550100",
        }
    ]
    assert client["settings"] == {"payment_terms": "30"}
    assert "address2" not in client
    again = do(NEW, "reference-2")
    assert (again.client_id, again.created) == (created.client_id, False)
    with pytest.raises(EmailTaken):
        do(replace(NEW, identity=ClientIdentity.EMAIL))
    assert do(FindClient("Ann Ltd", "ann@example.com")).client_id == created.client_id
    for command in (GetClient(created.client_id), GetClient(email="ann@example.com")):
        shown = do(command).client
        assert (shown.client_id, shown.country, shown.payment_terms_days) == (
            created.client_id,
            "ZA",
            30,
        )
    client["is_deleted"] = True
    for gone in (GetClient(created.client_id), FindClient("Ann Ltd", "ann@example.com")):
        with pytest.raises(ClientNotFound):
            do(gone)


def test_a_recurring_invoice_says_everything_that_can_be_said(do, ninja):
    created = do(MONTHLY)
    (sent,) = ninja.records["recurring_invoices"]
    assert sent["client_id"] == ninja.records["clients"][0]["id"]
    assert sent["started"]
    assert sent["custom_value4"] == "reference-1"
    assert (sent["frequency_id"], sent["next_send_date"], sent["remaining_cycles"]) == (
        "6",
        "2026-03-31",
        "12",
    )
    assert (sent["discount"], sent["is_amount_discount"]) == (2.5, False)
    assert sent["po_number"] == "PO 7"
    (line,) = sent["line_items"]
    assert (line["quantity"], line["cost"], line["tax_name1"], line["tax_rate1"]) == (
        1.5,
        12.345,
        "VAT",
        15,
    )
    assert line["notes"] == "Rent ${reference}"
    assert line["discount"] == 0
    paused = replace(MONTHLY, paused=True, new_client=None, client_id=created.client_id)
    assert do(paused, "reference-2").client_id == created.client_id
    assert not ninja.records["recurring_invoices"][1]["started"]
    assert len(ninja.records["clients"]) == 1


def test_what_was_done_is_found_by_its_reference_and_nothing_else(
    do, look_up, network, ninja, connector
):
    assert look_up(MONTHLY) is None
    network.then = TransportLost("cut")  # the client is made, and nobody hears of it
    with pytest.raises(TransportLost):
        do(MONTHLY)
    assert look_up(MONTHLY) is None
    created = do(MONTHLY)
    assert look_up(MONTHLY) == created
    assert look_up(MONTHLY, "reference-2") is None
    assert [len(ninja.records[noun]) for noun in ("clients", "recurring_invoices")] == [1, 1]
    assert connector.proof(MONTHLY) is connector.proof(NEW) is Proof.REFERENCE


def test_a_list_that_goes_on_proves_nothing(do, look_up, ninja):
    client_id = do(NEW).client_id
    for _ in range(101):
        ninja.put("recurring_invoices", client_id=ninja.records["clients"][0]["id"])
    with pytest.raises(BadAnswer):
        look_up(replace(MONTHLY, new_client=None, client_id=client_id))


def test_invoices_are_shown_and_listed(do, ninja):
    client_id = do(NEW).client_id
    for number in range(1, 6):
        ninja.put(
            "invoices",
            client_id=ninja.records["clients"][0]["id"],
            client={"name": "Ann Ltd"},
            number=f"INV{number}",
            date="2026-03-31",
            due_date="",
            amount=114.5,
            balance=100,
            total_taxes=14.5,
            status_id="3",
            line_items=[{"notes": "Rent", "quantity": 2, "cost": 50, "line_total": 100}],
        )
    listed = do(ListInvoices(Page(2, 2), client_id=client_id))
    assert (listed.listing.total, listed.listing.offset) == (5, 2)
    assert [each.number_text for each in listed.invoices] == ["INV3", "INV2"]
    shown = do(GetInvoice(listed.invoices[0].invoice_id)).invoice
    assert shown == listed.invoices[0]
    assert (str(shown.subtotal), str(shown.tax), str(shown.total)) == ("100.00", "14.50", "114.50")
    assert (shown.status, shown.issued_on, shown.due_on) == (
        InvoiceStatus.UNPAID,
        date(2026, 3, 31),
        date(2026, 3, 31),
    )
    assert (shown.client_id, shown.client_invoice_name) == (client_id, "Ann Ltd")
    assert [(line.description, line.quantity, str(line.amount)) for line in shown.lines] == [
        ("Rent", Decimal(2), "100.00")
    ]
    assert len(do(ListInvoices(None)).invoices) == 5
    with pytest.raises(CannotExpress, match="from row 1"):
        do(ListInvoices(Page(1, 2)))
    with pytest.raises(InvoiceNotFound):
        do(GetInvoice(99))


def test_a_payment_is_booked_on_its_invoice_and_found_again(do, look_up, ninja, book):
    do(NEW)
    client = ninja.records["clients"][0]["id"]
    invoice = ninja.put("invoices", client_id=client, balance=100, status_id="2")
    number = book.ours("invoice", invoice["id"])
    command = RecordPayment(number, "T-1", "eft", send_email=False)
    assert look_up(command) is None
    assert do(command) == look_up(command) == PaymentRecorded(number)
    (payment,) = ninja.records["payments"]
    assert payment["invoices"] == [{"invoice_id": invoice["id"], "amount": 100}]
    assert (payment["date"], payment["transaction_reference"]) == ("2026-03-02", "T-1")
    (posted,) = [
        query for method, path, query, _ in ninja.seen if "payments" in path and method == "POST"
    ]
    assert posted == {"email_receipt": "false"}
    do(RecordPayment(number, amount=Decimal("12.34"), paid_on=date(2026, 1, 31)), "reference-2")
    assert ninja.records["payments"][1]["amount"] == 12.34
    invoice["status_id"] = "5"
    with pytest.raises(InvoiceCancelled):
        do(command, "reference-3")
    with pytest.raises(BadAnswer):
        look_up(command, "reference-3")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"increase": Increase(Decimal(5), 12)}, "an increase"),
        ({"start_on": date(2026, 3, 1)}, "a start in the past"),
        ({"number_suffix": "X"}, "the number"),
        ({"send_email": False}, "not mailed"),
        ({"custom_values": ("a", "b", "c", "d", *[""] * 6)}, "three values"),
        ({"lines": (LINE, replace(LINE, currency="USD"))}, "another currency"),
        ({"lines": (LINE, replace(LINE, includes_vat=True))}, "with and without VAT"),
        (
            {"lines": (replace(LINE, unit_price=Decimal("1.123456789123456789")),)},
            "too many digits",
        ),
        ({"new_client": replace(ANN, country="AQ")}, "the country"),
        ({"new_client": replace(ANN, company_name="Other")}, "a company name"),
        ({"new_client": None}, "of nobody"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_said_is_refused_before_anything_is_sent(do, ninja, change, named):
    with pytest.raises(CannotExpress, match=named):
        do(replace(MONTHLY, **change))
    assert not any(method == "POST" and "recurring" in path for method, path, _, _ in ninja.seen)


def test_what_ninja_refuses_is_refused(do, network, book, ninja):
    with pytest.raises(Rejected) as refused:
        do(NEW, using=connected(network, book, "WRONG"))
    assert refused.value.reason == "status 403: Invalid token"
    with pytest.raises(CannotExpress, match="no such command"):
        do(UpdateInvoice(1))
    with pytest.raises(CannotExpress, match="the country"):
        do(replace(NEW, client=replace(ANN, country=None)))
    do(
        replace(NEW, client=replace(ANN, country=None)),
        using=connected(network, book, country="NA"),
    )
    assert ninja.records["clients"][0]["country_id"] == 516

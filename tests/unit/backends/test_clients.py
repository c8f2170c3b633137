"""Rules of creating, changing, finding and showing clients."""

import dataclasses
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.clients import HANDLERS, PLANS, find_or_create_client
from adapter.billing.model import ClientStatus, InvoiceStatus
from adapter.billing.money import MAX_HUNDREDTHS, Money
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    FindClient,
    GetClient,
    ListClients,
    Page,
    UpdateClient,
)
from adapter.commands.results import StatusTotal
from adapter.errors import (
    ClientGroupNotFound,
    ClientNotFound,
    CurrencyNotFound,
    EmailTaken,
    InvalidField,
    PaymentMethodInvalid,
)
from adapter.store import tables

ANN = ClientFields(first_name="Ann", last_name="Doe", email="ann@example.com", country="ZA")


@pytest.fixture
def run(store, context):
    """Execute a command in a transaction of its own."""

    def execute(command, **circumstances):
        around = context(**circumstances)
        plan = PLANS.get(type(command))
        work = None if plan is None else plan(command, around, store.engine.dialect)
        with store.write() as uow:
            return HANDLERS[type(command)](uow, command, around) if work is None else work(uow)

    return execute


def _create(run, fields=ANN, identity=ClientIdentity.EMAIL, *, send_email=False):
    return run(CreateClient(fields, identity, send_email=send_email)).client_id


def _rows(store, table):
    with store.read() as uow:
        return uow.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()


def _invoice(store, client_id, document_id, **values):
    at = datetime(2026, 2, 1, tzinfo=UTC)
    row = {
        "id": document_id,
        "kind": "invoice",
        "client_id": client_id,
        "currency": "ZAR",
        "status": "Unpaid",
        "issued_on": date(2026, 2, 1),
        "due_on": date(2026, 2, 15),
        "total": 10000,
        "paid": 0,
        "tax_rate": Decimal(0),
        "tax_rate_2": Decimal(0),
        "created_at": at,
        "updated_at": at,
    } | values
    with store.write() as uow:
        uow.execute(sa.insert(tables.documents).values(**row))


def test_a_new_client_has_the_defaults_of_the_account(run):
    client_id = _create(run)
    client = run(GetClient(client_id)).client
    assert client_id == 1
    assert (client.first_name, client.last_name, client.invoice_name) == ("Ann", "Doe", "Ann Doe")
    assert (client.currency_id, client.currency_code, client.group_id) == (1, "ZAR", 0)
    assert client.status is ClientStatus.ACTIVE
    assert client.credit == client.balance == client.opening_balance == Money(0, "ZAR")
    assert client.created_on == date(2026, 3, 2)
    assert client.created_at == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert client.send_documents
    assert not client.tax_exempt
    assert client.payment_terms_days is None
    assert len(client.uuid) == 36


def test_every_stated_field_is_shown_again(run, store):
    with store.write() as uow:
        uow.insert(tables.client_groups, name="Resellers", discount_percent=Decimal(10))
    texts = {
        field.name: f"{field.name} text"
        for field in dataclasses.fields(ClientFields)
        if field.name.startswith(("address", "phone", "physical", "first", "last", "company"))
    }
    fields = ClientFields(
        **texts,
        email="all@example.com",
        country="za",
        payment_terms_days=30,
        custom=((10, "ten"), (2, "two")),
        group_id=1,
        currency_id=1,
        payment_method="banktransfer",
        notes="n" * 10_000,
        tax_exempt=True,
        separate_invoices=True,
        no_late_fee=True,
        no_overdue_notices=True,
        no_auto_charge=True,
        no_auto_close=True,
        marketing_emails=True,
        send_documents=False,
        email_preferences=(("invoice", False),),
        status=ClientStatus.INACTIVE,
    )
    client = run(GetClient(_create(run, fields))).client
    for name, value in texts.items():
        if not name.startswith("physical"):
            assert getattr(client, name) == value
    assert client.physical_address[3] == "physical_address_4 text"
    assert client.country == "ZA"
    assert client.payment_terms_days == 30
    assert list(client.custom.items()) == [(2, "two"), (10, "ten")]
    assert client.email_preferences == {"invoice": False}
    assert (client.group_id, client.payment_method) == (1, "banktransfer")
    assert client.tax_exempt
    assert client.no_auto_close
    assert not client.send_documents
    assert client.status is ClientStatus.INACTIVE


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        (ClientFields(invoice_name=" Chosen ", company_name="Acme", first_name="A"), "Chosen"),
        (ClientFields(company_name="Acme", first_name="Ann", last_name="Doe"), "Acme"),
        (ClientFields(first_name="Ann", last_name="Doe"), "Ann Doe"),
        (ClientFields(last_name="Doe"), "Doe"),
        (ClientFields(invoice_name="", company_name="Acme"), "Acme"),
        (ClientFields(first_name="A" * 255, last_name="B" * 255), "A" * 255),
        (ClientFields(), ""),
    ],
)
def test_the_name_on_documents_is_given_or_follows_the_others(run, fields, name):
    assert run(GetClient(_create(run, fields))).client.invoice_name == name


@pytest.mark.parametrize("again", ["ann@example.com", " Ann@Example.COM ", "ANN@EXAMPLE.COM"])
def test_an_address_that_any_client_has_is_refused(run, store, again):
    _create(run)
    with pytest.raises(EmailTaken):
        _create(run, dataclasses.replace(ANN, email=again))
    assert len(_rows(store, tables.clients)) == 1


def test_a_refused_client_leaves_no_trace(run, store):
    _create(run, send_email=True)
    with pytest.raises(EmailTaken):
        _create(run, send_email=True)
    assert len(_rows(store, tables.audit)) == 1
    assert len(_rows(store, tables.outbox)) == 1


def test_blank_addresses_are_never_equal(run):
    assert _create(run, ClientFields(email="")) != _create(run, ClientFields(email=" "))


def test_a_pair_of_name_and_address_is_one_client(run, store):
    acme = ClientFields(invoice_name="Acme", email="office@example.com")
    first = run(CreateClient(acme, ClientIdentity.NAME_AND_EMAIL))
    same = ClientFields(invoice_name="Acme ", email="Office@example.com", phone="1")
    again = run(CreateClient(same, ClientIdentity.NAME_AND_EMAIL))
    other = run(
        CreateClient(
            dataclasses.replace(acme, invoice_name="Acme Two"), ClientIdentity.NAME_AND_EMAIL
        )
    )
    assert (first.created, again.created, other.created) == (True, False, True)
    assert first.client_id == again.client_id != other.client_id
    assert run(GetClient(first.client_id)).client.phone == ""
    # A welcome for each new client, none for the one that existed.
    assert [row["client_id"] for row in _rows(store, tables.outbox)] == [1, 2]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (ClientFields(email="x@example.com", currency_id=9), CurrencyNotFound),
        (ClientFields(email="x@example.com", group_id=9), ClientGroupNotFound),
        (ClientFields(email="x@example.com", group_id=-1), ClientGroupNotFound),
        (ClientFields(email="x@example.com", group_id=2**70), ClientGroupNotFound),
        (ClientFields(email="x@example.com", payment_method="cash"), PaymentMethodInvalid),
        (ClientFields(email="x@example.com", city="c" * 256), InvalidField),
        (ClientFields(email="x@example.com", country="ZAF"), InvalidField),
    ],
)
def test_what_does_not_exist_or_fit_is_refused(run, store, fields, error):
    with pytest.raises(error):
        _create(run, fields)
    assert _rows(store, tables.clients) == []
    client_id = _create(run)
    with pytest.raises(error):
        run(UpdateClient(dataclasses.replace(fields, email=None), client_id))


def test_a_refused_payment_method_names_the_valid_ones(run, store):
    with store.write() as uow:
        uow.execute(
            sa.insert(tables.payment_methods),
            [
                {"module": "card", "position": -1, "active": True},
                {"module": "cash", "position": 2, "active": False},
            ],
        )
    with pytest.raises(PaymentMethodInvalid) as caught:
        _create(run, dataclasses.replace(ANN, payment_method="cash"))
    assert caught.value.valid == ("card", "banktransfer")


def test_an_update_changes_what_it_states_and_nothing_else(run):
    client_id = _create(run, dataclasses.replace(ANN, city="Cape Town", phone="021"))
    run(UpdateClient(ClientFields(city="", phone=None, state="Gauteng"), client_id))
    client = run(GetClient(client_id)).client
    assert (client.city, client.phone, client.state) == ("", "021", "Gauteng")


def test_an_update_by_address_reaches_the_lowest_id(run):
    first = _create(run)
    second = run(
        CreateClient(
            ClientFields(invoice_name="Branch", email="ann@example.com"),
            ClientIdentity.NAME_AND_EMAIL,
        )
    ).client_id
    assert run(UpdateClient(ClientFields(city="X"), email="ANN@example.com")).client_id == first
    assert run(GetClient(second)).client.city == ""


@pytest.mark.parametrize(
    "command",
    [
        UpdateClient(ClientFields(), 99),
        UpdateClient(ClientFields(), email="nobody@example.com"),
        UpdateClient(ClientFields(), email=""),
        UpdateClient(ClientFields(), 2**70),
        UpdateClient(ClientFields()),
        GetClient(99),
        GetClient(2**70),
        GetClient(email="nobody@example.com"),
        GetClient(email=" "),
        GetClient(),
        FindClient("Ann Doe", "nobody@example.com"),
        FindClient("Doe", "ann@example.com"),
        FindClient("Ann Doe", "ann@example.com", "North"),
    ],
)
def test_a_client_that_is_not_there_is_not_found(run, command):
    _create(run)
    with pytest.raises(ClientNotFound):
        run(command)


def test_an_update_to_another_clients_address_is_refused(run):
    _create(run)
    other = _create(run, dataclasses.replace(ANN, email="bob@example.com"))
    with pytest.raises(EmailTaken):
        run(UpdateClient(ClientFields(email="Ann@example.com"), other))
    run(UpdateClient(ClientFields(email="BOB@example.com"), other))
    assert run(GetClient(other)).client.email == "BOB@example.com"


def test_an_address_can_be_cleared(run):
    client_id = _create(run)
    _create(run, ClientFields(email=""))
    run(UpdateClient(ClientFields(email=" "), client_id))
    assert run(GetClient(client_id)).client.email == ""


def test_a_store_without_a_currency_takes_no_client(empty_store, context):
    command = CreateClient(ANN, ClientIdentity.EMAIL, send_email=False)
    work = PLANS[CreateClient](command, context(), empty_store.engine.dialect)
    with pytest.raises(CurrencyNotFound), empty_store.write() as uow:
        work(uow)


def test_clients_that_share_an_address_can_be_changed(run):
    _create(run)
    shared = run(
        CreateClient(
            ClientFields(invoice_name="Branch", email="ann@example.com"),
            ClientIdentity.NAME_AND_EMAIL,
        )
    ).client_id
    run(UpdateClient(ClientFields(email="ann@example.com", city="X"), shared))
    assert run(GetClient(shared)).client.city == "X"


def test_the_name_on_documents_follows_until_it_is_chosen(run):
    client_id = _create(run)

    def name_after(**changes):
        run(UpdateClient(ClientFields(**changes), client_id))
        return run(GetClient(client_id)).client.invoice_name

    assert name_after(last_name="Roe") == "Ann Roe"
    assert name_after(company_name="Acme") == "Acme"
    assert name_after(invoice_name="Acme Trading") == "Acme Trading"
    assert name_after(company_name="Other") == "Acme Trading"
    assert name_after(invoice_name="") == "Other"


def test_a_terms_change_can_clear_them(run):
    client_id = _create(run, dataclasses.replace(ANN, payment_terms_days=30))
    run(UpdateClient(ClientFields(city="X"), client_id))
    assert run(GetClient(client_id)).client.payment_terms_days == 30
    run(UpdateClient(ClientFields(payment_terms_days=None), client_id))
    assert run(GetClient(client_id)).client.payment_terms_days is None


def test_numbered_values_and_preferences_are_merged(run):
    client_id = _create(
        run,
        dataclasses.replace(ANN, custom=((1, "a"),), email_preferences=(("invoice", False),)),
    )
    changes = ClientFields(custom=((2, "b"),), email_preferences=(("support", False),))
    run(UpdateClient(changes, client_id))
    client = run(GetClient(client_id)).client
    assert client.custom == {1: "a", 2: "b"}
    assert client.email_preferences == {"invoice": False, "support": False}


def test_a_method_that_was_retired_may_be_sent_back(run, store):
    client_id = _create(run, dataclasses.replace(ANN, payment_method="banktransfer"))
    with store.write() as uow:
        uow.execute(sa.update(tables.payment_methods).values(active=False))
    run(UpdateClient(ClientFields(payment_method="banktransfer", city="X"), client_id))
    run(UpdateClient(ClientFields(payment_method=""), client_id))
    with pytest.raises(PaymentMethodInvalid):
        run(UpdateClient(ClientFields(payment_method="banktransfer"), client_id))


def test_currency_zero_leaves_the_currency(run):
    client_id = _create(run, dataclasses.replace(ANN, currency_id=0))
    run(UpdateClient(ClientFields(currency_id=0), client_id))
    assert run(GetClient(client_id)).client.currency_id == 1


def test_what_decides_about_bills_is_audited_with_both_values(run, store):
    client_id = _create(run)
    run(UpdateClient(ClientFields(separate_invoices=True, city="Paarl"), client_id))
    run(UpdateClient(ClientFields(separate_invoices=True), client_id))
    created, changed = _rows(store, tables.audit)
    assert (created["deed"], created["noun"], created["record_id"]) == ("create", "client", 1)
    assert (changed["caller"], changed["request_id"]) == ("tests", "request-2")
    assert changed["detail"] == {
        "fields": ["city", "separate_invoices"],
        "billing": {"separate_invoices": {"old": False, "new": True}},
    }
    assert "ann@example.com" not in str(created["detail"])


def test_an_existing_client_is_filled_but_not_overwritten(store, run, context):
    acme = ClientFields(
        invoice_name="Acme", email="office@example.com", phone="021", custom=((1, "a"),)
    )
    with store.write() as uow:
        client_id, kept = find_or_create_client(uow, context(), acme)
    assert kept == ()
    offered = dataclasses.replace(
        acme,
        phone="022",
        city="Paarl",
        fax="",
        payment_terms_days=30,
        custom=((1, "z"), (2, "b"), (3, "")),
    )
    with store.write() as uow:
        again = find_or_create_client(uow, context(), offered)
    assert again == (client_id, ("phone", "custom_1"))
    client = run(GetClient(client_id)).client
    assert (client.phone, client.city, client.payment_terms_days) == ("021", "Paarl", 30)
    assert client.custom == {1: "a", 2: "b"}
    with store.write() as uow:
        assert find_or_create_client(uow, context(), offered) == again
    assert len(_rows(store, tables.audit)) == 2


def test_a_client_is_found_by_its_pair_and_branch(run):
    fields = ClientFields(invoice_name="Acme", email="office@example.com", branch_name="North")
    client_id = _create(run, fields)
    _create(run, dataclasses.replace(fields, branch_name="South"), ClientIdentity.NAME_AND_EMAIL)
    for branch in (None, "", "North", " North "):
        found = run(FindClient(" Acme ", "Office@example.com", branch))
        assert found.client_id == client_id


def test_the_balance_is_credit_less_what_is_unpaid(run, store):
    client_id = _create(run)
    other = _create(run, ClientFields(email="bob@example.com"))
    _invoice(store, client_id, 1, total=10000, paid=2500)
    _invoice(store, client_id, 2, status="Payment Pending", total=100)
    _invoice(store, client_id, 3, status="Collections", total=10)
    for number, status in enumerate(("Paid", "Cancelled", "Refunded", "Draft"), start=4):
        _invoice(store, client_id, number, status=status, total=7777)
    _invoice(store, client_id, 8, hidden=True, total=5555)
    _invoice(store, client_id, 9, currency="USD", total=3333)
    _invoice(store, other, 10, total=1)
    with store.write() as uow:
        uow.execute(
            sa.update(tables.clients).where(tables.clients.c.id == client_id).values(credit=3000)
        )
    client = run(GetClient(client_id)).client
    assert client.credit == Money(3000, "ZAR")
    assert client.balance == Money(3000 - 7500 - 100 - 10, "ZAR")
    assert [c.balance.hundredths for c in run(ListClients()).clients] == [-4610, -1]


def test_figures_count_by_status_and_lateness(run, store):
    client_id = _create(run)
    _invoice(store, client_id, 1, total=10000, paid=2500, due_on=date(2026, 3, 1))
    _invoice(store, client_id, 2, total=5000, due_on=date(2026, 3, 2))
    _invoice(store, client_id, 3, status="Paid", total=700, paid=700)
    with store.write() as uow:
        booked = {"client_id": client_id, "booked_at": datetime(2026, 2, 2, tzinfo=UTC)}
        uow.insert(
            tables.transactions, currency="ZAR", amount_in=2500, amount_out=0, fees=75, **booked
        )
        uow.insert(
            tables.transactions, currency="ZAR", amount_in=0, amount_out=100, fees=0, **booked
        )
        uow.insert(tables.transactions, currency="USD", amount_in=9999, **booked)
        product = uow.insert(
            tables.products, group_id=1, name="Web", product_type="hostingaccount"
        )
        at = {"client_id": client_id, "created_at": datetime(2026, 2, 2, tzinfo=UTC)}
        uow.insert(tables.services, product_id=product, status="Active", **at)
        uow.insert(tables.services, product_id=product, status="Suspended", **at)
        uow.insert(tables.services, product_id=99, status="Active", **at)
        uow.insert(tables.domains, name="example.com", status="Active", **at)
        uow.insert(tables.domains, name="example.org", status="Expired", **at)
    shown = run(GetClient(client_id, with_stats=True))
    stats = shown.stats
    assert (stats.currency_prefix, stats.currency_suffix) == ("R", " ZAR")
    assert stats.due == StatusTotal(2, Money(12500, "ZAR"))
    assert stats.overdue == StatusTotal(1, Money(7500, "ZAR"))
    assert set(stats.by_status) == set(InvoiceStatus)
    assert stats.by_status[InvoiceStatus.UNPAID] == StatusTotal(2, Money(15000, "ZAR"))
    assert stats.by_status[InvoiceStatus.PAID] == StatusTotal(1, Money(700, "ZAR"))
    assert stats.by_status[InvoiceStatus.DRAFT] == StatusTotal(0, Money(0, "ZAR"))
    assert stats.gross_revenue == Money(2500, "ZAR")
    assert stats.expenses == Money(175, "ZAR")
    assert stats.active_services == {"hostingaccount": 1, "other": 1}
    assert stats.all_services == {"hostingaccount": 2, "other": 1}
    assert (stats.active_domains, stats.all_domains) == (1, 2)
    assert (stats.accepted_quotes, stats.all_quotes) == (0, 0)


def test_figures_of_a_new_client_are_zero(run):
    stats = run(GetClient(_create(run), with_stats=True)).stats
    assert stats.due == stats.overdue == StatusTotal(0, Money(0, "ZAR"))
    assert stats.gross_revenue == stats.expenses == Money(0, "ZAR")
    assert (stats.active_services, stats.all_domains) == ({}, 0)


def test_the_largest_amount_is_shown(run, store):
    client_id = _create(run)
    _invoice(store, client_id, 1, total=MAX_HUNDREDTHS)
    assert run(GetClient(client_id)).client.balance == Money(-MAX_HUNDREDTHS, "ZAR")


def test_what_adds_up_to_more_than_one_amount_is_shown(run, store):
    """One client who owes that much must not keep all others from being listed."""
    client_id, other = _create(run), _create(run, ClientFields(email="bob@example.com"))
    for number in (1, 2):
        _invoice(store, client_id, number, total=MAX_HUNDREDTHS, paid=5)
    assert [str(c.balance) for c in run(ListClients()).clients] == ["-1799999999999.90", "0.00"]
    shown = run(GetClient(client_id, with_stats=True))
    assert str(shown.stats.due.total) == "1799999999999.90"
    assert str(shown.stats.by_status[InvoiceStatus.UNPAID].total) == "1800000000000.00"
    assert str(run(GetClient(other)).client.balance) == "0.00"


PEOPLE = (
    ("Ann", "Doe", "", "ann@example.com"),
    ("bob", "Ann", "Acme", "bob@example.com"),
    ("Carl", "50%", "annex", "carl@example.com"),
    ("Dora", "500", "Zed", "dora@example.com"),
)


@pytest.fixture
def people(run):
    for first, last, company, email in PEOPLE:
        _create(
            run,
            ClientFields(first_name=first, last_name=last, company_name=company, email=email),
        )


@pytest.mark.parametrize(
    ("search", "ids"),
    [
        ("ann", [1, 2, 3]),
        ("ANN@EX", [1]),
        ("ann d", [1]),
        ("Bob Ann", [2]),
        ("50%", [3]),
        ("example", []),
        (" ", [1, 2, 3, 4]),
        (None, [1, 2, 3, 4]),
    ],
)
def test_a_search_is_a_prefix_of_name_company_or_address(run, people, search, ids):
    listed = run(ListClients(search=search))
    assert [client.client_id for client in listed.clients] == ids
    assert listed.listing.total == len(ids)


@pytest.mark.parametrize(
    ("order_by", "descending", "ids"),
    [
        (None, False, [1, 2, 3, 4]),
        ("client_id", True, [4, 3, 2, 1]),
        ("first_name", False, [1, 2, 3, 4]),
        ("company_name", False, [1, 2, 3, 4]),
        ("email", True, [4, 3, 2, 1]),
        ("created_on", True, [1, 2, 3, 4]),
        ("no such column", False, [1, 2, 3, 4]),
    ],
)
def test_lists_are_ordered(run, people, order_by, descending, ids):
    listed = run(ListClients(order_by=order_by, descending=descending))
    assert [client.client_id for client in listed.clients] == ids


def test_lists_are_paged_and_filtered(run, people):
    run(UpdateClient(ClientFields(status=ClientStatus.CLOSED), 2))
    listed = run(ListClients(Page(offset=1, limit=1), status=ClientStatus.ACTIVE))
    assert (listed.listing.total, listed.listing.offset) == (3, 1)
    assert [client.client_id for client in listed.clients] == [3]
    assert run(ListClients(Page(limit=0))).clients == ()

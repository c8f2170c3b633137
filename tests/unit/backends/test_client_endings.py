"""Closing and deleting clients, their contacts, and their logins."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from adapter.billing.model import (
    ClientStatus,
    DocumentKind,
    InvoiceStatus,
    ItemStatus,
    QuoteStage,
    RecurringLine,
)
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AcceptOrder,
    AcceptQuote,
    AutoConvert,
    ClientFields,
    ClientIdentity,
    CloseClient,
    ContactFields,
    CreateBillableItem,
    CreateClient,
    CreateContact,
    CreateQuote,
    DeleteClient,
    DeleteContact,
    DeleteQuote,
    GenerateDueInvoices,
    GetClient,
    GetInvoice,
    GetStatistics,
    IssueDocument,
    ListActivity,
    ListClients,
    ListContacts,
    ListDomainPrices,
    LogActivity,
    OrderedDomain,
    OrderedProduct,
    PlaceOrder,
    QuoteFields,
    QuoteLine,
    RecordClientPayment,
    RecordPayment,
    UpdateClient,
    UpdateContact,
    ValidateLogin,
)
from adapter.errors import (
    ClientNotFound,
    ContactNotFound,
    EmailTaken,
    InvalidField,
    InvoiceNotFound,
    LoginInvalid,
    TooManyRequests,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)
LINE = RecurringLine(
    product_code="A1",
    quantity=Decimal(1),
    description="Hosting",
    unit_price=Decimal(100),
    currency="ZAR",
    vat_applies=False,
    vat_rate=Decimal(0),
    includes_vat=False,
)
BOB = ContactFields(first_name="Bob", email="bob@example.com")


@pytest.fixture
def busy(do, ann, shop):
    """Return Ann's order of a service and a domain, accepted and not paid."""
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    domains = (OrderedDomain("one.com", "register"),)
    placed = do(PlaceOrder(ann, "banktransfer", products=(product,), domains=domains))
    do(AcceptOrder(placed.order_id))
    return placed


def test_a_closed_client_has_nothing_that_is_billed(do, ann, busy, rows):
    do(CreateBillableItem(ann, "Work", Decimal(40)))
    do(CloseClient(ann))
    assert do(GetClient(ann)).client.status is ClientStatus.CLOSED
    assert rows(tables.services)[0]["status"] == ItemStatus.TERMINATED
    assert rows(tables.domains)[0]["status"] == ItemStatus.CANCELLED
    assert do(GetInvoice(busy.invoice_id)).invoice.status is InvoiceStatus.CANCELLED
    assert do(GenerateDueInvoices(), TODAY + timedelta(days=400)).count == 0


def test_a_deleted_client_leaves_no_personal_data_and_no_free_id(do, ann, busy, rows):
    do(UpdateClient(ClientFields(phone="021", notes="likes tea", custom=((1, "x"),)), ann))
    do(CreateContact(ann, BOB))
    do(LogActivity("Ann called", ann))
    do(DeleteClient(ann))
    row = rows(tables.clients)[0]
    assert row["hidden"]
    told = {name: value for name, value in row.items() if value and isinstance(value, str)}
    assert set(told) <= {"uuid", "status", "payment_method"}
    assert row["custom"] == {}
    assert rows(tables.contacts) == rows(tables.activity_log) == []
    for command in (GetClient(ann), DeleteClient(ann), CloseClient(ann), GetClient(email="")):
        with pytest.raises(ClientNotFound):
            do(command)
    assert do(ListClients()).clients == ()
    with pytest.raises(InvoiceNotFound):
        do(GetInvoice(busy.invoice_id))
    again = ClientFields(first_name="Ann", email="ann@example.com")
    assert do(CreateClient(again, ClientIdentity.EMAIL)).client_id > ann


def test_documents_of_every_kind_are_hidden_with_their_client(do, ann, rows):
    for kind in DocumentKind:
        if kind is not DocumentKind.PAYMENT:
            do(IssueDocument(kind, (LINE,), client_id=ann))
    do(RecordClientPayment(ann, Decimal(5)))
    do(DeleteClient(ann))
    documents = rows(tables.documents)
    assert all(row["hidden"] for row in documents)
    deleted = {row["noun"] for row in rows(tables.audit, deed="delete")}
    assert deleted == {*DocumentKind, "client"}


def test_no_proforma_becomes_an_invoice_of_a_closed_client(do, ann, rows):
    tomorrow = TODAY + timedelta(days=1)
    waiting = AutoConvert(tomorrow)
    do(IssueDocument(DocumentKind.PROFORMA, (LINE,), client_id=ann, convert=waiting))
    do(CloseClient(ann))
    assert do(GenerateDueInvoices(), today=tomorrow).count == 0
    assert [row["status"] for row in rows(tables.documents)] == ["Cancelled"]


def test_payments_of_a_deleted_client_are_hidden_only_where_asked_for(do, ann, ben, busy, rows):
    do(RecordPayment(busy.invoice_id))
    do(DeleteClient(ann))
    assert [row["hidden"] for row in rows(tables.transactions)] == [False]
    assert str(do(GetStatistics()).income_today) == "245.00"


def test_payments_are_hidden_where_asked_for(do, ann, busy, rows):
    do(RecordPayment(busy.invoice_id))
    do(DeleteClient(ann, delete_transactions=True))
    assert [row["hidden"] for row in rows(tables.transactions)] == [True]


def test_the_audit_of_contacts_names_fields_and_no_values(do, ann, rows):
    do(CreateContact(ann, BOB))
    assert "bob" not in str([row["detail"] for row in rows(tables.audit, noun="contact")])


def test_two_contacts_of_one_client_cannot_share_an_address(do, ann, ben):
    first = do(CreateContact(ann, BOB)).contact_id
    with pytest.raises(EmailTaken):
        do(CreateContact(ann, ContactFields(email="BOB@example.com ")))
    second = do(CreateContact(ann, ContactFields(email="rob@example.com"))).contact_id
    with pytest.raises(EmailTaken):
        do(UpdateContact(second, ContactFields(email="bob@example.com")))
    do(UpdateContact(first, ContactFields(email="bob@example.com", city="Durban")))
    do(CreateContact(ben, BOB))
    shown = do(ListContacts(email="Bob@Example.com")).contacts
    assert [(each.client_id, each.city) for each in shown] == [(ann, "Durban"), (ben, "")]


def test_somebody_goes_on_getting_mail_on_domains(do, ann):
    off = (("domain", False),)
    with pytest.raises(InvalidField):
        do(UpdateClient(ClientFields(email_preferences=off), ann))
    on = ContactFields(email_preferences=(("domain", True),))
    contact_id = do(CreateContact(ann, on)).contact_id
    do(UpdateClient(ClientFields(email_preferences=off), ann))
    with pytest.raises(InvalidField):
        do(UpdateContact(contact_id, ContactFields(email_preferences=off)))
    other = do(CreateContact(ann, on)).contact_id
    do(UpdateContact(contact_id, ContactFields(email_preferences=off)))
    assert do(ListContacts()).contacts[1].contact_id == other


def test_a_contact_that_is_deleted_is_gone(do, ann, rows):
    contact_id = do(CreateContact(ann, BOB)).contact_id
    do(DeleteContact(contact_id))
    assert rows(tables.contacts) == []
    for command in (DeleteContact(contact_id), UpdateContact(contact_id, BOB)):
        with pytest.raises(ContactNotFound):
            do(command)
    assert do(CreateContact(ann, BOB)).contact_id > contact_id


def test_quotes_that_can_still_be_accepted_are_counted(do, ann, rows):
    def quote(stage, until):
        lines = (QuoteLine("Design", Decimal(1), Decimal(50)),)
        fields = QuoteFields("Site", stage, until, client_id=ann, lines=lines)
        return do(CreateQuote(fields)).quote_id

    taken = quote(QuoteStage.DELIVERED, TODAY)
    assert do(GetStatistics()).valid_quotes == 1
    quote(QuoteStage.DRAFT, TODAY + timedelta(days=1))
    gone = quote(QuoteStage.ON_HOLD, TODAY)
    quote(QuoteStage.DELIVERED, TODAY - timedelta(days=1))
    quote(QuoteStage.LOST, TODAY)
    quote(QuoteStage.DEAD, TODAY)
    assert do(GetStatistics()).valid_quotes == 3
    do(AcceptQuote(taken))
    do(DeleteQuote(gone))
    assert do(GetStatistics()).valid_quotes == 1
    stats = do(GetClient(ann, with_stats=True)).stats
    assert (stats.accepted_quotes, stats.all_quotes) == (1, 5)


@pytest.fixture
def member(do):
    """Return the id of a client with a password."""
    fields = ClientFields(first_name="Eve", email="eve@example.com")
    return do(
        CreateClient(fields, ClientIdentity.EMAIL, send_email=False, password="s3cret")
    ).client_id


def test_a_password_is_told_right_from_wrong(slow_hashes, do, member, rows):
    login = do(ValidateLogin("EVE@example.com", "s3cret"))
    stored = rows(tables.clients)[0]["password_hash"]
    assert login.client_id == member
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert len(login.digest) == 64
    assert login.digest not in stored
    for email, password in (("eve@example.com", "S3cret"), ("no@example.com", "s3cret")):
        with pytest.raises(LoginInvalid):
            do(ValidateLogin(email, password))


def test_nobody_logs_in_without_a_password_or_to_a_closed_account(do, ann, member):
    do(CloseClient(member))
    for email, password in (("ann@example.com", ""), ("eve@example.com", "s3cret"), ("", "")):
        with pytest.raises(LoginInvalid):
            do(ValidateLogin(email, password))


def test_guessing_is_stopped_and_a_success_begins_anew(do, member):
    for _ in range(9):
        with pytest.raises(LoginInvalid):
            do(ValidateLogin("eve@example.com", "x"))
    do(ValidateLogin("eve@example.com", "s3cret"))
    for _ in range(10):
        with pytest.raises(LoginInvalid):
            do(ValidateLogin("eve@example.com", "x"))
    with pytest.raises(TooManyRequests):
        do(ValidateLogin("eve@example.com", "s3cret"))
    assert do(ValidateLogin("eve@example.com", "s3cret"), TODAY + timedelta(days=1)).client_id


def test_activity_is_listed_newest_first_and_filtered(do, ann, rows):
    do(LogActivity("First <b>{{ 7 * 7 }}</b>", ann))
    do(LogActivity("Second"))
    assert [each.description for each in do(ListActivity()).entries] == [
        "Second",
        "First <b>{{ 7 * 7 }}</b>",
    ]
    assert do(ListActivity(description="SECOND")).listing.total == 1
    assert do(ListActivity(description="100%")).listing.total == 0
    assert do(ListActivity(client_id=ann, on=TODAY)).listing.total == 1
    assert do(ListActivity(on=TODAY + timedelta(days=1))).listing.total == 0
    with pytest.raises(ClientNotFound):
        do(LogActivity("x", 999))


def test_figures_count_orders_and_money_of_the_day(do, busy):
    do(RecordPayment(busy.invoice_id))
    shown = do(GetStatistics(days=2))
    assert str(shown.income_today) == str(shown.income_all_time) == "245.00"
    assert sum(shown.orders_today.values()) == shown.orders_this_year == 1
    assert shown.days is not None
    assert list(shown.days) == [TODAY - timedelta(days=1), TODAY]
    assert shown.days[TODAY].accepted_orders == 1


def test_domain_prices_are_those_that_are_offered(do, shop):
    listed = do(ListDomainPrices())
    (price,) = listed.prices
    assert (price.tld, price.register) == (
        "com",
        {1: Money(12000, "ZAR"), 2: Money(22000, "ZAR")},
    )

"""Why a billable is due or is not, and what made an invoice."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.errors import BillableNotFound, InvoiceNotFound
from adapter.store import tables
from adapter.store.explaining import explain_billable, explain_invoice
from adapter.store.explaining.words import inputs_in_words
from adapter.store.run.by_hand import issue_held
from adapter.store.setup.settings import change_settings

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def why(shop):
    """Explain a billable as of today."""

    def explain(kind, billable_id, on=TODAY):
        with shop.store.read() as uow:
            return explain_billable(uow, kind, billable_id, on)

    return explain


@pytest.mark.parametrize(
    ("values", "state", "part"),
    [
        ({}, "due", "due on 2026-03-10, invoiced from 2026-02-24: the next run bills it"),
        ({"next_due_on": date(2026, 3, 31)}, "waiting", "invoiced from 2026-03-17"),
        ({"last_issued_on": TODAY}, "waiting", "invoiced on 2026-03-02: one a day"),
        ({"status": "Terminated"}, "off", "its status is Terminated; billed are Active, Pending"),
        ({"cancellation_requested": True}, "off", "its cancellation was requested"),
        ({"cycle": "Free Account"}, "off", "it is free"),
        ({"cycle": "One Time", "generation_count": 1}, "ended", "it was to be invoiced once"),
        ({"next_due_on": None}, "off", "it has no due date"),
        ({"parked_reason": "No price", "parked_at": NOW}, "parked", "No price"),
        ({"owner": "legacy"}, "elsewhere", "legacy bills it"),
    ],
)
def test_a_service_says_why_it_is_due_or_not(shop, why, values, state, part):
    given = {"next_due_on": date(2026, 3, 10)} | values
    service = shop.service(shop.client(), given.pop("next_due_on"), **given)
    told = why(BillableKind.SERVICE, service)
    assert told.state == state
    assert part in told.why


def test_an_unpaid_service_names_the_invoice_it_waits_for(shop, why):
    service = shop.service(shop.client(), date(2026, 3, 10))
    invoice = shop.generate().latest_invoice_id or 0
    told = why(BillableKind.SERVICE, service)
    assert told.state == "unpaid"
    assert f"the period of 2026-03-10 is on invoice {invoice} (Unpaid)" in told.why
    assert told.documents[0].startswith(f"{invoice}: 2026-03-10 until 2026-04-10, Unpaid")
    shop.pay(invoice)
    told = why(BillableKind.SERVICE, service)
    assert (told.state, told.invoiced_from) == ("waiting", date(2026, 3, 27))


def test_what_is_out_of_the_queue_for_no_reason_is_lost(shop, why):
    service = shop.service(shop.client(), date(2026, 3, 10))
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.services).values(next_invoice_on=None))
    assert why(BillableKind.SERVICE, service).state == "lost"


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "due"),
        ({"do_not_renew": True}, "off"),
        ({"recurring_amount": 0}, "off"),
        ({"status": "Expired"}, "off"),
    ],
)
def test_a_domain_says_why_it_is_due_or_not(shop, why, values, state):
    row = {"next_due_on": TODAY, "registered_on": date(2025, 3, 2), "recurring_amount": 100}
    client = shop.client()
    domain = shop.billable(BillableKind.DOMAIN, client, **(row | {"status": "Active"} | values))
    assert why(BillableKind.DOMAIN, domain).state == state


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({"action": "nextinvoice"}, "riding"),
        ({"action": "noinvoice"}, "off"),
        ({"action": "duedate"}, "off"),
        ({"action": "duedate", "generation_count": 1}, "ended"),
        ({"action": "nextcron"}, "due"),
        ({"action": "recur", "recur_times": 2, "generation_count": 2}, "ended"),
    ],
)
def test_an_item_says_what_its_action_means(shop, why, values, state):
    row = {
        "description": "Work",
        "quantity": Decimal(1),
        "amount": 100,
        "recur_every": 1,
        "recur_unit": "Months",
        "entered_on": TODAY,
    }
    item = shop.billable(BillableKind.BILLABLE_ITEM, shop.client(), **(row | values))
    assert why(BillableKind.BILLABLE_ITEM, item).state == state


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "due"),
        ({"paused": True}, "paused"),
        ({"ended": True, "recurrence_limit": 1, "generation_count": 1}, "ended"),
        ({"ended": True, "generation_count": 1}, "ended"),
    ],
)
def test_a_recurring_invoice_says_why_it_is_due_or_not(shop, why, values, state):
    made = shop.recurring(shop.client(), TODAY, **values)
    assert why(BillableKind.RECURRING_INVOICE, made).state == state


def test_held_dates_are_named(shop, why):
    made = shop.recurring(shop.client(), TODAY, catch_up="latest")
    shop.generate(on=date(2026, 5, 2))
    told = why(BillableKind.RECURRING_INVOICE, made)
    assert told.held == {"2026-03-02": "catch_up", "2026-04-02": "catch_up"}


def test_an_invoice_names_rule_inputs_run_and_the_settings_of_its_time(shop):
    shop.service(shop.client(), date(2026, 3, 10))
    invoice = shop.generate().latest_invoice_id or 0
    later = shop.context(TODAY + timedelta(days=1))
    with shop.store.write() as uow:
        change_settings(uow, later, {"CreateInvoiceDaysBefore": "30"})
    with shop.store.read() as uow:
        told = explain_invoice(uow, invoice)
    assert told.run is not None
    assert (told.run.kind, told.run.caller, told.run.run_on) == ("api", "tests", TODAY)
    (claim,) = told.claims
    assert (claim.rule, claim.period) == ("period", "2026-03-10 until 2026-04-10")
    assert claim.same_today is True
    assert claim.settings["CreateInvoiceDaysBefore"] == "14"
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.services).values(recurring_amount=1))
    with shop.store.read() as uow:
        assert explain_invoice(uow, invoice).claims[0].same_today is False


def test_each_document_of_a_recurring_invoice_has_its_own_inputs(shop):
    made = shop.recurring(shop.client(), date(2026, 1, 2), increase_interval=2)
    with shop.store.write() as uow:
        template = tables.recurring_invoices
        uow.execute(sa.update(template).values(increase_percentage=Decimal(5)))
    for month in (1, 2, 3):
        shop.generate(on=date(2026, month, 2))
    with shop.store.read() as uow:
        told = [explain_invoice(uow, row["id"]).claims[0] for row in shop.documents()]
    assert [(claim.billable_id, claim.same_today) for claim in told] == [(made, True)] * 3


@pytest.mark.parametrize(
    ("digest", "words"),
    [
        ("1595:1:4", "15.95, taxed, 4 invoiced before"),
        ("-5:0:0", "-0.05, not taxed, 0 invoiced before"),
        ("c0ffee", "hash c0ffee"),
    ],
)
def test_inputs_are_told_where_they_can_be_read(digest, words):
    assert inputs_in_words(digest) == words


def made_by(shop, invoice):
    with shop.store.read() as uow:
        told = explain_invoice(uow, invoice)
    assert told.run is None
    return told.made_by


def test_an_invoice_of_a_held_date_names_the_operator(shop):
    made = shop.recurring(shop.client(), TODAY, catch_up="latest")
    shop.generate(on=date(2026, 5, 2))
    with shop.store.write() as uow:
        kind = BillableKind.RECURRING_INVOICE
        invoice = issue_held(uow, shop.context(date(2026, 5, 2)), kind, made, TODAY)
    assert made_by(shop, invoice) == "an operator, who billed a held date"


@pytest.mark.parametrize(
    ("rule", "made"),
    [("imported", "the system it was imported from"), ("first", "order 1, as its first invoice")],
)
def test_an_invoice_without_a_run_names_what_it_comes_from(shop, rule, made):
    client = shop.client()
    shop.service(client, date(2026, 3, 10))
    invoice = shop.generate().latest_invoice_id or 0
    placed = {"order_number": 7, "client_id": client, "placed_at": NOW, "amount": 1}
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.documents).values(run_id=None))
        uow.execute(sa.update(tables.claims).values(rule=rule))
        uow.insert(tables.orders, invoice_id=invoice, **placed)
    assert made_by(shop, invoice) == made
    with shop.store.read() as uow:
        (claim,) = explain_invoice(uow, invoice).claims
    # Which settings the other system went by is not known here.
    assert bool(claim.settings) is (rule != "imported")


def test_an_invoice_of_a_call_names_caller_and_request(shop):
    shop.service(shop.client(), date(2026, 3, 10))
    invoice = shop.generate().latest_invoice_id or 0
    context = shop.context(TODAY)
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.documents).values(run_id=None))
        uow.audit(context, "create", "invoice", invoice)
    call = f"a call of tests, request {context.request_id}, outside of any run"
    assert made_by(shop, invoice) == call


def test_unknown_ids_are_errors(shop):
    with shop.store.read() as uow:
        with pytest.raises(BillableNotFound):
            explain_billable(uow, BillableKind.DOMAIN, 7, TODAY)
        with pytest.raises(InvoiceNotFound):
            explain_invoice(uow, 7)

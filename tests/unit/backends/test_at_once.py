"""Callers that check and then write, all at the same moment: only one of them is the first."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import InvoiceStatus, RecurringLine
from adapter.billing.schedule import Cycle, Frequency
from adapter.commands.model import (
    AcceptOrder,
    AddCredit,
    ChangeSetting,
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    GetInvoice,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    RequestCancellation,
    UpdateClient,
    UpdateInvoice,
)
from adapter.errors import AdapterError, StoreUnavailable
from adapter.store import tables
from adapter.store.unit_of_work import Conflict

CALLERS = 6
FIELDS = ClientFields(first_name="Cat", last_name="Poe", email="cat@example.com", country="ZA")
LINE = RecurringLine(
    product_code="",
    quantity=Decimal(1),
    description="Rent",
    unit_price=Decimal(100),
    currency="ZAR",
    vat_applies=True,
    vat_rate=Decimal(15),
    includes_vat=False,
    custom=("", "", "", "", ""),
    cost_price=None,
    discount_percentage=None,
)


@pytest.fixture
def at_once(do):
    """Execute commands, each in a thread; return what each answered or why it was refused."""

    def execute(*commands):
        together = threading.Barrier(len(commands))

        def call(command):
            together.wait(10)
            try:
                return do(command)
            except StoreUnavailable:
                raise
            except AdapterError as error:
                return error

        with ThreadPoolExecutor(len(commands)) as threads:
            return list(threads.map(call, commands))

    return execute


@pytest.fixture
def order(do, ann, shop):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    return do(PlaceOrder(ann, "banktransfer", products=(product,)))


def _codes(answers):
    return sorted(each.code for each in answers if isinstance(each, AdapterError))


def test_one_address_makes_one_client(at_once, rows):
    answers = at_once(*[CreateClient(FIELDS, ClientIdentity.EMAIL)] * CALLERS)
    assert _codes(answers) == ["email_taken"] * (CALLERS - 1)
    assert len(rows(tables.clients, email_key="cat@example.com")) == 1


def test_one_name_and_address_make_one_client(at_once, rows):
    answers = at_once(*[CreateClient(FIELDS, ClientIdentity.NAME_AND_EMAIL)] * CALLERS)
    assert len({answer.client_id for answer in answers}) == 1
    assert sum(answer.created for answer in answers) == 1
    assert len(rows(tables.clients, email_key="cat@example.com")) == 1


def test_two_clients_cannot_both_take_an_address(at_once, ann, ben, rows):
    changes = ClientFields(email="new@example.com")
    answers = at_once(*(UpdateClient(changes, client_id) for client_id in (ann, ben)))
    assert _codes(answers) == ["email_taken"]
    assert len(rows(tables.clients, email_key="new@example.com")) == 1


def test_changes_of_one_client_are_all_kept(at_once, ann, rows):
    answers = at_once(
        *(UpdateClient(ClientFields(custom=((n, f"v{n}"),)), ann) for n in range(1, 7))
    )
    assert _codes(answers) == []
    (client,) = rows(tables.clients, id=ann)
    assert client["custom"] == {str(n): f"v{n}" for n in range(1, 7)}


def test_payments_at_once_are_all_booked_and_credit_is_what_was_too_much(
    at_once, order, ann, rows, do
):
    pay = [RecordPayment(order.invoice_id, f"T{n}", amount=Decimal(50)) for n in range(CALLERS)]
    assert _codes(at_once(*pay)) == []
    invoice = do(GetInvoice(order.invoice_id)).invoice
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == CALLERS * 5000 - 12500
    assert sum(row["amount"] for row in rows(tables.credits_log)) == client["credit"]
    (service,) = rows(tables.services)
    assert service["next_due_on"] == date(2026, 4, 2)
    assert service["next_invoice_on"] == date(2026, 4, 2)


def test_one_payment_sent_many_times_is_booked_once(at_once, order, rows):
    pay = RecordPayment(order.invoice_id, "T1", amount=Decimal(50))
    assert _codes(at_once(*[pay] * CALLERS)) == []
    assert len(rows(tables.transactions)) == 1


def test_credit_is_never_spent_twice(at_once, do, ann, rows):
    do(AddCredit(ann, "gift", Decimal(100)))
    take = AddCredit(ann, "back", Decimal(40), remove=True)
    answers = at_once(*[take] * CALLERS)
    assert _codes(answers) == ["insufficient_credit"] * (CALLERS - 2)
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == 2000


def test_credit_used_on_an_invoice_and_taken_out_is_spent_once(at_once, do, order, ann, rows):
    do(AddCredit(ann, "gift", Decimal(100)))
    answers = at_once(
        UpdateInvoice(order.invoice_id, credit=Decimal(80)),
        AddCredit(ann, "back", Decimal(80), remove=True),
    )
    assert _codes(answers) == ["insufficient_credit"]
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == 2000


def test_an_order_is_accepted_once(at_once, order):
    answers = at_once(*[AcceptOrder(order.order_id)] * CALLERS)
    assert _codes(answers) == ["order_not_found"] * (CALLERS - 1)


def test_a_service_is_cancelled_once(at_once, order, rows):
    (service_id,) = order.service_ids
    request = RequestCancellation(service_id, reason="moving", immediate=False)
    answers = at_once(*[request] * CALLERS)
    assert _codes(answers) == ["cancellation_exists"] * (CALLERS - 1)
    assert len(rows(tables.cancellation_requests)) == 1


def test_a_promotion_for_new_clients_is_used_once(at_once, ann, shop, promotion):
    promotion("WELCOME", "Percentage", "10.00", new_signups=True)
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    place = PlaceOrder(ann, "banktransfer", products=(product,), promotion_code="WELCOME")
    assert _codes(at_once(*[place] * CALLERS)) == ["promotion_invalid"] * (CALLERS - 1)


def test_the_last_use_of_a_promotion_is_taken_once(at_once, ann, ben, shop, promotion):
    promotion("LAST", "Percentage", "10.00", max_uses=1)
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    answers = at_once(
        *(
            PlaceOrder(client, "banktransfer", products=(product,), promotion_code="LAST")
            for client in (ann, ben)
        )
    )
    assert _codes(answers) == ["promotion_invalid"]


def test_settings_changed_at_once_are_all_kept(at_once, do, order, rows):
    names = ("NoAutoApplyCredit", "ContinuousInvoiceGeneration", "TaxEnabled")
    changes = [ChangeSetting(name, "on") for name in names]
    assert _codes(at_once(*changes, *changes)) == []
    stored = {row["name"]: row["value"] for row in rows(tables.settings)}
    assert {name: stored.get(name) for name in names} == dict.fromkeys(names, "on")


def test_everything_at_once_leaves_documents_numbered_without_gaps(at_once, ann, ben, shop, rows):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    orders = [PlaceOrder(client, "banktransfer", products=(product,)) for client in (ann, ben)]
    creates = [
        CreateRecurringInvoice(
            lines=(LINE,),
            frequency=Frequency.MONTHLY,
            start_on=date(2026, 3, 2),
            new_client=replace(FIELDS, email=f"c{n}@example.com"),
        )
        for n in range(4)
    ]
    answers = at_once(*orders, *creates, *orders, *[GenerateDueInvoices()] * 3, *creates)
    assert _codes(answers) == []
    at_once(GenerateDueInvoices(), GenerateDueInvoices())
    documents = rows(tables.documents)
    assert len(documents) == 4 + 8
    assert sorted(row["number"] for row in documents) == list(range(1, 13))
    ids = [row["id"] for row in documents + rows(tables.recurring_invoices)]
    assert sorted(ids) == list(range(1, 21))
    assert len(rows(tables.clients)) == 2 + 4


@pytest.mark.parametrize(("undone", "codes"), [(1, []), (2, ["store_unavailable"])])
def test_a_transaction_that_was_undone_for_another_one_is_done_once_more(
    do, store, ann, monkeypatch, undone, codes
):
    write, left = store.write, [Conflict] * undone

    @contextmanager
    def undo(**options):
        with write(**options) as uow:
            yield uow
            if left:
                raise left.pop()

    monkeypatch.setattr(store, "write", undo)
    refused = []
    try:
        do(AddCredit(ann, "gift", Decimal(100)))
    except StoreUnavailable as error:
        refused = [error.code]
    assert refused == codes
    with store.read() as uow:
        row = uow.row(tables.clients, ann)
    assert row is not None
    assert row["credit"] == (0 if codes else 10000)


def test_one_refused_recurring_invoice_is_no_harm_to_the_others(at_once, ann, rows):
    right = CreateRecurringInvoice(
        Frequency.MONTHLY, date(2026, 3, 2), (LINE,), client_id=ann, order_number="right"
    )
    unlisted = replace(right, lines=(replace(LINE, currency="XXX"),))
    nobody = replace(right, client_id=ann + 1000)
    answers = at_once(*[right, unlisted, right, nobody] * 3)
    assert _codes(answers) == sorted(["client_not_found", "currency_not_listed"] * 3)
    made = sorted(each.document_id for each in answers if not isinstance(each, AdapterError))
    # Ids have no gaps, whoever was refused between them.
    assert made == list(range(made[0], made[0] + 6))
    assert [row["id"] for row in rows(tables.recurring_invoices)] == made
    assert len(rows(tables.recurring_lines)) == 6
    assert [row["record_id"] for row in rows(tables.audit, noun="recurring")] == made

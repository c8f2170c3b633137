"""What a look-up finds, what it proves absent, and what it leaves open."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.backends.base import Proof
from adapter.billing.model import DocumentKind, Increase, InvoiceStatus
from adapter.billing.schedule import Cycle
from adapter.commands import model, results
from adapter.commands.model import ClientFields, ClientIdentity, UpdateClient
from adapter.errors import (
    BadAnswer,
    NotProved,
    NotSent,
    TransactionIdTaken,
)
from adapter.store import tables
from tests.forwarding import Spoil
from tests.unit.backends.forward.cases import (
    ANN,
    POSITIONAL_ACME,
    SCHEDULE,
    connector,
    look_up,
)


def product(at: Any) -> int:
    price = model.CyclePrice(1, Cycle.MONTHLY, Decimal(10))
    made: int = at(model.CreateProduct("Web", 1, prices=(price,))).product_id
    return made


def ordered(at: Any) -> Any:
    client = at(ANN).client_id
    return at(
        model.PlaceOrder(
            client,
            "banktransfer",
            (model.OrderedProduct(product(at), cycle=Cycle.MONTHLY, domain="a.example"),),
        )
    )


def test_a_form_post_client_is_looked_up_by_address_and_details(wire, context, at):
    backend = connector(wire)
    assert look_up(backend, ANN, context) is None
    made = at(ANN)
    assert look_up(backend, ANN, context) == made
    taken = connector(wire, taken=lambda result: result == made)
    for other, looked in (
        (ANN, taken),
        (replace(ANN, client=replace(ANN.client, city="Paarl")), backend),
    ):
        with pytest.raises(NotProved, match="another client has the e-mail address"):
            look_up(looked, other, context)


def test_a_payment_is_looked_up_by_its_transaction(wire, context, at):
    invoice_id = ordered(at).invoice_id
    payment = model.RecordPayment(invoice_id, "tx-1", "banktransfer", Decimal(2))
    backend = connector(wire)
    assert backend.proof(payment) is Proof.NATURAL
    assert backend.proof(replace(payment, transaction_id=" ")) is Proof.NONE
    assert look_up(backend, payment, context) is None
    at(payment)
    found = look_up(backend, payment, context)
    assert found == results.PaymentRecorded(invoice_id)
    with pytest.raises(NotProved):
        look_up(backend, replace(payment, invoice_id=99), context)


def test_a_transaction_is_looked_up_by_its_id_invoice_and_amounts(wire, context, at):
    invoice_id = ordered(at).invoice_id
    booked = model.RecordTransaction(
        "banktransfer", 1, invoice_id, transaction_id="tx-9", amount_in=Decimal(4), fees=Decimal(1)
    )
    credit = model.RecordTransaction(
        "banktransfer", 1, transaction_id="tx-10", amount_in=Decimal(5), as_credit=True
    )
    backend = connector(wire)
    assert backend.proof(booked) is Proof.NATURAL
    assert backend.proof(replace(booked, transaction_id=" ")) is Proof.NONE
    assert backend.proof(replace(booked, allow_duplicate=True)) is Proof.NONE
    for command in (booked, credit):
        assert look_up(backend, command, context) is None
        made = at(command)
        assert look_up(backend, command, context) == made
    # Another booking under the same id: sent again, this one is refused there.
    for other in (replace(booked, amount_in=Decimal(3)), replace(booked, invoice_id=None)):
        assert look_up(backend, other, context) is None
        with pytest.raises(TransactionIdTaken):
            at(other)


def test_an_order_is_accepted_or_still_pending(wire, context, at):
    order_id = ordered(at).order_id
    accept = model.AcceptOrder(order_id)
    backend = connector(wire)
    assert look_up(backend, accept, context) is None
    at(accept)
    assert look_up(backend, accept, context) == results.OrderAccepted(order_id)
    with pytest.raises(NotProved):
        look_up(backend, model.AcceptOrder(99), context)


def test_products_that_are_alike_are_told_apart_by_what_other_attempts_made(wire, context, at):
    wanted = model.CreateProduct("Web", 1)
    assert look_up(connector(wire), wanted, context) is None
    first = product(at)
    assert look_up(connector(wire), wanted, context) == results.ProductCreated(first)
    second = product(at)
    with pytest.raises(NotProved, match="2 products are alike"):
        look_up(connector(wire), wanted, context)
    known = connector(wire, taken=lambda result: result == results.ProductCreated(first))
    assert look_up(known, wanted, context) == results.ProductCreated(second)


def test_a_change_is_proved_by_being_in_force_and_never_by_another_value(wire, context, at):
    placed = ordered(at)
    backend = connector(wire)
    (service_id,) = placed.service_ids
    at(model.AcceptOrder(placed.order_id))
    (line_id,) = [each.line_id for each in at(model.GetInvoice(placed.invoice_id)).invoice.lines][
        :1
    ]
    changes: list[tuple[model.Command, model.Command]] = [
        (
            UpdateClient(ClientFields(city="Paarl", tax_exempt=False, notes="x"), client_id=1),
            UpdateClient(ClientFields(city="Knysna"), client_id=1),
        ),
        (
            UpdateClient(ClientFields(custom=((1, "x"),)), email="ann@example.com"),
            UpdateClient(ClientFields(custom=((1, "y"),)), email="ann@example.com"),
        ),
        (
            model.UpdateInvoice(placed.invoice_id, notes="paid soon", due_on=date(2026, 4, 1)),
            model.UpdateInvoice(placed.invoice_id, status=InvoiceStatus.CANCELLED),
        ),
        (
            model.UpdateInvoice(
                placed.invoice_id,
                lines=(model.InvoiceLineChange("Web", Decimal(12), False, line_id),),
            ),
            model.UpdateInvoice(placed.invoice_id, delete_line_ids=(line_id,)),
        ),
        (
            model.UpdateService(service_id, recurring_amount=Decimal(9), cycle=Cycle.ANNUALLY),
            model.UpdateService(service_id, recurring_amount=Decimal(8)),
        ),
        (model.ChangeSetting("CompanyName", "Acme"), model.ChangeSetting("CompanyName", "B")),
    ]
    for change, other in changes:
        with pytest.raises(NotProved):
            look_up(backend, change, context)
        made = at(change)
        assert backend.proof(change) is Proof.NATURAL
        assert type(look_up(backend, change, context)) is type(made)
        with pytest.raises(NotProved):
            look_up(backend, other, context)
    new_line = model.InvoiceLineChange("More", Decimal(1), taxed=False)
    added = model.UpdateInvoice(placed.invoice_id, lines=(new_line,))
    assert backend.proof(added) is Proof.NONE
    for unknown in (
        UpdateClient(ClientFields(city="X"), client_id=99),
        UpdateClient(ClientFields(ip_address="192.0.2.1"), client_id=1),  # shown nowhere
        model.UpdateService(99, notes="x"),
        model.UpdateService(service_id, recalculate=True),
        model.UpdateInvoice(99, notes="x"),
    ):
        with pytest.raises(NotProved):
            look_up(backend, unknown, context)


def test_a_domain_is_proved_by_its_values(wire, context, at, upstream):
    client = at(ANN).client_id
    with upstream.store.write() as uow:
        uow.insert(
            tables.domains,
            client_id=client,
            order_id=0,
            name="a.example",
            kind="Register",
            years=1,
            payment_method="banktransfer",
            status="Active",
            created_at=upstream.now(),
        )
    change = model.UpdateDomain(1, registrar="them", do_not_renew=True)
    backend = connector(wire)
    with pytest.raises(NotProved):
        look_up(backend, change, context)
    at(change)
    assert look_up(backend, change, context) == results.DomainUpdated(1)


@pytest.mark.parametrize(
    "command",
    [
        model.PlaceOrder(1, "x"),
        model.CreateBillableItem(1, "a", Decimal(1)),
        model.AddCredit(1, "a", Decimal(1)),
        model.GenerateDueInvoices(),
        model.RequestCancellation(1),
        model.UpdateServiceAddon(1, notes="x"),
        model.GetClient(1),
    ],
)
def test_what_leaves_nothing_to_look_up_has_no_proof(command, wire, context):
    assert connector(wire).proof(command) is Proof.NONE
    with pytest.raises(NotProved):
        look_up(connector(wire), command, context)
    assert wire.requests == []


def test_positional_records_are_looked_up_by_their_business_fields(wire, context, at):
    backend = connector(wire, "invoicesonline")
    assert look_up(backend, POSITIONAL_ACME, context) is None
    schedule = replace(SCHEDULE, discount_percentage=None, discount_amount=Decimal(7))
    assert look_up(backend, schedule, context) is None  # no client yet
    client = at(POSITIONAL_ACME).client_id
    assert look_up(backend, POSITIONAL_ACME, context) == results.ClientCreated(client)
    assert look_up(backend, schedule, context) is None
    for other in (date(2026, 3, 1), date(2026, 3, 3)):
        at(replace(schedule, start_on=other))
    at(replace(schedule, recurrence_limit=3, discount_amount=Decimal(8)))
    assert look_up(backend, schedule, context) is None
    raised = replace(schedule, increase=Increase(Decimal(5), 12))
    with pytest.raises(NotProved, match="after an increase"):
        look_up(backend, raised, context)
    made = at(schedule)
    found = results.RecurringInvoiceCreated(made.document_id, client)
    by_id = replace(schedule, new_client=None, client_id=client)
    for command in (schedule, by_id):
        assert look_up(backend, command, context) == found
    at(model.GenerateDueInvoices())  # its next date is a later one now
    assert look_up(backend, schedule, context) == found
    at(by_id)
    with pytest.raises(NotProved, match="2 recurring invoices of the client are alike"):
        look_up(backend, schedule, context)


def test_a_positional_client_is_changed_when_the_change_is_in_force(wire, context, at):
    backend = connector(wire, "invoicesonline")
    client = at(POSITIONAL_ACME).client_id
    pair = ClientIdentity.NAME_AND_EMAIL
    change = UpdateClient(ClientFields(city="Paarl", mobile="082"), client, identity=pair)
    assert backend.proof(change) is Proof.NATURAL
    with pytest.raises(NotProved, match="not in force"):
        look_up(backend, change, context)
    done = at(change)
    assert look_up(backend, change, context) == done
    for unproved in (
        UpdateClient(ClientFields(website="w.example"), client, identity=pair),  # not shown there
        UpdateClient(ClientFields(city="Paarl"), 99, identity=pair),
    ):
        with pytest.raises(NotProved):
            look_up(backend, unproved, context)


def test_an_invoice_is_absent_where_no_invoice_has_its_order_number(wire, context, at):
    backend = connector(wire, "invoicesonline")
    line = replace(SCHEDULE.lines[0], unit_price=Decimal(10))
    client = at(POSITIONAL_ACME).client_id
    kind = model.IssueDocument
    invoice = kind(DocumentKind.INVOICE, (line,), client_id=client, order_number="4711")
    assert backend.proof(invoice) is Proof.NATURAL
    for other in (
        replace(invoice, order_number=""),
        replace(invoice, order_number="A1"),
        replace(invoice, order_number="011"),
        replace(invoice, kind=DocumentKind.CREDIT_NOTE),
    ):
        assert backend.proof(other) is Proof.NONE
        with pytest.raises(NotProved):
            look_up(backend, other, context)
    stranger = replace(POSITIONAL_ACME.client, email="new@example.com")
    of_nobody = replace(invoice, client_id=None, new_client=stranger)
    of_acme = replace(invoice, client_id=None, new_client=POSITIONAL_ACME.client)
    for absent in (invoice, of_nobody, of_acme):
        assert look_up(backend, absent, context) is None
    at(invoice)
    assert look_up(backend, of_nobody, context) is None
    for there in (invoice, of_acme):
        # It may be another attempt's: never taken for this one, and never sent again.
        with pytest.raises(NotProved, match="order number"):
            look_up(backend, there, context)


def test_a_look_up_that_is_not_answered_proves_nothing(wire, context):
    for spoil, error in (
        (Spoil.UNSENT, NotSent),
        (Spoil.GARBAGE_AFTER, BadAnswer),
    ):
        wire.plan = {len(wire.requests): spoil}
        with pytest.raises(error):
            look_up(connector(wire), ANN, context)

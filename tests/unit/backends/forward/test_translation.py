"""Positional calls at a form-post upstream: translated exactly, or refused by name."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapter.backends.base import Proof
from adapter.billing.model import Increase, ItemAction
from adapter.billing.schedule import Frequency
from adapter.commands import model, results
from adapter.commands.model import ClientFields, ClientIdentity, UpdateClient
from adapter.errors import (
    BadAnswer,
    CannotExpress,
    ClientNotFound,
    CurrencyNotListed,
    NotProved,
    NotSent,
    OutcomeLost,
)
from adapter.protocols.invoicesonline import Quirks
from adapter.protocols.invoicesonline.replies import client_map
from adapter.store import tables
from tests.forwarding import Spoil
from tests.unit.backends.forward.cases import (
    ACME,
    ANN,
    LINE,
    POSITIONAL_ACME,
    SCHEDULE,
    TERMS,
    TODAY,
    connector,
    look_up,
    rows,
    say,
    sent_by,
)


def test_a_recurring_invoice_becomes_its_client_and_an_item_per_line(wire, context, upstream, at):
    created = say(connector(wire), SCHEDULE, sent_by(context, "invoicesonline"))
    assert wire.calls == ["GetClientsDetails", "AddClient", "AddBillableItem", "AddBillableItem"]
    (client,) = rows(upstream, tables.clients)
    assert (client["invoice_name"], client["email"]) == ("Acme Ltd", "acme@example.com")
    assert (client["city"], client["country"]) == ("Cape Town", "ZA")
    items = rows(upstream, tables.billable_items)
    assert created == results.RecurringInvoiceCreated(items[0]["id"], client["id"])
    assert [
        (item["description"], item["amount"], item["recur_every"], item["recur_unit"])
        for item in items
    ] == [("Hosting", 17999, 1, "Months"), ("Mail", 1800, 1, "Months")]
    assert {(item["recur_times"], item["next_due_on"]) for item in items} == {(12, TODAY)}
    assert {item["action"] for item in items} == {"recur"}

    # What the upstream issues comes to what the recurring invoice would have.
    at(model.GenerateDueInvoices())
    (invoice,) = at(model.ListInvoices()).invoices
    twin = at(replace(SCHEDULE, new_client=replace(ACME, invoice_name="Twin")))
    at(model.GenerateDueInvoices(client_id=twin.client_id))
    (own,) = at(model.ListInvoices(client_id=twin.client_id)).invoices
    assert str(invoice.total) == str(own.total) == "227.69"
    assert (invoice.issued_on, invoice.subtotal, invoice.tax) == (TODAY, own.subtotal, own.tax)


def test_the_client_is_found_by_its_e_mail_address_and_keeps_its_details(wire, context, at):
    sent = sent_by(context, "invoicesonline")
    known = at(
        model.CreateClient(
            ClientFields(
                company_name="Acme Ltd", email="acme@example.com", city="Paarl", country="ZA"
            ),
            ClientIdentity.EMAIL,
        )
    )
    created = say(connector(wire), SCHEDULE, sent)
    assert wire.calls == ["GetClientsDetails", "AddBillableItem", "AddBillableItem"]
    assert (created.client_id, created.kept_fields) == (known.client_id, ("city",))
    by_id = replace(SCHEDULE, new_client=None, client_id=known.client_id)
    assert say(connector(wire), by_id, sent).kept_fields == ()
    with pytest.raises(ClientNotFound) as caught:
        say(connector(wire), replace(by_id, client_id=77), sent)
    assert caught.value.record_id == 77


def test_items_are_invoiced_on_the_dates_of_the_schedule_however_far_in_advance(
    wire, context, at, upstream
):
    at(model.ChangeSetting("CreateInvoiceDaysBefore", "14"))
    start = date(2026, 3, 10)
    ahead = connector(wire, terms=replace(TERMS, days_in_advance=14))
    say(ahead, changed(start_on=start), sent_by(context, "invoicesonline"))
    assert {each["next_due_on"] for each in rows(upstream, tables.billable_items)} == {
        date(2026, 3, 24)
    }
    issued = []
    for day in range(95):
        upstream.move_clock(TODAY + timedelta(days=day))
        if at(model.GenerateDueInvoices()).count:
            issued.append(upstream.today)
    assert issued == [start, date(2026, 4, 10), date(2026, 5, 10)]


def changed(**values: Any) -> model.CreateRecurringInvoice:
    return replace(SCHEDULE, **values)


def line(**values: Any) -> model.CreateRecurringInvoice:
    return changed(lines=(replace(LINE, **values),))


UNSAYABLE = [
    (changed(increase=Increase(Decimal(5), 12)), TERMS, "the automatic increase"),
    (changed(paused=True), TERMS, "the paused start"),
    (changed(order_number="7"), TERMS, "the order number"),
    (changed(custom_values=("x", *[""] * 9)), TERMS, "the custom values"),
    (changed(number_prefix="A"), TERMS, "the prefix or suffix"),
    (changed(number_suffix="A"), TERMS, "the prefix or suffix"),
    (changed(send_email=False), TERMS, "sending by e-mail"),
    (changed(start_on=date(2026, 3, 1)), TERMS, "a start before today"),
    (changed(start_on=date(2026, 3, 29)), TERMS, "a start on day 29 of the month"),
    (
        changed(start_on=date(2026, 3, 20)),
        replace(TERMS, days_in_advance=14),
        "a start on day 20 of the month, invoiced 14 days in advance: days 1 to 14 would do",
    ),
    (changed(recurrence_limit=None), replace(TERMS, endless_times=0), "without a limit"),
    (SCHEDULE, replace(TERMS, vat_rate=""), "any VAT while terms.vat_rate is not declared"),
    (SCHEDULE, replace(TERMS, vat_rate="14"), "VAT of 15.00 % in line 1, it charges 14 %"),
    (line(vat_applies=False), TERMS, "VAT of 0 % in line 1"),
    (line(includes_vat=True), TERMS, "VAT inside the price in line 1"),
    (SCHEDULE, replace(TERMS, vat_included=True), "VAT on top of the price in line 1"),
    (SCHEDULE, replace(TERMS, days_in_advance=-1), "terms.days_in_advance is not declared"),
    (
        SCHEDULE,
        replace(TERMS, drop_product_codes=False),
        "the product code in line 1 while terms.drop_product_codes is off",
    ),
    (line(custom=("", "x", "", "", "")), TERMS, "the custom values in line 1"),
    (line(cost_price=Decimal(1)), TERMS, "the cost price in line 1"),
    (line(quantity=Decimal("1.00001")), TERMS, "quantity"),
    (line(quantity=Decimal(-1)), TERMS, "below zero"),
    (
        changed(lines=(LINE, replace(LINE, currency="USD"))),
        TERMS,
        "lines in more than one currency",
    ),
    (
        changed(
            lines=tuple(
                replace(LINE, quantity=Decimal(1), unit_price=Decimal("0.03")) for _ in range(3)
            ),
            discount_percentage=None,
        ),
        TERMS,
        "a total of 0.09: rounded on the sum it comes to 0.10",
    ),
    (changed(new_client=replace(ACME, mobile="1")), TERMS, "mobile of a client"),
    (changed(new_client=replace(ACME, custom=((1, "x"),))), TERMS, "custom of a client"),
    (
        changed(new_client=replace(ACME, payment_terms_days=30)),
        TERMS,
        "payment_terms_days of a client",
    ),
    (changed(new_client=replace(ACME, email="a@b.example;c@d.example")), TERMS, "e-mail"),
]


@pytest.mark.parametrize(("command", "terms", "what"), UNSAYABLE)
def test_what_differs_at_a_form_post_upstream_is_refused_by_name_before_anything_is_sent(
    command, terms, what, wire, context
):
    backend = connector(wire, terms=terms)
    with pytest.raises(CannotExpress) as caught:
        say(backend, command, sent_by(context, "invoicesonline"))
    assert what in caught.value.what
    assert wire.requests == []
    if "before today" not in what:  # the proof is asked for without a date
        with pytest.raises(CannotExpress):
            backend.proof(command)


@pytest.mark.parametrize(
    ("terms", "error", "what"),
    [
        (replace(TERMS, currency=""), CannotExpress, "a new client with the currency ZAR"),
        (replace(TERMS, client_country=""), CannotExpress, "a new client without a country"),
    ],
)
def test_a_new_client_needs_what_the_upstream_decides_by(terms, error, what, wire, context):
    with pytest.raises(error, match=what):
        say(connector(wire, terms=terms), SCHEDULE, sent_by(context, "invoicesonline"))
    assert wire.calls == ["GetClientsDetails"]


@pytest.mark.parametrize(
    ("fields", "error", "what"),
    [
        ({"company_name": "Other"}, CannotExpress, "a second client with the e-mail address"),
        ({"company_name": "Acme Ltd", "tax_exempt": True}, CannotExpress, "exempt"),
        ({"company_name": "Acme Ltd", "currency_id": 2}, CurrencyNotListed, "ZAR is not in use"),
    ],
)
def test_a_client_who_is_otherwise_there_is_refused(
    fields, error, what, wire, context, at, upstream
):
    with upstream.store.write() as uow:
        uow.insert(tables.currencies, code="USD", prefix="$", suffix="", rate=Decimal(1))
    made = ClientFields(email="acme@example.com", country="ZA", **fields)
    at(model.CreateClient(made, ClientIdentity.EMAIL))
    with pytest.raises(error, match=what):
        say(connector(wire), SCHEDULE, sent_by(context, "invoicesonline"))
    assert wire.calls == ["GetClientsDetails"]


THREE = replace(SCHEDULE, lines=(*SCHEDULE.lines, replace(LINE, description="Backup")))
LOST = (Spoil.LOST_BEFORE, Spoil.LOST_AFTER, Spoil.ERROR_AFTER, Spoil.GARBAGE_AFTER)


@pytest.mark.parametrize(
    ("number", "spoil", "end", "items"),
    [
        *((0, spoil, NotSent, 0) for spoil in (Spoil.UNSENT, *LOST)),
        (1, Spoil.UNSENT, NotSent, 0),
        *((1, spoil, OutcomeLost, 0) for spoil in LOST),
        *((2, spoil, OutcomeLost, spoil in LOST[1:]) for spoil in (Spoil.UNSENT, *LOST)),
        *((4, spoil, OutcomeLost, 2 + (spoil in LOST[1:])) for spoil in (Spoil.UNSENT, *LOST)),
    ],
)
def test_an_end_between_two_calls_is_lost_unless_nothing_was_left(
    number, spoil, end, items, wire, context, upstream
):
    wire.plan = {number: spoil}
    with pytest.raises(end) as caught:
        say(connector(wire), THREE, sent_by(context, "invoicesonline"))
    assert len(wire.requests) == number + 1
    assert len(rows(upstream, tables.billable_items)) == items
    if end is OutcomeLost and number > 1:
        assert f"{number - 2} of 3 items of its new client" in caught.value.reason


def test_without_a_new_client_the_first_item_is_the_first_thing_left(wire, context, at, upstream):
    client = at(
        model.CreateClient(
            ClientFields(company_name="Acme Ltd", email="acme@example.com", country="ZA"),
            ClientIdentity.EMAIL,
        )
    )
    command = replace(THREE, new_client=None, client_id=client.client_id)
    sent = sent_by(context, "invoicesonline")
    wire.plan = {1: Spoil.UNSENT}
    with pytest.raises(NotSent):
        say(connector(wire), command, sent)
    wire.plan = {4: Spoil.UNSENT}
    with pytest.raises(OutcomeLost, match="ref-1"):
        say(connector(wire), command, sent)
    assert len(rows(upstream, tables.billable_items)) == 1


def test_a_lost_schedule_is_absent_only_while_its_client_is(wire, context):
    backend = connector(wire)
    assert backend.proof(THREE) is Proof.NATURAL
    assert backend.proof(replace(THREE, new_client=None, client_id=7)) is Proof.NONE
    assert look_up(backend, THREE, context) is None
    wire.plan = {3: Spoil.LOST_AFTER}
    with pytest.raises(OutcomeLost):
        say(backend, THREE, sent_by(context, "invoicesonline"))
    with pytest.raises(NotProved, match="no call shows its billable items"):
        look_up(backend, THREE, context)


def test_a_positional_client_is_found_or_made_at_a_form_post_upstream(wire, context, upstream):
    backend, sent = connector(wire), sent_by(context, "invoicesonline")
    assert backend.proof(POSITIONAL_ACME) is Proof.NATURAL
    assert look_up(backend, POSITIONAL_ACME, context) is None
    made = say(backend, POSITIONAL_ACME, sent)
    assert made == results.ClientCreated(1)
    assert say(backend, POSITIONAL_ACME, sent) == results.ClientCreated(1, False)
    assert look_up(backend, POSITIONAL_ACME, context) == results.ClientCreated(1)
    assert len(rows(upstream, tables.clients)) == 1

    find = model.FindClient("Acme Ltd", "acme@example.com")
    assert say(backend, find, sent) == results.ClientFound(1)
    with pytest.raises(ClientNotFound):
        say(backend, replace(find, invoice_name="Acme"), sent)
    with pytest.raises(CannotExpress, match="branch_name"):
        say(backend, replace(find, branch_name="East"), sent)


def test_reads_across_tell_what_the_callers_reply_is_made_of(wire, context, at):
    backend, sent = connector(wire), sent_by(context, "invoicesonline")
    client = at(ANN).client_id
    item = model.CreateBillableItem(client, "Work", Decimal(10), action=ItemAction.NEXT_RUN)
    at(UpdateClient(ClientFields(separate_invoices=True), client_id=client))
    for _ in range(101):  # one more than a page
        at(item)
    at(model.GenerateDueInvoices())
    at(model.AddCredit(client, "Gift", Decimal(5)))
    shown = say(backend, model.GetClient(client), sent).client
    own = at(model.GetClient(client)).client
    for name in ("invoice_name", "first_name", "email", "phone", "city", "postcode", "status"):
        assert getattr(shown, name) == getattr(own, name)
    assert client_map(results.ClientShown(shown), Quirks())
    assert shown.opening_balance == own.opening_balance
    assert str(shown.balance) == str(own.balance) == "-1156.50"
    with pytest.raises(ClientNotFound) as caught:
        say(backend, model.GetClient(99), sent)
    assert caught.value.record_id == 99

    listed = say(backend, model.ListInvoices(None, client), sent)
    every = at(model.ListInvoices(None, client))
    assert sorted(row.invoice_id for row in listed.invoices) == sorted(
        row.invoice_id for row in every.invoices
    )
    assert {str(row.total) for row in listed.invoices} == {"11.50"}
    wire.plan = {len(wire.requests): Spoil.GARBAGE_AFTER}
    with pytest.raises(BadAnswer):
        say(backend, model.ListInvoices(None, client), sent)
    with pytest.raises(CannotExpress, match="other than invoices"):
        say(backend, model.ListInvoices(model.Page(0, 0), client), sent)
    with pytest.raises(CannotExpress, match="no call lists billable items"):
        say(backend, model.ListRecurringInvoices(client), sent)


def test_an_invoice_number_that_is_no_number_is_refused(wire, context, at):
    at(model.ChangeSetting("TaxCustomInvoiceNumbering", "on"))
    at(model.ChangeSetting("TaxCustomInvoiceNumberFormat", "INV-{NUMBER}"))
    client = at(ANN).client_id
    at(model.CreateBillableItem(client, "Work", Decimal(10), action=ItemAction.NEXT_RUN))
    at(model.GenerateDueInvoices())
    with pytest.raises(CannotExpress, match="the invoice number INV-"):
        say(connector(wire), model.ListInvoices(None), sent_by(context, "invoicesonline"))


def test_a_frequency_of_days_may_start_on_any_day(wire, context, upstream):
    weekly = changed(start_on=date(2026, 3, 31), frequency=Frequency.BI_WEEKLY)
    say(connector(wire), weekly, sent_by(context, "invoicesonline"))
    found = {
        (each["recur_every"], each["recur_unit"], each["next_due_on"])
        for each in rows(upstream, tables.billable_items)
    }
    assert found == {(2, "Weeks", date(2026, 3, 31))}


@pytest.mark.parametrize(
    ("command", "what"),
    [
        (ANN, "an e-mail address may be several clients' there"),
        (model.GetClient(1), "neither currency"),
        (model.PlaceOrder(1, "x"), "there is no call for it"),
    ],
)
def test_form_post_callers_are_refused_at_a_positional_upstream(command, what, wire, context):
    with pytest.raises(CannotExpress, match=what):
        say(connector(wire, "invoicesonline"), command, sent_by(context, "whmcs"))
    assert wire.requests == []

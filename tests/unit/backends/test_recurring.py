"""Rules of creating and listing recurring invoices."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import DocumentKind, Increase, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency
from adapter.commands.model import (
    AddRecurringLine,
    ClientFields,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    GetInvoice,
    ListRecurringInvoices,
    RemoveRecurringLines,
)
from adapter.errors import (
    BillableNotFound,
    ClientNotFound,
    CurrencyNotListed,
    DiscountTooLarge,
    InvalidField,
    LineNotFound,
    LineRequired,
    StartInPast,
    StartTooEarly,
)
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit

TODAY = date(2026, 3, 2)


def _line(price="100.00", **more):
    values: dict[str, Any] = {
        "product_code": "A1",
        "quantity": Decimal(1),
        "description": "Line",
        "unit_price": Decimal(price),
        "currency": "ZAR",
        "vat_applies": True,
        "vat_rate": Decimal("15.00"),
        "includes_vat": False,
    }
    return RecurringLine(**(values | more))


@pytest.fixture
def create(do, ann):
    """Create a recurring invoice for Ann; by default monthly, from today, of one line."""

    def make(*lines, frequency=Frequency.MONTHLY, start_on=TODAY, today=TODAY, **more):
        if "new_client" not in more:
            more.setdefault("client_id", ann)
        command = CreateRecurringInvoice(frequency, start_on, lines or (_line(),), **more)
        return do(command, today)

    return make


@pytest.fixture
def dollars(store):
    """Add a second currency; return its id."""
    with store.write() as uow:
        return uow.insert(tables.currencies, code="USD", prefix="$", rate=Decimal("0.05"))


def _stored(rows):
    return rows(tables.recurring_invoices)[0]


def test_nothing_is_issued_by_creating(do, create, ann, rows):
    made = create()
    assert (made.client_id, made.held_on, made.kept_fields) == (ann, (), ())
    assert rows(tables.documents) == []
    stored = _stored(rows)
    assert (stored["id"], stored["occurrence"]) == (made.document_id, 0)
    assert stored["next_due_on"] == stored["next_invoice_on"] == TODAY
    assert do(GenerateDueInvoices()).count == 1


def test_ids_come_from_the_counter_of_all_documents(do, create, rows):
    first = create().document_id
    do(GenerateDueInvoices())
    second = create().document_id
    invoice = rows(tables.documents)[0]["id"]
    assert (first, invoice, second) == (1, 2, 3)


def test_lines_and_options_are_stored_as_given(do, create, rows):
    create(
        _line(
            "12.345678",
            quantity=Decimal("1.5"),
            custom=("a", "", "", "", "e"),
            cost_price=Decimal("3.21"),
            discount_percentage=Decimal("2.5"),
        ),
        _line("1", vat_applies=False, includes_vat=True),
        order_number="PO-1",
        custom_values=("x", *[""] * 9),
        number_prefix="INV-",
        number_suffix="",
        send_email=False,
        recurrence_limit=3,
        increase=Increase(Decimal("7.5"), 12),
        discount_percentage=Decimal(10),
    )
    first, second = rows(tables.recurring_lines)
    assert (first["quantity"], first["unit_price"]) == (Decimal("1.5"), Decimal("12.345678"))
    assert (first["custom"], first["cost_price"]) == (["a", "", "", "", "e"], Decimal("3.21"))
    assert first["discount_percentage"] == Decimal("2.5")
    assert (second["vat_applies"], second["includes_vat"]) == (False, True)
    assert [first["position"], second["position"]] == [0, 1]
    stored = _stored(rows)
    assert (stored["order_number"], stored["custom_values"][0]) == ("PO-1", "x")
    assert (stored["number_prefix"], stored["number_suffix"]) == ("INV-", "")
    assert (stored["send_email"], stored["recurrence_limit"]) == (False, 3)
    assert (stored["increase_percentage"], stored["increase_interval"]) == (Decimal("7.5"), 12)
    record = do(ListRecurringInvoices()).recurring_invoices[0]
    assert record.lines[0].custom == ("a", "", "", "", "e")
    assert record.lines[1].vat_applies is False
    noted = rows(tables.schedule_changes, kind="recurring")
    assert [(row["field"], row["new"]) for row in noted] == [("created", "2026-03-02")]


def test_a_paused_one_waits(do, create, rows):
    create(paused=True)
    assert _stored(rows)["next_invoice_on"] is None
    assert do(GenerateDueInvoices()).count == 0
    record = do(ListRecurringInvoices()).recurring_invoices[0]
    assert (record.paused, record.next_on) == (True, None)


# --- past starts -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "occurrence", "next_on", "held"),
    [
        # 31 Dec, 31 Jan, 28 Feb lie before 2 March; 31 March follows.
        ("latest", 2, date(2026, 2, 28), [date(2025, 12, 31), date(2026, 1, 31)]),
        ("all", 0, date(2025, 12, 31), []),
        (
            "next",
            3,
            date(2026, 3, 31),
            [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28)],
        ),
    ],
)
def test_a_past_start_follows_the_accounts_policy(
    create, setting, rows, policy, occurrence, next_on, held
):
    setting("PastStart", policy)
    made = create(start_on=date(2025, 12, 31))
    stored = _stored(rows)
    assert (stored["occurrence"], stored["next_due_on"]) == (occurrence, next_on)
    assert stored["next_invoice_on"] == next_on
    assert list(made.held_on) == held
    recorded = rows(tables.held_occurrences)
    assert [row["due_on"] for row in recorded] == held
    assert {row["reason"] for row in recorded} <= {"past_start"}


def test_an_annual_start_yesterday_makes_one_document_dated_yesterday(do, create):
    made = create(frequency=Frequency.ANNUALLY, start_on=date(2026, 3, 1))
    assert made.held_on == ()
    assert do(GenerateDueInvoices()).count == 1
    assert do(GetInvoice(made.document_id + 1)).invoice.issued_on == date(2026, 3, 1)


@pytest.mark.parametrize("policy", ["latest", "next"])
def test_an_occurrence_today_is_due_whatever_lies_before(create, setting, rows, policy):
    setting("PastStart", policy)
    made = create(start_on=date(2026, 1, 2))
    assert made.held_on == (date(2026, 1, 2), date(2026, 2, 2))
    assert _stored(rows)["next_invoice_on"] == TODAY


def test_a_past_start_can_be_refused(create, setting, rows):
    setting("PastStart", "refuse")
    with pytest.raises(StartInPast):
        create(start_on=date(2026, 3, 1))
    create(start_on=TODAY)
    assert len(rows(tables.recurring_invoices)) == 1


def test_a_start_too_many_occurrences_back_is_refused(create, rows):
    early = date(2016, 2, 24)  # 3,660 days before 3 March 2026: one too many
    with pytest.raises(StartTooEarly):
        create(frequency=Frequency.DAILY, start_on=date(2016, 2, 22))
    made = create(frequency=Frequency.DAILY, start_on=early)
    assert len(made.held_on) == len(rows(tables.held_occurrences)) == 3659


# --- clients and currencies --------------------------------------------------------------------


def test_an_unknown_client_is_refused(create, rows):
    with pytest.raises(ClientNotFound):
        create(client_id=4711)
    assert rows(tables.recurring_invoices) == []


def test_a_client_is_found_by_name_and_mail_or_made(create, rows):
    fields = ClientFields(invoice_name="Acme", email="acme@example.com", phone="1")
    first = create(new_client=fields)
    again = create(
        new_client=ClientFields(invoice_name="Acme", email="acme@example.com", phone="2")
    )
    assert first.client_id == again.client_id
    assert again.kept_fields == ("phone",)
    assert len(rows(tables.clients)) == 2


def test_a_new_client_takes_the_documents_currency(create, dollars, rows):
    fields = ClientFields(invoice_name="Acme", email="acme@example.com")
    made = create(_line(currency="USD"), new_client=fields)
    assert rows(tables.clients, id=made.client_id)[0]["currency_id"] == dollars
    assert _stored(rows)["currency"] == "USD"


def test_a_recurring_invoice_keeps_its_currency_and_its_documents_are_converted(
    do, create, dollars, put, rows, store
):
    rise = Increase(Decimal(10), 1)
    create(
        _line("10.00", currency="USD"),
        frequency=Frequency.DAILY,
        discount_amount=Decimal("1.00"),
        increase=rise,
        number_prefix="D-",
    )
    assert _stored(rows)["currency"] == "USD"
    assert str(do(ListRecurringInvoices()).recurring_invoices[0].total) == "10.35"
    do(GenerateDueInvoices())
    put(tables.currencies, dollars, rate=Decimal("0.04"))
    do(GenerateDueInvoices(), TODAY + timedelta(days=1))
    first, second = rows(tables.documents)
    assert [each["currency"] for each in (first, second)] == ["ZAR", "ZAR"]
    # 10.00 at 20, less 1.00 at 20; then 11.00 at 25, less 1.00 at 25; 15 % VAT on top.
    assert [each["total"] for each in (first, second)] == [20700, 28750]
    assert [each["exchange_rate"] for each in (first, second)] == [Decimal(20), Decimal(25)]
    assert first["original_currency"] == "USD"
    assert first["discount_amount"] == 2000
    assert _findings(store) == []


def test_a_call_that_is_refused_makes_no_client(create, rows):
    fields = ClientFields(invoice_name="Acme", email="acme@example.com")
    with pytest.raises(InvalidField):
        create(_line("-1"), new_client=fields)
    assert len(rows(tables.clients)) == 1  # Ann


def test_a_currency_without_a_rate_is_refused_and_later_parked(do, create, dollars, put, rows):
    put(tables.currencies, dollars, rate=Decimal(0))
    with pytest.raises(InvalidField, match="exchange rate"):
        create(_line(currency="USD"))
    put(tables.currencies, dollars, rate=Decimal(1))
    create(_line(currency="USD"))
    put(tables.currencies, dollars, rate=Decimal(0))
    assert do(GenerateDueInvoices()).count == 0
    assert "USD has no exchange rate to ZAR" in _stored(rows)["parked_reason"]


# --- lines added and removed ---------------------------------------------------------------------


def _findings(store):
    return list(audit(store, Span(TODAY, TODAY + timedelta(days=60)), Counts()))


def test_lines_are_on_documents_from_when_they_were_added_until_they_are_removed(
    do, create, rows, store
):
    template = create(frequency=Frequency.DAILY).document_id
    for day in range(4):
        on = TODAY + timedelta(days=day)
        if day == 1:
            do(AddRecurringLine(template, _line("20.00", product_code="USAGE")), on)
        if day == 3:
            do(RemoveRecurringLines(template, "USAGE"), on)
        do(GenerateDueInvoices(), on)
    assert [each["subtotal"] for each in rows(tables.documents)] == [10000, 12000, 12000, 10000]
    assert _findings(store) == []
    noted = [row["field"] for row in rows(tables.schedule_changes)]
    assert noted.count("lines") == 2


def test_a_line_must_fit_its_template(do, create, dollars, rows):
    template = create(_line("10.00")).document_id
    with pytest.raises(CurrencyNotListed):
        do(AddRecurringLine(template, _line(currency="USD")))
    with pytest.raises(CurrencyNotListed):
        do(AddRecurringLine(template, _line(currency="EUR")))
    with pytest.raises(InvalidField):
        do(AddRecurringLine(template, _line("-10.01")))
    with pytest.raises(BillableNotFound):
        do(AddRecurringLine(template, _line(), DocumentKind.PROFORMA))
    with pytest.raises(BillableNotFound):
        do(AddRecurringLine(template + 1, _line()))
    assert len(rows(tables.recurring_lines)) == 1


def test_lines_are_removed_by_their_code_but_not_the_last(do, create, rows):
    template = create(_line(), _line(product_code="B"), _line(product_code="B")).document_id
    with pytest.raises(LineNotFound):
        do(RemoveRecurringLines(template, "C"))
    do(RemoveRecurringLines(template, "B"))
    with pytest.raises(LineNotFound):
        do(RemoveRecurringLines(template, "B"))
    with pytest.raises(LineRequired):
        do(RemoveRecurringLines(template, "A1"))
    listed = do(ListRecurringInvoices()).recurring_invoices[0]
    assert [line.product_code for line in listed.lines] == ["A1"]


def test_every_row_has_a_listed_currency_and_the_same(create, dollars):
    with pytest.raises(CurrencyNotListed) as refused:
        create(_line(), _line(currency="EUR"))
    assert (refused.value.line, refused.value.listed) == (1, ("ZAR", "USD"))
    with pytest.raises(CurrencyNotListed) as refused:
        create(_line(), _line(), _line(currency="USD"))
    assert (refused.value.line, refused.value.listed) == (2, ("ZAR",))


# --- totals ------------------------------------------------------------------------------------


def test_rebate_lines_are_fine_but_not_a_total_below_zero(do, create):
    create(_line("100.00"), _line("-100.00"))
    assert do(ListRecurringInvoices()).recurring_invoices[0].total == Money(0, "ZAR")
    with pytest.raises(InvalidField) as refused:
        create(_line("100.00"), _line("-100.01"))
    assert refused.value.path == "data"


def test_a_discount_above_the_sum_is_refused(do, create):
    create(_line("60.00"), _line("40.00"), discount_amount=Decimal("100.00"))
    assert do(ListRecurringInvoices()).recurring_invoices[0].total == Money(0, "ZAR")
    with pytest.raises(DiscountTooLarge):
        create(_line("60.00"), _line("40.00"), discount_amount=Decimal("100.01"))


def test_a_discount_of_zero_is_none(create, rows):
    create(discount_amount=Decimal(0), discount_percentage=Decimal(0))
    stored = _stored(rows)
    assert (stored["discount_amount"], stored["discount_percentage"]) == (None, None)


def test_the_total_is_what_the_next_document_comes_to(do, create, ann, ben):
    create(increase=Increase(Decimal(10), 1), discount_amount=Decimal("11.50"))
    # (100.00 - 11.50) + 15 % = 101.78
    assert do(ListRecurringInvoices()).recurring_invoices[0].total == Money(10178, "ZAR")
    do(GenerateDueInvoices())
    record = do(ListRecurringInvoices(client_id=ann)).recurring_invoices[0]
    # (110.00 - 11.50) + 15 % = 113.28 (13.28 of 113.275 is half up)
    assert (record.total, record.generation_count) == (Money(11328, "ZAR"), 1)
    assert (record.next_on, record.currency_prefix) == (date(2026, 4, 2), "R")
    assert do(ListRecurringInvoices(client_id=ben)).recurring_invoices == ()


def test_a_limit_ends_it(do, create, rows):
    create(recurrence_limit=1)
    do(GenerateDueInvoices())
    record = do(ListRecurringInvoices()).recurring_invoices[0]
    assert (record.ended, record.next_on, record.recurrence_limit) == (True, None, 1)

"""What an audit sees of rows that were changed behind the store's back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.completeness import Fault, Finding
from adapter.billing.model import DocumentKind, InvoiceStatus, RecurringLine
from adapter.commands.model import (
    AddCredit,
    AutoConvert,
    ChangeSetting,
    ClientFields,
    DeleteClient,
    GenerateDueInvoices,
    InvoiceLineChange,
    IssueDocument,
    IssueInvoice,
    RecordClientPayment,
    UpdateClient,
    UpdateInvoice,
)
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig
from adapter.store.run import generate_due
from adapter.store.setup.settings import change_settings
from tests.audited import Planter, Years, place_of
from tests.random_store import fill, pay_some

TODAY = date(2026, 3, 2)
DUE_ON = date(2026, 3, 10)
SPAN = Span(date(2026, 1, 1), date(2026, 12, 31))
K = DocumentKind


@pytest.fixture
def do(store, context):
    """Execute a command as the backend does."""
    backend = LocalBackend(store, RunConfig())
    return lambda command, on=TODAY: backend.execute(command, context(on))


@pytest.fixture
def faults(shop):
    """Return the findings of 2026 as (fault, document, billable, what is said of it)."""

    def found():
        for each in audit(shop.store, SPAN, Counts()):
            if isinstance(each, Finding):
                yield (each.fault, each.document_id, each.billable_id, each.detail)

    return lambda: list(found())


@pytest.fixture
def change(store):
    """Change a row as nobody may: by its id, in SQL."""

    def execute(table, record_id, **values):
        with store.write() as uow:
            uow.execute(sa.update(table).where(table.c.id == record_id).values(**values))

    return execute


@pytest.fixture
def invoice(shop):
    """Return the invoice of a service, the second period of it."""
    shop.service(shop.client(), DUE_ON, anchor_day=DUE_ON.day)
    return shop.generate(TODAY).latest_invoice_id


def quoted(**more):
    """Return a line of 3 at 33.335 less a tenth: 90.00."""
    values: dict[str, Any] = {
        "product_code": "A1",
        "quantity": Decimal(3),
        "description": "Hosting",
        "unit_price": Decimal("33.335"),
        "currency": "ZAR",
        "vat_applies": True,
        "vat_rate": Decimal(15),
        "includes_vat": False,
    }
    return RecurringLine(**values | more)


# --- every way at once ---------------------------------------------------------------------------


def test_every_way_to_damage_a_document_is_found_and_nothing_else(store, context):
    years = Years(store, context, schedules=300, seed=31)
    start_on = date(2024, 1, 3)
    span = Span(start_on, years.fill(start_on, months=5))
    planter = Planter(store, seed=32)
    planted = planter.plant({fault: len(planter.ways[fault]) for fault in Fault})
    found = [each for each in audit(store, span, Counts()) if isinstance(each, Finding)]
    assert {place_of(each) for each in found} == planted
    assert len(found) == len(planted)


@pytest.mark.parametrize("seed", range(4))
def test_random_stores_have_no_faults(store, context, seed):
    fill(store, seed, TODAY)
    for month in (3, 4, 5):
        on = date(2026, month, 2)
        generate_due(store, RunConfig(), GenerateDueInvoices(), context(on))
        pay_some(store, context(on + timedelta(days=1)), seed)
    assert [each for each in audit(store, SPAN, Counts()) if isinstance(each, Finding)] == []


# --- heads of documents --------------------------------------------------------------------------


def test_another_currency_is_a_fault(faults, change, invoice):
    change(tables.documents, invoice, currency="USD")
    assert faults() == [(Fault.AMOUNT, invoice, None, "is in USD and should be in ZAR")]


def test_the_currency_is_that_of_the_client_when_the_document_was_made(
    shop, do, faults, change, invoice
):
    with shop.store.write() as uow:
        euros = uow.insert(tables.currencies, code="EUR", rate=Decimal(1))
    do(UpdateClient(ClientFields(currency_id=euros), client_id=1), TODAY + timedelta(days=1))
    by_hand = do(IssueInvoice(1), TODAY + timedelta(days=2)).invoice_id
    assert faults() == []
    change(tables.documents, by_hand, currency="ZAR")
    assert faults() == [(Fault.AMOUNT, by_hand, None, "is in ZAR and should be in EUR")]


def test_another_number_is_a_fault(shop, faults, change):
    client = shop.client()
    for day in range(5):
        shop.service(client, DUE_ON + timedelta(days=day), anchor_day=1)
    shop.generate(TODAY)
    ids = [row["id"] for row in shop.documents()]
    assert faults() == []
    change(tables.documents, ids[1], number=7)
    assert faults() == [(Fault.BROKEN, ids[1], None, "has number 7, which was never given")]
    change(tables.documents, ids[4], number=2)
    expected = (Fault.BROKEN, ids[4], None, "has number 2, out of the order of its series")
    assert faults()[1:] == [expected]
    change(tables.documents, ids[1], number=5)
    detail = "has number 5, out of the order of its series"
    assert faults() == [(Fault.BROKEN, ids[1], None, detail), expected]
    change(tables.documents, ids[1], number=None)
    assert faults() == [(Fault.BROKEN, ids[1], None, "has no number"), expected]


def test_numbers_that_begin_again_higher_are_no_fault(shop, do, faults, invoice):
    with shop.store.write() as uow:
        counters = tables.counters
        here = counters.c.name == K.INVOICE.number_counter
        uow.execute(sa.update(counters).where(here).values(next_value=1000))
    do(IssueInvoice(1))
    do(IssueDocument(K.QUOTE, (quoted(),), client_id=1))
    do(IssueInvoice(1))
    assert [row["number"] for row in shop.documents()] == [1, 1000, 1, 1001]
    assert faults() == []


def test_another_kind_is_a_fault(do, faults, change, invoice):
    quote = do(IssueDocument(K.QUOTE, (quoted(),), client_id=1)).document_id
    assert faults() == []
    change(tables.documents, quote, kind="credit_note")
    assert faults() == [(Fault.BROKEN, quote, None, "is a credit_note and was made as a quote")]
    change(tables.documents, quote, kind="quote")
    change(tables.documents, invoice, kind="quote", number=2)
    detail = "is a quote and should be an invoice: it claims a period"
    assert faults() == [(Fault.BROKEN, invoice, 1, detail)]


def test_a_form_post_invoice_is_dated_by_the_day_of_its_run(shop, faults, change, invoice):
    change(tables.documents, invoice, issued_on=TODAY + timedelta(days=1))
    detail = "is dated 2026-03-03 and was made on 2026-03-02"
    assert faults() == [(Fault.DATE, invoice, 1, detail)]
    change(tables.documents, invoice, issued_on=TODAY)
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.claims).values(run_id=None))
    assert faults() == []
    change(tables.documents, invoice, issued_on=TODAY - timedelta(days=3))
    detail = "is dated 2026-02-27 and was made on 2026-03-02"
    assert faults() == [(Fault.DATE, invoice, 1, detail)]


def test_dates_set_by_a_payment_or_by_hand_are_no_faults(shop, do, faults, change, context):
    with shop.store.write() as uow:
        change_settings(
            uow,
            context(TODAY),
            {
                "EnableProformaInvoicing": "on",
                "SequentialInvoiceNumbering": "on",
                "SequentialInvoiceNumberFormat": "{NUMBER}",
                "TaxSetInvoiceDateOnPayment": "on",
            },
        )
    client = shop.client()
    paid, edited = (
        (shop.service(client, on), shop.generate(TODAY).latest_invoice_id)[1]
        for on in (DUE_ON, DUE_ON + timedelta(days=1))
    )
    later = TODAY + timedelta(days=20)
    do(UpdateInvoice(paid, status=InvoiceStatus.PAID), later)
    do(UpdateInvoice(edited, issued_on=date(2026, 1, 15)))
    assert [row["issued_on"] for row in shop.documents()] == [later, date(2026, 1, 15)]
    assert faults() == []
    change(tables.documents, paid, issued_on=later + timedelta(days=1))
    assert [each[:2] for each in faults()] == [(Fault.DATE, paid)]


# --- lines ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value"), [("quantity", Decimal(2)), ("unit_price", Decimal("33.4"))]
)
@pytest.mark.parametrize("discount", [{}, {"discount_amount": Decimal(7)}])
def test_a_quoted_line_that_does_not_come_to_its_amount_is_a_fault(
    shop, do, faults, change, column, value, discount
):
    lines = (quoted(), quoted(discount_percentage=Decimal(10), includes_vat=True))
    issued = do(IssueDocument(K.INVOICE, lines, client_id=shop.client(), **discount)).document_id
    assert faults() == []
    change(tables.document_lines, shop.lines(issued)[0]["id"], **{column: value})
    ((fault, document_id, _, detail),) = faults()
    assert (fault, document_id) == (Fault.AMOUNT, issued)
    assert detail.startswith("line 1 is ")


def test_documents_of_every_kind_come_to_their_lines(shop, do, faults, change):
    client = shop.client()
    for kind in (K.INVOICE, K.PROFORMA, K.CREDIT_NOTE, K.PAYOUT, K.QUOTE, K.DELIVERY_NOTE):
        do(IssueDocument(kind, (quoted(), quoted(vat_applies=False)), client_id=client))
        do(IssueDocument(kind, (quoted(),), client_id=client, discount_percentage=Decimal("12.5")))
    do(IssueDocument(K.PROFORMA, (quoted(),), client_id=client, convert=AutoConvert(TODAY)))
    do(RecordClientPayment(client, Decimal(500)))
    do(GenerateDueInvoices())
    assert faults() == []
    change(tables.document_lines, 1, quantity=Decimal(4))
    assert [each[:2] for each in faults()] == [(Fault.AMOUNT, 1)]


def test_edited_lines_of_a_quoted_document_are_no_faults(shop, do, faults):
    lines = (quoted(), quoted(includes_vat=True))
    command = IssueDocument(K.INVOICE, lines, client_id=shop.client(), discount_amount=Decimal(5))
    issued = do(command).document_id
    first = shop.lines(issued)[0]["id"]
    changed = InvoiceLineChange("By agreement", Decimal(5), taxed=True, line_id=first)
    do(UpdateInvoice(issued, lines=(changed,)))
    assert faults() == []


def test_a_recurring_invoices_quantity_and_price_are_its_templates(shop, faults, change):
    made = shop.recurring(shop.client(), TODAY)
    issued = shop.generate(TODAY).latest_invoice_id
    assert faults() == []
    # What it comes to stays the same: only the template tells.
    halved = {"quantity": Decimal(2), "unit_price": Decimal(50)}
    change(tables.document_lines, shop.lines(issued)[0]["id"], **halved)
    ((fault, document_id, billable_id, detail),) = faults()
    assert (fault, document_id, billable_id) == (Fault.AMOUNT, issued, made)
    assert detail == "lines of 2 x 50 = 100.00 should be 1 x 100 = 100.00"


# --- claims --------------------------------------------------------------------------------------


@pytest.mark.parametrize("next_on", [date(2026, 4, 9), date(2026, 5, 10), None])
def test_a_claimed_period_ends_where_the_calendar_says(shop, faults, invoice, next_on):
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.claims).values(next_on=next_on))
    shown = next_on or "no date"
    detail = f"claims the period to {shown}, which should be to 2026-04-10"
    assert faults() == [(Fault.DATE, invoice, 1, detail)]


def test_what_is_billed_once_claims_no_date_after_it(shop, faults):
    shop.service(shop.client(), DUE_ON, cycle="One Time")
    shop.generate(TODAY)
    assert faults() == []
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.claims).values(next_on=date(2026, 4, 10)))
    ((fault, _, _, detail),) = faults()
    assert fault is Fault.DATE
    assert detail == "claims the period to 2026-04-10, which should be to no date"


def test_a_first_period_may_have_been_cut_by_settings_of_its_time(shop, faults, context):
    product = {"id": 1, "group_id": 1, "name": "Plan", "prorata_day": 1}
    with shop.store.write() as uow:
        uow.insert(tables.products, **product)
    shop.service(shop.client(), DUE_ON, product_id=1, registered_on=DUE_ON)
    shop.generate(TODAY)
    assert faults() == []
    with shop.store.write() as uow:
        uow.execute(sa.update(tables.products).values(prorata_day=20))
        changes = {"prorata_day": {"old": 1, "new": 20}}
        uow.audit(context(TODAY), "change", "product", 1, {"label": "Plan", "changes": changes})
    assert faults() == []


# --- clients -------------------------------------------------------------------------------------


def test_what_is_left_of_a_client_that_is_gone_is_a_fault(shop, faults, invoice):
    shop.recurring(1, date(2026, 3, 20))
    with shop.store.write() as uow:
        uow.execute(sa.delete(tables.clients))
    detail = "is of client 1, which does not exist"
    assert faults() == [
        (Fault.CLIENT, None, 1, detail),
        (Fault.CLIENT, None, 2, detail),
        (Fault.CLIENT, invoice, None, detail),
    ]


def test_what_goes_on_for_a_deleted_client_is_a_fault(shop, do, faults, change, invoice):
    do(DeleteClient(1), TODAY + timedelta(days=1))
    assert faults() == []
    change(tables.documents, invoice, hidden=False)
    change(tables.services, 1, next_invoice_on=DUE_ON)
    assert faults() == [
        (Fault.CLIENT, None, 1, "is queued for 2026-03-10, though client 1 was deleted"),
        (Fault.CLIENT, invoice, None, "is of client 1, which was deleted"),
    ]


def test_credit_that_no_log_tells_of_is_a_fault(shop, do, faults, change):
    client, other = shop.client(), shop.client()
    do(AddCredit(client, "Goodwill", Decimal(50)))
    assert faults() == []
    change(tables.clients, client, credit=5001)
    detail = "has credit of 50.01, its log comes to 50.00"
    assert faults() == [(Fault.BROKEN, None, None, detail)]
    change(tables.clients, client, credit=5000)
    change(tables.clients, other, credit=1)
    detail = "has credit of 0.01, its log comes to 0.00"
    assert faults() == [(Fault.BROKEN, None, None, detail)]


def test_switching_month_ends_changes_no_claimed_period(shop, do, faults):
    shop.service(shop.client(), date(2026, 3, 31), anchor_day=31)
    shop.generate(date(2026, 3, 20))
    do(ChangeSetting("AnchorMonthEnds", "on"), date(2026, 4, 1))
    assert faults() == []

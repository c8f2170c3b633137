"""Rules of showing, listing and changing invoices."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import InvoiceStatus, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle, Frequency
from adapter.commands.model import (
    AddCredit,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    GetInvoice,
    InvoiceLineChange,
    ListInvoices,
    OrderedProduct,
    Page,
    PlaceOrder,
    RecordPayment,
    UpdateInvoice,
)
from adapter.errors import (
    InsufficientCredit,
    InvalidField,
    InvoiceNotDraft,
    InvoiceNotFound,
    LineNotFound,
    OutOfBounds,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)


@pytest.fixture
def order(do, shop):
    """Place an order of a service with an addon; return its invoice's id."""

    def place(client_id, today=TODAY, **more):
        product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, addon_ids=(shop.backup,))
        wanted = PlaceOrder(client_id, "banktransfer", products=(product,), **more)
        return do(wanted, today).invoice_id

    return place


@pytest.fixture
def invoice_id(order, ann):
    """Return an unpaid invoice of 125.00 and 25.00."""
    return order(ann)


@pytest.fixture
def positional_id(do, ann):
    """Return an invoice of a recurring invoice: 100.00 + 15 %, and 115.00 with VAT inside."""
    line: dict[str, Any] = {
        "product_code": "",
        "quantity": Decimal(1),
        "currency": "ZAR",
        "vat_applies": True,
        "vat_rate": Decimal("15.00"),
    }
    do(
        CreateRecurringInvoice(
            Frequency.MONTHLY,
            TODAY,
            (
                RecurringLine(
                    description="A",
                    unit_price=Decimal(100),
                    includes_vat=False,
                    **line,
                ),
                RecurringLine(
                    description="B",
                    unit_price=Decimal(115),
                    includes_vat=True,
                    **line,
                ),
            ),
            client_id=ann,
        )
    )
    return do(GenerateDueInvoices()).latest_invoice_id


def _shown(do, invoice_id):
    return do(GetInvoice(invoice_id)).invoice


def _change(line, amount, description="Changed", *, taxed=False):
    return InvoiceLineChange(description, Decimal(amount), taxed, line and line.line_id)


# --- showing -----------------------------------------------------------------------------------


def test_an_invoice_is_shown_whole(do, ann, invoice_id):
    invoice = _shown(do, invoice_id)
    assert (invoice.client_id, invoice.client_first_name) == (ann, "Ann")
    assert invoice.client_invoice_name == "Ann Doe"
    assert (invoice.currency_code, invoice.currency_prefix) == ("ZAR", "R")
    assert (invoice.issued_on, invoice.due_on, invoice.paid_at) == (TODAY, TODAY, None)
    assert [(line.related_id, line.taxed) for line in invoice.lines] == [(1, False), (1, False)]
    assert invoice.total == invoice.balance == Money(15000, "ZAR")
    assert invoice.transactions == ()


def test_an_unknown_or_hidden_invoice_is_not_found(do, invoice_id, put):
    put(tables.documents, invoice_id, hidden=True)
    for wanted in (invoice_id, 4711, 0, 2**70):
        with pytest.raises(InvoiceNotFound):
            do(UpdateInvoice(wanted, notes="x"))
    for wanted in (invoice_id, 4711):
        with pytest.raises(InvoiceNotFound):
            do(GetInvoice(wanted))
    assert do(ListInvoices()).invoices == ()


# --- listing -----------------------------------------------------------------------------------


def test_invoices_are_listed_newest_first_in_pages(do, order, ann, ben):
    ids = [order(ann), order(ben), order(ann)]
    listed = do(ListInvoices(Page(offset=1, limit=1)))
    assert (listed.listing.total, listed.listing.offset) == (3, 1)
    assert [invoice.invoice_id for invoice in listed.invoices] == [ids[1]]
    assert listed.invoices[0].client_first_name == "Ben"
    everything = do(ListInvoices(page=None, descending=False))
    assert [invoice.invoice_id for invoice in everything.invoices] == ids
    assert everything.listing.total == 3
    assert [row.invoice_id for row in do(ListInvoices(client_id=ben)).invoices] == [ids[1]]


def test_overdue_means_unpaid_past_the_due_date(do, order, ann):
    old, paid, new = order(ann, date(2026, 2, 1)), order(ann, date(2026, 2, 1)), order(ann)
    do(RecordPayment(paid))
    assert [row.invoice_id for row in do(ListInvoices(overdue=True)).invoices] == [old]
    unpaid = do(ListInvoices(status=InvoiceStatus.UNPAID)).invoices
    assert [row.invoice_id for row in unpaid] == [new, old]
    assert [row.invoice_id for row in do(ListInvoices(), date(2026, 4, 1)).invoices] == [3, 2, 1]


@pytest.mark.parametrize(
    ("order_by", "ids"),
    [
        ("invoice_id", [1, 2, 3]),
        ("number", [1, 2, 3]),
        ("due_on", [2, 1, 3]),
        ("issued_on", [2, 1, 3]),
        ("total", [3, 1, 2]),
        ("status", [2, 1, 3]),
        # Not on the list: no column of the table can be named from outside.
        ("notes", [1, 2, 3]),
        (None, [1, 2, 3]),
    ],
)
def test_lists_are_ordered_by_allowed_columns_then_by_id(do, order, ann, order_by, ids):
    for day in (TODAY, date(2026, 2, 1), date(2026, 3, 3)):
        order(ann, day)
    do(UpdateInvoice(2, lines=(_change(None, "10.00"),)))
    do(UpdateInvoice(3, lines=(_change(None, "-10.00"),)))
    do(UpdateInvoice(2, status=InvoiceStatus.PAID))
    listed = do(ListInvoices(order_by=order_by, descending=False))
    assert [invoice.invoice_id for invoice in listed.invoices] == ids


# --- changing ----------------------------------------------------------------------------------


def test_the_header_is_changed_and_audited(do, invoice_id, rows):
    do(
        UpdateInvoice(
            invoice_id, notes="call first", due_on=date(2026, 3, 31), payment_method="banktransfer"
        )
    )
    invoice = _shown(do, invoice_id)
    assert (invoice.notes, invoice.due_on) == ("call first", date(2026, 3, 31))
    audited = rows(tables.audit, deed="change", noun="invoice")
    assert [row["detail"] for row in audited] == [
        {"due_on": ["2026-03-02", "2026-03-31"], "notes": ["", "call first"]}
    ]


def test_lines_are_added_changed_and_deleted_and_totals_follow(do, invoice_id, rows):
    hosting, addon = _shown(do, invoice_id).lines
    do(
        UpdateInvoice(
            invoice_id,
            lines=(_change(hosting, "99.995"), _change(None, "0.50", "Fee")),
            delete_line_ids=(addon.line_id,),
        )
    )
    invoice = _shown(do, invoice_id)
    assert [(line.line_type, line.description, str(line.amount)) for line in invoice.lines] == [
        ("Hosting", "Changed", "100.00"),
        ("", "Fee", "0.50"),
    ]
    assert str(invoice.subtotal) == str(invoice.total) == "100.50"
    details = [row["detail"] for row in rows(tables.audit, noun="invoice_line")]
    assert [
        (each["old"] and each["old"]["amount"], each["new"] and each["new"]["amount"])
        for each in details
    ] == [(2500, None), (12500, 10000), (None, 50)]


def test_tax_rates_apply_to_taxed_lines_only(do, invoice_id):
    hosting, _ = _shown(do, invoice_id).lines
    do(
        UpdateInvoice(
            invoice_id,
            lines=(_change(hosting, "33.33", taxed=True),),
            tax_rate=Decimal(15),
            tax_rate_2=Decimal(5),
        )
    )
    invoice = _shown(do, invoice_id)
    # 33.33 x 15 % = 4.9995 and x 5 % = 1.6665; the addon's 25.00 is not taxed.
    assert (str(invoice.tax), str(invoice.tax_2)) == ("5.00", "1.67")
    assert str(invoice.total) == "65.00"


def test_a_deleted_line_takes_its_discounts_along(do, order, ann, promotion, store, put):
    with store.write() as uow:
        group_id = uow.insert(tables.client_groups, name="VIP", discount_percent=Decimal(10))
    put(tables.clients, ann, group_id=group_id)
    promotion("SAVE", "Percentage", "20")
    invoice_id = order(ann, promotion_code="SAVE")
    lines = _shown(do, invoice_id).lines
    # The service and its addon have the same id: 1.
    assert [(line.line_type, str(line.amount)) for line in lines] == [
        ("Hosting", "125.00"),
        ("PromoHosting", "-25.00"),
        ("GroupDiscount", "-10.00"),
        ("Addon", "25.00"),
        ("GroupDiscount", "-2.50"),
    ]
    do(UpdateInvoice(invoice_id, delete_line_ids=(lines[0].line_id,)))
    invoice = _shown(do, invoice_id)
    assert [line.line_type for line in invoice.lines] == ["Addon", "GroupDiscount"]
    assert str(invoice.total) == "22.50"


def test_a_deleted_lines_period_is_not_billed_again(do, invoice_id):
    do(UpdateInvoice(invoice_id, delete_line_ids=(_shown(do, invoice_id).lines[0].line_id,)))
    assert do(GenerateDueInvoices(), date(2026, 3, 3)).count == 0


def test_a_line_of_another_invoice_is_not_found(do, order, ann, invoice_id):
    other = _shown(do, order(ann)).lines[0]
    for command in (
        UpdateInvoice(invoice_id, delete_line_ids=(other.line_id,)),
        UpdateInvoice(invoice_id, lines=(_change(other, "1.00"),)),
    ):
        with pytest.raises(LineNotFound):
            do(command)
    assert str(_shown(do, invoice_id).total) == "150.00"


def test_a_total_below_zero_is_refused_whole(do, invoice_id, rows):
    with pytest.raises(OutOfBounds):
        do(UpdateInvoice(invoice_id, notes="x", lines=(_change(None, "-150.01"),)))
    assert (str(_shown(do, invoice_id).total), _shown(do, invoice_id).notes) == ("150.00", "")
    assert rows(tables.audit, noun="invoice_line") == []


def test_changed_lines_of_a_positional_invoice_keep_how_their_vat_was_quoted(do, positional_id):
    first, second = _shown(do, positional_id).lines
    do(
        UpdateInvoice(
            positional_id,
            lines=(
                _change(first, "200.00", taxed=True),
                _change(second, "57.50", taxed=True),
                _change(None, "10.00", "C", taxed=True),
                _change(None, "1.00", "D"),
            ),
        )
    )
    invoice = _shown(do, positional_id)
    # 200.00 + 30.00; 57.50 of which 7.50; 10.00 + 1.50; 1.00 without VAT.
    assert [(str(line.net), str(line.vat)) for line in invoice.lines] == [
        ("200.00", "30.00"),
        ("50.00", "7.50"),
        ("10.00", "1.50"),
        ("1.00", "0.00"),
    ]
    assert (str(invoice.subtotal), str(invoice.tax)) == ("261.00", "39.00")
    assert str(invoice.total) == "300.00"


def test_a_line_that_is_no_longer_taxed_loses_its_vat(do, positional_id):
    first, _ = _shown(do, positional_id).lines
    do(UpdateInvoice(positional_id, lines=(_change(first, "100.00"),)))
    invoice = _shown(do, positional_id)
    assert (str(invoice.lines[0].vat), invoice.lines[0].vat_rate) == ("0.00", None)
    assert str(invoice.total) == "215.00"


# --- credit ------------------------------------------------------------------------------------


def test_credit_on_an_invoice_comes_from_and_goes_back_to_the_client(do, ann, invoice_id, rows):
    do(AddCredit(ann, "gift", Decimal(100)))
    do(UpdateInvoice(invoice_id, credit=Decimal(60)))
    invoice = _shown(do, invoice_id)
    assert (str(invoice.credit), str(invoice.total)) == ("60.00", "90.00")
    do(UpdateInvoice(invoice_id, credit=Decimal(20)))
    invoice = _shown(do, invoice_id)
    assert (str(invoice.credit), str(invoice.total)) == ("20.00", "130.00")
    assert rows(tables.clients)[0]["credit"] == 8000
    assert [row["amount"] for row in rows(tables.credits_log)] == [10000, -6000, 4000]


def test_credit_can_be_no_more_than_there_is_and_is_owed(do, ann, invoice_id):
    with pytest.raises(InsufficientCredit):
        do(UpdateInvoice(invoice_id, credit=Decimal("0.01")))
    do(AddCredit(ann, "gift", Decimal(1000)))
    with pytest.raises(InvalidField, match="Exceeds Invoice Balance"):
        do(UpdateInvoice(invoice_id, credit=Decimal("150.01")))
    with pytest.raises(InvalidField, match="below zero"):
        do(UpdateInvoice(invoice_id, credit=Decimal(-1)))


def test_credit_that_changed_lines_no_longer_need_goes_back(do, ann, order, rows):
    do(AddCredit(ann, "gift", Decimal(100)))
    invoice_id = order(ann)
    assert str(_shown(do, invoice_id).total) == "50.00"
    hosting, _ = _shown(do, invoice_id).lines
    do(UpdateInvoice(invoice_id, delete_line_ids=(hosting.line_id,)))
    invoice = _shown(do, invoice_id)
    assert (str(invoice.credit), str(invoice.total)) == ("25.00", "0.00")
    assert rows(tables.clients)[0]["credit"] == 7500
    assert [row["amount"] for row in rows(tables.credits_log)] == [10000, -10000, 7500]


# --- states ------------------------------------------------------------------------------------


def test_paid_unpaid_paid_moves_the_due_date_once(do, invoice_id, rows):
    for status in (InvoiceStatus.PAID, InvoiceStatus.UNPAID, InvoiceStatus.PAID):
        do(UpdateInvoice(invoice_id, status=status))
    assert rows(tables.services)[0]["next_due_on"] == date(2026, 4, 2)
    assert _shown(do, invoice_id).status is InvoiceStatus.PAID


def test_a_payment_date_is_midnight_in_the_accounts_zone(do, invoice_id):
    do(UpdateInvoice(invoice_id, paid_on=date(2026, 2, 28)))
    assert _shown(do, invoice_id).paid_at is None
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.PAID, paid_on=date(2026, 2, 28)))
    assert _shown(do, invoice_id).paid_at == datetime(2026, 2, 27, 22, tzinfo=UTC)


def test_only_a_draft_is_published(do, invoice_id, put, rows):
    with pytest.raises(InvoiceNotDraft):
        do(UpdateInvoice(invoice_id, publish=True))
    put(tables.documents, invoice_id, status=InvoiceStatus.DRAFT.value)
    before = len(rows(tables.outbox))
    do(UpdateInvoice(invoice_id, publish=True, send_email=True))
    assert _shown(do, invoice_id).status is InvoiceStatus.UNPAID
    mails = [row["payload"]["template"] for row in rows(tables.outbox)][before:]
    assert mails == ["Invoice Created"]

"""Documents of every kind, and what they do to a client's account."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter.billing.model import DocumentKind, InvoiceStatus, RecurringLine
from adapter.billing.statement import Statement, StatementKind, StatementTotal, statement_csv
from adapter.commands.model import (
    AddCredit,
    AutoConvert,
    ConvertProforma,
    CreateStatement,
    GenerateDueInvoices,
    GetClient,
    GetClientHistory,
    GetDocument,
    GetInvoice,
    GetStatistics,
    IssueDocument,
    IssueDocuments,
    ListDocuments,
    ListInvoices,
    PaidAs,
    PaymentMade,
    RecordClientPayment,
    RecordPayment,
    UpdateInvoice,
)
from adapter.errors import (
    ClientNotFound,
    CurrencyNotListed,
    DiscountTooLarge,
    DocumentNotFound,
    InvalidField,
    InvoiceNotFound,
    ProformaConverted,
)
from adapter.store import tables
from adapter.store.balances import balances, movements
from tests.invariants import assert_sound
from tests.unit.backends.conftest import TODAY

K = DocumentKind


def line(price="100.00", rate="15", **more):
    values: dict[str, Any] = {
        "product_code": "A1",
        "quantity": Decimal(1),
        "description": "Hosting",
        "unit_price": Decimal(price),
        "currency": "ZAR",
        "vat_applies": True,
        "vat_rate": Decimal(rate),
        "includes_vat": False,
    }
    return RecurringLine(**values | more)


@pytest.fixture
def issue(do, ann):
    def execute(kind=K.INVOICE, price="100.00", today=TODAY, lines=None, **more):
        return do(IssueDocument(kind, lines or (line(price),), client_id=ann, **more), today=today)

    return execute


@pytest.fixture
def balance(do, store, ann):
    """Return the client's balance, which the movements of the account must add up to."""

    def read():
        shown = do(GetClient(ann)).client
        with store.read() as uow:
            stand = balances(uow, [ann])[ann]
            moved = movements(uow, ann, "ZAR", ZoneInfo("UTC"))
        assert stand.balance == shown.balance
        assert sum(each.amount.hundredths for each in moved) == shown.balance.hundredths
        assert_sound(store)
        return str(shown.balance)

    return read


def test_an_invoice_is_owed_and_due_after_the_clients_terms(issue, do, put, ann, balance):
    put(tables.clients, ann, payment_terms_days=30)
    issued = issue(order_number="PO-1", issued_on=date(2026, 2, 1))
    assert (issued.number, str(issued.total)) == (1, "115.00")
    assert balance() == "-115.00"
    invoice = do(GetInvoice(issued.document_id)).invoice
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 2, 1), date(2026, 3, 3))
    assert (invoice.status, invoice.order_number) == (InvoiceStatus.UNPAID, "PO-1")
    assert (str(invoice.subtotal), str(invoice.tax), str(invoice.total)) == (
        "100.00",
        "15.00",
        "115.00",
    )


def test_each_kind_has_its_own_numbers_and_all_share_the_ids(issue, do, ann):
    kinds = (K.INVOICE, K.PROFORMA, K.CREDIT_NOTE, K.PAYOUT, K.QUOTE, K.DELIVERY_NOTE, K.INVOICE)
    issued = [issue(kind) for kind in kinds]
    payment = do(RecordClientPayment(ann, Decimal(5)))
    assert [each.number for each in issued] == [1, 1, 1, 1, 1, 1, 2]
    assert [each.document_id for each in (*issued, payment)] == list(range(1, 9))
    assert (payment.kind, payment.number) == (K.PAYMENT, 1)


def test_a_prefix_is_the_callers_else_the_settings_of_the_kind(issue, do, setting):
    setting("CreditNotePrefix", "CN-")
    setting("CreditNoteSuffix", "/26")
    own = issue(K.CREDIT_NOTE)
    callers = issue(K.CREDIT_NOTE, number_prefix="X", number_suffix="")
    texts = [do(GetDocument(each.document_id)).document.number_text for each in (own, callers)]
    assert texts == ["CN-1/26", "X2"]


@pytest.mark.parametrize("kind", [K.PROFORMA, K.QUOTE, K.DELIVERY_NOTE])
def test_what_is_no_invoice_moves_no_money(issue, balance, kind):
    issue(kind)
    assert balance() == "0.00"


def test_a_payment_pays_the_oldest_and_the_rest_is_credit(issue, do, ann, balance):
    first, second = issue(), issue(price="200.00")
    do(RecordClientPayment(ann, Decimal("200.00"), reference="R1", method="EFT"))
    assert balance() == "-145.00"
    paid = do(GetInvoice(first.document_id)).invoice
    assert (paid.status, [str(t.amount_in) for t in paid.transactions]) == (
        InvoiceStatus.PAID,
        ["115.00"],
    )
    assert (paid.transactions[0].transaction_id, paid.transactions[0].gateway) == ("R1", "EFT")
    open_ = do(GetInvoice(second.document_id)).invoice
    assert (open_.status, str(open_.balance)) == (InvoiceStatus.UNPAID, "145.00")
    do(RecordClientPayment(ann, Decimal("150.00")))
    assert balance() == "5.00"
    assert str(do(GetClient(ann)).client.credit) == "5.00"


def test_without_allocation_a_payment_is_credit(issue, do, ann, setting, balance):
    setting("PaymentAllocation", "credit")
    invoice = issue()
    do(RecordClientPayment(ann, Decimal("115.00")))
    issue(K.CREDIT_NOTE, price="10.00")
    assert balance() == "11.50"
    assert do(GetInvoice(invoice.document_id)).invoice.status is InvoiceStatus.UNPAID
    assert str(do(GetClient(ann)).client.credit) == "126.50"


def test_a_credit_note_counts_for_the_client_and_settles_what_is_open(issue, do, balance):
    invoice = issue(price="200.00")
    issue(K.CREDIT_NOTE)
    assert balance() == "-115.00"
    shown = do(GetInvoice(invoice.document_id)).invoice
    assert (str(shown.credit), str(shown.total), shown.status) == (
        "115.00",
        "115.00",
        InvoiceStatus.UNPAID,
    )
    issue(K.CREDIT_NOTE, price="200.00")
    assert balance() == "115.00"
    assert do(GetInvoice(invoice.document_id)).invoice.status is InvoiceStatus.PAID


def test_a_payout_and_then_a_credit_note_reverse_a_paid_invoice(issue, do, ann, balance):
    issue()
    do(RecordClientPayment(ann, Decimal("115.00")))
    assert balance() == "0.00"
    issue(K.PAYOUT)
    assert balance() == "-115.00"
    issue(K.CREDIT_NOTE)
    assert balance() == "0.00"
    assert str(do(GetClient(ann)).client.credit) == "0.00"


def test_a_payout_takes_the_clients_credit(issue, do, ann, balance):
    do(RecordClientPayment(ann, Decimal("200.00")))
    issue(K.PAYOUT)
    assert balance() == "85.00"
    assert str(do(GetClient(ann)).client.credit) == "85.00"


def test_a_new_invoice_uses_credit_unless_that_is_switched_off(issue, do, ann, setting, balance):
    do(AddCredit(ann, "Gift", Decimal("300.00")))
    assert do(GetInvoice(issue().document_id)).invoice.status is InvoiceStatus.PAID
    setting("NoAutoApplyCredit", "on")
    assert do(GetInvoice(issue().document_id)).invoice.status is InvoiceStatus.UNPAID
    assert balance() == "70.00"


def test_payments_of_the_other_protocol_and_cancelled_invoices_add_up(issue, do, balance):
    first, second, third = issue(), issue(), issue()
    do(RecordPayment(first.document_id, amount=Decimal("150.00")))
    assert balance() == "-195.00"
    do(UpdateInvoice(second.document_id, status=InvoiceStatus.CANCELLED))
    assert balance() == "-80.00"
    do(UpdateInvoice(third.document_id, status=InvoiceStatus.PAID))
    assert balance() == "35.00"


def test_an_invoice_with_its_payment_is_paid_before_older_ones(issue, do, balance):
    older = issue()
    paid = issue(payment=PaymentMade(Decimal("115.00"), date(2026, 3, 1), "EFT", "Ref"))
    assert do(GetInvoice(older.document_id)).invoice.status is InvoiceStatus.UNPAID
    assert do(GetInvoice(paid.document_id)).invoice.status is InvoiceStatus.PAID
    assert balance() == "-115.00"


def test_marked_as_paid_is_a_payment_of_the_whole_or_only_a_status(issue, do, ann, balance):
    by_payment = issue(paid=PaidAs.PAYMENT)
    by_status = issue(paid=PaidAs.STATUS)
    assert balance() == "0.00"
    for each in (by_payment, by_status):
        assert do(GetInvoice(each.document_id)).invoice.status is InvoiceStatus.PAID
    assert len(do(ListDocuments(K.PAYMENT, ann)).documents) == 1


def test_marked_as_paid_with_another_amount_is_refused(issue, balance):
    with pytest.raises(InvalidField, match=r"must be the total of 115\.00"):
        issue(paid=PaidAs.PAYMENT, payment=PaymentMade(Decimal("100.00")))
    assert balance() == "0.00"


def test_a_proforma_becomes_an_invoice_once(issue, do, ann, balance):
    proforma = issue(K.PROFORMA, order_number="PO-9", send_email=False)
    invoice = do(ConvertProforma(number=1), today=TODAY + timedelta(days=3))
    assert (invoice.kind, invoice.number, invoice.source_number) == (K.INVOICE, 1, 1)
    shown = do(GetDocument(invoice.document_id)).document
    assert (shown.order_number, shown.source_id) == ("PO-9", proforma.document_id)
    assert (str(shown.total), shown.issued_on) == ("115.00", TODAY + timedelta(days=3))
    assert [each.description for each in shown.lines] == ["Hosting"]
    assert balance() == "-115.00"
    with pytest.raises(ProformaConverted):
        do(ConvertProforma(number=1))
    assert len(do(ListInvoices(None, ann)).invoices) == 1
    with pytest.raises(DocumentNotFound):
        do(ConvertProforma(number=2))


def test_a_run_converts_the_proformas_whose_day_has_come(issue, do, balance):
    issue(K.PROFORMA, convert=AutoConvert())
    issue(K.PROFORMA, convert=AutoConvert(TODAY + timedelta(days=3)))
    issue(K.PROFORMA)
    assert do(GenerateDueInvoices(), today=TODAY + timedelta(days=2)).count == 0
    assert do(GenerateDueInvoices(service_ids=(1,)), today=TODAY + timedelta(days=3)).count == 0
    preview = do(GenerateDueInvoices(), today=TODAY + timedelta(days=3), dry_run=True)
    assert (preview.count, balance()) == (1, "0.00")
    assert do(GenerateDueInvoices(), today=TODAY + timedelta(days=3)).count == 1
    assert do(GenerateDueInvoices(), today=TODAY + timedelta(days=3)).count == 0
    assert balance() == "-115.00"
    assert do(GenerateDueInvoices(), today=TODAY + timedelta(days=7)).count == 1
    assert balance() == "-230.00"


def test_other_kinds_are_no_invoices_of_the_form_post_protocol(issue, do, ann):
    for kind in (K.PROFORMA, K.CREDIT_NOTE, K.PAYOUT, K.QUOTE, K.DELIVERY_NOTE):
        issued = issue(kind)
        with pytest.raises(InvoiceNotFound):
            do(GetInvoice(issued.document_id))
        with pytest.raises(InvoiceNotFound):
            do(RecordPayment(issued.document_id, amount=Decimal(1)))
        with pytest.raises(InvoiceNotFound):
            do(UpdateInvoice(issued.document_id, status=InvoiceStatus.CANCELLED))
    assert do(ListInvoices(client_id=ann)).invoices == ()


def test_a_document_in_another_currency_is_converted_at_the_days_rate(issue, do, store, put):
    with store.write() as uow:
        uow.insert(tables.currencies, code="USD", prefix="$", rate=Decimal("0.054"))
    quoted = line("10.00", currency="USD", cost_price=Decimal("1.2345"))
    issued = issue(lines=(quoted,), discount_amount=Decimal("1.00"))
    shown = do(GetDocument(issued.document_id)).document
    assert shown.currency_code == "ZAR"
    assert (shown.original_currency, shown.exchange_rate) == ("USD", Decimal("18.5185185185"))
    assert (str(shown.discount_amount), shown.lines[0].unit_price) == ("18.52", Decimal("185.19"))
    assert (str(shown.subtotal), str(shown.tax)) == ("166.67", "25.00")


def test_a_currency_that_is_not_in_use_is_refused(issue):
    with pytest.raises(CurrencyNotListed):
        issue(lines=(line(currency="XXX"),))


def test_several_documents_are_issued_together_or_not_at_all(do, ann, rows):
    good = IssueDocument(K.INVOICE, (line(),), client_id=ann)
    bad = IssueDocument(K.INVOICE, (line(),), client_id=99)
    with pytest.raises(ClientNotFound):
        do(IssueDocuments((good, bad)))
    assert rows(tables.documents) == []
    assert len(do(IssueDocuments((good, good))).documents) == 2


def test_a_discount_above_the_lines_is_refused(issue, rows):
    with pytest.raises(DiscountTooLarge):
        issue(discount_amount=Decimal("100.01"))
    assert rows(tables.documents) == []


def test_mail_is_asked_for_then_the_clients_default(issue, put, ann, rows):
    put(tables.clients, ann, send_documents=False)
    assert not issue().emailed
    assert issue(send_email=True).emailed
    put(tables.clients, ann, send_documents=True)
    assert issue(K.CREDIT_NOTE).emailed
    assert not issue(send_email=False).emailed
    templates = [row["payload"]["template"] for row in rows(tables.outbox)]
    assert templates == ["Invoice Created", "Credit Note Created"]


def test_a_history_shows_what_was_issued_with_lines_newest_first(issue, do, ann):
    issue(issued_on=date(2026, 1, 5))
    issue(K.PROFORMA, issued_on=date(2026, 1, 6))
    issue(K.QUOTE, issued_on=date(2026, 1, 6))
    do(RecordClientPayment(ann, Decimal("15.00"), paid_on=date(2026, 1, 7)))
    shown = do(GetClientHistory(ann))
    kinds = [each.kind for each in shown.documents]
    assert kinds == [K.PAYMENT, K.PROFORMA, K.INVOICE]
    assert [str(each.total) for each in shown.documents] == ["15.00", "115.00", "115.00"]
    assert shown.documents[2].lines[0].unit_price == Decimal("100.00")
    january = GetClientHistory(ann, date(2026, 1, 6), date(2026, 1, 6), descending=False)
    assert [each.kind for each in do(january).documents] == [K.PROFORMA]
    with pytest.raises(ClientNotFound):
        do(GetClientHistory(99))


def test_a_history_shows_money_booked_on_an_invoice_directly(issue, do, ann):
    invoice = issue()
    do(RecordPayment(invoice.document_id, transaction_id="tx", amount=Decimal("15.00")))
    payment = do(GetClientHistory(ann)).documents[-1]
    payment = next(e for e in do(GetClientHistory(ann)).documents if e.kind is K.PAYMENT)
    assert (payment.document_id, payment.reference, str(payment.total)) == (0, "tx", "15.00")


def test_a_statement_runs_from_the_opening_balance_to_the_balance(issue, do, put, ann, rows):
    put(tables.clients, ann, opening_balance=-5000)
    issue(issued_on=date(2026, 1, 5))
    do(RecordClientPayment(ann, Decimal("100.00"), paid_on=date(2026, 2, 1), reference="=1+1"))
    full = do(CreateStatement(ann, file_format="csv")).statement
    assert [str(e.balance) for e in full.entries] == ["-165.00", "-65.00"]
    assert (str(full.brought_forward), str(full.closing)) == ("-50.00", "-65.00")
    assert str(full.total) == "-65.00"
    february = do(
        CreateStatement(
            ann,
            StatementKind.DATE_RANGE,
            from_on=date(2026, 2, 1),
            to_on=date(2026, 2, 28),
            total=StatementTotal.ONLY_SHOWN,
        )
    ).statement
    assert (str(february.brought_forward), str(february.total)) == ("-165.00", "100.00")
    stored = rows(tables.statements)[1]
    assert Statement.from_json(stored["content"]) == february
    text = statement_csv(february).decode()
    assert text.splitlines()[1] == "2026-02-01,brought_forward,,,,,-165.00"
    assert text.splitlines()[2] == "2026-02-01,payment,1,'=1+1,,100.00,-65.00"
    assert text.splitlines()[3] == "2026-02-28,total,,,,,100.00"


def test_an_account_and_an_income_may_come_to_more_than_one_amount(do, ann, rows):
    largest = Decimal("900000000000.00")
    for _ in range(2):
        do(RecordClientPayment(ann, largest, paid_on=TODAY))
    statement = do(CreateStatement(ann)).statement
    assert [str(e.balance) for e in statement.entries] == [str(largest), "1800000000000.00"]
    assert Statement.from_json(rows(tables.statements)[0]["content"]) == statement
    assert str(do(GetStatistics()).income_today) == "1800000000000.00"


def test_a_statement_of_a_range_needs_both_ends_in_order(do, ann):
    with pytest.raises(InvalidField):
        do(CreateStatement(ann, StatementKind.DATE_RANGE, from_on=TODAY))
    yesterday = TODAY - timedelta(days=1)
    with pytest.raises(InvalidField):
        do(CreateStatement(ann, StatementKind.DATE_RANGE, from_on=TODAY, to_on=yesterday))

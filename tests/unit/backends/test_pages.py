"""The store's documents as pages, and the mails that bring them."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from adapter.backends.local.pages import (
    LetterWriter,
    LinkedPages,
    document_page,
    statement_page,
)
from adapter.billing.model import (
    DocumentKind,
    InvoiceStatus,
    ItemAction,
    QuoteStage,
    RecurringLine,
)
from adapter.billing.schedule import Frequency
from adapter.billing.statement import Statement, StatementKind, StatementTotal
from adapter.commands.links import Links
from adapter.commands.model import (
    AddCredit,
    CreateBillableItem,
    CreateQuote,
    CreateRecurringInvoice,
    CreateStatement,
    CustomMail,
    GenerateDueInvoices,
    IssueDocument,
    MailKind,
    QuoteFields,
    QuoteLine,
    RecordClientPayment,
    RecordPayment,
    SendMail,
    UpdateInvoice,
)
from adapter.documents.config import BusinessConfig, DocumentConfig
from adapter.documents.mail import Outdated, Undeliverable
from adapter.documents.render import Renderer
from adapter.store import outbox, tables
from adapter.store.outbox import Requested, Status, enqueue_mail, list_rows

TODAY = date(2026, 3, 2)
ZONE = ZoneInfo("Africa/Johannesburg")
BUSINESS = BusinessConfig(name="Kaap Hosting", email="billing@kaap.example")
LINKS = Links("https://b.example", "1", b"secret")


def line(description, quantity, price, *, rate="15", includes_vat=False, applies=True):
    return RecurringLine(
        product_code="C1",
        quantity=Decimal(quantity),
        description=description,
        unit_price=Decimal(price),
        currency="ZAR",
        vat_applies=applies,
        vat_rate=Decimal(rate),
        includes_vat=includes_vat,
    )


@pytest.fixture
def positional(do, ann):
    """Bill a recurring invoice of these lines; return the invoice's id."""

    def bill(*lines, start_on=TODAY, today=TODAY, **values):
        do(
            CreateRecurringInvoice(Frequency.MONTHLY, start_on, lines, client_id=ann, **values),
            today,
        )
        return do(GenerateDueInvoices(client_id=ann), today).latest_invoice_id

    return bill


@pytest.fixture
def page(store):
    def read(record_id, kind="invoice"):
        with store.read() as uow:
            return document_page(uow, kind, record_id, ZONE)

    return read


@pytest.fixture
def statement(store, do, ann):
    def read(kind=StatementKind.FULL, **values):
        made = do(CreateStatement(ann, kind, **values))
        with store.read() as uow:
            row = uow.row(tables.statements, made.statement_id)
            return statement_page(uow, row["id"], Statement.from_json(row["content"]))

    return read


@pytest.fixture
def letter(store):
    renderer = Renderer(BUSINESS, DocumentConfig(), pytest.fail)
    writer = LetterWriter(store, renderer, LINKS, ZONE)

    def write(number=-1):
        with store.read() as uow:
            rows = list_rows(uow, tuple(Status))
        return writer(rows[number])

    return write


def shown(page):
    return [(row.label, str(row.amount)) for row in page.totals]


def test_a_positional_invoice_shows_its_lines_and_the_vat_of_each_rate(positional, page):
    invoice_id = positional(
        line("Support", "2", "100.005"),
        line("Inclusive", "1", "115", includes_vat=True),
        line("Zero", "1", "50", rate="0"),
        line("Exempt", "1", "7", applies=False),
        order_number="PO-1",
        custom_values=("Blue", *[""] * 9),
    )
    found = page(invoice_id)
    assert (found.title, found.number, found.issued_on) == ("Tax Invoice", "1", TODAY)
    assert [(each.label, each.value) for each in found.facts] == [
        ("Date", "02/03/2026"),
        ("Due date", "02/03/2026"),
        ("Order number", "PO-1"),
        ("Reference 1", "Blue"),
    ]
    assert [(each.description, str(each.amount)) for each in found.lines] == [
        ("Support", "200.01"),
        ("Inclusive", "100.00"),
        ("Zero", "50.00"),
        ("Exempt", "7.00"),
    ]
    assert [(each.label, str(each.net), str(each.vat)) for each in found.vat] == [
        ("15 %", "300.01", "45.00"),
        ("0 %", "50.00", "0.00"),
        ("No VAT", "7.00", "0.00"),
    ]
    assert shown(found) == [("Subtotal", "357.01"), ("VAT", "45.00"), ("Total", "402.01")]
    assert found.amount_label == "Amount excl. VAT"
    assert found.show_payment_details


def test_a_form_post_invoice_shows_what_it_stores(do, ann, page):
    do(CreateBillableItem(ann, "Work", Decimal("80.00"), action=ItemAction.NEXT_RUN, due_on=TODAY))
    invoice_id = do(GenerateDueInvoices(client_id=ann)).latest_invoice_id
    found = page(invoice_id)
    assert found.title == "Invoice"
    assert [(each.description, str(each.amount)) for each in found.lines] == [("Work", "80.00")]
    assert found.vat == ()
    assert not found.has_quantities
    assert shown(found) == [("Total", "80.00")]
    do(RecordPayment(invoice_id, amount=Decimal("30.00")))
    assert shown(page(invoice_id))[-2:] == [("Paid", "-30.00"), ("Balance due", "50.00")]
    do(RecordPayment(invoice_id))
    paid = page(invoice_id)
    assert (paid.stamp, paid.show_payment_details) == ("PAID", False)


def test_what_is_no_issued_document_is_no_page(positional, page, put):
    invoice_id = positional(line("Support", "1", "100"))
    assert page(invoice_id, "credit_note") is None
    assert page(invoice_id + 1) is None
    assert page(0) is None
    put(tables.documents, invoice_id, status="Draft")
    assert page(invoice_id) is None
    put(tables.documents, invoice_id, status="Unpaid", hidden=True)
    assert page(invoice_id) is None


def test_a_payment_is_a_receipt(do, positional, page):
    invoice_id = positional(line("Support", "1", "100"))
    do(RecordPayment(invoice_id, amount=Decimal(40), transaction_id="EFT-9"))
    receipt = page(1, "receipt")
    assert (receipt.title, receipt.number) == ("Receipt", "1")
    assert ("For", "invoice 1") in [(each.label, each.value) for each in receipt.facts]
    assert ("Reference", "EFT-9") in [(each.label, each.value) for each in receipt.facts]
    assert shown(receipt) == [("Received", "40.00")]
    assert page(2, "receipt") is None


def facts_of(page):
    return [(each.label, each.value) for each in page.facts]


def test_a_payment_document_says_how_the_money_came(do, ann, page):
    made = do(RecordClientPayment(ann, Decimal(40), None, "EFT", "EFT 9", "February"))
    found = page(made.document_id, "payment")
    assert (found.title, found.has_quantities, found.notes) == ("Receipt", False, "")
    assert facts_of(found) == [
        ("Date", "02/03/2026"),
        ("Payment method", "EFT"),
        ("Reference", "EFT 9"),
    ]
    assert [(each.description, str(each.amount)) for each in found.lines] == [
        ("February", "40.00")
    ]
    assert shown(found) == [("Received", "40.00")]


def test_a_quote_says_what_is_offered_and_until_when(do, ann, page):
    made = do(
        CreateQuote(
            QuoteFields(
                "New site",
                QuoteStage.DELIVERED,
                TODAY + timedelta(days=14),
                client_id=ann,
                proposal="In six weeks.",
                customer_notes="Call us.",
                lines=(QuoteLine("Design", Decimal(2), Decimal(50), Decimal(10)),),
            )
        )
    )
    found = page(made.quote_id, "quote")
    assert facts_of(found) == [
        ("Date", "02/03/2026"),
        ("Valid until", "16/03/2026"),
        ("Subject", "New site"),
    ]
    assert [(each.description, str(each.amount)) for each in found.lines] == [
        ("Design (less 10 %)", "90.00")
    ]
    assert found.notes == "In six weeks.\n\nCall us."


def test_a_delivery_note_counts_goods_and_tells_no_prices(do, ann, page):
    goods = replace(line("Paper", "3", "20"), custom=("5", "2", "", "", ""))
    loose = line("Pens", "10", "2")
    made = do(IssueDocument(DocumentKind.DELIVERY_NOTE, (goods, loose), client_id=ann))
    found = page(made.document_id, "delivery_note")
    assert [
        (each.description, each.ordered, each.quantity, each.back_ordered) for each in found.lines
    ] == [("Paper", "5", Decimal(3), "2"), ("Pens", "", Decimal(10), "")]
    assert (found.vat, found.totals, found.has_amounts) == ((), (), False)


def test_credit_pays_a_part_of_a_positional_total(do, ann, positional, page):
    do(AddCredit(ann, description="Gift", amount=Decimal(15)))
    found = page(positional(line("Support", "1", "100")))
    assert shown(found) == [
        ("Subtotal", "100.00"),
        ("VAT", "15.00"),
        ("Total", "115.00"),
        ("Credit used", "-15.00"),
        ("Balance due", "100.00"),
    ]
    assert str(found.total) == "115.00"


def test_a_discount_of_the_document_is_named(do, ann, page):
    made = do(
        IssueDocument(
            DocumentKind.INVOICE,
            (line("Support", "1", "100"),),
            client_id=ann,
            discount_percentage=Decimal(10),
            custom_values=("Blue", "7", *[""] * 8),
            custom_labels=("Colour",),
        )
    )
    found = page(made.document_id)
    assert facts_of(found)[2:] == [
        ("Colour", "Blue"),
        ("Reference 2", "7"),
        ("Discount", "10 %"),
    ]
    assert shown(found) == [("Subtotal", "90.00"), ("VAT", "13.50"), ("Total", "103.50")]


def test_a_statement_runs_from_charge_to_payment_and_agrees_with_the_balance(
    do, ann, positional, statement
):
    invoice_id = positional(line("Support", "1", "100"))
    do(RecordPayment(invoice_id, amount=Decimal(40)))
    do(AddCredit(ann, description="=HYPERLINK(1)", amount=Decimal(10)))
    found = statement()
    assert [(each.description, str(each.balance)) for each in found.rows] == [
        ("Invoice 1", "-115.00"),
        ("Payment Invoice Payment", "-75.00"),
        ("Credit =HYPERLINK(1)", "-65.00"),
    ]
    assert shown(found) == [
        ("Opening balance", "0.00"),
        ("Charged", "115.00"),
        ("Received", "50.00"),
        ("You owe", "65.00"),
    ]
    do(RecordPayment(invoice_id, amount=Decimal(100)))
    assert shown(statement())[-1] == ("In your favour", "35.00")


def test_a_range_begins_with_what_was_before_it(positional, statement, put, ann):
    put(tables.clients, ann, opening_balance=-500)
    positional(line("Support", "1", "100"), start_on=date(2026, 1, 5))
    march = {"from_on": date(2026, 3, 1), "to_on": date(2026, 3, 31)}
    found = statement(StatementKind.DATE_RANGE, **march)
    assert shown(found)[0] == ("Opening balance", "-120.00")
    assert found.rows == ()
    assert shown(statement())[0] == ("Opening balance", "-5.00")
    only = statement(StatementKind.DATE_RANGE, total=StatementTotal.ONLY_SHOWN, **march)
    assert shown(only)[-1] == ("Balance", "0.00")


def test_an_invoices_mail_has_its_pdf_and_link(positional, letter, put, ann):
    put(tables.clients, ann, email="ann@example.com; books@example.com")
    invoice_id = positional(line("Support", "1", "100"))
    found = letter()
    assert found.recipients == ("ann@example.com", "books@example.com")
    assert found.subject == "Tax Invoice 1 from Kaap Hosting"
    assert LINKS.download("invoice", invoice_id, 1) in found.text
    ((name, content),) = found.attachments
    assert (name, content[:5]) == ("invoice-1.pdf", b"%PDF-")


def test_a_payments_mail_has_the_invoice_and_a_thank_you_the_receipt(
    do, store, context, positional, letter, ann
):
    invoice_id = positional(line("Support", "1", "100"))
    do(RecordPayment(invoice_id, send_email=True))
    assert letter().subject == "Thank you for your payment, Tax Invoice 1"
    with store.write() as uow:
        values = {"transaction_id": 1, "description": "For {{ March }}"}
        enqueue_mail(uow, context(), outbox.PAYMENT_THANKS, ann, 0, values)
    thanks = letter()
    assert thanks.subject == "Thank you for your payment, Receipt 1"
    assert "For {{ March }}" in thanks.text
    assert thanks.attachments[0][0] == "receipt-1.pdf"
    assert LINKS.download("receipt", 1, 1) in thanks.text


def test_a_callers_message_is_sent_as_it_was_written(do, letter, ann):
    words = CustomMail(MailKind.GENERAL, "About {{ you }}", "1 < 2 {{ 7 * 7 }}")
    do(SendMail(ann, custom=words))
    found = letter()
    assert found.subject == "About {{ you }}"
    assert "1 < 2 {{ 7 * 7 }}" in found.text
    assert "1 &lt; 2 {{ 7 * 7 }}" in found.html


def test_a_mail_sent_by_name_brings_its_invoice(do, positional, letter):
    invoice_id = positional(line("Support", "1", "100"))
    do(SendMail(invoice_id, "Invoice Payment Reminder"))
    found = letter()
    assert found.subject == "Invoice Payment Reminder from Kaap Hosting"
    assert found.attachments[0][0] == "invoice-1.pdf"


def test_a_statements_mail_has_the_statement(do, letter, ann):
    made = do(CreateStatement(ann, send_email=True))
    found = letter()
    assert found.subject == "Statement of 02/03/2026 from Kaap Hosting"
    assert found.attachments[0][0] == f"statement-{made.statement_id}.pdf"


@pytest.mark.parametrize("allowed", [False, True])
def test_a_run_that_catches_up_mails_no_old_news_unless_that_is_wanted(
    positional, letter, setting, allowed
):
    if allowed:
        setting("CatchUpMails", "on")
    positional(line("Support", "1", "100"), start_on=TODAY - timedelta(days=3))
    if allowed:
        assert letter().subject == "Tax Invoice 1 from Kaap Hosting"
    else:
        with pytest.raises(Outdated, match="more than 2 days late"):
            letter()


def test_two_days_late_is_news_still(positional, letter):
    positional(line("Support", "1", "100"), start_on=TODAY - timedelta(days=2))
    assert letter().recipients


def test_mail_goes_to_nobody_but_the_documents_own_client(
    store, context, positional, letter, ann, put
):
    invoice_id = positional(line("Support", "1", "100"))
    with store.write() as uow:
        other = dict(uow.row(tables.clients, ann))
        other |= {"id": ann + 1, "email": "other@example.com"}
        uow.insert(tables.clients, **other)
        enqueue_mail(uow, context(), outbox.DOCUMENT, ann + 1, invoice_id, {"kind": "invoice"})
        enqueue_mail(uow, context(), outbox.DOCUMENT, ann, invoice_id + 50)
        enqueue_mail(uow, context(), outbox.DOCUMENT, ann + 50, invoice_id)
        enqueue_mail(uow, context(), "Nonsense", ann, invoice_id)
    for number, why in (
        (1, "another client's"),
        (2, "is not there"),
        (3, "is not there"),
        (4, "no mail template"),
    ):
        with pytest.raises(Undeliverable, match=why):
            letter(number)
    put(tables.clients, ann, email="")
    with pytest.raises(Undeliverable, match="no e-mail address"):
        letter(0)


def test_a_mail_without_a_document_needs_none(store, context, letter, ann):
    with store.write() as uow:
        enqueue_mail(uow, context(), "client_welcome", ann)
        enqueue_mail(uow, context(), "Order Confirmation", ann, 0, {"order_number": "77"})
    assert letter(0).subject == "Welcome to Kaap Hosting"
    assert letter(1).subject == "Your order 77 at Kaap Hosting"
    assert letter(1).attachments == ()


def test_cancelled_invoices_are_stamped_and_not_charged(do, positional, page, statement):
    invoice_id = positional(line("Support", "1", "100"))
    do(UpdateInvoice(invoice_id, status=InvoiceStatus.CANCELLED))
    assert page(invoice_id).stamp == "CANCELLED"
    assert shown(statement())[-1] == ("Balance", "0.00")


@pytest.fixture
def linked(store, context):
    """Return what links lead to, on a day that tests set."""
    clock = SimpleNamespace(today=TODAY)
    renderer = Renderer(BUSINESS, DocumentConfig(), pytest.fail)
    pages = LinkedPages(store, renderer, ZONE, 2, lambda _: context(clock.today))
    return SimpleNamespace(pages=pages, clock=clock)


def test_both_numbers_of_a_link_must_be_the_documents(positional, linked):
    invoice_id = positional(line("Support", "1", "100"))
    found = linked.pages.download("invoice", invoice_id, 1)
    assert (found.name, found.content[:5]) == ("invoice-1.pdf", b"%PDF-")
    for kind, record_id, number in (
        ("invoice", invoice_id, 2),
        ("invoice", invoice_id + 1, 1),
        ("credit_note", invoice_id, 1),
        ("payment", invoice_id, invoice_id),
        ("receipt", invoice_id, invoice_id),
        ("", invoice_id, 1),
    ):
        assert linked.pages.download(kind, record_id, number) is None
        assert linked.pages.mail(kind, record_id, number, "r") is None


def test_a_mail_link_queues_one_mail_to_the_documents_client(
    positional, linked, letter, rows, ann
):
    invoice_id = positional(line("Support", "1", "100"))
    before = len(rows(tables.outbox))
    assert linked.pages.mail("invoice", invoice_id, 1, "r") is Requested.QUEUED
    assert linked.pages.mail("invoice", invoice_id, 1, "r") is Requested.ALREADY
    assert len(rows(tables.outbox)) == before + 1
    assert rows(tables.outbox)[-1]["client_id"] == ann
    assert letter().attachments[0][0] == "invoice-1.pdf"


def test_a_statements_link_ends_after_two_days(do, positional, linked, ann):
    positional(line("Support", "1", "100"))
    table = do(CreateStatement(ann, file_format="csv")).statement_id
    found = linked.pages.download("statement", table, table)
    name = f"statement-{table}.csv"
    assert (found.name, found.content_type) == (name, "text/csv; charset=utf-8")
    assert b",invoice,1," in found.content
    page = do(CreateStatement(ann)).statement_id
    assert linked.pages.download("statement", page, page).content.startswith(b"%PDF-")
    assert linked.pages.download("statement", page, table) is None
    linked.clock.today += timedelta(days=2)
    assert linked.pages.download("statement", page, page) is None

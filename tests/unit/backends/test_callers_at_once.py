"""Callers at the same moment: money is used once, and no failed login is lost count of."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import InvoiceStatus, QuoteStage
from adapter.commands.model import (
    AcceptQuote,
    AddCredit,
    ApplyCredit,
    CapturePayment,
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateQuote,
    GetInvoice,
    InvoiceLineChange,
    IssueInvoice,
    QuoteFields,
    QuoteLine,
    RecordPayment,
    RecordTransaction,
    ValidateLogin,
)
from adapter.errors import AdapterError, StoreUnavailable
from adapter.store import tables

CALLERS = 16


@pytest.fixture
def codes(do):
    """Execute one command in many threads; return the codes of what was refused."""

    def execute(command):
        together = threading.Barrier(CALLERS)

        def call(_):
            together.wait(20)
            try:
                do(command)
            except StoreUnavailable:
                raise
            except AdapterError as error:
                return error.code
            return None

        with ThreadPoolExecutor(CALLERS) as threads:
            return sorted(filter(None, threads.map(call, range(CALLERS))))

    return execute


@pytest.fixture
def invoice(do, ann):
    line = InvoiceLineChange("Work", Decimal(100), taxed=False)
    return do(IssueInvoice(ann, (line,))).invoice_id


def test_the_same_payment_is_booked_once(codes, do, invoice, rows):
    assert codes(RecordPayment(invoice, "T1", amount=Decimal(40))) == []
    assert len(rows(tables.transactions)) == 1
    assert str(do(GetInvoice(invoice)).invoice.balance) == "60.00"


def test_credit_is_never_used_beyond_its_balance(codes, do, ann, invoice, rows):
    do(AddCredit(ann, "gift", Decimal(50)))
    assert codes(ApplyCredit(invoice, Decimal(20))) == ["insufficient_credit"] * (CALLERS - 2)
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == 1000
    assert str(do(GetInvoice(invoice)).invoice.balance) == "60.00"
    assert sum(row["amount"] for row in rows(tables.credits_log)) == 1000


def test_credit_is_never_used_beyond_what_is_owed(codes, do, ann, invoice, rows):
    do(AddCredit(ann, "gift", Decimal(1000)))
    refused = codes(ApplyCredit(invoice, Decimal(40)))
    assert refused == ["credit_exceeds_balance"] * (CALLERS - 2)
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == 92000


def test_a_balance_is_collected_once(codes, do, ann, invoice, rows):
    do(AddCredit(ann, "gift", Decimal(250)))
    assert codes(CapturePayment(invoice)) == ["invoice_not_unpaid"] * (CALLERS - 1)
    (client,) = rows(tables.clients, id=ann)
    assert client["credit"] == 15000


def test_a_refund_goes_back_once(codes, do, invoice, rows):
    do(RecordPayment(invoice, "T1"))
    refund = RecordTransaction(
        "banktransfer", invoice_id=invoice, transaction_id="R1", amount_out=Decimal(100)
    )
    assert codes(refund) == ["transaction_id_taken"] * (CALLERS - 1)
    shown = do(GetInvoice(invoice)).invoice
    assert (shown.status, str(shown.balance)) == (InvoiceStatus.REFUNDED, "100.00")


def test_never_more_goes_back_than_was_paid(codes, do, invoice, rows):
    do(RecordPayment(invoice, "T1"))
    refund = RecordTransaction("banktransfer", invoice_id=invoice, amount_out=Decimal(40))
    assert codes(refund) == ["refund_too_large"] * (CALLERS - 2)
    assert str(do(GetInvoice(invoice)).invoice.balance) == "80.00"


@pytest.mark.parametrize("known", [True, False])
def test_a_quote_becomes_one_invoice(codes, do, ann, rows, known):
    fields = QuoteFields(
        subject="Site",
        stage=QuoteStage.DELIVERED,
        valid_until=date(2026, 4, 1),
        client_id=ann if known else None,
        company_name="Ek",
        email="ek@example.com",
        lines=(QuoteLine("Design", Decimal(2), Decimal(50)),),
    )
    quote_id = do(CreateQuote(fields)).quote_id
    assert codes(AcceptQuote(quote_id)) == []
    (document,) = rows(tables.documents, kind="invoice")
    assert document["total"] == 10000
    (quote,) = rows(tables.quotes)
    assert quote["invoice_id"] == document["id"]


@pytest.fixture
def member(do):
    fields = ClientFields(first_name="Eve", email="eve@example.com")
    made = CreateClient(fields, ClientIdentity.EMAIL, send_email=False, password="s3cret")
    return do(made).client_id


def test_right_logins_do_not_stand_in_each_others_way(codes, do, member, rows):
    assert codes(ValidateLogin("eve@example.com", "s3cret")) == []
    assert [row["count"] for row in rows(tables.call_counts) if row["count"]] == []


def test_wrong_logins_are_all_counted(codes, do, member):
    refused = ["login_invalid"] * 10 + ["too_many_requests"] * (CALLERS - 10)
    assert codes(ValidateLogin("eve@example.com", "x")) == refused

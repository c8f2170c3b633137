"""Transactions: what they pay, what they take back, and where the due dates go with them."""

from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import InvoiceStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AddCredit,
    AddPayMethod,
    ApplyCredit,
    CreateStatement,
    GetInvoice,
    InvoiceLineChange,
    IssueInvoice,
    ListTransactions,
    OrderedProduct,
    PlaceOrder,
    RecordTransaction,
    UpdateTransaction,
)
from adapter.errors import InsufficientCredit, InvoiceNotOwned, OutOfBounds, RefundTooLarge
from adapter.store import tables


@pytest.fixture
def order(do, ann, shop):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    return do(PlaceOrder(ann, "banktransfer", products=(product,)))


def _pay(do, invoice_id, amount, **more):
    command = RecordTransaction("bank", invoice_id=invoice_id, amount_in=Decimal(amount), **more)
    return do(command).record_id


def _stand(do, invoice_id):
    invoice = do(GetInvoice(invoice_id)).invoice
    return invoice.status, str(invoice.balance)


def _due(rows):
    return rows(tables.services)[0]["next_due_on"]


def test_a_reversal_steps_back_what_the_payment_moved(do, order, rows):
    record_id = _pay(do, order.invoice_id, 125)
    assert (_stand(do, order.invoice_id)[0], _due(rows)) == (InvoiceStatus.PAID, date(2026, 4, 2))
    do(UpdateTransaction(record_id, amount_in=Decimal(0)))
    assert _stand(do, order.invoice_id) == (InvoiceStatus.UNPAID, "125.00")
    assert _due(rows) == date(2026, 3, 2)


def test_a_full_refund_steps_back_and_a_part_does_not(do, order, rows):
    _pay(do, order.invoice_id, 125)
    refund = RecordTransaction("bank", invoice_id=order.invoice_id, amount_out=Decimal(25))
    do(refund)
    assert (_stand(do, order.invoice_id), _due(rows)) == (
        (InvoiceStatus.PAID, "25.00"),
        date(2026, 4, 2),
    )
    do(RecordTransaction("bank", invoice_id=order.invoice_id, amount_out=Decimal(100)))
    assert _stand(do, order.invoice_id) == (InvoiceStatus.REFUNDED, "125.00")
    assert _due(rows) == date(2026, 3, 2)
    with pytest.raises(RefundTooLarge):
        do(refund)


def test_an_overpayment_becomes_credit_and_goes_back_with_its_payment(do, order, ann, rows):
    record_id = _pay(do, order.invoice_id, 150)
    assert rows(tables.clients, id=ann)[0]["credit"] == 2500
    do(UpdateTransaction(record_id, amount_in=Decimal(0)))
    assert rows(tables.clients, id=ann)[0]["credit"] == 0
    assert _stand(do, order.invoice_id) == (InvoiceStatus.UNPAID, "125.00")


def test_what_cannot_be_kept_of_a_payment_is_refused_by_name(do, order, ann, rows):
    largest = "900000000000.00"
    _pay(do, order.invoice_id, largest)
    with pytest.raises(OutOfBounds, match=f"beyond {largest}"):
        _pay(do, order.invoice_id, largest)
    assert len(rows(tables.transactions)) == 1
    assert rows(tables.clients, id=ann)[0]["credit"] == 90_000_000_000_000 - 12500


def test_credit_that_was_spent_cannot_go_back(do, order, ann, rows):
    record_id = _pay(do, order.invoice_id, 150)
    other = do(IssueInvoice(ann, (InvoiceLineChange("x", Decimal(25), taxed=False),))).invoice_id
    do(ApplyCredit(other))
    with pytest.raises(InsufficientCredit):
        do(UpdateTransaction(record_id, amount_in=Decimal(0)))
    assert _stand(do, order.invoice_id) == (InvoiceStatus.PAID, "0.00")
    assert _due(rows) == date(2026, 4, 2)


def test_a_payment_moves_to_another_invoice_of_its_client(do, order, ann):
    record_id = _pay(do, order.invoice_id, 125)
    other = do(IssueInvoice(ann, (InvoiceLineChange("x", Decimal(200), taxed=False),))).invoice_id
    do(UpdateTransaction(record_id, invoice_id=other))
    assert _stand(do, order.invoice_id) == (InvoiceStatus.UNPAID, "125.00")
    assert _stand(do, other) == (InvoiceStatus.UNPAID, "75.00")


def test_a_payment_stays_with_its_client(do, order, ben):
    record_id = _pay(do, order.invoice_id, 125)
    with pytest.raises(InvoiceNotOwned):
        do(UpdateTransaction(record_id, client_id=ben))
    assert _stand(do, order.invoice_id) == (InvoiceStatus.PAID, "0.00")


def test_a_note_and_credit_are_counted_once_in_the_account(do, ann):
    do(RecordTransaction("bank", client_id=ann, amount_in=Decimal(7)))
    do(RecordTransaction("bank", client_id=ann, amount_in=Decimal(10), as_credit=True))
    do(AddCredit(ann, "gift", Decimal(5)))
    statement = do(CreateStatement(ann)).statement
    assert (str(statement.closing), str(statement.total)) == ("15.00", "15.00")


def test_refunds_and_overpayments_add_up_in_the_account(do, order, ann):
    _pay(do, order.invoice_id, 150)
    do(RecordTransaction("bank", invoice_id=order.invoice_id, amount_out=Decimal(60)))
    statement = do(CreateStatement(ann)).statement
    assert str(statement.closing) == str(statement.total)


def test_transactions_are_listed_by_what_names_them(do, order, ann):
    first = _pay(do, order.invoice_id, 25, transaction_id="T1")
    second = do(RecordTransaction("bank", client_id=ann, transaction_id="T2")).record_id
    ids = [
        [row.record_id for row in do(command).transactions]
        for command in (
            ListTransactions(client_id=ann),
            ListTransactions(invoice_id=order.invoice_id),
            ListTransactions(transaction_id="T2"),
            ListTransactions(transaction_id="t2"),
        )
    ]
    assert ids == [[first, second], [first], [second], []]


def test_what_is_kept_of_a_card_is_its_tail(do, ann, rows):
    do(AddPayMethod(ann, "1111", card_type="Visa", expires="0129"))
    (row,) = rows(tables.pay_methods)
    assert "4111" not in str(dict(row))
    assert row["last_four"] == "1111"

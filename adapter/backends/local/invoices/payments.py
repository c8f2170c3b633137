"""Money: payments on invoices, and clients' credit."""

import sqlalchemy as sa

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import booked_at, currency_of, require_client
from adapter.billing.model import InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import AddCredit, RecordPayment
from adapter.commands.results import CreditAdded, PaymentRecorded
from adapter.errors import InsufficientCredit, InvalidField, InvoiceCancelled
from adapter.store import tables
from adapter.store.transitions import change_status, hold_invoice, settle
from adapter.store.unit_of_work import UnitOfWork


def record_payment(uow: UnitOfWork, command: RecordPayment, context: Context) -> PaymentRecorded:
    """Book money on an invoice; what it was not owed becomes the client's credit.

    The same transaction id with the same amount on the same invoice is a replay: it answers
    success and books nothing. Source: contracts/decisions.md, "Payments".
    """
    row = hold_invoice(uow, command.invoice_id)
    if row["status"] == InvoiceStatus.CANCELLED:
        raise InvoiceCancelled
    code = row["currency"]
    balance = Money(row["total"] - row["paid"], code)
    amount = balance if command.amount is None else Money.rounded(command.amount, code)
    if command.amount is not None and amount.hundredths <= 0:
        raise InvalidField("amount", "minimum", "amount must be above zero")
    if command.fees < 0:
        raise InvalidField("fees", "minimum", "fees must not be below zero")
    if _is_replay(uow, command, amount):
        return PaymentRecorded(command.invoice_id)
    if amount.hundredths <= 0:
        # Nothing is owed: the invoice was paid before and put back by hand.
        settle(uow, context, row["id"], send_email=command.send_email)
        return PaymentRecorded(command.invoice_id)
    if row["status"] == InvoiceStatus.DRAFT:
        # Money on a draft: its client has seen it, so it is one no longer.
        change_status(uow, context, row["id"], InvoiceStatus.UNPAID)
    # A fact about money that came in, so kept as named, whether or not it is one of ours.
    gateway = command.gateway or row["payment_method"]
    named = {"gateway": gateway, "transaction_id": command.transaction_id}
    check_lengths(tables.transactions, named)
    record_id = uow.insert(
        tables.transactions,
        client_id=row["client_id"],
        document_id=row["id"],
        currency=code,
        booked_at=booked_at(command.paid_on, context),
        description="Invoice Payment",
        amount_in=amount,
        fees=Money.rounded(command.fees, code),
        **named,
    )
    documents = tables.documents
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == row["id"])
        .values(paid=row["paid"] + amount.hundredths, updated_at=context.now)
    )
    detail = {"transaction": record_id, "amount": str(amount)}
    uow.audit(context, "record_payment", "invoice", row["id"], detail)
    settle(uow, context, row["id"], send_email=command.send_email)
    return PaymentRecorded(command.invoice_id)


def _is_replay(uow: UnitOfWork, command: RecordPayment, amount: Money) -> bool:
    """Tell whether this payment is booked already; without an amount its id alone says so."""
    if not command.transaction_id:
        return False
    booked = tables.transactions
    query = sa.select(booked.c.id).where(
        booked.c.document_id == command.invoice_id,
        booked.c.transaction_id == command.transaction_id,
    )
    if command.amount is not None:
        query = query.where(booked.c.amount_in == amount.hundredths)
    return uow.execute(query.limit(1)).first() is not None


def add_client_credit(uow: UnitOfWork, command: AddCredit, context: Context) -> CreditAdded:
    """Add to a client's credit or take from it, with a row in its log; never below zero."""
    require_client(uow, command.client_id)
    code = currency_of(uow, command.client_id).code
    amount = Money.rounded(command.amount, code)
    if amount.hundredths <= 0:
        raise InvalidField("amount", "minimum", "amount must be above zero")
    change = -amount if command.remove else amount
    clients = tables.clients
    # One statement checks and writes, so that two callers cannot both take the last of it.
    after = clients.c.credit + sa.literal(change.hundredths, sa.BigInteger)
    written = uow.execute(
        sa.update(clients)
        .where(clients.c.id == command.client_id, after >= 0)
        .values(credit=after)
    )
    if not written.rowcount:
        raise InsufficientCredit
    log_id = uow.insert(
        tables.credits_log,
        client_id=command.client_id,
        entered_on=command.entered_on or context.today,
        description=command.description,
        amount=change,
        admin_id=command.admin_id or 0,
    )
    detail = {"entry": log_id, "amount": str(change)}
    uow.audit(context, "add_credit", "client", command.client_id, detail)
    credit = uow.execute(sa.select(clients.c.credit).where(clients.c.id == command.client_id))
    return CreditAdded(Money(int(credit.scalar_one()), code))

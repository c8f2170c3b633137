"""Transactions: money that came and went, and what each moves on invoices and credit."""

from typing import Any

import sqlalchemy as sa

from adapter.backends.local.invoices.reading import transaction_records
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import (
    booked_at,
    currencies_by_code,
    currency_of,
    require_client,
)
from adapter.billing.model import InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import ListTransactions, RecordTransaction, UpdateTransaction
from adapter.commands.results import TransactionRecorded, TransactionsListed, TransactionUpdated
from adapter.errors import (
    CurrencyMismatch,
    CurrencyNotFound,
    InsufficientCredit,
    InvalidField,
    InvoiceCancelled,
    InvoiceNotOwned,
    RefundTooLarge,
    TransactionIdTaken,
    TransactionNotFound,
)
from adapter.store import tables
from adapter.store.transitions import (
    add_credit,
    change_status,
    hold_invoice,
    load_invoice,
    settle,
)
from adapter.store.unit_of_work import TRANSACTION_IDS, UnitOfWork

_T = tables.transactions
_D = tables.documents


def record_transaction(
    uow: UnitOfWork, command: RecordTransaction, context: Context
) -> TransactionRecorded:
    """Book a transaction and move what it pays or takes back.

    Source: contracts/decisions.md, "Transactions".
    """
    client_id, document_id = _parties(uow, command)
    code = _currency(uow, client_id, command.currency_id)
    if command.as_credit and document_id:
        raise InvalidField("credit", "exclusive", "credit and invoiceid exclude each other")
    if command.as_credit and not client_id:
        raise InvalidField("userid", "required", "userid is required")
    if command.transaction_id and not command.allow_duplicate:
        _require_unique(uow, command.transaction_id)
    values: dict[str, Any] = {
        "client_id": client_id,
        "document_id": document_id,
        "currency": code,
        "gateway": command.gateway,
        "booked_at": booked_at(command.booked_on, context),
        "description": command.description,
        "amount_in": Money.rounded(command.amount_in, code).hundredths,
        "fees": Money.rounded(command.fees, code).hundredths,
        "amount_out": Money.rounded(command.amount_out, code).hundredths,
        "transaction_id": command.transaction_id,
        "as_credit": command.as_credit,
    }
    if command.rate is not None:
        values["rate"] = command.rate
    check_lengths(_T, values)
    net = values["amount_in"] - values["amount_out"]
    if document_id:
        _move(uow, context, document_id, net, refund=True)
    elif command.as_credit:
        _move_credit(uow, context, client_id, net, command.description or "Credit")
    record_id = uow.insert(_T, **values)
    detail = {"invoice_id": document_id, "net": str(Money(net, code))}
    uow.audit(context, "record", "transaction", record_id, detail)
    return TransactionRecorded(record_id)


def update_transaction(
    uow: UnitOfWork, command: UpdateTransaction, context: Context
) -> TransactionUpdated:
    """Change a transaction; what it paid before is stepped back, what it pays now is moved.

    Raises `TransactionNotFound`.
    """
    row = _held(uow, command)
    if row["payment_id"]:
        raise InvalidField("transactionid", "payment", "It is a share of a payment document")
    values = _changes(uow, command, context, row)
    check_lengths(_T, values)
    new = {**row, **values}
    old_net, net = row["amount_in"] - row["amount_out"], new["amount_in"] - new["amount_out"]
    stays = (new["document_id"], new["client_id"], new["as_credit"]) == (
        row["document_id"],
        row["client_id"],
        row["as_credit"],
    )
    moves = [(new, net - old_net)] if stays else [(row, -old_net), (new, net)]
    for place, change in moves:
        if change and place["document_id"]:
            _move(uow, context, place["document_id"], change, refund=False)
        elif change and place["as_credit"]:
            label = f"Transaction {command.record_id} Changed"
            _move_credit(uow, context, place["client_id"], change, label)
        if place is row and not stays:
            # What the next step counts is without it.
            uow.execute(sa.update(_T).where(_T.c.id == row["id"]).values(document_id=0))
    if values:
        uow.execute(sa.update(_T).where(_T.c.id == row["id"]).values(**values))
    detail = {name: [str(row[name]), str(value)] for name, value in values.items()}
    uow.audit(context, "change", "transaction", row["id"], detail)
    return TransactionUpdated(command.record_id)


def list_transactions(
    uow: UnitOfWork, command: ListTransactions, _context: Context
) -> TransactionsListed:
    """List transactions by id."""
    query = sa.select(_T).where(_T.c.hidden == sa.false()).order_by(_T.c.id)
    if command.invoice_id is not None:
        query = query.where(_T.c.document_id == command.invoice_id)
    if command.client_id is not None:
        query = query.where(_T.c.client_id == command.client_id)
    if command.transaction_id is not None:
        query = query.where(_T.c.transaction_id == command.transaction_id)
    return TransactionsListed(transaction_records(uow, query))


def _parties(uow: UnitOfWork, command: RecordTransaction) -> tuple[int, int]:
    """Return the client and the invoice, 0 for none, the client held."""
    client_id = command.client_id or 0
    if client_id:
        uow.lock_client(client_id)
        require_client(uow, client_id)
    if command.invoice_id is None:
        return client_id, 0
    row = hold_invoice(uow, command.invoice_id)
    if client_id and row["client_id"] != client_id:
        raise InvoiceNotOwned
    return row["client_id"], row["id"]


def _currency(uow: UnitOfWork, client_id: int, currency_id: int | None) -> str:
    """Return the code of a transaction's currency: the client's own, or the one named."""
    named = None
    if currency_id is not None:
        known = {each.currency_id: each.code for each in currencies_by_code(uow).values()}
        named = known.get(currency_id)
        if named is None:
            raise CurrencyNotFound(currency_id)
    if not client_id:
        if named is None:
            raise InvalidField("currencyid", "required", "currencyid is required")
        return named
    own = currency_of(uow, client_id).code
    if named not in {None, own}:
        raise CurrencyMismatch
    return own


def _require_unique(uow: UnitOfWork, transaction_id: str) -> None:
    uow.take(TRANSACTION_IDS)
    query = sa.select(_T.c.id).where(_T.c.transaction_id == transaction_id).limit(1)
    if uow.execute(query).first() is not None:
        raise TransactionIdTaken


def _held(uow: UnitOfWork, command: UpdateTransaction) -> dict[str, Any]:
    """Return the row, everyone whose money it moves or will move held, in the order of ids."""
    row = uow.row(_T, command.record_id)
    if row is None:
        raise TransactionNotFound(command.record_id)
    clients = {row["client_id"], command.client_id or row["client_id"]}
    if command.invoice_id is not None:
        clients.add(load_invoice(uow, command.invoice_id)["client_id"])
    for client_id in sorted(clients):
        uow.lock_client(client_id)
    held = uow.row(_T, command.record_id)
    if held is None:
        raise TransactionNotFound(command.record_id)
    return dict(held)


def _changes(
    uow: UnitOfWork, command: UpdateTransaction, context: Context, row: dict[str, Any]
) -> dict[str, Any]:
    """Return the columns that change, as they are stored."""
    client_id = _owner_after(uow, command, row)
    code = _code_after(uow, command, row, client_id)
    if command.as_credit and not client_id:
        raise InvalidField("userid", "required", "userid is required")
    given: dict[str, Any] = {
        "refund_of": command.refund_of,
        "client_id": client_id,
        "document_id": command.invoice_id,
        "currency": code,
        "transaction_id": command.transaction_id,
        "gateway": command.gateway,
        "description": command.description,
        "rate": command.rate,
        "as_credit": True if command.as_credit else None,
    }
    if command.as_credit:
        given["document_id"] = 0
    elif command.invoice_id is not None:
        given["as_credit"] = False
    if command.booked_on is not None:
        given["booked_at"] = booked_at(command.booked_on, context)
    for name in ("amount_in", "fees", "amount_out"):
        amount = getattr(command, name)
        given[name] = None if amount is None else Money.rounded(amount, code).hundredths
    return {
        name: value for name, value in given.items() if value is not None and value != row[name]
    }


def _owner_after(uow: UnitOfWork, command: UpdateTransaction, row: dict[str, Any]) -> int:
    """Return whose the transaction is from now on; raises what does not fit together."""
    client_id = row["client_id"] if command.client_id is None else command.client_id
    if command.client_id is not None:
        require_client(uow, client_id)
    if command.invoice_id is not None:
        owner = load_invoice(uow, command.invoice_id)["client_id"]
        if command.client_id is not None and owner != client_id:
            raise InvoiceNotOwned
        client_id = owner
        if command.as_credit:
            raise InvalidField("credit", "exclusive", "credit and invoiceid exclude each other")
    elif row["document_id"] and client_id != row["client_id"] and not command.as_credit:
        raise InvoiceNotOwned
    return int(client_id)


def _code_after(
    uow: UnitOfWork, command: UpdateTransaction, row: dict[str, Any], client_id: int
) -> str:
    if command.currency_id is None and client_id == row["client_id"]:
        code: str = row["currency"]
        return code
    return _currency(uow, client_id, command.currency_id)


def _move(
    uow: UnitOfWork, context: Context, invoice_id: int, hundredths: int, *, refund: bool
) -> None:
    """Change what is paid on an invoice whose client is held; below zero is money that goes back.

    What had become credit goes back first. An invoice of which nothing stays paid is Refunded by a
    `refund`; one whose payment is reversed waits for its money again.
    """
    row = load_invoice(uow, invoice_id)
    if hundredths > 0 and row["status"] == InvoiceStatus.CANCELLED:
        raise InvoiceCancelled
    if hundredths > 0 and row["status"] == InvoiceStatus.DRAFT:
        # Money on a draft: its client has seen it, so it is one no longer.
        change_status(uow, context, invoice_id, InvoiceStatus.UNPAID)
    surplus = 0
    if hundredths < 0:
        surplus = min(max(_received(uow, invoice_id) - row["paid"], 0), -hundredths)
    paid = row["paid"] + hundredths + surplus
    if paid < 0:
        raise RefundTooLarge
    if surplus:
        label = f"Invoice #{invoice_id} Overpayment Taken Back"
        _move_credit(uow, context, row["client_id"], -surplus, label, invoice_id)
    uow.execute(
        sa.update(_D).where(_D.c.id == invoice_id).values(paid=paid, updated_at=context.now)
    )
    if hundredths > 0:
        settle(uow, context, invoice_id, send_email=True)
    elif row["status"] == InvoiceStatus.PAID and paid < row["total"]:
        if not refund:
            change_status(uow, context, invoice_id, InvoiceStatus.UNPAID)
        elif not paid:
            change_status(uow, context, invoice_id, InvoiceStatus.REFUNDED)


def _received(uow: UnitOfWork, invoice_id: int) -> int:
    net = sa.func.sum(_T.c.amount_in - _T.c.amount_out)
    query = sa.select(net).where(_T.c.document_id == invoice_id)
    # A decimal on PostgreSQL and MariaDB, NULL over no rows.
    return int(uow.execute(query).scalar() or 0)


def _move_credit(  # noqa: PLR0913 - one row of the credit log
    uow: UnitOfWork,
    context: Context,
    client_id: int,
    hundredths: int,
    label: str,
    invoice_id: int = 0,
) -> None:
    """Change a held client's credit, never below zero."""
    client = require_client(uow, client_id)
    if client["credit"] + hundredths < 0:
        raise InsufficientCredit
    add_credit(uow, context, client_id, hundredths, label, invoice_id)

"""Showing and listing invoices."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import lines_of
from adapter.backends.local.lookups import currencies_by_code, joined_window
from adapter.billing.model import DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.links import Links
from adapter.commands.model import GetInvoice, ListInvoices
from adapter.commands.results import (
    InvoiceLine,
    InvoiceRecord,
    InvoiceShown,
    InvoicesListed,
    TransactionRecord,
)
from adapter.errors import InvoiceNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_documents = tables.documents
# What a list may be ordered by, as the record names it; anything else orders by id.
_SORTING = {
    "invoice_id": _documents.c.id,
    "number": _documents.c.number,
    "issued_on": _documents.c.issued_on,
    "due_on": _documents.c.due_on,
    "total": _documents.c.total,
    "status": _documents.c.status,
}
# What callers may see, and how it is shown: with its client and currency.
_VISIBLE = (_documents.c.kind == DocumentKind.INVOICE.value, _documents.c.hidden == sa.false())
_clients, _currencies = tables.clients, tables.currencies
_SHOWN = (
    sa.select(
        _documents,
        _clients.c.first_name,
        _clients.c.last_name,
        _clients.c.company_name,
        _clients.c.invoice_name,
        _currencies.c.prefix,
        _currencies.c.suffix,
    )
    .join(_clients, _clients.c.id == _documents.c.client_id)
    .outerjoin(_currencies, _currencies.c.code == _documents.c.currency)
)


def get_invoice(uow: UnitOfWork, command: GetInvoice, context: Context) -> InvoiceShown:
    """Show one invoice with its lines and the money booked on it."""
    query = _SHOWN.where(*_VISIBLE, _documents.c.id == command.invoice_id)
    row = uow.execute(query).mappings().first()
    if row is None:
        raise InvoiceNotFound(command.invoice_id)
    lines = tuple(_line(line, row["currency"]) for line in lines_of(uow, row["id"]))
    transactions = _transactions(uow, row["id"])
    return InvoiceShown(_record(row, context.links, lines, transactions))


def list_invoices(uow: UnitOfWork, command: ListInvoices, context: Context) -> InvoicesListed:
    """List invoices without their lines; overdue ones are unpaid and past their due date."""
    query = sa.select(_documents.c.id).where(*_VISIBLE)
    if command.client_id is not None:
        query = query.where(_documents.c.client_id == command.client_id)
    if command.status is not None:
        query = query.where(_documents.c.status == command.status.value)
    if command.order_number is not None:
        query = query.where(_documents.c.order_number == command.order_number)
    if command.overdue:
        query = query.where(
            _documents.c.status == InvoiceStatus.UNPAID.value,
            _documents.c.due_on < context.today,
        )
    column = _SORTING.get(command.order_by or "", _documents.c.id)
    keys = [column] if column is _documents.c.id else [column, _documents.c.id]
    query = query.order_by(*(key.desc() if command.descending else key for key in keys))
    listing, rows = joined_window(uow, query, _SHOWN, command.page)
    return InvoicesListed(listing, tuple(_record(row, context.links) for row in rows))


def _record(
    row: sa.RowMapping,
    links: Links,
    lines: tuple[InvoiceLine, ...] = (),
    transactions: tuple[TransactionRecord, ...] = (),
) -> InvoiceRecord:
    code = row["currency"]
    return InvoiceRecord(
        invoice_id=row["id"],
        number=row["number"],
        number_text=row["number_text"],
        client_id=row["client_id"],
        client_first_name=row["first_name"],
        client_last_name=row["last_name"],
        client_company_name=row["company_name"],
        client_invoice_name=row["invoice_name"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        paid_at=row["paid_at"],
        refunded_at=row["refunded_at"],
        cancelled_at=row["cancelled_at"],
        subtotal=Money(row["subtotal"], code),
        credit=Money(row["credit"], code),
        tax=Money(row["tax"], code),
        tax_2=Money(row["tax_2"], code),
        total=Money(row["total"], code),
        balance=Money(row["total"] - row["paid"], code),
        tax_rate=row["tax_rate"],
        tax_rate_2=row["tax_rate_2"],
        status=InvoiceStatus(row["status"]),
        payment_method=row["payment_method"],
        notes=row["notes"],
        order_number=row["order_number"],
        currency_code=code,
        currency_prefix=row["prefix"] or "",
        currency_suffix=row["suffix"] or "",
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        lines=lines,
        transactions=transactions,
        url=links.download(DocumentKind.INVOICE, row["id"], row["number"] or 0),
    )


def _line(row: sa.RowMapping, code: str) -> InvoiceLine:
    quantity: Decimal | None = row["quantity"]
    return InvoiceLine(
        line_id=row["id"],
        line_type=row["line_type"],
        related_id=row["related_id"],
        description=row["description"],
        amount=Money(row["amount"], code),
        taxed=row["taxed"],
        product_code=row["product_code"] or "",
        quantity=Decimal(1) if quantity is None else quantity,
        unit_price=row["unit_price"],
        net=None if row["net"] is None else Money(row["net"], code),
        vat=None if row["vat"] is None else Money(row["vat"], code),
        vat_rate=row["vat_rate"],
    )


def transaction_records(uow: UnitOfWork, query: sa.Select[Any]) -> tuple[TransactionRecord, ...]:
    """Return the transactions that a query of whole rows finds."""
    by_code = currencies_by_code(uow)
    return tuple(
        TransactionRecord(
            record_id=row["id"],
            client_id=row["client_id"],
            currency_id=by_code[row["currency"]].currency_id if row["currency"] in by_code else 0,
            gateway=row["gateway"],
            booked_at=row["booked_at"],
            description=row["description"],
            amount_in=Money(row["amount_in"], row["currency"]),
            fees=Money(row["fees"], row["currency"]),
            amount_out=Money(row["amount_out"], row["currency"]),
            transaction_id=row["transaction_id"],
            invoice_id=row["document_id"],
            rate=row["rate"],
            refund_of=row["refund_of"],
        )
        for row in uow.execute(query).mappings()
    )


def _transactions(uow: UnitOfWork, invoice_id: int) -> tuple[TransactionRecord, ...]:
    booked = tables.transactions
    query = sa.select(booked).where(booked.c.document_id == invoice_id).order_by(booked.c.id)
    return transaction_records(uow, query)

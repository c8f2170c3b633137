"""Showing and listing documents of every kind."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.clients import get_client
from adapter.backends.local.lookups import currencies_by_code
from adapter.billing.model import (
    CREDITS,
    DEBITS,
    DocumentKind,
    DocumentStatus,
    InvoiceStatus,
)
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import GetClient, GetClientHistory, GetDocument, ListDocuments
from adapter.commands.results import (
    DocumentLine,
    DocumentRecord,
    DocumentShown,
    DocumentsListed,
    HistoryShown,
)
from adapter.errors import DocumentNotFound
from adapter.store import tables
from adapter.store.balances import CHUNK
from adapter.store.unit_of_work import UnitOfWork

_D = tables.documents.c
_L = tables.document_lines
_T = tables.transactions.c
# What a history shows; quotes and delivery notes are no part of it.
_HISTORY = sorted(DEBITS | CREDITS | {DocumentKind.PROFORMA})


def get_document(uow: UnitOfWork, command: GetDocument, context: Context) -> DocumentShown:
    """Show one document with its lines. Raises `DocumentNotFound`, also for hidden ones."""
    row = uow.row(tables.documents, command.document_id)
    if row is None or row["hidden"]:
        raise DocumentNotFound(command.document_id)
    (record,) = _records(uow, context, [row], with_lines=True)
    return DocumentShown(record)


def list_documents(uow: UnitOfWork, command: ListDocuments, context: Context) -> DocumentsListed:
    """List the documents of one kind by id; a draft is no document yet."""
    query = sa.select(tables.documents).where(
        _D.kind == command.kind.value,
        _D.hidden == sa.false(),
        _D.status != InvoiceStatus.DRAFT.value,
    )
    if command.client_id is not None:
        query = query.where(_D.client_id == command.client_id)
    rows = uow.execute(query.order_by(_D.id)).mappings().all()
    return DocumentsListed(tuple(_records(uow, context, rows)))


def get_client_history(
    uow: UnitOfWork, command: GetClientHistory, context: Context
) -> HistoryShown:
    """Show a client and what was issued to him, by day, with the lines.

    Raises `ClientNotFound`.
    """
    client = get_client(uow, GetClient(command.client_id), context).client
    query = sa.select(tables.documents).where(
        _D.client_id == command.client_id,
        _D.kind.in_(_HISTORY),
        _D.hidden == sa.false(),
        _D.status != InvoiceStatus.DRAFT.value,
    )
    if command.from_on is not None:
        query = query.where(_D.issued_on >= command.from_on)
    if command.to_on is not None:
        query = query.where(_D.issued_on <= command.to_on)
    rows = uow.execute(query.order_by(_D.issued_on, _D.id)).mappings().all()
    documents = [*_records(uow, context, rows, with_lines=True)]
    documents += _direct_payments(uow, command, context)
    documents.sort(key=lambda each: (each.issued_on, each.document_id))
    if command.descending:
        documents.reverse()
    return HistoryShown(client, tuple(documents))


def _records(
    uow: UnitOfWork, context: Context, rows: Sequence[sa.RowMapping], *, with_lines: bool = False
) -> Iterable[DocumentRecord]:
    lines = _lines(uow, rows) if with_lines else {}
    currencies = currencies_by_code(uow)
    for row in rows:
        code = row["currency"]
        kind = DocumentKind(row["kind"])
        currency = currencies.get(code)
        discount = row["discount_amount"]
        gross = row["total"] + row["credit"]
        labels = tuple(row["custom_labels"] or ()) or uow.settings.field_labels(kind)
        yield DocumentRecord(
            kind=kind,
            document_id=row["id"],
            number=row["number"] or 0,
            number_text=row["number_text"] or str(row["number"] or ""),
            client_id=row["client_id"],
            status=row["status"],
            issued_on=row["issued_on"],
            due_on=row["due_on"],
            currency_code=code,
            currency_prefix="" if currency is None else currency.prefix,
            currency_suffix="" if currency is None else currency.suffix,
            subtotal=Money(row["subtotal"], code),
            tax=Money(row["tax"], code),
            tax_2=Money(row["tax_2"], code),
            credit=Money(row["credit"], code),
            total=Money(gross, code),
            balance=Money(row["total"] - row["paid"] if kind in DEBITS else 0, code),
            payment_method=row["payment_method"],
            reference=row["reference"],
            order_number=row["order_number"],
            notes=row["notes"],
            custom_values=tuple(row["custom_values"] or ()),
            custom_labels=labels,
            discount_amount=None if discount is None else Money(discount, code),
            discount_percentage=row["discount_percentage"],
            original_currency=row["original_currency"],
            exchange_rate=row["exchange_rate"],
            convert_on=row["convert_on"],
            source_id=row["source_id"],
            created_at=row["created_at"],
            lines=tuple(lines.get(row["id"], ())),
            url=context.links.download(kind, row["id"], row["number"] or 0),
        )


def _lines(uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> dict[int, list[DocumentLine]]:
    found: dict[int, list[DocumentLine]] = defaultdict(list)
    codes = {row["id"]: row["currency"] for row in rows}
    ids = sorted(codes)
    for start in range(0, len(ids), CHUNK):
        query = (
            sa.select(_L)
            .where(_L.c.document_id.in_(ids[start : start + CHUNK]))
            .order_by(_L.c.document_id, _L.c.position, _L.c.id)
        )
        for line in uow.execute(query).mappings():
            document_id = line["document_id"]
            found[document_id].append(_line(line, codes[document_id]))
    return found


def _line(row: sa.RowMapping, code: str) -> DocumentLine:
    amount = Money(row["amount"], code)
    return DocumentLine(
        line_id=row["id"],
        line_type=row["line_type"],
        related_id=row["related_id"],
        description=row["description"],
        amount=amount,
        taxed=row["taxed"],
        product_code=row["product_code"] or "",
        quantity=Decimal(1) if row["quantity"] is None else row["quantity"],
        unit_price=amount.amount if row["unit_price"] is None else row["unit_price"],
        net=None if row["net"] is None else Money(row["net"], code),
        vat=None if row["vat"] is None else Money(row["vat"], code),
        vat_rate=row["vat_rate"],
        custom=tuple(row["custom"] or ()),
        includes_vat=bool(row["includes_vat"]),
        discount_percentage=row["discount_percentage"],
    )


def _direct_payments(
    uow: UnitOfWork, command: GetClientHistory, context: Context
) -> Iterable[DocumentRecord]:
    """Yield money booked on invoices directly: payments without a document of their own."""
    query = (
        sa.select(tables.transactions)
        .where(_T.client_id == command.client_id, _T.payment_id == 0, _T.amount_in > _T.amount_out)
        .order_by(_T.id)
    )
    zone = context.caller.account.zone
    currencies = currencies_by_code(uow)
    first, last = command.from_on, command.to_on
    for row in uow.execute(query).mappings():
        on = row["booked_at"].astimezone(zone).date()
        if (first is not None and on < first) or (last is not None and on > last):
            continue
        code = row["currency"]
        currency = currencies.get(code)
        zero, amount = Money.zero(code), Money(row["amount_in"] - row["amount_out"], code)
        empty: dict[str, Any] = dict.fromkeys(
            ("discount_amount", "discount_percentage", "original_currency", "exchange_rate")
        )
        yield DocumentRecord(
            kind=DocumentKind.PAYMENT,
            document_id=0,
            number=0,
            number_text=f"t{row['id']}",
            client_id=command.client_id,
            status=DocumentStatus.ISSUED.value,
            issued_on=on,
            due_on=on,
            currency_code=code,
            currency_prefix="" if currency is None else currency.prefix,
            currency_suffix="" if currency is None else currency.suffix,
            subtotal=amount,
            tax=zero,
            tax_2=zero,
            credit=zero,
            total=amount,
            balance=zero,
            payment_method=row["gateway"],
            reference=row["transaction_id"],
            order_number="",
            notes=row["description"],
            custom_values=(),
            custom_labels=(),
            convert_on=None,
            source_id=None,
            created_at=row["booked_at"],
            **empty,
        )

"""Taking items that end off the invoices that wait for payment."""

from collections.abc import Collection, Mapping
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import (
    lines_of,
    remove_lines,
    retotal,
    with_discounts,
)
from adapter.billing.model import DEBITS, BillableKind, InvoiceStatus, LineType
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.transitions import change_status, settle
from adapter.store.unit_of_work import UnitOfWork

# Ids by kind.
Items = Mapping[BillableKind, Collection[int]]

_LINE_TYPES: Final[Mapping[BillableKind, tuple[str, ...]]] = {
    BillableKind.SERVICE: (LineType.SERVICE.value, LineType.SETUP.value),
    BillableKind.ADDON: (LineType.ADDON.value,),
    BillableKind.DOMAIN: (
        LineType.DOMAIN.value,
        LineType.DOMAIN_REGISTER.value,
        LineType.DOMAIN_TRANSFER.value,
    ),
    BillableKind.BILLABLE_ITEM: (LineType.BILLABLE_ITEM.value,),
}


def invoices_with(
    uow: UnitOfWork, items: Items, statuses: Collection[InvoiceStatus] = tuple(InvoiceStatus)
) -> list[int]:
    """Return the invoices in one of these states that have a line of these items, by id."""
    documents, lines = tables.documents, tables.document_lines
    # An empty list of ids matches nothing, and so does no kind at all.
    ours = sa.or_(
        sa.false(),
        *(
            sa.and_(lines.c.related_id.in_(ids), lines.c.line_type.in_(_LINE_TYPES[kind]))
            for kind, ids in items.items()
            if ids
        ),
    )
    query = (
        sa.select(documents.c.id)
        .join(lines, lines.c.document_id == documents.c.id)
        .where(
            ours,
            documents.c.status.in_([status.value for status in statuses]),
            documents.c.hidden == sa.false(),
        )
        .distinct()
        .order_by(documents.c.id)
    )
    return [int(found) for found in uow.execute(query).scalars()]


def withdraw(uow: UnitOfWork, context: Context, items: Items) -> None:
    """Cancel the unpaid invoices of these items alone; take their lines off the others.

    The caller holds the client. Source: contracts/decisions.md, "Cancellation requests".
    """
    for invoice_id in invoices_with(uow, items, (InvoiceStatus.UNPAID,)):
        lines, own = _lines(uow, invoice_id, items)
        if own == lines:
            change_status(uow, context, invoice_id, InvoiceStatus.CANCELLED)
        else:
            remove_lines(uow, context, invoice_id, own)
            retotal(uow, context, invoice_id)
            settle(uow, context, invoice_id, send_email=False)


def is_all_of(uow: UnitOfWork, invoice_id: int, items: Items) -> bool:
    """Tell whether an invoice has no line of anything but these items."""
    lines, own = _lines(uow, invoice_id, items)
    return own == lines


def void(uow: UnitOfWork, context: Context, invoice_id: int) -> None:
    """Hide a document for good; one that waits for payment is cancelled. Id and number stay.

    Source: contracts/decisions.md, "Deleted records".
    """
    documents = tables.documents
    row = uow.row(documents, invoice_id)
    if row is None or row["hidden"]:
        return
    owed = row["kind"] in DEBITS
    if owed and row["status"] not in {InvoiceStatus.PAID, InvoiceStatus.REFUNDED}:
        change_status(uow, context, invoice_id, InvoiceStatus.CANCELLED)
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == invoice_id)
        .values(hidden=True, updated_at=context.now)
    )
    uow.audit(context, "delete", row["kind"], invoice_id)


def _lines(uow: UnitOfWork, invoice_id: int, items: Items) -> tuple[set[int], set[int]]:
    """Return the ids of all lines of an invoice, and of those that belong to the items."""
    rows = lines_of(uow, invoice_id)
    own = {
        row["id"]
        for row in rows
        for kind, ids in items.items()
        if row["related_id"] in ids and row["line_type"] in _LINE_TYPES[kind]
    }
    return {row["id"] for row in rows}, with_discounts(rows, own)

"""Changing an invoice: header, lines, credit and state."""

from datetime import UTC, date, datetime, time
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import (
    lines_of,
    put_lines,
    remove_lines,
    retotal,
    with_discounts,
)
from adapter.backends.local.lengths import check_lengths
from adapter.billing.model import InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import UpdateInvoice
from adapter.commands.results import InvoiceUpdated
from adapter.errors import InsufficientCredit, InvalidField, InvoiceNotDraft
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.transitions import (
    add_credit,
    apply_credit,
    change_status,
    hold_invoice,
    load_invoice,
    settle,
)
from adapter.store.unit_of_work import UnitOfWork

_HEADER = ("payment_method", "issued_on", "due_on", "notes", "tax_rate", "tax_rate_2")


def update_invoice(uow: UnitOfWork, command: UpdateInvoice, context: Context) -> InvoiceUpdated:
    """Change an invoice: header and lines first, then what they come to, then its state."""
    row = hold_invoice(uow, command.invoice_id)
    if command.publish and row["status"] != InvoiceStatus.DRAFT:
        raise InvoiceNotDraft
    _change_header(uow, command, context, row)
    if command.delete_line_ids:
        removed = with_discounts(lines_of(uow, row["id"]), set(command.delete_line_ids))
        remove_lines(uow, context, row["id"], removed)
    put_lines(uow, context, row, command.lines)
    taxes = command.tax_rate is not None or command.tax_rate_2 is not None
    if command.delete_line_ids or command.lines or taxes:
        retotal(uow, context, row["id"])
    if command.credit is not None:
        wanted = Money.rounded(command.credit, row["currency"])
        _set_credit(uow, context, row["id"], wanted)
    if load_invoice(uow, row["id"])["total"] != row["total"]:
        # What an edit leaves paid in full is Paid, what it makes too much is credit.
        settle(uow, context, row["id"], send_email=False)
    if command.publish:
        change_status(uow, context, row["id"], InvoiceStatus.UNPAID)
        if command.send_email:
            enqueue_mail(uow, context, "Invoice Created", row["client_id"], row["id"])
    if command.status is not None:
        change_status(uow, context, row["id"], command.status)
    if command.paid_on is not None:
        _set_paid_on(uow, context, row["id"], command.paid_on)
    return InvoiceUpdated(command.invoice_id)


def _change_header(
    uow: UnitOfWork, command: UpdateInvoice, context: Context, row: sa.RowMapping
) -> None:
    given = {name: getattr(command, name) for name in _HEADER}
    changed: dict[str, Any] = {
        name: value for name, value in given.items() if value is not None and value != row[name]
    }
    if not changed:
        return
    documents = tables.documents
    check_lengths(documents, changed)
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == row["id"])
        .values(updated_at=context.now, **changed)
    )
    detail = {name: [str(row[name]), str(value)] for name, value in changed.items()}
    uow.audit(context, "change", "invoice", row["id"], detail)


def _set_credit(uow: UnitOfWork, context: Context, invoice_id: int, wanted: Money) -> None:
    """Bring the credit used on an invoice to `wanted`; the difference moves at the client.

    DECISION: the field never makes or destroys money. Source: contracts/decisions.md, "Credit
    of an invoice".
    """
    row = load_invoice(uow, invoice_id)
    if wanted.hundredths < 0:
        raise InvalidField("credit", "minimum", "credit must not be below zero")
    more = wanted - Money(row["credit"], wanted.currency)
    if not more:
        return
    if more.hundredths > 0:
        client = uow.row(tables.clients, row["client_id"])
        if client is None or client["credit"] < more.hundredths:
            raise InsufficientCredit
        if row["total"] < more.hundredths:
            raise InvalidField("credit", "maximum", "Amount Exceeds Invoice Balance")
        apply_credit(uow, context, invoice_id, more)
        return
    documents = tables.documents
    uow.execute(
        sa.update(documents)
        .where(documents.c.id == invoice_id)
        .values(
            credit=wanted.hundredths,
            total=row["total"] - more.hundredths,
            updated_at=context.now,
        )
    )
    text = f"Credit Removed from Invoice #{invoice_id}"
    add_credit(uow, context, row["client_id"], -more.hundredths, text, invoice_id)


def _set_paid_on(uow: UnitOfWork, context: Context, invoice_id: int, on: date) -> None:
    """Date the payment of a paid invoice; any other has no such date to set."""
    documents = tables.documents
    midnight = datetime.combine(on, time(), context.caller.account.zone)
    uow.execute(
        sa.update(documents)
        .where(
            documents.c.id == invoice_id,
            documents.c.status == InvoiceStatus.PAID.value,
        )
        .values(paid_at=midnight.astimezone(UTC))
    )

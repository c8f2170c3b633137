"""Taking one invoice back: voided where nobody has it, credited where its client does."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Totals
from adapter.billing.model import DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.issuing import NewDocument, copy_lines, insert_document
from adapter.store.outbox import Status
from adapter.store.transitions import add_credit, apply_credit, change_status
from adapter.store.undoing.deciding import listed
from adapter.store.unit_of_work import UnitOfWork

_D, _OUTBOX = tables.documents, tables.outbox
_OPEN = (Status.WAITING.value, Status.DEAD.value, Status.EXPIRED.value)


def withdraw_mails(
    uow: UnitOfWork, context: Context, run_id: int, document_ids: Sequence[int]
) -> int:
    """Keep the mail of these documents from leaving; return how many there were.

    The rows are held since it was seen that none has left.
    """
    waits = sa.and_(_OUTBOX.c.document_id.in_(listed(document_ids)), _OUTBOX.c.status.in_(_OPEN))
    dropped: Mapping[str, Any] = {
        "status": Status.DROPPED.value,
        "ended_at": context.now,
        "last_error": f"withdrawn: run {run_id} was undone",
    }
    return int(uow.execute(sa.update(_OUTBOX).where(waits).values(**dropped)).rowcount)


def unsettle(uow: UnitOfWork, context: Context, row: sa.RowMapping) -> None:
    """Step back what the run itself paid at once; the claims are still there."""
    if row["status"] == InvoiceStatus.PAID:
        change_status(uow, context, row["id"], InvoiceStatus.UNPAID)


def void(uow: UnitOfWork, context: Context, run_id: int, row: sa.RowMapping) -> None:
    """Cancel an invoice whose claims are gone, and give back the credit that it used.

    It stays to be seen, with its id, number and lines.
    """
    invoice_id, used = row["id"], row["credit"]
    if used:
        _update(uow, invoice_id, credit=0, total=row["total"] + used)
        text = f"Credit Removed from Invoice #{invoice_id}"
        add_credit(uow, context, row["client_id"], used, text, invoice_id)
    change_status(uow, context, invoice_id, InvoiceStatus.CANCELLED)
    _note(uow, context, run_id, row, {})


def credit_back(uow: UnitOfWork, context: Context, run_id: int, row: sa.RowMapping) -> int:
    """Issue a credit note over a whole invoice and settle the invoice with it; return its id.

    Its client has the invoice, so it cannot be made void. Credit that the run had used on it is
    the client's again, since the note is over the whole.
    """
    invoice_id, currency = row["id"], row["currency"]
    issued = insert_document(
        uow,
        context,
        NewDocument(
            kind=DocumentKind.CREDIT_NOTE,
            client_id=row["client_id"],
            currency=currency,
            issued_on=context.today,
            due_on=context.today,
            totals=Totals.of_hundredths(row["subtotal"], row["tax"], row["tax_2"], currency),
            payment_method=row["payment_method"],
            send_email=bool(row["send_email"]),
            more={
                "reference": f"invoice {invoice_id}",
                "rounding": row["rounding"],
                "tax_inclusive": row["tax_inclusive"],
                "tax_rate": row["tax_rate"],
                "tax_rate_2": row["tax_rate_2"],
                "discount_amount": row["discount_amount"],
                "discount_percentage": row["discount_percentage"],
                "original_currency": row["original_currency"],
                "exchange_rate": row["exchange_rate"],
            },
        ),
    )
    copy_lines(uow, invoice_id, issued.document_id)
    text = f"Credit Note #{issued.document_id} for Invoice #{invoice_id}"
    add_credit(uow, context, row["client_id"], issued.total, text, issued.document_id)
    if row["total"]:
        apply_credit(uow, context, invoice_id, Money(row["total"], currency))
    change_status(uow, context, invoice_id, InvoiceStatus.PAID)
    _note(uow, context, run_id, row, {"credit_note": issued.document_id})
    return issued.document_id


def _note(
    uow: UnitOfWork,
    context: Context,
    run_id: int,
    row: sa.RowMapping,
    more: Mapping[str, Any],
) -> None:
    _update(uow, row["id"], undone_at=context.now, updated_at=context.now)
    uow.audit(context, "undo", row["kind"], row["id"], {"run_id": run_id, **more})


def _update(uow: UnitOfWork, invoice_id: int, **values: Any) -> None:
    uow.execute(sa.update(_D).where(_D.c.id == invoice_id).values(**values))

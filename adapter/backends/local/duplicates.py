"""Ending what was created by a command that was sent once too often."""

from typing import Final

import sqlalchemy as sa

from adapter.backends.local.invoices.changing import update_invoice
from adapter.billing.model import BillableKind, InvoiceStatus, ItemAction
from adapter.commands.context import Context
from adapter.commands.model import UpdateInvoice
from adapter.errors import StateError
from adapter.store import tables
from adapter.store.duplicates import ENDED, Duplicate
from adapter.store.fingerprints import STORE
from adapter.store.queue import TABLES, requeue
from adapter.store.unit_of_work import UnitOfWork

_ORDER: Final = "order"
_SCHEDULES: Final = {
    BillableKind.RECURRING_INVOICE.value: ("ended", True),
    BillableKind.BILLABLE_ITEM.value: ("action", ItemAction.NO_INVOICE.value),
}


class CannotEnd(StateError):
    """What a command made cannot be ended here; the text says what to do instead."""

    code = "cannot_end"


def end_duplicate(uow: UnitOfWork, duplicate: Duplicate, context: Context) -> str:
    """End what a repeated command made, leave a row in the audit trail; return what was done.

    A recurring invoice or billable item is billed no more; documents that it made already stay.
    An order's invoice is cancelled. Raises `CannotEnd`.
    """
    deed = duplicate.deed
    if deed.backend != STORE:
        raise CannotEnd(f"{deed.id} was carried out by the backend {deed.backend}: end it there")
    record_id = int(deed.record)
    if deed.noun in _SCHEDULES:
        done = _end_schedule(uow, BillableKind(deed.noun), record_id, context)
    elif deed.noun == _ORDER:
        done = _cancel_invoice(uow, record_id, context)
    else:
        raise CannotEnd(
            f"{deed.noun} {deed.record} cannot be ended, it is not what is billed: correct it by "
            "an opposite command"
        )
    detail = {"duplicate": deed.id, "first": duplicate.first.record}
    uow.audit(context, ENDED, deed.noun, record_id, detail)
    return done


def _end_schedule(uow: UnitOfWork, kind: BillableKind, billable_id: int, context: Context) -> str:
    table = TABLES[kind]
    row = uow.held(table, billable_id)
    if row is None:
        raise CannotEnd(f"{kind.value} {billable_id} is not there any more")
    name, value = _SCHEDULES[kind.value]
    if row[name] != value:
        uow.execute(sa.update(table).where(table.c.id == billable_id).values({name: value}))
        uow.note_schedule_change(context, kind.value, billable_id, name, row[name], value)
        requeue(uow, kind, billable_id)
    issued = row["generation_count"]
    return "billed no more" + (f"; {issued} issued already" if issued else "")


def _cancel_invoice(uow: UnitOfWork, order_id: int, context: Context) -> str:
    order = uow.held(tables.orders, order_id)
    invoice_id = 0 if order is None else order["invoice_id"]
    invoice = uow.row(tables.documents, invoice_id)
    if invoice is None:
        raise CannotEnd(f"order {order_id} has no invoice: cancel its items")
    if invoice["status"] not in {InvoiceStatus.UNPAID, InvoiceStatus.DRAFT}:
        raise CannotEnd(f"invoice {invoice_id} of order {order_id} is {invoice['status']}")
    update_invoice(uow, UpdateInvoice(invoice_id, InvoiceStatus.CANCELLED), context)
    return f"invoice {invoice_id} cancelled; the order's items stay as they are"

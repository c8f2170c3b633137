"""Cancellation requests of services, and what they do to unpaid invoices."""

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import (
    lines_of,
    remove_lines,
    retotal,
    with_discounts,
)
from adapter.billing.model import BillableKind, InvoiceStatus, LineType
from adapter.commands.context import Context
from adapter.commands.model import RequestCancellation
from adapter.commands.results import CancellationRequested
from adapter.errors import CancellationExists, ServiceNotFound
from adapter.store import tables
from adapter.store.queue import requeue
from adapter.store.transitions import change_status, settle
from adapter.store.unit_of_work import UnitOfWork

_OF_SERVICE = (LineType.SERVICE.value, LineType.SETUP.value)


def request_cancellation(
    uow: UnitOfWork, command: RequestCancellation, context: Context
) -> CancellationRequested:
    """Note that a service shall end: it gets no further renewal invoice.

    Where the account wants that, its unpaid invoices are cancelled, or lose just its lines.
    Source: the form-post facts, 2.3.
    """
    row = uow.held(tables.services, command.service_id)
    if row is None:
        raise ServiceNotFound(command.service_id)
    services = tables.services
    # The write itself decides, so that two requests at once cannot both be the first.
    first = uow.execute(
        sa.update(services)
        .where(
            services.c.id == command.service_id,
            services.c.cancellation_requested == sa.false(),
        )
        .values(cancellation_requested=True)
    )
    if not first.rowcount:
        raise CancellationExists
    uow.insert(
        tables.cancellation_requests,
        service_id=command.service_id,
        client_id=row["client_id"],
        requested_at=context.now,
        immediate=command.immediate,
        reason=command.reason,
    )
    kind = BillableKind.SERVICE
    uow.note_schedule_change(
        context, kind.value, command.service_id, "cancellation_requested", "False", "True"
    )
    detail = {"immediate": command.immediate, "reason": command.reason}
    uow.audit(context, "request_cancellation", kind.value, command.service_id, detail)
    if uow.settings.cancel_invoices_on_request:
        _take_off_invoices(uow, context, command.service_id)
    requeue(uow, kind, command.service_id)
    return CancellationRequested(command.service_id, row["client_id"])


def _take_off_invoices(uow: UnitOfWork, context: Context, service_id: int) -> None:
    documents, lines = tables.documents, tables.document_lines
    unpaid = (
        sa.select(documents.c.id)
        .join(lines, lines.c.document_id == documents.c.id)
        .where(
            lines.c.related_id == service_id,
            lines.c.line_type.in_(_OF_SERVICE),
            documents.c.status == InvoiceStatus.UNPAID.value,
            documents.c.hidden == sa.false(),
        )
        .distinct()
        .order_by(documents.c.id)
    )
    for invoice_id in uow.execute(unpaid).scalars().all():
        rows = lines_of(uow, invoice_id)
        own = with_discounts(
            rows,
            {
                row["id"]
                for row in rows
                if row["related_id"] == service_id and row["line_type"] in _OF_SERVICE
            },
        )
        if len(own) == len(rows):
            change_status(uow, context, invoice_id, InvoiceStatus.CANCELLED)
        else:
            remove_lines(uow, context, invoice_id, own)
            retotal(uow, context, invoice_id)
            settle(uow, context, invoice_id, send_email=False)

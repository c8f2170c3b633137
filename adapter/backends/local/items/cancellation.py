"""Cancellation requests of services, and what they do to unpaid invoices."""

import sqlalchemy as sa

from adapter.backends.local.invoices.withdrawing import withdraw
from adapter.backends.local.lookups import window
from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.commands.model import ListCancellationRequests, RequestCancellation
from adapter.commands.results import (
    CancellationRequested,
    CancellationRequestRecord,
    CancellationRequestsListed,
)
from adapter.errors import CancellationExists, ServiceNotFound
from adapter.store import tables
from adapter.store.queue import requeue
from adapter.store.unit_of_work import UnitOfWork


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
        withdraw(uow, context, {kind: (command.service_id,)})
    requeue(uow, kind, command.service_id)
    return CancellationRequested(command.service_id, row["client_id"])


def list_cancellation_requests(
    uow: UnitOfWork, command: ListCancellationRequests, _context: Context
) -> CancellationRequestsListed:
    """List the requests by id; those of hidden services are gone with them."""
    requests, services = tables.cancellation_requests, tables.services
    query = (
        sa.select(requests)
        .join(services, services.c.id == requests.c.service_id)
        .where(services.c.hidden == sa.false())
        .order_by(requests.c.id)
    )
    listing, rows = window(uow, query, command.page)
    return CancellationRequestsListed(
        listing,
        tuple(
            CancellationRequestRecord(
                request_id=row["id"],
                service_id=row["service_id"],
                requested_at=row["requested_at"],
                reason=row["reason"],
                immediate=row["immediate"],
            )
            for row in rows
        ),
    )

"""Closing and deleting clients."""

from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.clients.changes import locked
from adapter.backends.local.clients.rules import DETAILS
from adapter.backends.local.invoices.withdrawing import void
from adapter.backends.local.items.changes import change
from adapter.backends.local.orders.states import ENDED, ORDERED
from adapter.billing.model import (
    BillableKind,
    ClientStatus,
    DocumentKind,
    DocumentStatus,
    InvoiceStatus,
    ItemAction,
    ItemStatus,
)
from adapter.commands.context import Context
from adapter.commands.model import CloseClient, DeleteClient
from adapter.commands.results import ClientDeleted, ClientHasClosed
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import UnitOfWork

# What was running is terminated, what never began is cancelled.
_RAN: Final = frozenset({ItemStatus.ACTIVE, ItemStatus.SUSPENDED})
_OPEN: Final = (
    InvoiceStatus.DRAFT.value,
    InvoiceStatus.UNPAID.value,
    InvoiceStatus.PAYMENT_PENDING.value,
    InvoiceStatus.COLLECTIONS.value,
)
_BLANK: Final[dict[str, Any]] = {
    **dict.fromkeys(DETAILS, ""),
    **dict.fromkeys(("invoice_name", "email", "email_key", "ip_address", "password_hash"), ""),
    "custom": {},
    "email_preferences": {},
    "marketing_emails": False,
    "send_documents": False,
}
# Personal data and secrets of what a client had.
_ERASED: Final = {
    tables.orders: ("ip_address", "nameservers", "notes"),
    tables.services: ("username", "password", "dedicated_ip", "assigned_ips", "notes"),
    tables.service_addons: ("notes",),
    tables.domains: ("notes",),
}


def close_client(uow: UnitOfWork, command: CloseClient, context: Context) -> ClientHasClosed:
    """Close a client: services end, open invoices are cancelled, nothing is billed any more.

    Source: contracts/decisions.md, "Closed clients".
    """
    row = locked(uow, command.client_id)
    _close(uow, context, row)
    return ClientHasClosed(command.client_id)


def delete_client(uow: UnitOfWork, command: DeleteClient, context: Context) -> ClientDeleted:
    """Close a client, erase its personal data, hide what it had; ids and numbers stay taken.

    Source: contracts/decisions.md, "Deleted records".
    """
    client_id = command.client_id
    row = locked(uow, client_id)
    _close(uow, context, row)
    documents, contacts, activity = tables.documents, tables.contacts, tables.activity_log
    shown = sa.select(documents.c.id).where(
        documents.c.client_id == client_id, documents.c.hidden == sa.false()
    )
    for document_id in uow.execute(shown.order_by(documents.c.id)).scalars().all():
        void(uow, context, document_id)
    for table, names in _ERASED.items():
        values = {**dict.fromkeys(names, ""), "hidden": True}
        uow.execute(sa.update(table).where(table.c.client_id == client_id).values(**values))
    services = tables.services
    uow.execute(
        sa.update(services).where(services.c.client_id == client_id).values(custom_fields={})
    )
    for table in (contacts, activity):
        uow.execute(sa.delete(table).where(table.c.client_id == client_id))
    if command.delete_transactions:
        booked = tables.transactions
        here = booked.c.client_id == client_id
        uow.execute(sa.update(booked).where(here).values(hidden=True))
    clients = tables.clients
    uow.execute(sa.update(clients).where(clients.c.id == client_id).values(hidden=True, **_BLANK))
    detail = {"transactions": command.delete_transactions}
    uow.audit(context, "delete", "client", client_id, detail)
    return ClientDeleted(client_id)


def _close(uow: UnitOfWork, context: Context, client: sa.RowMapping) -> None:
    client_id = client["id"]
    for kind in ORDERED:
        for row in _of(uow, kind, client_id):
            if row["status"] not in ENDED:
                change(uow, context, kind, row, _ended(kind, row, context))
    kind = BillableKind.BILLABLE_ITEM
    for row in _of(uow, kind, client_id):
        change(uow, context, kind, row, {"action": ItemAction.NO_INVOICE.value})
    kind = BillableKind.RECURRING_INVOICE
    for row in _of(uow, kind, client_id):
        change(uow, context, kind, row, {"ended": True})
    documents = tables.documents
    opened = sa.select(documents.c.id).where(
        documents.c.client_id == client_id,
        documents.c.status.in_(_OPEN),
        documents.c.hidden == sa.false(),
    )
    for invoice_id in uow.execute(opened.order_by(documents.c.id)).scalars().all():
        change_status(uow, context, invoice_id, InvoiceStatus.CANCELLED)
    _cancel_proformas(uow, context, client_id)
    clients = tables.clients
    closed = ClientStatus.CLOSED.value
    uow.execute(sa.update(clients).where(clients.c.id == client_id).values(status=closed))
    detail = {"old": client["status"], "new": closed}
    uow.audit(context, "change_status", "client", client_id, detail)


def _cancel_proformas(uow: UnitOfWork, context: Context, client_id: int) -> None:
    """Cancel the pro-formas that still wait: none becomes an invoice of a closed client."""
    documents, kind = tables.documents, DocumentKind.PROFORMA.value
    old, new = DocumentStatus.ISSUED.value, DocumentStatus.CANCELLED.value
    waiting = sa.select(documents.c.id).where(
        documents.c.client_id == client_id,
        documents.c.kind == kind,
        documents.c.status == old,
        documents.c.hidden == sa.false(),
    )
    for proforma_id in uow.execute(waiting.order_by(documents.c.id)).scalars().all():
        cancelled = {"status": new, "convert_on": None, "updated_at": context.now}
        uow.execute(sa.update(documents).where(documents.c.id == proforma_id).values(**cancelled))
        uow.audit(context, "change_status", kind, proforma_id, {"old": old, "new": new})


def _of(uow: UnitOfWork, kind: BillableKind, client_id: int) -> list[sa.RowMapping]:
    table = TABLES[kind]
    query = sa.select(table).where(table.c.client_id == client_id).order_by(table.c.id)
    return list(uow.execute(query).mappings())


def _ended(kind: BillableKind, row: sa.RowMapping, context: Context) -> dict[str, Any]:
    if kind is BillableKind.DOMAIN or row["status"] not in _RAN:
        return {"status": ItemStatus.CANCELLED.value}
    return {"status": ItemStatus.TERMINATED.value, "terminated_on": context.today}

"""Changes of services to another product or cycle, in force while their invoice is paid."""

import sqlalchemy as sa

from adapter.billing.model import BillableKind, ItemStatus
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.queue import requeue
from adapter.store.unit_of_work import UnitOfWork

_U = tables.upgrades.c
# Column of the service -> the same of an upgrade, without its side.
_FIELDS = {
    "product_id": "product_id",
    "cycle": "cycle",
    "recurring_amount": "amount",
    "recurring_discount": "discount",
}


def apply_upgrades(uow: UnitOfWork, context: Context, invoice_id: int) -> None:
    """Put the upgrades of an invoice in force that wait for it; the caller holds the client."""
    _turn(uow, context, _U.invoice_id == invoice_id, ItemStatus.COMPLETED)


def apply_upgrade(uow: UnitOfWork, context: Context, upgrade_id: int) -> None:
    """Put an upgrade in force that has nothing to wait for; the caller holds the client."""
    _turn(uow, context, _U.id == upgrade_id, ItemStatus.COMPLETED)


def undo_upgrades(uow: UnitOfWork, context: Context, invoice_id: int) -> None:
    """Take back what the payment of an invoice had put in force."""
    _turn(uow, context, _U.invoice_id == invoice_id, ItemStatus.PENDING)


def cancel_upgrades(uow: UnitOfWork, order_id: int) -> None:
    """Give up the upgrades of an order that are not in force yet."""
    waiting = sa.and_(_U.order_id == order_id, _U.status == ItemStatus.PENDING.value)
    cancelled = ItemStatus.CANCELLED.value
    uow.execute(sa.update(tables.upgrades).where(waiting).values(status=cancelled))


def _turn(
    uow: UnitOfWork, context: Context, wanted: sa.ColumnElement[bool], after: ItemStatus
) -> None:
    """Bring upgrades into force (`Completed`), or back from there (`Pending`)."""
    forward = after is ItemStatus.COMPLETED
    before = ItemStatus.PENDING if forward else ItemStatus.COMPLETED
    side = "new" if forward else "old"
    upgrades, services, kind = tables.upgrades, tables.services, BillableKind.SERVICE
    found = uow.execute(
        sa.select(upgrades).where(wanted, _U.status == before.value).order_by(_U.id)
    )
    for upgrade in found.mappings().all():
        here = _U.id == upgrade["id"]
        uow.execute(sa.update(upgrades).where(here).values(status=after.value))
        service = uow.row(services, upgrade["service_id"])
        if service is None:
            continue
        values = {name: upgrade[f"{side}_{field}"] for name, field in _FIELDS.items()}
        changed = {name: value for name, value in values.items() if service[name] != value}
        if changed:
            one = services.c.id == service["id"]
            uow.execute(sa.update(services).where(one).values(**changed))
        for name, value in changed.items():
            uow.note_schedule_change(
                context, kind.value, service["id"], name, service[name], value
            )
        detail = {name: [str(service[name]), str(value)] for name, value in changed.items()}
        uow.audit(context, "upgrade", kind.value, service["id"], detail)
        requeue(uow, kind, service["id"])

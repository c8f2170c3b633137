"""Accepting an order: it and its items become active."""

from typing import Any

import sqlalchemy as sa

from adapter.backends.local.items.changes import change
from adapter.billing.model import BillableKind, ItemStatus, OrderStatus
from adapter.commands.context import Context
from adapter.commands.model import AcceptOrder
from adapter.commands.results import OrderAccepted
from adapter.errors import OrderNotFound
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import UnitOfWork

_ORDERED = (BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN)


def accept_order(uow: UnitOfWork, command: AcceptOrder, context: Context) -> OrderAccepted:
    """Activate a pending order with its pending items; anything else is `OrderNotFound`.

    DECISION: a transferred domain becomes Active too. Nothing here could report the end of a
    transfer, and a domain left Pending Transfer is never billed again.
    Source: contracts/decisions.md, "Accepting an order".
    """
    orders = tables.orders
    uow.hold_client_of(orders, command.order_id)
    # Checked by the write itself, so that two callers cannot both accept.
    accepted = uow.execute(
        sa.update(orders)
        .where(orders.c.id == command.order_id, orders.c.status == OrderStatus.PENDING.value)
        .values(status=OrderStatus.ACTIVE.value)
    )
    if not accepted.rowcount:
        raise OrderNotFound(command.order_id)
    for kind in _ORDERED:
        table = TABLES[kind]
        pending = (
            sa.select(table)
            .where(
                table.c.order_id == command.order_id,
                table.c.status == ItemStatus.PENDING.value,
            )
            .order_by(table.c.id)
        )
        for row in uow.execute(pending).mappings().all():
            change(uow, context, kind, row, _values(kind, command))
    uow.audit(context, "accept_order", "order", command.order_id)
    return OrderAccepted(command.order_id)


def _values(kind: BillableKind, command: AcceptOrder) -> dict[str, Any]:
    values: dict[str, Any] = {"status": ItemStatus.ACTIVE.value}
    if kind is BillableKind.SERVICE:
        values |= {
            "username": command.service_username,
            "password": command.service_password,
        }
    if kind is BillableKind.DOMAIN:
        values["registrar"] = command.registrar
    return {name: value for name, value in values.items() if value is not None}

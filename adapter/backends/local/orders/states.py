"""Orders that are cancelled, marked as fraud, put back or deleted, and what goes with them."""

from collections.abc import Iterator, Mapping
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.invoices.withdrawing import (
    Items,
    invoices_with,
    is_all_of,
    void,
    withdraw,
)
from adapter.backends.local.items.changes import change
from adapter.billing.model import BillableKind, InvoiceStatus, ItemStatus, OrderStatus
from adapter.commands.context import Context
from adapter.commands.model import (
    CancelOrder,
    CountOrders,
    DeleteOrder,
    MarkOrderFraudulent,
    ReopenOrder,
)
from adapter.commands.results import (
    OrderCancelled,
    OrderDeleted,
    OrderMarkedFraudulent,
    OrderReopened,
    OrdersCounted,
)
from adapter.errors import OrderNotDeletable, OrderNotFound, SubscriptionNotCancelled
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.queue import TABLES
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import UnitOfWork
from adapter.store.upgrades import cancel_upgrades

ORDERED: Final = (BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN)
# What ended already stays as it ended.
ENDED: Final = frozenset(
    {
        ItemStatus.CANCELLED,
        ItemStatus.COMPLETED,
        ItemStatus.FRAUD,
        ItemStatus.TERMINATED,
        ItemStatus.TRANSFERRED_AWAY,
    }
)
_DELETABLE: Final = frozenset({OrderStatus.CANCELLED, OrderStatus.FRAUD})


def cancel_order(uow: UnitOfWork, command: CancelOrder, context: Context) -> OrderCancelled:
    """Cancel a pending order with its items and its unpaid invoice."""
    order = _held(uow, command.order_id)
    if order["status"] != OrderStatus.PENDING:
        raise OrderNotFound(command.order_id)
    if command.cancel_subscription:
        _cancel_subscriptions(uow, command.order_id)
    _end(uow, context, order, OrderStatus.CANCELLED, ItemStatus.CANCELLED)
    if command.send_email:
        facts = {"order_id": order["id"], "order_number": order["order_number"]}
        enqueue_mail(uow, context, "Order Cancelled", order["client_id"], 0, facts)
    return OrderCancelled(command.order_id)


def mark_order_fraudulent(
    uow: UnitOfWork, command: MarkOrderFraudulent, context: Context
) -> OrderMarkedFraudulent:
    """Mark an order in any state as fraud, with its items; cancels its unpaid invoice."""
    order = _held(uow, command.order_id)
    if command.cancel_subscription:
        _cancel_subscriptions(uow, command.order_id)
    _end(uow, context, order, OrderStatus.FRAUD, ItemStatus.FRAUD)
    return OrderMarkedFraudulent(command.order_id)


def reopen_order(uow: UnitOfWork, command: ReopenOrder, context: Context) -> OrderReopened:
    """Bring an order in any state back to pending, with all its items.

    An invoice that was cancelled with it stays cancelled.
    """
    order = _held(uow, command.order_id)
    _set_status(uow, context, order, OrderStatus.PENDING)
    for kind, row in _items(uow, command.order_id):
        change(uow, context, kind, row, {"status": ItemStatus.PENDING.value})
    return OrderReopened(command.order_id)


def delete_order(uow: UnitOfWork, command: DeleteOrder, context: Context) -> OrderDeleted:
    """Hide a cancelled or fraudulent order with its items, and void the invoices of them alone.

    Source: contracts/decisions.md, "Deleted records".
    """
    order = _held(uow, command.order_id)
    if order["status"] not in _DELETABLE:
        raise OrderNotDeletable
    items = list(_items(uow, command.order_id))
    for kind, row in items:
        if row["status"] not in ENDED:
            change(uow, context, kind, row, {"status": ItemStatus.CANCELLED.value})
    ids = _ids(items)
    for invoice_id in invoices_with(uow, ids):
        if is_all_of(uow, invoice_id, ids):
            void(uow, context, invoice_id)
    if _made_by(uow, order):
        void(uow, context, order["invoice_id"])
    for kind in ORDERED:
        table = TABLES[kind]
        here = table.c.order_id == command.order_id
        uow.execute(sa.update(table).where(here).values(hidden=True))
    orders = tables.orders
    uow.execute(sa.update(orders).where(orders.c.id == order["id"]).values(hidden=True))
    uow.audit(context, "delete", "order", order["id"])
    return OrderDeleted(command.order_id)


def count_orders(uow: UnitOfWork, _command: CountOrders, _context: Context) -> OrdersCounted:
    """Count the orders by state."""
    return OrdersCounted(orders_by_status(uow, sa.true()))


def orders_by_status(uow: UnitOfWork, wanted: sa.ColumnElement[bool]) -> Mapping[OrderStatus, int]:
    """Return how many of the wanted orders are in each state; every state is there."""
    orders = tables.orders
    query = (
        sa.select(orders.c.status, sa.func.count().label("many"))
        .where(orders.c.hidden == sa.false(), wanted)
        .group_by(orders.c.status)
    )
    found = {OrderStatus(row.status): int(row.many) for row in uow.execute(query).all()}
    return {status: found.get(status, 0) for status in OrderStatus}


def _held(uow: UnitOfWork, order_id: int) -> sa.RowMapping:
    order = uow.held(tables.orders, order_id)
    if order is None:
        raise OrderNotFound(order_id)
    return order


def _end(
    uow: UnitOfWork,
    context: Context,
    order: sa.RowMapping,
    status: OrderStatus,
    item_status: ItemStatus,
) -> None:
    """Bring an order and its items to an end; nobody is to pay for them any more."""
    _set_status(uow, context, order, status)
    items = list(_items(uow, order["id"]))
    for kind, row in items:
        if row["status"] not in ENDED:
            change(uow, context, kind, row, {"status": item_status.value})
    if _made_by(uow, order, InvoiceStatus.UNPAID, InvoiceStatus.DRAFT):
        change_status(uow, context, order["invoice_id"], InvoiceStatus.CANCELLED)
    withdraw(uow, context, _ids(items))
    cancel_upgrades(uow, order["id"])


def _set_status(
    uow: UnitOfWork, context: Context, order: sa.RowMapping, status: OrderStatus
) -> None:
    orders = tables.orders
    here = orders.c.id == order["id"]
    uow.execute(sa.update(orders).where(here).values(status=status.value))
    detail = {"old": order["status"], "new": status.value}
    uow.audit(context, "change_status", "order", order["id"], detail)


def _items(uow: UnitOfWork, order_id: int) -> Iterator[tuple[BillableKind, sa.RowMapping]]:
    for kind in ORDERED:
        table = TABLES[kind]
        here = sa.and_(table.c.order_id == order_id, table.c.hidden == sa.false())
        rows = uow.execute(sa.select(table).where(here).order_by(table.c.id)).mappings().all()
        yield from ((kind, row) for row in rows)


def _ids(items: list[tuple[BillableKind, sa.RowMapping]]) -> Items:
    return {kind: {row["id"] for each, row in items if each is kind} for kind in ORDERED}


def _made_by(uow: UnitOfWork, order: sa.RowMapping, *statuses: InvoiceStatus) -> bool:
    """Tell whether the order made its invoice, and it is in one of these states (none: any).

    An order that renews a domain whose renewal was invoiced before only names that invoice.
    """
    row = uow.row(tables.documents, order["invoice_id"])
    if row is None or row["hidden"] or row["created_at"] < order["placed_at"]:
        return False
    return not statuses or row["status"] in statuses


def _cancel_subscriptions(uow: UnitOfWork, order_id: int) -> None:
    """Refuse where an item is paid by a subscription: no payment provider is asked from here.

    DECISION: nothing is cancelled then; a subscription that goes on collecting for what has ended
    must not be passed over. Source: contracts/decisions.md, "Subscriptions".
    """
    if any(row.get("subscription_id") for _, row in _items(uow, order_id)):
        raise SubscriptionNotCancelled

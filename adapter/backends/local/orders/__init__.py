"""Orders: placing and listing them, and their states."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.orders.accept import accept_order
from adapter.backends.local.orders.listing import list_orders
from adapter.backends.local.orders.place import place_order
from adapter.backends.local.orders.states import (
    cancel_order,
    count_orders,
    delete_order,
    mark_order_fraudulent,
    reopen_order,
)
from adapter.backends.local.orders.upgrade import upgrade_service
from adapter.commands.context import Context
from adapter.commands.model import (
    AcceptOrder,
    CancelOrder,
    Command,
    CountOrders,
    DeleteOrder,
    ListOrders,
    MarkOrderFraudulent,
    PlaceOrder,
    ReopenOrder,
    UpgradeService,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    PlaceOrder: place_order,
    AcceptOrder: accept_order,
    ListOrders: list_orders,
    ReopenOrder: reopen_order,
    CancelOrder: cancel_order,
    MarkOrderFraudulent: mark_order_fraudulent,
    DeleteOrder: delete_order,
    CountOrders: count_orders,
    UpgradeService: upgrade_service,
}

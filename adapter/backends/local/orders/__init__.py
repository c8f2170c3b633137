"""Orders: placing, accepting and listing them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.orders.accept import accept_order
from adapter.backends.local.orders.listing import list_orders
from adapter.backends.local.orders.place import place_order
from adapter.commands.context import Context
from adapter.commands.model import AcceptOrder, Command, ListOrders, PlaceOrder
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    PlaceOrder: place_order,
    AcceptOrder: accept_order,
    ListOrders: list_orders,
}

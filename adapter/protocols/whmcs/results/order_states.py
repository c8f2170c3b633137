"""Replies about orders that changed their state."""

from typing import Final

from adapter.billing.model import OrderStatus
from adapter.commands.model import (
    CancelOrder,
    Command,
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
from adapter.protocols.upstream import Fields, Reader, UpstreamAnswer


def _counted(reply: Fields, _: CountOrders, __: UpstreamAnswer) -> OrdersCounted:
    """Read the states that there are here; an installation may have more of its own."""
    told = {row.text("title"): row.integer("count", 0) for row in reply.rows("statuses", "status")}
    return OrdersCounted({status: told.get(status.value, 0) for status in OrderStatus})


READERS: Final[dict[type[Command], Reader]] = {
    ReopenOrder: lambda _, command, __: OrderReopened(command.order_id),
    CancelOrder: lambda _, command, __: OrderCancelled(command.order_id),
    MarkOrderFraudulent: lambda _, command, __: OrderMarkedFraudulent(command.order_id),
    DeleteOrder: lambda _, command, __: OrderDeleted(command.order_id),
    CountOrders: _counted,
}

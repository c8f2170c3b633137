"""How commands that only bring a record into a state can be looked up at a form-post upstream.

The state is proved by being in force; that it is not does not prove that the command was not
carried out, since somebody may have changed it since.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

from adapter.backends.forward.looks import Look, Taken
from adapter.backends.forward.upstream import Ask
from adapter.billing.model import ClientStatus, ItemStatus, OrderStatus
from adapter.commands import model, results
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import ClientNotFound, NotProved


def client_closed(ask: Ask, command: model.CloseClient, _: Taken) -> Result:
    """Find a client that is closed."""
    try:
        shown = cast(results.ClientShown, ask(model.GetClient(command.client_id)))
    except ClientNotFound as error:
        raise NotProved("the client is not found") from error
    if shown.client.status is not ClientStatus.CLOSED:
        raise NotProved("the client is not closed")
    return results.ClientHasClosed(command.client_id)


def client_gone(ask: Ask, command: model.DeleteClient, _: Taken) -> Result | None:
    """Find that a client is not there; ids are never given again."""
    try:
        ask(model.GetClient(command.client_id))
    except ClientNotFound:
        return results.ClientDeleted(command.client_id)
    return None


def _order_is(
    status: OrderStatus, result: Callable[[int], Result]
) -> Callable[[Ask, Any, Taken], Result]:
    def find(ask: Ask, command: Any, _: Taken) -> Result:
        listed = ask(model.ListOrders(order_id=command.order_id))
        found = {order.status for order in cast(results.OrdersListed, listed).orders}
        if found != {status}:
            raise NotProved(f"the order is not {status.value}")
        return result(command.order_id)

    return find


def _order_gone(ask: Ask, command: model.DeleteOrder, _: Taken) -> Result | None:
    listed = cast(results.OrdersListed, ask(model.ListOrders(order_id=command.order_id)))
    return None if listed.orders else results.OrderDeleted(command.order_id)


def _service_is(
    status: ItemStatus, result: Callable[[int], Result]
) -> Callable[[Ask, Any, Taken], Result]:
    def find(ask: Ask, command: Any, _: Taken) -> Result:
        listed = ask(model.ListServices(service_id=command.service_id))
        found = {service.status for service in cast(results.ServicesListed, listed).services}
        if found != {status}:
            raise NotProved(f"the service is not {status.value}")
        return result(command.service_id)

    return find


_STATE: Final = "state in force"

ORDER_STATES: Final[Mapping[type[Command], Look]] = MappingProxyType(
    {
        model.ReopenOrder: Look(_STATE, _order_is(OrderStatus.PENDING, results.OrderReopened)),
        model.CancelOrder: Look(_STATE, _order_is(OrderStatus.CANCELLED, results.OrderCancelled)),
        model.MarkOrderFraudulent: Look(
            _STATE, _order_is(OrderStatus.FRAUD, results.OrderMarkedFraudulent)
        ),
        model.DeleteOrder: Look("absence of the order", _order_gone),
    }
)
SERVICE_STATES: Final[Mapping[type[Command], Look]] = MappingProxyType(
    {
        model.ActivateService: Look(
            _STATE, _service_is(ItemStatus.ACTIVE, results.ServiceActivated)
        ),
        model.SuspendService: Look(
            _STATE, _service_is(ItemStatus.SUSPENDED, results.ServiceSuspended)
        ),
        model.UnsuspendService: Look(
            _STATE, _service_is(ItemStatus.ACTIVE, results.ServiceUnsuspended)
        ),
        model.TerminateService: Look(
            _STATE, _service_is(ItemStatus.TERMINATED, results.ServiceTerminated)
        ),
        model.ApplyServicePackage: Look("there is no call that shows it"),
    }
)
CONTACTS: Final[Mapping[type[Command], Look]] = MappingProxyType(
    {
        model.CreateContact: Look("equal contacts cannot be told apart"),
        model.UpdateContact: Look("no call shows a contact by its id"),
        model.DeleteContact: Look("no call shows a contact by its id"),
    }
)

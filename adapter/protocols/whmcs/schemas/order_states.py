"""Parameters of what brings an order into another state."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from adapter.commands.model import (
    CancelOrder,
    CountOrders,
    DeleteOrder,
    MarkOrderFraudulent,
    ReopenOrder,
)
from adapter.errors import NotFound, OrderNotFound
from adapter.protocols.fields import WireBool
from adapter.protocols.whmcs.fields import RecordId
from adapter.protocols.whmcs.schemas.base import ActionSchema


class OrderSchema(ActionSchema):
    """An action about one order."""

    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType({"orderid": OrderNotFound})

    order_id = RecordId(data_key="orderid", required=True)


class PendingOrderSchema(OrderSchema):
    """`PendingOrder`. Source: contracts/whmcs/pendingorder.md."""

    action = "PendingOrder"
    command = ReopenOrder


class CancelOrderSchema(OrderSchema):
    """`CancelOrder`. Source: contracts/whmcs/cancelorder.md."""

    action = "CancelOrder"
    command = CancelOrder

    cancel_subscription = WireBool(data_key="cancelsub")
    send_email = WireBool(data_key="noemail", invert=True)


class FraudOrderSchema(OrderSchema):
    """`FraudOrder`. Source: contracts/whmcs/fraudorder.md."""

    action = "FraudOrder"
    command = MarkOrderFraudulent

    cancel_subscription = WireBool(data_key="cancelsub")


class DeleteOrderSchema(OrderSchema):
    """`DeleteOrder`. Source: contracts/whmcs/deleteorder.md."""

    action = "DeleteOrder"
    command = DeleteOrder


class GetOrderStatusesSchema(ActionSchema):
    """`GetOrderStatuses`. Source: contracts/whmcs/getorderstatuses.md."""

    action = "GetOrderStatuses"
    command = CountOrders

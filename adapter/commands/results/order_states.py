"""Results about orders that changed their state."""

from collections.abc import Mapping
from dataclasses import dataclass

from adapter.billing.model import OrderStatus
from adapter.commands.results.base import Result


@dataclass(frozen=True, slots=True)
class OrderReopened(Result):
    """An order and its items are pending."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderCancelled(Result):
    """An order and its items are cancelled."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderMarkedFraudulent(Result):
    """An order and its items are fraud."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderDeleted(Result):
    """An order is hidden, with all that it made."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrdersCounted(Result):
    """How many orders are in each state; every state is there."""

    counts: Mapping[OrderStatus, int]

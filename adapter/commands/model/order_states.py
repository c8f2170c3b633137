"""Commands that bring an order and its items into another state."""

from dataclasses import dataclass
from typing import ClassVar

from adapter.commands.model.base import Command, Effect


@dataclass(frozen=True, slots=True)
class ReopenOrder(Command):
    """Bring an order and all its items back to pending."""

    effect: ClassVar[Effect] = Effect.CHANGES
    order_id: int


@dataclass(frozen=True, slots=True)
class CancelOrder(Command):
    """Cancel a pending order with its items and its unpaid invoice.

    With `cancel_subscription` also what a payment provider collects for its items.
    """

    effect: ClassVar[Effect] = Effect.CHANGES
    order_id: int
    cancel_subscription: bool = False
    send_email: bool = True


@dataclass(frozen=True, slots=True)
class MarkOrderFraudulent(Command):
    """Mark an order and its items as fraud; cancels its unpaid invoice.

    `cancel_subscription` as with `CancelOrder`.
    """

    effect: ClassVar[Effect] = Effect.CHANGES
    order_id: int
    cancel_subscription: bool = False


@dataclass(frozen=True, slots=True)
class DeleteOrder(Command):
    """Hide a cancelled or fraudulent order with its items, and void its invoices."""

    effect: ClassVar[Effect] = Effect.CHANGES
    order_id: int


@dataclass(frozen=True, slots=True)
class CountOrders(Command):
    """Count the orders in each state."""

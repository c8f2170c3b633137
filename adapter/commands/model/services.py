"""Commands about what becomes of a service that exists."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from adapter.billing.schedule import Cycle
from adapter.commands.model.base import Command, Effect, Page


@dataclass(frozen=True, slots=True)
class ActivateService(Command):
    """Set a service up: it becomes active."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int


@dataclass(frozen=True, slots=True)
class SuspendService(Command):
    """Suspend a service."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnsuspendService(Command):
    """Make a suspended service active again."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int


@dataclass(frozen=True, slots=True)
class TerminateService(Command):
    """End a service and its addons for good."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int


@dataclass(frozen=True, slots=True)
class ApplyServicePackage(Command):
    """Bring a service's setup in line with its product, after the product was changed."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int


@dataclass(frozen=True, slots=True)
class ListCancellationRequests(Command):
    """List the requests to end services, oldest first."""

    page: Page = Page()


class UpgradeKind(StrEnum):
    """What of a service is changed by an upgrade."""

    PRODUCT = "product"
    OPTIONS = "configoptions"


@dataclass(frozen=True, slots=True)
class UpgradeService(Command):
    """Order another product or cycle for a service, in force once its invoice is paid.

    With `only_price` nothing is ordered and only the price is told.
    """

    effect: ClassVar[Effect] = Effect.CREATES
    service_id: int
    payment_method: str
    kind: UpgradeKind
    product_id: int | None = None
    cycle: Cycle | None = None
    promotion_code: str | None = None
    only_price: bool = False

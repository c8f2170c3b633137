"""Results about what became of services."""

from dataclasses import dataclass
from datetime import datetime

from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class ServiceActivated(Result):
    """A service is active."""

    service_id: int


@dataclass(frozen=True, slots=True)
class ServiceSuspended(Result):
    """A service is suspended."""

    service_id: int


@dataclass(frozen=True, slots=True)
class ServiceUnsuspended(Result):
    """A service is active again."""

    service_id: int


@dataclass(frozen=True, slots=True)
class ServiceTerminated(Result):
    """A service and its addons have ended."""

    service_id: int


@dataclass(frozen=True, slots=True)
class ServicePackageApplied(Result):
    """A service is set up as its product says."""

    service_id: int


@dataclass(frozen=True, slots=True)
class CancellationRequestRecord:
    """A request to end a service: at once, or with its billing period."""

    request_id: int
    service_id: int
    requested_at: datetime
    reason: str
    immediate: bool


@dataclass(frozen=True, slots=True)
class CancellationRequestsListed(Result):
    """A window of cancellation requests."""

    listing: Listing
    requests: tuple[CancellationRequestRecord, ...]


@dataclass(frozen=True, slots=True)
class ServiceUpgraded(Result):
    """What another product or cycle costs, and the order that was made of it.

    `price` is for the `days_left` of the `total_days` of the present period. Ids are None where
    only the price was asked for; `invoice_id` is None too where there is nothing to pay.
    `in_progress`: an earlier upgrade of the service waits for its payment, so none can be ordered.
    """

    old_product_id: int
    old_product_name: str
    new_product_id: int
    new_product_name: str
    days_left: int
    total_days: int
    new_cycle: Cycle
    price: Money
    currency_prefix: str
    currency_suffix: str
    upgrade_id: int | None = None
    order_id: int | None = None
    order_number: int | None = None
    invoice_id: int | None = None
    in_progress: bool = False

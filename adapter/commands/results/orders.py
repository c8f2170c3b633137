"""Results about orders and the services, addons and domains they make."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from adapter.billing.model import ItemStatus, OrderStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class OrderPlaced(Result):
    """An order was placed; `invoice_id` is None when it made no invoice."""

    order_id: int
    service_ids: tuple[int, ...]
    addon_ids: tuple[int, ...]
    domain_ids: tuple[int, ...]
    invoice_id: int | None


@dataclass(frozen=True, slots=True)
class OrderAccepted(Result):
    """An order and its items are active."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One item of an order. `kind` is `product`, `addon` or `domain`."""

    kind: str
    record_id: int
    product_type: str
    product: str
    domain: str
    cycle: str
    amount: Money
    status: str


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with its items. `payment_status` is its invoice's state, "" without one."""

    order_id: int
    order_number: int
    client_id: int
    client_name: str
    placed_at: datetime
    amount: Money
    currency_prefix: str
    currency_suffix: str
    payment_method: str
    payment_method_name: str
    payment_status: str
    invoice_id: int
    status: OrderStatus
    ip_address: str
    notes: str
    nameservers: str
    promotion_code: str
    promotion_type: str
    promotion_value: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class OrdersListed(Result):
    """A window of orders."""

    listing: Listing
    orders: tuple[OrderRecord, ...]


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """A service. `next_due_on` None is the zero date.

    `custom_fields` are by id, or by the name that a caller gave; `custom_names` names the ids that
    the product's form knows.
    """

    service_id: int
    quantity: int
    client_id: int
    order_id: int
    order_number: int
    product_id: int
    registered_on: date | None
    product_name: str
    group_name: str
    domain: str
    first_amount: Money
    recurring_amount: Money
    payment_method: str
    payment_method_name: str
    cycle: Cycle
    next_due_on: date | None
    status: ItemStatus
    username: str
    password: str
    subscription_id: str
    promotion_id: int
    override_auto_suspend: bool
    override_suspend_until: date | None
    dedicated_ip: str
    assigned_ips: str
    ns1: str
    ns2: str
    suspend_reason: str
    notes: str
    custom_fields: Mapping[str, str]
    custom_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServicesListed(Result):
    """A window of services; the filters are echoed by the protocol."""

    listing: Listing
    services: tuple[ServiceRecord, ...]


@dataclass(frozen=True, slots=True)
class ServiceAddonRecord:
    """An addon of a service. `next_invoice_on` is derived for display."""

    service_addon_id: int
    quantity: int
    client_id: int
    order_id: int
    service_id: int
    addon_id: int
    name: str
    setup_fee: Money
    recurring_amount: Money
    cycle: Cycle
    taxed: bool
    status: ItemStatus
    registered_on: date | None
    next_due_on: date | None
    next_invoice_on: date | None
    payment_method: str
    payment_method_name: str
    notes: str


@dataclass(frozen=True, slots=True)
class ServiceAddonsListed(Result):
    """Service addons."""

    addons: tuple[ServiceAddonRecord, ...]


@dataclass(frozen=True, slots=True)
class DomainRecord:
    """A domain. `kind` is `Register` or `Transfer`."""

    domain_id: int
    client_id: int
    order_id: int
    kind: str
    name: str
    registrar: str
    years: int
    first_amount: Money
    recurring_amount: Money
    payment_method: str
    payment_method_name: str
    registered_on: date | None
    expires_on: date | None
    next_due_on: date | None
    status: ItemStatus
    subscription_id: str
    promotion_id: int
    dns_management: bool
    email_forwarding: bool
    id_protection: bool
    do_not_renew: bool
    notes: str


@dataclass(frozen=True, slots=True)
class DomainsListed(Result):
    """A window of domains."""

    listing: Listing
    domains: tuple[DomainRecord, ...]


@dataclass(frozen=True, slots=True)
class ServiceUpdated(Result):
    """A service was changed."""

    service_id: int


@dataclass(frozen=True, slots=True)
class ServiceAddonUpdated(Result):
    """A service addon was changed."""

    service_addon_id: int


@dataclass(frozen=True, slots=True)
class DomainUpdated(Result):
    """A domain was changed."""

    domain_id: int


@dataclass(frozen=True, slots=True)
class CancellationRequested(Result):
    """A cancellation request was noted."""

    service_id: int
    client_id: int

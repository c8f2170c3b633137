"""Commands about orders and the services, addons and domains they make."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar

from adapter.billing.model import ItemStatus, OrderStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model.base import UNSET, Command, Effect, Page, Unset


@dataclass(frozen=True, slots=True)
class OrderedProduct:
    """One product of an order, with the catalogue addons bought with it."""

    product_id: int
    quantity: int = 1
    domain: str = ""
    cycle: Cycle | None = None
    addon_ids: tuple[int, ...] = ()
    addon_quantities: tuple[int, ...] = ()
    price_override: Decimal | None = None
    custom_fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OrderedAddon:
    """One catalogue addon for a service that exists."""

    service_id: int
    addon_id: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class OrderedDomain:
    """One domain of an order. `kind` is `register` or `transfer`; `years` 1 to 10."""

    name: str
    kind: str
    years: int = 1
    price_override: Decimal | None = None
    renewal_override: Decimal | None = None
    dns_management: bool = False
    email_forwarding: bool = False
    id_protection: bool = False


@dataclass(frozen=True, slots=True)
class PlaceOrder(Command):
    """Order products, addons and domains for a client; makes the order's first invoice."""

    effect: ClassVar[Effect] = Effect.CREATES
    client_id: int
    payment_method: str
    products: tuple[OrderedProduct, ...] = ()
    addons: tuple[OrderedAddon, ...] = ()
    domains: tuple[OrderedDomain, ...] = ()
    domain_renewals: tuple[tuple[str, int], ...] = ()
    promotion_code: str | None = None
    promotion_override: bool = False
    ip_address: str = ""
    nameservers: tuple[str, ...] = ()
    make_invoice: bool = True
    send_invoice_email: bool = True
    send_email: bool = True


@dataclass(frozen=True, slots=True)
class AcceptOrder(Command):
    """Activate a pending order and its items."""

    effect: ClassVar[Effect] = Effect.CHANGES
    order_id: int
    send_email: bool = True
    service_username: str | None = None
    service_password: str | None = field(default=None, repr=False)
    registrar: str | None = None


@dataclass(frozen=True, slots=True)
class ListOrders(Command):
    """List orders, newest first."""

    page: Page = Page()
    order_id: int | None = None
    client_id: int | None = None
    status: OrderStatus | None = None


@dataclass(frozen=True, slots=True)
class ListServices(Command):
    """List services."""

    page: Page = Page()
    client_id: int | None = None
    service_id: int | None = None
    product_id: int | None = None
    domain: str | None = None
    username: str | None = None


@dataclass(frozen=True, slots=True)
class ListServiceAddons(Command):
    """List service addons; all of them, there is no paging."""

    service_ids: tuple[int, ...] | None = None
    client_id: int | None = None
    addon_id: int | None = None


@dataclass(frozen=True, slots=True)
class ListDomains(Command):
    """List domains."""

    page: Page = Page()
    client_id: int | None = None
    domain_id: int | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateService(Command):
    """Change a service. `next_due_on` None means "never due" (the zero date)."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_id: int
    product_id: int | None = None
    registered_on: date | None = None
    next_due_on: date | None | Unset = UNSET
    terminated_on: date | None | Unset = UNSET
    domain: str | None = None
    first_amount: Decimal | None = None
    recurring_amount: Decimal | None = None
    recalculate: bool = False
    payment_method: str | None = None
    cycle: Cycle | None = None
    status: ItemStatus | None = None
    promotion_id: int | None = None
    notes: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    subscription_id: str | None = None
    dedicated_ip: str | None = None
    assigned_ips: str | None = None
    ns1: str | None = None
    ns2: str | None = None
    suspend_reason: str | None = None
    override_auto_suspend: bool | None = None
    override_suspend_until: date | None | Unset = UNSET
    custom_fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class UpdateServiceAddon(Command):
    """Change a service addon."""

    effect: ClassVar[Effect] = Effect.CHANGES
    service_addon_id: int
    addon_id: int | None = None
    name: str | None = None
    status: ItemStatus | None = None
    cycle: Cycle | None = None
    next_due_on: date | None | Unset = UNSET
    terminated_on: date | None | Unset = UNSET
    setup_fee: Decimal | None = None
    recurring_amount: Decimal | None = None
    recalculate: bool = False
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class UpdateDomain(Command):
    """Change a domain."""

    effect: ClassVar[Effect] = Effect.CHANGES
    domain_id: int
    kind: str | None = None
    registered_on: date | None = None
    next_due_on: date | None | Unset = UNSET
    expires_on: date | None | Unset = UNSET
    name: str | None = None
    registrar: str | None = None
    years: int | None = None
    first_amount: Decimal | None = None
    recurring_amount: Decimal | None = None
    recalculate: bool = False
    payment_method: str | None = None
    promotion_id: int | None = None
    subscription_id: str | None = None
    status: ItemStatus | None = None
    notes: str | None = None
    dns_management: bool | None = None
    email_forwarding: bool | None = None
    id_protection: bool | None = None
    do_not_renew: bool | None = None


@dataclass(frozen=True, slots=True)
class RequestCancellation(Command):
    """Ask for a service to end: at once, or with its billing period."""

    effect: ClassVar[Effect] = Effect.CREATES
    service_id: int
    immediate: bool = False
    reason: str = ""

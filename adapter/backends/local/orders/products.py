"""Products and addons of an order."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import (
    ADDON,
    PRODUCT,
    Price,
    cycle_price,
    offered_prices,
)
from adapter.backends.local.orders.cart import Cart
from adapter.backends.local.promotions import product_target, reduced_by
from adapter.billing.model import BillableKind
from adapter.billing.money import Money
from adapter.billing.prorata import first_period
from adapter.billing.schedule import Cycle
from adapter.commands.model import OrderedAddon, OrderedProduct
from adapter.errors import CatalogueAddonNotFound, InvalidField, NotOwned, ProductNotFound
from adapter.store import tables

_MAX_QUANTITY = 1_000_000


@dataclass(frozen=True, slots=True)
class _Alignment:
    """The day all due dates of a product align to, and from when the next period is charged."""

    day: int
    next_month_day: int | None


def add_product(cart: Cart, ordered: OrderedProduct) -> None:
    """Add a service, and the addons ordered with it."""
    product = cart.uow.row(tables.products, ordered.product_id)
    if product is None:
        raise ProductNotFound(ordered.product_id)
    quantity = _checked_quantity(ordered.quantity)
    cycle, price = _product_price(cart, product, ordered)
    total = price.times(quantity)
    alignment = _alignment(product)
    promotion = cart.promotion_for(product_target(product["id"]), cycle.price_key)
    # A price named by the caller is what is paid, whole, from the first day on.
    period_of = None if ordered.price_override is not None else alignment
    first, recurring = _amounts(cart, total, cycle, period_of)
    reduced = reduced_by(promotion, first, total.setup_fee, recurring, quantity)
    service_id = cart.insert(
        BillableKind.SERVICE,
        reduced.first,
        {
            "product_id": product["id"],
            "quantity": quantity,
            "domain": ordered.domain,
            "cycle": cycle.value,
            **reduced.columns(promotion),
            "custom_fields": dict(ordered.custom_fields),
            **_anchor(cycle, period_of),
        },
    )
    cart.service_ids.append(service_id)
    for index, addon_id in enumerate(ordered.addon_ids):
        many = ordered.addon_quantities[index : index + 1] or (1,)
        _add_addon(cart, service_id, addon_id, many[0], cycle, alignment)


def add_addon(cart: Cart, ordered: OrderedAddon) -> None:
    """Add a catalogue addon to a service that the client has; raises `NotOwned`."""
    service = cart.uow.row(tables.services, ordered.service_id)
    if service is None or service["hidden"] or service["client_id"] != cart.client_id:
        raise NotOwned("service", ordered.service_id)
    product = cart.uow.row(tables.products, service["product_id"])
    alignment = None if product is None else _alignment(product)
    cycle = Cycle(service["cycle"])
    _add_addon(cart, service["id"], ordered.addon_id, ordered.quantity, cycle, alignment)


def _add_addon(  # noqa: PLR0913 - the facts of one addon
    cart: Cart,
    service_id: int,
    addon_id: int,
    many: int,
    parent_cycle: Cycle,
    alignment: _Alignment | None,
) -> None:
    addon = cart.uow.row(tables.addons, addon_id)
    if addon is None:
        raise CatalogueAddonNotFound(addon_id)
    quantity = _checked_quantity(many)
    offered = offered_prices(cart.uow, ADDON, addon_id, cart.currency)
    # An addon follows its service's cycle where it is offered for it.
    wanted = parent_cycle if parent_cycle.step and parent_cycle.price_key in offered else None
    cycle, unit = cycle_price(addon["name"], addon["pay_type"], offered, wanted, cart.currency)
    total = unit.times(quantity)
    first, recurring = _amounts(cart, total, cycle, alignment)
    cart.addon_ids.append(
        cart.insert(
            BillableKind.ADDON,
            first,
            {
                "service_id": service_id,
                "addon_id": addon_id,
                "quantity": quantity,
                "name": addon["name"],
                "setup_fee": total.setup_fee,
                "recurring_amount": recurring,
                "taxed": addon["taxed"],
                "cycle": cycle.value,
                **_anchor(cycle, alignment),
            },
        )
    )


def _product_price(
    cart: Cart, product: sa.RowMapping, ordered: OrderedProduct
) -> tuple[Cycle, Price]:
    """Return cycle and price of one unit; an override stands for both price and setup fee."""
    offered = offered_prices(cart.uow, PRODUCT, product["id"], cart.currency)
    override = ordered.price_override
    if override is None:
        return cycle_price(
            product["name"], product["pay_type"], offered, ordered.cycle, cart.currency
        )
    price = overridden("price_override", override, cart.currency.code)
    named = {} if ordered.cycle is None else {ordered.cycle.price_key: price}
    return cycle_price(
        product["name"],
        product["pay_type"],
        {**dict.fromkeys(offered, price), **named, Cycle.ONE_TIME.price_key: price},
        ordered.cycle,
        cart.currency,
    )


def overridden(field: str, amount: Decimal, currency: str) -> Price:
    """Return the price a caller has set himself; raises `InvalidField` below zero."""
    if amount < 0:
        raise InvalidField(field, "minimum", f"{field} must not be below zero")
    return Price(Money.rounded(amount, currency), Money.zero(currency))


def _alignment(product: sa.RowMapping) -> _Alignment | None:
    day = product["prorata_day"]
    return None if not day else _Alignment(day, product["prorata_next_month_day"])


def _anchor(cycle: Cycle, alignment: _Alignment | None) -> Mapping[str, int]:
    """Return the anchor that keeps due dates on the aligned day, and marks the item as aligned."""
    return {} if alignment is None or cycle.step is None else {"anchor_day": alignment.day}


def _amounts(
    cart: Cart, total: Price, cycle: Cycle, alignment: _Alignment | None
) -> tuple[Money, Money]:
    """Return the first amount (setup fee included) and the recurring one, before a promotion."""
    first = total.price
    if alignment is not None and cycle.step is not None:
        period = first_period(
            cart.context.today, cycle.step, alignment.day, alignment.next_month_day
        )
        first = period.price(first)
    return first + total.setup_fee, total.price


def _checked_quantity(quantity: int) -> int:
    if not 1 <= quantity <= _MAX_QUANTITY:
        raise InvalidField("quantity", "range", f"quantity must be from 1 to {_MAX_QUANTITY}")
    return quantity

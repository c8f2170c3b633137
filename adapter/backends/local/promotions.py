"""Promotion codes: whether one holds for an order, and what it leaves of a price."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import ItemStatus, OrderStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.context import Context
from adapter.errors import PromotionInvalid
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_HUNDRED = Decimal(100)
_VOID_ORDERS = (OrderStatus.CANCELLED.value, OrderStatus.FRAUD.value)


class PromotionType(StrEnum):
    """How a promotion changes a price; values are stored."""

    PERCENTAGE = "Percentage"
    FIXED = "Fixed Amount"
    OVERRIDE = "Price Override"
    FREE_SETUP = "Free Setup"


@dataclass(frozen=True, slots=True)
class Promotion:
    """A promotion as an order or a price needs it.

    `cycles` are cycles' price keys and numbers of years; `targets` as `product_target` and
    `domain_target` write them. Empty means every one.
    """

    promotion_id: int
    code: str
    promotion_type: str
    value: Decimal
    recurring: bool
    cycles: frozenset[str]
    targets: frozenset[str]
    apply_once: bool

    def covers(self, target: str, term: str) -> bool:
        """Tell whether it holds for this product or domain at this term."""
        if self.targets and target not in self.targets:
            return False
        return not self.cycles or term in self.cycles

    def reduce(self, price: Money, quantity: int = 1) -> Money:
        """Return what is left of a price (of one period of `quantity` units)."""
        currency = price.currency
        match self.promotion_type:
            case PromotionType.PERCENTAGE:
                percent = min(self.value, _HUNDRED)
                return price - Money.rounded(price.amount * percent / _HUNDRED, currency)
            case PromotionType.FIXED:
                return max(price - Money.rounded(self.value, currency), Money.zero(currency))
            case PromotionType.OVERRIDE:
                # A promotion never makes anything dearer.
                return min(price, Money.rounded(self.value * quantity, currency))
            case _:
                return price


@dataclass(frozen=True, slots=True)
class Reduced:
    """An item's amounts net of a promotion, and what it took off each."""

    first: Money
    first_discount: Money
    recurring: Money
    recurring_discount: Money

    def columns(self, promotion: Promotion | None) -> dict[str, object]:
        """Return the columns that an item keeps of this, besides its first amount."""
        return {
            "promotion_id": 0 if promotion is None else promotion.promotion_id,
            "first_discount": self.first_discount,
            "recurring_amount": self.recurring,
            "recurring_discount": self.recurring_discount,
        }


def reduced_by(
    promotion: Promotion | None,
    first: Money,
    setup_fee: Money,
    recurring: Money,
    quantity: int = 1,
) -> Reduced:
    """Return the amounts of an item under a promotion; `first` includes the setup fee.

    A price override stands for the period's price, the setup fee stays; free setup takes the fee
    off; the others reduce the whole first amount. Source: contracts/decisions.md, "Promotions".
    """
    net_first, net_recurring = first, recurring
    if promotion is not None:
        match promotion.promotion_type:
            case PromotionType.FREE_SETUP:
                net_first = first - setup_fee
            case PromotionType.OVERRIDE:
                net_first = promotion.reduce(first - setup_fee, quantity) + setup_fee
            case _:
                net_first = promotion.reduce(first, quantity)
        if promotion.recurring:
            net_recurring = promotion.reduce(recurring, quantity)
    return Reduced(net_first, first - net_first, net_recurring, recurring - net_recurring)


def recurring_amounts(
    uow: UnitOfWork, item: Mapping[str, Any], price: Money, quantity: int = 1
) -> dict[str, int]:
    """Return an item's recurring columns at a new catalogue price, under its own promotion."""
    row = uow.row(tables.promotions, item["promotion_id"])
    net = price
    if row is not None and row["recurring"]:
        net = promotion_from(row).reduce(price, quantity)
    return {
        "recurring_amount": net.hundredths,
        "recurring_discount": (price - net).hundredths,
    }


def next_amount(row: sa.RowMapping) -> int:
    """Return what an item's coming renewals are billed at, in hundredths.

    That is the stored amount, net of a promotion, until the promotion has been used up.
    `row` has the promotion's `recurring` and `recur_for` beside the item, None without one.
    """
    amount: int = row["recurring_amount"]
    spent = row["recurring"] and 0 < row["recur_for"] <= row["promotion_uses"]
    return amount + row["recurring_discount"] if spent else amount


def product_target(product_id: int) -> str:
    """Return how `applies_to` and `requires` name a product."""
    return str(product_id)


def domain_target(tld: str) -> str:
    """Return how `applies_to` and `requires` name a top-level domain (`.com`)."""
    return f"D{tld.lower()}"


def promotion_from(row: sa.RowMapping) -> Promotion:
    """Return a stored promotion."""
    return Promotion(
        promotion_id=row["id"],
        code=row["code"],
        promotion_type=row["promotion_type"],
        value=row["value"],
        recurring=row["recurring"],
        cycles=frozenset(_term(entry) for entry in _entries(row["cycles"])),
        targets=frozenset(_entries(row["applies_to"])),
        apply_once=row["apply_once"],
    )


def _entries(text: str) -> list[str]:
    # Domains are written "D.com"; products are digits, which have no case.
    entries = [entry.strip() for entry in text.split(",")]
    return [entry[0] + entry[1:].lower() for entry in entries if entry]


def _term(entry: str) -> str:
    """Return a cycle's price key, or a domain's number of years (`2Years`) as digits."""
    cycle = Cycle.parse(entry)
    if cycle is not None:
        return cycle.price_key
    return entry.lower().removesuffix("s").removesuffix("year").strip()


def find_promotion(  # noqa: PLR0913 - the facts of one order
    uow: UnitOfWork,
    context: Context,
    code: str,
    client_id: int,
    ordered: Iterable[str],
    *,
    override: bool,
) -> Promotion:
    """Return the promotion of this code, its use counted; raises `PromotionInvalid`.

    `ordered` are the targets in the order. With `override` only the code must exist.
    Source: contracts/decisions.md, "Promotions".
    """
    promotions = tables.promotions
    found = uow.execute(sa.select(promotions).where(promotions.c.code == code))
    row = found.mappings().first()
    if row is None:
        raise PromotionInvalid(code, "does not exist")
    if not override:
        reason = _refusal(uow, context, row, client_id, frozenset(ordered))
        if reason is not None:
            raise PromotionInvalid(code, reason)
    # The bound is checked by the write itself: two orders at once cannot both take the last use.
    used = sa.update(promotions).where(promotions.c.id == row["id"])
    if row["max_uses"] and not override:
        used = used.where(promotions.c.uses < promotions.c.max_uses)
    if not uow.execute(used.values(uses=promotions.c.uses + 1)).rowcount:
        raise PromotionInvalid(code, "has been used up")
    return promotion_from(row)


def _refusal(
    uow: UnitOfWork,
    context: Context,
    row: sa.RowMapping,
    client_id: int,
    ordered: frozenset[str],
) -> str | None:
    """Return why a promotion does not hold, in the words of a sentence; None when it does."""
    if row["starts_on"] is not None and context.today < row["starts_on"]:
        return "is not valid yet"
    if row["expires_on"] is not None and context.today > row["expires_on"]:
        return "has expired"
    orders = tables.orders
    earlier = sa.select(orders.c.id).where(
        orders.c.client_id == client_id, orders.c.status.not_in(_VOID_ORDERS)
    )
    if row["new_signups"] and _any(uow, earlier):
        return "is for new clients only"
    active = earlier.where(orders.c.status == OrderStatus.ACTIVE.value)
    if row["existing_client"] and not _any(uow, active):
        return "is for existing clients only"
    if row["once_per_client"] and _any(uow, earlier.where(orders.c.promotion_code == row["code"])):
        return "has been used by this client"
    required = frozenset(_entries(row["requires"]))
    if not required or required & ordered:
        return None
    if row["requires_existing"] and required & _owned(uow, client_id):
        return None
    return "requires another product"


def _any(uow: UnitOfWork, query: sa.Select[tuple[int]]) -> bool:
    return uow.execute(query.limit(1)).first() is not None


def _owned(uow: UnitOfWork, client_id: int) -> frozenset[str]:
    services = tables.services
    query = (
        sa.select(services.c.product_id)
        .where(
            services.c.client_id == client_id,
            services.c.status == ItemStatus.ACTIVE.value,
        )
        .distinct()
    )
    return frozenset(product_target(product_id) for product_id in uow.execute(query).scalars())

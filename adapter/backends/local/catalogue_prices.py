"""Prices of the catalogue in one currency."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from adapter.backends.local.lookups import CurrencyRow
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import PayType
from adapter.errors import NotOffered
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

PRODUCT = "product"
ADDON = "addon"
REGISTER = "register"
TRANSFER = "transfer"
RENEW = "renew"

_TLD_LABELS = 4  # the longest public endings have so many labels


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs a cycle, and once more at the start."""

    price: Money
    setup_fee: Money

    def times(self, quantity: int) -> "Price":
        """Return the price of `quantity` units."""
        return Price(_times(self.price, quantity), _times(self.setup_fee, quantity))


def _times(unit: Money, quantity: int) -> Money:
    return Money(unit.hundredths * quantity, unit.currency)


def offered_prices(
    uow: UnitOfWork, item_kind: str, item_id: int, currency: CurrencyRow
) -> Mapping[str, Price]:
    """Return the prices by term of what is offered; a stored price below zero is not.

    Source: the form-post facts, section 3 (-1.00 is "cycle not offered").
    """
    prices = tables.prices
    query = sa.select(prices).where(
        prices.c.item_kind == item_kind,
        prices.c.item_id == item_id,
        prices.c.currency_id == currency.currency_id,
        prices.c.price >= 0,
    )
    return {
        row["term"]: Price(
            Money(row["price"], currency.code), Money(max(0, row["setup_fee"]), currency.code)
        )
        for row in uow.execute(query).mappings()
    }


def cycle_price(
    name: str,
    pay_type: str,
    offered: Mapping[str, Price],
    wanted: Cycle | None,
    currency: CurrencyRow,
) -> tuple[Cycle, Price]:
    """Return the cycle and price of a product or addon; raises `NotOffered`.

    How it is paid decides first: what is free or paid once has no cycle to choose. Without a
    wanted cycle the shortest one offered is taken.
    Source: contracts/decisions.md, "Cycle of an order".
    """
    zero = Money.zero(currency.code)
    if pay_type == PayType.FREE:
        return Cycle.FREE, Price(zero, zero)
    if pay_type == PayType.ONE_TIME:
        # The product's form keeps a one-time price in the monthly place.
        found = offered.get(Cycle.ONE_TIME.price_key) or offered.get(Cycle.MONTHLY.price_key)
        if found is None:
            raise NotOffered(name, Cycle.ONE_TIME, currency.code, ())
        return Cycle.ONE_TIME, found
    recurring = [cycle for cycle in Cycle if cycle.step and cycle.price_key in offered]
    cycle = wanted or (recurring[0] if recurring else None)
    if cycle is None or cycle not in recurring:
        term = "any billing cycle" if cycle is None else cycle.value
        raise NotOffered(name, term, currency.code, tuple(recurring))
    return cycle, offered[cycle.price_key]


def tld_id(uow: UnitOfWork, domain: str) -> tuple[int, str] | None:
    """Return id and name (`.co.za`) of the longest top-level domain that `domain` ends with."""
    labels = domain.lower().rstrip(".").split(".")
    first = max(1, len(labels) - _TLD_LABELS)
    endings = [".".join(labels[start:]) for start in range(first, len(labels))]
    if not endings:
        return None
    tlds = tables.tlds
    spelled = [*endings, *(f".{ending}" for ending in endings)]
    rows = uow.execute(sa.select(tlds.c.id, tlds.c.tld).where(tlds.c.tld.in_(spelled))).all()
    if not rows:
        return None
    best = max(rows, key=lambda row: len(row.tld.lstrip(".")))
    return best.id, "." + best.tld.lstrip(".")


def domain_price(
    uow: UnitOfWork, domain: str, item_kind: str, years: int, currency: CurrencyRow
) -> Money:
    """Return the price for `years` of a domain's top-level domain; raises `NotOffered`."""
    found = tld_id(uow, domain)
    offered = {} if found is None else offered_prices(uow, item_kind, found[0], currency)
    price = offered.get(str(years))
    if price is None:
        terms = tuple(f"{term} years" for term in sorted(offered, key=lambda t: (len(t), t)))
        raise NotOffered(f"{domain} ({item_kind})", f"{years} years", currency.code, terms)
    return price.price

"""Listing promotions, and what domains cost."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import REGISTER, RENEW, TRANSFER
from adapter.backends.local.clients.rules import default_currency_id
from adapter.backends.local.lookups import require_client
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import Command, ListDomainPrices, ListPromotions
from adapter.commands.results import (
    Currency,
    DomainPriceRecord,
    DomainPricesListed,
    PromotionRecord,
    PromotionsListed,
    Result,
)
from adapter.errors import CurrencyNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_DEEDS: Final = (REGISTER, TRANSFER, RENEW)
_SAME: Final = (
    "code",
    "promotion_type",
    "recurring",
    "value",
    "cycles",
    "applies_to",
    "requires",
    "requires_existing",
    "starts_on",
    "expires_on",
    "max_uses",
    "uses",
    "lifetime",
    "apply_once",
    "new_signups",
    "existing_client",
    "once_per_client",
    "recur_for",
    "notes",
)


def list_promotions(
    uow: UnitOfWork, command: ListPromotions, _context: Context
) -> PromotionsListed:
    """List the promotions by id; codes are compared byte for byte, as orders compare them."""
    promotions = tables.promotions
    query = sa.select(promotions).order_by(promotions.c.id)
    if command.code is not None:
        query = query.where(promotions.c.code == command.code)
    return PromotionsListed(
        tuple(
            PromotionRecord(promotion_id=row["id"], **{name: row[name] for name in _SAME})
            for row in uow.execute(query).mappings()
        )
    )


def list_domain_prices(
    uow: UnitOfWork, command: ListDomainPrices, _context: Context
) -> DomainPricesListed:
    """List what is offered of each ending, by its name; a client's currency comes first.

    Raises `ClientNotFound` and `CurrencyNotFound`.
    """
    if command.client_id is not None:
        currency_id = int(require_client(uow, command.client_id)["currency_id"])
    else:
        currency_id = command.currency_id or default_currency_id(uow)
    currency = uow.row(tables.currencies, currency_id)
    if currency is None:
        raise CurrencyNotFound(currency_id)
    tlds, prices = tables.tlds, tables.prices
    query = (
        sa.select(tlds.c.tld, prices.c.item_kind, prices.c.term, prices.c.price)
        .join(prices, prices.c.item_id == tlds.c.id)
        .where(
            prices.c.item_kind.in_(_DEEDS),
            prices.c.currency_id == currency_id,
            prices.c.price >= 0,
        )
        .order_by(tlds.c.tld)
    )
    offered: defaultdict[str, dict[str, dict[int, Money]]] = defaultdict(
        lambda: {deed: {} for deed in _DEEDS}
    )
    for row in uow.execute(query):
        deeds = offered[row.tld.lstrip(".")]
        deeds[row.item_kind][int(row.term)] = Money(row.price, currency["code"])
    return DomainPricesListed(
        Currency(
            currency_id=currency["id"],
            code=currency["code"],
            prefix=currency["prefix"],
            suffix=currency["suffix"],
            number_format=currency["number_format"],
            rate=currency["rate"],
        ),
        tuple(
            DomainPriceRecord(
                tld=tld,
                **{deed: dict(sorted(terms.items())) for deed, terms in deeds.items()},
            )
            for tld, deeds in offered.items()
        ),
    )


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    ListDomainPrices: list_domain_prices,
    ListPromotions: list_promotions,
}

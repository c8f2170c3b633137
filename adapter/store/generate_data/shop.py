"""What the generated clients buy: a catalogue, and what of it every part needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.schedule import Cycle
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.setup import apply_catalogue, ensure_defaults
from adapter.store.unit_of_work import UnitOfWork

_GROUP: Final = "Generated"
_CLIENT_GROUP: Final = "Generated partners"
_PROMOTION: Final = "GENERATED10"
_CYCLES = {
    Cycle.MONTHLY: 1,
    Cycle.QUARTERLY: 3,
    Cycle.SEMI_ANNUALLY: 6,
    Cycle.ANNUALLY: 11,
}
_PRODUCTS = {
    "Starter hosting": 4900,
    "Business hosting": 9900,
    "Shop hosting": 19900,
    "Reseller hosting": 34900,
    "Virtual server S": 24900,
    "Virtual server M": 49900,
    "Virtual server L": 99900,
    "Mailboxes": 7500,
    "Website care": 45000,
    "Fibre line": 79900,
}
ADDONS: Mapping[str, int] = {
    "Daily backup": 2500,
    "Dedicated address": 4000,
    "TLS certificate": 1500,
    "Extra 10 GB": 3000,
}
TLDS: Mapping[str, int] = {".co.za": 9900, ".com": 21900, ".africa": 24900}


@dataclass(frozen=True, slots=True)
class Shop:
    """The catalogue as stored. Prices in hundredths of the default currency."""

    currency_id: int
    currency: str
    methods: tuple[str, ...]
    partner_group_id: int
    promotion_id: int
    products: tuple[tuple[int, Mapping[Cycle, int]], ...]
    addon_ids: Mapping[str, int]


def open_shop(uow: UnitOfWork, context: Context) -> Shop:
    """Bring the catalogue into the store and return it. Doing it again changes nothing.

    DECISION: a tax rule and tax itself only come to a store without clients, others keep theirs.
    Source: contracts/decisions.md, "Generated data".
    """
    ensure_defaults(uow, context.now)
    currencies = tables.currencies
    default = sa.select(currencies.c.id, currencies.c.code).where(currencies.c.is_default)
    found = uow.execute(default).one()
    currency_id, currency = found.id, found.code
    catalogue = _catalogue(currency)
    if uow.execute(sa.select(tables.clients.c.id).limit(1)).first() is None:
        catalogue |= {
            "tax_rules": [{"name": "VAT", "country": "ZA", "rate": "15"}],
            "settings": {"TaxEnabled": True, "TaxBillableItems": True, "TaxDomains": True},
        }
    apply_catalogue(uow, context, catalogue)
    methods = tables.payment_methods
    active = (
        sa.select(methods.c.module)
        .where(methods.c.active)
        .order_by(methods.c.position, methods.c.module)
        .limit(2)
    )
    return Shop(
        currency_id=currency_id,
        currency=currency,
        methods=tuple(uow.execute(active).scalars()),
        partner_group_id=_ids(uow, tables.client_groups.c.name)[_CLIENT_GROUP],
        promotion_id=_ids(uow, tables.promotions.c.code)[_PROMOTION],
        products=_products(uow),
        addon_ids=_ids(uow, tables.addons.c.name),
    )


def _catalogue(currency: str) -> dict[str, Any]:
    return {
        "product_groups": [{"name": _GROUP}],
        "client_groups": [{"name": _CLIENT_GROUP, "discount_percent": "5"}],
        "products": [
            {
                "name": name,
                "group": _GROUP,
                "taxed": True,
                "prices": {
                    currency: {
                        cycle.price_key: _text(price * months) for cycle, months in _CYCLES.items()
                    }
                },
            }
            for name, price in _PRODUCTS.items()
        ],
        "addons": [
            {"name": name, "taxed": True, "prices": {currency: {"monthly": _text(price)}}}
            for name, price in ADDONS.items()
        ],
        "tlds": [
            {
                "tld": tld,
                **{
                    deed: {currency: {"1": _text(price), "2": _text(2 * price)}}
                    for deed in ("register", "transfer", "renew")
                },
            }
            for tld, price in TLDS.items()
        ],
        "promotions": [
            {"code": _PROMOTION, "type": "Percentage", "value": "10", "recurring": True}
        ],
    }


def _text(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def _ids(uow: UnitOfWork, name: sa.Column[Any]) -> dict[str, int]:
    query = sa.select(name.label("name"), name.table.c.id)
    return {row.name: row.id for row in uow.execute(query)}


def _products(uow: UnitOfWork) -> tuple[tuple[int, Mapping[Cycle, int]], ...]:
    products, groups = tables.products, tables.product_groups
    ours = (
        sa.select(products.c.name, products.c.id)
        .join(groups, groups.c.id == products.c.group_id)
        .where(groups.c.name == _GROUP)
        .order_by(products.c.id)
    )
    return tuple(
        (row.id, {cycle: _PRODUCTS[row.name] * months for cycle, months in _CYCLES.items()})
        for row in uow.execute(ours)
        if row.name in _PRODUCTS
    )

"""Replies about products, promotions and what domains cost."""

from typing import Final

from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    Command,
    CreateProduct,
    ListDomainPrices,
    ListProducts,
    ListPromotions,
    PayType,
)
from adapter.commands.results import (
    DomainPriceRecord,
    DomainPricesListed,
    ProductCreated,
    ProductField,
    ProductPrice,
    ProductRecord,
    ProductsListed,
    PromotionRecord,
    PromotionsListed,
)
from adapter.errors import BadAnswer
from adapter.protocols.upstream import Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.names import PRICE_KEYS, SETUP_KEYS
from adapter.protocols.whmcs.results.system import read_currency


def _created(reply: Fields, _: CreateProduct, __: UpstreamAnswer) -> ProductCreated:
    return ProductCreated(reply.integer("pid"))


def _listed(reply: Fields, _: ListProducts, __: UpstreamAnswer) -> ProductsListed:
    return ProductsListed(tuple(map(_product, reply.rows("products", "product"))))


def _product(row: Fields) -> ProductRecord:
    pay_type = row.text("paytype")
    once = pay_type == PayType.ONE_TIME.value
    return ProductRecord(
        product_id=row.integer("pid"),
        group_id=row.integer("gid"),
        product_type=row.text("type"),
        name=row.text("name"),
        slug=row.text("slug"),
        description=row.text("description"),
        module=row.text("module"),
        pay_type=pay_type,
        stock=row.integer("quantity_available", 0) or None,
        prices=tuple(
            _price(code, prices, once=once) for code, prices in row.inner("pricing").objects()
        ),
        custom_fields=tuple(map(_custom_field, row.rows("customfields", "customfield"))),
    )


def _custom_field(row: Fields) -> ProductField:
    return ProductField(
        row.integer("id"),
        row.text("name"),
        row.text("description"),
        row.text("required") in {"on", "1"},
    )


def _price(code: str, row: Fields, *, once: bool) -> ProductPrice:
    """Read one currency's prices; a one-time price stands in the monthly place."""

    def placed(cycle: Cycle) -> Cycle:
        return Cycle.ONE_TIME if once and cycle is Cycle.MONTHLY else cycle

    return ProductPrice(
        currency_code=code,
        prefix=row.text("prefix"),
        suffix=row.text("suffix"),
        prices={
            placed(cycle): row.money(key, code) for cycle, key in PRICE_KEYS.items() if key in row
        },
        setup_fees={
            placed(cycle): row.money(key, code) for cycle, key in SETUP_KEYS.items() if key in row
        },
    )


def _promotions(reply: Fields, _: ListPromotions, __: UpstreamAnswer) -> PromotionsListed:
    rows = reply.rows("promotions", "promotion")
    return PromotionsListed(tuple(map(_promotion, rows)))


def _promotion(row: Fields) -> PromotionRecord:
    return PromotionRecord(
        promotion_id=row.integer("id"),
        code=row.text("code"),
        promotion_type=row.text("type"),
        recurring=row.flag("recurring"),
        value=row.decimal("value"),
        cycles=row.text("cycles"),
        applies_to=row.text("appliesto"),
        requires=row.text("requires"),
        requires_existing=row.flag("requiresexisting"),
        starts_on=row.day("startdate"),
        expires_on=row.day("expirationdate"),
        max_uses=row.integer("maxuses", 0),
        uses=row.integer("uses", 0),
        lifetime=row.flag("lifetimepromo"),
        apply_once=row.flag("applyonce"),
        new_signups=row.flag("newsignups"),
        existing_client=row.flag("existingclient"),
        once_per_client=row.flag("onceperclient"),
        recur_for=row.integer("recurfor", 0),
        notes=row.text("notes"),
    )


def _domain_prices(reply: Fields, _: ListDomainPrices, __: UpstreamAnswer) -> DomainPricesListed:
    currency = read_currency(reply.inner("currency"))
    return DomainPricesListed(
        currency,
        tuple(
            DomainPriceRecord(
                tld=tld,
                register=_by_years(row.inner("register"), currency.code),
                transfer=_by_years(row.inner("transfer"), currency.code),
                renew=_by_years(row.inner("renew"), currency.code),
            )
            for tld, row in reply.inner("pricing").objects()
        ),
    )


def _by_years(row: Fields, code: str) -> dict[int, Money]:
    if not all(years.isascii() and years.isdecimal() for years in row.names()):
        raise BadAnswer
    return {int(years): row.money(years, code) for years in row.names()}


READERS: Final[dict[type[Command], Reader]] = {
    CreateProduct: _created,
    ListProducts: _listed,
    ListPromotions: _promotions,
    ListDomainPrices: _domain_prices,
}

"""Replies about products, promotions and what domains cost."""

from collections.abc import Mapping

from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
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
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.names import PRICE_KEYS, SETUP_KEYS
from adapter.protocols.whmcs.replies.common import (
    currency_row,
    date_text,
    decimal_text,
    flag,
    money,
    rows,
    success,
    whole_list,
)

_NOT_OFFERED = "-1.00"
_NO_FEE = "0.00"
_VALUE_PLACES = 2


def add_product(result: ProductCreated, _call: Call) -> Reply:
    """Write `AddProduct`."""
    return success(pid=result.product_id)


def get_products(result: ProductsListed, _call: Call) -> Reply:
    """Write `GetProducts`; `startnumber` and `numreturned` are declared, not in the sample."""
    return success(
        **whole_list(len(result.products)),
        **rows("products", "product", map(_product, result.products)),
    )


def _product(product: ProductRecord) -> Reply:
    # There is no shop here that a product would have a page in.
    shop_url = ""
    return {
        "pid": product.product_id,
        "gid": product.group_id,
        "type": product.product_type,
        "name": product.name,
        "slug": product.slug,
        # The sample and the change log spell it differently.
        "product-url": shop_url,
        "product_url": shop_url,
        "description": product.description,
        "module": product.module,
        "paytype": product.pay_type,
        "allowqty": 0,
        "quantity_available": product.stock or 0,
        "pricing": {price.currency_code: _pricing(price) for price in product.prices},
        **rows("customfields", "customfield", map(_custom_field, product.custom_fields)),
        **rows("configoptions", "configoption", ()),
    }


def _custom_field(asked: ProductField) -> Reply:
    return {
        "id": asked.field_id,
        "name": asked.name,
        "description": asked.description,
        "required": "on" if asked.required else "",
    }


def _pricing(price: ProductPrice) -> Reply:
    """Write one currency's prices; a one-time price stands in the monthly place."""
    fees = {
        key: money(price.setup_fees[cycle]) if cycle in price.setup_fees else _NO_FEE
        for cycle, key in SETUP_KEYS.items()
    }
    prices = {
        key: money(price.prices[cycle]) if cycle in price.prices else _NOT_OFFERED
        for cycle, key in PRICE_KEYS.items()
    }
    if Cycle.ONE_TIME in price.prices and Cycle.MONTHLY not in price.prices:
        prices[PRICE_KEYS[Cycle.MONTHLY]] = money(price.prices[Cycle.ONE_TIME])
        if Cycle.ONE_TIME in price.setup_fees:
            fees[SETUP_KEYS[Cycle.MONTHLY]] = money(price.setup_fees[Cycle.ONE_TIME])
    return {"prefix": price.prefix, "suffix": price.suffix, **fees, **prices}


def get_promotions(result: PromotionsListed, _call: Call) -> Reply:
    """Write `GetPromotions`; numbers are numbers, a value with decimals a decimal."""
    return success(
        totalresults=len(result.promotions),
        **rows("promotions", "promotion", map(_promotion, result.promotions)),
    )


def _promotion(promotion: PromotionRecord) -> Reply:
    whole = promotion.value == promotion.value.to_integral_value()
    return {
        "id": promotion.promotion_id,
        "code": promotion.code,
        "type": promotion.promotion_type,
        "recurring": flag(promotion.recurring),
        "value": int(promotion.value) if whole else decimal_text(promotion.value, _VALUE_PLACES),
        "cycles": promotion.cycles,
        "appliesto": promotion.applies_to,
        "requires": promotion.requires,
        "requiresexisting": flag(promotion.requires_existing),
        "startdate": date_text(promotion.starts_on),
        "expirationdate": date_text(promotion.expires_on),
        "maxuses": promotion.max_uses,
        "uses": promotion.uses,
        "lifetimepromo": flag(promotion.lifetime),
        "applyonce": flag(promotion.apply_once),
        "newsignups": flag(promotion.new_signups),
        "existingclient": flag(promotion.existing_client),
        "onceperclient": flag(promotion.once_per_client),
        "recurfor": promotion.recur_for,
        # Promotions hold for orders and renewals only.
        "upgrades": 0,
        "upgradeconfig": "",
        "notes": promotion.notes,
    }


def get_tld_pricing(result: DomainPricesListed, _call: Call) -> Reply:
    """Write `GetTLDPricing`; what is kept of an ending is its prices."""
    return success(
        currency=currency_row(result.currency),
        pricing={price.tld: _tld(price) for price in result.prices},
    )


def _tld(price: DomainPriceRecord) -> Reply:
    return {
        "tld": price.tld,
        "categories": [],
        "addons": {"dns": False, "email": False, "idprotect": False},
        "group": "",
        "register": _by_years(price.register),
        "transfer": _by_years(price.transfer),
        "renew": _by_years(price.renew),
        "grace_period": None,
        "redemption_period": None,
    }


def _by_years(prices: Mapping[int, Money]) -> Reply:
    return {str(years): money(price) for years, price in prices.items()}

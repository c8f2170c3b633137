"""Replies about products."""

from adapter.billing.schedule import Cycle
from adapter.commands.results import ProductCreated, ProductPrice, ProductRecord, ProductsListed
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.names import PRICE_KEYS, SETUP_KEYS
from adapter.protocols.whmcs.replies.common import money, rows, success, whole_list

_NOT_OFFERED = "-1.00"
_NO_FEE = "0.00"


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
        **rows("customfields", "customfield", ()),
        **rows("configoptions", "configoption", ()),
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

"""Parameters about products."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    Command,
    CreateProduct,
    CyclePrice,
    ListDomainPrices,
    ListProducts,
    ListPromotions,
    PayType,
)
from adapter.errors import ClientNotFound, InvalidField, NotFound, ProductGroupNotFound
from adapter.protocols.fields import Empty, WireBool, WireDecimal, WireInt, WireIntList
from adapter.protocols.whmcs.fields import ArrayOf, Choice, Line, Prose, RecordId, record_id
from adapter.protocols.whmcs.names import PRICE_KEYS, SETUP_KEYS
from adapter.protocols.whmcs.schemas.base import NO_SERVERS, NO_SHOP, ActionSchema, changed

PRODUCT_TYPES: Final = ("hostingaccount", "reselleraccount", "server", "other")
AUTO_SETUPS: Final = ("", "on", "order", "payment")
NOT_OFFERED: Final = Decimal(-1)
LAST_DAY: Final = 31

_COLOUR: Final = re.compile(r"#?(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_CYCLE_KEYS: Final = MappingProxyType(
    {key: cycle for cycle, key in PRICE_KEYS.items()} | {Cycle.ONE_TIME.price_key: Cycle.ONE_TIME}
)
_FEE_KEYS: Final = MappingProxyType({key: cycle for cycle, key in SETUP_KEYS.items()})
_NO_OPTIONS: Final = "module settings drive servers"
_ON_DEMAND: Final = "renewal on demand is not offered; asking for one is refused"


class Price(WireDecimal):
    """A price: -1.00 is "not offered", nothing else lies below zero."""

    default_error_messages = {"price": "must not be negative, but for -1.00"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Decimal:
        price = super()._deserialize(value, *args, **kwargs)
        if price < 0 and price != NOT_OFFERED:
            raise self.make_error("price")
        return price


class AddProductSchema(ActionSchema):
    """`AddProduct`. Source: contracts/whmcs/addproduct.md."""

    action = "AddProduct"
    command = CreateProduct
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"gid": ProductGroupNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(
            ("shortdescription", "tagline", "showdomainoptions", "isFeatured", "order"), NO_SHOP
        )
        | dict.fromkeys(("subdomain", "servergroupid"), NO_SERVERS)
        | {f"configoption{number}": _NO_OPTIONS for number in range(1, 7)}
        | {
            "ondemandrenewalconfigurationoverride": _ON_DEMAND,
            "ondemandrenewalsenabled": _ON_DEMAND,
        }
        | {f"ondemandrenewalperiod{key}": _ON_DEMAND for key in PRICE_KEYS.values()}
    )

    name = Line(required=True, empty=Empty.REFUSED)
    group_id = RecordId(data_key="gid", required=True)
    product_type = Line(data_key="type", empty=Empty.ABSENT)
    pay_type = Choice(PayType, data_key="paytype", load_default=PayType.RECURRING)
    description = Prose()
    slug = Line()
    module = Line()
    auto_setup = Line(data_key="autosetup")
    hidden = WireBool()
    taxed = WireBool(data_key="tax")
    stock_control = WireBool(data_key="stockcontrol")
    quantity = WireInt(data_key="qty", minimum=0, load_default=0)
    prorata = WireBool(data_key="proratabilling")
    prorata_day = WireInt(data_key="proratadate", minimum=0, maximum=LAST_DAY, load_default=0)
    prorata_next_month_day = WireInt(
        data_key="proratachargenextmonth", minimum=0, maximum=LAST_DAY, load_default=0
    )
    pricing = ArrayOf(ArrayOf(Price()))
    # Checked, since the original checks them, and then of no use here.
    color = Line()
    welcome_email = Line(data_key="welcomeemail", empty=Empty.ABSENT)
    recommendations = ArrayOf(Line())

    def build(self, data: dict[str, Any]) -> Command:
        """Check the words, then fold prices, stock and prorata."""
        _check_words(data)
        quantity, prorata = data.pop("quantity"), data.pop("prorata")
        data["stock"] = quantity if data.pop("stock_control") else None
        for name in ("prorata_day", "prorata_next_month_day"):
            data[name] = (data[name] or None) if prorata else None
        data["prices"] = _prices(data.pop("pricing"), data["pay_type"])
        return CreateProduct(**data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread prices, stock and prorata."""
        values = changed(command)
        if "stock" in values:
            values |= {"stock_control": True, "quantity": values.pop("stock")}
        if "prorata_day" in values:
            values["prorata"] = True
        pricing: dict[str, dict[str, Any]] = {}
        for price in values.pop("prices", ()):
            currency = pricing.setdefault(str(price.currency_id), {})
            currency[price.cycle.price_key] = price.price
            if price.setup_fee:
                monthly = price.cycle is Cycle.ONE_TIME
                key = SETUP_KEYS[Cycle.MONTHLY if monthly else price.cycle]
                currency[key] = price.setup_fee
        return values | ({"pricing": pricing} if pricing else {})


def _check_words(data: dict[str, Any]) -> None:
    """Check product type, setup and what is only checked."""
    if data.get("product_type", "other") not in PRODUCT_TYPES:
        raise InvalidField("type", "choice", "type is no product type")
    if data.get("auto_setup", "") not in AUTO_SETUPS:
        raise InvalidField("autosetup", "choice", "autosetup is no way of setting up")
    colour = data.pop("color", "")
    if colour and _COLOUR.fullmatch(colour) is None:
        raise InvalidField("color", "colour", "color must be hexadecimal")
    if data.pop("welcome_email", "0").strip() != "0":
        # There are no mail templates to choose from, so no id is valid.
        raise InvalidField("welcomeemail", "unknown", "welcomeemail names no template")
    for key, product in data.pop("recommendations").items():
        if record_id(product) is None:
            raise InvalidField(f"recommendations[{key}]", "integer", "recommendations must be ids")


def _prices(sent: dict[str, dict[str, Decimal]], pay_type: PayType) -> tuple[CyclePrice, ...]:
    """Read `pricing[currency][cycle]`; a one-time product has its price in the monthly place."""
    prices: list[CyclePrice] = []
    for currency, amounts in sent.items():
        currency_id = record_id(currency)
        if currency_id is None:
            raise InvalidField(
                f"pricing[{currency}]", "integer", "pricing is keyed by currency ids"
            )
        found: dict[Cycle, dict[str, Decimal]] = {}
        for key, amount in amounts.items():
            cycle, part = _CYCLE_KEYS.get(key), "price"
            if cycle is None:
                cycle, part = _FEE_KEYS.get(key), "setup_fee"
            if cycle is None:
                raise InvalidField(
                    f"pricing[{currency}][{key}]", "choice", f"pricing has no cycle {key}"
                )
            if cycle is Cycle.MONTHLY and pay_type is PayType.ONE_TIME:
                cycle = Cycle.ONE_TIME
            found.setdefault(cycle, {})[part] = amount
        prices += (
            CyclePrice(currency_id, cycle, **({"price": NOT_OFFERED} | parts))
            for cycle, parts in found.items()
        )
    return tuple(prices)


class GetProductsSchema(ActionSchema):
    """`GetProducts`. Source: contracts/whmcs/getproducts.md."""

    action = "GetProducts"
    command = ListProducts

    product_ids = WireIntList(data_key="pid")
    group_id = RecordId(data_key="gid")
    module = Line(empty=Empty.ABSENT)


class GetPromotionsSchema(ActionSchema):
    """`GetPromotions`. Source: contracts/whmcs/getpromotions.md."""

    action = "GetPromotions"
    command = ListPromotions

    code = Line(empty=Empty.ABSENT)


class GetTLDPricingSchema(ActionSchema):
    """`GetTLDPricing`. Source: contracts/whmcs/gettldpricing.md."""

    action = "GetTLDPricing"
    command = ListDomainPrices
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )

    currency_id = RecordId(data_key="currencyid")
    client_id = RecordId(data_key="clientid")

"""Results about the catalogue and the installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.results.base import Result


@dataclass(frozen=True, slots=True)
class ProductPrice:
    """Prices and setup fees of one product in one currency, by cycle; -1.00 is not offered."""

    currency_code: str
    prefix: str
    suffix: str
    prices: Mapping[Cycle, Money]
    setup_fees: Mapping[Cycle, Money]


@dataclass(frozen=True, slots=True)
class ProductField:
    """What is asked with an order of a product."""

    field_id: int
    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """A product of the catalogue. `custom_fields` are those that its order form shows."""

    product_id: int
    group_id: int
    product_type: str
    name: str
    slug: str
    description: str
    module: str
    pay_type: str
    stock: int | None
    prices: tuple[ProductPrice, ...]
    custom_fields: tuple[ProductField, ...] = ()


@dataclass(frozen=True, slots=True)
class ProductCreated(Result):
    """A product was added."""

    product_id: int


@dataclass(frozen=True, slots=True)
class ProductsListed(Result):
    """Products."""

    products: tuple[ProductRecord, ...]


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A way to pay: its system name and its label."""

    module: str
    display_name: str


@dataclass(frozen=True, slots=True)
class PaymentMethodsListed(Result):
    """The active payment methods."""

    methods: tuple[PaymentMethod, ...]


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency; `rate` is per unit of the default one, which has 1."""

    currency_id: int
    code: str
    prefix: str
    suffix: str
    number_format: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class CurrenciesListed(Result):
    """The currencies."""

    currencies: tuple[Currency, ...]


@dataclass(frozen=True, slots=True)
class VersionShown(Result):
    """The version of the original that the gateway answers as."""

    version: str
    canonical_version: str


@dataclass(frozen=True, slots=True)
class SettingShown(Result):
    """One business setting."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class SettingChanged(Result):
    """A business setting was written; `changed` False when it had that value already."""

    changed: bool


@dataclass(frozen=True, slots=True)
class PromotionRecord:
    """A promotion; lists are comma separated as stored, empty means all."""

    promotion_id: int
    code: str
    promotion_type: str
    recurring: bool
    value: Decimal
    cycles: str
    applies_to: str
    requires: str
    requires_existing: bool
    starts_on: date | None
    expires_on: date | None
    max_uses: int
    uses: int
    lifetime: bool
    apply_once: bool
    new_signups: bool
    existing_client: bool
    once_per_client: bool
    recur_for: int
    notes: str


@dataclass(frozen=True, slots=True)
class PromotionsListed(Result):
    """Promotions."""

    promotions: tuple[PromotionRecord, ...]


@dataclass(frozen=True, slots=True)
class DomainPriceRecord:
    """What domains of one ending cost, by years; what is not offered is left out."""

    tld: str
    register: Mapping[int, Money]
    transfer: Mapping[int, Money]
    renew: Mapping[int, Money]


@dataclass(frozen=True, slots=True)
class DomainPricesListed(Result):
    """What domains cost in one currency."""

    currency: Currency
    prices: tuple[DomainPriceRecord, ...]

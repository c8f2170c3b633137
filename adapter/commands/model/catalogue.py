"""Commands about the catalogue and the installation."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from adapter.billing.schedule import Cycle
from adapter.commands.model.base import Command, Effect


class PayType(StrEnum):
    """How a product is paid."""

    FREE = "free"
    ONE_TIME = "onetime"
    RECURRING = "recurring"


@dataclass(frozen=True, slots=True)
class CyclePrice:
    """Price and setup fee of one cycle in one currency; a price below zero is not offered."""

    currency_id: int
    cycle: Cycle
    price: Decimal
    setup_fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class CreateProduct(Command):
    """Add a product to the catalogue."""

    effect: ClassVar[Effect] = Effect.CREATES
    name: str
    group_id: int
    product_type: str = "other"
    pay_type: PayType = PayType.RECURRING
    description: str = ""
    slug: str = ""
    module: str = ""
    auto_setup: str = ""
    hidden: bool = False
    taxed: bool = False
    stock: int | None = None
    prorata_day: int | None = None
    prorata_next_month_day: int | None = None
    prices: tuple[CyclePrice, ...] = ()


@dataclass(frozen=True, slots=True)
class ListProducts(Command):
    """List products; empty `product_ids` with `None` means all."""

    product_ids: tuple[int, ...] | None = None
    group_id: int | None = None
    module: str | None = None


@dataclass(frozen=True, slots=True)
class ListPaymentMethods(Command):
    """List the active payment methods."""


@dataclass(frozen=True, slots=True)
class ListCurrencies(Command):
    """List the currencies."""


@dataclass(frozen=True, slots=True)
class GetVersion(Command):
    """Show which version of the original the gateway answers as."""


@dataclass(frozen=True, slots=True)
class GetSetting(Command):
    """Show one business setting by its form-post name (`CompanyName`)."""

    name: str


@dataclass(frozen=True, slots=True)
class ChangeSetting(Command):
    """Change one business setting of the allow-list."""

    effect: ClassVar[Effect] = Effect.CHANGES
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ListPromotions(Command):
    """List the promotions, or the one of a code."""

    code: str | None = None


@dataclass(frozen=True, slots=True)
class ListDomainPrices(Command):
    """List what domains cost, in a client's currency, else the one named, else our own."""

    currency_id: int | None = None
    client_id: int | None = None

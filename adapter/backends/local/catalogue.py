"""Handlers about products and their prices."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import chunks
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    CreateProduct,
    CyclePrice,
    ListProducts,
    PayType,
)
from adapter.commands.results import (
    ProductCreated,
    ProductField,
    ProductPrice,
    ProductRecord,
    ProductsListed,
    Result,
)
from adapter.errors import CurrencyNotFound, InvalidField, ProductGroupNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

PRODUCT: Final = "product"
RECURRING_CYCLES: Final = tuple(cycle for cycle in Cycle if cycle.step is not None)

_NOT_OFFERED: Final = -100
_MONTH_DAYS = range(1, 32)
_P = tables.products.c


def create_product(uow: UnitOfWork, command: CreateProduct, context: Context) -> ProductCreated:
    """Add a product with its prices; raises `ProductGroupNotFound` and `CurrencyNotFound`."""
    if uow.row(tables.product_groups, command.group_id) is None:
        raise ProductGroupNotFound(command.group_id)
    check_lengths(
        tables.products,
        {
            "name": command.name,
            "slug": command.slug,
            "module": command.module,
            "product_type": command.product_type,
            "auto_setup": command.auto_setup,
        },
    )
    for name in ("prorata_day", "prorata_next_month_day"):
        day = getattr(command, name)
        if day and day not in _MONTH_DAYS:
            raise InvalidField(name, "range", f"{name} is not a day of a month")
    prices = list(_price_rows(uow, command))
    product_id = uow.insert(
        tables.products,
        group_id=command.group_id,
        name=command.name,
        product_type=command.product_type,
        pay_type=command.pay_type.value,
        description=command.description,
        slug=command.slug,
        module=command.module,
        auto_setup=command.auto_setup,
        hidden=command.hidden,
        taxed=command.taxed,
        stock=command.stock,
        prorata_day=command.prorata_day or None,
        prorata_next_month_day=command.prorata_next_month_day or None,
    )
    if prices:
        uow.execute(
            sa.insert(tables.prices), [price | {"item_id": product_id} for price in prices]
        )
    uow.audit(context, "create", PRODUCT, product_id, {"name": command.name})
    return ProductCreated(product_id)


def _price_rows(uow: UnitOfWork, command: CreateProduct) -> Iterable[dict[str, Any]]:
    """Yield a row for each offered price; of equal cycles the last one counts."""
    codes = {
        row.id: row.code
        for row in uow.execute(sa.select(tables.currencies.c.id, tables.currencies.c.code))
    }
    last: dict[tuple[int, Cycle], CyclePrice] = {}
    for price in command.prices:
        if price.currency_id not in codes:
            raise CurrencyNotFound(price.currency_id)
        last[price.currency_id, price.cycle] = price
    for (currency_id, cycle), price in last.items():
        term = _sold_as(command.pay_type, cycle)
        if term is None or price.price < 0:
            continue
        if term is not cycle and (currency_id, term) in last:
            continue
        yield {
            "item_kind": PRODUCT,
            "currency_id": currency_id,
            "term": term.price_key,
            "price": Money.rounded(price.price, codes[currency_id]),
            "setup_fee": Money.rounded(max(price.setup_fee, Decimal(0)), codes[currency_id]),
        }


def _sold_as(pay_type: PayType, cycle: Cycle) -> Cycle | None:
    """Return the cycle under which a stated price is kept; None when it can never be asked for.

    A one-time price stands in the monthly place of the form-post API's price lists.
    """
    match pay_type:
        case PayType.ONE_TIME:
            return Cycle.ONE_TIME if cycle in {Cycle.ONE_TIME, Cycle.MONTHLY} else None
        case PayType.RECURRING:
            return cycle if cycle.step is not None else None
        case _:
            return None


def list_products(uow: UnitOfWork, command: ListProducts, _context: Context) -> ProductsListed:
    """List products by id with a price list for every currency of the account."""
    wanted = sa.select(tables.products).order_by(_P.id)
    if command.group_id is not None:
        wanted = wanted.where(_P.group_id == command.group_id)
    if command.module is not None:
        wanted = wanted.where(_P.module == command.module)
    rows: list[sa.RowMapping] = []
    if command.product_ids is None:
        rows.extend(uow.execute(wanted).mappings())
    else:
        for ids in chunks(sorted(set(command.product_ids))):
            rows.extend(uow.execute(wanted.where(_P.id.in_(ids))).mappings())
    return ProductsListed(tuple(_records(uow, rows)))


def _records(uow: UnitOfWork, rows: Sequence[sa.RowMapping]) -> Iterable[ProductRecord]:
    currencies = uow.execute(sa.select(tables.currencies).order_by(tables.currencies.c.id)).all()
    ids = [row["id"] for row in rows]
    stated, asked = _stated_prices(uow, ids), _asked(uow, ids)
    for row in rows:
        yield ProductRecord(
            product_id=row["id"],
            group_id=row["group_id"],
            product_type=row["product_type"],
            name=row["name"],
            slug=row["slug"],
            description=row["description"],
            module=row["module"],
            pay_type=row["pay_type"],
            stock=row["stock"],
            prices=tuple(
                _price_list(currency, stated.get((row["id"], currency.id), {}), row["pay_type"])
                for currency in currencies
            ),
            custom_fields=tuple(asked.get(row["id"], ())),
        )


def _asked(uow: UnitOfWork, product_ids: Sequence[int]) -> dict[int, list[ProductField]]:
    """Return what each product's order form asks, in its order."""
    fields = tables.custom_fields.c
    found: dict[int, list[ProductField]] = {}
    for ids in chunks(product_ids):
        query = (
            sa.select(tables.custom_fields)
            .where(fields.product_id.in_(ids), fields.on_order)
            .order_by(fields.position, fields.id)
        )
        for row in uow.execute(query):
            asked = ProductField(row.id, row.name, row.description, row.required)
            found.setdefault(row.product_id, []).append(asked)
    return found


def _stated_prices(
    uow: UnitOfWork, product_ids: Sequence[int]
) -> dict[tuple[int, int], dict[str, tuple[int, int]]]:
    """Return (price, setup fee) by term, by product and currency."""
    prices = tables.prices.c
    stated: dict[tuple[int, int], dict[str, tuple[int, int]]] = {}
    for ids in chunks(product_ids):
        found = uow.execute(
            sa.select(tables.prices).where(prices.item_kind == PRODUCT, prices.item_id.in_(ids))
        )
        for row in found:
            terms = stated.setdefault((row.item_id, row.currency_id), {})
            terms[row.term] = (row.price, row.setup_fee)
    return stated


def _price_list(
    currency: sa.Row[Any], stated: Mapping[str, tuple[int, int]], pay_type: str
) -> ProductPrice:
    """Return the prices of every cycle the product could be sold in."""
    cycles: Iterable[Cycle] = RECURRING_CYCLES
    if pay_type == PayType.ONE_TIME:
        cycles = (Cycle.ONE_TIME,)
    terms = {cycle: stated.get(cycle.price_key, (_NOT_OFFERED, 0)) for cycle in cycles}
    return ProductPrice(
        currency_code=currency.code,
        prefix=currency.prefix,
        suffix=currency.suffix,
        prices={cycle: Money(price, currency.code) for cycle, (price, _) in terms.items()},
        setup_fees={cycle: Money(fee, currency.code) for cycle, (_, fee) in terms.items()},
    )


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    CreateProduct: create_product,
    ListProducts: list_products,
}

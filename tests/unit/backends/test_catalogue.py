"""Products: what is kept of their prices, and how price lists read."""

from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.catalogue import HANDLERS
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import CreateProduct, CyclePrice, ListProducts, PayType
from adapter.errors import CurrencyNotFound, InvalidField, OutOfBounds, ProductGroupNotFound
from adapter.store import tables

MONTHLY = CyclePrice(1, Cycle.MONTHLY, Decimal("15.95"))


@pytest.fixture
def run(store, context):
    """Execute a command in a transaction of its own."""

    def execute(command):
        with store.write() as uow:
            return HANDLERS[type(command)](uow, command, context())

    return execute


def _only(run, product_id=1):
    (product,) = run(ListProducts((product_id,))).products
    return product


def _amounts(by_cycle):
    return {cycle.price_key: str(amount) for cycle, amount in by_cycle.items()}


def test_a_product_is_kept_as_stated(run, store):
    created = run(
        CreateProduct(
            name="Web Space",
            group_id=1,
            product_type="hostingaccount",
            description="10 GB",
            slug="web-space",
            module="cpanel",
            auto_setup="payment",
            hidden=True,
            taxed=True,
            stock=7,
            prorata_day=1,
            prorata_next_month_day=20,
            prices=(MONTHLY,),
        )
    )
    product = _only(run, created.product_id)
    assert (product.product_id, product.group_id, product.name) == (1, 1, "Web Space")
    assert (product.product_type, product.pay_type) == ("hostingaccount", "recurring")
    assert (product.description, product.slug, product.module) == ("10 GB", "web-space", "cpanel")
    assert product.stock == 7
    with store.read() as uow:
        row = uow.row(tables.products, 1)
        audit = uow.execute(sa.select(tables.audit)).one()
    assert (row["auto_setup"], row["hidden"], row["taxed"]) == ("payment", True, True)
    assert (row["prorata_day"], row["prorata_next_month_day"]) == (1, 20)
    assert (audit.deed, audit.noun, audit.record_id) == ("create", "product", 1)


def test_cycles_that_are_not_offered_read_as_minus_one(run):
    prices = (
        MONTHLY,
        CyclePrice(1, Cycle.ANNUALLY, Decimal(150), Decimal(10)),
        CyclePrice(1, Cycle.QUARTERLY, Decimal("-1.00"), Decimal(5)),
        CyclePrice(1, Cycle.BIENNIALLY, Decimal(0)),
    )
    run(CreateProduct("Web Space", 1, prices=prices))
    (zar,) = _only(run).prices
    assert (zar.currency_code, zar.prefix, zar.suffix) == ("ZAR", "R", " ZAR")
    assert _amounts(zar.prices) == {
        "monthly": "15.95",
        "quarterly": "-1.00",
        "semiannually": "-1.00",
        "annually": "150.00",
        "biennially": "0.00",
        "triennially": "-1.00",
    }
    assert zar.prices[Cycle.MONTHLY] == Money(1595, "ZAR")
    fees = _amounts(zar.setup_fees)
    assert fees.pop("annually") == "10.00"
    assert set(fees.values()) == {"0.00"}


def test_every_currency_has_a_price_list(run, store):
    with store.write() as uow:
        uow.insert(tables.currencies, code="USD", prefix="$", suffix=" USD", rate=Decimal("0.06"))
    run(CreateProduct("A", 1, prices=(MONTHLY, CyclePrice(2, Cycle.ANNUALLY, Decimal(9)))))
    zar, usd = _only(run).prices
    assert (zar.prices[Cycle.MONTHLY], usd.prices[Cycle.MONTHLY]) == (
        Money(1595, "ZAR"),
        Money(-100, "USD"),
    )
    assert (zar.prices[Cycle.ANNUALLY], usd.prices[Cycle.ANNUALLY]) == (
        Money(-100, "ZAR"),
        Money(900, "USD"),
    )


@pytest.mark.parametrize(
    "prices",
    [
        (CyclePrice(1, Cycle.ONE_TIME, Decimal(50), Decimal(5)),),
        (CyclePrice(1, Cycle.MONTHLY, Decimal(50), Decimal(5)),),
        (MONTHLY, CyclePrice(1, Cycle.ONE_TIME, Decimal(50), Decimal(5))),
        (CyclePrice(1, Cycle.ONE_TIME, Decimal(50), Decimal(5)), MONTHLY),
        (
            CyclePrice(1, Cycle.MONTHLY, Decimal(50), Decimal(5)),
            CyclePrice(1, Cycle.ANNUALLY, Decimal(1)),
        ),
    ],
)
def test_a_one_time_product_has_one_price(run, prices):
    run(CreateProduct("Setup work", 1, pay_type=PayType.ONE_TIME, prices=prices))
    (zar,) = _only(run).prices
    assert zar.prices == {Cycle.ONE_TIME: Money(5000, "ZAR")}
    assert zar.setup_fees == {Cycle.ONE_TIME: Money(500, "ZAR")}


def test_a_free_product_keeps_no_price(run, store):
    run(CreateProduct("Gift", 1, pay_type=PayType.FREE, prices=(MONTHLY,)))
    (zar,) = _only(run).prices
    assert set(_amounts(zar.prices).values()) == {"-1.00"}
    with store.read() as uow:
        assert uow.execute(sa.select(tables.prices)).all() == []


def test_a_recurring_product_has_no_one_time_price(run):
    run(CreateProduct("A", 1, prices=(CyclePrice(1, Cycle.ONE_TIME, Decimal(5)), MONTHLY)))
    (zar,) = _only(run).prices
    assert Cycle.ONE_TIME not in zar.prices
    assert zar.prices[Cycle.MONTHLY] == Money(1595, "ZAR")


def test_of_equal_cycles_the_last_price_counts_rounded_half_up(run):
    prices = (MONTHLY, CyclePrice(1, Cycle.MONTHLY, Decimal("1.005"), Decimal(-1)))
    run(CreateProduct("A", 1, prices=prices))
    (zar,) = _only(run).prices
    assert zar.prices[Cycle.MONTHLY] == Money(101, "ZAR")
    assert zar.setup_fees[Cycle.MONTHLY] == Money(0, "ZAR")


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (CreateProduct("A", 9), ProductGroupNotFound),
        (CreateProduct("A", 0), ProductGroupNotFound),
        (CreateProduct("A", 2**70), ProductGroupNotFound),
        (
            CreateProduct("A", 1, prices=(CyclePrice(2, Cycle.MONTHLY, Decimal(1)),)),
            CurrencyNotFound,
        ),
        (CreateProduct("A" * 256, 1), InvalidField),
        (CreateProduct("A", 1, module="m" * 65), InvalidField),
        (CreateProduct("A", 1, prorata_day=32), InvalidField),
        (CreateProduct("A", 1, prorata_next_month_day=-1), InvalidField),
        (
            CreateProduct("A", 1, prices=(CyclePrice(1, Cycle.MONTHLY, Decimal(10) ** 13),)),
            OutOfBounds,
        ),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused(run, command, error):
    with pytest.raises(error):
        run(command)
    assert run(ListProducts()).products == ()


def test_prorata_day_zero_is_none(run, store):
    run(CreateProduct("A", 1, prorata_day=0, prorata_next_month_day=0))
    with store.read() as uow:
        assert uow.row(tables.products, 1)["prorata_day"] is None


@pytest.mark.parametrize(
    ("command", "ids"),
    [
        (ListProducts(), [1, 2, 3]),
        (ListProducts((3, 1, 3, 99, 2**70, -1)), [1, 3]),
        (ListProducts(()), []),
        (ListProducts(group_id=2), [3]),
        (ListProducts(module="cpanel"), [2, 3]),
        (ListProducts((1, 2), module="cpanel"), [2]),
        (ListProducts(group_id=9), []),
    ],
)
def test_products_are_listed_by_id_group_and_module(run, store, command, ids):
    with store.write() as uow:
        uow.insert(tables.product_groups, name="Servers")
    run(CreateProduct("A", 1))
    run(CreateProduct("B", 1, module="cpanel"))
    run(CreateProduct("C", 2, module="cpanel", hidden=True))
    assert [product.product_id for product in run(command).products] == ids


def test_more_products_than_one_statement_takes_are_listed(run, store):
    with store.write() as uow:
        uow.execute(
            sa.insert(tables.products),
            [{"group_id": 1, "name": f"P{n}", "pay_type": "recurring"} for n in range(1201)],
        )
        uow.insert(
            tables.prices,
            item_kind="product",
            item_id=1201,
            currency_id=1,
            term="monthly",
            price=100,
        )
    products = run(ListProducts(tuple(range(1, 2000)))).products
    assert len(products) == 1201
    assert products[-1].prices[0].prices[Cycle.MONTHLY] == Money(100, "ZAR")

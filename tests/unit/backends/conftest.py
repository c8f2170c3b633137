"""A shop to order from: one client, a small catalogue, and commands executed on the store.

Today is Monday 2 March 2026. Prices are in ZAR: "Starter" 100.00 monthly (setup 25.00), 1,000.00
annually, 1.00 semi-annually not offered; "Aligned" 30.00 monthly, due on the 1st, from the 20th
with the next month; "Free" and "Once" (50.00); addon "Backup" 20.00 monthly (setup 5.00);
".com" 120.00 to register, 90.00 to transfer, 150.00 to renew for a year, 280.00 for two.
"""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.commands.model import ChangeSetting, ClientFields, ClientIdentity, CreateClient
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.queue import requeue_all
from tests.databases import EVERY_ENGINE

TODAY = date(2026, 3, 2)


@pytest.fixture(params=EVERY_ENGINE)
def engine(request: pytest.FixtureRequest) -> str:
    """Run every test that needs a store on every engine."""
    name: str = request.param
    return name


@pytest.fixture
def do(store, context):
    """Execute a command as the backend does, in a transaction of its own."""
    backend = LocalBackend(store, RunConfig())

    def execute(command, today=TODAY, **circumstances):
        return backend.execute(command, context(today, **circumstances))

    return execute


@pytest.fixture
def rows(store):
    """Read all rows of a table, by id."""

    def read(table, **wanted):
        with store.read() as uow:
            query = sa.select(table).filter_by(**wanted).order_by(*table.primary_key.columns)
            return [dict(row) for row in uow.execute(query).mappings()]

    return read


@pytest.fixture
def put(store):
    """Change columns of one row behind the handlers' back, as an operator's import would."""

    def update(table, record_id, **values):
        with store.write() as uow:
            uow.execute(sa.update(table).where(table.c.id == record_id).values(**values))
            requeue_all(uow)

    return update


@pytest.fixture
def setting(do):
    """Change a business setting."""

    def change(name, value):
        do(ChangeSetting(name, value))

    return change


@pytest.fixture
def ann(do):
    """Return the id of a client."""
    fields = ClientFields(first_name="Ann", last_name="Doe", email="ann@example.com", country="ZA")
    return do(CreateClient(fields, ClientIdentity.EMAIL, send_email=False)).client_id


@pytest.fixture
def ben(do):
    """Return the id of another client."""
    fields = ClientFields(first_name="Ben", last_name="Roe", email="ben@example.com", country="ZA")
    return do(CreateClient(fields, ClientIdentity.EMAIL, send_email=False)).client_id


@pytest.fixture
def shop(store):
    """Fill the catalogue; return the ids."""
    with store.write() as uow:

        def product(name, pay_type="recurring", **more):
            return uow.insert(
                tables.products,
                group_id=1,
                name=name,
                product_type="hostingaccount",
                pay_type=pay_type,
                **more,
            )

        def price(kind, item, term, amount, setup="0.00"):
            uow.insert(
                tables.prices,
                item_kind=kind,
                item_id=item,
                currency_id=1,
                term=term,
                price=int(Decimal(amount) * 100),
                setup_fee=int(Decimal(setup) * 100),
            )

        ids = SimpleNamespace(
            starter=product("Starter"),
            aligned=product("Aligned", prorata_day=1, prorata_next_month_day=20),
            free=product("Free", "free"),
            once=product("Once", "onetime"),
            backup=uow.insert(tables.addons, name="Backup", pay_type="recurring", taxed=True),
            com=uow.insert(tables.tlds, tld="com"),
        )
        price("product", ids.starter, "monthly", "100.00", "25.00")
        price("product", ids.starter, "annually", "1000.00")
        price("product", ids.starter, "semiannually", "-1.00")
        price("product", ids.aligned, "monthly", "30.00", "10.00")
        price("product", ids.once, "onetime", "50.00", "2.00")
        price("addon", ids.backup, "monthly", "20.00", "5.00")
        price("register", ids.com, "1", "120.00")
        price("register", ids.com, "2", "220.00")
        price("transfer", ids.com, "1", "90.00")
        price("renew", ids.com, "1", "150.00")
        price("renew", ids.com, "2", "280.00")
    return ids


@pytest.fixture
def promotion(store):
    """Make a promotion code."""

    def make(code, kind, value, **more):
        with store.write() as uow:
            return uow.insert(
                tables.promotions, code=code, promotion_type=kind, value=Decimal(value), **more
            )

    return make

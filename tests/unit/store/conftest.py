"""A shop to run on: short ways to fill a store, run, pay and read."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.queue import TABLES, requeue
from adapter.store.run import generate_due
from adapter.store.run.scope import Scope, anything_due, due_conditions
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import DOCUMENT_ID, SETTINGS_VERSION, Store
from tests.databases import EVERY_ENGINE

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
Context_ = Callable[..., Context]


class Shop:
    """A store with short ways to fill and read it."""

    def __init__(self, store: Store, context: Context_) -> None:
        self.store = store
        self.context = context

    def client(self, **values: Any) -> int:
        row = {
            "uuid": "u",
            "currency_id": 1,
            "group_id": 0,
            "status": "Active",
            "created_on": TODAY,
            "created_at": NOW,
            "send_documents": True,
        }
        with self.store.write() as uow:
            return uow.insert(tables.clients, **(row | values))

    def billable(self, kind: BillableKind, client_id: int, /, **values: Any) -> int:
        row = {"client_id": client_id, "created_at": NOW}
        with self.store.write() as uow:
            billable_id = uow.insert(TABLES[kind], **(row | values))
            requeue(uow, kind, billable_id)
        return billable_id

    def service(self, client_id: int, due_on: date, **values: Any) -> int:
        row = {
            "next_due_on": due_on,
            "registered_on": date(2025, 1, 1),
            "first_amount": 2000,
            "recurring_amount": 1595,
            "payment_method": "banktransfer",
            "cycle": "Monthly",
            "status": "Active",
        }
        return self.billable(BillableKind.SERVICE, client_id, **(row | values))

    def recurring(self, client_id: int, start_on: date, lines: Any = None, **values: Any) -> int:
        row = {
            "currency": "ZAR",
            "frequency": "monthly",
            "start_on": start_on,
            "custom_values": [""] * 10,
        }
        with self.store.write() as uow:
            values["id"] = uow.take(DOCUMENT_ID)
            for n, line in enumerate(lines or [{"unit_price": Decimal(100)}]):
                default = {
                    "recurring_invoice_id": values["id"],
                    "position": n,
                    "quantity": Decimal(1),
                    "description": "Rent",
                    "vat_applies": True,
                    "vat_rate": Decimal(15),
                }
                uow.insert(tables.recurring_lines, **(default | line))
        return self.billable(BillableKind.RECURRING_INVOICE, client_id, **(row | values))

    def setting(self, name: str, value: str) -> None:
        with self.store.write() as uow:
            uow.execute(sa.insert(tables.settings).values(name=name, value=value, changed_at=NOW))
            uow.take(SETTINGS_VERSION)

    def generate(self, on: date = TODAY, **scope: Any) -> InvoicesGenerated:
        return self.generate_within(RunConfig(), on, **scope)

    def generate_within(self, bounds: RunConfig, on: date, **scope: Any) -> InvoicesGenerated:
        command = GenerateDueInvoices(**scope)
        return generate_due(self.store, bounds, command, self.context(on))

    def documents(self) -> list[Any]:
        with self.store.read() as uow:
            query = sa.select(tables.documents).order_by(tables.documents.c.id)
            return list(uow.execute(query).mappings())

    def lines(self, document_id: int) -> list[Any]:
        lines = tables.document_lines
        with self.store.read() as uow:
            query = sa.select(lines).where(lines.c.document_id == document_id)
            return list(uow.execute(query.order_by(lines.c.position)).mappings())

    def row(self, kind: BillableKind, billable_id: int) -> Any:
        with self.store.read() as uow:
            return uow.row(TABLES[kind], billable_id)

    def pay(self, invoice_id: int, status: InvoiceStatus = InvoiceStatus.PAID) -> None:
        with self.store.write() as uow:
            change_status(uow, self.context(), invoice_id, status)

    def count(self, table: sa.Table) -> int:
        with self.store.read() as uow:
            return int(uow.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)

    def nothing_due(self, on: date) -> bool:
        with self.store.read() as uow:
            scope = Scope.of(GenerateDueInvoices(), uow.settings)
            return not anything_due(uow, due_conditions(scope, uow.settings, on))


@pytest.fixture(params=EVERY_ENGINE)
def engine(request: pytest.FixtureRequest) -> str:
    """Run every test that needs a store on every engine."""
    name: str = request.param
    return name


@pytest.fixture
def shop(store: Store, context: Context_) -> Shop:
    return Shop(store, context)

"""Whatever is done to a store in whatever order, killed runs included, its invariants hold."""

import itertools
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import BillableKind, Increase, InvoiceStatus, ItemAction, ItemStatus
from adapter.billing.model import RecurringLine as Line
from adapter.billing.schedule import Cycle, Frequency, ItemUnit
from adapter.commands.context import Context
from adapter.commands.model import (
    AddCredit,
    CreateBillableItem,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    RecordPayment,
    RequestCancellation,
    UpdateDomain,
    UpdateInvoice,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.errors import StateError
from adapter.store import faults, tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.faults import Point
from adapter.store.queue import TABLES, requeue
from adapter.store.run import run
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store
from tests.contexts import context_on
from tests.databases import EVERY_SERVER, Databases, new_sqlite
from tests.invariants import assert_sound, contents, nothing_due

START = date(2026, 1, 31)
CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
CONFIG = RunConfig(page_clients=2, page_seconds=60.0)
ITEMS = (BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN)

picks = st.integers(0, 10_000)
amounts = st.decimals("0.01", "999.99", places=2)
days = st.integers(-40, 40)
cycles = st.sampled_from(list(Cycle))
methods = st.sampled_from(["banktransfer", "mailin"])


class Crashed(Exception):
    """What the hook raises in place of a process that dies."""


class RunMachine(RuleBasedStateMachine):
    """A shop on an empty store, in which anything happens; `place` names the database."""

    def __init__(self, place: Callable[[], str]) -> None:
        super().__init__()
        self.store = Store(StoreConfig(place(), pool_size=2))
        self.backend = LocalBackend(self.store, CONFIG)
        self.today = START
        self.serial = itertools.count(1)
        self.clients: list[int] = []

    def teardown(self) -> None:
        faults.install(None)
        self.store.close()

    @initialize(
        continuous=st.booleans(), inclusive=st.booleans(), taxed=st.booleans(), step=st.booleans()
    )
    def open_shop(self, continuous: bool, inclusive: bool, taxed: bool, step: bool) -> None:
        chosen = {
            "ContinuousInvoiceGeneration": "on" if continuous else "",
            "TaxEnabled": "on" if taxed else "",
            "TaxType": "Inclusive" if inclusive else "Exclusive",
            "TaxDomains": "on",
            "InvoiceIncrement": "3" if step else "1",
        }
        with self.store.write() as uow:
            ensure_defaults(uow, CREATED_AT)
            uow.insert(tables.payment_methods, module="mailin", display_name="Post", position=2)
            for level, rate in ((1, "15"), (2, "2.5")):
                uow.insert(tables.tax_rules, level=level, name="VAT", rate=Decimal(rate))
            for name, value in chosen.items():
                uow.insert(tables.settings, name=name, value=value, changed_at=CREATED_AT)
            uow.take("settings_version")
        self.create_client(apart=False)

    # --- short ways to do and to find

    def context(self, *, dry_run: bool = False) -> Context:
        return context_on(self.today, f"request-{next(self.serial)}", dry_run=dry_run)

    def execute(self, command: Any) -> None:
        """Execute a command; a refusal for what the store holds is a fine answer too."""
        try:
            self.backend.execute(command, self.context())
        except StateError:
            return

    def picked(self, table: sa.Table, pick: int, *conditions: Any) -> int | None:
        """Return the id of one of the rows that fulfil the conditions."""
        with self.store.read() as uow:
            query = sa.select(table.c.id).where(*conditions).order_by(table.c.id)
            ids = uow.execute(query).scalars().all()
        return ids[pick % len(ids)] if ids else None

    def run_for(self, command: GenerateDueInvoices) -> None:
        """Run, and check that the count and last id answered are what was issued."""
        before = self.issued()
        answer, _ = run(self.store, CONFIG, command, self.context())
        new = self.issued()[len(before) :]
        assert (answer.count, answer.latest_invoice_id) == (len(new), new[-1] if new else None)

    def issued(self) -> list[int]:
        with self.store.read() as uow:
            ids = sa.select(tables.documents.c.id).order_by(tables.documents.c.id)
            return list(uow.execute(ids).scalars())

    def invoice(self, pick: int, *statuses: InvoiceStatus) -> int | None:
        documents = tables.documents
        return self.picked(documents, pick, documents.c.status.in_(statuses))

    def item_row(self, kind: BillableKind, client_id: int, due_on: date) -> dict[str, Any]:
        row: dict[str, Any] = {
            "client_id": client_id,
            "registered_on": due_on - timedelta(days=365),
            "first_amount": 2000,
            "recurring_amount": 1595,
            "payment_method": "banktransfer",
            "status": "Active",
            "next_due_on": due_on,
            "created_at": CREATED_AT,
        }
        if kind is BillableKind.DOMAIN:
            return row | {"name": "example.com", "years": 1}
        row["cycle"] = "Monthly"
        return row | ({"service_id": 1, "taxed": True} if kind is BillableKind.ADDON else {})

    # --- what an operator and his clients do

    @rule(apart=st.booleans())
    def create_client(self, apart: bool) -> None:
        with self.store.write() as uow:
            client_id = uow.insert(
                tables.clients,
                uuid=f"client-{next(self.serial)}",
                currency_id=1,
                status="Active",
                separate_invoices=apart,
                created_on=self.today,
                created_at=CREATED_AT,
            )
        self.clients.append(client_id)

    @rule(kind=st.sampled_from(ITEMS), pick=picks, ahead=days, first=st.booleans(), method=methods)
    def create_item(
        self, kind: BillableKind, pick: int, ahead: int, first: bool, method: str
    ) -> None:
        due_on = self.today + timedelta(days=ahead)
        row = self.item_row(kind, self.clients[pick % len(self.clients)], due_on)
        row["payment_method"] = method
        if first:
            row["registered_on"] = due_on
        with self.store.write() as uow:
            billable_id = uow.insert(TABLES[kind], **row)
            requeue(uow, kind, billable_id)

    @rule(
        pick=picks,
        ahead=days,
        frequency=st.sampled_from(list(Frequency)[1:]),
        prices=st.lists(amounts, min_size=1, max_size=3),
        inside=st.booleans(),
        limit=st.none() | st.integers(1, 3),
        discount=st.none() | st.decimals("0.5", "20", places=1),
        increase=st.booleans(),
    )
    def create_recurring(
        self,
        pick: int,
        ahead: int,
        frequency: Frequency,
        prices: list[Decimal],
        inside: bool,
        limit: int | None,
        discount: Decimal | None,
        increase: bool,
    ) -> None:
        lines = tuple(
            Line("", Decimal(1), "Rent", price, "ZAR", True, Decimal(15), inside)
            for price in prices
        )
        self.execute(
            CreateRecurringInvoice(
                frequency=frequency,
                start_on=self.today + timedelta(days=ahead),
                lines=lines,
                client_id=self.clients[pick % len(self.clients)],
                recurrence_limit=limit,
                discount_percentage=discount,
                increase=Increase(Decimal(10), 2) if increase else None,
            )
        )

    @rule(pick=picks, amount=amounts, ahead=days, action=st.sampled_from(list(ItemAction)))
    def create_billable_item(
        self, pick: int, amount: Decimal, ahead: int, action: ItemAction
    ) -> None:
        recurs = action is ItemAction.RECUR
        self.execute(
            CreateBillableItem(
                client_id=self.clients[pick % len(self.clients)],
                description="Work",
                amount=amount,
                action=action,
                recur_every=2 if recurs else 0,
                recur_unit=ItemUnit.WEEKS if recurs else None,
                recur_times=3 if recurs else 0,
                due_on=self.today + timedelta(days=ahead),
            )
        )

    @rule(count=st.integers(1, 12), ahead=days)
    def bulk_insert(self, count: int, ahead: int) -> None:
        due_on = self.today + timedelta(days=ahead)
        with self.store.write() as uow:
            for kind in ITEMS:
                rows = [
                    self.item_row(kind, client_id, due_on) | {"next_invoice_on": due_on}
                    for client_id in self.clients
                ]
                uow.execute(sa.insert(TABLES[kind]), (rows * count)[:count])

    @rule(pick=picks, amount=st.none() | amounts)
    def pay(self, pick: int, amount: Decimal | None) -> None:
        invoice_id = self.invoice(pick, InvoiceStatus.UNPAID)
        if invoice_id is not None:
            reference = f"T-{next(self.serial)}"
            self.execute(RecordPayment(invoice_id, reference, "banktransfer", amount))

    @rule(pick=picks, status=st.sampled_from([InvoiceStatus.UNPAID, InvoiceStatus.REFUNDED]))
    def reverse(self, pick: int, status: InvoiceStatus) -> None:
        invoice_id = self.invoice(pick, InvoiceStatus.PAID)
        if invoice_id is not None:
            self.execute(UpdateInvoice(invoice_id, status=status))

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        invoice_id = self.invoice(pick, InvoiceStatus.UNPAID, InvoiceStatus.PAID)
        if invoice_id is not None:
            self.execute(UpdateInvoice(invoice_id, status=InvoiceStatus.CANCELLED))

    @rule(pick=picks, amount=amounts)
    def add_credit(self, pick: int, amount: Decimal) -> None:
        self.execute(AddCredit(self.clients[pick % len(self.clients)], "Given", amount))

    @rule(pick=picks, amount=st.just(Decimal(0)) | amounts)
    def change_price(self, pick: int, amount: Decimal) -> None:
        service_id = self.picked(tables.services, pick)
        if service_id is not None:
            self.execute(UpdateService(service_id, recurring_amount=amount))

    @rule(pick=picks, cycle=cycles)
    def change_cycle(self, pick: int, cycle: Cycle) -> None:
        service_id = self.picked(tables.services, pick)
        if service_id is not None:
            self.execute(UpdateService(service_id, cycle=cycle))
        addon_id = self.picked(tables.service_addons, pick)
        if addon_id is not None:
            self.execute(UpdateServiceAddon(addon_id, cycle=cycle))

    @rule(pick=picks, ahead=days)
    def change_due_date(self, pick: int, ahead: int) -> None:
        due_on = self.today + timedelta(days=ahead)
        service_id = self.picked(tables.services, pick)
        if service_id is not None:
            self.execute(UpdateService(service_id, next_due_on=due_on))
        domain_id = self.picked(tables.domains, pick)
        if domain_id is not None:
            self.execute(UpdateDomain(domain_id, next_due_on=due_on))

    @rule(pick=picks, status=st.sampled_from(["Active", "Suspended", "Cancelled"]))
    def pause_service(self, pick: int, status: str) -> None:
        service_id = self.picked(tables.services, pick)
        if service_id is not None:
            self.execute(UpdateService(service_id, status=ItemStatus(status)))

    @rule(pick=picks)
    def request_cancellation(self, pick: int) -> None:
        service_id = self.picked(tables.services, pick)
        if service_id is not None:
            self.execute(RequestCancellation(service_id))

    @rule(pick=picks, paused=st.booleans())
    def pause_recurring(self, pick: int, paused: bool) -> None:
        table = tables.recurring_invoices
        record_id = self.picked(table, pick)
        if record_id is not None:
            with self.store.write() as uow:
                uow.execute(sa.update(table).where(table.c.id == record_id).values(paused=paused))
                requeue(uow, BillableKind.RECURRING_INVOICE, record_id)

    @rule(by=st.integers(1, 45))
    def move_clock(self, by: int) -> None:
        self.today += timedelta(days=by)

    # --- runs

    @rule(everybody=st.booleans(), pick=picks)
    def generate(self, everybody: bool, pick: int) -> None:
        client_id = None if everybody else self.clients[pick % len(self.clients)]
        self.run_for(GenerateDueInvoices(client_id=client_id))
        assert client_id is not None or nothing_due(self.store, self.today)

    @rule(kind=st.sampled_from(ITEMS), ids=st.lists(st.integers(1, 12), max_size=4))
    def generate_listed(self, kind: BillableKind, ids: list[int]) -> None:
        services, addons, domains = (tuple(ids) if each is kind else None for each in ITEMS)
        self.run_for(
            GenerateDueInvoices(service_ids=services, addon_ids=addons, domain_ids=domains)
        )

    @rule()
    def dry_run_then_generate(self) -> None:
        before = contents(self.store)
        everything = GenerateDueInvoices()
        _, dry = run(self.store, CONFIG, everything, self.context(dry_run=True), digest=True)
        assert contents(self.store) == before
        _, real = run(self.store, CONFIG, everything, self.context(), digest=True)
        assert (real.count, real.parked) == (dry.count, dry.parked)
        assert real.hexdigest == dry.hexdigest

    @rule(point=st.sampled_from(list(Point)), nth=st.integers(1, 3))
    def crash(self, point: Point, nth: int) -> None:
        before = contents(self.store)
        left = itertools.count(1)

        def hook(reached: Point) -> None:
            if reached is point and next(left) == nth:
                raise Crashed

        faults.install(hook)
        try:
            run(self.store, CONFIG, GenerateDueInvoices(), self.context())
        except Crashed:
            if nth == 1 and point is not Point.AFTER_COMMIT:
                assert point is Point.BEFORE_COMMIT or contents(self.store) == before
        finally:
            faults.install(None)

    @precondition(lambda self: self.clients)
    @invariant()
    def is_sound(self) -> None:
        assert_sound(self.store)


def _check(place: Callable[[], str], steps: int, a_machine: int = 50) -> None:
    class Placed(RunMachine):
        def __init__(self) -> None:
            super().__init__(place)

    run_state_machine_as_test(
        Placed,
        settings=settings(
            max_examples=max(1, steps // a_machine),
            stateful_step_count=a_machine,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate, Phase.target, Phase.shrink),
            print_blob=True,
        ),
    )


@pytest.fixture
def new_file(tmp_path: Path) -> Callable[[], str]:
    """Return a maker of SQLite files with the tables: copies of one, which is quick."""
    first = sa.make_url(new_sqlite(tmp_path)).database or ""
    serial = itertools.count(1)

    def make() -> str:
        copied = tmp_path / f"{next(serial)}.db"
        shutil.copy(first, copied)
        return f"sqlite:///{copied}"

    return make


def test_the_invariants_hold_in_whatever_order_things_happen(new_file):
    _check(new_file, steps=100, a_machine=20)


@pytest.mark.slow
def test_the_invariants_hold_for_five_thousand_steps(new_file):
    _check(new_file, steps=5000)


@pytest.mark.slow
@pytest.mark.parametrize("server", EVERY_SERVER)
def test_the_invariants_hold_on_servers(server, databases: Databases):
    _check(lambda: databases.url(server), steps=1000)

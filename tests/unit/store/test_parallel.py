"""Callers at the same time: they share a run's work, never double it, and say the truth."""

import multiprocessing
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.billing.schedule import Frequency, occurrence_date
from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import RunIncomplete
from adapter.store import tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.queue import TABLES, requeue
from adapter.store.run import committing, generate_due, run
from adapter.store.run.holding import wait_for
from adapter.store.transitions import change_status, hold_invoice
from adapter.store.unit_of_work import DOCUMENT_ID, Store, UnitOfWork
from tests.databases import EVERY_SERVER

TODAY = date(2026, 3, 2)
CLIENTS = 90
DOCUMENTS_PER_CLIENT = 3  # services and addon of one day share one; two recurring invoices
CONFIG = RunConfig(page_clients=10, page_seconds=5.0)


def _context() -> Context:
    began = time.monotonic()
    account = Account("main", Mode.SANDBOX, ZoneInfo("Africa/Johannesburg"), "1")
    return Context(
        caller=Caller(account, "tests", "127.0.0.1"),
        today=TODAY,
        now=datetime(2026, 3, 2, 8, tzinfo=UTC),
        request_id="r",
        reference="r",
        elapsed=lambda: time.monotonic() - began,
    )


_started: list[Any] = []


def _meet(together: Any) -> None:
    _started.append(together)


def _call(url: str, calls: int) -> list[int]:
    """Run as a process of its own; return what each call issued, by its own account."""
    store = Store(StoreConfig(url))
    with store.read():
        pass
    _started[0].wait(30)
    try:
        return [_issued(store, GenerateDueInvoices()) for _ in range(calls)]
    finally:
        store.close()


def _issued(store: Store, command: GenerateDueInvoices) -> int:
    try:
        return generate_due(store, CONFIG, command, _context()).count
    except RunIncomplete as error:
        return error.issued


@pytest.fixture
def filled(shop):
    """Give every client two services, an addon and two recurring invoices that are due."""
    item = {
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
        "cycle": "Monthly",
        "next_due_on": TODAY,
        "payment_method": "banktransfer",
        "recurring_amount": 1000,
        "registered_on": date(2025, 1, 1),
        "status": "Active",
    }
    for _ in range(CLIENTS):
        client = shop.client()
        with shop.store.write() as uow:
            for kind in (BillableKind.SERVICE, BillableKind.SERVICE, BillableKind.ADDON):
                more = {"service_id": 1, "name": "a"} if kind is BillableKind.ADDON else {}
                billable_id = uow.insert(TABLES[kind], client_id=client, **item, **more)
                requeue(uow, kind, billable_id)
        for _ in range(2):
            shop.recurring(client, TODAY)
    return shop


def _check(shop, issued: list[int]) -> None:
    documents = shop.documents()
    assert len(documents) == CLIENTS * DOCUMENTS_PER_CLIENT
    assert sum(issued) == len(documents)
    numbers = sorted(document["number"] for document in documents)
    assert numbers == list(range(1, len(documents) + 1))
    first = min(document["id"] for document in documents)
    ids = sorted(document["id"] for document in documents)
    assert ids == list(range(first, first + len(ids)))
    per_client = Counter(document["client_id"] for document in documents)
    assert set(per_client.values()) == {DOCUMENTS_PER_CLIENT}
    assert shop.count(tables.claims) == CLIENTS * 5
    assert shop.nothing_due(TODAY)
    with shop.store.read() as uow:
        runs = tables.runs.c
        counted = uow.execute(sa.select(sa.func.sum(runs.document_count))).scalar()
        open_runs = uow.execute(sa.select(runs.id).where(sa.not_(runs.complete))).all()
    assert int(counted or 0) == len(documents)
    assert open_runs == []


def test_processes_share_one_run(filled, database_url):
    processes = multiprocessing.get_context("spawn")
    together = processes.Barrier(3)
    with ProcessPoolExecutor(3, processes, _meet, (together,)) as pool:
        counts = list(pool.map(_call, [database_url] * 3, [2] * 3))
    _check(filled, [count for of_process in counts for count in of_process])
    assert sum(1 for of_process in counts if sum(of_process)) > 1


def test_threads_share_one_run_beside_calls_for_single_clients(filled):
    store, together = filled.store, threading.Barrier(8)

    def call(number: int) -> int:
        together.wait(10)
        if number < 4:
            return _issued(store, GenerateDueInvoices())
        own = range(number - 3, CLIENTS + 1, 4)
        return sum(_issued(store, GenerateDueInvoices(client_id=client)) for client in own)

    with ThreadPoolExecutor(8) as threads:
        issued = list(threads.map(call, range(8)))
    _check(filled, issued)
    assert sum(1 for count in issued if count) > 1


class Holder:
    """Another caller that has a client, in a thread of its own."""

    def __init__(self, store: Store, client_id: int, deed: Callable[[Any], None]) -> None:
        self._has, self._go = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._hold, args=(store, client_id, deed))
        self._thread.start()
        assert self._has.wait(10)

    def _hold(self, store: Store, client_id: int, deed: Callable[[Any], None]) -> None:
        try:
            with store.write() as uow:
                uow.lock_client(client_id)
                self._has.set()
                assert self._go.wait(30)
                deed(uow)
        except InterruptedError:
            pass

    def let_go(self) -> None:
        self._go.set()

    def join(self) -> None:
        self.let_go()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.join()


def _dies(_uow: Any) -> None:
    raise InterruptedError


def _let_go_when_waited_for(holder: Holder, monkeypatch: pytest.MonkeyPatch) -> None:
    def waited_for(uow: UnitOfWork, client_id: int, seconds: float) -> None:
        holder.let_go()
        wait_for(uow, client_id, seconds)

    monkeypatch.setattr(committing, "wait_for", waited_for)


@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_what_another_caller_holds_is_waited_for_and_billed_when_it_dies(shop, monkeypatch):
    clients = [shop.client() for _ in range(3)]
    for client in clients:
        shop.service(client, TODAY)
    with Holder(shop.store, clients[1], _dies) as holder:
        _let_go_when_waited_for(holder, monkeypatch)
        assert _issued(shop.store, GenerateDueInvoices()) == 3
    assert shop.nothing_due(TODAY)


@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_what_another_caller_bills_meanwhile_is_its_own(shop, monkeypatch):
    clients = [shop.client() for _ in range(3)]
    services = [shop.service(client, TODAY) for client in clients]

    def stop(uow: Any) -> None:
        uow.execute(
            sa.update(tables.services)
            .where(tables.services.c.id == services[1])
            .values(next_invoice_on=None)
        )

    with Holder(shop.store, clients[1], stop) as holder:
        _let_go_when_waited_for(holder, monkeypatch)
        assert _issued(shop.store, GenerateDueInvoices()) == 2


@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_success_is_not_answered_while_another_caller_holds_what_is_due(shop):
    clients = [shop.client() for _ in range(3)]
    for client in clients:
        shop.service(client, TODAY)
    holder = Holder(shop.store, clients[0], lambda _: None)
    began = time.monotonic()
    with pytest.raises(RunIncomplete) as error:
        generate_due(
            shop.store, replace(CONFIG, wait_seconds=0.5), GenerateDueInvoices(), _context()
        )
    assert error.value.issued == 2
    assert time.monotonic() - began < 5
    holder.join()
    assert _issued(shop.store, GenerateDueInvoices()) == 1


@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_a_client_that_nobody_else_holds_does_not_wait(shop):
    busy, free = shop.client(), shop.client()
    shop.service(busy, TODAY)
    shop.service(free, TODAY)
    holder = Holder(shop.store, busy, lambda _: None)
    began = time.monotonic()
    assert _issued(shop.store, GenerateDueInvoices(client_id=free)) == 1
    assert time.monotonic() - began < 2
    holder.join()


def test_a_period_claimed_already_is_set_aside_and_the_rest_is_billed(shop):
    client = shop.client()
    services = [shop.service(client, TODAY) for _ in range(3)]
    recurring = shop.recurring(client, TODAY)
    assert shop.generate(service_ids=(services[0],)).count == 1
    with shop.store.write() as uow:
        # As an import or a repaired backup might leave it.
        claim = {"document_id": 1, "settings_version": 0, "rule": "x", "fence": 0}
        at = {"due_on": TODAY, "claimed_at": datetime(2026, 1, 1, tzinfo=UTC)}
        uow.execute(
            sa.insert(tables.claims).values(
                kind=BillableKind.RECURRING_INVOICE.value, billable_id=recurring, **claim, **at
            )
        )
        uow.execute(
            sa.update(tables.services)
            .where(tables.services.c.id == services[0])
            .values(next_invoice_on=TODAY, last_issued_on=None)
        )
    _, progress = run(shop.store, CONFIG, GenerateDueInvoices(), _context())
    assert progress.count == 1
    assert len(shop.lines(shop.documents()[-1]["id"])) == 2
    assert shop.row(BillableKind.SERVICE, services[0])["next_invoice_on"] is None
    parked = shop.row(BillableKind.RECURRING_INVOICE, recurring)["parked_reason"]
    assert "invoiced already" in parked
    assert shop.nothing_due(TODAY)


def test_numbers_stay_without_gaps_beside_rollbacks(store):
    def take(number: int) -> list[int]:
        kept = []
        for turn in range(8):
            with store.write(keep=(number + turn) % 3 > 0) as uow:
                taken = uow.take(DOCUMENT_ID)
            if (number + turn) % 3 > 0:
                kept.append(taken)
        return kept

    with ThreadPoolExecutor(6) as threads:
        kept = sorted(taken for some in threads.map(take, range(6)) for taken in some)
    assert kept == list(range(1, len(kept) + 1))


@pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
def test_payments_and_runs_at_once_bill_every_period_once_and_lose_none(shop):
    shop.setting("ContinuousInvoiceGeneration", "on")
    first = TODAY - timedelta(days=80)
    services = [shop.service(shop.client(), first) for _ in range(6)]
    stop = threading.Event()

    def pay_and_take_back() -> None:
        while not stop.is_set():
            for document in shop.documents():
                paid = document["status"] == InvoiceStatus.PAID
                with shop.store.write() as uow:
                    row = hold_invoice(uow, document["id"])
                    status = InvoiceStatus.UNPAID if paid else InvoiceStatus.PAID
                    change_status(uow, shop.context(), row["id"], status)

    def bill(day: int) -> int:
        context = replace(_context(), today=TODAY + timedelta(days=day))
        return generate_due(shop.store, CONFIG, GenerateDueInvoices(), context).count

    payer = threading.Thread(target=pay_and_take_back)
    payer.start()
    try:
        for day in range(6):
            with ThreadPoolExecutor(3) as threads:
                list(threads.map(bill, [day] * 3))
    finally:
        stop.set()
        payer.join()
    due_dates = sorted(occurrence_date(first, Frequency.MONTHLY, n) for n in range(4))
    claims = tables.claims.c
    for service in services:
        with shop.store.read() as uow:
            of_service = sa.select(claims.due_on).where(claims.billable_id == service)
            claimed = uow.execute(of_service.order_by(claims.due_on)).scalars().all()
        assert claimed[:3] == due_dates[:3]

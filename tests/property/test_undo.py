"""Undo and run again is a run never made wrong: on random stores, with payments in between."""

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.backends.local.items.changes import change
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.queue import TABLES
from adapter.store.run import run
from adapter.store.transitions import load_invoice, settle
from adapter.store.undoing import Undone, undo_run
from adapter.store.unit_of_work import Store
from tests.databases import EVERY_SERVER, Databases, new_store
from tests.random_store import contents, fill, pay_some

TODAY = date(2026, 1, 31)
ACCOUNT = Account("main", Mode.SANDBOX, ZoneInfo("UTC"), "1")
_serial = count(1)
_PRICES = {
    BillableKind.SERVICE: "recurring_amount",
    BillableKind.ADDON: "recurring_amount",
    BillableKind.DOMAIN: "recurring_amount",
    BillableKind.BILLABLE_ITEM: "amount",
}


def context(today: date, *, dry_run: bool = False) -> Context:
    number = next(_serial)
    now = datetime.combine(today, time(8), UTC) + timedelta(seconds=number)
    caller = Caller(ACCOUNT, "tests", "127.0.0.1")
    return Context(caller, today, now, f"r{number}", f"r{number}", lambda: 0.0, dry_run=dry_run)


def correct(store: Store, seed: int, today: date) -> None:
    """Set other prices: the same ones in every store of a seed."""
    at = context(today)
    with store.write() as uow:
        for kind, name in _PRICES.items():
            table = TABLES[kind]
            for row in uow.execute(sa.select(table).order_by(table.c.id)).mappings().all():
                chance = random.Random(f"{seed} {kind} {row['id']}")  # noqa: S311
                if chance.random() < 0.5:
                    change(uow, at, kind, row, {name: chance.choice((0, 777, 20_000))})
        lines = tables.recurring_lines
        uow.execute(sa.update(lines).values(unit_price=Decimal(42)))


def pay(store: Store, seed: int, today: date, run_id: int) -> set[int]:
    """Pay some of a run's invoices, some in part; return whose they are."""
    chance = random.Random(seed)  # noqa: S311
    documents = tables.documents
    paid = set()
    at = context(today)
    with store.write() as uow:
        query = sa.select(documents).where(
            documents.c.run_id == run_id, documents.c.status == InvoiceStatus.UNPAID.value
        )
        for row in uow.execute(query.order_by(documents.c.id)).mappings().all():
            if chance.random() >= 0.2:
                continue
            paid.add(row["client_id"])
            amount = row["total"] if chance.random() < 0.7 else 1
            uow.execute(
                sa.update(documents).where(documents.c.id == row["id"]).values(paid=amount)
            )
            settle(uow, at, row["id"], send_email=False)
            assert load_invoice(uow, row["id"])["paid"] >= 1
    return paid


def run_once(store: Store, today: date) -> int:
    command = GenerateDueInvoices()
    _, progress = run(store, RunConfig(page_clients=5), command, context(today))
    return progress.run_id or 0


def of_clients(store: Store, clients: set[int]) -> dict[str, list[str]]:
    """Return what is there of these clients and is not undone."""
    found = {}
    for name, rows in contents(store).items():
        if name == "held":
            continue
        key = "id=" if name == "clients" else "client_id="
        found[name] = [
            row
            for row in rows
            if any(row.startswith(f"{key}{each} ") or f" {key}{each} " in row for each in clients)
            and "undone_at=2" not in row
        ]
    return found


def mails_of(store: Store, clients: set[int]) -> list[tuple[int, str]]:
    outbox = tables.outbox
    with store.read() as uow:
        query = sa.select(outbox.c.client_id, outbox.c.payload).where(
            outbox.c.status == "waiting", outbox.c.client_id.in_(clients)
        )
        return sorted((row.client_id, str(row.payload)) for row in uow.execute(query))


def rows_of(store: Store, ids: set[int]) -> list[str]:
    documents = tables.documents
    with store.read() as uow:
        query = sa.select(documents).where(documents.c.id.in_(ids)).order_by(documents.c.id)
        return [str(dict(row)) for row in uow.execute(query).mappings()]


def same_as_never_wrong(wrong: Store, right: Store, seed: int) -> Undone:
    """Make a run wrong, undo it and run again; hold it against a run with the right prices."""
    for store in (wrong, right):
        fill(store, seed, TODAY, clients=12)
        run_once(store, TODAY)
        pay_some(store, context(TODAY), seed)
    today = TODAY + timedelta(days=random.Random(seed).choice((0, 1, 31, 59)))  # noqa: S311
    correct(right, seed, today)
    run_once(right, today)
    run_id = run_once(wrong, today)
    if not run_id:
        return Undone(0, today, complete=True)
    touched = pay(wrong, seed, today, run_id)
    foreseen = undo_run(wrong, context(today, dry_run=True), run_id)
    undone = undo_run(wrong, context(today), run_id)
    assert (foreseen.voided, foreseen.kept) == (undone.voided, undone.kept)
    touched |= {each.client_id for each in undone.kept}
    again = undo_run(wrong, context(today), run_id)
    assert (again.count, again.before, again.kept) == (0, undone.count, undone.kept)
    kept = {each.document_id for each in undone.kept}
    before = rows_of(wrong, kept)
    correct(wrong, seed, today)
    run_once(wrong, today)
    assert rows_of(wrong, kept) == before
    with right.read() as uow:
        clients = set(uow.execute(sa.select(tables.clients.c.id)).scalars()) - touched
    assert of_clients(wrong, clients) == of_clients(right, clients)
    assert mails_of(wrong, clients) == mails_of(right, clients)
    return undone


def test_undo_and_run_again_is_a_run_never_made_wrong(tmp_path):
    undone = kept = 0
    for seed in (9, 12):
        with new_store(tmp_path) as wrong, new_store(tmp_path) as right:
            found = same_as_never_wrong(wrong, right, seed)
            undone, kept = undone + found.count, kept + len(found.kept)
    assert (undone > 10, kept > 2) == (True, True)


@pytest.mark.slow
def test_undo_and_run_again_on_many_stores(tmp_path):
    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**9))
    def check(seed: int) -> None:
        with new_store(tmp_path) as wrong, new_store(tmp_path) as right:
            same_as_never_wrong(wrong, right, seed)

    check()


@pytest.mark.parametrize("server", EVERY_SERVER)
@pytest.mark.parametrize("seed", range(6))
def test_servers_undo_the_same(tmp_path, databases: Databases, server: str, seed: int):
    with new_store(tmp_path) as right:
        wrong = Store(StoreConfig(databases.url(server)))
        try:
            same_as_never_wrong(wrong, right, seed)
        finally:
            wrong.close()

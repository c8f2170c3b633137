"""Generated stores: what was asked for, due as asked for, and as any other store would be."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.billing.model import BillableKind, ItemAction
from adapter.commands.model import GenerateDueInvoices
from adapter.store import migrate, tables
from adapter.store.config import StoreConfig
from adapter.store.generate_data import DataKind, Plan, generate_data
from adapter.store.queue import TABLES, requeue_all
from adapter.store.run.scope import Scope, due_conditions
from adapter.store.unit_of_work import Store
from tests.unit.store.conftest import TODAY, Shop

MIXED = {
    BillableKind.SERVICE: 220,
    BillableKind.ADDON: 40,
    BillableKind.DOMAIN: 60,
    BillableKind.BILLABLE_ITEM: 20,
    BillableKind.RECURRING_INVOICE: 60,
}


def plan(kind: DataKind = DataKind.MIXED, *, due: int = 100, seed: int = 1) -> Plan:
    return Plan(400, due, 80, TODAY, kind, seed)


def fill(shop: Shop, wanted: Plan) -> None:
    generate_data(shop.store, wanted, shop.context(TODAY))


def due_counts(shop: Shop, on: date = TODAY) -> dict[BillableKind, int]:
    with shop.store.read() as uow:
        scope = Scope.of(GenerateDueInvoices(), uow.settings)
        return {
            kind: uow.execute(
                sa.select(sa.func.count()).select_from(TABLES[kind]).where(condition)
            ).scalar_one()
            for kind, condition in due_conditions(scope, uow.settings, on).items()
        }


def content(store: Store) -> Mapping[str, list[Any]]:
    with store.read() as uow:
        return {
            table.name: [tuple(row) for row in uow.execute(sa.select(table))]
            for table in (tables.clients, *TABLES.values(), tables.recurring_lines)
        }


def test_a_shop_has_every_kind_and_exactly_the_due_ones(shop: Shop) -> None:
    fill(shop, plan())
    assert {kind: shop.count(TABLES[kind]) for kind in BillableKind} == MIXED
    assert shop.count(tables.clients) == 80
    assert due_counts(shop) == {
        BillableKind.SERVICE: 55,
        BillableKind.ADDON: 10,
        BillableKind.DOMAIN: 15,
        BillableKind.BILLABLE_ITEM: 5,
        BillableKind.RECURRING_INVOICE: 15,
    }


@pytest.mark.parametrize("due", [0, 1, 400])
@pytest.mark.parametrize("kind", list(DataKind))
def test_none_one_or_all_can_be_due(shop: Shop, kind: DataKind, due: int) -> None:
    fill(shop, plan(kind, due=due))
    assert sum(due_counts(shop).values()) == due


@pytest.mark.parametrize("kind", list(DataKind))
def test_the_queue_is_what_the_rows_say(shop: Shop, kind: DataKind) -> None:
    fill(shop, plan(kind))
    before = content(shop.store)
    with shop.store.write() as uow:
        requeue_all(uow)
    assert content(shop.store) == before


@pytest.mark.parametrize("today", [date(2026, 1, 31), date(2028, 2, 29), date(2026, 12, 31)])
def test_the_ends_of_months_are_clamped_as_elsewhere(shop: Shop, today: date) -> None:
    generate_data(shop.store, Plan(400, 100, 80, today), shop.context(today))
    before = content(shop.store)
    with shop.store.write() as uow:
        requeue_all(uow)
    assert content(shop.store) == before
    assert sum(due_counts(shop, today).values()) == 100


@pytest.mark.parametrize("kind", list(DataKind))
def test_everything_due_is_billed_once_and_nothing_parked(shop: Shop, kind: DataKind) -> None:
    fill(shop, plan(kind))
    due = due_counts(shop)
    shop.generate()
    assert shop.nothing_due(TODAY)
    with shop.store.read() as uow:
        kind_of = tables.claims.c.kind
        claimed = sa.select(kind_of, sa.func.count().label("rows")).group_by(kind_of)
        claims = {row.kind: row.rows for row in uow.execute(claimed)}
        riders = uow.execute(
            sa.select(sa.func.count()).where(
                tables.billable_items.c.action == ItemAction.NEXT_INVOICE.value,
                tables.billable_items.c.generation_count == 1,
            )
        ).scalar_one()
        parked = [
            uow.execute(sa.select(table.c.id).where(table.c.parked_reason.is_not(None))).first()
            for table in TABLES.values()
        ]
    due[BillableKind.BILLABLE_ITEM] += riders
    assert claims == {kind.value: count for kind, count in due.items() if count}
    assert parked == [None] * len(TABLES)


def test_one_plain_service_a_client_gives_one_line_an_invoice(shop: Shop) -> None:
    wanted = Plan(50, 50, 50, TODAY, DataKind.SERVICES)
    fill(shop, wanted)
    assert shop.generate().count == 50
    assert shop.count(tables.document_lines) == 50
    assert all(document["tax"] > 0 for document in shop.documents())


def test_recurring_ones_have_three_lines_with_discount_and_increase(shop: Shop) -> None:
    wanted = Plan(20, 20, 20, TODAY, DataKind.RECURRING)
    fill(shop, wanted)
    with shop.store.read() as uow:
        rows = uow.execute(sa.select(tables.recurring_invoices)).mappings().all()
    assert all(row["generation_count"] >= row["increase_interval"] == 12 for row in rows)
    assert all(row["discount_percentage"] for row in rows)
    assert shop.generate().count == 20
    assert shop.count(tables.document_lines) == 60


@pytest.mark.parametrize("engine", ["sqlite"])
def test_the_same_seed_gives_the_same_and_another_one_something_else(
    shop: Shop, tmp_path: Path
) -> None:
    fill(shop, plan())
    found = []
    for name, seed in (("again", 1), ("other", 2)):
        store = Store(StoreConfig(f"sqlite:///{tmp_path / name}.db"))
        migrate.upgrade(store)
        generate_data(store, plan(seed=seed), shop.context(TODAY))
        found.append(content(store))
        store.close()
    assert found[0] == content(shop.store)
    assert found[1] != content(shop.store)


def test_what_was_there_stays_and_ids_go_on(shop: Shop) -> None:
    client_id = shop.client()
    service_id = shop.service(client_id, TODAY + timedelta(days=40))
    row = shop.row(BillableKind.SERVICE, service_id)
    fill(shop, plan())
    fill(shop, plan())
    assert shop.row(BillableKind.SERVICE, service_id) == row
    assert sum(due_counts(shop).values()) == 200
    assert shop.client() == client_id + 2 * 80 + 1
    assert shop.service(client_id, TODAY) == service_id + 2 * 220 + 1


def test_every_schedule_has_a_history(shop: Shop) -> None:
    fill(shop, plan())
    changes = tables.schedule_changes.c
    with shop.store.read() as uow:
        counted = sa.select(changes.kind, sa.func.count().label("rows"))
        query = counted.where(changes.field == "created")
        found = {row.kind: row.rows for row in uow.execute(query.group_by(changes.kind))}
    assert found == {kind.value: count for kind, count in MIXED.items()}


def test_progress_is_told_of_every_row(shop: Shop) -> None:
    told: list[int] = []
    generate_data(shop.store, plan(), shop.context(TODAY), told.append)
    assert sum(told) == 480

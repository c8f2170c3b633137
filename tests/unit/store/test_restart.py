"""A process that dies anywhere in a page: the next call leaves what one call would have left.

Source: architecture, invariants 1 (one transaction), 5 (no gaps) and 7 (restart).
"""

import multiprocessing
import os
from datetime import date

import pytest

from adapter.commands.model import GenerateDueInvoices
from adapter.store import faults, tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.faults import Point
from adapter.store.run import generate_due
from adapter.store.unit_of_work import Store

TODAY = date(2026, 3, 2)
CLIENTS = 6
CONFIG = RunConfig(page_clients=2)
KILLED = 9


def _bill_and_die(store_url: str, context: object, point: Point) -> None:
    """Bill in a process of its own until the second page gets to `point`."""
    seen: list[Point] = []

    def die(reached: Point) -> None:
        seen.append(reached)
        if reached is point and seen.count(Point.LOCK) == 2:
            os._exit(KILLED)

    store = Store(StoreConfig(store_url))
    faults.install(die)
    generate_due(store, CONFIG, GenerateDueInvoices(), context)  # type: ignore[arg-type]


@pytest.fixture
def engine() -> str:
    return "sqlite"


@pytest.mark.parametrize("point", Point)
def test_a_run_that_died_is_finished_by_the_next_without_doubles_or_gaps(
    shop, database_url, point
):
    for _ in range(CLIENTS):
        client = shop.client()
        shop.service(client, TODAY)
        shop.service(client, TODAY)
        shop.recurring(client, TODAY)
    shop.store.close()  # no descriptor of the database is shared with the process
    process = multiprocessing.get_context("fork").Process(
        target=_bill_and_die, args=(database_url, shop.context(TODAY), point)
    )
    process.start()
    process.join()
    assert process.exitcode == KILLED
    before = len(shop.documents())
    assert 0 < before < 2 * CLIENTS
    assert shop.generate().count == 2 * CLIENTS - before
    documents = shop.documents()
    assert [document["id"] for document in documents] == [
        documents[0]["id"] + n for n in range(2 * CLIENTS)
    ]
    assert [document["number"] for document in documents] == list(range(1, 2 * CLIENTS + 1))
    assert sorted(len(shop.lines(document["id"])) for document in documents) == [
        *[1] * CLIENTS,
        *[2] * CLIENTS,
    ]
    assert shop.count(tables.claims) == 3 * CLIENTS
    assert shop.count(tables.outbox) == 2 * CLIENTS
    assert shop.nothing_due(TODAY)

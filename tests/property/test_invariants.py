"""Each invariant can fail: one wrong row in a sound store, and it is named."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.run import generate_due
from adapter.store.unit_of_work import Store
from tests.chaos.population import TODAY
from tests.chaos.rounds import prepare
from tests.contexts import context_on
from tests.databases import new_sqlite
from tests.invariants import nothing_due, violations, violations_in

_D, _L, _C = tables.documents, tables.document_lines, tables.claims
_LAST = sa.select(sa.func.max(_D.c.id)).scalar_subquery()
_FIRST = sa.select(sa.func.min(_D.c.id)).scalar_subquery()
_UNPAID_ID = sa.select(sa.func.min(_D.c.id)).where(_D.c.status == "Unpaid").scalar_subquery()

FAULTS: dict[str, tuple[Any, str]] = {
    "a line less": (_L.delete().where(_L.c.document_id == _UNPAID_ID), "has lines []"),
    "a cent more": (
        _D.update().where(_D.c.id == _FIRST).values(subtotal=_D.c.subtotal + 1),
        "its lines say",
    ),
    "a total of its own": (
        _D.update().where(_D.c.id == _FIRST).values(total=_D.c.total + 1),
        "less credit",
    ),
    "an invoice less": (_D.delete().where(_D.c.id == _FIRST), "which is not there"),
    "a number skipped": (
        _D.update().where(_D.c.id == _LAST).values(number=_D.c.number + 1),
        "invoice_number: ",
    ),
    "a counter behind": (
        tables.counters.update()
        .where(tables.counters.c.name == "document_id")
        .values(next_value=tables.counters.c.next_value - 1),
        "document_id: the counter",
    ),
    "a claim less": (_C.delete().where(_C.c.document_id == _UNPAID_ID), "claims nothing"),
    "a claim elsewhere": (
        _C.update().where(_C.c.document_id == _LAST).values(document_id=_FIRST),
        "is on a document of client",
    ),
    "a period moved unpaid": (
        _C.update().where(_C.c.document_id == _UNPAID_ID).values(moved=True),
        "without being paid",
    ),
    "paid and not moved": (
        _D.update().where(_D.c.id == _UNPAID_ID).values(status="Paid"),
        "did not move its due date",
    ),
    "credit from nowhere": (
        tables.clients.update().where(tables.clients.c.id == 1).values(credit=1),
        "client 1 has credit 1",
    ),
    "a period in the queue again": (
        tables.services.update().where(tables.services.c.id == 1).values(next_invoice_on=TODAY),
        "which is billed",
    ),
    "a count of its own": (
        tables.services.update().where(tables.services.c.id == 1).values(generation_count=7),
        "counts 7 issued",
    ),
    "a run's count": (tables.runs.update().values(document_count=1), "counts 1, made"),
    "a run without an end": (tables.runs.update().values(finished_at=None), "without an end"),
    "mail about nothing": (
        tables.outbox.update().values(document_id=10**9).where(tables.outbox.c.id == 1),
        "mail about document",
    ),
}


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    url = new_sqlite(tmp_path_factory.mktemp("billed"))
    prepare(url, 12, 3)
    store = Store(StoreConfig(url))
    generate_due(store, RunConfig(), GenerateDueInvoices(), context_on(TODAY))
    yield store
    store.close()


def test_a_billed_store_is_sound(billed):
    assert violations(billed) == []
    assert nothing_due(billed, TODAY)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_named(billed, fault):
    statement, named = FAULTS[fault]
    with billed.write(keep=False) as uow:
        assert uow.execute(statement).rowcount
        assert named in "\n".join(violations_in(uow))


def test_a_group_on_two_documents_is_named(billed):
    group = (_D.c.run_id, _D.c.client_id, _D.c.due_on)
    twins = sa.select(*group).where(_D.c.recurring_invoice_id.is_(None)).group_by(*group)
    with billed.write(keep=False) as uow:
        run_id, client_id, due_on = uow.execute(twins.having(sa.func.count() > 1)).first()
        uow.execute(
            _D.update()
            .where(_D.c.run_id == run_id, _D.c.client_id == client_id, _D.c.due_on == due_on)
            .values(payment_method="mailin")
        )
        assert "is on 2 documents" in "\n".join(violations_in(uow))

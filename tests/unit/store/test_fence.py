"""A schedule that changes hands while a run decides is billed under its new fence, or not.

On SQLite nothing can happen between reading and claiming: the writer is alone.
"""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from adapter.billing.generate import decide
from adapter.billing.model import BillableKind, CatchUp
from adapter.errors import StoreUnavailable
from adapter.store import faults, tables
from adapter.store.faults import Point
from adapter.store.queue import TABLES
from tests.databases import EVERY_SERVER
from tests.unit.store.conftest import TODAY

pytestmark = pytest.mark.parametrize("engine", EVERY_SERVER, indirect=True)
_SERVICE, _RECURRING = BillableKind.SERVICE, BillableKind.RECURRING_INVOICE


@pytest.fixture
def meanwhile(monkeypatch) -> Iterator[object]:
    """Do something so many times while a run decides: after it read, before it claims."""

    def arrange(deed, *, plain, times=1):
        left = [deed] * times

        def now(*_):
            if left:
                left.pop()()

        def decided(*given):
            now()
            return decide(*given)

        if plain:
            faults.install(lambda point: now() if point is Point.NUMBER else None)
        else:
            monkeypatch.setattr("adapter.store.run.page.decide", decided)

    yield arrange
    faults.install(None)


def _hand_over(shop, kind, billable_id, **more):
    """Raise the fence as whoever takes a schedule over does: with no lock on its client."""
    table = TABLES[kind]
    with shop.store.write() as uow:
        raised = {"fence": table.c.fence + 1, **more}
        uow.execute(sa.update(table).where(table.c.id == billable_id).values(**raised))


def _claims(shop):
    claims = tables.claims.c
    with shop.store.read() as uow:
        query = sa.select(claims.kind, claims.billable_id, claims.fence)
        return [tuple(row) for row in uow.execute(query.order_by(claims.kind, claims.billable_id))]


def _three(shop, kind, *, plain):
    client = shop.client()
    if kind is _RECURRING:
        return [shop.recurring(client, TODAY, fence=4) for _ in range(3)]
    policy = None if plain else CatchUp.HOLD.value
    return [shop.service(client, TODAY, fence=4, catch_up=policy) for _ in range(3)]


_PATHS = pytest.mark.parametrize(
    ("kind", "plain"), [(_SERVICE, True), (_SERVICE, False), (_RECURRING, False)]
)


@_PATHS
def test_what_changed_hands_is_not_billed_here(shop, meanwhile, kind, plain):
    ids = _three(shop, kind, plain=plain)
    away = {"owner": "legacy", "next_invoice_on": None}
    meanwhile(lambda: _hand_over(shop, kind, ids[1], **away), plain=plain)
    shop.generate()
    assert _claims(shop) == [(kind.value, ids[0], 4), (kind.value, ids[2], 4)]
    assert shop.row(kind, ids[1])["next_invoice_on"] is None
    assert shop.row(kind, ids[1])["generation_count"] == 0


@_PATHS
def test_a_raised_fence_stands_on_the_claim(shop, meanwhile, kind, plain):
    ids = _three(shop, kind, plain=plain)
    meanwhile(lambda: _hand_over(shop, kind, ids[1]), plain=plain)
    shop.generate()
    assert [fence for _, _, fence in _claims(shop)] == [4, 5, 4]
    numbers = [row["number"] for row in shop.documents()]
    assert numbers == list(range(1, len(numbers) + 1))


@_PATHS
def test_a_schedule_that_keeps_changing_hands_leaves_nothing_half_written(
    shop, meanwhile, kind, plain
):
    ids = _three(shop, kind, plain=plain)
    meanwhile(lambda: _hand_over(shop, kind, ids[1]), plain=plain, times=2)
    with pytest.raises(StoreUnavailable):
        shop.generate()
    assert (_claims(shop), shop.documents()) == ([], [])
    shop.generate()
    assert [fence for _, _, fence in _claims(shop)] == [4, 6, 4]

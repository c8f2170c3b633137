"""What a run parked, put back in the queue: it may have been parked for another item's mistake."""

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.schedules import unpark
from adapter.store.unit_of_work import UnitOfWork

# A parked billable, and the reason as its run noted it.
Parking = tuple[BillableKind, int, str]


def parked_by(uow: UnitOfWork, run_id: int) -> dict[int, list[Parking]]:
    """Return by client what a run parked and what is parked for that reason still."""
    pages = tables.run_parked.c
    query = sa.select(pages.content).where(pages.run_id == run_id).order_by(pages.id)
    found: dict[int, list[Parking]] = {}
    for content in uow.execute(query).scalars().all():
        for name, billable_id, reason in content:
            parking = (BillableKind(name), billable_id, reason)
            row = _parked_row(uow, parking)
            if row is not None:
                found.setdefault(row["client_id"], []).append(parking)
    return found


def put_back(uow: UnitOfWork, context: Context, parkings: list[Parking]) -> int:
    """Let them be billed again, of clients that the caller holds; return how many there were.

    What is parked for another reason by now, or is no longer parked, is somebody's later decision.
    """
    count = 0
    for parking in parkings:
        if _parked_row(uow, parking) is not None:
            unpark(uow, context, parking[0], parking[1])
            count += 1
    return count


def _parked_row(uow: UnitOfWork, parking: Parking) -> sa.RowMapping | None:
    kind, billable_id, reason = parking
    row = uow.row(TABLES[kind], billable_id)
    return row if row is not None and row["parked_reason"] == reason[:255] else None

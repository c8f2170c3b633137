"""What a run parked, put back in the queue: it may have been parked for another item's mistake."""

from collections.abc import Iterable

import sqlalchemy as sa

from adapter.billing.drafts import Parked
from adapter.commands.context import Context
from adapter.store.queue import TABLES
from adapter.store.run.write import noted_parked, reason_kept
from adapter.store.schedules import unpark
from adapter.store.unit_of_work import UnitOfWork


def parked_by(uow: UnitOfWork, run_id: int) -> dict[int, list[Parked]]:
    """Return by client what a run parked and what is parked for that reason still."""
    found: dict[int, list[Parked]] = {}
    for entry in noted_parked(uow, run_id):
        row = _parked_row(uow, entry)
        if row is not None:
            found.setdefault(row["client_id"], []).append(entry)
    return found


def put_back(uow: UnitOfWork, context: Context, parked: Iterable[Parked]) -> int:
    """Let them be billed again, of clients that the caller holds; return how many there were.

    What is parked for another reason by now, or is no longer parked, is somebody's later decision.
    """
    there = [entry for entry in parked if _parked_row(uow, entry) is not None]
    for entry in there:
        unpark(uow, context, entry.kind, entry.billable_id)
    return len(there)


def _parked_row(uow: UnitOfWork, entry: Parked) -> sa.RowMapping | None:
    row = uow.row(TABLES[entry.kind], entry.billable_id)
    return row if row is not None and row["parked_reason"] == reason_kept(entry) else None

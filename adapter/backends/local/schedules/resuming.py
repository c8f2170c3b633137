"""Letting a schedule bill again; what went by while it did not is recorded, and can be billed."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.items.changes import change
from adapter.billing.catch_up import item_period
from adapter.billing.due import DueItem
from adapter.billing.model import BillableKind, HeldReason
from adapter.billing.schedule import Frequency, occurrence_date
from adapter.commands.context import Context
from adapter.errors import (
    BillableNotFound,
    CannotBill,
    ClientClosed,
    InvalidField,
    StateError,
)
from adapter.store import tables
from adapter.store.queue import TABLES, queue_date, requeue
from adapter.store.run.load import QUERIES, client_terms, load_shared
from adapter.store.run.rows import Promotions, due_item
from adapter.store.unit_of_work import UnitOfWork

# Each date that went by is a row of its own: ten years of days.
MAX_SKIPPED: Final = 3660
_RECURRING: Final = BillableKind.RECURRING_INVOICE
_MOVES_ITSELF: Final = frozenset({BillableKind.BILLABLE_ITEM, _RECURRING})


class NotPaused(StateError):
    """The schedule neither pauses nor was it ended by hand."""

    code = "not_paused"


def held_schedule(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> sa.RowMapping:
    """Return a billable's row, its client held until commit; raises `BillableNotFound`."""
    row = uow.held(TABLES[kind], billable_id)
    if row is None:
        raise BillableNotFound(kind.value, billable_id)
    return row


def is_at_its_limit(kind: BillableKind, row: sa.RowMapping) -> bool:
    """Tell whether a recurring invoice has issued all that it may."""
    limit = row["recurrence_limit"] if kind is _RECURRING else None
    return bool(limit) and row["generation_count"] >= limit


def resume_schedule(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int
) -> tuple[date, ...]:
    """Let a schedule that is paused, or was ended by hand, bill again from today on.

    Returns the dates before today that were not billed: they are held (`HeldReason.PAUSED`), no
    run bills them. Raises `BillableNotFound`, `NotPaused`, `ClientClosed`.
    """
    row = held_schedule(uow, kind, billable_id)
    if not row["paused"] and not row["ended"]:
        raise NotPaused(f"{kind.value} {billable_id} is not paused")
    if row["ended"] and is_at_its_limit(kind, row):
        raise NotPaused(
            f"{kind.value} {billable_id} has reached its limit of {row['recurrence_limit']}: "
            "raise that instead (`adapter schedule change --limit`)"
        )
    client = uow.row(tables.clients, row["client_id"])
    if client is not None and client["status"] == "Closed":
        raise ClientClosed
    change(uow, context, kind, row, {"paused": False, "ended": False})
    skipped = skip_missed(uow, context, kind, billable_id)
    detail = {"skipped": [str(on) for on in skipped]}
    uow.audit(context, "resume", kind.value, billable_id, detail)
    return skipped


def skip_missed(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int
) -> tuple[date, ...]:
    """Hold every date before today that the schedule would bill now; return them.

    What is billed once has no later date to go on from: it is not skipped.
    """
    table, held = TABLES[kind], tables.held_occurrences
    skipped: list[date] = []
    for on, next_on in _missed(uow, context, kind, billable_id):
        if len(skipped) == MAX_SKIPPED:
            detail = f"has more than {MAX_SKIPPED} dates before today; choose the next one"
            raise InvalidField("--next", "required", f"{kind.value} {billable_id} {detail}")
        if not _is_known(uow, kind, billable_id, on):
            uow.insert(
                held,
                kind=kind.value,
                billable_id=billable_id,
                due_on=on,
                reason=HeldReason.PAUSED.value,
                recorded_at=context.now,
                next_on=next_on,
            )
            skipped.append(on)
        values: dict[str, Any] = {}
        if kind in _MOVES_ITSELF:
            values["next_due_on"] = next_on
        if kind is _RECURRING:
            values["occurrence"] = table.c.occurrence + 1
        if values:
            uow.execute(sa.update(table).where(table.c.id == billable_id).values(**values))
    requeue(uow, kind, billable_id)
    return tuple(skipped)


def _missed(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int
) -> Iterator[tuple[date, date]]:
    """Yield each date before today with the one after it, for as long as they are moved past."""
    item: DueItem | None = None
    while True:
        row = uow.row(TABLES[kind], billable_id)
        on = None if row is None else queue_date(uow, kind, row)
        if row is None or on is None or on >= context.today:
            return
        if kind is _RECURRING:
            frequency = Frequency(row["frequency"])
            yield on, occurrence_date(row["start_on"], frequency, row["occurrence"] + 1)
            continue
        item = item or _item(uow, kind, row)
        next_on = item_period(item, on).next_on
        if next_on is None:
            return
        yield on, next_on


def _item(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> DueItem:
    """Return an item as the run looks at it. Raises `CannotBill` where no run could."""
    shared = load_shared(uow)
    terms = client_terms(uow, shared, [row["client_id"]]).get(row["client_id"])
    stored = uow.execute(QUERIES[kind].where(TABLES[kind].c.id == row["id"])).mappings().first()
    if terms is None or stored is None:
        raise CannotBill("The client or its currency does not exist")
    return due_item(kind, stored, terms, shared, Promotions(uow))


def _is_known(uow: UnitOfWork, kind: BillableKind, billable_id: int, on: date) -> bool:
    for table in (tables.claims, tables.held_occurrences):
        query = sa.select(table.c.due_on).where(
            table.c.kind == kind.value,
            table.c.billable_id == billable_id,
            table.c.due_on == on,
        )
        if uow.execute(query).first() is not None:
            return True
    return False

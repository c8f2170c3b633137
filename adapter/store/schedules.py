"""What an operator decides about single billables: policy, parking and held dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa

from adapter.billing.model import BillableKind, HeldReason
from adapter.commands.context import Context
from adapter.errors import StateError
from adapter.store import tables
from adapter.store.queue import TABLES, requeue
from adapter.store.unit_of_work import UnitOfWork

UNDECIDED = frozenset({HeldReason.PAST_START, HeldReason.CATCH_UP})
_HELD = tables.held_occurrences


class BillableNotFound(StateError):
    """There is no such billable."""

    code = "billable_not_found"

    def __init__(self, kind: BillableKind, billable_id: int) -> None:
        super().__init__(f"There is no {kind.value} {billable_id}")


class NotParked(StateError):
    """The billable is not parked."""

    code = "not_parked"

    def __init__(self, kind: BillableKind, billable_id: int) -> None:
        super().__init__(f"{kind.value} {billable_id} is not parked")


class NotHeld(StateError):
    """The billable has no held date of that day that could still be decided."""

    code = "not_held"


@dataclass(frozen=True, slots=True)
class ParkedBillable:
    """A billable that was set aside; runs leave it out until it is retried or changed."""

    kind: BillableKind
    billable_id: int
    client_id: int
    reason: str
    parked_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldDate:
    """A date of a billable that no run bills."""

    kind: BillableKind
    billable_id: int
    client_id: int
    due_on: date
    reason: HeldReason
    recorded_at: datetime


# --- parked ------------------------------------------------------------------------------------


def parked_billables(uow: UnitOfWork, client_id: int | None = None) -> list[ParkedBillable]:
    """Return what is parked, by kind and id."""
    found = []
    for kind, table in TABLES.items():
        query = (
            sa.select(table.c.id, table.c.client_id, table.c.parked_reason, table.c.parked_at)
            .where(table.c.parked_reason.is_not(None))
            .order_by(table.c.id)
        )
        if client_id is not None:
            query = query.where(table.c.client_id == client_id)
        found += [
            ParkedBillable(
                kind, row["id"], row["client_id"], row["parked_reason"], row["parked_at"]
            )
            for row in uow.execute(query).mappings()
        ]
    return found


def unpark(uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int) -> date | None:
    """Let a parked billable be billed again; return the date it now waits for, if any.

    The next run parks it again unless what was wrong has been put right. Raises `NotParked`.
    """
    row = _held_row(uow, kind, billable_id)
    if row["parked_reason"] is None:
        raise NotParked(kind, billable_id)
    _update(uow, kind, billable_id, parked_reason=None, parked_at=None)
    requeue(uow, kind, billable_id)
    old = row["parked_reason"]
    uow.note_schedule_change(context, kind.value, billable_id, "parked_reason", old, None)
    queued: date | None = _held_row(uow, kind, billable_id)["next_invoice_on"]
    return queued


# --- held --------------------------------------------------------------------------------------


def held_dates(
    uow: UnitOfWork, client_id: int | None = None, *, decided: bool = False
) -> Iterator[HeldDate]:
    """Yield held dates by kind, id and date; with `decided` also those that need nobody now."""
    for kind, table in TABLES.items():
        query = (
            sa.select(
                _HELD.c.billable_id,
                table.c.client_id,
                _HELD.c.due_on,
                _HELD.c.reason,
                _HELD.c.recorded_at,
            )
            .join(table, table.c.id == _HELD.c.billable_id)
            .where(_HELD.c.kind == kind.value)
            .order_by(_HELD.c.billable_id, _HELD.c.due_on)
        )
        if client_id is not None:
            query = query.where(table.c.client_id == client_id)
        if not decided:
            query = query.where(_HELD.c.reason.in_(sorted(UNDECIDED)))
        for row in uow.execute(query).mappings():
            yield HeldDate(
                kind,
                row["billable_id"],
                row["client_id"],
                row["due_on"],
                HeldReason(row["reason"]),
                row["recorded_at"],
            )


def held_reason(
    uow: UnitOfWork, kind: BillableKind, billable_id: int, due_on: date
) -> HeldReason | None:
    """Return why a date is held; None when it is not."""
    reason = uow.execute(sa.select(_HELD.c.reason).where(_one(kind, billable_id, due_on))).scalar()
    return None if reason is None else HeldReason(reason)


def decide_held(  # noqa: PLR0913 - a date and what becomes of it
    uow: UnitOfWork,
    context: Context,
    kind: BillableKind,
    billable_id: int,
    due_on: date,
    reason: HeldReason,
) -> None:
    """Record what the operator decided about a held date; it stays held for every run."""
    _held_row(uow, kind, billable_id)
    old = held_reason(uow, kind, billable_id, due_on)
    if old is None or old is HeldReason.ISSUED:
        state = "is not held" if old is None else "was issued already"
        raise NotHeld(f"{kind.value} {billable_id}: {due_on} {state}")
    uow.execute(
        sa.update(_HELD).where(_one(kind, billable_id, due_on)).values(reason=reason.value)
    )
    uow.note_schedule_change(context, kind.value, billable_id, f"held {due_on}", old, reason)


def release_held(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int, due_on: date
) -> None:
    """Let a held date be billed again: someone has set the due date to it.

    One that was issued stays: its claim blocks it. Source: contracts/decisions.md, "Held dates".
    """
    old = held_reason(uow, kind, billable_id, due_on)
    if old is not None and old is not HeldReason.ISSUED:
        uow.execute(sa.delete(_HELD).where(_one(kind, billable_id, due_on)))
        uow.note_schedule_change(context, kind.value, billable_id, f"held {due_on}", old, None)


def _one(kind: BillableKind, billable_id: int, due_on: date) -> sa.ColumnElement[bool]:
    return sa.and_(
        _HELD.c.kind == kind.value, _HELD.c.billable_id == billable_id, _HELD.c.due_on == due_on
    )


def _held_row(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> sa.RowMapping:
    """Return a billable's row, its client held until commit; raises `BillableNotFound`."""
    row = uow.held(TABLES[kind], billable_id)
    if row is None:
        raise BillableNotFound(kind, billable_id)
    return row


def _update(uow: UnitOfWork, kind: BillableKind, billable_id: int, **values: object) -> None:
    table = TABLES[kind]
    uow.execute(sa.update(table).where(table.c.id == billable_id).values(**values))

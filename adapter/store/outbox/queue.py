"""Rows on their way out: leased by a worker, ended, tried again, listed.

A row is leased in a transaction of its own and delivered outside of any. A worker that dies
leaves its lease to run out, and the row is delivered again with the same message id.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.errors import AdapterError
from adapter.store import tables
from adapter.store.unit_of_work import Store, UnitOfWork

_T: Final = tables.outbox
_C: Final = _T.c
_SWITCH: Final = tables.mail_delivery
_SWITCH_ID: Final = 1
_MAX_ERROR: Final = 500


class Status(StrEnum):
    """Where a row is. Only `waiting` and `sending` ones can leave."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DEAD = "dead"
    EXPIRED = "expired"
    DROPPED = "dropped"


_OPEN: Final = (Status.WAITING.value, Status.SENDING.value)
# What the operator may send after all, and what he may drop.
_RETRIED: Final = (
    Status.WAITING.value,
    Status.DEAD.value,
    Status.EXPIRED.value,
    Status.DROPPED.value,
)
_DROPPED: Final = (Status.WAITING.value, Status.DEAD.value, Status.EXPIRED.value)


class RowNotFound(AdapterError):
    """No row of this id is in a state in which that can be done to it."""

    code = "outbox_row"

    def __init__(self, row_id: int, deed: str) -> None:
        super().__init__(f"Outbox row {row_id} is not there, or in no state to {deed} it")
        self.row_id = row_id


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One row. `template` and `values` are its payload's; `lease` is blank unless it is leased."""

    row_id: int
    topic: str
    template: str
    values: dict[str, Any]
    client_id: int
    document_id: int
    status: Status
    message_id: str
    created_at: datetime
    attempts: int
    due_at: datetime | None
    ended_at: datetime | None
    last_error: str
    lease: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether mail leaves, and since when (by the account's clock)."""

    active: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class OutboxSummary:
    """How many rows there are in each state."""

    counts: dict[Status, int]


def begin_delivery(store: Store, now: datetime, *, active: bool) -> Delivery:
    """Note whether mail is delivered from now on; what was switched on before stays so.

    `now` is the account's time. A store on which mail was never delivered counts as off.
    """
    query = sa.select(_SWITCH.c.active, _SWITCH.c.since).where(_SWITCH.c.id == _SWITCH_ID)
    with store.read() as uow:
        found = uow.execute(query).first()
    if found is not None and found.active == active:
        return Delivery(active, found.since)
    with store.write(settings=True) as uow:
        found = uow.execute(query).first()
        if found is None:
            uow.insert(_SWITCH, id=_SWITCH_ID, active=active, since=now)
        elif found.active != active:
            change = sa.update(_SWITCH).where(_SWITCH.c.id == _SWITCH_ID)
            uow.execute(change.values(active=active, since=now))
        else:
            return Delivery(active, found.since)
    return Delivery(active, now)


def expire_rows(store: Store, now: datetime, *, oldest: datetime, since: datetime) -> int:
    """End the waiting rows that are too old, or were queued before `since`; return how many.

    Times are the account's. They stay in the list and leave only when they are retried. While the
    store is on hold nothing ends: what becomes of it is decided when the hold does.
    """
    # What was held begins to age when it may leave; it was queued when it was queued.
    queued_at = sa.func.coalesce(_C.retried_at, _C.created_at, type_=_C.created_at.type)
    counted_from = sa.func.coalesce(
        _C.retried_at, _C.held_until, _C.created_at, type_=_C.created_at.type
    )
    is_stale = sa.or_(counted_from < oldest, queued_at < since)
    stale = sa.and_(_C.status == Status.WAITING.value, is_stale)
    with store.read() as uow:
        if uow.holds or uow.execute(sa.select(_C.id).where(stale).limit(1)).first() is None:
            return 0
    why = sa.case(
        (queued_at < since, "queued before mail was switched on"),
        else_="too old to be sent",
    )
    with store.write() as uow:
        if uow.holds:
            return 0
        ended = uow.execute(
            sa.update(_T)
            .where(stale)
            .values(status=Status.EXPIRED.value, ended_at=now, last_error=why)
        )
        return int(ended.rowcount)


def lease_row(
    store: Store, topic: str, now: datetime, seconds: float, *, account_now: datetime
) -> OutboxRow | None:
    """Take the next row that is due, for so long; None when nothing is.

    `now` is the real time, `account_now` the account's, by which rows are held. Of one document's
    rows the older goes first, however long it takes. Nothing leaves while the store is on hold.
    """
    waits = sa.and_(
        _C.status == Status.WAITING.value, sa.or_(_C.due_at.is_(None), _C.due_at <= now)
    )
    # One question each: together they would read every row that is held to find one that is not.
    for is_due, order in (
        (sa.and_(_C.status == Status.SENDING.value, _C.leased_until <= now), (_C.id,)),
        (sa.and_(waits, _C.held_until.is_(None)), (_C.id,)),
        (sa.and_(waits, _C.held_until <= account_now), (_C.held_until, _C.id)),
    ):
        row = _lease(store, _first(topic, is_due, order), now, seconds)
        if row is not None:
            return row
    return None


def _lease(store: Store, query: sa.Select[Any], now: datetime, seconds: float) -> OutboxRow | None:
    with store.read() as uow:
        if uow.holds or uow.execute(query).first() is None:
            return None
    with store.write() as uow:
        if uow.holds:
            return None
        found = uow.execute(query.with_for_update(of=_T, skip_locked=True)).mappings().first()
        if found is None:
            return None
        leased = {
            "status": Status.SENDING.value,
            "lease": uuid.uuid4().hex,
            "leased_until": now + timedelta(seconds=seconds),
            "attempts": found["attempts"] + 1,
        }
        uow.execute(sa.update(_T).where(_C.id == found["id"]).values(**leased))
        return _row({**found, **leased})


def _first(
    topic: str, is_due: sa.ColumnElement[bool], order: Sequence[sa.ColumnElement[Any]]
) -> sa.Select[Any]:
    """Return the query of the oldest row in one state: by the index on it, however many ended."""
    older = _T.alias("older")
    is_blocked = (
        sa.select(older.c.id)
        .where(
            older.c.document_id == _C.document_id,
            older.c.id < _C.id,
            older.c.status.in_(_OPEN),
        )
        .exists()
    )
    return (
        sa.select(_T)
        .where(
            _C.topic == topic,
            is_due,
            sa.or_(_C.document_id == 0, sa.not_(is_blocked)),
        )
        .order_by(*order)
        .limit(1)
    )


def finish_row(  # noqa: PLR0913 - how one try ended
    store: Store,
    row: OutboxRow,
    status: Status,
    *,
    now: datetime,
    error: str = "",
    due_at: datetime | None = None,
) -> bool:
    """Note how a try ended; False when the lease has gone to another worker meanwhile.

    `now` is the account's time. With `Status.WAITING` it is tried again at `due_at`.
    """
    values: dict[str, Any] = {
        "status": status.value,
        "lease": None,
        "leased_until": None,
        "due_at": due_at,
        "last_error": error[:_MAX_ERROR] or None,
        "ended_at": None if status is Status.WAITING else now,
    }
    mine = sa.update(_T).where(_C.id == row.row_id, _C.lease == row.lease)
    with store.write() as uow:
        return bool(uow.execute(mine.values(**values)).rowcount)


def retry_rows(uow: UnitOfWork, context: Context, row_ids: Sequence[int] | None) -> int:
    """Let rows leave at once that ended otherwise or wait; None: all that are dead or expired.

    Their age counts anew. Raises `RowNotFound` for one that was sent or is being sent.
    """
    values = {
        "status": Status.WAITING.value,
        "due_at": None,
        "held_until": None,
        "attempts": 0,
        "retried_at": context.now,
        "ended_at": None,
    }
    ended = (Status.DEAD.value, Status.EXPIRED.value)
    return _change(uow, context, "retry", row_ids, _RETRIED if row_ids else ended, values)


def drop_rows(uow: UnitOfWork, context: Context, row_ids: Sequence[int] | None) -> int:
    """Keep rows from ever leaving; None: all that are dead or expired. Raises `RowNotFound`."""
    values = {"status": Status.DROPPED.value, "ended_at": context.now}
    ended = (Status.DEAD.value, Status.EXPIRED.value)
    return _change(uow, context, "drop", row_ids, _DROPPED if row_ids else ended, values)


def settle_open(uow: UnitOfWork, context: Context, *, send: bool) -> tuple[OutboxRow, ...]:
    """Withdraw every row that has not left for certain, or let it leave; return them as they were.

    For a store that does not know what has left: nobody may be at work on a row. One that leaves
    does so with the message id that it always had, and its age counts anew.
    """
    query = sa.select(_T).where(_C.status.in_(_OPEN)).order_by(_C.id)
    rows = tuple(_row(row) for row in uow.execute(query).mappings())
    values: dict[str, Any] = {"lease": None, "leased_until": None, "due_at": None}
    if send:
        values |= {"status": Status.WAITING.value, "attempts": 0, "retried_at": context.now}
    else:
        why = "withdrawn: it may have left already"
        values |= {"status": Status.DROPPED.value, "ended_at": context.now, "last_error": why}
    uow.execute(sa.update(_T).where(_C.status.in_(_OPEN)).values(**values))
    deed = "retry" if send else "withdraw"
    uow.audit(context, deed, "outbox", 0, {"rows": len(rows)})
    return rows


def _change(  # noqa: PLR0913 - one change of several rows
    uow: UnitOfWork,
    context: Context,
    deed: str,
    row_ids: Sequence[int] | None,
    statuses: Sequence[str],
    values: dict[str, Any],
) -> int:
    if not row_ids:
        changed = sa.update(_T).where(_C.status.in_(statuses)).values(**values)
        count = int(uow.execute(changed).rowcount)
        uow.audit(context, deed, "outbox", 0, {"rows": count})
        return count
    for row_id in row_ids:
        wanted = sa.update(_T).where(_C.id == row_id, _C.status.in_(statuses))
        if not uow.execute(wanted.values(**values)).rowcount:
            raise RowNotFound(row_id, deed)
        uow.audit(context, deed, "outbox", row_id)
    return len(row_ids)


def list_rows(
    uow: UnitOfWork,
    statuses: Sequence[Status],
    *,
    client_id: int | None = None,
    limit: int = 100,
) -> tuple[OutboxRow, ...]:
    """Return the oldest rows in these states."""
    query = sa.select(_T).where(_C.status.in_([each.value for each in statuses]))
    if client_id is not None:
        query = query.where(_C.client_id == client_id)
    rows = uow.execute(query.order_by(_C.id).limit(limit)).mappings()
    return tuple(_row(row) for row in rows)


def summarise(uow: UnitOfWork) -> OutboxSummary:
    """Return how many rows there are in each state."""
    counted = sa.select(_C.status, sa.func.count().label("rows")).group_by(_C.status)
    found = {row["status"]: int(row["rows"]) for row in uow.execute(counted).mappings()}
    return OutboxSummary({each: found.get(each.value, 0) for each in Status})


def _row(row: Any) -> OutboxRow:
    payload = row["payload"]
    template = ""
    values: dict[str, Any] = {}
    if isinstance(payload, dict):
        template = str(payload.get("template", ""))
        values = payload.get("values") or {}
    return OutboxRow(
        row_id=row["id"],
        topic=row["topic"],
        template=template,
        values=dict(values),
        client_id=row["client_id"],
        document_id=row["document_id"],
        status=Status(row["status"]),
        message_id=row["message_id"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        due_at=row["due_at"],
        ended_at=row["ended_at"],
        last_error=row["last_error"] or "",
        lease=row["lease"] or "",
    )

"""What an operator's alarms look at in one account, read in one snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapter.billing.model import DocumentKind
from adapter.store import tables
from adapter.store.attempts import State
from adapter.store.current import Hold
from adapter.store.numbers import issued_documents
from adapter.store.outbox import Status
from adapter.store.queue import TABLES
from adapter.store.run import last_complete_run
from adapter.store.schedules import UNDECIDED
from adapter.store.unit_of_work import UnitOfWork

_OUTBOX = tables.outbox.c
_ATTEMPTS = tables.attempts.c
_AUDIT = tables.audit.c
# Sent and dropped mail only piles up: nobody has to do anything about it.
_COUNTED = (Status.WAITING, Status.SENDING, Status.DEAD, Status.EXPIRED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Cheap to read, however large the store is. Times are of the account's clock.

    `issued` are the documents that were given a number here, by kind. `oldest_waiting_at` is when
    the mail was queued that waits longest. `unknown_forwards` are by backend.
    """

    issued: Mapping[DocumentKind, int]
    last_complete_run_at: datetime | None
    mails: Mapping[Status, int]
    oldest_waiting_at: datetime | None
    unknown_forwards: Mapping[str, int]
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class SetAside:
    """What waits for the operator; costs a look at every schedule."""

    parked: int
    held: int


def figures(uow: UnitOfWork) -> Figures:
    """Read an account's figures."""
    waiting = sa.func.coalesce(
        _OUTBOX.retried_at, _OUTBOX.created_at, type_=_OUTBOX.created_at.type
    )
    oldest = sa.select(sa.func.min(waiting)).where(_OUTBOX.status == Status.WAITING.value)
    return Figures(
        issued=issued_documents(uow),
        last_complete_run_at=last_complete_run(uow),
        mails={each: _mails(uow, each) for each in _COUNTED},
        oldest_waiting_at=uow.execute(oldest).scalar(),
        unknown_forwards=_unknown_forwards(uow),
        holds=uow.holds,
    )


def set_aside(uow: UnitOfWork) -> SetAside:
    """Count what is parked, and the held dates that nobody has decided about."""
    parked = 0
    for table in TABLES.values():
        query = sa.select(sa.func.count()).where(table.c.parked_reason.is_not(None))
        parked += uow.execute(query).scalar_one()
    held = tables.held_occurrences.c
    undecided = sa.select(sa.func.count()).where(held.reason.in_(sorted(UNDECIDED)))
    return SetAside(parked, uow.execute(undecided).scalar_one())


def counting_since(uow: UnitOfWork) -> datetime | None:
    """Return since when complete runs are expected, by the account's clock; None: not yet.

    From the latest one on; without any from the store's first deed, or from the last hold's end
    where that was later.
    """
    first = sa.select(_AUDIT.recorded_at).order_by(_AUDIT.id).limit(1)
    lifted = (
        sa.select(_AUDIT.recorded_at)
        .where(_AUDIT.noun == "hold", _AUDIT.record_id == 0, _AUDIT.deed == "lift")
        .order_by(_AUDIT.id.desc())
        .limit(1)
    )
    moments = (
        last_complete_run(uow),
        uow.execute(first).scalar(),
        uow.execute(lifted).scalar(),
    )
    return max((each for each in moments if each is not None), default=None)


def _mails(uow: UnitOfWork, status: Status) -> int:
    query = sa.select(sa.func.count()).where(_OUTBOX.status == status.value)
    return int(uow.execute(query).scalar_one())


def _unknown_forwards(uow: UnitOfWork) -> dict[str, int]:
    query = (
        sa.select(_ATTEMPTS.backend, sa.func.count().label("attempts"))
        .where(_ATTEMPTS.state == State.UNKNOWN.value)
        .group_by(_ATTEMPTS.backend)
    )
    return {row.backend: row.attempts for row in uow.execute(query)}

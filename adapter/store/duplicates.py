"""Commands that were asked twice within minutes, word for word, and both carried out.

What the built-in store did is told by its audit trail, what backends elsewhere did by the
attempts. Nothing is asked of the database until an operator lists them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from adapter.commands.canonical import kinds_of
from adapter.commands.model import Command, Effect
from adapter.errors import StateError
from adapter.store import tables
from adapter.store.fingerprints import STORE
from adapter.store.unit_of_work import UnitOfWork

# Equal commands so close together are taken for one that was sent again.
WITHIN: Final = timedelta(minutes=10)
ENDED: Final = "end_duplicate"
ALWAYS: Final = datetime(1970, 1, 1, tzinfo=UTC)

# What the commands that create something leave in the audit trail, the record itself last.
_DEEDS: Final = (
    "create",
    "place_order",
    "record_payment",
    "add_credit",
    "request_cancellation",
)
_CREATING: Final = tuple(
    name for name, kind in kinds_of(Command).items() if kind.effect is Effect.CREATES
)
_AUDIT: Final = tables.audit.c
_ATTEMPTS: Final = tables.attempts.c


class DuplicateNotFound(StateError):
    """There is no such command, or none that repeats another one."""

    code = "duplicate_not_found"

    def __init__(self, duplicate_id: str) -> None:
        super().__init__(f"There is no duplicate {duplicate_id}; see `adapter duplicates list`")


@dataclass(frozen=True, slots=True)
class Deed:
    """A command that was carried out. `id` is the audit row's, elsewhere the reference."""

    id: str
    caller: str
    fingerprint: str
    at: datetime
    noun: str
    record: str
    backend: str


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A command equal to an earlier one, `number` counting from 2 within the row of equal ones."""

    deed: Deed
    first: Deed
    number: int


def find_duplicates(uow: UnitOfWork, since: datetime) -> tuple[Duplicate, ...]:
    """Return equal commands within ten minutes of each other, by when they came.

    What was ended as a duplicate is left out. `since` is a moment of the account's clock.
    """
    deeds = sorted(
        (*_in_the_store(uow, since), *_elsewhere(uow, since)), key=lambda each: (each.at, each.id)
    )
    ended = _ended(uow)
    return tuple(
        each
        for each in _repeats(deeds)
        if (each.deed.backend, each.deed.noun, each.deed.record) not in ended
    )


def find_duplicate(uow: UnitOfWork, duplicate_id: str) -> Duplicate:
    """Return one duplicate. Raises `DuplicateNotFound`."""
    for each in find_duplicates(uow, ALWAYS):
        if each.deed.id == duplicate_id:
            return each
    raise DuplicateNotFound(duplicate_id)


def _repeats(deeds: Iterable[Deed]) -> Iterator[Duplicate]:
    rows: dict[tuple[str, str], tuple[Deed, datetime, int]] = {}
    for deed in deeds:
        key = (deed.caller, deed.fingerprint)
        first, last_at, number = rows.get(key, (deed, deed.at - WITHIN, 0))
        if deed.at - last_at >= WITHIN:
            first, number = deed, 0
        rows[key] = (first, deed.at, number + 1)
        if number:
            yield Duplicate(deed, first, number + 1)


def _in_the_store(uow: UnitOfWork, since: datetime) -> Iterator[Deed]:
    """Yield what was asked more than once, each command by the last row that it wrote."""
    asked = sa.and_(
        _AUDIT.fingerprint.is_not(None), _AUDIT.deed.in_(_DEEDS), _AUDIT.recorded_at >= since
    )
    of_command = sa.select(sa.func.max(_AUDIT.id)).where(asked)
    of_command = of_command.group_by(_AUDIT.caller, _AUDIT.fingerprint, _AUDIT.request_id)
    again = sa.select(_AUDIT.fingerprint).where(asked).group_by(_AUDIT.fingerprint)
    again = again.having(sa.func.count(sa.distinct(_AUDIT.request_id)) > 1)
    rows = sa.select(tables.audit).where(_AUDIT.id.in_(of_command), _AUDIT.fingerprint.in_(again))
    for row in uow.execute(rows).mappings():
        yield Deed(
            str(row["id"]),
            row["caller"],
            row["fingerprint"],
            row["recorded_at"],
            row["noun"],
            str(row["record_id"]),
            STORE,
        )


def _elsewhere(uow: UnitOfWork, since: datetime) -> Iterator[Deed]:
    rows = sa.select(tables.attempts).where(
        _ATTEMPTS.backend != STORE,
        _ATTEMPTS.command.in_(_CREATING),
        _ATTEMPTS.fingerprint != "",
        _ATTEMPTS.state.not_in(("refused", "not_sent", "dropped")),
        _ATTEMPTS.began_at >= since,
    )
    for row in uow.execute(rows).mappings():
        yield Deed(
            row["reference"],
            row["credential"],
            row["fingerprint"],
            row["began_at"],
            row["command"],
            row["reference"],
            row["backend"],
        )


def _ended(uow: UnitOfWork) -> frozenset[tuple[str, str, str]]:
    rows = uow.execute(sa.select(_AUDIT.noun, _AUDIT.record_id).where(_AUDIT.deed == ENDED))
    return frozenset((STORE, row["noun"], str(row["record_id"])) for row in rows.mappings())

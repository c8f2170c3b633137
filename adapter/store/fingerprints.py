"""Which attempt holds the claim on a deed, and the replies that the built-in store keeps.

The claim is `attempts.idempotency_key`, unique within a credential, or the reference itself where
its caller named one: the database says who was first. Whoever stores an attempt writes
`claim_values` with it and raises `AlreadyClaimed` where the database refuses the row.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from adapter.commands.canonical import command_data, masked, read_result, result_data
from adapter.commands.context import Context
from adapter.commands.fingerprint import fingerprint
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import AlreadyClaimed
from adapter.store import tables
from adapter.store.prepared import Prepared, insert_into
from adapter.store.unit_of_work import Store, UnitOfWork

R = TypeVar("R", bound=Result)

# The name that the built-in store has as a backend.
STORE: Final = "store"
# The same, of what is kept for a caller who named a reference of his own.
BY_REFERENCE: Final = "local"
# Attempts of these were carried out here: nothing was sent anywhere.
OWN: Final = frozenset({STORE, BY_REFERENCE})
DONE: Final = "done"

_A = tables.attempts.c
_IS_CLAIM = sa.and_(
    _A.credential == sa.bindparam("of"), _A.idempotency_key == sa.bindparam("claimed")
)
_AS_HOLDER = sa.select(
    _A.reference,
    _A.fingerprint,
    _A.state,
    _A.began_at,
    _A.deadline_at,
    _A.ended_at,
    _A.result,
)
_HOLDER = _AS_HOLDER.where(_IS_CLAIM)
_HELD = _AS_HOLDER.where(_A.reference == sa.bindparam("held_by"))
_RELEASE = Prepared(
    sa.update(tables.attempts)
    .where(_IS_CLAIM, _A.reference == sa.bindparam("held_by"))
    .values(idempotency_key=sa.null()),
    (),
)
_END = Prepared(
    sa.update(tables.attempts)
    .where(_A.reference == sa.bindparam("ended"))
    .values(result=sa.bindparam("reply", type_=_A.result.type)),
    (),
)
_KEPT_UNTIL = sa.bindparam("until", type_=_A.deadline_at.type)
_FORGET = Prepared(
    sa.delete(tables.attempts).where(
        _A.state == DONE, _A.backend == STORE, _A.deadline_at < _KEPT_UNTIL
    ),
    (),
)


@dataclass(frozen=True, slots=True)
class Holder:
    """The attempt that holds a claim.

    `result` is what it answered, or what the caller of one that is queued was answered at once;
    None where there is none yet, or it is not kept. `deadline_at` of one elsewhere is real time,
    the other two are the account's.
    """

    reference: str
    fingerprint: str
    state: str
    began_at: datetime
    deadline_at: datetime
    ended_at: datetime | None
    result: Any

    def reply(self) -> Result | None:
        """Return the kept result; None without one."""
        return None if self.result is None else read_result(self.result)


def claim_values(context: Context) -> dict[str, Any]:
    """Return the columns of an attempt that say what it was and who else may not do it."""
    claim = context.claim
    return {
        "fingerprint": "" if claim is None else claim.fingerprint,
        "idempotency_key": None if claim is None else claim.key,
    }


@contextmanager
def claiming() -> Iterator[None]:
    """Turn the database's refusal of an attempt's row into `AlreadyClaimed`."""
    try:
        yield
    except sa.exc.IntegrityError as error:
        raise AlreadyClaimed from error


def holder_of(store: Store, credential: str, key: str) -> Holder | None:
    """Return the attempt that holds a claim; None when nothing does."""
    return _found(store, _HOLDER, {"of": credential, "claimed": key})


def holder_now(store: Store, reference: str) -> Holder | None:
    """Return a holder as it stands now, whether or not the claim is still its; None without it."""
    return _found(store, _HELD, {"held_by": reference})


def _found(store: Store, query: sa.Select[Any], values: Mapping[str, Any]) -> Holder | None:
    with store.read() as uow:
        found = uow.execute(query, values).first()
    return None if found is None else Holder(*tuple(found))


def release(store: Store, credential: str, key: str, reference: str) -> None:
    """Let the next call act: the attempt of this reference no longer holds the claim.

    Only the holder that was seen is released, so that of several callers one succeeds it.
    """
    values = {"of": credential, "claimed": key, "held_by": reference}
    store.write_shared(lambda uow: _RELEASE.run(uow.connection, values))


def once(
    work: Callable[[UnitOfWork], R], command: Command, context: Context
) -> Callable[[UnitOfWork], R]:
    """Return a work that claims its deed, acts and keeps its reply, in one transaction.

    The deed is that of `context.claim`, or with `keep_reference` that of the reference. Whoever
    comes second waits for the first one's commit and gets `AlreadyClaimed`. What fails leaves
    nothing.
    """
    row = _row(command, context)
    insert = insert_into(tables.attempts, row)

    def claimed(uow: UnitOfWork) -> R:
        with claiming():
            insert.run(uow.connection, row)
        result = work(uow)
        reply = result_data(result)
        _END.run(uow.connection, {"ended": context.reference, "reply": reply})
        return result

    return claimed


def _row(command: Command, context: Context) -> dict[str, Any]:
    """Return an attempt at the built-in store, done with the transaction that it stands in."""
    name = type(command).__name__
    row = {
        "reference": context.reference,
        "credential": context.caller.credential,
        "command": name,
        **claim_values(context),
        "backend": STORE,
        "proof": "none",
        "state": DONE,
        "sends": 0,
        "began_at": context.now,
        "deadline_at": context.now,
        "ended_at": context.now,
        "request_id": context.request_id,
        # What it made is in the store.
        "request": {"command": name},
    }
    if context.keep_reference:
        # Kept for ever, and told from another command under the same reference.
        asked = {"fingerprint": fingerprint(command), "request": masked(command_data(command))}
        return row | asked | {"backend": BY_REFERENCE, "proof": "reference"}
    if context.claim is not None:
        kept_for = timedelta(seconds=context.claim.keep_seconds)
        row["deadline_at"] = context.now + kept_for
    return row


def forget_replies(store: Store, now: datetime) -> None:
    """Delete the store's own kept replies whose time is over; those of other backends stay."""
    values: Mapping[str, Any] = {"until": now}
    store.write_shared(lambda uow: _FORGET.run(uow.connection, values))

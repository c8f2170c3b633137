"""The ledger of what was sent to systems elsewhere: each attempt, and how it ended.

An attempt is committed before its first byte leaves. Every step after that is an update on
condition of what the attempt was, so that of several processes one takes it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from adapter.commands.canonical import (
    command_data,
    masked,
    read_command,
    read_result,
    result_data,
)
from adapter.commands.context import Context, Sent
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import AdapterError, OutcomeUnknown
from adapter.store import tables
from adapter.store.fingerprints import STORE, claim_values, claiming
from adapter.store.prepared import Prepared, insert_into
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

T = TypeVar("T")

_A = tables.attempts.c
_TABLE: Final = tables.attempts
# Parameters at the top of a call that are never kept: what both protocols carry credentials in,
# and the numbers that money can be taken with.
_CREDENTIALS: Final = frozenset(
    {
        "identifier",
        "secret",
        "username",
        "password",
        "accesskey",
        "card_number",
        "cvv",
        "bank_account",
        "bank_code",
    }
)
NO_PROOF: Final = "none"
_CODE_LENGTH: Final = 64


class State(StrEnum):
    """Where an attempt stands."""

    QUEUED = "queued"  # its caller was answered; the worker sends it
    OPEN = "open"  # on its way, until its deadline
    DONE = "done"
    REFUSED = "refused"  # the backend said no and did nothing
    NOT_SENT = "not_sent"  # no byte arrived
    UNKNOWN = "unknown"  # it may have been carried out
    DROPPED = "dropped"  # given up by the operator


FINAL: Final = frozenset({State.DONE, State.REFUSED, State.NOT_SENT, State.DROPPED})
# From these a sender's end is taken: a deadline that passed meanwhile takes no truth away.
_UNENDED: Final = (State.OPEN, State.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of the ledger. `request` and `sent` hold a client's data: left out of repr."""

    reference: str
    credential: str
    command: str
    backend: str
    proof: str
    state: State
    sends: int
    began_at: datetime
    deadline_at: datetime
    ended_at: datetime | None
    request_id: str
    request: Any = field(repr=False)
    sent: Any = field(repr=False)
    result: Any = field(repr=False)
    error_code: str | None
    error_text: str | None = field(repr=False)
    resolved_by: str | None

    def asked(self) -> Command:
        """Return the command. Raises `InvalidField` for one of another version."""
        return read_command(self.request)

    def answered(self) -> Result | None:
        """Return the result, None without one."""
        return None if self.result is None else read_result(self.result)

    def call(self) -> Sent | None:
        """Return the call that led to it, without its credentials; None where none did."""
        if self.sent is None:
            return None
        # Text inside JSON, because the order of a call's fields must survive.
        params = json.loads(self.sent["params"])
        return Sent(self.sent["protocol"], self.sent["action"], params)

    def is_over(self, now: datetime) -> bool:
        """Tell whether its process had all its time by a moment of real time."""
        return self.deadline_at <= now


@dataclass(frozen=True, slots=True)
class Waiting(Attempt):
    """A queued attempt that is not sent before another one of its record has ended."""

    waits_for: str = ""


_COLUMNS: Final = tuple(each.name for each in fields(Attempt))
_SELECT: Final = sa.select(*(_A[name] for name in _COLUMNS))
_FIND: Final = Prepared(_SELECT.where(_A.reference == sa.bindparam("wanted")))
_IN_ORDER: Final = (_A.began_at, _A.reference)


@dataclass(frozen=True, slots=True)
class End:
    """How an attempt ends. `by` names who found out, unless it was whoever sent it.

    With `unsent` the last try is not counted: provably no byte of it left.
    """

    state: State
    result: Result | None = None
    error: AdapterError | None = None
    by: str = ""
    unsent: bool = False


class Ledger:
    """The attempts of one account. `clock` is real time, whatever the account's own clock says."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self.clock = clock

    def begin(  # noqa: PLR0913 - one row
        self,
        command: Command,
        context: Context,
        *,
        backend: str,
        proof: str,
        seconds: float,
        accepted: Result | None = None,
    ) -> Attempt:
        """Commit an attempt that may be sent for so many seconds, or that is to be sent later.

        With `accepted` its caller gets that result now and it is queued. Raises `AlreadyClaimed`
        where an equal deed holds the claim, `StoreUnavailable` where nothing may be sent.
        """
        attempt = Attempt(
            reference=context.reference,
            credential=context.caller.credential,
            command=type(command).__name__,
            backend=backend,
            proof=proof,
            state=State.OPEN if accepted is None else State.QUEUED,
            sends=1 if accepted is None else 0,
            began_at=context.now,
            deadline_at=self.clock() + timedelta(seconds=seconds),
            ended_at=None,
            request_id=context.request_id,
            request=command_data(command),
            sent=_kept(context.sent),
            result=None if accepted is None else result_data(accepted),
            error_code=None,
            error_text=None,
            resolved_by=None,
        )
        row = {name: getattr(attempt, name) for name in _COLUMNS} | claim_values(context)
        insert = insert_into(_TABLE, row)
        try:
            with claiming():
                self._write(lambda uow: insert.run(uow.connection, row))
        except OutcomeUnknown as error:
            # The row may be there, though nothing will be sent for it.
            self.end(attempt, End(State.NOT_SENT, error=error, unsent=True), context.now)
            raise
        return attempt

    def end(self, attempt: Attempt, end: End, now: datetime) -> bool:
        """Record how a try ended; False where it was taken over by a later one, or ended."""
        error = end.error
        values = {
            "state": end.state,
            "sends": attempt.sends - end.unsent,
            "ended_at": now,
            "error_code": None if error is None else error.code[:_CODE_LENGTH],
            "error_text": None if error is None else getattr(error, "reason", str(error)),
            "resolved_by": end.by or None,
        }
        if end.state in FINAL:
            values["result"] = None if end.result is None else result_data(end.result)
            values["sent"] = None
            shown = without_secrets(attempt)
            if shown != attempt.request:
                values["request"] = shown
        return self._update(attempt, _UNENDED, values)

    def take(self, attempt: Attempt, seconds: float) -> Attempt | None:
        """Open an attempt for one more try under its reference; None where another one did."""
        taken = replace(
            attempt,
            state=State.OPEN,
            sends=attempt.sends + 1,
            deadline_at=self.clock() + timedelta(seconds=seconds),
            ended_at=None,
        )
        changes = ("state", "sends", "deadline_at", "ended_at")
        values = {name: getattr(taken, name) for name in changes}
        return taken if self._update(attempt, (attempt.state,), values) else None

    def is_held(self) -> bool:
        """Tell whether the store is on hold: what was sent since its backup is not known here."""
        with self._store.read() as uow:
            return bool(uow.holds)

    def expire(self, now: datetime) -> int:
        """Count as unknown what was open past its deadline: its process has died.

        `now` is the account's time. Returns how many there were.
        """
        over = sa.and_(_A.state == State.OPEN, _A.deadline_at <= self.clock())
        with self._store.read() as uow:
            if uow.execute(sa.select(_A.reference).where(over).limit(1)).first() is None:
                return 0
        statement = (
            sa.update(_TABLE)
            .where(over)
            .values(state=State.UNKNOWN, ended_at=now, error_code="abandoned")
        )
        return self._write(lambda uow: int(uow.execute(statement).rowcount))

    def find(self, reference: str) -> Attempt | None:
        """Return the attempt of this reference, None without one."""
        with self._store.read() as uow:
            found = _FIND.one(uow.connection, {"wanted": reference})
        return None if found is None else _read(found)

    def listed(
        self,
        states: Iterable[State] = (),
        backend: str | None = None,
        *,
        limit: int | None = None,
        provable: bool = False,
    ) -> tuple[Attempt, ...]:
        """Return attempts in these states (none: in any), in the order in which they began.

        Without a name of a backend, of every one elsewhere; `provable`: only those that can be
        looked up.
        """
        query = _SELECT.where(*_chosen(states, backend)).order_by(*_IN_ORDER).limit(limit)
        if provable:
            query = query.where(_A.proof != NO_PROOF)
        with self._store.read() as uow:
            return tuple(_read(tuple(row)) for row in uow.execute(query))

    def newest(
        self, states: Iterable[State], backend: str | None, limit: int, *, refused_by: str = ""
    ) -> tuple[tuple[Attempt, ...], int]:
        """Return the newest of what `listed` lists, the newest last, and how many there are.

        With them what was refused when that party sent it.
        """
        chosen = _chosen(states, backend, refused_by)
        query = _SELECT.where(*chosen).order_by(*(each.desc() for each in _IN_ORDER)).limit(limit)
        count = sa.select(sa.func.count()).select_from(_TABLE).where(*chosen)
        with self._store.read() as uow:
            found = [_read(tuple(row)) for row in uow.execute(query)]
            total = int(uow.execute(count).scalar_one())
        return tuple(reversed(found)), total

    def acknowledge(self, attempt: Attempt, by: str) -> bool:
        """Record who has seen to a refusal that its caller was not told; False if it is none."""
        return self._update(attempt, (State.REFUSED,), {"resolved_by": by})

    def has_ended_with(self, backend: str, result: Result) -> bool:
        """Tell whether a done attempt at a backend made the record that a result is about.

        A record is named by the first field of its result; what else a result tells may differ
        between the reply of the call and a look-up.
        """
        name = fields(result)[0].name
        text = sa.cast(_A.result, sa.Text)
        query = sa.select(_A.result).where(
            _A.backend == backend,
            _A.state == State.DONE,
            text.contains(f'"{name}"', autoescape=True),
            text.contains(str(getattr(result, name)), autoescape=True),
        )
        with self._store.read() as uow:
            found = [read_result(row.result) for row in uow.execute(query)]
        return any(
            type(each) is type(result) and getattr(each, name) == getattr(result, name)
            for each in found
        )

    def _write(self, work: Callable[[UnitOfWork], T]) -> T:
        """Write in one transaction; once more where the database let another one go first."""
        try:
            return self._store.write_shared(work)
        except Conflict:
            return self._store.write_shared(work)

    def _update(
        self, attempt: Attempt, states: tuple[State, ...], values: Mapping[str, Any]
    ) -> bool:
        statement = _conditional(tuple(values), len(states))
        bound = {f"new_{name}": value for name, value in values.items()}
        bound |= {f"was_{at}": state for at, state in enumerate(states)}
        bound |= {"held": attempt.reference, "counted": attempt.sends}
        return self._write(lambda uow: statement.changed(uow.connection, bound) == 1)


def _chosen(
    states: Iterable[State], backend: str | None, refused_by: str = ""
) -> Iterator[sa.ColumnElement[bool]]:
    """Yield what attempts in these states are at a backend, or elsewhere at all."""
    yield _A.backend != STORE if backend is None else _A.backend == backend
    wanted = tuple(states)
    if wanted:
        refused = sa.and_(_A.state == State.REFUSED, _A.resolved_by == refused_by)
        is_wanted = _A.state.in_(wanted)
        yield sa.or_(is_wanted, refused) if refused_by else is_wanted


@cache
def _conditional(columns: tuple[str, ...], states: int) -> Prepared:
    """Return the update of these columns while the attempt is what it was taken for."""
    statement = (
        sa.update(_TABLE)
        .where(
            _A.reference == sa.bindparam("held"),
            _A.sends == sa.bindparam("counted"),
            sa.or_(*(_A.state == sa.bindparam(f"was_{at}") for at in range(states))),
        )
        .values({name: sa.bindparam(f"new_{name}", type_=_A[name].type) for name in columns})
    )
    return Prepared(statement, ())


def _read(row: tuple[Any, ...]) -> Attempt:
    attempt = Attempt(*row)
    return replace(attempt, state=State(attempt.state))


def _kept(sent: Sent | None) -> dict[str, str] | None:
    if sent is None:
        return None
    params = {
        name: value for name, value in sent.params.items() if name.lower() not in _CREDENTIALS
    }
    return {"protocol": sent.protocol, "action": sent.action, "params": json.dumps(params)}


def without_secrets(attempt: Attempt) -> Any:
    """Return an attempt's request with its secrets masked."""
    return masked(attempt.request)

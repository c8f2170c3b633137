"""What happens after a call: unknown ends are looked up, queued commands sent in order."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from adapter.backends.base import Proof
from adapter.backends.remote import RemoteBackend, context_of, moment
from adapter.commands.context import Context
from adapter.commands.model import Command
from adapter.errors import AdapterError, NotSent, TooManyRequests
from adapter.store.attempts import Attempt, End, Ledger, State, Waiting

WORKER: Final = "worker"
# What cannot be proved now is asked again after these seconds, then after twice as many, ...
_FIRST_WAIT: Final = timedelta(seconds=5)
_LONGEST_WAIT: Final = timedelta(hours=1)
# Fields that tell whose or which record a command is about.
_RECORD: Final = "_id"
_UNENDED: Final = (State.OPEN, State.UNKNOWN, State.QUEUED)


def resolve(
    backend: RemoteBackend, attempt: Attempt, context: Context, by: str = WORKER
) -> Attempt:
    """Look an unknown attempt up, and return it as it is then.

    Found means done. Proved absent, it is sent again under its own reference, by one process of
    all that try. One without a proof is left as it is. Raises what the look-up raises when it
    proves nothing.
    """
    ledger = backend.ledger
    if attempt.state is not State.UNKNOWN or attempt.proof == Proof.NONE:
        return attempt
    command, then = attempt.asked(), context_of(attempt, context)
    found = backend.look_up(command, then)
    if found is not None:
        ledger.end(attempt, End(State.DONE, found, by=by), moment(context))
    else:
        settled_at = attempt.deadline_at + timedelta(seconds=backend.config.settle_seconds)
        if ledger.clock() >= settled_at:
            _send_again(backend, attempt, command, then, context, by, State.UNKNOWN)
    return ledger.find(attempt.reference) or attempt


def _send_again(  # noqa: PLR0913 - one try, and what follows when it is none
    backend: RemoteBackend,
    attempt: Attempt,
    command: Command,
    then: Context,
    context: Context,
    by: str,
    unsent: State,
) -> AdapterError | None:
    """Send an attempt unless another process is at it; return the error it ended with."""
    taken = backend.ledger.take(attempt, backend.config.deadline_seconds)
    if taken is None:
        return None
    try:
        backend.carry_out(taken, command, then, unsent=unsent, by=by, now=lambda: moment(context))
    except AdapterError as error:
        return error
    return None


@dataclass(slots=True)
class _Wait:
    until: datetime
    pause: timedelta


class Tender:
    """Looks after one backend's attempts, pass by pass; any number may do so in any processes.

    `contexts` makes the circumstances of one step, by the account's clock.
    """

    def __init__(self, backend: RemoteBackend, contexts: Callable[[], Context]) -> None:
        self._backend = backend
        self._contexts = contexts
        self._waits: dict[str, _Wait] = {}
        # What was said of queued attempts that wait, so that it is said once.
        self._told: dict[str, str] = {}

    def tend(self) -> Iterator[Attempt]:
        """Resolve what can be, then send what is queued; yield each attempt that was touched.

        A queued one that waits for another is yielded once, as `Waiting`. Nothing is sent, first
        or again, while the store is on hold.
        """
        backend = self._backend
        if backend.ledger.is_held():
            return
        backend.ledger.expire(self._contexts().now)
        unknown = backend.ledger.listed((State.UNKNOWN,), backend.name, provable=True)
        self._waits = {
            each.reference: self._waits[each.reference]
            for each in unknown
            if each.reference in self._waits
        }
        for attempt in unknown:
            if self._is_waiting(attempt):
                continue
            try:
                after = resolve(backend, attempt, self._contexts())
            except (NotSent, TooManyRequests):
                return  # it cannot be asked now: whoever comes next would wait in vain too
            except AdapterError:
                after = attempt
            if after.state is State.UNKNOWN:
                self._wait(attempt)
            yield after
        yield from self._deliver()

    def _deliver(self) -> Iterator[Attempt]:
        """Send queued commands; one waits while an earlier one about its record has not ended."""
        backend = self._backend
        if not backend.ledger.listed((State.QUEUED,), backend.name, limit=1):
            return
        queue = Queue()
        for attempt in backend.ledger.listed(_UNENDED, backend.name):
            with suppress(AdapterError):
                command = attempt.asked()
                waits_for = queue.join(attempt, command)
                if attempt.state is not State.QUEUED:
                    continue
                if waits_for:
                    if self._told.get(attempt.reference) != waits_for:
                        self._told[attempt.reference] = waits_for
                        yield _waiting(attempt, waits_for)
                    continue
                context = self._contexts()
                then = context_of(attempt, context)
                error = _send_again(backend, attempt, command, then, context, WORKER, State.QUEUED)
                if isinstance(error, NotSent | TooManyRequests):
                    return
                self._told.pop(attempt.reference, None)
                after = backend.ledger.find(attempt.reference) or attempt
                if after.state not in _UNENDED:
                    queue.leave(attempt)
                yield after

    def _is_waiting(self, attempt: Attempt) -> bool:
        wait = self._waits.get(attempt.reference)
        return wait is not None and self._backend.ledger.clock() < wait.until

    def _wait(self, attempt: Attempt) -> None:
        before = self._waits.get(attempt.reference)
        pause = _FIRST_WAIT if before is None else min(before.pause * 2, _LONGEST_WAIT)
        self._waits[attempt.reference] = _Wait(self._backend.ledger.clock() + pause, pause)


class Queue:
    """Who waits for whom at one backend; attempts join in the order in which they began."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, int], str] = {}

    def join(self, attempt: Attempt, command: Command) -> str:
        """Return the reference of the earliest attempt about the same record, blank for none."""
        record = sorted(record_of(command))
        ahead = next((self._first[each] for each in record if each in self._first), "")
        for each in record:
            self._first.setdefault(each, ahead or attempt.reference)
        return ahead

    def leave(self, attempt: Attempt) -> None:
        """Let nobody wait for an attempt that has ended."""
        self._first = {
            record: first for record, first in self._first.items() if first != attempt.reference
        }


def with_waiting(ledger: Ledger, attempts: Iterable[Attempt]) -> Iterator[Attempt]:
    """Yield attempts, those that are queued behind another one as `Waiting`."""
    queues: dict[str, Queue] = {}
    ahead: dict[str, str] = {}
    for each in ledger.listed(_UNENDED):
        with suppress(AdapterError):
            queue = queues.setdefault(each.backend, Queue())
            ahead[each.reference] = queue.join(each, each.asked())
    for each in attempts:
        waits_for = ahead.get(each.reference, "") if each.state is State.QUEUED else ""
        yield _waiting(each, waits_for) if waits_for else each


def _waiting(attempt: Attempt, waits_for: str) -> Waiting:
    values = {each.name: getattr(attempt, each.name) for each in fields(attempt)}
    return Waiting(**values, waits_for=waits_for)


def record_of(command: Command) -> frozenset[tuple[str, int]]:
    """Return what names the records that a command is about."""
    named = ((each.name, getattr(command, each.name)) for each in fields(command))
    return frozenset(
        (name, value) for name, value in named if name.endswith(_RECORD) and type(value) is int
    )

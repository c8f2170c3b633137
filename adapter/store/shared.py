"""Writes of several threads in one transaction: one way to the disk for all who wait.

Whoever comes first leads: it waits for the right to write, then carries out everything that has
gathered by then, each work behind a savepoint of its own, and commits for all. Nobody gets an
answer before that commit, and what one work raises undoes that work alone.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Generic, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from adapter.errors import OutcomeUnknown, StoreUnavailable
from adapter.store.prepared import Prepared


class Transaction(Protocol):
    """What works write through."""

    connection: Connection


T = TypeVar("T")
TransactionT = TypeVar("TransactionT", bound=Transaction)

# A transaction stays short, for those in other processes and for runs.
_AT_ONCE: Final = 16

_SAVEPOINT: Final = Prepared(sa.text("SAVEPOINT work"))
_ROLL_BACK: Final = Prepared(sa.text("ROLLBACK TO work"))
_RELEASE: Final = Prepared(sa.text("RELEASE work"))


class _Job:
    """One thread's work, and how it ended. `again`: not at all, by no fault of this one."""

    __slots__ = ("_call", "again", "error", "leads", "result", "work")

    def __init__(self, work: Callable[[Any], Any]) -> None:
        self.work = work
        self.result: Any = None
        self.error: BaseException | None = None
        self.again = False
        self.leads = False
        self._call = threading.Lock()
        self._call.acquire()

    def wait(self, seconds: float = -1) -> bool:
        """Wait until called, to take the result or to lead; False when it takes too long."""
        return self._call.acquire(timeout=seconds)

    def call(self) -> None:
        """Call the waiting thread."""
        self._call.release()


class SharedWrites(Generic[TransactionT]):
    """The works of one process's threads on a database that has one writer at a time.

    `write` begins a transaction and commits at its end; `wait_seconds` bounds how long a work
    waits for another thread to begin.
    """

    def __init__(
        self, write: Callable[[], AbstractContextManager[TransactionT]], wait_seconds: float
    ) -> None:
        self._write = write
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._waiting: deque[_Job] = deque()
        self._has_leader = False

    @property
    def waiting(self) -> int:
        """How many works have not begun."""
        return len(self._waiting)

    def execute(self, work: Callable[[TransactionT], T]) -> T:
        """Return what `work` answers once it is committed; raises what it raises, undone.

        A work may be carried out more than once, of which one is kept: it changes nothing but
        what it writes. Raises `StoreUnavailable` when its turn does not come.
        """
        job = _Job(work)
        with self._lock:
            job.leads = not self._has_leader
            self._has_leader = True
            self._waiting.append(job)
        if not job.leads:
            self._await(job)
        if job.leads:
            self._lead(job)
        if job.again:
            with self._write() as uow:
                return work(uow)
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _await(self, job: _Job) -> None:
        if job.wait(self._wait_seconds):
            return
        with self._lock:
            if job in self._waiting and not job.leads:
                self._waiting.remove(job)
                raise StoreUnavailable
        # Just taken by the leader, or called to lead.
        job.wait()

    def _lead(self, own: _Job) -> None:
        """Carry out the first of those who wait, `own` among them, and call another to lead."""
        jobs: list[_Job] = []
        carried_out = False
        try:
            with self._write() as uow:
                jobs = self._taken()
                if len(jobs) == 1:
                    own.result = own.work(uow)
                else:
                    for job in jobs:
                        _carry_out(uow, job)
                carried_out = True
        except BaseException as error:  # noqa: BLE001 - raised again in the thread whose it is
            _note_failure(jobs, own, error, carried_out=carried_out)
        finally:
            self._pass_on(own)
            for job in jobs:
                if job is not own:
                    job.call()

    def _taken(self) -> list[_Job]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]

    def _pass_on(self, own: _Job) -> None:
        with self._lock:
            if self._waiting and self._waiting[0] is own:  # it never got to the database
                self._waiting.popleft()
            self._has_leader = bool(self._waiting)
            if self._has_leader:
                self._waiting[0].leads = True
                self._waiting[0].call()


def _carry_out(uow: Transaction, job: _Job) -> None:
    """Carry out one of several works; one that fails leaves nothing, the others stay."""
    _SAVEPOINT.run(uow.connection, {})
    try:
        job.result = job.work(uow)
    except Exception as error:  # noqa: BLE001 - handed to the thread whose work it is
        job.error = error
        # Raises where the database has given up the whole transaction (a full disk).
        _ROLL_BACK.run(uow.connection, {})
    _RELEASE.run(uow.connection, {})


def _note_failure(jobs: list[_Job], own: _Job, error: BaseException, *, carried_out: bool) -> None:
    """Say of each job what the failure of the common transaction means for it."""
    is_undone = not carried_out or (
        isinstance(error, StoreUnavailable) and not isinstance(error, OutcomeUnknown)
    )
    for job in jobs:
        job.error = None if is_undone else OutcomeUnknown()
        job.again = is_undone
    if len(jobs) < 2 or not isinstance(error, Exception):  # noqa: PLR2004
        own.error, own.again = error, False

"""Works of several threads in one transaction: each with its own end, and none without commit."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from adapter.errors import OutcomeUnknown, StoreUnavailable
from adapter.store import faults, tables
from adapter.store.config import StoreConfig
from adapter.store.faults import Point
from adapter.store.shared import SharedWrites
from adapter.store.unit_of_work import ORDER_NUMBER, Store, UnitOfWork

THREADS = 5


class Gathered:
    """Works that wait together for one transaction, and what came of them."""

    def __init__(self, store: Store, wait_seconds: float = 10.0) -> None:
        self.transactions = 0
        self.may_begin = threading.Event()
        self._store = store
        self.shared: SharedWrites[UnitOfWork] = SharedWrites(self._write, wait_seconds)

    @contextmanager
    def _write(self) -> Iterator[UnitOfWork]:
        assert self.may_begin.wait(30)
        self.transactions += 1
        with self._store.write() as uow:
            yield uow

    def run(self, *works: Callable[[UnitOfWork], Any]) -> list[Future[Any]]:
        """Let all of them wait, then begin; return how each ended."""
        with ThreadPoolExecutor(len(works)) as threads:
            ends = []
            for number, work in enumerate(works, 1):
                ends.append(threads.submit(self.shared.execute, work))
                self.await_waiting(number)
            self.may_begin.set()
        return ends

    def await_waiting(self, count: int) -> None:
        """Return once so many wait."""
        until = time.monotonic() + 30
        while self.shared.waiting < count:
            assert time.monotonic() < until
            threading.Event().wait(0.001)


@pytest.fixture
def engine() -> str:
    """Only SQLite has one writer at a time."""
    return "sqlite"


@pytest.fixture
def gathered(store: Store) -> Gathered:
    return Gathered(store)


@pytest.fixture
def fault() -> Iterator[Callable[[Point, BaseException], None]]:
    """Let the first transaction that gets to a point fail there."""

    def install(point: Point, error: BaseException) -> None:
        left = [error]

        def hook(reached: Point) -> None:
            if reached is point and left:
                raise left.pop()

        faults.install(hook)

    yield install
    faults.install(None)


def _take(uow: UnitOfWork) -> int:
    return uow.take(ORDER_NUMBER)


def _fail(uow: UnitOfWork) -> int:
    uow.insert(tables.tlds, tld=f"fails{uow.take(ORDER_NUMBER)}")
    raise LookupError("no such thing")


def _next(store: Store) -> int:
    with store.write(keep=False) as uow:
        return uow.take(ORDER_NUMBER)


def test_all_who_wait_are_committed_together_each_with_its_answer(
    gathered: Gathered, store: Store
) -> None:
    ends = gathered.run(*[_take] * THREADS)
    assert [end.result() for end in ends] == [1, 2, 3, 4, 5]
    assert gathered.transactions == 1
    assert _next(store) == 6


def test_nobody_is_answered_before_the_commit(
    gathered: Gathered, store: Store, fault: Callable[..., None]
) -> None:
    seen: list[int] = []

    def look(point: Point) -> None:
        if point is Point.BEFORE_COMMIT:
            seen.append(sum(end.done() for end in ends))

    ends: list[Future[int]] = []
    with ThreadPoolExecutor(THREADS) as threads:
        for number in range(THREADS):
            ends.append(threads.submit(gathered.shared.execute, _take))
            gathered.await_waiting(number + 1)
        faults.install(look)
        gathered.may_begin.set()
    faults.install(None)
    assert seen == [0]
    assert _next(store) == THREADS + 1


def test_what_one_raises_undoes_that_one_alone(gathered: Gathered, store: Store) -> None:
    first, failed, *others = gathered.run(_take, _fail, _take, _take)
    assert first.result() == 1
    with pytest.raises(LookupError, match="no such thing"):
        failed.result()
    # The number it had taken is given to the next.
    assert [end.result() for end in others] == [2, 3]
    assert gathered.transactions == 1
    with store.read() as uow:
        assert uow.execute(tables.tlds.select()).all() == []


def test_the_leader_may_fail_and_the_others_stay(gathered: Gathered) -> None:
    failed, *others = gathered.run(_fail, _take, _take)
    assert isinstance(failed.exception(), LookupError)
    assert [end.result() for end in others] == [1, 2]


def test_a_work_alone_is_undone_without_a_savepoint(gathered: Gathered, store: Store) -> None:
    (failed,) = gathered.run(_fail)
    assert isinstance(failed.exception(), LookupError)
    assert _next(store) == 1


def test_where_the_common_commit_fails_each_goes_by_itself(
    gathered: Gathered, store: Store, fault: Callable[..., None]
) -> None:
    fault(Point.BEFORE_COMMIT, StoreUnavailable())
    ends = gathered.run(*[_take] * 3)
    assert sorted(end.result() for end in ends) == [1, 2, 3]
    assert gathered.transactions == 1 + 3
    assert _next(store) == 4


def test_what_may_be_committed_is_not_done_again(
    gathered: Gathered, store: Store, fault: Callable[..., None]
) -> None:
    fault(Point.AFTER_COMMIT, RuntimeError("a defect"))
    ends = gathered.run(*[_take] * 3)
    assert [type(end.exception()) for end in ends] == [OutcomeUnknown] * 3
    assert gathered.transactions == 1
    assert _next(store) == 4


def test_one_who_waits_too_long_is_told_and_his_work_is_not_done(store: Store) -> None:
    gathered = Gathered(store, wait_seconds=0.05)
    with ThreadPoolExecutor(2) as threads:
        leader = threads.submit(gathered.shared.execute, _take)
        gathered.await_waiting(1)
        late = threads.submit(gathered.shared.execute, _take)
        with pytest.raises(StoreUnavailable):
            late.result(30)
        gathered.may_begin.set()
    assert leader.result() == 1
    assert _next(store) == 2


def test_when_the_store_is_busy_the_next_one_leads(database_url: str, store: Store) -> None:
    busy = Store(StoreConfig(database_url, write_wait_seconds=0.05))
    with store.write(), ThreadPoolExecutor(2) as threads:
        ends = [threads.submit(busy.write_shared, _take) for _ in range(2)]
        assert [type(end.exception(30)) for end in ends] == [StoreUnavailable] * 2
    assert busy.write_shared(_take) == 1
    busy.close()


def test_threads_without_end_leave_no_gap(store: Store) -> None:
    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(lambda _: store.write_shared(_take), range(200)))
    assert sorted(numbers) == list(range(1, 201))
    assert _next(store) == 201

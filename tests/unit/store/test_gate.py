"""The queue of writers to a SQLite file: everybody's turn comes, and nobody dead is waited for."""

import fcntl
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from adapter.errors import StoreUnavailable
from adapter.store.sqlite import WriteGate

PAGE_SECONDS = 0.1
WRITES = 5
# Its own page, and one that began before the turnstile was closed.
MOST_TURNS = 2


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "adapter.db"


def _turns_of_a_run(database: Path, has_begun: Any, is_over: Any, turns: Any) -> None:
    """Take the lock again at once after each page, as a run does."""
    gate = WriteGate(database, 10.0)
    _pages(gate, has_begun, is_over, turns)


def _pages(gate: WriteGate, has_begun: Any, is_over: Any, turns: Any) -> None:
    while not is_over.is_set():
        with gate.hold():
            turns.value += 1
            has_begun.set()
            time.sleep(PAGE_SECONDS)


def _waits(gate: WriteGate, turns: Any) -> Iterator[int]:
    """Write now and then; yield how many pages each had to wait for."""
    for _ in range(WRITES):
        before = turns.value
        with gate.hold():
            yield turns.value - before


def test_a_run_in_another_process_does_not_keep_others_out(database: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    has_begun, is_over = processes.Event(), processes.Event()
    turns = processes.Value("i", 0)
    run = processes.Process(
        target=_turns_of_a_run, args=(database, has_begun, is_over, turns), daemon=True
    )
    run.start()
    assert has_begun.wait(30)
    try:
        waits = list(_waits(WriteGate(database, 10.0), turns))
    finally:
        is_over.set()
        run.join(30)
    assert max(waits) <= MOST_TURNS


def test_a_run_in_this_process_does_not_keep_others_out(database: Path) -> None:
    gate = WriteGate(database, 10.0)
    has_begun, is_over = threading.Event(), threading.Event()
    turns = multiprocessing.Value("i", 0)
    run = threading.Thread(target=_pages, args=(gate, has_begun, is_over, turns))
    run.start()
    assert has_begun.wait(30)
    try:
        waits = list(_waits(gate, turns))
    finally:
        is_over.set()
        run.join(30)
    assert max(waits) <= MOST_TURNS


@pytest.mark.parametrize("where", ["thread", "process"])
def test_one_who_waits_too_long_is_told(database: Path, where: str) -> None:
    holder = WriteGate(database, 0.02)
    waiter = holder if where == "thread" else WriteGate(database, 0.02)
    answers: list[BaseException] = []

    def write() -> None:
        try:
            with waiter.hold():
                pass
        except StoreUnavailable as error:
            answers.append(error)

    with holder.hold():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(30)
    assert [type(error) for error in answers] == [StoreUnavailable]
    with waiter.hold(), pytest.raises(BlockingIOError):
        _lock_anew(database)
    _lock_anew(database)


def _lock_anew(database: Path) -> None:
    """Take and drop the lock by a descriptor of our own; raises where it is held."""
    descriptor = os.open(database.with_name("adapter.db.lock"), os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)


def _hold_for_ever(database: Path, holds: Any) -> None:
    with WriteGate(database, 10.0).hold():
        holds.set()
        signal.pause()


def test_the_lock_of_a_killed_process_is_free(database: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    holds = processes.Event()
    process = processes.Process(target=_hold_for_ever, args=(database, holds), daemon=True)
    process.start()
    assert holds.wait(30)
    process.kill()
    process.join(30)
    with WriteGate(database, 1.0).hold():
        pass


def test_a_forked_child_holds_nothing_of_its_parent(database: Path) -> None:
    gate = WriteGate(database, 0.02)
    with gate.hold():
        child = os.fork()
        if child == 0:
            # Neither the parent's right to write, nor its threads' locks, nor its descriptors.
            try:
                with gate.hold():
                    os._exit(1)
            except StoreUnavailable:
                os._exit(0)
            os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        with pytest.raises(BlockingIOError):
            _lock_anew(database)


def test_a_lock_is_not_kept_by_the_children_of_one_who_died(database: Path) -> None:
    holder = os.fork()
    if holder == 0:
        gate = WriteGate(database, 1.0)
        with gate.hold():
            if os.fork() == 0:
                signal.alarm(20)
                signal.pause()
            os._exit(0)
    os.waitpid(holder, 0)
    with WriteGate(database, 1.0).hold():
        pass

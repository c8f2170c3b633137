import threading
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.errors import StoreUnavailable
from adapter.store import tables
from adapter.store.direct import DirectReads

COUNTERS = tables.counters.c
NEXT = sa.select(COUNTERS.next_value).where(COUNTERS.name == sa.bindparam("name"))


@pytest.fixture
def reads(store) -> Any:
    return store.direct


def test_a_question_is_answered_with_its_first_row(store, reads):
    question = reads.prepare(NEXT)
    assert question.ask({"name": "run_id"}) == (1,)
    assert question.ask({"name": "no such counter"}) is None


def test_values_are_written_as_their_types_say(reads):
    on = sa.bindparam("on", type_=sa.Date)
    question = reads.prepare(sa.select(on, sa.bindparam("constant", 7)))
    on_text, constant = question.ask({"on": date(2026, 3, 2)}) or (None, None)
    assert (str(on_text), constant) == ("2026-03-02", 7)


def test_what_is_committed_elsewhere_is_seen_at_once(store, reads):
    question = reads.prepare(NEXT)
    for expected in (1, 2, 3):
        assert question.ask({"name": "run_id"}) == (expected,)
        with store.write() as uow:
            uow.take("run_id")


def test_kept_connections_are_few_used_again_and_closed_with_the_engine(store, reads):
    question = reads.prepare(NEXT)
    for _ in range(5):
        question.ask({"name": "run_id"})
    assert len(reads._idle) == 1
    store.close()
    assert reads._idle == []
    assert question.ask({"name": "run_id"}) == (1,)


def test_threads_share_what_is_kept_and_leave_the_pool_its_half(store, reads):
    question = reads.prepare(NEXT)
    answers: list[Any] = []

    def ask() -> None:
        answers.extend(question.ask({"name": "run_id"}) for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [(1,)] * 600
    assert len(reads._idle) <= store.config.pool_size // 2


def test_a_connection_that_broke_while_it_was_kept_is_replaced(reads):
    question = reads.prepare(NEXT)
    question.ask({"name": "run_id"})

    gone = reads._broken[0]("gone")

    class Broken:
        connection = property(lambda _: (_ for _ in ()).throw(gone))

        def invalidate(self) -> None:
            pass

        def close(self) -> None:
            pass

    reads._idle.append(Broken())
    assert question.ask({"name": "run_id"}) == (1,)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_store_that_cannot_answer_is_unavailable(store, reads):
    question = reads.prepare(NEXT)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE counters")
    with pytest.raises(StoreUnavailable):
        question.ask({"name": "run_id"})


def test_only_statements_can_be_prepared(store):
    with pytest.raises(TypeError, match="only a SELECT"):
        DirectReads(store.engine).prepare(sa.schema.CreateTable(tables.counters))

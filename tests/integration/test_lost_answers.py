"""A backend that does what it is told and loses every fifth answer: nothing is doubled or lost."""

import itertools
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapter.backends.base import Proof
from adapter.backends.remote import RemoteBackend
from adapter.backends.resolving import Tender
from adapter.store.attempts import State
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.books import DIALECTS, Books
from tests.contexts import context_on
from tests.databases import ON_A_SERVER, SERVERS, new_sqlite
from tests.faults_proxy import Fault, FaultProxy
from tests.forwarding_process import SECONDS, TODAY, deed_of, make_calls, remote

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]

KILLS = 10
PATIENCE_SECONDS = 120.0


def a_tenth_each(calls: int) -> Iterator[Fault]:
    """Yield the fate of each request: a tenth dropped, a tenth late, in an order of its own."""
    plan = [Fault.CLOSED_AFTER, Fault.LATE, *[Fault.NONE] * 8] * (calls // 10)
    random.Random(4711).shuffle(plan)  # noqa: S311 - an order, no secret
    return itertools.chain(plan, itertools.repeat(Fault.NONE))


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    return str(getattr(request, "param", "sqlite"))


@pytest.fixture
def database(engine, tmp_path, databases) -> str:
    return new_sqlite(tmp_path) if engine == "sqlite" else str(databases.url(engine))


@pytest.fixture
def store(database) -> Iterator[Store]:
    made = Store(StoreConfig(database))
    yield made
    made.close()


def later() -> datetime:
    """Return a time at which every deadline has passed."""
    return datetime.now(UTC) + timedelta(minutes=1)


def check(backend: RemoteBackend, books: Books, proof: Proof, calls: int) -> None:
    """Make one pass, then count."""
    before = len(books.documents)
    list(Tender(backend, lambda: context_on(TODAY, "worker")).tend())
    attempts = [each for each in backend.ledger.listed() if each.state is not State.NOT_SENT]
    written = [each.reference for each in books.documents]
    assert [each.reference for each in attempts if each.state is State.OPEN] == []
    assert len({deed_of(each) for each in attempts}) == len(attempts) == calls
    assert len(set(written)) == len({each.words for each in books.documents}) == len(written)
    unknown = {each.reference for each in attempts if each.state is State.UNKNOWN}
    done = {each.reference for each in attempts if each.state is State.DONE}
    if proof is Proof.NONE:
        # Each lost answer waits for the operator, and nothing else does.
        assert len(written) == before
        assert done | unknown == {each.reference for each in attempts}
        assert unknown
        assert done <= set(written) <= done | unknown
    else:
        assert unknown == set()
        assert len(written) == calls
        assert done == set(written)
        made = {each.document_id: each.reference for each in books.documents}
        for each in attempts:
            assert made[each.result["fields"]["billable_item_id"]] == each.reference


def lose_a_fifth(store: Store, proof: Proof, calls: int) -> None:
    books, dialect = Books(), DIALECTS["form-post"]
    with FaultProxy(
        lambda seen: dialect.answer(books, seen), a_tenth_each(calls), late_seconds=SECONDS * 2
    ) as proxy:
        make_calls(remote(store, proxy.url, dialect.name, proof), calls)
        backend = remote(store, proxy.url, dialect.name, proof, later)
        lost = [each for each in backend.ledger.listed() if each.state is State.UNKNOWN]
        assert len(lost) >= calls // 5
        assert len(books.documents) == calls
        check(backend, books, proof, calls)


@pytest.mark.parametrize("proof", list(Proof))
def test_a_backend_that_loses_a_fifth_of_its_answers_doubles_nothing(store, proof):
    lose_a_fifth(store, proof, 50)


@pytest.mark.slow
@pytest.mark.parametrize("proof", list(Proof))
def test_a_thousand_calls_of_which_a_fifth_is_lost_make_a_thousand_documents(store, proof):
    lose_a_fifth(store, proof, 1000)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "proof"),
    [
        *(("sqlite", each) for each in Proof),
        *(pytest.param(name, Proof.REFERENCE, marks=ON_A_SERVER) for name in SERVERS),
    ],
    indirect=["engine"],
)
def test_a_gateway_killed_ten_times_meanwhile_doubles_and_loses_nothing(database, store, proof):
    calls, books, dialect = 1000, Books(), DIALECTS["form-post"]
    root = Path(__file__).parents[2]
    with FaultProxy(
        lambda seen: dialect.answer(books, seen), a_tenth_each(calls), late_seconds=SECONDS * 2
    ) as proxy:
        command = ["-m", "tests.forwarding_process", database, proxy.url, dialect.name]

        def start() -> subprocess.Popen[bytes]:
            arguments = [sys.executable, *command, proof.value, str(calls)]
            return subprocess.Popen(arguments, cwd=root)  # noqa: S603 - our own module

        for kill in range(1, KILLS + 1):
            process = start()
            until = time.monotonic() + PATIENCE_SECONDS
            while len(books.documents) < kill * calls // (KILLS + 1):
                assert process.poll() is None, "it ended by itself"
                assert time.monotonic() < until
                time.sleep(0.001)
            process.kill()
            assert process.wait(PATIENCE_SECONDS) == -9
        assert start().wait(PATIENCE_SECONDS) == 0
        proxy.plan = iter(())
        check(remote(store, proxy.url, dialect.name, proof, later), books, proof, calls)

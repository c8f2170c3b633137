"""A gateway that forwards, killed ten times while its callers give up and never ask again."""

import itertools
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from adapter.assemble import account_tenders, open_workplace
from adapter.backends.base import Proof
from adapter.commands.model import CreateBillableItem
from adapter.settings import load_settings
from adapter.store.attempts import Attempt, State
from tests.books import Books
from tests.databases import ON_A_SERVER, SERVERS, Databases
from tests.faults_proxy import Fault, FaultProxy
from tests.integration.conftest import FORM_PATH, Gateway, OpenGateway
from tests.integration.test_lost_answers import KILLS, PATIENCE_SECONDS, a_tenth_each
from tests.mapped_books import answer, mapping_of

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CALLS = 1000
CALLERS = 8
# A caller waits a little less than the gateway, which waits less than a late answer takes.
CALLER_SECONDS = 0.5
DEADLINE_SECONDS = 0.6
LATE_SECONDS = 1.2
SETTLE = timedelta(seconds=1)
PREFIX = "ADAPTER_ACCOUNTS_MAIN_"


@dataclass
class Callers:
    """PHP pages: each makes a call on a connection of its own, waits so long, and is gone.

    `told` are the replies by the words of the call; None for a page that got none.
    """

    gateway: Gateway
    told: dict[str, str | None] = field(default_factory=dict)
    open: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def call(self) -> None:
        """Make one call, when there is somebody to call."""
        assert self.open.wait(PATIENCE_SECONDS)
        words = f"Hosting {next(self.numbers)}"
        self.told[words] = None
        sent = {
            "action": "AddBillableItem",
            "identifier": self.gateway.identifier,
            "secret": self.gateway.secret,
            "clientid": "7",
            "description": words,
            "amount": "10.00",
            "unit": "quantity",
            "responsetype": "json",
        }
        try:
            reply = requests.post(self.gateway.url + FORM_PATH, sent, timeout=CALLER_SECONDS)
            self.told[words] = json.loads(reply.content)["result"]
        except (requests.RequestException, ValueError):
            return  # it is not made again

    def make(self, calls: int) -> None:
        """Make so many calls, a few at a time."""
        with ThreadPoolExecutor(CALLERS) as threads:
            for done in [threads.submit(self.call) for _ in range(calls)]:
                done.result()


def environ(engine: str, databases: Databases, mapping: Path, url: str) -> dict[str, str]:
    """Return the settings of a gateway that sends everything to the books."""
    backend = {
        "KIND": "mapped",
        "MAPPING": str(mapping),
        "URL": url,
        "DEADLINE_SECONDS": str(DEADLINE_SECONDS),
        "READ_SECONDS": str(DEADLINE_SECONDS),
        "CONNECT_SECONDS": str(DEADLINE_SECONDS),
        "SETTLE_SECONDS": str(SETTLE.total_seconds()),
        # Each fifth call fails here, whatever happens.
        "BREAKER_FAILURES": "1000000",
    }
    there = {f"{PREFIX}BACKENDS_BOOKS_{name}": value for name, value in backend.items()}
    there[f"{PREFIX}ROUTES_DEFAULT"] = "books"
    if engine != "sqlite":
        there["ADAPTER_DATABASE_URL"] = databases.url(engine)
        there["ADAPTER_ACCESS_SERVER_KEY"] = "0123456789abcdef" * 4
    return there


def words_of(attempt: Attempt) -> str:
    command = attempt.asked()
    assert isinstance(command, CreateBillableItem)
    return command.description


def begun(gateway: Gateway) -> tuple[Attempt, ...]:
    """Return every attempt of which something may have arrived."""
    place = open_workplace(load_settings(gateway.environ), "main")
    attempts = place.ledger.listed()
    place.leave()
    place.store.close()
    return tuple(each for each in attempts if each.state is not State.NOT_SENT)


def one_pass(gateway: Gateway) -> None:
    """Do what the worker does, once."""
    place = open_workplace(load_settings(gateway.environ), "main")
    (tender,) = account_tenders(place)
    until = time.monotonic() + PATIENCE_SECONDS
    ledger = place.ledger
    unended = ledger.listed((State.OPEN, State.UNKNOWN))
    while any(each.deadline_at + SETTLE > ledger.clock() for each in unended):
        assert time.monotonic() < until
        time.sleep(0.05)
    list(tender.tender.tend())
    place.leave()
    place.store.close()


@pytest.mark.parametrize(
    ("engine", "proof", "calls", "kills"),
    [
        ("sqlite", Proof.REFERENCE, CALLS, KILLS),
        # By another proof only the looking up differs, which `test_lost_answers.py` tries in full.
        *(("sqlite", each, 120, 2) for each in (Proof.NATURAL, Proof.NONE)),
        *(pytest.param(name, Proof.REFERENCE, 120, 2, marks=ON_A_SERVER) for name in SERVERS),
    ],
)
def test_a_server_killed_again_and_again_meanwhile_doubles_and_loses_nothing(
    open_gateway: OpenGateway,
    databases: Databases,
    tmp_path: Path,
    engine: str,
    proof: Proof,
    calls: int,
    kills: int,
):
    mapping = tmp_path / "books.yaml"
    mapping.write_text(mapping_of(proof), encoding="utf-8")
    books = Books()
    plan = a_tenth_each(calls)
    with FaultProxy(lambda seen: answer(books, seen), plan, late_seconds=LATE_SECONDS) as proxy:
        gateway = open_gateway(**environ(engine, databases, mapping, proxy.url))
        callers = Callers(gateway)
        callers.open.set()
        with ThreadPoolExecutor(1) as thread:
            made = thread.submit(callers.make, calls)
            for kill in range(1, kills + 1):
                until = time.monotonic() + PATIENCE_SECONDS
                while len(books.documents) < kill * calls // (kills + 2):
                    assert not made.done()
                    assert time.monotonic() < until
                    time.sleep(0.005)
                callers.open.clear()
                gateway.kill()
                gateway.start()
                callers.open.set()
            made.result()
        # Calls that died before the gateway noted them reached nobody: others come instead.
        while missing := calls - len(begun(gateway)):
            callers.make(missing)
        gateway.stop()
        proxy.plan = itertools.repeat(Fault.NONE)
        before = len(books.documents)
        one_pass(gateway)

        attempts = begun(gateway)
        written = [each.words for each in books.documents]
        assert len({words_of(each) for each in attempts}) == len(attempts) == calls
        assert len(set(written)) == len(written)
        assert [each.state for each in attempts if each.state is State.OPEN] == []
        unknown = {words_of(each) for each in attempts if each.state is State.UNKNOWN}
        done = {words_of(each) for each in attempts if each.state is State.DONE}
        told = {words for words, reply in callers.told.items() if reply == "success"}
        assert told <= done <= set(written)
        assert len(told) < calls - calls // 10
        if proof is Proof.NONE:
            assert len(written) == before
            assert set(written) <= done | unknown
            assert len(done | unknown) == calls
            assert len(unknown) >= calls // 10
        else:
            assert unknown == set()
            assert len(written) == calls
            assert done == set(written)

"""Repeats before a backend elsewhere and its ledger of attempts, on every engine."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapter.backends.base import Proof
from adapter.backends.remote import Accept, RemoteBackend, RemoteConfig
from adapter.bridge.idempotency import Idempotency, IdempotencyConfig
from adapter.commands.model import CreateBillableItem, RecordPayment
from adapter.commands.results import BillableItemCreated, PaymentRecorded
from adapter.errors import NotSent, OutcomeLost, Rejected
from adapter.store.attempts import End, Ledger, State
from tests.databases import EVERY_ENGINE

ITEM = CreateBillableItem(1, "Work", Decimal("10.00"))
CALLERS = 50


@pytest.fixture(params=EVERY_ENGINE)
def engine(request):
    return request.param


class Connector:
    name = "other"

    def __init__(self):
        self.sent = []
        self.error = None
        self.gate = threading.Event()
        self.gate.set()

    def proof(self, command):
        return Proof.NONE

    def send(self, command, context, deadline):
        self.sent.append(context.reference)
        self.gate.wait(20)
        if self.error is not None:
            raise self.error
        return BillableItemCreated(len(self.sent))

    def look_up(self, command, context, deadline):
        raise NotSent("no")


@pytest.fixture
def elsewhere():
    return Connector()


@pytest.fixture
def ledger(store):
    return Ledger(store, lambda: datetime.now(UTC))


@pytest.fixture
def ask(store, ledger, elsewhere):
    return asking(store, ledger, elsewhere)


def asking(store, ledger, elsewhere, pause=time.sleep, **config):
    backend = RemoteBackend(elsewhere, ledger, RemoteConfig(tries=1), pause=lambda _: None)
    once = Idempotency(
        store, IdempotencyConfig(**config), clock=lambda: datetime.now(UTC), pause=pause
    )
    return lambda command, context, key=None, b=None: once.execute(
        b or backend, command, context, key
    )


@pytest.mark.parametrize("key", [None, "k"])
def test_many_equal_calls_at_once_are_one_attempt(ask, ledger, elsewhere, context, key):
    contexts = [context() for _ in range(CALLERS)]
    together = threading.Barrier(CALLERS)

    def call(each):
        together.wait(30)
        return ask(ITEM, each, key)

    with ThreadPoolExecutor(CALLERS) as threads:
        replies = set(threads.map(call, contexts))
    assert replies == {BillableItemCreated(1)}
    (attempt,) = ledger.listed()
    assert (attempt.state, attempt.sends, attempt.backend) == (State.DONE, 1, "other")


def test_what_is_unknown_is_joined_and_answered_once_resolved(ask, ledger, elsewhere, context):
    elsewhere.error = OutcomeLost("x", "reset")
    first = context()
    for each in (first, context(), context()):
        with pytest.raises(OutcomeLost) as lost:
            ask(ITEM, each)
        assert lost.value.reference == first.reference
    (attempt,) = ledger.listed()
    assert attempt.state is State.UNKNOWN
    ledger.end(attempt, End(State.DONE, BillableItemCreated(9), by="tests"), first.now)
    assert ask(ITEM, context()) == BillableItemCreated(9)
    assert len(elsewhere.sent) == 1


@pytest.mark.parametrize("error", [None, OutcomeLost("x", "reset")])
def test_without_a_window_equal_calls_at_once_are_one_all_the_same(
    store, ledger, elsewhere, context, error
):
    elsewhere.gate.clear()
    elsewhere.error = error
    joined = threading.Semaphore(0)

    def pause(_):
        joined.release()
        time.sleep(0.005)

    ask = asking(store, ledger, elsewhere, pause=pause, backend_window_seconds=0)
    contexts = [context() for _ in range(6)]

    def call(each):
        try:
            return ask(ITEM, each)
        except OutcomeLost as lost:
            return lost.reference

    with ThreadPoolExecutor(6) as threads:
        calls = [threads.submit(call, each) for each in contexts]
        for _ in range(60):
            assert joined.acquire(timeout=20)
        elsewhere.gate.set()
        replies = {each.result(20) for each in calls}
    assert len(elsewhere.sent) == 1
    assert replies == {BillableItemCreated(1) if error is None else elsewhere.sent[0]}
    if error is None:
        # What comes after it ended acts again.
        later = context(now=contexts[0].now + timedelta(hours=1))
        assert ask(ITEM, later) == BillableItemCreated(2)


def test_without_a_window_a_repeat_that_came_before_the_end_acts_not_after_it(
    store, ledger, elsewhere, context
):
    ask = asking(store, ledger, elsewhere, backend_window_seconds=0)
    first = ask(ITEM, replace(context(), elapsed=lambda: 5.0))
    late = replace(context(), elapsed=lambda: 6.0)
    assert ask(ITEM, late) == first
    assert len(elsewhere.sent) == 1


@pytest.mark.parametrize("error", [NotSent("down"), Rejected("no")])
def test_what_did_nothing_is_tried_again(ask, ledger, elsewhere, context, error):
    elsewhere.error = error
    for _ in range(2):
        with pytest.raises(type(error)):
            ask(ITEM, context(), "k")
    elsewhere.error = None
    assert ask(ITEM, context(), "k") == BillableItemCreated(3)
    assert ask(ITEM, context(), "k") == BillableItemCreated(3)


def test_what_was_accepted_for_later_is_accepted_once(store, ledger, elsewhere, ask, context):
    queue = RemoteBackend(
        elsewhere, ledger, RemoteConfig(accept=Accept.QUEUE), pause=lambda _: None
    )
    payment = RecordPayment(5, "T-1", "bank")
    for _ in range(3):
        assert ask(payment, context(), None, queue) == PaymentRecorded(5)
    (attempt,) = ledger.listed()
    assert attempt.state is State.QUEUED
    assert elsewhere.sent == []

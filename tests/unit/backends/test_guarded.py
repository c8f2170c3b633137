"""Breaker, bulkhead and rates of a backend elsewhere, on every engine; time is the test's."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapter.backends.base import Deadline, Proof
from adapter.backends.breaker import Phase
from adapter.backends.guarded import GuardConfig, GuardedConnector
from adapter.backends.rates import read_rates
from adapter.commands.context import Context, Sent
from adapter.commands.model import Command, CreateBillableItem, GetVersion, ListCurrencies
from adapter.commands.results import BillableItemCreated, Result
from adapter.errors import (
    AdapterError,
    BackendBusy,
    BadAnswer,
    BreakerOpen,
    CannotExpress,
    ClientNotFound,
    NotSent,
    OutcomeLost,
    Rejected,
    StoreUnavailable,
    TooManyRequests,
)
from adapter.store import tables
from adapter.store.unit_of_work import Store

ITEM = CreateBillableItem(1, "Work", Decimal("10.00"))
READ = ListCurrencies()
BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
DOWN = NotSent("refused")
LOST = OutcomeLost("r", "reset")


class Time:
    """Real time and time that only grows, moved together."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def clock(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds)

    def elapsed(self) -> float:
        return self.seconds


class Elsewhere:
    """A connector that raises what it is told, and notes what it was asked."""

    name = "other"

    def __init__(self) -> None:
        self.error: AdapterError | None = None
        self.inexpressible: tuple[type[Command], ...] = ()
        self.asked: list[tuple[Command, Context, float]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def proof(self, command: Command) -> Proof:
        return Proof.NATURAL

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        if isinstance(command, self.inexpressible):
            raise CannotExpress(type(command).__name__)
        self.asked.append((command, context, deadline.left))
        self.meanwhile()
        if self.error is not None:
            raise self.error
        return BillableItemCreated(len(self.asked))

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        self.send(command, context, deadline)
        return None

    @property
    def commands(self) -> list[Command]:
        return [command for command, _, _ in self.asked]


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture
def phases() -> list[Phase]:
    return []


@pytest.fixture
def guard(store, time, elsewhere, phases):
    """Make a guarded connector, as each process has one of its own."""

    def make(store_: Store = store, **config: Any) -> GuardedConnector:
        return GuardedConnector(
            elsewhere,
            store_,
            GuardConfig(**config),
            clock=time.clock,
            elapsed=time.elapsed,
            note=lambda _, phase: phases.append(phase),
        )

    return make


@pytest.fixture
def send(time, context):
    """Send a command, or make another use of a connector, within a minute."""

    def call(connector, command=ITEM, credential="tests", deed="send"):
        made = context(credential=credential)
        return getattr(connector, deed)(command, made, Deadline(time.seconds + 60, time.elapsed))

    return call


def fail(send, connector, elsewhere, *errors):
    for error in errors:
        elsewhere.error = error
        with pytest.raises(type(error)):
            send(connector)
    elsewhere.error = None


# --- the breaker -------------------------------------------------------------------------------


def test_failures_in_a_row_open_the_breaker_and_nothing_is_sent_any_more(
    guard, send, elsewhere, phases
):
    connector = guard(breaker_failures=3)
    fail(send, connector, elsewhere, DOWN, LOST, DOWN)
    for command in (ITEM, READ):
        with pytest.raises(BreakerOpen, match="nothing was sent") as refused:
            send(connector, command)
        assert isinstance(refused.value, NotSent)
    with pytest.raises(BreakerOpen):
        send(connector, deed="look_up")
    assert len(elsewhere.asked) == 3
    assert phases == [Phase.OPEN]


@pytest.mark.parametrize("error", [Rejected("no"), ClientNotFound(7), BadAnswer()])
def test_what_the_backend_answers_is_no_failure_and_ends_a_row_of_them(
    guard, send, elsewhere, phases, error
):
    connector = guard(breaker_failures=2)
    fail(send, connector, elsewhere, DOWN, error, DOWN, error, error, error)
    send(connector)
    assert phases == []


def test_what_cannot_be_expressed_says_nothing_of_the_backend(guard, send, elsewhere, phases):
    connector = guard(breaker_failures=2)
    fail(send, connector, elsewhere, DOWN)
    elsewhere.inexpressible = (CreateBillableItem,)
    with pytest.raises(CannotExpress):
        send(connector)
    elsewhere.inexpressible = ()
    fail(send, connector, elsewhere, DOWN)
    assert phases == [Phase.OPEN]


def test_a_success_between_failures_keeps_the_breaker_closed(guard, send, elsewhere, phases):
    connector = guard(breaker_failures=2)
    for _ in range(3):
        fail(send, connector, elsewhere, DOWN)
        send(connector)
    assert phases == []


def test_after_its_rest_a_read_is_let_through_and_closes_it(guard, send, elsewhere, time, phases):
    connector = guard(breaker_failures=1, breaker_seconds=30)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 29.9
    with pytest.raises(BreakerOpen):
        send(connector, READ)
    time.seconds += 0.1
    send(connector, READ)
    send(connector)
    assert elsewhere.commands == [ITEM, READ, ITEM]
    assert phases == [Phase.OPEN, Phase.HALF_OPEN, Phase.CLOSED]


def test_a_read_that_fails_after_the_rest_opens_it_for_another_one(
    guard, send, elsewhere, time, phases
):
    connector = guard(breaker_failures=3, breaker_seconds=30)
    fail(send, connector, elsewhere, DOWN, DOWN, DOWN)
    time.seconds += 30
    elsewhere.error = LOST
    with pytest.raises(OutcomeLost):
        send(connector, READ)
    elsewhere.error = None
    time.seconds += 29
    with pytest.raises(BreakerOpen):
        send(connector, READ)
    time.seconds += 1
    send(connector, deed="look_up")
    assert phases == [Phase.OPEN, Phase.HALF_OPEN, Phase.OPEN, Phase.HALF_OPEN, Phase.CLOSED]


def test_a_command_that_creates_is_never_the_trial(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1, breaker_seconds=30, probe_seconds=4)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    elsewhere.error = LOST
    with pytest.raises(BreakerOpen):
        send(connector)
    # The trial was a read of our own, and short.
    assert elsewhere.commands == [ITEM, GetVersion()]
    assert elsewhere.asked[-1][2] == 4
    with pytest.raises(BreakerOpen):
        send(connector)
    assert len(elsewhere.asked) == 2


def test_a_command_that_creates_goes_on_once_a_read_was_answered(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1, breaker_seconds=30)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    send(connector)
    assert elsewhere.commands == [ITEM, GetVersion(), ITEM]


def test_the_trial_carries_nothing_of_the_callers_own_request(
    guard, elsewhere, time, context, send
):
    connector = guard(breaker_failures=1)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    sent = replace(context(), sent=Sent("whmcs", "addbillableitem", {"amount": "1"}))
    connector.send(ITEM, sent, Deadline(time.seconds + 60, time.elapsed))
    trial, command = elsewhere.asked[-2:]
    assert trial[1].sent is None
    assert command[1].sent == sent.sent


def test_the_trial_is_the_first_read_that_the_backend_has(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    elsewhere.inexpressible = (GetVersion,)
    send(connector)
    assert elsewhere.commands == [ITEM, READ, ITEM]


def test_a_trial_that_is_refused_was_answered(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    elsewhere.error = Rejected("not for you")
    with pytest.raises(Rejected):
        send(connector)
    assert elsewhere.commands == [ITEM, GetVersion(), ITEM]


def test_a_backend_without_reads_is_tried_again_after_the_rest(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30

    class OnlyItems(Elsewhere):
        def send(self, command, context, deadline):
            if command is not ITEM:
                raise CannotExpress(type(command).__name__)
            return super().send(command, context, deadline)

    connector._connector = OnlyItems()
    assert send(connector) == BillableItemCreated(1)


def test_one_trial_at_a_time(guard, send, elsewhere, time):
    connector = guard(breaker_failures=1)
    fail(send, connector, elsewhere, DOWN)
    time.seconds += 30
    refused = []

    def meanwhile() -> None:
        elsewhere.meanwhile = lambda: None
        for command in (ITEM, READ):
            with pytest.raises(BreakerOpen):
                send(connector, command)
            refused.append(command)

    elsewhere.meanwhile = meanwhile
    send(connector, READ)
    assert refused == [ITEM, READ]
    assert elsewhere.commands == [ITEM, READ]


def test_all_processes_see_one_breaker(guard, send, elsewhere, time):
    here, there = guard(breaker_failures=3), guard(breaker_failures=3)
    send(there)
    fail(send, here, elsewhere, DOWN)
    time.seconds += 0.5
    fail(send, there, elsewhere, DOWN)
    time.seconds += 0.5
    fail(send, here, elsewhere, DOWN)
    time.seconds += 0.5
    with pytest.raises(BreakerOpen):
        send(there)
    time.seconds += 30
    send(there, READ)
    time.seconds += 0.5
    send(here)


def test_failures_at_once_are_all_counted(guard, send, elsewhere, store):
    connector = guard(breaker_failures=100)
    elsewhere.error = DOWN
    together = threading.Barrier(6)

    def call(_: int) -> None:
        together.wait(10)
        with pytest.raises(NotSent):
            send(connector)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(call, range(6)))
    with store.read() as uow:
        assert uow.execute(tables.breakers.select()).mappings().one()["failures"] == 6


def test_a_backend_that_works_costs_no_write(guard, send, store):
    connector = guard()
    send(connector)
    with store.read() as uow:
        assert uow.execute(tables.breakers.select()).all() == []
        assert uow.execute(tables.call_counts.select()).all() == []


# --- the bulkhead ------------------------------------------------------------------------------


def test_so_many_calls_are_on_their_way_at_most(guard, send, elsewhere):
    connector = guard(max_in_flight=1)

    def meanwhile() -> None:
        with pytest.raises(BackendBusy, match="too much to do") as refused:
            send(connector)
        assert refused.value.reason == "1 calls are on their way"
        assert isinstance(refused.value, NotSent)

    elsewhere.meanwhile = meanwhile
    send(connector)
    elsewhere.meanwhile = lambda: None
    fail(send, connector, elsewhere, DOWN)
    send(connector)
    assert len(elsewhere.asked) == 3


# --- rates -------------------------------------------------------------------------------------


def test_a_credential_is_told_when_it_may_go_on(guard, send, time):
    connector = guard(credential_rate="2/minute")
    time.seconds = 10
    send(connector)
    time.seconds = 20
    send(connector)
    with pytest.raises(TooManyRequests, match="try again in 50 seconds") as refused:
        send(connector)
    assert refused.value.retry_seconds == 50
    send(connector, credential="another")
    time.seconds = 70
    send(connector)


def test_a_backends_rate_holds_for_all_callers_and_processes(guard, send, elsewhere, time):
    here, there = guard(rate="3/minute"), guard(rate="3/minute")
    send(here, credential="a")
    send(there, credential="b")
    send(here, deed="look_up")
    for connector in (here, there):
        with pytest.raises(BackendBusy) as refused:
            send(connector)
        assert refused.value.reason == "the rate 3 per 1 minute is reached"
    assert len(elsewhere.asked) == 3
    time.seconds = 60
    send(here)


def test_calls_at_once_are_all_counted(guard, send, elsewhere):
    connector = guard(rate="4/minute")
    together = threading.Barrier(6)

    def call(_: int) -> bool:
        together.wait(10)
        try:
            send(connector)
        except BackendBusy:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(call, range(6))) == 4


def test_several_rates_hold_together():
    assert [str(each) for each in read_rates("10/second; 600/minute")] == [
        "10 per 1 second",
        "600 per 1 minute",
    ]
    assert read_rates(" ") == ()
    with pytest.raises(ValueError, match="'often' is no rate such as"):
        read_rates("often")


# --- a store that does not answer --------------------------------------------------------------


def test_without_its_store_a_guard_holds_calls_back(guard, send, elsewhere, store):
    class Silent(Store):
        def __init__(self) -> None:
            """Open nothing."""

        @contextmanager
        def read(self) -> Iterator[Any]:
            raise StoreUnavailable
            yield

    connector = guard(Silent())
    with pytest.raises(BackendBusy):
        send(connector)
    assert elsewhere.asked == []

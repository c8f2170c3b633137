"""The four ends of a call to a system elsewhere, and what becomes of the unknown ones."""

import itertools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from adapter.backends.base import Proof
from adapter.backends.remote import Accept, RemoteBackend, RemoteConfig
from adapter.backends.resolving import Tender, resolve
from adapter.commands.model import (
    ClientFields,
    CreateBillableItem,
    FindClient,
    GenerateDueInvoices,
    RecordPayment,
    UpdateClient,
    UpdateService,
)
from adapter.commands.results import (
    BillableItemCreated,
    ClientFound,
    ClientUpdated,
    InvoicesGenerated,
    PaymentRecorded,
    ServiceUpdated,
)
from adapter.errors import (
    BackendBusy,
    BadAnswer,
    BreakerOpen,
    CannotExpress,
    ClientNotFound,
    InvalidField,
    NotSent,
    OutcomeLost,
    Rejected,
    StoreUnavailable,
    TooManyRequests,
    TransportLost,
)
from adapter.store import faults
from adapter.store.attempts import Ledger, State, Waiting
from adapter.store.faults import Point
from tests.elsewhere import Elsewhere

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
ITEM = CreateBillableItem(client_id=7, description="Hosting", amount=Decimal("10.00"))
MADE = BillableItemCreated(1)
RESULTS = {
    CreateBillableItem: MADE,
    GenerateDueInvoices: InvoicesGenerated(3, 9),
    FindClient: ClientFound(7),
}


@pytest.fixture
def engine() -> str:
    """The ledger's own tests name every engine."""
    return "sqlite"


@pytest.fixture
def real_time():
    class RealTime:
        now = datetime(2026, 11, 26, tzinfo=UTC)

        def __call__(self) -> datetime:
            return self.now

    return RealTime()


@pytest.fixture
def elsewhere():
    def result(command, _):
        match command:
            case UpdateClient():
                return ClientUpdated(command.client_id or 0)
            case UpdateService():
                return ServiceUpdated(command.service_id)
            case RecordPayment():
                return PaymentRecorded(command.invoice_id)
        return RESULTS[type(command)]

    return Elsewhere(result)


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def notes():
    return []


@pytest.fixture
def backend(store, real_time, elsewhere, pauses, notes):
    def make(**options) -> RemoteBackend:
        ledger = Ledger(store, real_time)
        config = RemoteConfig(**{"deadline_seconds": 10.0, "settle_seconds": 0.0} | options)
        return RemoteBackend(elsewhere, ledger, config, pause=pauses.append, note=notes.append)

    return make


@pytest.fixture
def tend(backend, context):
    def all_of(**options):
        return list(Tender(backend(**options), context).tend())

    return all_of


def states(backend: RemoteBackend) -> dict[str, tuple[str, int]]:
    return {each.reference: (each.state, each.sends) for each in backend.ledger.listed()}


def test_what_was_done_is_answered_and_kept(backend, context):
    made = backend()
    assert made.execute(ITEM, context()) == MADE
    (attempt,) = made.ledger.listed()
    assert (attempt.state, attempt.sends, attempt.answered()) == (State.DONE, 1, MADE)


def test_an_attempt_is_committed_before_it_is_sent(backend, context, elsewhere):
    made = backend()
    elsewhere.result = lambda *_: BillableItemCreated(
        len(made.ledger.listed((State.OPEN,)))  # seen by another transaction
    )
    assert made.execute(ITEM, context()) == BillableItemCreated(1)


@pytest.mark.parametrize(
    "error",
    [
        Rejected("no"),
        ClientNotFound(7),
        InvalidField("a", "b", "c"),
        CannotExpress("an increase"),
    ],
)
def test_a_refusal_is_final_and_answered_as_it_is(backend, context, elsewhere, error):
    elsewhere.plan = [error]
    made = backend()
    with pytest.raises(type(error)) as caught:
        made.execute(ITEM, context())
    assert caught.value is error
    (attempt,) = made.ledger.listed()
    assert (attempt.state, attempt.error_code) == (State.REFUSED, error.code)
    assert list(elsewhere.tries.values()) == [1]


def test_what_cannot_have_arrived_is_tried_again(backend, context, elsewhere, pauses):
    elsewhere.plan = [NotSent("refused"), NotSent("refused")]
    made = backend(pause_seconds=0.1)
    assert made.execute(ITEM, context()) == MADE
    assert pauses == [0.1, 0.2]
    assert list(states(made).values()) == [(State.DONE, 1)]


@pytest.mark.parametrize("error", [TooManyRequests(3), BreakerOpen(), BackendBusy("full")])
def test_what_is_held_back_ends_as_not_sent_and_is_not_tried_again(
    backend, context, elsewhere, error
):
    elsewhere.plan = [error]
    made = backend()
    with pytest.raises(type(error)):
        made.execute(ITEM, context())
    assert list(states(made).values()) == [(State.NOT_SENT, 0)]
    assert list(elsewhere.tries.values()) == [1]


def test_a_backend_that_cannot_be_reached_ends_as_not_sent(backend, context, elsewhere):
    elsewhere.plan = [NotSent("refused")] * 3
    made = backend()
    with pytest.raises(NotSent):
        made.execute(ITEM, context())
    assert list(states(made).values()) == [(State.NOT_SENT, 0)]
    assert elsewhere.made == {}


def test_no_try_begins_when_the_deadline_leaves_no_time_for_it(backend, context, elsewhere):
    elsewhere.plan = [NotSent("refused")] * 3
    late = replace(context(), elapsed=lambda: 9.95)
    with pytest.raises(NotSent):
        backend(pause_seconds=0.1).execute(ITEM, late)
    assert list(elsewhere.tries.values()) == [1]


@pytest.mark.parametrize("error", [TransportLost("reset"), BadAnswer(), OutcomeLost("r", "x")])
def test_what_may_have_arrived_is_unknown_and_never_tried_again(
    backend, context, elsewhere, error
):
    elsewhere.after = [error]
    made, circumstances = backend(), context()
    with pytest.raises(OutcomeLost, match=circumstances.reference):
        made.execute(ITEM, circumstances)
    assert states(made) == {circumstances.reference: (State.UNKNOWN, 1)}
    assert list(elsewhere.tries.values()) == [1]


def test_a_read_is_kept_nowhere(backend, context, elsewhere):
    made = backend()
    assert made.execute(FindClient("Ann", "a@b.c"), context()) == ClientFound(7)
    assert made.ledger.listed() == ()


def test_a_read_that_is_lost_says_so_and_changes_nothing(backend, context, elsewhere):
    elsewhere.plan = [TransportLost("reset")]
    made = backend()
    with pytest.raises(TransportLost):
        made.execute(FindClient("Ann", "a@b.c"), context())
    assert made.ledger.listed() == ()


@pytest.mark.parametrize("command", [GenerateDueInvoices(), RecordPayment(invoice_id=4)])
def test_runs_and_changes_are_kept_too(backend, context, command):
    made = backend()
    made.execute(command, context())
    assert list(states(made).values()) == [(State.DONE, 1)]


def test_a_dry_run_is_refused_before_anything_is_kept_or_sent(backend, context, elsewhere):
    made = backend()
    with pytest.raises(CannotExpress, match="dry run"):
        made.execute(GenerateDueInvoices(), context(dry_run=True))
    assert made.ledger.listed() == ()
    assert not elsewhere.tries


def test_nothing_is_sent_when_the_attempt_cannot_be_kept(backend, context, elsewhere):
    def full(point: Point) -> None:
        if point is Point.BEFORE_COMMIT:
            raise StoreUnavailable

    made = backend()
    faults.install(full)
    try:
        with pytest.raises(StoreUnavailable):
            made.execute(ITEM, context())
    finally:
        faults.install(None)
    assert not elsewhere.tries


def test_a_done_deed_is_answered_though_its_end_cannot_be_written_down(
    backend, context, elsewhere, store, tend, real_time
):
    def full(point: Point) -> None:
        if point is Point.BEFORE_COMMIT:
            raise StoreUnavailable

    def result(*_):
        faults.install(full)
        return MADE

    elsewhere.result = result
    made = backend()
    try:
        assert made.execute(ITEM, context()) == MADE
    finally:
        faults.install(None)
    assert list(states(made).values()) == [(State.OPEN, 1)]
    real_time.now += timedelta(seconds=11)
    tend()
    assert list(states(made).values()) == [(State.DONE, 1)]
    assert list(elsewhere.tries.values()) == [1]


@pytest.fixture
def lost(backend, context, elsewhere, real_time) -> Callable[..., str]:
    """Lose the answer to a call; its deadline passes."""

    def make(*, done: bool, command=ITEM, **circumstances) -> str:
        (elsewhere.after if done else elsewhere.plan).append(TransportLost("reset"))
        where = context(**circumstances)
        with pytest.raises(OutcomeLost):
            backend().execute(command, where)
        real_time.now += timedelta(seconds=10)
        return str(where.reference)

    return make


@pytest.mark.parametrize("proof", [Proof.REFERENCE, Proof.NATURAL])
def test_an_unknown_deed_that_is_found_is_done(lost, tend, backend, elsewhere, proof):
    elsewhere.proof_of = proof
    reference = lost(done=True)
    (after,) = tend()
    assert (after.state, after.answered(), after.resolved_by) == (State.DONE, MADE, "worker")
    assert elsewhere.tries[reference] == 1


@pytest.mark.parametrize("proof", [Proof.REFERENCE, Proof.NATURAL])
def test_an_unknown_deed_that_is_absent_is_sent_again_under_its_reference(
    lost, tend, elsewhere, proof
):
    elsewhere.proof_of = proof
    reference = lost(done=False)
    (after,) = tend()
    assert (after.reference, after.state, after.sends) == (reference, State.DONE, 2)
    assert elsewhere.tries[reference] == 2


@pytest.mark.parametrize("done", [True, False])
def test_an_unknown_deed_without_a_proof_waits_for_the_operator(
    lost, tend, backend, elsewhere, done
):
    elsewhere.proof_of = Proof.NONE
    reference = lost(done=done)
    assert tend() == []
    assert states(backend()) == {reference: (State.UNKNOWN, 1)}
    assert elsewhere.look_ups == 0


def test_what_is_absent_may_still_be_on_its_way_until_it_has_settled(
    lost, tend, backend, elsewhere, real_time
):
    reference = lost(done=False)
    tend(settle_seconds=5)
    assert states(backend()) == {reference: (State.UNKNOWN, 1)}
    real_time.now += timedelta(seconds=5)
    tend(settle_seconds=5)
    assert states(backend()) == {reference: (State.DONE, 2)}


def test_a_look_up_that_proves_nothing_leaves_it_unknown(lost, tend, backend, elsewhere):
    reference = lost(done=False)
    elsewhere.unreachable = BadAnswer()
    tend()
    assert states(backend()) == {reference: (State.UNKNOWN, 1)}


def test_what_proves_nothing_is_asked_less_and_less_often(
    lost, backend, context, elsewhere, real_time
):
    lost(done=False)
    elsewhere.unreachable = BadAnswer()
    tender = Tender(backend(), context)
    asked = []
    for _ in range(8):
        list(tender.tend())
        asked.append(elsewhere.look_ups)
        real_time.now += timedelta(seconds=5)
    assert asked == [1, 2, 2, 3, 3, 3, 3, 4]


def test_an_unreachable_backend_is_asked_once_a_pass(lost, tend, backend, elsewhere):
    lost(done=False)
    lost(done=False)
    elsewhere.unreachable = NotSent("refused")
    assert tend() == []
    assert elsewhere.look_ups == 1


def test_a_second_try_that_does_not_arrive_stays_unknown(
    lost, tend, backend, elsewhere, real_time
):
    reference = lost(done=False)
    elsewhere.plan = [NotSent("refused")] * 3
    tend()
    assert states(backend()) == {reference: (State.UNKNOWN, 1)}
    real_time.now += timedelta(seconds=10)
    tend()
    assert states(backend()) == {reference: (State.DONE, 2)}


def test_a_second_try_that_is_held_back_stays_unknown(lost, tend, backend, elsewhere):
    reference = lost(done=False)
    elsewhere.plan = [TooManyRequests(3)]
    tend()
    assert states(backend()) == {reference: (State.UNKNOWN, 1)}


def test_a_second_try_that_is_refused_is_refused(lost, tend, backend, elsewhere):
    reference = lost(done=False)
    elsewhere.plan = [Rejected("no")]
    tend()
    assert states(backend()) == {reference: (State.REFUSED, 2)}


def test_a_second_try_means_the_day_and_the_caller_of_the_first(lost, tend, elsewhere):
    lost(done=False, today=date(2026, 2, 27), credential="shop")
    tend()
    first, second = elsewhere.contexts
    assert second.today == first.today == date(2026, 2, 27)
    assert second.caller.credential == "shop"
    assert second.reference == first.reference


def test_many_resolvers_send_an_absent_deed_once(lost, backend, context, elsewhere):
    reference = lost(done=False)
    made = backend()
    unknown = made.ledger.find(reference)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: resolve(made, unknown, context()), range(16)))
    assert states(made) == {reference: (State.DONE, 2)}
    assert elsewhere.tries[reference] == 2


def test_an_attempt_whose_process_died_is_looked_up(backend, context, elsewhere, tend, real_time):
    made, circumstances = backend(), context()
    made.ledger.begin(ITEM, circumstances, backend="elsewhere", proof="reference", seconds=10)
    assert tend() == []
    real_time.now += timedelta(seconds=10)
    (after,) = tend()
    assert (after.state, after.sends) == (State.DONE, 2)


CHANGE = UpdateClient(client_id=7, changes=ClientFields(first_name="Ann"))


def test_a_queued_command_is_answered_at_once_and_sent_by_the_worker(
    backend, context, elsewhere, tend
):
    made = backend(accept=Accept.QUEUE)
    assert made.execute(CHANGE, context()) == ClientUpdated(7)
    assert not elsewhere.tries
    (after,) = tend()
    assert (after.state, after.sends) == (State.DONE, 1)
    assert elsewhere.order == [CHANGE]


@pytest.mark.parametrize("command", [ITEM, GenerateDueInvoices()])
def test_a_command_whose_reply_comes_from_the_backend_is_never_queued(
    backend, context, elsewhere, command
):
    backend(accept=Accept.QUEUE).execute(command, context())
    assert elsewhere.order == [command]


def _queue(made, context, *commands):
    times = itertools.count()
    for each in commands:
        made.execute(each, context(now=NOW + timedelta(seconds=next(times))))


def test_queued_commands_leave_in_the_order_in_which_they_came(backend, context, elsewhere, tend):
    commands = [replace(CHANGE, changes=ClientFields(first_name=name)) for name in "cab"]
    _queue(backend(accept=Accept.QUEUE), context, *commands)
    tend()
    assert elsewhere.order == commands


@pytest.mark.parametrize("errors", [[NotSent("refused")] * 3, [TooManyRequests(3)]])
def test_a_queue_waits_until_its_backend_can_be_reached(backend, context, elsewhere, tend, errors):
    made = backend(accept=Accept.QUEUE)
    _queue(made, context, CHANGE, UpdateService(service_id=3, notes="x"))
    elsewhere.plan = list(errors)
    assert tend() == []
    assert list(states(made).values()) == [(State.QUEUED, 0)] * 2
    assert len(tend()) == 2
    assert len(elsewhere.order) == 2


def test_what_is_unknown_holds_up_later_commands_about_the_same_record_only(
    backend, context, elsewhere, tend
):
    made = backend(accept=Accept.QUEUE)
    elsewhere.proof_of = Proof.NONE
    later = replace(CHANGE, changes=ClientFields(first_name="Eve"))
    other = UpdateService(service_id=3, notes="x")
    _queue(made, context, CHANGE, later, other)
    elsewhere.plan = [TransportLost("reset")]
    tender = Tender(made, context)
    first, waiting, _ = tender.tend()
    assert isinstance(waiting, Waiting)
    assert (first.state, waiting.waits_for) == (State.UNKNOWN, first.reference)
    assert list(tender.tend()) == []
    assert elsewhere.order == [other]
    assert sorted(state for state, _ in states(made).values()) == ["done", "queued", "unknown"]


def test_a_queued_command_that_is_refused_ends_there(backend, context, elsewhere, tend):
    made = backend(accept=Accept.QUEUE)
    _queue(made, context, CHANGE)
    elsewhere.plan = [Rejected("no")]
    (after,) = tend()
    assert (after.state, after.answered()) == (State.REFUSED, None)
    assert tend() == []


def test_every_try_is_noted_without_a_callers_data(backend, context, elsewhere, notes):
    made = backend()
    elsewhere.after = [TransportLost("reset")]
    with pytest.raises(OutcomeLost):
        made.execute(ITEM, context())
    made.execute(FindClient("Ann", "a@b.c"), context())
    unknown, read = notes
    assert (unknown.backend, unknown.command, unknown.end, unknown.reason) == (
        "elsewhere",
        "CreateBillableItem",
        "unknown",
        "reset",
    )
    assert (read.end, read.proof) == ("read", "")
    assert "Hosting" not in str(notes)
    assert "a@b.c" not in str(notes)

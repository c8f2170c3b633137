"""The ledger: every step is taken by one of all who try, and nothing is kept that need not be."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adapter.commands.context import Claim, Sent
from adapter.commands.model import CreateBillableItem, UpdateService
from adapter.commands.results import BillableItemCreated, ServiceUpdated
from adapter.errors import AlreadyClaimed, OutcomeUnknown, Rejected, TransportLost
from adapter.store import faults
from adapter.store.attempts import End, Ledger, State, without_secrets
from adapter.store.faults import Point

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
REAL = datetime(2026, 11, 26, 12, tzinfo=UTC)
ITEM = CreateBillableItem(client_id=7, description="Hosting", amount=Decimal("10.00"))
SECRET = UpdateService(service_id=3, password="hush")
MADE = BillableItemCreated(billable_item_id=12)


class RealTime:
    """A clock that a test moves."""

    now = REAL

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def real_time():
    return RealTime()


@pytest.fixture
def ledger(store, real_time):
    return Ledger(store, real_time)


@pytest.fixture
def begin(ledger, context):
    def make(command=ITEM, circumstances=None, **options):
        given = {"backend": "elsewhere", "proof": "reference", "seconds": 60.0} | options
        return ledger.begin(command, circumstances or context(), **given)

    return make


def test_an_attempt_is_read_as_it_was_begun(ledger, begin):
    attempt = begin()
    assert ledger.find(attempt.reference) == attempt
    assert attempt.asked() == ITEM
    assert (attempt.state, attempt.sends) == (State.OPEN, 1)
    assert attempt.began_at == NOW
    assert attempt.deadline_at == REAL + timedelta(seconds=60)


def test_a_reference_that_nobody_used_is_not_found(ledger):
    assert ledger.find("none") is None


def test_the_call_is_kept_in_its_order_and_without_credentials(ledger, begin, context):
    params = {
        "identifier": "shop",
        "Secret": "hush",
        "z": "1",
        "data": {"10": {"0": "b"}, "9": {"0": "a"}},
        "a": "2",
    }
    sent = Sent("whmcs", "addbillableitem", params)
    reference = begin(circumstances=replace(context(), sent=sent)).reference
    call = ledger.find(reference).call()
    assert (call.protocol, call.action) == ("whmcs", "addbillableitem")
    assert list(call.params) == ["z", "data", "a"]
    assert list(call.params["data"]) == ["10", "9"]


def test_a_done_attempt_has_its_result_and_no_longer_the_call(ledger, begin, context):
    attempt = begin(circumstances=replace(context(), sent=Sent("whmcs", "x", {"a": "1"})))
    assert ledger.end(attempt, End(State.DONE, MADE), NOW)
    found = ledger.find(attempt.reference)
    assert (found.state, found.answered(), found.ended_at) == (State.DONE, MADE, NOW)
    assert found.call() is None
    assert found.asked() == ITEM


def test_secrets_are_kept_only_until_the_end(ledger, begin):
    attempt = begin(SECRET)
    ledger.end(attempt, End(State.UNKNOWN, error=TransportLost("reset")), NOW)
    assert ledger.find(attempt.reference).asked() == SECRET
    assert "hush" not in str(without_secrets(attempt))
    ledger.end(attempt, End(State.DONE, ServiceUpdated(3)), NOW)
    assert ledger.find(attempt.reference).asked().password == "redacted"


def test_nothing_of_a_client_stands_in_the_repr_of_an_attempt(begin):
    assert "Hosting" not in repr(begin())


def test_a_refusal_is_kept_with_the_backends_own_words(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.REFUSED, error=Rejected("no such client")), NOW)
    found = ledger.find(attempt.reference)
    assert (found.state, found.error_code) == (State.REFUSED, "rejected")
    assert found.error_text == "no such client"


def test_an_end_is_recorded_once(ledger, begin):
    attempt = begin()
    assert ledger.end(attempt, End(State.DONE, MADE), NOW)
    assert not ledger.end(attempt, End(State.REFUSED, error=Rejected("")), NOW)
    assert ledger.find(attempt.reference).state is State.DONE


def test_what_was_not_sent_counts_no_send(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.NOT_SENT, unsent=True), NOW)
    assert ledger.find(attempt.reference).sends == 0


def test_a_late_answer_ends_what_was_taken_for_unknown(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.UNKNOWN), NOW)
    assert ledger.end(attempt, End(State.DONE, MADE), NOW)


def test_a_late_answer_never_ends_a_later_try(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.UNKNOWN), NOW)
    again = ledger.take(ledger.find(attempt.reference), 60)
    assert not ledger.end(attempt, End(State.REFUSED), NOW)
    assert ledger.find(attempt.reference) == again
    assert (again.state, again.sends) == (State.OPEN, 2)


def test_one_of_many_takes_an_attempt(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.UNKNOWN), NOW)
    unknown = ledger.find(attempt.reference)
    with ThreadPoolExecutor(8) as threads:
        taken = list(threads.map(lambda _: ledger.take(unknown, 60), range(16)))
    assert sum(each is not None for each in taken) == 1


def test_an_open_attempt_is_unknown_once_its_deadline_has_passed(ledger, begin, real_time):
    dead, alive = begin(seconds=1), begin(seconds=10)
    assert ledger.expire(NOW) == 0
    real_time.now += timedelta(seconds=1)
    assert ledger.expire(NOW) == 1
    assert ledger.find(dead.reference).state is State.UNKNOWN
    assert ledger.find(alive.reference).state is State.OPEN


def test_attempts_are_listed_in_the_order_in_which_they_began(ledger, begin, context):
    second = begin(circumstances=context(now=NOW + timedelta(microseconds=2)))
    first = begin(circumstances=context(now=NOW + timedelta(microseconds=1)))
    done = begin(circumstances=context(now=NOW))
    ledger.end(done, End(State.DONE, MADE), NOW)
    assert [each.reference for each in ledger.listed((State.OPEN,))] == [
        first.reference,
        second.reference,
    ]
    assert len(ledger.listed(backend="elsewhere")) == 3
    assert ledger.listed(backend="other") == ()


def test_replies_that_the_built_in_store_keeps_are_no_forwards(ledger, begin):
    begin(backend="store")
    assert ledger.listed() == ()
    assert len(ledger.listed(backend="store")) == 1


def test_a_queued_attempt_keeps_what_its_caller_was_answered(ledger, begin):
    attempt = begin(SECRET, accepted=ServiceUpdated(3))
    found = ledger.find(attempt.reference)
    assert (found.state, found.sends) == (State.QUEUED, 0)
    taken = ledger.take(found, 60)
    ledger.end(taken, End(State.QUEUED, unsent=True), NOW)
    found = ledger.find(attempt.reference)
    assert (found.state, found.sends, found.answered()) == (State.QUEUED, 0, ServiceUpdated(3))


def test_a_record_is_known_to_be_the_deed_of_a_done_attempt(ledger, begin):
    attempt = begin()
    ledger.end(attempt, End(State.UNKNOWN), NOW)
    assert not ledger.has_ended_with("elsewhere", MADE)
    ledger.end(attempt, End(State.DONE, MADE), NOW)
    assert ledger.has_ended_with("elsewhere", MADE)
    assert not ledger.has_ended_with("other", MADE)
    assert not ledger.has_ended_with("elsewhere", BillableItemCreated(13))


def test_a_claim_is_held_by_one_attempt(begin, context):
    claimed = replace(context(), claim=Claim("f", "key"))
    begin(circumstances=claimed)
    with pytest.raises(AlreadyClaimed):
        begin(circumstances=replace(context(), claim=Claim("f", "key")))


def test_a_commit_that_may_have_failed_leaves_nothing_that_is_sent_later(
    ledger, begin, context, store, engine
):
    if engine != "sqlite":
        pytest.skip("one engine shows it")
    circumstances = context()

    def broken(point: Point) -> None:
        if point is Point.AFTER_COMMIT:
            faults.install(None)
            raise OutcomeUnknown

    faults.install(broken)
    try:
        with pytest.raises(OutcomeUnknown):
            begin(circumstances=circumstances)
    finally:
        faults.install(None)
    assert ledger.find(circumstances.reference).state is State.NOT_SENT

"""A request that comes again, on every engine; time passes only where a test says so."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.bridge.idempotency import Idempotency, IdempotencyConfig
from adapter.commands.canonical import result_data
from adapter.commands.context import Context, Sent
from adapter.commands.model import (
    AddCredit,
    ClientFields,
    ClientIdentity,
    Command,
    CreateBillableItem,
    CreateClient,
    CreateRecurringInvoice,
    FindClient,
    GenerateDueInvoices,
    RecordPayment,
    UpdateClient,
)
from adapter.commands.results import BillableItemCreated, PaymentRecorded, Result
from adapter.errors import (
    ClientNotFound,
    InvalidField,
    KeyReused,
    NotSent,
    OutcomeLost,
    ReplyNotKept,
    StoreUnavailable,
)
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.fingerprints import claim_values, claiming, forget_replies
from adapter.store.unit_of_work import Conflict, Store
from tests.databases import EVERY_ENGINE

LINE = RecurringLine("", Decimal(1), "Rent", Decimal(100), "ZAR", True, Decimal(15), False)
MONTHLY = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 3, 2), (LINE,), client_id=1)
ITEM = CreateBillableItem(1, "Work", Decimal("10.00"))
# Real time, which an attempt's deadline is of; the account's own clock is the context's.
BEGAN = datetime(2030, 1, 1, tzinfo=UTC)
REAL = [BEGAN]
FIELDS = ClientFields(first_name="Ann", last_name="Doe", email="ann@example.com", country="ZA")


@pytest.fixture(params=EVERY_ENGINE)
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def local(store: Store, context: Callable[..., Context]) -> LocalBackend:
    """Return the built-in store with client 1."""
    backend = LocalBackend(store, RunConfig())
    backend.execute(CreateClient(FIELDS, ClientIdentity.EMAIL, send_email=False), context())
    return backend


@pytest.fixture
def real_time() -> Iterator[Callable[[datetime], None]]:
    """Let real time be another one in a test."""

    def become(moment: datetime) -> None:
        REAL[0] = moment

    yield become
    REAL[0] = BEGAN


class Elsewhere:
    """A backend that stores attempts as one elsewhere does, and ends as it is told.

    `ends` are taken in turn: a state, or what to do while the attempt is open.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.acted: list[Command] = []
        self.ends: list[Any] = []

    def execute(self, command: Command, context: Context) -> Result:
        with claiming(), self.store.write() as uow:
            row = {
                "reference": context.reference,
                "credential": context.caller.credential,
                "command": type(command).__name__,
                **claim_values(context),
                "backend": "other",
                "proof": "none",
                "state": "open",
                "began_at": context.now,
                "deadline_at": BEGAN + timedelta(seconds=30),
                "request_id": context.request_id,
                "request": {},
            }
            uow.execute(sa.insert(tables.attempts).values(row))
        self.acted.append(command)
        end = self.ends.pop(0) if self.ends else "done"
        if callable(end):
            end = end(context.reference)
        result = (
            PaymentRecorded(5)
            if isinstance(command, RecordPayment)
            else BillableItemCreated(len(self.acted))
        )
        self.end(context, end, result)
        if end == "not_sent":
            raise NotSent("refused")
        if end == "unknown":
            raise OutcomeLost(context.reference, "no reply")
        return result

    def end(self, context: Context, state: str, result: Result | None = None) -> None:
        values = {"state": state, "ended_at": context.now}
        if state == "done" and result is not None:
            values["result"] = result_data(result)
        self.set(context.reference, **values)

    def set(self, reference: str, **values: Any) -> None:
        with self.store.write() as uow:
            found = tables.attempts.c.reference == reference
            uow.execute(sa.update(tables.attempts).where(found).values(values))


def repeats(
    store: Store, pause: Callable[[float], None] = lambda _: None, **config: float
) -> Idempotency:
    return Idempotency(store, IdempotencyConfig(**config), clock=lambda: REAL[0], pause=pause)


def count(store: Store, table: sa.Table) -> int:
    with store.read() as uow:
        return int(uow.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def claims(store: Store) -> int:
    with store.read() as uow:
        held = tables.attempts.c.idempotency_key.is_not(None)
        query = sa.select(sa.func.count()).select_from(tables.attempts).where(held)
        return int(uow.execute(query).scalar_one())


# --- the built-in store ------------------------------------------------------------------------


def test_the_store_without_a_window_acts_each_time_as_the_original_does(store, local, context):
    once = repeats(store)
    first = once.execute(local, MONTHLY, context())
    assert once.execute(local, MONTHLY, context()) != first
    assert count(store, tables.recurring_invoices) == 2
    assert count(store, tables.attempts) == 0


def test_inside_the_window_an_equal_command_gets_the_first_reply(store, local, context):
    once = repeats(store, window_seconds=600)
    began = context()
    first = once.execute(local, MONTHLY, began)
    again = context(now=began.now + timedelta(seconds=599))
    assert once.execute(local, MONTHLY, again) == first
    assert count(store, tables.recurring_invoices) == 1


def test_after_the_window_an_equal_command_acts_and_opens_another_window(store, local, context):
    once = repeats(store, window_seconds=600)
    began = context()
    first = once.execute(local, MONTHLY, began)
    later = began.now + timedelta(seconds=600)
    second = once.execute(local, MONTHLY, context(now=later))
    third = once.execute(local, MONTHLY, context(now=later + timedelta(seconds=300)))
    assert second != first
    assert third == second


def test_a_clock_set_back_does_not_keep_a_reply_for_ever(store, local, context):
    once = repeats(store, window_seconds=600)
    began = context()
    first = once.execute(local, ITEM, began)
    # Another machine's clock is a moment behind: still a repeat.
    assert once.execute(local, ITEM, context(now=began.now - timedelta(seconds=1))) == first
    assert once.execute(local, ITEM, context(now=began.now - timedelta(days=30))) != first


def test_a_changed_amount_is_another_deed(store, local, context):
    once = repeats(store, window_seconds=600)
    changed = replace(MONTHLY, lines=(replace(LINE, unit_price=Decimal(101)),))
    assert once.execute(local, MONTHLY, context()) != once.execute(local, changed, context())
    assert count(store, tables.recurring_invoices) == 2


def test_another_credential_is_another_caller(store, local, context):
    once = repeats(store, window_seconds=600)
    first = once.execute(local, ITEM, context(credential="a"), "k")
    assert once.execute(local, ITEM, context(credential="b"), "k") != first
    assert once.execute(local, ITEM, context(credential="a")) != first


def test_a_key_is_answered_from_memory_for_its_hours_and_then_forgotten(store, local, context):
    once = repeats(store)
    began = context()
    first = once.execute(local, ITEM, began, "order 7")
    day = timedelta(hours=24)
    last = context(now=began.now + day - timedelta(seconds=1))
    assert once.execute(local, ITEM, last, " order 7 ") == first
    assert once.execute(local, ITEM, context(now=began.now + day), "order 7") != first
    assert count(store, tables.billable_items) == 2


def test_a_key_that_comes_with_another_request_is_refused_and_nothing_done(store, local, context):
    once = repeats(store)
    once.execute(local, ITEM, context(), "k")
    with pytest.raises(KeyReused, match="send a new key"):
        once.execute(local, replace(ITEM, amount=Decimal(11)), context(), "k")
    with pytest.raises(KeyReused):
        once.execute(local, AddCredit(1, "gift", Decimal(5)), context(), "k")
    assert count(store, tables.billable_items) == 1


def test_two_keys_are_two_deeds_whatever_they_ask(store, local, context):
    once = repeats(store, window_seconds=600)
    assert once.execute(local, ITEM, context(), "a") != once.execute(local, ITEM, context(), "b")


@pytest.mark.parametrize("key", ["x" * 201, "tab\there", "é"])
def test_a_key_that_cannot_be_kept_is_refused(store, local, context, key):
    with pytest.raises(InvalidField, match="200 printable"):
        repeats(store).execute(local, ITEM, context(), key)
    assert count(store, tables.billable_items) == 0


def test_what_failed_leaves_no_claim(store, local, context):
    once = repeats(store, window_seconds=600)
    nobody = replace(ITEM, client_id=9)
    for key in ("k", None, "k"):
        with pytest.raises(ClientNotFound):
            once.execute(local, nobody, context(), key)
    assert count(store, tables.attempts) == 0
    assert once.execute(local, ITEM, context(), "k") == BillableItemCreated(1)


def test_reads_runs_and_dry_runs_are_never_answered_from_memory(store, local, context):
    once = repeats(store, window_seconds=600)
    once.execute(local, MONTHLY, context())
    issued = [
        once.execute(local, GenerateDueInvoices(), context(), "k").count  # type: ignore[attr-defined]
        for _ in range(2)
    ]
    assert issued == [1, 0]
    once.execute(local, FindClient("Ann Doe", "ann@example.com"), context(), "k")
    once.execute(local, ITEM, context(dry_run=True), "k")
    assert count(store, tables.billable_items) == 0
    assert count(store, tables.attempts) == 1


def test_a_change_is_recognised_by_its_key_only(store, local, context):
    once = repeats(store, window_seconds=600)
    change = UpdateClient(replace(FIELDS, city="Cape Town"), 1)
    assert once.execute(local, change, context()) == once.execute(local, change, context())
    assert count(store, tables.attempts) == 0
    first = once.execute(local, change, context(), "k")
    assert once.execute(local, change, context(), "k") == first
    assert count(store, tables.attempts) == 1


def test_equal_calls_at_once_act_once(store, local, context):
    once = repeats(store, window_seconds=600)
    contexts = [context() for _ in range(8)]
    together = threading.Barrier(8)

    def call(each: Context) -> Result:
        together.wait(10)
        return once.execute(local, MONTHLY, each)

    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(call, contexts))
    assert len(set(replies)) == 1
    assert count(store, tables.recurring_invoices) == 1
    assert count(store, tables.attempts) == 1


def test_equal_calls_at_once_that_fail_are_each_told_why(store, local, context):
    once = repeats(store, window_seconds=600)
    contexts = [context() for _ in range(6)]
    together = threading.Barrier(6)

    def call(each: Context) -> str:
        together.wait(10)
        with pytest.raises(ClientNotFound) as refused:
            once.execute(local, replace(ITEM, client_id=9), each)
        return refused.value.code

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(call, contexts)) == {"client_not_found"}


def test_replies_past_their_time_are_deleted_and_others_stay(store, local, context):
    once = repeats(store, window_seconds=600)
    began = context()
    once.execute(local, ITEM, began)
    once.execute(local, ITEM, context(), "k")
    once.execute(Elsewhere(store), ITEM, context(credential="c"))
    forget_replies(store, began.now + timedelta(seconds=601))
    with store.read() as uow:
        kept = uow.execute(sa.select(tables.attempts.c.idempotency_key)).scalars().all()
    assert sorted(key[:5] for key in kept) == ["key:k", "same:"]


# --- a backend elsewhere -----------------------------------------------------------------------


def test_before_a_backend_elsewhere_there_is_a_window_by_default(store, context):
    once, other = repeats(store), Elsewhere(store)
    began = context()
    first = once.execute(other, ITEM, began)
    assert once.execute(other, ITEM, context(now=began.now + timedelta(seconds=599))) == first
    assert once.execute(other, ITEM, context(now=began.now + timedelta(seconds=600))) != first
    assert len(other.acted) == 2


def test_without_a_window_a_repeat_acts_once_the_first_is_done(store, context):
    once, other = repeats(store, backend_window_seconds=0), Elsewhere(store)
    assert once.execute(other, ITEM, context()) != once.execute(other, ITEM, context())


def test_a_repeat_joins_what_is_under_way_and_gets_its_reply(store, context):
    other = Elsewhere(store)
    first = context()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            other.end(first, "done", BillableItemCreated(41))

    once = repeats(store, pause, backend_window_seconds=600)
    inside: list[Result] = []

    def meanwhile(reference: str) -> str:
        assert reference == first.reference
        inside.append(once.execute(other, ITEM, context()))
        return "done"

    other.ends = [meanwhile]
    once.execute(other, ITEM, first)
    assert inside == [BillableItemCreated(41)]
    assert pauses == [0.01, 0.02, 0.04]
    assert len(other.acted) == 1


def test_a_repeat_waits_no_longer_than_it_may_and_names_the_first_ones_reference(store, context):
    other, first = Elsewhere(store), context()
    ticks = iter(range(1000))
    once = repeats(store, join_seconds=5)

    def meanwhile(_: str) -> str:
        late = replace(context(), elapsed=lambda: float(next(ticks)))
        with pytest.raises(OutcomeLost) as joined:
            once.execute(other, ITEM, late)
        assert joined.value.reference == first.reference
        return "done"

    other.ends = [meanwhile]
    once.execute(other, ITEM, first)
    assert next(ticks) < 30


def test_an_attempt_past_its_deadline_is_as_good_as_unknown(store, context, real_time):
    once, other, first = repeats(store), Elsewhere(store), context()

    def meanwhile(_: str) -> str:
        real_time(BEGAN + timedelta(seconds=30))
        with pytest.raises(OutcomeLost):
            once.execute(other, ITEM, context())
        return "done"

    other.ends = [meanwhile]
    once.execute(other, ITEM, first)


@pytest.mark.parametrize("state", ["queued", "open", "unknown"])
def test_a_repeat_of_what_was_accepted_gets_the_reply_that_its_caller_got(store, context, state):
    once, other, first = repeats(store), Elsewhere(store), context()
    accepted = once.execute(other, ITEM, first)
    other.set(first.reference, state=state)
    late = context(now=first.now + timedelta(days=2))
    assert once.execute(other, ITEM, late) == accepted
    assert len(other.acted) == 1


@pytest.mark.parametrize("key", [None, "k"])
@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=40)])
def test_a_repeat_of_what_is_unknown_joins_it_whatever_the_window(store, context, key, later):
    once, other, first = repeats(store, backend_window_seconds=0), Elsewhere(store), context()
    other.ends = ["unknown"]
    texts = set()
    for moment in (first, context(now=first.now + later), context(now=first.now + later)):
        with pytest.raises(OutcomeLost) as lost:
            once.execute(other, ITEM, moment, key)
        assert lost.value.reference == first.reference
        texts.add(str(lost.value))
    assert len(texts) == 1
    assert len(other.acted) == 1


def test_once_it_is_known_a_repeat_gets_what_is_known(store, context):
    once, other = repeats(store), Elsewhere(store)
    first, dropped = context(), context()
    other.ends = ["unknown", "unknown"]
    for command, began in ((ITEM, first), (replace(ITEM, description="x"), dropped)):
        with pytest.raises(OutcomeLost):
            once.execute(other, command, began)
    other.end(first, "done", BillableItemCreated(8))
    other.end(dropped, "dropped")
    assert once.execute(other, ITEM, context()) == BillableItemCreated(8)
    once.execute(other, replace(ITEM, description="x"), context())
    assert len(other.acted) == 3


def test_a_reply_that_was_not_kept_is_not_made_up(store, context):
    once, other, first = repeats(store), Elsewhere(store), context()
    once.execute(other, ITEM, first)
    other.set(first.reference, result=None)
    with pytest.raises(ReplyNotKept, match=first.reference):
        once.execute(other, ITEM, context())


def test_what_was_not_sent_is_tried_again_by_a_repeat(store, context):
    once, other = repeats(store), Elsewhere(store)
    other.ends = ["not_sent"]
    with pytest.raises(NotSent):
        once.execute(other, ITEM, context(), "k")
    assert once.execute(other, ITEM, context(), "k") == BillableItemCreated(2)
    assert claims(store) == 1


def test_of_several_repeats_of_what_is_over_one_acts(store, context):
    once, other, first = repeats(store), Elsewhere(store), context()
    once.execute(other, ITEM, first)
    later = [context(now=first.now + timedelta(seconds=700)) for _ in range(6)]
    with ThreadPoolExecutor(6) as threads:
        replies = set(threads.map(lambda each: once.execute(other, ITEM, each), later))
    assert replies == {BillableItemCreated(2)}
    assert len(other.acted) == 2


def test_payments_are_recognised_by_their_transaction_only(store, context):
    once, other = repeats(store), Elsewhere(store)
    named = RecordPayment(5, "T-1", "bank")
    nameless = replace(named, transaction_id="")
    for command in (named, named, nameless, nameless):
        once.execute(other, command, context())
    assert other.acted == [named, nameless, nameless]


def test_parameters_that_only_the_backend_knows_make_another_request(store, context):
    once, other = repeats(store), Elsewhere(store)

    def sent(**params: str) -> Context:
        action = {"action": "AddBillableItem", "identifier": "i", "responsetype": "json"}
        made: Context = context()
        return replace(made, sent=Sent("whmcs", "addbillableitem", {**action, **params}))

    once.execute(other, ITEM, sent(secret="a"))
    once.execute(other, ITEM, sent(secret="b", responsetype="xml"))
    assert len(other.acted) == 1
    once.execute(other, ITEM, sent(secret="a", notes="urgent"))
    assert len(other.acted) == 2


def test_what_the_database_undid_is_tried_until_the_time_is_over(store, context):
    class Undone:
        calls = 0

        def execute(self, command: Command, context: Context) -> Result:
            self.calls += 1
            if self.calls < 4:
                raise Conflict
            return BillableItemCreated(1)

    backend = Undone()
    assert repeats(store).execute(backend, ITEM, context()) == BillableItemCreated(1)
    backend.calls = 0
    with pytest.raises(StoreUnavailable):
        repeats(store, join_seconds=0).execute(backend, ITEM, context())
    assert backend.calls == 1

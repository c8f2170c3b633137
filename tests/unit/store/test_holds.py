"""Holds on a store: what stops, what goes on, and that every process hears of it at once."""

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.commands.model import (
    ChangeSetting,
    ClientFields,
    GenerateDueInvoices,
    GetClient,
    IssueInvoice,
    UpdateClient,
)
from adapter.commands.results import ClientShown
from adapter.errors import InvalidField, OnHold, RunIncomplete
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.current import Hold
from adapter.store.holds import IMPORTED, RESTORED, holds, lift_hold, set_hold
from adapter.store.outbox import MAIL, enqueue_many, expire_rows, lease_row, mail_row
from adapter.store.run import run
from adapter.store.undoing import undo_run
from adapter.store.unit_of_work import INVOICE_NUMBER, Store
from tests.unit.store.conftest import TODAY


@pytest.fixture
def hold(shop):
    """Put the shop's store on hold."""

    def put(reason=RESTORED, context=None, **facts):
        with shop.store.write(settings=True) as uow:
            return set_hold(uow, context or shop.context(), reason, facts)

    return put


@pytest.fixture
def lift(shop):
    def take_away(reason=RESTORED):
        with shop.store.write(settings=True) as uow:
            return lift_hold(uow, shop.context(), reason)

    return take_away


@contextmanager
def another_process(store):
    """Open the database once more, as another process has it."""
    with ExitStack() as stack:
        other = Store(store.config)
        stack.callback(other.close)
        yield other


def standing(store):
    with store.read() as uow:
        return holds(uow)


def test_a_hold_says_why_since_when_by_whom_and_its_facts(shop, hold):
    assert standing(shop.store) == ()
    now = shop.context().now
    made = hold(highest={"invoice": 12})
    (found,) = standing(shop.store)
    assert found == made
    assert (found.reason, found.since) == ("restored", now)
    assert found.facts == {"highest": {"invoice": 12}}
    assert found.caller == shop.context().caller.credential


def test_set_again_it_keeps_its_time_and_has_the_new_facts(shop, hold):
    first = hold(file="a")
    later = shop.context(TODAY + timedelta(days=3))
    second = hold(context=later, file="b")
    assert second.since == first.since
    assert second.facts == {"file": "b"}
    assert len(standing(shop.store)) == 1


def test_holds_stand_until_each_is_lifted(shop, hold, lift):
    hold()
    hold(IMPORTED)
    assert lift() is True
    assert [each.reason for each in standing(shop.store)] == ["imported"]
    assert lift() is False
    assert lift(IMPORTED) is True
    assert standing(shop.store) == ()


def test_setting_and_lifting_are_audited(shop, hold, lift):
    hold(file="a")
    lift()
    lift()
    audit = tables.audit.c
    with shop.store.read() as uow:
        query = sa.select(audit.deed, audit.noun, audit.detail).where(audit.noun == "hold")
        rows = [tuple(row) for row in uow.execute(query.order_by(audit.id))]
    assert rows == [
        ("set", "hold", {"reason": "restored", "file": "a"}),
        ("lift", "hold", {"reason": "restored"}),
    ]


@pytest.mark.parametrize("reason", ["", "Restored", "two words", "é", "x" * 33])
def test_a_reason_is_one_lower_case_word(shop, hold, reason):
    with pytest.raises(InvalidField):
        hold(reason)
    assert standing(shop.store) == ()


def test_no_run_bills_and_the_error_says_why_and_since_when(shop, hold, lift):
    shop.service(shop.client(), TODAY)
    since = hold().since
    with pytest.raises(OnHold, match="restored") as told:
        shop.generate()
    assert f"{since:%Y-%m-%d %H:%M} UTC" in str(told.value)
    assert shop.documents() == []
    assert shop.count(tables.runs) == 0
    lift()
    assert shop.generate().count == 1


def test_nothing_due_is_no_success_on_hold(shop, hold):
    client = shop.client()
    assert shop.generate().count == 0  # the cheap question is answered from now on
    hold()
    for scope in ({}, {"client_id": client}, {"client_id": client, "service_ids": (1,)}):
        with pytest.raises(OnHold):
            shop.generate(**scope)


def test_no_run_is_undone_on_hold(shop, hold):
    shop.service(shop.client(), TODAY)
    shop.generate()
    hold()
    with pytest.raises(OnHold):
        undo_run(shop.store, shop.context(), 1)
    assert undo_run(shop.store, shop.context(dry_run=True), 1).voided == [1]
    (document,) = shop.documents()
    assert document["status"] == "Unpaid"


def test_a_dry_run_goes_on(shop, hold):
    shop.service(shop.client(), TODAY)
    hold()
    context = shop.context(dry_run=True)
    result, _ = run(shop.store, RunConfig(), GenerateDueInvoices(), context)
    assert result.count == 1
    assert shop.documents() == []


def test_a_hold_of_another_process_is_seen_by_the_next_call(shop, hold, lift):
    client = shop.client()
    with another_process(shop.store) as other:
        command, bounds = GenerateDueInvoices(client_id=client), RunConfig()
        for _ in range(2):
            assert run(other, bounds, command, shop.context())[0].count == 0
        hold()
        with pytest.raises(OnHold):
            run(other, bounds, command, shop.context())
        with other.write() as uow, pytest.raises(OnHold):
            uow.take(INVOICE_NUMBER)
        lift()
        assert run(other, bounds, command, shop.context())[0].count == 0


def test_a_run_that_meets_a_hold_says_what_it_issued(shop, hold):
    for _ in range(3):
        shop.service(shop.client(), TODAY)
    elapsed = iter(range(1000))
    held: list[Hold] = []

    def tick():
        if not held and shop.documents():
            held.append(hold())
        return float(next(elapsed))

    bounds = RunConfig(page_clients=1, time_limit_seconds=10_000)
    with pytest.raises(RunIncomplete, match="1 invoices generated so far"):
        run(shop.store, bounds, GenerateDueInvoices(), replace(shop.context(), elapsed=tick))
    assert len(shop.documents()) == 1


def test_no_number_is_taken_but_in_a_trial_or_where_it_is_meant(shop, hold):
    with shop.store.write() as uow:
        first = uow.take(INVOICE_NUMBER)
    hold(IMPORTED)
    with shop.store.write() as uow, pytest.raises(OnHold):
        uow.take(INVOICE_NUMBER)
    with shop.store.write(keep=False) as uow:
        assert uow.take(INVOICE_NUMBER) == first + 1
    with shop.store.write(under_hold=True) as uow:
        assert uow.take(INVOICE_NUMBER) == first + 1


def test_callers_read_and_change_nothing_but_settings(shop, hold):
    client = shop.client(first_name="Ann")
    hold()
    backend = LocalBackend(shop.store, RunConfig())
    context = shop.context()

    def first_name():
        shown = backend.execute(GetClient(client_id=client), context)
        assert isinstance(shown, ClientShown)
        return shown.client.first_name

    assert first_name() == "Ann"
    for command in (
        UpdateClient(ClientFields(first_name="Bea"), client),
        IssueInvoice(client_id=client),
    ):
        with pytest.raises(OnHold):
            backend.execute(command, context)
    assert first_name() == "Ann"
    backend.execute(ChangeSetting(name="TaxEnabled", value="on"), context)
    with shop.store.read() as uow:
        assert uow.settings.tax_enabled


def test_no_mail_leaves_or_grows_old(shop, hold, lift):
    context = shop.context()
    with shop.store.write() as uow:
        enqueue_many(uow, [mail_row(context, "t", 7, 1)])
    hold()
    now = context.now
    later = now + timedelta(days=30)
    assert lease_row(shop.store, MAIL, now, 60, account_now=now) is None
    assert expire_rows(shop.store, later, oldest=later, since=now) == 0
    lift()
    leased = lease_row(shop.store, MAIL, now, 60, account_now=now)
    assert leased is not None
    assert leased.document_id == 1


def test_without_a_hold_no_transaction_asks_for_more(shop):
    asked = []
    with shop.store.read():
        pass
    sa.event.listen(
        shop.store.engine, "before_cursor_execute", lambda *given: asked.append(given[2])
    )
    with shop.store.read():
        pass
    with shop.store.write():
        pass
    assert not [each for each in asked if "holds" in each]

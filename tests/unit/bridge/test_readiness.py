"""What `/readyz` says of an account: when it is behind with its runs, and when it may be."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapter.bridge.daily import run_daily
from adapter.bridge.readiness import shortcoming
from adapter.commands.access import Account, Mode
from adapter.commands.model import GenerateDueInvoices
from adapter.store.config import RunConfig
from adapter.store.figures import counting_since
from adapter.store.holds import IMPORTED, lift_hold, set_hold
from adapter.store.run import BY_HAND, generate_due, last_complete_run

AT = time(0, 30)
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
PRODUCTION = Account("main", Mode.PRODUCTION, ZoneInfo("UTC"), "1")
SANDBOX = Account("main", Mode.SANDBOX, ZoneInfo("UTC"), "1")


@pytest.fixture
def begun(store, context):
    """Return a store whose first deed was done at `START`."""
    with store.write() as uow:
        uow.audit(context(now=START), "change", "setting", 0)
    return store


def told(store, now, account=PRODUCTION, at=AT):
    return shortcoming(account, store, now, at)


def run(store, context, now, kind="daily", **scope):
    there = context(now.date(), now=now)
    if kind == "daily":
        run_daily(store, RunConfig(), there)
    else:
        generate_due(store, RunConfig(), GenerateDueInvoices(**scope), there, kind=kind)


def test_a_store_in_which_nothing_was_done_lacks_nothing(store):
    assert told(store, START + 1000 * HOUR) == ""


def test_a_fresh_store_counts_from_its_first_deed(begun):
    assert told(begun, START + 26 * HOUR) == ""
    late = told(begun, START + 26 * HOUR + timedelta(seconds=1))
    assert late == "no complete run since 2026-03-02 08:00 UTC"


def test_a_complete_run_starts_the_hours_anew(begun, context):
    run(begun, context, START + 20 * HOUR)
    assert told(begun, START + 46 * HOUR) == ""
    assert told(begun, START + 47 * HOUR) == "no complete run since 2026-03-03 04:00 UTC"


def test_a_sandbox_and_an_account_without_a_time_may_wait(begun):
    late = START + 100 * HOUR
    assert told(begun, late, SANDBOX) == ""
    assert told(begun, late, at=None) == ""


@pytest.mark.parametrize("account", [PRODUCTION, SANDBOX])
def test_an_account_on_hold_says_so_and_counts_from_the_holds_end(begun, context, account):
    later = context(now=START + 50 * HOUR)
    with begun.write(settings=True) as uow:
        set_hold(uow, context(now=START), IMPORTED, {})
    expected = "on hold since 2026-03-02 08:00 UTC (imported)"
    assert told(begun, START + 40 * HOUR, account) == expected
    with begun.write(settings=True) as uow:
        lift_hold(uow, later, IMPORTED)
    assert told(begun, START + 76 * HOUR, account) == ""
    with begun.read() as uow:
        assert counting_since(uow) == START + 50 * HOUR


def test_whole_runs_count_whoever_starts_them_and_parts_do_not(begun, context):
    client = {"client_id": 1}
    run(begun, context, START, BY_HAND)
    with begun.read() as uow:
        assert last_complete_run(uow) == START
    run(begun, context, START + HOUR, "api")  # nothing was due, and nobody waits for it
    with pytest.raises(Exception, match="Client not found"):
        run(begun, context, START + HOUR, BY_HAND, **client)
    with begun.read() as uow:
        assert last_complete_run(uow) == START

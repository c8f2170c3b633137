"""The set-based path and `billing.generate` decide the same, on random stores, on every engine."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.run import run
from adapter.store.unit_of_work import Store
from tests.databases import EVERY_SERVER, Databases, new_store
from tests.random_store import contents, fill, pay_some

TODAY = date(2026, 1, 31)
FORCED = RunConfig(set_based=False)
ACCOUNT = Account("main", Mode.SANDBOX, ZoneInfo("UTC"), "1")
_serial = count(1)


def context(today: date, *, dry_run: bool = False) -> Context:
    name = f"r{next(_serial)}"
    now = datetime.combine(today, time(8), UTC)
    caller = Caller(ACCOUNT, "tests", "127.0.0.1")
    return Context(caller, today, now, name, name, lambda: 0.0, dry_run=dry_run)


def same_on_both(forced: Store, mixed: Store, seed: int, config: RunConfig) -> int:
    """Run both stores of a seed through a quarter; return how many documents were issued."""
    issued = 0
    for store in (forced, mixed):
        fill(store, seed, TODAY, clients=12)
    for days in (0, 1, 31):
        today = TODAY + timedelta(days=days)
        command = GenerateDueInvoices(send_email=seed % 3 != 0)
        dry = run(mixed, config, command, context(today, dry_run=True), digest=True)[1]
        one = run(forced, FORCED, command, context(today), digest=True)[1]
        other = run(mixed, config, command, context(today), digest=True)[1]
        assert (other.count, other.parked) == (one.count, one.parked)
        assert contents(mixed) == contents(forced)
        assert other.hexdigest == one.hexdigest == dry.hexdigest
        for store in (forced, mixed):
            pay_some(store, context(today), seed + days)
        issued += one.count
    assert contents(mixed) == contents(forced)
    return issued


@pytest.mark.parametrize("calendar_months", [3, 1])
def test_both_paths_issue_the_same(tmp_path, calendar_months):
    config = RunConfig(page_clients=5, calendar_months=calendar_months)

    @settings(max_examples=4, deadline=None, derandomize=True)
    @given(st.integers(0, 10**6))
    def check(seed: int) -> None:
        with new_store(tmp_path) as forced, new_store(tmp_path) as mixed:
            same_on_both(forced, mixed, seed, config)

    check()


def test_the_set_based_path_is_really_taken(tmp_path):
    with new_store(tmp_path) as forced, new_store(tmp_path) as mixed:
        assert same_on_both(forced, mixed, 4, RunConfig()) > 20
        with mixed.read() as uow:
            assert any(key[0] == "plain" for key in mixed.prepared if isinstance(key, tuple))
            assert uow.execute(tables.calendar.select().limit(1)).first() is not None


@pytest.mark.slow
@pytest.mark.parametrize("calendar_months", [3, 1])
def test_both_paths_issue_the_same_on_many_stores(tmp_path, calendar_months):
    config = RunConfig(page_clients=5, calendar_months=calendar_months)

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, 10**9))
    def check(seed: int) -> None:
        with new_store(tmp_path) as forced, new_store(tmp_path) as mixed:
            same_on_both(forced, mixed, seed, config)

    check()


@pytest.mark.parametrize("server", EVERY_SERVER)
@pytest.mark.parametrize("seed", range(12))
def test_servers_issue_what_python_decides(tmp_path, databases: Databases, server: str, seed: int):
    with new_store(tmp_path) as forced:
        mixed = Store(StoreConfig(databases.url(server)))
        try:
            same_on_both(forced, mixed, seed, RunConfig(page_clients=5))
        finally:
            mixed.close()

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.bridge.daily import (
    DailyAccount,
    DailyRun,
    Tidying,
    due_day,
    is_due,
    run_due_accounts,
    seconds_until_next,
    work,
)
from adapter.commands.access import Account, Caller, Mode
from adapter.commands.context import Context
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
)
from adapter.errors import OnHold, StoreUnavailable
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.holds import RESTORED, lift_hold, set_hold
from adapter.store.unit_of_work import Store

AT = time(0, 30)
JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
BERLIN = ZoneInfo("Europe/Berlin")


@dataclass
class World:
    """An account with a clock that tests move, and a worker's reports."""

    store: Store
    now: datetime
    zone: ZoneInfo = JOHANNESBURG
    reports: list[tuple[str, date, int, str]] = field(default_factory=list)

    def context(self) -> Context:
        account = Account("main", Mode.SANDBOX, self.zone, "1")
        return Context(
            caller=Caller(account, "daily", ""),
            today=self.now.astimezone(self.zone).date(),
            now=self.now,
            request_id="r",
            reference="r",
            elapsed=lambda: 0.0,
        )

    def account(self) -> DailyAccount:
        return DailyAccount("main", self.store, self.context)

    def run(self) -> list[tuple[date | None, int]]:
        ended = run_due_accounts((self.account(),), RunConfig(), AT)
        return [(each.run_on, each.count) for each in ended]

    def recurring(self, start_on: date) -> None:
        backend = LocalBackend(self.store, RunConfig())
        client: Any = backend.execute(
            CreateClient(
                ClientFields(first_name="A", email="a@example.com"), ClientIdentity.EMAIL
            ),
            self.context(),
        )
        line = RecurringLine("A", Decimal(1), "Line", Decimal(10), "ZAR", False, Decimal(0), False)
        backend.execute(
            CreateRecurringInvoice(Frequency.DAILY, start_on, (line,), client.client_id),
            self.context(),
        )


def at(text: str, zone: ZoneInfo = JOHANNESBURG) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.fixture
def world(store) -> World:
    return World(store, at("2026-03-02T10:00"))


@pytest.mark.parametrize(
    ("local", "zone", "day"),
    [
        ("2026-03-02T00:29:59", JOHANNESBURG, "2026-03-01"),
        ("2026-03-02T00:30:00", JOHANNESBURG, "2026-03-02"),
        ("2026-03-02T23:59:59", JOHANNESBURG, "2026-03-02"),
        # The night in which 02:00 to 03:00 does not exist.
        ("2026-03-29T01:59:59", BERLIN, "2026-03-28"),
        ("2026-03-29T03:00:00", BERLIN, "2026-03-29"),
    ],
)
def test_a_day_is_due_from_its_time_on_in_the_accounts_zone(local, zone, day):
    when = time(2, 30) if zone is BERLIN else AT
    assert due_day(at(local, zone), zone, when) == date.fromisoformat(day)


def test_a_time_that_comes_twice_is_one_day():
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 summer time
    second = first + timedelta(hours=1)  # 02:30 again
    assert due_day(first, BERLIN, time(2, 30)) == date(2026, 10, 25)
    assert due_day(second, BERLIN, time(2, 30)) == date(2026, 10, 25)


@pytest.mark.parametrize(
    ("local", "seconds"),
    [("2026-03-02T00:29:50", 10.0), ("2026-03-02T00:30:00", 60.0), ("2026-03-02T12:00:00", 60.0)],
)
def test_the_worker_sleeps_until_the_next_start_and_looks_once_a_minute(local, seconds):
    assert seconds_until_next(at(local), JOHANNESBURG, AT) == seconds


def test_a_missed_run_is_made_up_for_and_the_day_is_done_once(world):
    world.recurring(date(2026, 3, 2))
    assert world.run() == [(date(2026, 3, 2), 1)]
    assert world.run() == []
    world.now = at("2026-03-02T23:59")
    assert world.run() == []
    world.now = at("2026-03-03T00:29")
    assert world.run() == []
    world.now = at("2026-03-03T00:30")
    assert world.run() == [(date(2026, 3, 3), 1)]


def test_a_new_installation_is_run_even_before_todays_time(world):
    world.now = at("2026-03-02T00:10")
    assert world.run() == [(date(2026, 3, 2), 0)]
    world.now = at("2026-03-02T00:30")
    assert world.run() == []


def test_days_without_a_worker_are_billed_by_the_next_run(world):
    world.recurring(date(2026, 3, 2))
    world.run()
    world.now = at("2026-03-06T09:00")
    assert world.run() == [(date(2026, 3, 6), 4)]


def test_a_run_that_did_not_end_is_due_again(world):
    world.run()
    with world.store.engine.begin() as connection:
        connection.execute(tables.runs.update().values(complete=False))
    assert is_due(world.store, world.now, JOHANNESBURG, AT)


def test_an_api_run_is_no_daily_run(world):
    world.run()
    with world.store.engine.begin() as connection:
        connection.execute(tables.runs.update().values(kind="api"))
    assert is_due(world.store, world.now, JOHANNESBURG, AT)


def test_the_daily_run_has_no_time_limit(world):
    world.recurring(date(2026, 3, 2))
    slow = replace(world.context(), elapsed=iter(range(0, 10**6, 1000)).__next__)
    account = DailyAccount("main", world.store, lambda: slow)
    (ended,) = run_due_accounts((account,), RunConfig(), AT)
    assert (ended.count, ended.error) == (1, None)


class Closed:
    """A store that does not answer."""

    def read(self) -> Any:
        raise StoreUnavailable


def test_a_failing_account_does_not_stop_the_others(world):
    broken = DailyAccount("broken", Closed(), world.context)  # type: ignore[arg-type]
    ended = list(run_due_accounts((broken, world.account()), RunConfig(), AT))
    assert [(each.account, type(each.error)) for each in ended] == [
        ("broken", StoreUnavailable),
        ("main", type(None)),
    ]


def test_the_worker_runs_at_start_waits_and_ends_when_told(world):
    waits: list[float] = []
    days: list[date | None] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        world.now += timedelta(seconds=seconds)
        return len(waits) == 3

    world.now = at("2026-03-02T00:28:30")
    work(
        (world.account(),),
        RunConfig(),
        AT,
        wait=wait,
        report=lambda ended: days.append(ended.run_on),
    )
    # One minute, then the rest until 00:30 (whose day is done), then a minute again.
    assert waits == [60.0, 30.0, 60.0]
    assert days == [date(2026, 3, 2)]


def test_a_worker_without_accounts_waits(world):
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return True

    work((), RunConfig(), AT, wait=wait, report=lambda _: None)
    assert waits == [60.0]


def test_after_a_clock_was_set_back_each_day_is_run_again_and_bills_nothing_twice(world):
    world.now = at("2026-05-02T08:00")
    world.recurring(date(2026, 5, 1))
    assert world.run() == [(date(2026, 5, 2), 1)]
    world.now = at("2026-03-10T08:00")
    assert world.run() == [(date(2026, 3, 10), 0)]
    assert world.run() == []
    world.now = at("2026-05-03T08:00")
    assert world.run() == [(date(2026, 5, 3), 1)]


def test_an_account_whose_clock_cannot_be_read_is_reported_and_looked_at_again(world):
    def unreadable() -> Context:
        raise StoreUnavailable

    broken = DailyAccount("broken", world.store, unreadable)
    reports: list[DailyRun] = []
    waits: list[float] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return True

    work((broken, world.account()), RunConfig(), AT, wait=wait, report=reports.append)
    assert [(each.account, each.run_on, type(each.error)) for each in reports] == [
        ("broken", None, StoreUnavailable),
        ("main", world.now.astimezone(JOHANNESBURG).date(), type(None)),
    ]
    assert waits == [60.0]


def test_without_a_time_nothing_is_ever_run_by_itself(world):
    world.recurring(date(2026, 3, 2))
    waits: list[float] = []
    reports: list[DailyRun] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        world.now += timedelta(days=1)
        return len(waits) == 3

    work((world.account(),), RunConfig(), None, wait=wait, report=reports.append)
    assert waits == [60.0] * 3
    assert reports == []


def test_a_moved_clock_is_noticed_soon_where_that_is_asked_for(world):
    waits: list[float] = []
    days: list[date | None] = []

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        world.now += timedelta(days=1)
        return len(waits) == 3

    work(
        (world.account(),),
        RunConfig(),
        AT,
        wait=wait,
        report=lambda ended: days.append(ended.run_on),
        look_seconds=2.0,
    )
    assert waits == [2.0] * 3
    assert days == [date(2026, 3, day) for day in (2, 3, 4)]


def test_a_hold_is_reported_once_and_looked_at_each_minute(world):
    waits: list[float] = []
    reports: list[DailyRun] = []

    def change(*, hold: bool) -> None:
        with world.store.write(settings=True) as uow:
            if hold:
                set_hold(uow, world.context(), RESTORED, {})
            else:
                lift_hold(uow, world.context(), RESTORED)

    def wait(seconds: float) -> bool:
        waits.append(seconds)
        if len(waits) == 3:
            change(hold=False)
        return len(waits) == 4

    change(hold=True)
    work(
        (world.account(),),
        RunConfig(),
        AT,
        wait=wait,
        report=reports.append,
        look_seconds=2.0,
    )
    assert waits == [60.0, 60.0, 60.0, 2.0]
    assert [type(each.error) for each in reports] == [OnHold, type(None)]


def test_replies_whose_time_is_over_are_deleted_once_a_day(world):
    def reply(reference: str, until: datetime) -> None:
        row = {
            "reference": reference,
            "credential": "c",
            "command": "CreateClient",
            "fingerprint": "f",
            "backend": "store",
            "proof": "none",
            "state": "done",
            "began_at": world.now,
            "deadline_at": until,
            "request_id": "r",
            "request": {},
        }
        with world.store.write() as uow:
            uow.execute(sa.insert(tables.attempts).values(**row))

    def kept() -> list[str]:
        column = tables.attempts.c.reference
        with world.store.read() as uow:
            return list(uow.execute(sa.select(column).order_by(column)).scalars())

    tidy = Tidying()
    reply("a", world.now - timedelta(1))
    reply("b", world.now + timedelta(1))
    tidy((world.account(),))
    assert kept() == ["b"]
    reply("c", world.now - timedelta(1))
    tidy((world.account(),))
    assert kept() == ["b", "c"]
    world.now += timedelta(days=2)
    tidy((world.account(),))
    assert kept() == []

"""An account's clock, moved for every process that shares its database."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapter.bridge.clock import AccountClock, ClockFixed
from adapter.commands.access import Account, Mode
from adapter.errors import InvalidField
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store

NEW_YORK = ZoneInfo("America/New_York")
REAL = datetime(2026, 3, 1, 17, 30, 0, 250_000, tzinfo=UTC)  # 12:30 in New York


class Real:
    """The real time, which tests move as it moves by itself."""

    def __init__(self) -> None:
        self.now = REAL

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def real():
    return Real()


def make(store, real, mode=Mode.SANDBOX, zone=NEW_YORK):
    return AccountClock.of(Account("main", mode, zone, "1"), store, real)


def test_another_process_sees_the_move_and_time_goes_on(store, real):
    mine = make(store, real)
    other = Store(StoreConfig(store.config.url))
    theirs = make(other, real)
    assert theirs.clock() == REAL
    mine.set_to(date(2027, 5, 2), time(8, 30), "ops")
    shown = theirs.clock().astimezone(NEW_YORK)
    assert (shown.date(), shown.time()) == (date(2027, 5, 2), time(8, 30, 0, 250_000))
    real.now += timedelta(hours=1)
    assert theirs.clock().astimezone(NEW_YORK).time() == time(9, 30, 0, 250_000)
    theirs.reset("ops")
    assert mine.clock() == real.now
    other.close()


def test_days_are_days_of_the_account_whatever_the_season(store, real):
    clock = make(store, real)
    # 8 March 2026 has 23 hours there; noon stays noon.
    assert clock.advance(10, "ops").now.isoformat() == "2026-03-11T12:30:00.250000-04:00"
    assert clock.advance(300, "ops").now.isoformat() == "2027-01-05T12:30:00.250000-05:00"
    # An hour that a day lacks is the one after it.
    moved = clock.set_to(date(2026, 3, 8), time(2, 30), "ops")
    assert moved.now.isoformat()[:16] == "2026-03-08T03:30"


@pytest.mark.parametrize("day", [date(1969, 12, 31), date(2200, 1, 1), date.min, date.max])
def test_a_day_out_of_bounds_changes_nothing(store, real, day):
    clock = make(store, real)
    clock.set_to(date(2027, 5, 2), None, "ops")
    with pytest.raises(InvalidField, match="between 1970-01-01 and 2199-12-31"):
        clock.set_to(day, None, "ops")
    assert clock.show().today == date(2027, 5, 2)


def test_production_cannot_be_moved_and_does_not_even_look(store, real):
    make(store, real).advance(30, "ops")
    production = make(store, real, Mode.PRODUCTION)
    assert production.clock is real
    assert production.show().now == REAL
    for move in (
        lambda: production.advance(1, "ops"),
        lambda: production.set_to(date(2027, 5, 2), None, "ops"),
        lambda: production.reset("ops"),
    ):
        with pytest.raises(ClockFixed, match="Account main is in production"):
            move()

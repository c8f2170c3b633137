"""An account's clock: the real one, or a sandbox's that can be moved for all its processes.

Nothing here reads a clock: the unmoved one is handed in.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import Final

from adapter.bridge.service import Clock
from adapter.commands.access import Account, Mode
from adapter.errors import InvalidField, StateError
from adapter.store.clock import StoredShift, read_shift, write_shift
from adapter.store.unit_of_work import Store

# Far enough for any test of schedules, and every date that follows from it has four digits.
FIRST_DAY: Final = date(1970, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)


class ClockFixed(StateError):
    """A production account's clock cannot be moved."""

    code = "clock_fixed"

    def __init__(self, account: str) -> None:
        super().__init__(
            f"Account {account} is in production: only a sandbox can live another day"
        )


@dataclass(frozen=True, slots=True)
class ClockState:
    """What time it is for an account. `shift` is how far its clock was moved by hand."""

    account: Account
    now: datetime
    shift: timedelta

    @property
    def today(self) -> date:
        """The account's day."""
        return self.now.date()


@dataclass(frozen=True, slots=True)
class AccountClock:
    """The clock of one account; `unmoved` is what it shows while nobody has moved it."""

    account: Account
    store: Store
    unmoved: Clock
    shift: StoredShift

    @classmethod
    def of(cls, account: Account, store: Store, unmoved: Clock) -> "AccountClock":
        """Return the clock of an account with this store."""
        return cls(account, store, unmoved, StoredShift(store))

    @property
    def clock(self) -> Clock:
        """What tells the time: in production nothing is asked but the real clock."""
        return self.unmoved if self.account.mode is Mode.PRODUCTION else self._moved

    def _moved(self) -> datetime:
        return self.unmoved() + self.shift()

    def show(self) -> ClockState:
        """Return the time as it is now, in the account's zone."""
        production = self.account.mode is Mode.PRODUCTION
        return self._state(timedelta() if production else self.shift())

    def set_to(self, day: date, at: time_of_day | None, caller: str) -> ClockState:
        """Let it be `day` now, at the present time of day unless `at` is given.

        Raises `ClockFixed`, or `InvalidField` for a day out of bounds; so do the others.
        """

        def target(now: datetime) -> datetime:
            # Without its seconds an hour given by hand is that hour, not a minute less.
            moment = now.timetz() if at is None else at.replace(tzinfo=self.account.zone)
            return datetime.combine(day, moment)

        return self._move(target, caller)

    def advance(self, days: int, caller: str) -> ClockState:
        """Move the clock on by whole days; the time of day stays what it is."""
        try:
            step = timedelta(days=days)
        except OverflowError as error:
            raise _out_of_bounds() from error
        return self._move(lambda now: now + step, caller)

    def reset(self, caller: str) -> ClockState:
        """Let the clock show again what it would without having been moved."""
        return self._move(None, caller)

    def _move(self, target: Callable[[datetime], datetime] | None, caller: str) -> ClockState:
        """Store a new shift, once nobody is writing who began at the time before."""
        if self.account.mode is Mode.PRODUCTION:
            raise ClockFixed(self.account.name)
        with self.store.write(settings=True) as uow:
            unmoved = self.unmoved().astimezone(UTC)
            now = (unmoved + read_shift(uow)).astimezone(self.account.zone)
            try:
                wanted = unmoved if target is None else target(now).astimezone(UTC)
            except OverflowError as error:
                raise _out_of_bounds() from error
            if not FIRST_DAY <= wanted.astimezone(self.account.zone).date() <= LAST_DAY:
                raise _out_of_bounds()
            # Whole seconds, upwards: an hour that was asked for has come.
            shift = timedelta(seconds=-((unmoved - wanted) // timedelta(seconds=1)))
            write_shift(uow, shift, unmoved, caller)
        return self._state(shift)

    def _state(self, shift: timedelta) -> ClockState:
        now = (self.unmoved() + shift).astimezone(self.account.zone)
        return ClockState(self.account, now, shift)


def _out_of_bounds() -> InvalidField:
    return InvalidField("date", "bounds", f"must lie between {FIRST_DAY} and {LAST_DAY}")

"""The daily run that nobody has to call: when it is due, and doing it.

Nothing here reads a clock or sleeps: both are handed in.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.errors import AdapterError, OnHold
from adapter.errors.runs import BROKEN_OFF
from adapter.store.config import RunConfig
from adapter.store.fingerprints import forget_replies
from adapter.store.run import DAILY, generate_due, last_daily_run
from adapter.store.unit_of_work import Store

# The longest wait between two looks at the clock: a clock may be set, and a failed run is retried.
LOOK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class DailyConfig:
    """When each account's daily run starts, in the account's time zone; None: never by itself."""

    at: time | None = time(0, 30)


@dataclass(frozen=True, slots=True)
class DailyAccount:
    """An account as the worker sees it; `context` is made anew for each run."""

    name: str
    store: Store
    context: Callable[[], Context]


@dataclass(frozen=True, slots=True)
class DailyRun:
    """How one daily run ended. `error` is None when everything due was issued.

    `run_on` is None when not even the account's clock could be read.
    """

    account: str
    run_on: date | None
    count: int
    error: AdapterError | None = None


def due_day(now: datetime, zone: ZoneInfo, at: time) -> date:
    """Return the day of the latest daily run that should have started."""
    local = now.astimezone(zone)
    return local.date() if local.time() >= at else local.date() - timedelta(days=1)


def seconds_until_next(now: datetime, zone: ZoneInfo, at: time) -> float:
    """Return the time until the next daily run starts, at most until the next look."""
    next_on = due_day(now, zone, at) + timedelta(days=1)
    start = datetime.combine(next_on, at, tzinfo=zone)
    return min(max((start - now).total_seconds(), 0.0), LOOK_SECONDS)


def is_due(store: Store, now: datetime, zone: ZoneInfo, at: time) -> bool:
    """Tell whether the latest daily run that should have started is not complete."""
    with store.read() as uow:
        last = last_daily_run(uow, now)
    return last is None or last < due_day(now, zone, at)


def run_daily(store: Store, run: RunConfig, context: Context) -> InvoicesGenerated:
    """Issue everything that is due today; no caller waits, so it has no time limit.

    Two workers that start it at once share the work, as any two runs do.
    """
    unhurried = replace(run, time_limit_seconds=math.inf)
    return generate_due(store, unhurried, GenerateDueInvoices(), context, kind=DAILY)


def run_due_accounts(
    accounts: Iterable[DailyAccount], run: RunConfig, at: time | None
) -> Iterator[DailyRun]:
    """Run every account whose daily run is due; a failure of one does not stop the others.

    Without a time nothing is ever due: whoever calls decides when.
    """
    if at is None:
        return
    for each in accounts:
        context = None
        try:
            context = each.context()
            if not is_due(each.store, context.now, context.caller.account.zone, at):
                continue
            issued = run_daily(each.store, run, context)
        except AdapterError as error:
            issued_before = error.issued if isinstance(error, BROKEN_OFF) else 0
            run_on = None if context is None else context.today
            yield DailyRun(each.name, run_on, issued_before, error)
        else:
            yield DailyRun(each.name, context.today, issued.count)


class Tidying:
    """Deletes kept replies whose time is over, once a day of each account and process."""

    def __init__(self) -> None:
        self._done: dict[str, date] = {}

    def __call__(self, accounts: Iterable[DailyAccount]) -> None:
        """Tidy where today's turn has not come; what fails is tried again at the next look."""
        for each in accounts:
            with suppress(AdapterError):
                context = each.context()
                if self._done.get(each.name) != context.today:
                    forget_replies(each.store, context.now)
                    self._done[each.name] = context.today


def work(  # noqa: PLR0913 - what a worker does, and its way to wait and to tell
    accounts: tuple[DailyAccount, ...],
    run: RunConfig,
    at: time | None,
    *,
    wait: Callable[[float], bool],
    report: Callable[[DailyRun], None],
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Run daily runs as they fall due, missed ones at once, until `wait` says to stop.

    `wait` sleeps for so many seconds and returns True when it is time to end. At least every
    `look_seconds` clocks are looked at; what failed is tried again after `LOOK_SECONDS`. That an
    account is on hold is reported once.
    """
    tidy = Tidying()
    told: dict[str, str] = {}
    while True:
        longest = look_seconds
        for ended in run_due_accounts(accounts, run, at):
            if ended.error is not None:
                longest = LOOK_SECONDS
            hold = str(ended.error) if isinstance(ended.error, OnHold) else ""
            if not hold or told.get(ended.account) != hold:
                report(ended)
            told[ended.account] = hold
        tidy(accounts)
        pauses = (min(_pause(each, at), longest) for each in accounts)
        if wait(min(pauses, default=LOOK_SECONDS)):
            return


def _pause(account: DailyAccount, at: time | None) -> float:
    """Return the time until an account's next run; until the next look when it cannot tell."""
    try:
        context = account.context()
    except AdapterError:
        return LOOK_SECONDS
    if at is None:
        return LOOK_SECONDS
    return seconds_until_next(context.now, context.caller.account.zone, at)

"""The daily run that nobody has to call: when it is due, and doing it.

Nothing here reads a clock or sleeps: both are handed in.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.errors import AdapterError, RunIncomplete
from adapter.store.config import RunConfig
from adapter.store.run import DAILY, generate_due, last_daily_run
from adapter.store.unit_of_work import Store

# The longest wait between two looks at the clock: a clock may be set, and a failed run is retried.
_LOOK_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class DailyConfig:
    """When each account's daily run starts, in the account's time zone."""

    at: time = time(0, 30)


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
    return min(max((start - now).total_seconds(), 0.0), _LOOK_SECONDS)


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
    accounts: Iterable[DailyAccount], run: RunConfig, at: time
) -> Iterator[DailyRun]:
    """Run every account whose daily run is due; a failure of one does not stop the others."""
    for each in accounts:
        context = None
        try:
            context = each.context()
            if not is_due(each.store, context.now, context.caller.account.zone, at):
                continue
            issued = run_daily(each.store, run, context)
        except AdapterError as error:
            issued_before = error.issued if isinstance(error, RunIncomplete) else 0
            run_on = None if context is None else context.today
            yield DailyRun(each.name, run_on, issued_before, error)
        else:
            yield DailyRun(each.name, context.today, issued.count)


def work(
    accounts: tuple[DailyAccount, ...],
    run: RunConfig,
    at: time,
    *,
    wait: Callable[[float], bool],
    report: Callable[[DailyRun], None],
) -> None:
    """Run daily runs as they fall due, missed ones at once, until `wait` says to stop.

    `wait` sleeps for so many seconds and returns True when it is time to end.
    """
    while True:
        for ended in run_due_accounts(accounts, run, at):
            report(ended)
        if wait(min((_pause(each, at) for each in accounts), default=_LOOK_SECONDS)):
            return


def _pause(account: DailyAccount, at: time) -> float:
    """Return the time until an account's next run; until the next look when it cannot tell."""
    try:
        context = account.context()
    except AdapterError:
        return _LOOK_SECONDS
    return seconds_until_next(context.now, context.caller.account.zone, at)

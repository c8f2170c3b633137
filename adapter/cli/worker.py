"""`adapter worker`: the daily run of every account, at its time."""

import os
import signal
import threading
from types import FrameType

import click

from adapter.assemble import daily_account, open_workplace
from adapter.bridge.daily import DailyRun, run_due_accounts, work
from adapter.cli.base import any_account_option, check_schema, chosen_accounts
from adapter.cli.output import counted, say, warn
from adapter.settings import load_settings

# How often a worker looks whether whoever started it is still there.
_LOOK_SECONDS = 2.0


@click.command()
@click.option("--once", is_flag=True, help="Start what is due now, then end.")
@click.option("--with-parent", "parent", type=int, hidden=True, help="End when it has ended.")
@any_account_option
def worker(*, once: bool, parent: int | None, account: str | None) -> None:
    """Start each account's daily run at `run.at` in its zone, and a missed one at once."""
    settings = load_settings()
    places = [open_workplace(settings, name) for name in chosen_accounts(settings, account)]
    for place in places:
        check_schema(place)
    accounts = tuple(daily_account(place) for place in places)
    if once:
        runs = list(run_due_accounts(accounts, settings.run, settings.daily.at))
        for each in runs:
            _report(each)
        if any(each.error is not None for each in runs):
            raise click.ClickException("Not every daily run is complete")
        return
    stopped = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)

    def wait(seconds: float) -> bool:
        left = seconds
        while left > 0 and not stopped.wait(min(left, _LOOK_SECONDS)):
            left -= _LOOK_SECONDS
            if parent is not None and os.getppid() != parent:
                return True
        return stopped.is_set()

    work(accounts, settings.run, settings.daily.at, wait=wait, report=_report)


def _report(ended: DailyRun) -> None:
    if ended.error is not None:
        day = "" if ended.run_on is None else f" of {ended.run_on}"
        warn(f"Account {ended.account}, daily run{day}: {ended.error}")
    else:
        issued = counted(ended.count, "invoice")
        say(f"Account {ended.account}, daily run of {ended.run_on}: {issued} issued")

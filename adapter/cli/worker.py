"""`adapter worker`: each account's daily run, its mail, its forwards, and what expires."""

import os
import signal
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import FrameType

import click
from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from adapter.assemble import (
    Workplace,
    account_tenders,
    daily_account,
    mail_account,
    open_workplace,
)
from adapter.bridge.daily import (
    LOOK_SECONDS,
    DailyAccount,
    DailyRun,
    Tidying,
    run_due_accounts,
    work,
)
from adapter.bridge.forwards import AccountTender, Tended, tend, tend_once
from adapter.cli.base import Bind, any_account_option, check_schema, chosen_accounts
from adapter.cli.metrics import account_metrics
from adapter.cli.output import counted, say, warn
from adapter.commands.access import Mode
from adapter.errors import AdapterError
from adapter.outbox.deliver import Delivered, Deliverer
from adapter.settings import Settings, load_settings
from adapter.store.attempts import State, Waiting

# How often a worker looks whether whoever started it is still there.
_LOOK_SECONDS = 2.0
_MAIL_LOOK_SECONDS = 1.0
# A delivery that is going on may end; a longer one is repeated when its lease has run out.
_STOP_SECONDS = 10.0


@click.command()
@click.option("--once", is_flag=True, help="Start what is due now, then end.")
@click.option(
    "--metrics-bind",
    type=Bind(),
    metavar="HOST:PORT",
    help="Answer Prometheus there, for a worker without `adapter serve` beside it.",
)
@click.option("--with-parent", "parent", type=int, hidden=True, help="End when it has ended.")
@any_account_option
def worker(
    *, once: bool, metrics_bind: str | None, parent: int | None, account: str | None
) -> None:
    """Start each account's daily run at `run.at` in its zone, and a missed one at once.

    Beside it mail is sent, commands that went to a backend elsewhere are looked up where their end
    is unknown, and sent where they wait, and what has expired is deleted. Any number of workers
    share the work.
    """
    settings = load_settings()
    names = chosen_accounts(settings, account)
    with ExitStack() as stack:
        places = []
        for name in names:
            place = open_workplace(settings, name)
            stack.callback(place.store.close)
            check_schema(place)
            places.append(place)
        if metrics_bind is not None:
            registry = CollectorRegistry()
            listener = account_metrics(settings, names, "--metrics-bind", metrics_bind, registry)
            stack.enter_context(listener)
        _work(settings, places, once=once, parent=parent)


def _work(
    settings: Settings, places: Sequence[Workplace], *, once: bool, parent: int | None
) -> None:
    """Do everything that is a worker's, once or until a signal or the parent's end."""
    accounts = tuple(daily_account(place) for place in places)
    tenders = tuple(each for place in places for each in account_tenders(place))
    mail = {
        place.account.account.name: Deliverer(mail_account(settings, place)) for place in places
    }
    if once:
        _work_once(settings, accounts, tenders, mail)
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

    def look_after_forwards() -> None:
        try:
            tend(tenders, wait=wait, report=_report_forward)
        finally:
            stopped.set()  # a worker that does half of its work must not look alive

    # A run may take long, and what was sent elsewhere does not wait for it.
    beside = threading.Thread(target=look_after_forwards)
    if tenders:
        beside.start()
    posting = threading.Thread(target=_post, args=(mail, stopped), name="mail", daemon=True)
    posting.start()
    # A sandbox's clock may be moved at any time.
    moves = any(place.account.account.mode is Mode.SANDBOX for place in places)
    look_seconds = _LOOK_SECONDS if moves else LOOK_SECONDS
    at = settings.daily.at
    try:
        work(accounts, settings.run, at, wait=wait, report=_report, look_seconds=look_seconds)
    finally:
        stopped.set()
        posting.join(_STOP_SECONDS)
        if tenders:
            beside.join()


def _post(mail: Mapping[str, Deliverer], stopped: threading.Event) -> None:
    """Deliver every account's mail until told to stop; what fails is told and tried again."""
    try:
        while not stopped.is_set():
            # At once again while there is more.
            if not sum(_deliver(name, each) for name, each in mail.items()):
                stopped.wait(_MAIL_LOOK_SECONDS)
    finally:
        stopped.set()  # the same


def _deliver(account: str, deliverer: Deliverer) -> int:
    """Deliver one account's mail; return how many left."""
    try:
        done = deliverer.round()
    except (AdapterError, SQLAlchemyError) as error:
        warn(f"Account {account}, mail: {error}")
        return 0
    _report_mail(account, done)
    return done.sent


def _work_once(
    settings: Settings,
    accounts: tuple[DailyAccount, ...],
    tenders: tuple[AccountTender, ...],
    mail: Mapping[str, Deliverer],
) -> None:
    for tended in tend_once(tenders):
        _report_forward(tended)
    runs = list(run_due_accounts(accounts, settings.run, settings.daily.at))
    for each in runs:
        _report(each)
    Tidying()(accounts)
    for name, deliverer in mail.items():
        _report_mail(name, deliverer.empty())
    if any(each.error is not None for each in runs):
        raise click.ClickException("Not every daily run is complete")


def _report(ended: DailyRun) -> None:
    if ended.error is not None:
        day = "" if ended.run_on is None else f" of {ended.run_on}"
        warn(f"Account {ended.account}, daily run{day}: {ended.error}")
    else:
        issued = counted(ended.count, "invoice")
        say(f"Account {ended.account}, daily run of {ended.run_on}: {issued} issued")


def _report_mail(account: str, done: Delivered) -> None:
    if done.expired:
        warn(f"Account {account}: {counted(done.expired, 'mail')} expired (`adapter outbox list`)")
    for trouble in done.troubles:
        warn(f"Account {account}, {trouble}")


def _report_forward(tended: Tended) -> None:
    where = f"Account {tended.account}, backend {tended.backend}"
    attempt = tended.attempt
    if attempt is None:
        warn(f"{where}: {tended.error}")
    elif attempt.state is State.UNKNOWN:
        warn(f"{where}, {attempt.command} {attempt.reference}: still unknown")
    elif isinstance(attempt, Waiting):
        warn(f"{where}, {attempt.command} {attempt.reference}: waits for {attempt.waits_for}")
    elif attempt.state is State.REFUSED:
        warn(
            f"{where}, {attempt.command} {attempt.reference}: refused ({attempt.error_code}), "
            "its caller was not told"
        )
    else:
        say(f"{where}, {attempt.command} {attempt.reference}: {attempt.state}")

"""`adapter generate-data`: a realistic store to try things on, fast."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from adapter.cli.base import account_option, workplace
from adapter.cli.output import say
from adapter.commands.access import Mode
from adapter.store.generate_data import DataKind, Plan, generate_data

_SHARE = re.compile(r"(\d+(?:\.\d+)?)%|([01]?\.\d+)", re.ASCII)
_DUE = "--due"
_MOST = 10_000_000
_LINES = 10  # how often progress is told where there is no terminal


@click.command("generate-data")
@click.option(
    "--schedules", type=click.IntRange(1, _MOST), required=True, metavar="N", help="How many."
)
@click.option(
    _DUE,
    default="10%",
    show_default=True,
    metavar="SHARE_OR_COUNT",
    help="How many of them are due today: a share (10%, 0.1) or a count (1000).",
)
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in DataKind]),
    default=DataKind.MIXED.value,
    show_default=True,
    help="Plain services, recurring invoices of three lines, or a shop with everything.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same gives the same.")
@click.option(
    "--clients", type=click.IntRange(1, _MOST), metavar="M", help="[default: a quarter of N]"
)
@account_option
def generate(  # noqa: PLR0913 - the options of one command
    *, schedules: int, due: str, kind: str, seed: int, clients: int | None, account: str
) -> None:
    """Fill a sandbox account with invented clients and schedules.

    What is there stays. Catalogue entries are added under the group "Generated"; an empty store
    also gets a tax rule and tax switched on.
    """
    due_count = _due_count(due, schedules)
    clients = clients or max(1, schedules // 4)
    with workplace(account) as place:
        if place.account.account.mode is Mode.PRODUCTION:
            raise click.ClickException(f"Account {account} is in production: no made-up data")
        context = place.context("generate-data")
        plan = Plan(schedules, due_count, clients, context.today, DataKind(kind), seed)
        with _progress(clients + schedules) as told:
            generate_data(place.store, plan, context, told)
    say(
        f"Account {account}: {clients} clients and {schedules} schedules generated, "
        f"{due_count} of them due on {context.today}"
    )


def _due_count(text: str, schedules: int) -> int:
    """Return how many are due; raises `BadParameter` for what is neither a share nor a count."""
    count: Decimal | int
    if share := _SHARE.fullmatch(text):
        percent, part = share.groups()
        count = Decimal(percent) * schedules / 100 if percent else Decimal(part) * schedules
    elif text.isascii() and text.isdigit():
        count = int(text)
    else:
        raise click.BadParameter("must be a share (10%, 0.1) or a count (1000)", param_hint=_DUE)
    if count > schedules:
        raise click.BadParameter(f"{text} is more than all {schedules}", param_hint=_DUE)
    return int(count)


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Yield what is to be told of every portion: drawn on a terminal, else a line now and then."""
    if not sys.stdout.isatty():
        done = 0

        def tell(count: int) -> None:
            nonlocal done
            before, done = done * _LINES // total, done + count
            if done * _LINES // total > before:
                say(f"{done} of {total} written")

        yield tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("Clients and schedules", total=total)
        yield lambda count: bar.advance(task, count)

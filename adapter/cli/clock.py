"""`adapter clock`: what day it is for an account, and another day for a sandbox."""

import click

from adapter.bridge.clock import ClockState
from adapter.bridge.management import parse_moment
from adapter.cli.base import account_option, workplace
from adapter.cli.output import say
from adapter.errors import InvalidField

_CALLER = "cli"


@click.group()
def clock() -> None:
    """Show an account's clock, or move a sandbox's for all its processes at once."""


@clock.command()
@account_option
def show(account: str) -> None:
    """Say what time it is for an account, and how far its clock was moved."""
    with workplace(account) as place:
        _say(place.clock.show())


@clock.command("set")
@click.argument("moment", metavar="DATE[THH:MM]")
@account_option
def set_(moment: str, account: str) -> None:
    """Let it be DATE now, at the present time of day unless one is given."""
    try:
        day, at = parse_moment(moment)
    except InvalidField as error:
        raise click.BadParameter(str(error), param_hint="DATE[THH:MM]") from error
    with workplace(account) as place:
        _say(place.clock.set_to(day, at, _CALLER))


@clock.command()
@click.argument("days", type=click.IntRange(1))
@account_option
def advance(days: int, account: str) -> None:
    """Move the clock on by DAYS; the time of day stays what it is."""
    with workplace(account) as place:
        _say(place.clock.advance(days, _CALLER))


@clock.command()
@account_option
def reset(account: str) -> None:
    """Let the clock show the time that the settings give it."""
    with workplace(account) as place:
        _say(place.clock.reset(_CALLER))


def _say(state: ClockState) -> None:
    moved = round(state.shift.total_seconds())
    how = f"moved by {moved} s" if moved else "not moved"
    zone = state.account.zone.key
    say(f"Account {state.account.name}: {state.now:%Y-%m-%d %H:%M:%S} in {zone}, {how}")

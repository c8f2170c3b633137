"""What all commands share: the account they work on, and errors as one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from adapter.assemble import Workplace, open_workplace
from adapter.errors import AdapterError, InvalidField
from adapter.settings import MAIN, Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


class Commands(click.Group):
    """A group whose commands end with one line and status 1 when something is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidField as error:
            raise click.ClickException(f"{error.path}: {error}") from error
        except AdapterError as error:
            raise click.ClickException(str(error)) from error


def account_option(command: Command) -> Command:
    """Give a command the option `--account`."""
    return click.option(
        "--account", default=MAIN, show_default=True, metavar="NAME", help="Account to work on."
    )(command)


def any_account_option(command: Command) -> Command:
    """Give a command the option `--account` that, left out, means every account."""
    return click.option(
        "--account", default=None, metavar="NAME", help="Only this account.  [default: all]"
    )(command)


def chosen_accounts(settings: Settings, account: str | None) -> tuple[str, ...]:
    """Return the accounts a command is for: the named one, else all that are served."""
    return settings.served_accounts if account is None else (account,)


@contextmanager
def workplace(account: str, settings: Settings | None = None) -> Iterator[Workplace]:
    """Open an account for one command."""
    place = open_workplace(settings or load_settings(), account)
    try:
        yield place
    finally:
        place.store.close()

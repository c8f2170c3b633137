"""What all commands share: the account they work on, and errors as one line."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, TypeVar

import click
from sqlalchemy.exc import SQLAlchemyError

from adapter.assemble import Workplace, open_workplace
from adapter.billing.model import BillableKind
from adapter.bridge.clock import FIRST_DAY, LAST_DAY
from adapter.errors import AdapterError, InvalidField
from adapter.settings import MAIN, Settings, load_settings, parse_bind
from adapter.store.migrate import (
    ForeignSchema,
    found_revision,
    needed_revision,
    require_schema,
)
from adapter.store.sqlite import NetworkFileSystemError

Command = TypeVar("Command", bound=Callable[..., Any])
# Ids and counts: what every database can be asked for.
WHOLE: Final = click.IntRange(1, 2**63 - 1)


class Commands(click.Group):
    """A group whose commands end with one line and status 1 when something is wrong."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except InvalidField as error:
            raise click.ClickException(f"{error.path}: {error}") from error
        except (AdapterError, NetworkFileSystemError) as error:
            raise click.ClickException(str(error)) from error
        except BrokenPipeError:
            # Whoever read what we print has enough of it: click ends quietly then.
            raise
        except OSError as error:
            where = "" if error.filename is None else f"{error.filename}: "
            raise click.ClickException(f"{where}{error.strerror or error}") from error


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


def client_option(command: Command) -> Command:
    """Give a command the option `--client` that narrows a list."""
    return click.option(
        "--client", "client_id", type=WHOLE, metavar="ID", help="Only this client."
    )(command)


def json_option(command: Command) -> Command:
    """Give a command the option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def kind_type() -> "click.Choice[BillableKind]":
    """Return the type of an argument that names a kind of billable."""
    return _Kind(BillableKind)


class Day(click.DateTime):
    """The type of a day, within the bounds of what a clock can be set to."""

    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d"])

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Return midnight of the day. Raises `InvalidField` for one out of bounds."""
        day: datetime = super().convert(value, param, ctx)
        if not FIRST_DAY <= day.date() <= LAST_DAY:
            name = "date" if param is None else param.opts[0]
            raise InvalidField(name, "bounds", f"must lie between {FIRST_DAY} and {LAST_DAY}")
        return day


class Bind(click.ParamType["str"]):
    """The type of a place to listen at."""

    name = "HOST:PORT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text, once it names host and port."""
        try:
            parse_bind(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return str(value)


class _Kind(click.Choice[BillableKind]):
    """Kinds by the words they are stored as."""

    def normalize_choice(self, choice: Any, ctx: click.Context | None) -> str:  # noqa: ARG002
        return str(choice.value) if isinstance(choice, BillableKind) else str(choice)


def chosen_accounts(settings: Settings, account: str | None) -> tuple[str, ...]:
    """Return the accounts a command is for: the named one, else all that are served."""
    return settings.served_accounts if account is None else (account,)


@contextmanager
def workplace(
    account: str, settings: Settings | None = None, *, any_schema: bool = False
) -> Iterator[Workplace]:
    """Open an account for one command, on a schema of this version unless any will do."""
    place = open_workplace(settings or load_settings(), account)
    try:
        check_schema(place, any_schema=any_schema)
        yield place
    finally:
        place.store.close()


def check_schema(place: Workplace, *, any_schema: bool = False) -> None:
    """Raise what names the remedy unless this is a database of ours, at this version's schema."""
    try:
        if any_schema:
            found_revision(place.store)
        else:
            require_schema(place.store, needed_revision())
    except (ForeignSchema, SQLAlchemyError) as error:
        # The password in it is shown as ***.
        url = place.store.engine.url.render_as_string()
        reason = getattr(error, "orig", None) or error
        raise click.ClickException(
            f"account {place.account.account.name}, {url}: {reason}"
        ) from error

"""`adapter db`: the schema of an account's database, copies of it, and bringing one back."""

from pathlib import Path

import click

from adapter.assemble import Workplace
from adapter.cli.backups import (
    back_up_file,
    back_up_server,
    before_upgrade,
    restore_file,
    restore_server,
)
from adapter.cli.base import account_option, workplace
from adapter.cli.output import say
from adapter.store import migrate
from adapter.store.setup import ensure_defaults

_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def db() -> None:
    """Bring a database's schema up to date, check it, copy it, bring a copy back."""


@db.command()
@account_option
def upgrade(account: str) -> None:
    """Create the schema or bring it up to date. Running it again changes nothing.

    A SQLite file is copied first, beside itself.
    """
    with workplace(account, any_schema=True) as place:
        before_upgrade(place)
        revision = migrate.upgrade(place.store)
        with place.store.write() as uow:
            ensure_defaults(uow, place.context("cli").now)
    say(f"Account {account}: schema revision {revision}")


@db.command()
@account_option
def check(account: str) -> None:
    """Compare the database with the schema of this version."""
    with workplace(account) as place:
        differences = migrate.drift(place.store)
    for line in differences:
        say(line)
    if differences:
        raise click.ClickException(f"Account {account}: the schema has drifted")
    say(f"Account {account}: schema revision {migrate.needed_revision()}, no drift")


@db.command()
@_file
@click.option("--run", "runs", is_flag=True, help="Servers: run the dump command, not print it.")
@account_option
def backup(*, file: Path, runs: bool, account: str) -> None:
    """Copy the database to FILE as of one moment, while it is in use.

    For SQLite the copy is made and checked here. For a server its own dump command is printed, or
    run with --run.
    """
    with workplace(account) as place:
        if place.store.is_alone:
            back_up_file(place, file)
        else:
            back_up_server(place, file, runs=runs)


@db.command()
@_file
@click.option("--replace", is_flag=True, help="Also over a database that has documents.")
@click.option("--run", "runs", is_flag=True, help="Servers: run the load command, not print it.")
@click.option("--loaded", is_flag=True, help="Servers: FILE has been loaded by hand; go on.")
@account_option
def restore(*, file: Path, replace: bool, runs: bool, loaded: bool, account: str) -> None:
    """Let the database have the content of FILE, a backup. It is on hold from then on.

    Nothing is billed, numbered or sent until `adapter resume` says what the world has seen since.
    """
    with workplace(account, any_schema=True) as place:
        _refuse_documents(place, replace=replace or loaded)
        if place.store.is_alone:
            restore_file(place, file)
        else:
            restore_server(place, file, runs=runs, loaded=loaded)


def _refuse_documents(place: Workplace, *, replace: bool) -> None:
    if replace or migrate.found_revision(place.store) is None:
        return
    count = migrate.count_documents(place.store)
    if count:
        raise click.ClickException(
            f"the database has {count} documents, which would be lost; back it up, then --replace"
        )

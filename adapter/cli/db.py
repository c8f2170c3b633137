"""`adapter db`: the schema of an account's database."""

import click

from adapter.cli.base import account_option, workplace
from adapter.cli.output import say
from adapter.store import migrate
from adapter.store.setup import ensure_defaults


@click.group()
def db() -> None:
    """Bring a database's schema up to date, or check it."""


@db.command()
@account_option
def upgrade(account: str) -> None:
    """Create the schema or bring it up to date. Running it again changes nothing."""
    with workplace(account, any_schema=True) as place:
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

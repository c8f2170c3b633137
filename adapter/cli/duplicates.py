"""`adapter duplicates`: commands that came twice within minutes, and were both carried out."""

import json
from datetime import datetime

import click

from adapter.backends.local.duplicates import end_duplicate
from adapter.cli.base import Day, account_option, json_option, workplace
from adapter.cli.output import counted, say, say_table
from adapter.store.duplicates import ALWAYS, Duplicate, find_duplicate, find_duplicates

_NAMES = ("id", "at", "caller", "noun", "record", "first", "number", "backend")


@click.group()
def duplicates() -> None:
    """List what was created twice by equal requests within ten minutes, or end one."""


@duplicates.command("list")
@click.option("--since", type=Day(), metavar="DATE", help="Only from this day on.")
@json_option
@account_option
def list_(*, since: datetime | None, as_json: bool, account: str) -> None:
    """List commands that are equal to an earlier one of the same credential, unless ended."""
    with workplace(account) as place, place.store.read() as uow:
        zone = place.account.account.zone
        begin = ALWAYS if since is None else since.replace(tzinfo=zone)
        rows = [_facts(each) for each in find_duplicates(uow, begin)]
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    say_table(_NAMES, [[str(row[name]) for name in _NAMES] for row in rows])
    say(f"Account {account}: {counted(len(rows), 'duplicate')}")


@duplicates.command()
@click.argument("duplicate_id", metavar="ID")
@account_option
def end(*, duplicate_id: str, account: str) -> None:
    """End what a repeated command made: it is billed no more, or its invoice is cancelled."""
    with workplace(account) as place, place.store.write() as uow:
        found = find_duplicate(uow, duplicate_id)
        done = end_duplicate(uow, found, place.context("cli"))
    say(f"{found.deed.noun} {found.deed.record}: {done}")


def _facts(each: Duplicate) -> dict[str, object]:
    return {
        "id": each.deed.id,
        "at": each.deed.at.isoformat(timespec="seconds"),
        "caller": each.deed.caller,
        "noun": each.deed.noun,
        "record": each.deed.record,
        "first": each.first.record,
        "number": each.number,
        "backend": each.deed.backend,
    }

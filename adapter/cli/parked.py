"""`adapter parked`: billables that were set aside because their data cannot be billed."""

import json

import click

from adapter.billing.model import BillableKind
from adapter.cli.base import (
    WHOLE,
    account_option,
    client_option,
    json_option,
    kind_type,
    workplace,
)
from adapter.cli.output import say, say_table
from adapter.store.schedules import parked_billables, unpark


@click.group()
def parked() -> None:
    """List what no run bills until it is put right, or let it be billed again."""


@parked.command("list")
@client_option
@json_option
@account_option
def list_(*, client_id: int | None, as_json: bool, account: str) -> None:
    """List parked billables with the reason."""
    with workplace(account) as place, place.store.read() as uow:
        rows = parked_billables(uow, client_id)
    names = ("kind", "id", "client", "since", "reason")
    facts = [
        (
            row.kind.value,
            row.billable_id,
            row.client_id,
            None if row.parked_at is None else row.parked_at.isoformat(timespec="seconds"),
            row.reason,
        )
        for row in rows
    ]
    if as_json:
        say(json.dumps([dict(zip(names, each, strict=True)) for each in facts], indent=2))
    else:
        say_table(names, [[str(fact) for fact in each] for each in facts])


@parked.command()
@click.argument("kind", type=kind_type(), required=False)
@click.argument("billable_id", metavar="ID", type=WHOLE, required=False)
@click.option("--all", "every", is_flag=True, help="Everything that is parked.")
@account_option
def retry(
    *, kind: BillableKind | None, billable_id: int | None, every: bool, account: str
) -> None:
    """Put a parked billable back in the queue; the next run parks it again if it must."""
    if every is (kind is not None) or (kind is None) is not (billable_id is None):
        raise click.UsageError("Give KIND and ID, or --all")
    with workplace(account) as place:
        if kind is not None and billable_id is not None:
            chosen = [(kind, billable_id)]
        else:
            with place.store.read() as uow:
                chosen = [(each.kind, each.billable_id) for each in parked_billables(uow)]
        for each in chosen:
            # One transaction each: nobody waits for a long list, and a stop keeps what is done.
            with place.store.write() as uow:
                queued_on = unpark(uow, place.context("cli"), *each)
            waits = "nothing to bill now" if queued_on is None else f"to be billed: {queued_on}"
            say(f"{each[0].value} {each[1]}: {waits}")
    say(f"Account {account}: {len(chosen)} no longer parked")

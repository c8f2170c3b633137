"""`adapter held`: dates that are known and deliberately not billed, and what becomes of them."""

import json
from datetime import datetime
from typing import Any

import click

from adapter.billing.model import BillableKind, HeldReason
from adapter.cli.base import (
    WHOLE,
    Day,
    account_option,
    client_option,
    json_option,
    kind_type,
    workplace,
)
from adapter.cli.output import say, say_table
from adapter.store.run import issue_held
from adapter.store.schedules import HeldDate, decide_held, held_dates

_kind = click.argument("kind", type=kind_type())
_id = click.argument("billable_id", metavar="ID", type=WHOLE)
_day = click.argument("day", metavar="DATE", type=Day())
_dry_run = click.option("--dry-run", is_flag=True, help="Decide everything, keep nothing.")


@click.group()
def held() -> None:
    """List dates that no run bills, bill one, or drop it."""


@held.command("list")
@client_option
@click.option("--all", "every", is_flag=True, help="Those that need no decision too.")
@json_option
@account_option
def list_(*, client_id: int | None, every: bool, as_json: bool, account: str) -> None:
    """List held dates that wait for a decision."""
    with workplace(account) as place, place.store.read() as uow:
        rows = [held_facts(each) for each in held_dates(uow, client_id, decided=every)]
    if as_json:
        say(json.dumps(rows, indent=2))
    else:
        names = ("kind", "id", "client", "date", "reason", "since")
        say_table(names, [[str(row[name]) for name in names] for row in rows])


@held.command()
@_kind
@_id
@_day
@click.option("--no-mail", is_flag=True, help="Queue no mail for it.")
@_dry_run
@account_option
def bill(  # noqa: PLR0913 - the options of one command
    *,
    kind: BillableKind,
    billable_id: int,
    day: datetime,
    no_mail: bool,
    dry_run: bool,
    account: str,
) -> None:
    """Issue the invoice of a held date now; the schedule stays where it is."""
    with workplace(account) as place:
        context = place.context("cli", dry_run=dry_run)
        with place.store.write(keep=not dry_run) as uow:
            invoice_id = issue_held(
                uow, context, kind, billable_id, day.date(), send_email=not no_mail
            )
    issued = "would be billed" if dry_run else f"invoice {invoice_id}"
    say(f"{kind.value} {billable_id}, {day:%Y-%m-%d}: {issued}")


@held.command()
@_kind
@_id
@_day
@_dry_run
@account_option
def drop(
    *, kind: BillableKind, billable_id: int, day: datetime, dry_run: bool, account: str
) -> None:
    """Decide that a held date is never billed."""
    with workplace(account) as place:
        context = place.context("cli", dry_run=dry_run)
        with place.store.write(keep=not dry_run) as uow:
            decide_held(uow, context, kind, billable_id, day.date(), HeldReason.DROPPED)
    say(f"{kind.value} {billable_id}, {day:%Y-%m-%d}: {'would be ' if dry_run else ''}dropped")


def held_facts(each: HeldDate) -> dict[str, Any]:
    """Return a held date as JSON shows it."""
    return {
        "kind": each.kind.value,
        "id": each.billable_id,
        "client": each.client_id,
        "date": each.due_on.isoformat(),
        "reason": each.reason.value,
        "since": each.recorded_at.isoformat(timespec="seconds"),
    }

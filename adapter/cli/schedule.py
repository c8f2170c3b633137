"""`adapter schedule`: what will be billed, what is held, and how a schedule catches up."""

import json
from datetime import datetime
from typing import Any

import click

from adapter.billing.model import BillableKind, CatchUp, HeldReason
from adapter.cli.base import (
    Day,
    account_option,
    client_option,
    json_option,
    kind_type,
    workplace,
)
from adapter.cli.output import counted, say, say_table
from adapter.store.run import Preview, PreviewDocument, issue_held
from adapter.store.run import preview as foretell
from adapter.store.schedules import HeldDate, decide_held, held_dates, set_catch_up

_DAY = Day()
_DEFAULT = "default"
_kind = click.argument("kind", type=kind_type())
_id = click.argument("billable_id", metavar="ID", type=click.IntRange(1))
_day = click.argument("day", metavar="DATE", type=_DAY)


@click.group()
def schedule() -> None:
    """Look ahead, change how a schedule catches up, and decide about held dates."""


@schedule.command("set")
@_kind
@_id
@click.option(
    "--catch-up",
    "policy",
    required=True,
    type=click.Choice([*(each.value for each in CatchUp), _DEFAULT]),
    help="What to do with several periods due at once; default: as the account's setting says.",
)
@account_option
def set_(*, kind: BillableKind, billable_id: int, policy: str, account: str) -> None:
    """Change one schedule."""
    new = None if policy == _DEFAULT else CatchUp(policy)
    with workplace(account) as place, place.store.write() as uow:
        old = set_catch_up(uow, place.context("cli"), kind, billable_id, new)
    say(f"{kind.value} {billable_id}: catch-up {old or _DEFAULT} -> {policy}")


@schedule.command()
@click.option("--client", "client_id", type=click.IntRange(1), metavar="ID", required=True)
@click.option("--until", type=_DAY, metavar="DATE", required=True, help="The last day to look at.")
@click.option(
    "--assume",
    type=click.Choice(["paid", "unpaid"]),
    default="paid",
    show_default=True,
    help="Each invoice paid on its due date, or none at all.",
)
@json_option
@account_option
def preview(*, client_id: int, until: datetime, assume: str, as_json: bool, account: str) -> None:
    """Print what runs on every coming day would issue to a client. Nothing is kept."""
    with workplace(account) as place:
        context = place.context("cli", dry_run=True)
        if until.date() < context.today:
            raise click.BadParameter(f"lies before today, {context.today}", param_hint="--until")
        found = foretell(place.store, context, client_id, until.date(), paid=assume == "paid")
    if as_json:
        assumed: dict[str, Any] = {
            "client": client_id,
            "until": f"{until:%Y-%m-%d}",
            "assumed": assume,
        }
        say(json.dumps(assumed | _as_json(found), indent=2))
        return
    for document in found.documents:
        _say_document(document)
    for held in found.held:
        say(f"{held.due_on}  held: {held.kind.value} {held.billable_id} ({held.reason.value})")
    for parked in found.parked:
        say(f"parked: {parked.kind.value} {parked.billable_id}: {parked.reason}")
    taken = "each is paid on its due date" if assume == "paid" else "none is paid"
    issued = counted(len(found.documents), "invoice")
    say(f"Client {client_id}, until {until:%Y-%m-%d}: {issued}, if {taken}")
    if found.stopped_on is not None:
        raise click.ClickException(f"Stopped at {found.stopped_on}: too much for one preview")


@schedule.group()
def held() -> None:
    """Dates that are known and deliberately not billed."""


@held.command("list")
@client_option
@click.option("--all", "every", is_flag=True, help="Those that are decided too.")
@json_option
@account_option
def held_list(*, client_id: int | None, every: bool, as_json: bool, account: str) -> None:
    """List held dates that wait for a decision."""
    with workplace(account) as place, place.store.read() as uow:
        rows = [_facts(each) for each in held_dates(uow, client_id, decided=every)]
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
@account_option
def issue(
    *, kind: BillableKind, billable_id: int, day: datetime, no_mail: bool, account: str
) -> None:
    """Issue the invoice of a held date now; the schedule stays where it is."""
    with workplace(account) as place, place.store.write() as uow:
        context = place.context("cli")
        invoice_id = issue_held(
            uow, context, kind, billable_id, day.date(), send_email=not no_mail
        )
    say(f"{kind.value} {billable_id}, {day:%Y-%m-%d}: invoice {invoice_id}")


@held.command()
@_kind
@_id
@_day
@account_option
def drop(*, kind: BillableKind, billable_id: int, day: datetime, account: str) -> None:
    """Decide that a held date is never billed."""
    with workplace(account) as place, place.store.write() as uow:
        context = place.context("cli")
        decide_held(uow, context, kind, billable_id, day.date(), HeldReason.DROPPED)
    say(f"{kind.value} {billable_id}, {day:%Y-%m-%d}: dropped")


def _facts(each: HeldDate) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "id": each.billable_id,
        "client": each.client_id,
        "date": each.due_on.isoformat(),
        "reason": each.reason.value,
        "since": each.recorded_at.isoformat(timespec="seconds"),
    }


def _say_document(document: PreviewDocument) -> None:
    rows = [(line.description, str(line.amount)) for line in document.lines]
    rows += [("net", str(document.subtotal))]
    if document.tax:
        rows.append(("tax", str(document.tax)))
    if document.credit:
        rows.append(("credit used", f"-{document.credit}"))
    rows.append((f"to pay, {document.total.currency}", str(document.total)))
    width = max(len(amount) for _, amount in rows)
    say(f"{document.run_on}  invoice of {document.issued_on}, due {document.due_on}")
    for name, amount in rows:
        say(f"    {amount:>{width}}  {' '.join(name.split())}")


def _as_json(found: Preview) -> dict[str, Any]:
    return {
        "documents": [
            {
                "run_on": document.run_on.isoformat(),
                "issued_on": document.issued_on.isoformat(),
                "due_on": document.due_on.isoformat(),
                "currency": document.total.currency,
                "lines": [
                    {
                        "description": line.description,
                        "amount": str(line.amount),
                        "taxed": line.taxed,
                    }
                    for line in document.lines
                ],
                "subtotal": str(document.subtotal),
                "tax": str(document.tax),
                "credit": str(document.credit),
                "total": str(document.total),
            }
            for document in found.documents
        ],
        "held": [_facts(each) for each in found.held],
        "parked": [
            {"kind": each.kind.value, "id": each.billable_id, "reason": each.reason}
            for each in found.parked
        ],
        "stopped_on": None if found.stopped_on is None else found.stopped_on.isoformat(),
    }

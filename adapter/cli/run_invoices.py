"""`adapter run-invoices`: issue what is due, now."""

import math
from dataclasses import replace
from datetime import date, datetime

import click

from adapter.cli.base import (
    WHOLE,
    Day,
    account_option,
    workplace,
)
from adapter.cli.output import counted, say
from adapter.commands.model import GenerateDueInvoices
from adapter.settings import load_settings
from adapter.store.run import BY_HAND, run


@click.command("run-invoices")
@click.option("--on", "day", type=Day(), help="Another day; sandbox only.")
@click.option("--client", "client_id", type=WHOLE, metavar="ID", help="One client.")
@click.option("--dry-run", is_flag=True, help="Decide everything, keep nothing.")
@account_option
def run_invoices(
    *, day: datetime | None, client_id: int | None, dry_run: bool, account: str
) -> None:
    """Issue every invoice that is due, recurring invoices included."""
    settings = load_settings()
    on: date | None = None if day is None else day.date()
    # Nobody waits for this run, so it ends when everything is done.
    bounds = replace(settings.run, time_limit_seconds=math.inf)
    with workplace(account, settings) as place:
        context = place.context("cli", on=on, dry_run=dry_run)
        command = GenerateDueInvoices(client_id=client_id)
        issued, progress = run(place.store, bounds, command, context, kind=BY_HAND, digest=dry_run)
    deed = "would be issued" if dry_run else "issued"
    line = f"Account {account}, {context.today}: {counted(issued.count, 'invoice')} {deed}"
    if issued.latest_invoice_id is not None and not dry_run:
        line += f", the last is {issued.latest_invoice_id}"
    if progress.parked:
        named = "would be parked" if dry_run else "parked (`adapter parked list` names them)"
        line += f"; {counted(progress.parked, 'item')} {named}"
    say(line)
    if dry_run:
        say(f"content digest {progress.hexdigest}")

"""`adapter outbox`: mail on its way out: what waits, what failed, what expired."""

from datetime import datetime

import click

from adapter.cli.base import (
    WHOLE,
    account_option,
    client_option,
    workplace,
)
from adapter.cli.output import counted, say, say_table
from adapter.store.outbox import (
    OutboxRow,
    Status,
    drop_rows,
    list_rows,
    retry_rows,
    summarise,
)

_CALLER = "cli"
_OPEN = (Status.WAITING, Status.SENDING, Status.DEAD, Status.EXPIRED)


@click.group()
def outbox() -> None:
    """List mail that waits, failed or expired; send it again, or drop it."""


@outbox.command("list")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([each.value for each in Status]),
    help="Only rows in this state; may be given more than once.  [default: all but sent, dropped]",
)
@click.option("--limit", type=WHOLE, default=100, show_default=True, metavar="N")
@client_option
@account_option
def list_command(
    *, statuses: tuple[str, ...], limit: int, client_id: int | None, account: str
) -> None:
    """List the oldest rows, with why they did not leave, and how many there are in each state."""
    wanted = tuple(map(Status, statuses)) or _OPEN
    with workplace(account) as place, place.store.read() as uow:
        rows = list_rows(uow, wanted, client_id=client_id, limit=limit)
        summary = summarise(uow)
    if rows:
        say_table(
            ("row", "state", "mail", "client", "document", "queued", "tries", "why"),
            map(_cells, rows),
        )
        say()
    say(", ".join(f"{each.value} {count}" for each, count in summary.counts.items()))


def _cells(row: OutboxRow) -> tuple[str, ...]:
    return (
        str(row.row_id),
        row.status.value,
        row.template,
        str(row.client_id),
        str(row.document_id or ""),
        _moment(row.created_at),
        str(row.attempts),
        row.last_error,
    )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


@outbox.command("retry")
@click.argument("row_ids", nargs=-1, type=WHOLE, metavar="[ROW]...")
@click.option("--all", "every", is_flag=True, help="All rows that are dead or expired.")
@account_option
def retry(*, row_ids: tuple[int, ...], every: bool, account: str) -> None:
    """Send rows again: their age and tries count anew."""
    _require_choice(row_ids, every=every)
    with workplace(account) as place, place.store.write() as uow:
        count = retry_rows(uow, place.context(_CALLER), None if every else row_ids)
    say(f"{counted(count, 'mail')} will be sent")


@outbox.command("drop")
@click.argument("row_ids", nargs=-1, type=WHOLE, metavar="[ROW]...")
@click.option("--all", "every", is_flag=True, help="All rows that are dead or expired.")
@account_option
def drop(*, row_ids: tuple[int, ...], every: bool, account: str) -> None:
    """Keep rows from ever being sent."""
    _require_choice(row_ids, every=every)
    with workplace(account) as place, place.store.write() as uow:
        count = drop_rows(uow, place.context(_CALLER), None if every else row_ids)
    say(f"{counted(count, 'mail')} dropped")


def _require_choice(row_ids: tuple[int, ...], *, every: bool) -> None:
    if bool(row_ids) == every:
        raise click.UsageError("Name rows, or give --all")

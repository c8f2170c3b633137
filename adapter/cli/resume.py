"""`adapter resume`: end the hold of an account that was restored from a backup."""

from datetime import UTC, datetime
from typing import Any, Final

import click

from adapter.cli.base import account_option, workplace
from adapter.cli.output import counted, say, say_table
from adapter.store.backups.resuming import Resumed, Resumption, resume

_MOST: Final = 10**15
_value = click.IntRange(0, _MOST)


class _Named(click.ParamType["tuple[str, int]"]):
    """A series with its value, `NAME=N`."""

    name = "NAME=N"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, int]:
        name, _, number = str(value).partition("=")
        if not name or not (number.isascii() and number.isdigit()):
            self.fail("must be NAME=N", param, ctx)
        return name, min(int(number), _MOST)


@click.command("resume")
@click.option(
    "--numbers-from",
    type=_value,
    required=True,
    metavar="N",
    help="The highest number of any document seen anywhere; the next one is one more.",
)
@click.option(
    "--ids-from",
    type=_value,
    metavar="M",
    help="The highest id of any record seen anywhere.  [default: as --numbers-from]",
)
@click.option(
    "--series",
    "named",
    multiple=True,
    type=_Named(),
    help="A series whose highest differs; may be given more than once.",
)
@click.option("--send-mail", is_flag=True, help="Send what waited in the backup after all.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@account_option
def resume_command(  # noqa: PLR0913 - the options of one command
    *,
    numbers_from: int,
    ids_from: int | None,
    named: tuple[tuple[str, int], ...],
    send_mail: bool,
    dry_run: bool,
    account: str,
) -> None:
    """Go on after a restore, behind every number and id that the world has seen.

    Mail that waited in the backup is withdrawn, because it may have left since.
    """
    wanted = Resumption(
        numbers_from, numbers_from if ids_from is None else ids_from, dict(named), send_mail
    )
    with workplace(account) as place:
        context = place.context("cli", dry_run=dry_run)
        done = resume(place.store, context, wanted, datetime.now(UTC))
    _say_mails(done, send=send_mail, dry_run=dry_run)
    _say_forwards(done)
    since = f"on hold since {done.hold.since:%Y-%m-%d %H:%M} UTC"
    others = [f"{name} {value}" for name, value in named]
    steps = ", ".join([f"numbers {numbers_from}", f"ids {wanted.ids_from}", *others])
    if dry_run:
        say(f"Account {account}, {since}: would go on after {steps}")
    else:
        say(f"Account {account}, {since}: goes on after {steps}")


def _say_mails(done: Resumed, *, send: bool, dry_run: bool) -> None:
    if not done.mails:
        return
    if send:
        say(f"{counted(len(done.mails), 'mail')} will be sent, with the Message-ID as before")
        return
    say_table(
        ("row", "mail", "client", "document", "queued"),
        [
            (
                str(row.row_id),
                row.template,
                str(row.client_id),
                str(row.document_id or ""),
                _moment(row.created_at),
            )
            for row in done.mails
        ],
    )
    withdrawn = "would be withdrawn" if dry_run else "withdrawn"
    say(
        f"{counted(len(done.mails), 'mail')} {withdrawn}, because it may have left already "
        "(`adapter outbox retry ROW` sends one after all)"
    )


def _say_forwards(done: Resumed) -> None:
    provable = done.forwards - done.unprovable
    if provable:
        say(
            f"{counted(provable, 'command')} to backends may have been sent since: looked up "
            "there first, and sent again only where that proves it absent (`adapter forwards "
            "list`)"
        )
    if done.unprovable:
        say(
            f"{counted(done.unprovable, 'command')} to backends may have been sent since and "
            "cannot be looked up: never sent again by itself (`adapter forwards list`, then "
            "`adapter forwards resolve REFERENCE --done` or `--absent`)"
        )


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"

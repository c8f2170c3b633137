"""`adapter import` and `adapter export`: a whole account from files, and to one."""

import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import click
from marshmallow import ValidationError

from adapter.cli.base import account_option, json_option, workplace
from adapter.cli.output import counted, say
from adapter.store.transfer import (
    ImportReport,
    Job,
    Origin,
    content_digest,
    export_lines,
    import_files,
    left_out,
)
from adapter.store.transfer.fields import Moment

_PROBLEMS = 50


class _Time(click.ParamType[datetime]):
    """A time with its offset."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        try:
            found: datetime = Moment().deserialize(value)
        except ValidationError as error:
            self.fail(" ".join(map(str, error.messages)), param, ctx)
        return found


@click.command("import")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@click.option(
    "--exported-at",
    type=_Time(),
    metavar="TIME",
    help="When CSV files were exported (2026-03-31T08:15:00Z).",
)
@click.option("--hold", is_flag=True, help="Agree to put an account on hold that is at work.")
@click.option(
    "--problems",
    "most",
    type=click.IntRange(1, 10_000),
    default=_PROBLEMS,
    show_default=True,
    metavar="N",
    help="List so many at most.",
)
@json_option
@account_option
def import_command(  # noqa: PLR0913 - the options of one command
    *,
    files: tuple[Path, ...],
    dry_run: bool,
    exported_at: datetime | None,
    hold: bool,
    most: int,
    as_json: bool,
    account: str,
) -> None:
    """Bring another system's clients, schedules and invoices into an account.

    FILE is JSON lines, or CSV of one kind (clients.csv); docs/import.md describes both. Several
    files are one import. It is checked whole before the first record is written; what was ended
    in the middle goes on when it is called again, and calling it again changes nothing. The
    account is on hold from then on: no run, no mail, until `adapter go-live`.
    """
    job = Job(files, exported_at, dry_run, hold, most)
    with workplace(account) as place, _Bars() as bars:
        report = import_files(place.store, job, place.context("import"), bars)
    if as_json:
        say(json.dumps(_facts(report, dry_run=dry_run), indent=2))
        return
    if report.finished_at is not None:
        at = f"{report.finished_at:%Y-%m-%d %H:%M:%S} UTC"
        say(f"Account {account}: these files were imported on {at}; nothing was changed")
        return
    for name, count in report.new.items():
        say(f"{name}: {count} {'would be imported' if dry_run else 'imported'}")
    there = sum(report.there.values())
    if there:
        say(f"{counted(there, 'record')} {'is' if there == 1 else 'are'} there already")
    whole = counted(sum(report.new.values()), "record")
    if dry_run:
        say(f"Account {account}: {whole} would be imported; nothing was changed")
        return
    resumed = "the import was gone on with, " if report.was_resumed else ""
    say(f"Account {account}: {resumed}{whole} imported; it is on hold until `adapter go-live`")


@click.command("export")
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@account_option
def export_command(*, file: Path, account: str) -> None:
    """Write everything that `adapter import` takes into a file of JSON lines; `-` prints it.

    The file holds personal details and the passwords of services; only its owner may read it.
    """
    with workplace(account) as place, place.store.read() as uow:
        context = place.context("export")
        origin = Origin(context.now, context.caller.account.zone)
        count = 0
        with _written(file) as target:
            for line in export_lines(uow, origin, account):
                target.write(line + "\n")
                count += 1
        digest, missing = content_digest(uow), left_out(uow)
    to_stdout = str(file) == "-"
    for name, number in missing.items():
        click.echo(f"not exported: {number} {name}", err=to_stdout)
    click.echo(
        f"Account {account}: {counted(count - 1, 'record')} exported, content digest {digest}",
        err=to_stdout,
    )


@contextmanager
def _written(file: Path) -> Iterator[IO[str]]:
    """Yield what to write to; the file is there when all of it is."""
    if str(file) == "-":
        target = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n")
        yield target
        target.detach()
        return
    part = file.with_name(file.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            yield target
            target.flush()
            os.fsync(target.fileno())
        part.replace(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


class _Bars(ExitStack):
    """Bars on a terminal, one a stage; nothing anywhere else."""

    def stage(self, name: str, length: int) -> Callable[[int], None]:
        """Begin a stage; the one before has ended."""
        self.close()
        if not sys.stdout.isatty():
            return lambda _: None
        bar = self.enter_context(click.progressbar(length=max(length, 1), label=f"{name:<10}"))
        return bar.update


def _facts(report: ImportReport, *, dry_run: bool) -> Mapping[str, Any]:
    finished_at = report.finished_at
    return {
        "new": dict(report.new),
        "there": dict(report.there),
        "dry_run": dry_run,
        "resumed": report.was_resumed,
        "imported_before_at": None if finished_at is None else finished_at.isoformat(),
    }

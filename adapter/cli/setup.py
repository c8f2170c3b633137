"""`adapter setup`: the catalogue and the business settings, from a file and to one."""

from pathlib import Path

import click
from click.core import ParameterSource

from adapter.cli.base import account_option, workplace
from adapter.cli.output import say, warn
from adapter.store.numbers import alike_warning
from adapter.store.setup import (
    apply_catalogue,
    catalogue_text,
    ensure_defaults,
    export_catalogue,
    parse_catalogue,
)


@click.group(invoke_without_command=True)
@click.option(
    "--file",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Catalogue file (TOML).",
)
@account_option
@click.pass_context
def setup(called: click.Context, *, file: Path | None, account: str) -> None:
    """Bring the catalogue and business settings to what a file says.

    What the file does not name stays as it is; running it again changes nothing. Without a file
    an empty store gets what the first calls need.
    """
    if called.invoked_subcommand is not None:
        return
    catalogue = {} if file is None else parse_catalogue(_text(file))
    with workplace(account) as place:
        with place.store.write() as uow:
            context = place.context("setup")
            ensure_defaults(uow, context.now)
            report = apply_catalogue(uow, context, catalogue)
        with place.store.read() as uow:
            alike = alike_warning(uow.settings)
    for change in report.changes:
        what = f" ({', '.join(change.keys)})" if change.keys else ""
        say(f"{change.section}: {change.label} {change.deed}{what}")
    say(f"Account {account}: {len(report.changes)} written, {report.unchanged} as they were")
    if alike is not None:
        warn(f"note: {alike}")


@setup.command()
@account_option
@click.pass_context
def export(called: click.Context, *, account: str) -> None:
    """Print everything a catalogue file can say about this store."""
    if called.get_parameter_source("account") is ParameterSource.DEFAULT and called.parent:
        # `setup --account shop export` means the same as `setup export --account shop`.
        account = called.parent.params["account"]
    with workplace(account) as place, place.store.read() as uow:
        click.echo(catalogue_text(export_catalogue(uow)), nl=False)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{file}: not UTF-8 at byte {error.start}") from error

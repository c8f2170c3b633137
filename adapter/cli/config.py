"""`adapter config`: the settings, checked and described."""

from pathlib import Path

import click
from sqlalchemy.engine import make_url

from adapter.assemble import assemble_protocols, check_elsewhere
from adapter.backends.forward.describe import describe_translation
from adapter.backends.mapped.describe import describe_kind
from adapter.cli.base import any_account_option
from adapter.cli.output import say, say_table
from adapter.commands.describe import describe_commands
from adapter.commands.schemas import schema_files
from adapter.protocols.whmcs.coverage import describe_coverage
from adapter.settings import (
    SettingInForce,
    describe_business_settings,
    describe_settings,
    list_settings,
    load_settings,
    show_value,
)
from adapter.store.transfer import describe_records


@click.group()
def config() -> None:
    """Check the settings, or describe all there are."""


@config.command()
@any_account_option
def check(account: str | None) -> None:
    """Say what is wrong with file and environment, else which settings hold and why."""
    settings = load_settings()
    check_elsewhere(settings)
    in_force = [
        each
        for each in list_settings()
        if account is None
        or not each.spec.key.startswith("accounts.")
        or each.spec.key.startswith(f"accounts.{account}.")
    ]
    say_table(
        ("setting", "value", "from"),
        [(each.spec.key, _shown(each), each.origin) for each in in_force],
    )
    say(f"Settings are in order ({settings.file or 'no file'})")


@config.command()
@click.argument("name", metavar="COMMAND")
def mapping(name: str) -> None:
    """List the fields of a command, or of a result, for a mapping file."""
    say_table(("field", "type", "default"), describe_kind(name))


@config.command()
@click.option("--business", is_flag=True, help="docs/business-settings.md instead.")
@click.option("--translation", is_flag=True, help="docs/translation.md instead.")
@click.option("--coverage", is_flag=True, help="docs/coverage.md instead.")
@click.option("--commands", is_flag=True, help="docs/commands.md instead.")
@click.option("--import", "records", is_flag=True, help="The tables of docs/import.md instead.")
@click.option(
    "--schemas",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files of docs/schema into a folder instead.",
)
def docs(  # noqa: PLR0913 - the pages to choose from
    *,
    business: bool,
    translation: bool,
    coverage: bool,
    commands: bool,
    records: bool,
    schemas: Path | None,
) -> None:
    """Print docs/settings.md."""
    if schemas is not None:
        schemas.mkdir(parents=True, exist_ok=True)
        for name, text in schema_files():
            (schemas / name).write_text(text)
        return
    pages = (
        (business, describe_business_settings),
        (translation, describe_translation),
        (coverage, describe_coverage),
        (commands, _describe_commands),
        (records, describe_records),
    )
    describe = next((page for wanted, page in pages if wanted), describe_settings)
    click.echo(describe(), nl=False)


def _describe_commands() -> str:
    """Return docs/commands.md with the calls of both protocols."""
    callers: list[dict[str, list[str]]] = []
    for protocol in assemble_protocols(load_settings()):
        calls: dict[str, list[str]] = {}
        for action in protocol.actions():
            for command in protocol.commands(action):
                calls.setdefault(command.__name__, []).append(action)
        callers.append(calls)
    form_post, positional = callers
    return describe_commands(form_post, positional)


def _shown(each: SettingInForce) -> str:
    if each.spec.secret and each.value:
        return "(set, not shown)"
    if each.spec.key.endswith("url") and each.value:
        return make_url(each.value).render_as_string(hide_password=True)
    return show_value(each.value, each.spec.kind)

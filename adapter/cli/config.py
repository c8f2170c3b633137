"""`adapter config`: the settings, checked and described."""

import click
from sqlalchemy.engine import make_url

from adapter.cli.base import any_account_option
from adapter.cli.output import say, say_table
from adapter.settings import (
    SettingInForce,
    describe_business_settings,
    describe_settings,
    list_settings,
    load_settings,
    show_value,
)


@click.group()
def config() -> None:
    """Check the settings, or describe all there are."""


@config.command()
@any_account_option
def check(account: str | None) -> None:
    """Say what is wrong with file and environment, else which settings hold and why."""
    settings = load_settings()
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
@click.option("--business", is_flag=True, help="docs/business-settings.md instead.")
def docs(*, business: bool) -> None:
    """Print docs/settings.md."""
    click.echo(describe_business_settings() if business else describe_settings(), nl=False)


def _shown(each: SettingInForce) -> str:
    if each.spec.secret and each.value:
        return "(set, not shown)"
    if each.spec.key.endswith("url") and each.value:
        return make_url(each.value).render_as_string(hide_password=True)
    return show_value(each.value)

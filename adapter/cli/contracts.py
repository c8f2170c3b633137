"""`adapter contracts`: the documented behaviour, checked against any server."""

from datetime import datetime
from pathlib import Path
from secrets import token_hex
from zoneinfo import ZoneInfo

import click

from adapter.assemble import known_account, unmoved_clock
from adapter.bridge.contracts import CaseResult, Outcome, check_contracts
from adapter.cli.base import account_option
from adapter.cli.output import say
from adapter.settings import load_settings


@click.group()
def contracts() -> None:
    """Check servers, sandboxes only, against the contracts."""


@contracts.command()
@click.option("--target", metavar="URL", help="The server.  [default: the one that is configured]")
@click.option("--identifier", help="Credential of the form-post protocol.")
@click.option("--secret", help="Its secret.")
@click.option("--username", help="Credential of the positional protocol; else the same.")
@click.option("--password", help="Its secret.")
@click.option("--business-id", help="Business id of that credential; else the account's.")
@click.option(
    "--contracts",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=Path("contracts"),
    show_default=True,
    help="Folder of the contracts.",
)
@click.option("--select", multiple=True, metavar="KEY", help="Only cases whose key starts so.")
@click.option("--setup", "setups", multiple=True, metavar="NAME", help="A catalogue loaded there.")
@click.option("--ignore", multiple=True, metavar="PART", help="A part of replies not compared.")
@click.option("--zone", metavar="ZONE", help="Time zone of the server's account; else ours.")
@click.option("--insecure", is_flag=True, help="Accept any certificate.")
@account_option
def check(  # noqa: PLR0913 - the options of one command
    *,
    target: str | None,
    identifier: str | None,
    secret: str | None,
    username: str | None,
    password: str | None,
    business_id: str | None,
    folder: Path,
    select: tuple[str, ...],
    setups: tuple[str, ...],
    ignore: tuple[str, ...],
    zone: str | None,
    insecure: bool,
    account: str,
) -> None:
    """Run every contract case that can run over HTTP; report what differs and what was skipped.

    For a sandbox only: it leaves hundreds of clients, orders and invoices at the target, and its
    runs may bill everything that is due there. Outside a checkout say where the contracts are
    (--contracts DIR).
    """
    settings = load_settings()
    ours = known_account(settings, account)
    now: datetime = unmoved_clock(ours)()
    report = check_contracts(
        folder,
        target or f"http://{settings.server.bind}",
        {
            "identifier": identifier,
            "secret": secret,
            "username": username or identifier,
            "password": password or secret,
            "business_id": business_id or ours.account.business_id,
        },
        today=now.astimezone(ZoneInfo(zone) if zone else ours.account.zone).date(),
        run_token=token_hex(4),
        select=select,
        setups=setups,
        ignore=ignore,
        verify=not insecure,
        each=_progress,
    )
    for line in report.lines():
        say(line)
    raise SystemExit(report.exit_code)


def _progress(result: CaseResult) -> None:
    if result.outcome in {Outcome.DIFFERED, Outcome.ERROR}:
        click.echo(f"{result.outcome.value}: {result.key}", err=True)

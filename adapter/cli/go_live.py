"""`adapter go-live`: from an imported account to one that bills."""

import json
from collections.abc import Iterator
from typing import Any

import click

from adapter.assemble import Workplace
from adapter.cli.base import account_option, json_option, workplace
from adapter.cli.output import counted, say, warn
from adapter.settings import (
    MAIN,
    Settings,
    lets_anybody_call,
    load_settings,
    missing_settings,
)
from adapter.store.credentials import list_credentials
from adapter.store.numbers import alike_warning
from adapter.store.transfer import (
    OWNERS,
    FirstDay,
    first_day,
    go_live,
    is_held,
    owned_elsewhere,
    unfinished_import,
)

_DIFFERENCES = 50


@click.command("go-live")
@click.option("--dry-run", is_flag=True, help="Look at everything, switch nothing.")
@click.option(
    "--owner",
    type=click.Choice(OWNERS),
    help="Who bills the schedules from now on: this gateway, or still the system before it.",
)
@click.option("--accept-differences", is_flag=True, help="Switch although invoices would differ.")
@json_option
@account_option
def go_live_command(
    *,
    dry_run: bool,
    owner: str | None,
    accept_differences: bool,
    as_json: bool,
    account: str,
) -> None:
    """Let an imported account bill and send mail.

    Lists what is not chosen yet, prints what the first daily run will bill, and holds that
    against the next invoices that the export names. Switches when nothing is missing and nothing
    differs. What stands in adapter.toml is only checked: the line to change is named.
    """
    settings = load_settings()
    with workplace(account, settings) as place:
        with place.store.read() as uow:
            elsewhere = owned_elsewhere(uow)
            if not is_held(uow) and not (owner == "gateway" and elsewhere):
                say(f"Account {account}: {_nothing(elsewhere)}")
                return
            alike = alike_warning(uow.settings)
        missing = [*_missing(settings, place, account, owner)]
        found = FirstDay()
        if owner != "legacy":
            context = place.context("go-live", dry_run=True)
            found = first_day(place.store, settings.run, context, _DIFFERENCES)
        context = place.context("go-live")
        differs = found.difference_count > 0 and not accept_differences
        switches = not (dry_run or missing or differs)
        if switches and owner is not None:
            with place.store.write(settings=True, under_hold=True) as uow:
                go_live(uow, context, owner)
    if as_json:
        say(json.dumps(_facts(found, missing, is_live=switches), indent=2))
    else:
        _report(found, f"Account {account}, {context.today}", owner)
        if owner == "gateway" and elsewhere:
            say(_coming(elsewhere, account, has_daily_run=settings.daily.at is not None))
        if alike is not None:
            say(f"note: {alike}")
        for each in missing:
            say(f"missing: {each}")
    _refuse(len(missing), found.difference_count if differs else 0)
    if not as_json:
        say(f"Account {account}{_end(settings, owner, dry_run=dry_run)}")


def _refuse(missing: int, differences: int) -> None:
    """End with status 1 where nothing may be switched."""
    if missing:
        raise click.ClickException(f"{counted(missing, 'choice')} missing: nothing was switched")
    if differences:
        raise click.ClickException(
            f"{counted(differences, 'difference')}: nothing was switched; put the data right, or "
            "agree with --accept-differences"
        )


def _end(settings: Settings, owner: str | None, *, dry_run: bool) -> str:
    if dry_run:
        return ": nothing is missing; nothing was switched"
    if owner == "legacy":
        return " is live for callers; the system before it goes on billing"
    if settings.daily.at is None:
        return " is live: run.at is off, so whoever calls the runs begins"
    start = f"its daily run starts at {settings.daily.at:%H:%M}"
    return f" is live: {start}, a missed one as soon as a worker runs"


def _coming(elsewhere: int, account: str, *, has_daily_run: bool) -> str:
    """Say what a forecast leaves out, and how it is seen before anything is billed."""
    verb = "comes" if elsewhere == 1 else "come"
    theirs = f"{counted(elsewhere, 'schedule')} of the other system {verb} with the switch"
    first = (
        "stop every worker before the switch; after it " if has_daily_run else "after the switch "
    )
    option = "" if account == MAIN else f" --account {account}"
    return (
        f"{theirs} and cannot be forecast yet: {first}`adapter run-invoices --dry-run{option}` "
        f"counts the invoices and `adapter schedule list{option}` shows what is due"
    )


def _nothing(elsewhere: int) -> str:
    """Say why there is nothing to switch."""
    if elsewhere:
        theirs = f"{counted(elsewhere, 'schedule')} billed by the other system"
        return f"it is live, with {theirs}; `adapter go-live --owner gateway` takes them over"
    return "it is not on hold from an import: there is nothing to switch"


def _missing(
    settings: Settings, place: Workplace, account: str, owner: str | None
) -> Iterator[str]:
    """Yield what has to be chosen or finished first, one sentence each."""
    with place.store.read() as uow:
        files = unfinished_import(uow)
    if files is not None:
        yield f"the import of {files} is under way: call it again until it has ended"
    yield from missing_settings(settings, account)
    yield from _credentials(settings, account)
    if owner is None:
        yield "the owner of the schedules is not chosen: --owner gateway, once nobody else bills"


def _credentials(settings: Settings, account: str) -> Iterator[str]:
    with workplace(MAIN, settings) as place, place.store.read() as uow:
        rows = [
            row
            for row in list_credentials(uow)
            if row.account == account and row.revoked_at is None
        ]
    if not rows:
        yield f"no credential opens {account}: `adapter credentials add NAME --account {account}`"
    if lets_anybody_call(settings):
        for row in rows:
            if not row.addresses:
                yield (
                    f"credential {row.name} may be used from everywhere: add one with --ip, or "
                    "narrow access.allowed_addresses"
                )


def _report(found: FirstDay, start: str, owner: str | None) -> None:
    if owner == "legacy":
        say(f"{start}: no run bills anything, the system before this one goes on")
        return
    totals = ", ".join(f"{money.currency} {money}" for _, money in sorted(found.totals.items()))
    line = f"{start}: the first daily run would issue {counted(found.count, 'invoice')}"
    say(f"{line}, {totals} to pay after credit" if totals else line)
    if found.parked:
        say(f"{counted(found.parked, 'item')} could not be billed and would be parked")
    say(f"{counted(found.compared, 'schedule')} compared with the export's next invoices")
    for text in found.differences:
        warn(f"differs: {text}")
    if found.difference_count > len(found.differences):
        warn(f"... and {found.difference_count - len(found.differences)} more")


def _facts(found: FirstDay, missing: list[str], *, is_live: bool) -> dict[str, Any]:
    return {
        "invoices": found.count,
        "totals": {currency: str(money) for currency, money in sorted(found.totals.items())},
        "parked": found.parked,
        "compared": found.compared,
        "difference_count": found.difference_count,
        "differences": found.differences,
        "missing": missing,
        "switched": is_live,
    }

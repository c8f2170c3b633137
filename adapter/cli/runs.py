"""`adapter runs`: what runs did, and taking one back."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import click

from adapter.cli.base import (
    WHOLE,
    account_option,
    client_option,
    json_option,
    workplace,
)
from adapter.cli.output import counted, say, say_facts, say_table, warn
from adapter.store.runs import Aside, RunRow, RunShown, list_runs, show_run
from adapter.store.undoing import Undone, undo_run

_MOST_SHOWN: Final = 50
_run_id = click.argument("run_id", metavar="RUN", type=WHOLE)


@click.group()
def runs() -> None:
    """List what runs issued, show one, or take one back."""


@runs.command("list")
@click.option("--limit", type=WHOLE, default=20, show_default=True, metavar="N")
@click.option(
    "--kind",
    type=click.Choice(["api", "cli", "daily"]),
    help="Only runs that an API call, the command line or the worker started.",
)
@click.option(
    "--client",
    "client_id",
    type=WHOLE,
    metavar="ID",
    help="Only runs that issued this client something.",
)
@json_option
@account_option
def list_(
    *, limit: int, kind: str | None, client_id: int | None, as_json: bool, account: str
) -> None:
    """List the latest runs, newest first. A run that found nothing due leaves no row."""
    with workplace(account) as place, place.store.read() as uow:
        found = list_runs(uow, limit=limit, kind=kind, client_id=client_id)
    if as_json:
        say(json.dumps([_facts(each) for each in found], indent=2))
        return
    names = ("run", "day", "kind", "caller", "started", "state", "documents", "parked", "undone")
    say_table(names, map(_cells, found))


@runs.command()
@_run_id
@json_option
@account_option
def show(*, run_id: int, as_json: bool, account: str) -> None:
    """Say who made a run, when and for what; what it issued, skipped and parked."""
    with workplace(account) as place, place.store.read() as uow:
        found = show_run(uow, run_id)
    if as_json:
        say(json.dumps(_shown(found), indent=2))
        return
    say_facts(_show_facts(found))


@runs.command()
@_run_id
@client_option
@click.option(
    "--credit",
    is_flag=True,
    help="Invoices whose mail is gone too: each gets a credit note, which is mailed.",
)
@click.option("--dry-run", is_flag=True, help="Decide everything, keep nothing.")
@json_option
@account_option
def undo(  # noqa: PLR0913 - the options of one command
    *,
    run_id: int,
    client_id: int | None,
    credit: bool,
    dry_run: bool,
    as_json: bool,
    account: str,
) -> None:
    """Take back what a run issued and nobody has paid, so that it can be billed again.

    Invoices are voided: they stay to be seen, Cancelled, with id and number. Their mail is
    withdrawn, their periods stand in the queue again, and so does what the run parked. What cannot
    be taken back is listed with the reason. Correct first what was wrong: any run bills the
    periods again.
    """
    with workplace(account) as place:
        context = place.context("cli", dry_run=dry_run)
        done = undo_run(place.store, context, run_id, client_id=client_id, credit=credit)
    if as_json:
        say(json.dumps(_undone(done, dry_run=dry_run), indent=2))
        return
    _say_undone(done, dry_run=dry_run)


def _say_undone(done: Undone, *, dry_run: bool) -> None:
    will = "would be " if dry_run else ""
    if done.voided:
        say(f"voided: {ranges(done.voided)}" if not dry_run else f"to void: {ranges(done.voided)}")
    for invoice_id, note_id in done.credited:
        note = "a credit note" if dry_run else f"credit note {note_id}"
        say(f"invoice {invoice_id}: {note}")
    for each in done.kept:
        say(f"invoice {each.document_id} of client {each.client_id} stays: {each.reason}")
    line = f"Run {done.run_id} of {done.run_on}: {counted(done.count, 'invoice')} {will}undone, "
    line += f"{counted(done.periods, 'period')} to be billed again, "
    line += f"{counted(done.mails, 'mail')} {will}withdrawn; {len(done.kept)} stay"
    if done.unparked:
        line += f"; {done.unparked} no longer parked"
    if done.before:
        line += f"; {done.before} undone before"
    say(line)
    if any(each.reason == "its mail is gone" for each in done.kept):
        say("Invoices whose mail is gone are credited with --credit")
    if done.meanwhile > 0:
        warn(f"{counted(done.meanwhile, 'invoice')} of the run came meanwhile: undo it again")
    elif not done.complete:
        warn("The run is not complete: if it still goes on, undo it again when it has ended")


# --- shown ---------------------------------------------------------------------------------------


def ranges(ids: Sequence[int]) -> str:
    """Return ids as text, those that follow one another as `first-last`."""
    return ", ".join(_ranges(sorted(ids)))


def _ranges(ids: Sequence[int]) -> Iterator[str]:
    at = 0
    while at < len(ids):
        end = at
        while end + 1 < len(ids) and ids[end + 1] == ids[end] + 1:
            end += 1
        yield str(ids[at]) if end == at else f"{ids[at]}-{ids[end]}"
        at = end + 1


def _cells(run: RunRow) -> tuple[str, ...]:
    return (
        str(run.run_id),
        str(run.run_on),
        run.kind,
        run.caller,
        f"{run.started_at:%Y-%m-%d %H:%M}",
        "complete" if run.complete else "incomplete",
        str(run.documents),
        str(run.parked),
        str(run.undone),
    )


def _show_facts(found: RunShown) -> list[tuple[str, str]]:
    run = found.run
    narrowed = {
        name: value
        for name, value in run.scope.items()
        if value is not None and (name, value) != ("send_email", True)
    }
    states = ", ".join(f"{count} {state}" for state, count in found.states.items())
    facts = [
        ("run", f"{run.run_id} ({run.kind}) of {run.caller}"),
        ("day", str(run.run_on)),
        ("clock", f"{run.started_at} to {run.finished_at or 'no end: it is not complete'}"),
        ("request id", run.request_id),
        ("scope", json.dumps(narrowed) if narrowed else "everything due"),
        ("issued", counted(run.documents, "invoice") + (f": {states}" if states else "")),
    ]
    facts += [("total", f"{total} {total.currency}") for total in found.totals]
    if found.document_ids:
        facts.append(("documents", ranges(found.document_ids)))
    if run.undone_at is not None:
        facts.append(("undone", f"{counted(run.undone, 'invoice')}, at {run.undone_at}"))
    facts += _asides("parked", found.parked)
    facts += _asides("skipped", found.skipped)
    return facts


def _asides(name: str, asides: Sequence[Aside]) -> list[tuple[str, str]]:
    facts = [(name, _aside(each)) for each in asides[:_MOST_SHOWN]]
    if len(asides) > _MOST_SHOWN:
        facts.append((name, f"and {len(asides) - _MOST_SHOWN} more: --json lists all"))
    return facts


def _aside(each: Aside) -> str:
    date = "" if each.due_on is None else f", {each.due_on}"
    owner = "nobody" if each.client_id is None else f"client {each.client_id}"
    return f"{each.kind.value} {each.billable_id} of {owner}{date}: {each.reason}"


# --- JSON ----------------------------------------------------------------------------------------


def _facts(run: RunRow) -> dict[str, Any]:
    return {
        "run": run.run_id,
        "kind": run.kind,
        "day": run.run_on.isoformat(),
        "started_at": _moment(run.started_at),
        "finished_at": _moment(run.finished_at),
        "complete": run.complete,
        "caller": run.caller,
        "request_id": run.request_id,
        "scope": dict(run.scope),
        "documents": run.documents,
        "parked": run.parked,
        "undone": run.undone,
        "undone_at": _moment(run.undone_at),
    }


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _shown(found: RunShown) -> dict[str, Any]:
    return _facts(found.run) | {
        "document_ids": list(found.document_ids),
        "states": dict(found.states),
        "totals": {total.currency: str(total) for total in found.totals},
        "parked_items": [_aside_facts(each) for each in found.parked],
        "skipped_items": [_aside_facts(each) for each in found.skipped],
    }


def _aside_facts(each: Aside) -> dict[str, Any]:
    return {
        "kind": each.kind.value,
        "id": each.billable_id,
        "client": each.client_id,
        "date": None if each.due_on is None else each.due_on.isoformat(),
        "reason": each.reason,
    }


def _undone(done: Undone, *, dry_run: bool) -> dict[str, Any]:
    return {
        "run": done.run_id,
        "day": done.run_on.isoformat(),
        "dry_run": dry_run,
        "voided": done.voided,
        "credited": [
            {"invoice": invoice_id, "credit_note": None if dry_run else note_id}
            for invoice_id, note_id in done.credited
        ],
        "kept": [
            {"invoice": each.document_id, "client": each.client_id, "reason": each.reason}
            for each in done.kept
        ],
        "mails_withdrawn": done.mails,
        "periods_free": done.periods,
        "no_longer_parked": done.unparked,
        "undone_before": done.before,
        "issued_meanwhile": max(0, done.meanwhile),
    }

"""`adapter audit`: tell whether everything was issued, once, and as the schedules say."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from adapter.billing.completeness import Finding, Withheld
from adapter.cli.base import Day, account_option, workplace
from adapter.cli.output import counted, say
from adapter.errors import InvalidField
from adapter.store.auditing import Counts, Span, audit


@click.command("audit")
@click.option("--from", "begin", type=Day(), required=True)
@click.option("--to", "end", type=Day(), required=True)
@click.option("--json", "as_json", is_flag=True, help="A JSON object per line, the sum last.")
@account_option
def audit_command(*, begin: datetime, end: datetime, as_json: bool, account: str) -> None:
    """List missing, doubled and differing documents of the days from one date to another.

    Ends with status 1 when there are any. Held and parked dates are listed as withheld; they are
    no faults.
    """
    span, counts, faults = Span(begin.date(), end.date()), Counts(), 0
    if span.to_on < span.from_on:
        raise InvalidField("--to", "minimum", f"must not be before {span.from_on}")
    with workplace(account) as place:
        for found in audit(place.store, span, counts):
            faults += isinstance(found, Finding)
            say(_json(found) if as_json else _line(found))
    if as_json:
        say(json.dumps({"type": "summary", "faults": faults, **asdict(counts)}))
    else:
        say(
            f"Account {account}, {span.from_on} to {span.to_on}: "
            f"{counted(faults, 'fault')} in {counted(counts.schedules, 'schedule')}, "
            f"{counted(counts.periods, 'period')}, {counted(counts.documents, 'document')}; "
            f"queued: {counted(counts.queued, 'date')}"
        )
    if faults:
        raise click.exceptions.Exit(1)


def _json(found: Finding | Withheld) -> str:
    kind = "fault" if isinstance(found, Finding) else "withheld"
    return json.dumps({"type": kind, **asdict(found)}, default=str)


def _line(found: Finding | Withheld) -> str:
    return " ".join(_parts(found))


def _parts(found: Finding | Withheld) -> Iterator[Any]:
    if isinstance(found, Withheld):
        yield f"withheld: client {found.client_id}, {found.kind.value} {found.billable_id},"
        yield f"{found.due_on or 'no date'}: {found.reason}"
        return
    yield f"{found.fault.value}: client {found.client_id},"
    if found.kind is not None:
        yield f"{found.kind.value} {found.billable_id},"
    if found.due_on is not None:
        yield f"period of {found.due_on},"
    if found.document_id is not None:
        yield f"document {found.document_id}:"
    yield found.detail

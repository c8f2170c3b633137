"""`adapter schedule`: every schedule by its kind: shown, paused, resumed, ended, changed."""

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any, Final, TypeVar

import click

from adapter.assemble import Workplace
from adapter.backends.local.schedules import (
    ScheduleChange,
    ScheduleRow,
    change_schedule,
    changes_after,
    end_schedule,
    last_change,
    list_schedules,
    pause_schedule,
    resume_schedule,
    show_schedule,
)
from adapter.billing.model import BillableKind, CatchUp
from adapter.cli.base import (
    WHOLE,
    Day,
    account_option,
    client_option,
    json_option,
    kind_type,
    workplace,
)
from adapter.cli.foretold import document_facts, say_document
from adapter.cli.held import held_facts
from adapter.cli.output import counted, say, say_facts, say_table
from adapter.commands.context import Context
from adapter.store.run import Preview, PreviewDocument, next_documents
from adapter.store.run import preview as foretell
from adapter.store.unit_of_work import UnitOfWork

_DAY: Final = Day()
_DEFAULT: Final = "default"
_Deed = TypeVar("_Deed")
_kind = click.argument("kind", type=kind_type())
_id = click.argument("billable_id", metavar="ID", type=WHOLE)
_dry_run = click.option("--dry-run", is_flag=True, help="Decide everything, keep nothing.")


@click.group()
def schedule() -> None:
    """Look ahead, and pause, resume, end or change what is billed.

    KIND is service, addon, domain, item or recurring; ID is its id of that kind.
    """


@schedule.command("list")
@click.option("--kind", type=kind_type(), help="Only this kind.")
@click.option("--stopped/--running", default=None, help="Only paused or ended ones; only others.")
@click.option("--limit", type=WHOLE, default=100, show_default=True, metavar="N")
@client_option
@json_option
@account_option
def list_(  # noqa: PLR0913 - the options of one command
    *,
    kind: BillableKind | None,
    stopped: bool | None,
    limit: int,
    client_id: int | None,
    as_json: bool,
    account: str,
) -> None:
    """List schedules by kind and id."""
    kinds = tuple(BillableKind) if kind is None else (kind,)
    with workplace(account) as place, place.store.read() as uow:
        today = place.context("cli").today
        found = list(
            list_schedules(
                uow, today, kinds=kinds, client_id=client_id, paused=stopped, limit=limit
            )
        )
    if as_json:
        say(json.dumps([_facts(each) for each in found], indent=2))
        return
    names = ("kind", "id", "client", "state", "next", "amount", "every", "issued", "name")
    say_table(names, map(_cells, found))
    if len(found) == limit:
        say(f"The first {limit}; --limit, --client and --kind show others")


@schedule.command()
@_kind
@_id
@json_option
@account_option
def show(*, kind: BillableKind, billable_id: int, as_json: bool, account: str) -> None:
    """Show one schedule, its last changes, and its next three documents."""
    with workplace(account) as place:
        context = place.context("cli", dry_run=True)
        with place.store.read() as uow:
            row, changes = show_schedule(uow, kind, billable_id, context.today)
        coming = _coming(place, context, kind, billable_id)
    if as_json:
        documents = [document_facts(each) for each in coming[0]]
        say(json.dumps(_facts(row) | {"changes": changes, "documents": documents}, indent=2))
        return
    say_facts(_show_facts(row, changes))
    _say_coming(*coming)


@schedule.command()
@_kind
@_id
@_dry_run
@account_option
def pause(*, kind: BillableKind, billable_id: int, dry_run: bool, account: str) -> None:
    """Bill nothing of it until it is resumed; dates that go by meanwhile are not billed."""
    deed = partial(pause_schedule, kind=kind, billable_id=billable_id)
    _, coming = _do(account, deed, kind, billable_id, dry_run=dry_run)
    say(f"{kind.value} {billable_id}: {_would(dry_run)}paused")
    _say_coming(*coming)


@schedule.command()
@_kind
@_id
@_dry_run
@account_option
def resume(*, kind: BillableKind, billable_id: int, dry_run: bool, account: str) -> None:
    """Bill it again from today on, and say which dates went by without being billed.

    Also one that was ended by hand. `adapter held bill` bills a date that was skipped.
    """
    deed = partial(resume_schedule, kind=kind, billable_id=billable_id)
    skipped, coming = _do(account, deed, kind, billable_id, dry_run=dry_run)
    say(f"{kind.value} {billable_id}: {_would(dry_run)}resumed; {_skipped(skipped)}")
    _say_coming(*coming)


@schedule.command()
@_kind
@_id
@_dry_run
@account_option
def end(*, kind: BillableKind, billable_id: int, dry_run: bool, account: str) -> None:
    """Bill nothing of it any more; a service, addon or domain keeps its status."""
    deed = partial(end_schedule, kind=kind, billable_id=billable_id)
    _, coming = _do(account, deed, kind, billable_id, dry_run=dry_run)
    say(f"{kind.value} {billable_id}: {_would(dry_run)}ended")
    _say_coming(*coming)


@schedule.command()
@_kind
@_id
@click.option("--amount", metavar="AMOUNT", help="Price of a period; of a line: its unit price.")
@click.option("--line", metavar="CODE", help="Which line of a recurring invoice --amount is for.")
@click.option("--next", "next_on", type=_DAY, metavar="DATE", help="The next date to bill.")
@click.option("--limit", type=int, metavar="N", help="How many are issued in all; 0 is no limit.")
@click.option(
    "--policy",
    type=click.Choice([*(each.value for each in CatchUp), _DEFAULT]),
    help="What to do with several periods due at once; default: as the account's setting says.",
)
@_dry_run
@account_option
def change(  # noqa: PLR0913 - the options of one command
    *,
    kind: BillableKind,
    billable_id: int,
    amount: str | None,
    line: str | None,
    next_on: datetime | None,
    limit: int | None,
    policy: str | None,
    dry_run: bool,
    account: str,
) -> None:
    """Change what is billed from now on; issued documents stay as they are."""
    if (amount, next_on, limit, policy) == (None, None, None, None):
        raise click.UsageError("Say what to change: --amount, --next, --limit or --policy")
    wanted = ScheduleChange(
        amount=None if amount is None else _decimal(amount),
        line=line,
        next_on=None if next_on is None else next_on.date(),
        limit=limit,
        policy=None if policy in (None, _DEFAULT) else CatchUp(policy),
        has_policy=policy is not None,
    )
    deed = partial(change_schedule, kind=kind, billable_id=billable_id, wanted=wanted)
    noted: list[str] = []
    skipped, coming = _do(account, deed, kind, billable_id, dry_run=dry_run, noted=noted)
    for each in noted:
        say(f"{kind.value} {billable_id}: {_would(dry_run)}{each}")
    if not noted:
        say(f"{kind.value} {billable_id}: no change")
    if skipped:
        say(f"{kind.value} {billable_id}: {_skipped(skipped)}")
    _say_coming(*coming)


@schedule.command()
@click.option("--client", "client_id", type=WHOLE, metavar="ID", required=True)
@click.option("--until", type=_DAY, metavar="DATE", required=True, help="The last day to look at.")
@click.option(
    "--assume",
    type=click.Choice(["paid", "unpaid"]),
    default="paid",
    show_default=True,
    help="Each invoice paid on its due date, or none at all.",
)
@json_option
@account_option
def preview(*, client_id: int, until: datetime, assume: str, as_json: bool, account: str) -> None:
    """Print what runs on every coming day would issue to a client. Nothing is kept."""
    with workplace(account) as place:
        context = place.context("cli", dry_run=True)
        if until.date() < context.today:
            raise click.BadParameter(f"lies before today, {context.today}", param_hint="--until")
        found = foretell(place.store, context, client_id, until.date(), paid=assume == "paid")
    if as_json:
        assumed: dict[str, Any] = {
            "client": client_id,
            "until": f"{until:%Y-%m-%d}",
            "assumed": assume,
        }
        say(json.dumps(assumed | _as_json(found), indent=2))
        return
    for document in found.documents:
        say_document(document)
    for held in found.held:
        say(f"{held.due_on}  held: {held.kind.value} {held.billable_id} ({held.reason.value})")
    for parked in found.parked:
        say(f"parked: {parked.kind.value} {parked.billable_id}: {parked.reason}")
    taken = "each is paid on its due date" if assume == "paid" else "none is paid"
    issued = counted(len(found.documents), "invoice")
    say(f"Client {client_id}, until {until:%Y-%m-%d}: {issued}, if {taken}")
    if found.stopped_on is not None:
        raise click.ClickException(f"Stopped at {found.stopped_on}: too much for one preview")


def _do(  # noqa: PLR0913 - one deed on one schedule
    account: str,
    deed: Callable[[UnitOfWork, Context], _Deed],
    kind: BillableKind,
    billable_id: int,
    *,
    dry_run: bool,
    noted: list[str] | None = None,
) -> tuple[_Deed, tuple[tuple[PreviewDocument, ...], date | None]]:
    """Do something with a schedule; return what it says, and the documents that come next.

    With `noted` what was changed is added to it.
    """
    with workplace(account) as place:
        context = place.context("cli", dry_run=dry_run)
        with place.store.write(keep=not dry_run) as uow:
            last = last_change(uow, kind, billable_id)
            done = deed(uow, context)
            if noted is not None:
                noted += changes_after(uow, kind, billable_id, last)
            if dry_run:
                return done, next_documents(uow, context, kind, billable_id)
        return done, _coming(place, context, kind, billable_id)


def _coming(
    place: Workplace, context: Context, kind: BillableKind, billable_id: int
) -> tuple[tuple[PreviewDocument, ...], date | None]:
    with place.store.write(keep=False) as uow:
        return next_documents(uow, context, kind, billable_id)


def _say_coming(documents: Sequence[PreviewDocument], stopped_on: date | None) -> None:
    if not documents and stopped_on is None:
        say("Next documents: none")
        return
    say("Next documents, if each is paid on its due date:")
    for document in documents:
        say_document(document)
    if stopped_on is not None:
        say(f"Stopped at {stopped_on}: too much for one preview")


def _would(dry_run: bool) -> str:  # noqa: FBT001 - one word of a sentence
    return "would be " if dry_run else ""


def _skipped(dates: Sequence[date]) -> str:
    if not dates:
        return "no date was skipped"
    days = ", ".join(map(str, dates))
    return f"{counted(len(dates), 'date')} skipped: {days}"


def _decimal(text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation as error:
        raise click.BadParameter(f"{text} is no number", param_hint="--amount") from error
    if not found.is_finite():
        raise click.BadParameter(f"{text} is no number", param_hint="--amount")
    return found


# --- shown ---------------------------------------------------------------------------------------


def _cells(row: ScheduleRow) -> tuple[str, ...]:
    return (
        row.kind.value,
        str(row.billable_id),
        str(row.client_id),
        row.state,
        str(row.next_on or ""),
        _amount(row),
        row.every,
        str(row.issued),
        " ".join(row.name.split()),
    )


def _amount(row: ScheduleRow) -> str:
    if row.amount is None:
        return ""
    return f"{row.amount} {row.amount.currency}" + (" with VAT" if row.has_vat else "")


def _show_facts(row: ScheduleRow, changes: Sequence[str]) -> list[tuple[str, str]]:
    facts = [
        ("schedule", f"{row.kind.value} {row.billable_id} of client {row.client_id}"),
        ("name", " ".join(row.name.split())),
        ("state", f"{row.state}: {row.why}"),
        ("amount", _amount(row)),
        ("every", row.every),
        ("next date", str(row.next_on or "none")),
        ("due date", str(row.due_on or "none")),
        ("issued", f"{row.issued}" + (f" of {row.limit}" if row.limit else "")),
        ("policy", row.policy.value if row.policy else "default"),
    ]
    return facts + [("change", each) for each in changes]


def _facts(row: ScheduleRow) -> dict[str, Any]:
    return {
        "kind": row.kind.value,
        "id": row.billable_id,
        "client": row.client_id,
        "name": row.name,
        "state": row.state,
        "why": row.why,
        "next_on": None if row.next_on is None else row.next_on.isoformat(),
        "due_on": None if row.due_on is None else row.due_on.isoformat(),
        "amount": None if row.amount is None else str(row.amount),
        "currency": None if row.amount is None else row.amount.currency,
        "with_vat": row.has_vat,
        "every": row.every,
        "issued": row.issued,
        "limit": row.limit,
        "policy": row.policy.value if row.policy else _DEFAULT,
    }


def _as_json(found: Preview) -> dict[str, Any]:
    return {
        "documents": [document_facts(document) for document in found.documents],
        "held": [held_facts(each) for each in found.held],
        "parked": [
            {"kind": each.kind.value, "id": each.billable_id, "reason": each.reason}
            for each in found.parked
        ],
        "stopped_on": None if found.stopped_on is None else found.stopped_on.isoformat(),
    }

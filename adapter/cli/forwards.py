"""`adapter forwards`: what was sent to backends elsewhere, and how it ended."""

import json
from collections.abc import Mapping
from typing import Any

import click

from adapter.assemble import Workplace
from adapter.backends.resolving import WORKER, resolve, with_waiting
from adapter.cli.base import (
    WHOLE,
    account_option,
    json_option,
    workplace,
)
from adapter.cli.output import say, say_facts, say_table, warn
from adapter.errors import StateError
from adapter.store.attempts import Attempt, End, State, Waiting, without_secrets

OPERATOR = "operator"
_NAMES = (
    "reference",
    "backend",
    "command",
    "state",
    "proof",
    "sends",
    "began",
    "error",
    "waits_for",
)
_DEFAULT_LIMIT = 100


class NotUnknown(StateError):
    """Only what is unknown can be resolved."""

    code = "not_unknown"

    def __init__(self, attempt: Attempt) -> None:
        super().__init__(f"{attempt.reference} is {attempt.state}, there is nothing to resolve")


@click.group()
def forwards() -> None:
    """List what was sent to backends elsewhere, and resolve what became of it."""


@forwards.command("list")
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in State]),
    multiple=True,
    help="Only these; can be given more than once.  "
    "[default: unknown, and refused when the worker sent it]",
)
@click.option("--all", "every", is_flag=True, help="Whatever their state.")
@click.option("--backend", metavar="NAME", help="Only this backend.")
@click.option("--limit", type=WHOLE, default=_DEFAULT_LIMIT, show_default=True)
@json_option
@account_option
def list_(  # noqa: PLR0913 - one parameter an option
    *,
    states: tuple[str, ...],
    every: bool,
    backend: str | None,
    limit: int,
    as_json: bool,
    account: str,
) -> None:
    """List the newest attempts, the newest last; nothing of a client is shown.

    By default those that need somebody: whose end is unknown, and what was refused after its
    caller had been answered.
    """
    wanted = () if every else tuple(State(each) for each in states) or (State.UNKNOWN,)
    refused_by = "" if every or states else WORKER
    with workplace(account) as place:
        ledger = _lost_ones_noted(place).ledger
        found, total = ledger.newest(wanted, backend, limit, refused_by=refused_by)
        facts = [_facts(each) for each in with_waiting(ledger, found)]
    if total > len(found):
        warn(f"{total - len(found)} more, older, not shown: --limit {total} shows all")
    if as_json:
        say(json.dumps(facts, indent=2))
    else:
        say_table(_NAMES, [[str(each[name]) for name in _NAMES] for each in facts])


@forwards.command()
@click.argument("reference")
@account_option
def show(*, reference: str, account: str) -> None:
    """Show one attempt with the command it is about; secrets are masked."""
    with workplace(account) as place:
        found = _found(_lost_ones_noted(place), reference)
        (attempt,) = with_waiting(place.ledger, [found])
    shown = {
        **_facts(attempt),
        "credential": attempt.credential,
        "request_id": attempt.request_id,
        "deadline": attempt.deadline_at.isoformat(timespec="seconds"),
        "ended": None if attempt.ended_at is None else attempt.ended_at.isoformat(),
        "resolved_by": attempt.resolved_by,
        "detail": attempt.error_text,
        "request": json.dumps(without_secrets(attempt), ensure_ascii=False),
        "result": json.dumps(attempt.result, ensure_ascii=False),
    }
    say_facts((name, "" if value is None else str(value)) for name, value in shown.items())


@forwards.command("resolve")
@click.argument("reference")
@click.option("--look-up", "how", flag_value="look-up", default="look-up", help="Ask the backend.")
@click.option("--done", "how", flag_value="done", help="You found it there: it was carried out.")
@click.option("--absent", "how", flag_value="absent", help="You looked: it was not carried out.")
@click.option(
    "--seen", "how", flag_value="seen", help="A refused one is seen to: list it no more."
)
@account_option
def resolve_(*, reference: str, how: str, account: str) -> None:
    """End an attempt whose end is unknown.

    A look-up that proves it absent sends it again under its reference. With --absent nothing is
    sent: a caller that repeats the call has it carried out.
    """
    with workplace(account) as place:
        attempt = _found(_lost_ones_noted(place), reference)
        if how == "seen":
            if not place.ledger.acknowledge(attempt, OPERATOR):
                raise click.ClickException(f"{reference} is {attempt.state}, not refused")
            say(f"{reference}: {attempt.state}, seen")
            return
        if attempt.state is not State.UNKNOWN:
            raise NotUnknown(attempt)
        if how == "look-up":
            after = looked_up(place, attempt)
        else:
            state = State.DONE if how == "done" else State.NOT_SENT
            now = place.context(OPERATOR).now
            place.ledger.end(attempt, End(state, by=OPERATOR, unsent=how == "absent"), now)
            after = _found(place, reference)
    say(f"{reference}: {after.state}")


def looked_up(place: Workplace, attempt: Attempt) -> Attempt:
    """Return an attempt as it is after a look-up; says what to do where there can be none."""
    remote = place.remotes.get(attempt.backend)
    if remote is None:
        raise click.ClickException(
            f"Account {place.account.account.name} has no backend {attempt.backend} now; "
            "look there, then say --done or --absent"
        )
    after = resolve(remote, attempt, place.context(OPERATOR), OPERATOR)
    if after.state is State.UNKNOWN and after.proof == "none":
        raise click.ClickException(
            f"Backend {attempt.backend} cannot be asked; look there, then say --done or --absent"
        )
    return after


def _found(place: Workplace, reference: str) -> Attempt:
    attempt = place.ledger.find(reference)
    if attempt is None:
        raise click.ClickException(f"There is no attempt {reference}")
    return attempt


def _lost_ones_noted(place: Workplace) -> Workplace:
    """Count as unknown what processes left open that have died."""
    place.ledger.expire(place.context(OPERATOR).now)
    return place


def _facts(attempt: Attempt) -> Mapping[str, Any]:
    began = attempt.began_at.isoformat(timespec="seconds")
    return dict(
        zip(
            _NAMES,
            (
                attempt.reference,
                attempt.backend,
                attempt.command,
                attempt.state.value,
                attempt.proof,
                attempt.sends,
                began,
                attempt.error_code or "",
                attempt.waits_for if isinstance(attempt, Waiting) else "",
            ),
            strict=True,
        )
    )

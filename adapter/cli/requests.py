"""`adapter requests`: what was asked of the gateway, how it answered, and what came of it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import click

from adapter.cli.base import (
    WHOLE,
    Day,
    account_option,
    json_option,
    workplace,
)
from adapter.cli.output import counted, say, say_facts, say_table
from adapter.store.journal import Filter, Traces, list_requests, show_requests, traces

_NAMES = ("id", "at", "credential", "protocol", "action", "outcome", "ms")


@click.group()
def requests() -> None:
    """Look up requests in the journal; `journal.record` says which are kept."""


@requests.command("list")
@click.option("--credential", metavar="NAME", help="Only this credential's.")
@click.option("--action", metavar="NAME", help="Only this action or endpoint.")
@click.option("--since", type=Day(), metavar="DATE", help="Only from this day on.")
@click.option("--refused", is_flag=True, help="Only those that were refused or failed.")
@click.option("--limit", type=WHOLE, default=50, show_default=True, metavar="N")
@json_option
@account_option
def list_(  # noqa: PLR0913 - its options
    *,
    credential: str | None,
    action: str | None,
    since: datetime | None,
    refused: bool,
    limit: int,
    as_json: bool,
    account: str,
) -> None:
    """List requests, the latest first. Times are real ones, in the account's zone."""
    with workplace(account) as place, place.store.read() as uow:
        zone = place.account.account.zone
        begin = None if since is None else since.replace(tzinfo=zone)
        wanted = Filter(credential, action, begin, refused)
        found = [_facts(each, zone) for each in list_requests(uow, wanted, limit)]
    if as_json:
        say(json.dumps(found, indent=2))
        return
    say_table(_NAMES, [[str(row[name]) for name in _NAMES] for row in found])
    say(f"Account {account}: {counted(len(found), 'request')}")


@requests.command()
@click.argument("request_id", metavar="ID")
@json_option
@account_option
def show(*, request_id: str, as_json: bool, account: str) -> None:
    """Show a request with its command, result, runs and documents; secrets are not kept.

    ID is that of `requests list`, of the log line and of the reply's header X-Request-Id.
    """
    with workplace(account) as place, place.store.read() as uow:
        zone = place.account.account.zone
        found = [_whole(each, zone) for each in show_requests(uow, request_id)]
        left = traces(uow, request_id)
    if as_json:
        say(json.dumps({"requests": found, **_left(left)}, indent=2, default=str))
        return
    for each in found:
        say_facts(_shown(each))
        say()
    say_facts(_left_facts(left))


def _facts(row: Mapping[str, Any], zone: Any) -> dict[str, Any]:
    return {
        "id": row["request_id"],
        "at": row["received_at"].astimezone(zone).isoformat(timespec="seconds"),
        "credential": row["credential"],
        "protocol": row["protocol"],
        "action": row["action"],
        "outcome": row["outcome"],
        "ms": row["milliseconds"],
    }


def _whole(row: Mapping[str, Any], zone: Any) -> dict[str, Any]:
    names = ("status", "command", "asked", "message", "told")
    return _facts(row, zone) | {name: row[name] for name in names}


def _shown(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    asked = row["asked"] or {}
    told = row["told"] or {}
    facts = [
        ("request", f"{row['id']} at {row['at']}, {row['ms']} ms"),
        ("caller", row["credential"]),
        ("call", f"{row['protocol']} {row['action'] or '(not an action of ours)'}"),
        ("answer", f"{row['outcome']}, status {row['status']}"),
    ]
    if row["message"]:
        facts.append(("error", row["message"]))
    if row["command"]:
        facts.append(("command", f"{row['command']} {_compact(asked.get('fields', asked))}"))
    elif asked:
        facts.append(("sent", _compact(asked.get("params", asked))))
    if told:
        facts.append(("result", f"{told.get('result', '')} {_compact(told.get('fields', told))}"))
    return facts


def _left(left: Traces) -> dict[str, Any]:
    return {
        "runs": left.runs,
        "documents": left.documents,
        "document_count": left.document_count,
        "deeds": left.deeds,
        "forwards": left.forwards,
    }


def _left_facts(left: Traces) -> list[tuple[str, str]]:
    facts = [("run", _run(run)) for run in left.runs]
    if left.documents:
        more = left.document_count - len(left.documents)
        ids = ", ".join(str(each) for each in left.documents)
        facts.append(("documents", f"{ids} and {more} more" if more else ids))
    facts += [("did", deed) for deed in left.deeds]
    facts += [("sent on", each) for each in left.forwards]
    return facts or [("left", "nothing: no run, document or change bears this id")]


def _run(run: Mapping[str, Any]) -> str:
    issued = counted(run["document_count"], "document")
    end = "complete" if run["complete"] else "not complete"
    parked = f"{run['parked_count']} parked"
    return f"{run['id']} ({run['kind']}) on {run['run_on']}: {issued}, {parked}, {end}"


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

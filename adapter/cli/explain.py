"""`adapter explain`: what made a document, and what a billable waits for."""

import json
from dataclasses import asdict
from typing import Any

import click

from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import BillableKind
from adapter.cli.base import (
    WHOLE,
    account_option,
    workplace,
)
from adapter.cli.output import say, say_facts
from adapter.errors import InvoiceNotFound
from adapter.store import tables
from adapter.store.explaining import (
    BillableExplained,
    ClaimExplained,
    InvoiceExplained,
    explain_billable,
    explain_invoice,
)

_json_option = click.option("--json", "as_json", is_flag=True, help="The same as one JSON object.")


@click.group()
def explain() -> None:
    """Name the rule, inputs, clock and settings that made or withheld a document."""


@explain.command()
@click.argument("invoice_id", type=WHOLE, metavar="ID")
@_json_option
@account_option
def invoice(*, invoice_id: int, as_json: bool, account: str) -> None:
    """Say why an invoice was made."""
    with workplace(account) as place, place.store.read() as uow:
        try:
            found = explain_invoice(uow, invoice_id)
        except InvoiceNotFound as error:
            hint = ""
            if uow.row(tables.recurring_invoices, invoice_id) is not None:
                # Both kinds take their ids from one series.
                hint = f"; {invoice_id} is a recurring invoice, see `adapter explain billable`"
            raise click.ClickException(f"There is no invoice {invoice_id}{hint}") from error
    if as_json:
        _say_json(found)
        return
    say_facts(_invoice_facts(found))
    for claim in found.claims:
        say()
        say_facts(_claim_facts(claim))


@explain.command()
@click.argument("kind", type=click.Choice([kind.value for kind in BillableKind]))
@click.argument("billable_id", type=WHOLE, metavar="ID")
@_json_option
@account_option
def billable(*, kind: str, billable_id: int, as_json: bool, account: str) -> None:
    """Say why a billable is due now, or why it is not."""
    with workplace(account) as place, place.store.read() as uow:
        today = place.context("cli").today
        found = explain_billable(uow, BillableKind(kind), billable_id, today)
    if as_json:
        _say_json(found)
    else:
        say_facts(_billable_facts(found))


def _say_json(found: InvoiceExplained | BillableExplained) -> None:
    say(json.dumps(asdict(found), default=str, indent=2))


def _invoice_facts(found: InvoiceExplained) -> list[tuple[str, str]]:
    run = found.run
    facts = [
        ("invoice", f"{found.invoice_id}, {found.status}, {found.total} {found.currency}"),
        ("client", str(found.client_id)),
        ("issued on", f"{found.issued_on}, due on {found.due_on}"),
        ("made by", found.made_by),
        ("clock", f"{found.created_at if run is None else run.started_at}"),
    ]
    if run is not None:
        facts.append(("request id", run.request_id))
    if found.undone is not None:
        facts.append(("undone", found.undone))
    if not found.claims:
        facts.append(("periods", "none"))
    return facts


def _claim_facts(claim: ClaimExplained) -> list[tuple[str, str]]:
    facts = [
        ("bills", f"{claim.kind.value} {claim.billable_id}, period {claim.period}"),
        ("rule", f"{claim.rule}: {claim.rule_in_words}"),
    ]
    if claim.rule != RULE_IMPORTED:
        same = {True: "the same today", False: "different today", None: "its billable is gone"}
        facts.append(("inputs", f"{claim.inputs_in_words}; {same[claim.same_today]}"))
    facts.append(("claimed at", f"{claim.claimed_at}, fence {claim.fence}"))
    facts += [("changed since", change) for change in claim.changed_since]
    return facts + _settings(claim.settings_version, claim.settings) if claim.settings else facts


def _billable_facts(found: BillableExplained) -> list[tuple[str, str]]:
    facts = [
        ("billable", f"{found.kind.value} {found.billable_id} of client {found.client_id}"),
        ("state", f"{found.state}: {found.why}"),
        ("next due on", str(found.next_due_on or "none")),
        ("queued for", _queued(found)),
        ("last issued on", str(found.last_issued_on or "never")),
        ("issued", str(found.generation_count)),
        ("catch-up", found.catch_up.value),
        ("owner", f"{found.owner}, fence {found.fence}"),
    ]
    facts += [("held", f"{on} ({reason})") for on, reason in found.held.items()]
    facts += [("document", text) for text in found.documents]
    facts += [("undone", text) for text in found.undone]
    return facts + _settings(found.settings_version, found.settings)


def _queued(found: BillableExplained) -> str:
    if found.next_invoice_on is None:
        return "nothing"
    return f"{found.next_invoice_on}, invoiced from {found.invoiced_from}"


def _settings(version: int, settings: Any) -> list[tuple[str, str]]:
    named = ", ".join(f"{name}={value or 'empty'}" for name, value in settings.items())
    return [("settings", f"version {version}: {named}")]

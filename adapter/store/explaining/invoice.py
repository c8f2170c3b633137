"""Why an invoice was made: each period on it with its rule, inputs, settings and clock."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import shown
from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.due import DueItem, DueRecurring
from adapter.billing.inputs import inputs_digest
from adapter.billing.model import BillableKind
from adapter.billing.schedule import first_occurrence_from
from adapter.errors import InvoiceNotFound
from adapter.store import tables
from adapter.store.explaining.making import made_outside_of_runs
from adapter.store.explaining.words import (
    inputs_in_words,
    period_in_words,
    rule_in_words,
    settings_that_mattered,
)
from adapter.store.queue import TABLES
from adapter.store.run.load import QUERIES, client_terms, load_shared, quoted_lines
from adapter.store.run.rows import Promotions, due_item, due_recurring
from adapter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RunExplained:
    """The run that made a document."""

    run_id: int
    kind: str
    caller: str
    request_id: str
    run_on: date
    started_at: datetime
    scope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ClaimExplained:
    """One period on an invoice.

    `same_today`: whether its inputs are what they were; None when the billable is gone, or was
    billed elsewhere.
    `changed_since` are the noted changes of the billable after it was billed.
    """

    kind: BillableKind
    billable_id: int
    due_on: date
    period: str
    rule: str
    rule_in_words: str
    inputs: str
    inputs_in_words: str
    same_today: bool | None
    changed_since: tuple[str, ...]
    claimed_at: datetime
    fence: int
    settings_version: int
    settings: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InvoiceExplained:
    """An invoice with everything that made it: a run, or what `made_by` says in words.

    `undone` says by whom its run was taken back, and how; None where it was not.
    """

    invoice_id: int
    client_id: int
    status: str
    total: str
    currency: str
    issued_on: date
    due_on: date
    created_at: datetime
    origin: str
    run: RunExplained | None
    made_by: str
    claims: tuple[ClaimExplained, ...]
    undone: str | None


def explain_invoice(uow: UnitOfWork, invoice_id: int) -> InvoiceExplained:
    """Return why this invoice was made; raises `InvoiceNotFound`."""
    row = uow.row(tables.documents, invoice_id)
    if row is None:
        raise InvoiceNotFound(invoice_id)
    claims = tables.claims
    query = (
        sa.select(claims)
        .where(claims.c.document_id == invoice_id)
        .order_by(claims.c.kind, claims.c.billable_id, claims.c.due_on)
    )
    rows = uow.execute(query).mappings().all()
    run = _run(uow, row["run_id"])
    return InvoiceExplained(
        invoice_id=invoice_id,
        client_id=row["client_id"],
        status=row["status"],
        total=shown(row["total"]),
        currency=row["currency"],
        issued_on=row["issued_on"],
        due_on=row["due_on"],
        created_at=row["created_at"],
        origin=row["origin"],
        run=run,
        made_by=made_outside_of_runs(uow, row, rows) if run is None else _in_words(run),
        claims=tuple(_claim(uow, claim) for claim in rows),
        undone=None if row["undone_at"] is None else _undone(uow, row),
    )


def _undone(uow: UnitOfWork, row: sa.RowMapping) -> str:
    audit = tables.audit
    query = (
        sa.select(audit.c.detail, audit.c.caller)
        .where(
            audit.c.noun == row["kind"],
            audit.c.record_id == row["id"],
            audit.c.deed == "undo",
        )
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    found = uow.execute(query).first()
    when = f"{row['undone_at']}"
    if found is None:
        return when
    note = (found.detail or {}).get("credit_note")
    how = "voided" if note is None else f"credit note {note}"
    return f"{when} by {found.caller}: {how}, its periods may be billed again"


def _run(uow: UnitOfWork, run_id: int | None) -> RunExplained | None:
    row = None if run_id is None else uow.row(tables.runs, run_id)
    if row is None:
        return None
    names = ("kind", "caller", "request_id", "run_on", "started_at", "scope")
    return RunExplained(row["id"], **{name: row[name] for name in names})


def _in_words(run: RunExplained) -> str:
    narrowed = {name: value for name, value in run.scope.items() if name != "send_email"}
    scope = json.dumps(narrowed) if narrowed else "everything due"
    return f"run {run.run_id} ({run.kind}) of {run.caller} on {run.run_on}, {scope}"


def _claim(uow: UnitOfWork, claim: sa.RowMapping) -> ClaimExplained:
    kind, billable_id = BillableKind(claim["kind"]), claim["billable_id"]
    row = None
    if claim["rule"] != RULE_IMPORTED:
        # What another system billed went by no setting of ours, and by inputs that it knows.
        query = QUERIES[kind].where(TABLES[kind].c.id == billable_id)
        row = uow.execute(query).mappings().first()
    digest = claim["inputs_digest"]
    today = None if row is None else _inputs_today(uow, kind, row, claim)
    mattered = {} if row is None else settings_that_mattered(uow, kind, row, claim["claimed_at"])
    return ClaimExplained(
        kind=kind,
        billable_id=billable_id,
        due_on=claim["due_on"],
        period=period_in_words(claim["due_on"], claim["next_on"]),
        rule=claim["rule"],
        rule_in_words=rule_in_words(claim["rule"]),
        inputs=digest,
        inputs_in_words=inputs_in_words(digest),
        same_today=None if today is None else inputs_digest(today) == digest,
        changed_since=_changed_since(uow, claim),
        claimed_at=claim["claimed_at"],
        fence=claim["fence"],
        settings_version=claim["settings_version"],
        settings=mattered,
    )


def _inputs_today(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, claim: sa.RowMapping
) -> DueItem | DueRecurring | None:
    """Return what the run would be given today for the same period, counted as it was then."""
    shared = load_shared(uow)
    terms = client_terms(uow, shared, [row["client_id"]]).get(row["client_id"])
    if terms is None:
        return None
    due_on, issued_before = claim["due_on"], row["generation_count"] - _issued_since(uow, claim)
    if kind is BillableKind.RECURRING_INVOICE:
        lines = quoted_lines(uow, [row["id"]])[row["id"]]
        template = due_recurring(row, lines, shared.settings)
        n = first_occurrence_from(template.start_on, template.frequency, due_on)
        return replace(template, occurrence=n, generation_count=issued_before)
    # The run finds its period in the queue; here the claim names it.
    queued: Any = {**row, "next_invoice_on": due_on}
    item = due_item(kind, queued, terms, shared, Promotions(uow))
    return replace(item, generation_count=issued_before)


def _issued_since(uow: UnitOfWork, claim: sa.RowMapping) -> int:
    """Return how many periods of the same billable were claimed from this one on."""
    claims = tables.claims
    later = sa.or_(
        claims.c.claimed_at > claim["claimed_at"],
        sa.and_(claims.c.claimed_at == claim["claimed_at"], claims.c.due_on >= claim["due_on"]),
    )
    query = sa.select(sa.func.count()).where(
        claims.c.kind == claim["kind"], claims.c.billable_id == claim["billable_id"], later
    )
    return int(uow.execute(query).scalar() or 0)


def _changed_since(uow: UnitOfWork, claim: sa.RowMapping) -> tuple[str, ...]:
    changes = tables.schedule_changes
    query = (
        sa.select(changes)
        .where(
            changes.c.kind == claim["kind"],
            changes.c.billable_id == claim["billable_id"],
            changes.c.recorded_at > claim["claimed_at"],
        )
        .order_by(changes.c.id)
    )
    return tuple(
        f"{row['effective_on']} {row['field']}: {row['old']} -> {row['new']} ({row['caller']})"
        for row in uow.execute(query).mappings()
    )

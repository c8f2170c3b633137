"""Why a billable is due, or is not: its place in the queue, told in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from adapter.billing.completeness import shown
from adapter.billing.model import BillableKind, CatchUp, DocumentKind, ItemAction, ItemStatus
from adapter.billing.schedule import Cycle
from adapter.billing.settings import BusinessSettings
from adapter.errors import BillableNotFound
from adapter.store import tables
from adapter.store.explaining.words import period_in_words, rule_in_words, settings_that_mattered
from adapter.store.queue import GATEWAY, TABLES, cycles_limit
from adapter.store.undoing import UNDONE
from adapter.store.unit_of_work import UnitOfWork

_LAST = 5


@dataclass(frozen=True, slots=True)
class BillableExplained:
    """A billable's place in the queue. `state` is one word, `why` a sentence.

    `invoiced_from` is the first day on which a run bills `next_invoice_on`. `held` are dates that
    no run bills, with the reason; `documents` the last ones, newest first; `undone` the last times
    that a run was taken back.
    """

    kind: BillableKind
    billable_id: int
    client_id: int
    state: str
    why: str
    next_due_on: date | None
    next_invoice_on: date | None
    invoiced_from: date | None
    last_issued_on: date | None
    generation_count: int
    catch_up: CatchUp
    owner: str
    fence: int
    held: Mapping[str, str]
    documents: tuple[str, ...]
    undone: tuple[str, ...]
    settings_version: int
    settings: Mapping[str, str]


def explain_billable(
    uow: UnitOfWork, kind: BillableKind, billable_id: int, today: date
) -> BillableExplained:
    """Return why this billable is or is not due today; raises `BillableNotFound`."""
    row = uow.row(TABLES[kind], billable_id)
    if row is None:
        raise BillableNotFound(kind.value, billable_id)
    settings = uow.settings
    state, why = state_of(uow, kind, row, today)
    queued_on = row["next_invoice_on"]
    return BillableExplained(
        kind=kind,
        billable_id=billable_id,
        client_id=row["client_id"],
        state=state,
        why=why,
        next_due_on=row["next_due_on"],
        next_invoice_on=queued_on,
        invoiced_from=None if queued_on is None else queued_on - _window(kind, row, settings),
        last_issued_on=row["last_issued_on"],
        generation_count=row["generation_count"],
        catch_up=_catch_up(kind, row, settings),
        owner=row["owner"],
        fence=row["fence"],
        held=_held(uow, kind, billable_id),
        documents=_documents(uow, kind, billable_id),
        undone=_undone(uow, kind, billable_id),
        settings_version=settings.settings_version,
        settings=settings_that_mattered(uow, kind, row),
    )


def _window(kind: BillableKind, row: sa.RowMapping, settings: BusinessSettings) -> timedelta:
    """Return how long before its due date a period is invoiced."""
    match kind:
        case BillableKind.RECURRING_INVOICE:
            return timedelta(0)
        case BillableKind.DOMAIN:
            return timedelta(days=settings.days_for_domains)
        case BillableKind.BILLABLE_ITEM:
            return timedelta(days=settings.days_in_advance)
        case _:
            return timedelta(days=settings.days_for(Cycle(row["cycle"])))


def _catch_up(kind: BillableKind, row: sa.RowMapping, settings: BusinessSettings) -> CatchUp:
    if row["catch_up"]:
        return CatchUp(row["catch_up"])
    recurring = kind is BillableKind.RECURRING_INVOICE
    return settings.recurring_catch_up if recurring else settings.catch_up


def state_of(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, today: date
) -> tuple[str, str]:
    """Return a billable's state in one word, and why it is in it."""
    if row["parked_reason"] is not None:
        return "parked", f"set aside at {row['parked_at']}: {row['parked_reason']}"
    if row["owner"] != GATEWAY:
        return "elsewhere", f"{row['owner']} bills it, not this gateway"
    if row["ended"]:
        return _ended(kind, row)
    if row["paused"]:
        return "paused", f"paused; its next date is {row['next_due_on']}"
    if row["next_invoice_on"] is not None:
        return _queued(uow, kind, row, today)
    found: tuple[str, str] | None = None
    match kind:
        case BillableKind.RECURRING_INVOICE:
            found = _stopped_template(row)
        case BillableKind.BILLABLE_ITEM:
            found = _stopped_item(row)
        case _:
            found = _stopped(uow, kind, row)
    lost = f"nothing says why it is not in the queue: run `adapter audit` for {row['next_due_on']}"
    return found or ("lost", lost)


def _queued(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, today: date
) -> tuple[str, str]:
    on = row["next_invoice_on"]
    opens_on = on - _window(kind, row, uow.settings)
    if opens_on > today:
        return "waiting", f"due on {on}, invoiced from {opens_on}"
    issued_on = row["last_issued_on"]
    once_a_day = _catch_up(kind, row, uow.settings) is CatchUp.ONE_PER_DAY
    if once_a_day and issued_on is not None and issued_on >= today:
        return "waiting", f"due on {on}, but a period was invoiced on {issued_on}: one a day"
    return "due", f"due on {on}, invoiced from {opens_on}: the next run bills it"


def _ended(kind: BillableKind, row: sa.RowMapping) -> tuple[str, str]:
    limit = row["recurrence_limit"] if kind is BillableKind.RECURRING_INVOICE else None
    count = row["generation_count"]
    if not limit or count < limit:
        return "ended", f"ended by the operator after {count} documents"
    return "ended", f"{count} of {limit} documents are issued"


def _stopped_template(row: sa.RowMapping) -> tuple[str, str] | None:
    if row["issues"] == DocumentKind.INVOICE:
        return None
    return "off", f"a template of another kind ({row['issues']}): no run issues it"


def _stopped_item(row: sa.RowMapping) -> tuple[str, str] | None:
    count = row["generation_count"]
    match ItemAction(row["action"]):
        case ItemAction.NO_INVOICE:
            return "off", "its action is never to be invoiced"
        case ItemAction.NEXT_INVOICE if count == 0:
            return "riding", "it goes onto the next invoice that the client gets for anything else"
        case ItemAction.RECUR if count and row["recur_times"]:
            return "ended", f"invoiced {count} of {row['recur_times']} times"
        case _ if count:
            return "ended", "it was to be invoiced once, and is"
        case _ if row["next_due_on"] is None:
            return "off", "it has no due date"
        case _:
            return None


def _stopped(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> tuple[str, str] | None:
    """Return what keeps a service, addon or domain out of the queue; the run's order of checks."""
    return (
        _not_billed(uow, kind, row)
        or _unpaid(uow, kind, row)
        or (("off", "it has no due date") if row["next_due_on"] is None else None)
    )


def _not_billed(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> tuple[str, str] | None:
    settings, status = uow.settings, ItemStatus(row["status"])
    domain = kind is BillableKind.DOMAIN
    billed = settings.billed_domain_statuses if domain else settings.statuses
    if status not in billed:
        return "off", f"its status is {status}; billed are {', '.join(sorted(billed))}"
    if domain:
        if row["do_not_renew"]:
            return "off", "it shall not be renewed"
        if row["recurring_amount"] <= 0 and row["registered_on"] != row["next_due_on"]:
            return "off", "its renewal costs nothing"
        return None
    if row.get("cancellation_requested"):
        return "off", "its cancellation was requested"
    count, cycle = row["generation_count"], Cycle(row["cycle"])
    if cycle is Cycle.FREE:
        return "off", "it is free"
    if cycle is Cycle.ONE_TIME and count:
        return "ended", "it was to be invoiced once, and is"
    limit = cycles_limit(uow, kind, row)
    if limit and count >= limit:
        return "ended", f"{count} of {limit} periods are invoiced"
    return None


def _unpaid(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> tuple[str, str] | None:
    """Return which invoice a billable waits for: its due date moves when that is paid."""
    claims, documents = tables.claims, tables.documents
    query = (
        sa.select(claims.c.document_id, documents.c.status)
        .outerjoin(documents, documents.c.id == claims.c.document_id)
        .where(
            claims.c.kind == kind.value,
            claims.c.billable_id == row["id"],
            claims.c.due_on == row["next_due_on"],
        )
    )
    found = uow.execute(query).first()
    if found is None:
        return None
    if not found.document_id:
        why = f"the period of {row['next_due_on']} was billed before the account came here"
        return "billed", f"{why}; a later due date lets it go on"
    status = found.status or "missing"
    why = f"the period of {row['next_due_on']} is on invoice {found.document_id} ({status})"
    return "unpaid", f"{why}; its payment moves the due date on"


def _held(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> dict[str, str]:
    held = tables.held_occurrences
    query = (
        sa.select(held.c.due_on, held.c.reason)
        .where(held.c.kind == kind.value, held.c.billable_id == billable_id)
        .order_by(held.c.due_on)
    )
    return {str(row.due_on): row.reason for row in uow.execute(query)}


def _undone(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> tuple[str, ...]:
    changes = tables.schedule_changes
    query = (
        sa.select(changes)
        .where(
            changes.c.kind == kind.value,
            changes.c.billable_id == billable_id,
            changes.c.field == UNDONE,
        )
        .order_by(changes.c.id.desc())
        .limit(_LAST)
    )
    return tuple(
        f"{row['effective_on']}, {row['new']}: {row['old']} may be billed again ({row['caller']})"
        for row in uow.execute(query).mappings()
    )


def _documents(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> tuple[str, ...]:
    claims, documents = tables.claims, tables.documents
    query = (
        sa.select(
            claims.c.document_id,
            claims.c.due_on,
            claims.c.next_on,
            claims.c.rule,
            documents.c.issued_on,
            documents.c.status,
            documents.c.total,
        )
        .join(documents, documents.c.id == claims.c.document_id)
        .where(claims.c.kind == kind.value, claims.c.billable_id == billable_id)
        .order_by(claims.c.due_on.desc())
        .limit(_LAST)
    )
    return tuple(
        f"{row.document_id}: {period_in_words(row.due_on, row.next_on)}, {row.status}, "
        f"{shown(row.total)} in all, issued {row.issued_on} ({rule_in_words(row.rule)})"
        for row in uow.execute(query)
    )

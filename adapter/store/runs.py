"""What is kept of runs: who made them, what they issued, what they passed over and set aside."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.run.write import noted_parked
from adapter.store.undoing import RunNotFound
from adapter.store.unit_of_work import UnitOfWork

_RUNS, _D, _CLAIMS = tables.runs, tables.documents, tables.claims
_WAITING: Final = (BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN)


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run. `finished_at` is None while it goes on, and where it was broken off.

    Times are the account's clock; `run_on` is its day. `undone` counts documents taken back.
    """

    run_id: int
    kind: str
    run_on: date
    started_at: datetime
    finished_at: datetime | None
    complete: bool
    caller: str
    request_id: str
    scope: Mapping[str, Any]
    documents: int
    parked: int
    undone: int
    undone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Aside:
    """A billable or date that a run did not bill, with the reason."""

    kind: BillableKind
    billable_id: int
    client_id: int | None
    due_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class RunShown:
    """A run with its documents' ids, ascending, and what they come to by currency and state.

    `totals` are of what stands, before credit. `parked` and `skipped` say why.
    """

    run: RunRow
    document_ids: tuple[int, ...]
    states: Mapping[str, int]
    totals: tuple[Money, ...]
    parked: tuple[Aside, ...]
    skipped: tuple[Aside, ...]


def list_runs(
    uow: UnitOfWork, *, limit: int = 20, kind: str | None = None, client_id: int | None = None
) -> list[RunRow]:
    """Return the latest runs, newest first; with a client those that issued him something."""
    query = sa.select(_RUNS).order_by(_RUNS.c.id.desc()).limit(limit)
    if kind is not None:
        query = query.where(_RUNS.c.kind == kind)
    if client_id is not None:
        issued = sa.exists().where(_D.c.run_id == _RUNS.c.id, _D.c.client_id == client_id)
        query = query.where(issued)
    return [_run(row) for row in uow.execute(query).mappings()]


def show_run(uow: UnitOfWork, run_id: int) -> RunShown:
    """Return everything that is kept of a run. Raises `RunNotFound`."""
    row = uow.row(_RUNS, run_id)
    if row is None:
        raise RunNotFound(run_id)
    run = _run(row)
    mine = sa.and_(_D.c.run_id == run_id, _D.c.kind == DocumentKind.INVOICE.value)
    ids = uow.execute(sa.select(_D.c.id).where(mine).order_by(_D.c.id)).scalars()
    states = (
        sa.select(
            sa.case((_D.c.undone_at.is_not(None), "Undone"), else_=_D.c.status).label("state"),
            _D.c.currency,
            sa.func.count().label("documents"),
            sa.func.sum(_D.c.total + _D.c.credit).label("gross"),
        )
        .where(mine)
        .group_by("state", _D.c.currency)
    )
    counts: dict[str, int] = {}
    sums: dict[str, int] = {}
    for each in uow.execute(states):
        counts[each.state] = counts.get(each.state, 0) + int(each.documents)
        if each.state not in {"Undone", InvoiceStatus.CANCELLED.value}:
            sums[each.currency] = sums.get(each.currency, 0) + int(each.gross)
    return RunShown(
        run,
        tuple(ids),
        dict(sorted(counts.items())),
        tuple(Money(total, currency) for currency, total in sorted(sums.items())),
        tuple(_parked(uow, run_id)),
        (*_passed(uow, run_id), *_blocked(uow, run)),
    )


def _run(row: sa.RowMapping) -> RunRow:
    return RunRow(
        run_id=row["id"],
        kind=row["kind"],
        run_on=row["run_on"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        complete=row["complete"],
        caller=row["caller"],
        request_id=row["request_id"],
        scope=row["scope"],
        documents=row["document_count"],
        parked=row["parked_count"],
        undone=row["undone_count"],
        undone_at=row["undone_at"],
    )


def _parked(uow: UnitOfWork, run_id: int) -> Iterator[Aside]:
    for kind, billable_id, reason in noted_parked(uow, run_id):
        row = uow.row(TABLES[kind], billable_id)
        client_id = None if row is None else row["client_id"]
        yield Aside(kind, billable_id, client_id, None, reason)


def _passed(uow: UnitOfWork, run_id: int) -> Iterator[Aside]:
    held = tables.held_occurrences
    for kind, table in TABLES.items():
        query = (
            sa.select(held.c.billable_id, table.c.client_id, held.c.due_on, held.c.reason)
            .outerjoin(table, table.c.id == held.c.billable_id)
            .where(held.c.run_id == run_id, held.c.kind == kind.value)
            .order_by(held.c.billable_id, held.c.due_on)
        )
        for row in uow.execute(query):
            reason = f"passed over by its catch-up policy: {row.reason}"
            yield Aside(kind, row.billable_id, row.client_id, row.due_on, reason)


def _blocked(uow: UnitOfWork, run: RunRow) -> Iterator[Aside]:
    """Yield what was due but for an invoice that had been cancelled: it blocks its due date.

    A run does not look at these, so they are looked for here: periods in the run's window whose
    invoice was cancelled by then, of items that waited for that very period.
    """
    for kind in _WAITING:
        yield from _blocked_of(uow, run, kind)


def _blocked_of(uow: UnitOfWork, run: RunRow, kind: BillableKind) -> Iterator[Aside]:
    lists = {
        BillableKind.SERVICE: run.scope.get("service_ids"),
        BillableKind.ADDON: run.scope.get("addon_ids"),
        BillableKind.DOMAIN: run.scope.get("domain_ids"),
    }
    listed: Sequence[int] | None = lists[kind]
    if listed is None and any(each is not None for each in lists.values()):
        return
    table, changes = TABLES[kind], tables.schedule_changes
    moved_since = sa.exists().where(
        changes.c.kind == kind.value,
        changes.c.billable_id == table.c.id,
        changes.c.field == "next_due_on",
        changes.c.recorded_at > run.started_at,
        changes.c.old == sa.cast(_CLAIMS.c.due_on, sa.String(10)),
    )
    query = (
        sa.select(table.c.id, table.c.client_id, _CLAIMS.c.due_on, _D.c.id.label("document_id"))
        .select_from(
            _D.join(_CLAIMS, _CLAIMS.c.document_id == _D.c.id).join(
                table, sa.and_(_CLAIMS.c.kind == kind.value, table.c.id == _CLAIMS.c.billable_id)
            )
        )
        .where(
            _D.c.status == InvoiceStatus.CANCELLED.value,
            sa.or_(_D.c.run_id.is_(None), _D.c.run_id < run.run_id),
            _D.c.cancelled_at <= (run.finished_at or run.started_at),
            _CLAIMS.c.due_on <= run.run_on + timedelta(days=_window(kind, uow.settings)),
            sa.or_(table.c.next_due_on == _CLAIMS.c.due_on, moved_since),
        )
        .order_by(table.c.id)
    )
    if run.scope.get("client_id") is not None:
        query = query.where(table.c.client_id == run.scope["client_id"])
    for row in uow.execute(query):
        if listed is None or row.id in listed:
            reason = f"invoiced already, on invoice {row.document_id}, which is cancelled"
            yield Aside(kind, row.id, row.client_id, row.due_on, reason)


def _window(kind: BillableKind, settings: BusinessSettings) -> int:
    if kind is BillableKind.DOMAIN:
        return settings.days_for_domains
    return max(settings.days_for(cycle) for cycle in Cycle)

"""The run's queue: when a billable can next be invoiced. Every change of a billable comes here."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import BillableKind, ItemAction, ItemStatus
from adapter.billing.schedule import Cycle, Frequency, ItemUnit, Step, occurrence_date
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

TABLES: Mapping[BillableKind, sa.Table] = {
    BillableKind.SERVICE: tables.services,
    BillableKind.ADDON: tables.service_addons,
    BillableKind.DOMAIN: tables.domains,
    BillableKind.BILLABLE_ITEM: tables.billable_items,
    BillableKind.RECURRING_INVOICE: tables.recurring_invoices,
}

_CLAIM = sa.select(tables.claims.c.next_on).where(
    tables.claims.c.kind == sa.bindparam("kind"),
    tables.claims.c.billable_id == sa.bindparam("billable_id"),
    tables.claims.c.due_on == sa.bindparam("due_on"),
)
_CHUNK = 1000


def step_of(kind: BillableKind, row: sa.RowMapping) -> Step | None:
    """Return the distance between two due dates of a stored billable; None: billed once."""
    match kind:
        case BillableKind.DOMAIN:
            return Step(months=12 * row["years"])
        case BillableKind.BILLABLE_ITEM:
            if row["action"] != ItemAction.RECUR:
                return None
            return ItemUnit(row["recur_unit"]).step(row["recur_every"])
        case BillableKind.RECURRING_INVOICE:
            return Frequency(row["frequency"]).step
        case _:
            return Cycle(row["cycle"]).step


def cycles_limit(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> int:
    """Return how many periods are billed in all; 0 is without end."""
    if kind is BillableKind.BILLABLE_ITEM:
        return int(row["recur_times"])
    if kind is BillableKind.SERVICE:
        product = uow.row(tables.products, row["product_id"])
        return 0 if product is None else int(product["cycles_limit"])
    return 0


def requeue(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> None:
    """Set `next_invoice_on` of one billable from its row, its claims and the settings.

    The caller holds the client, or has just made the billable.
    """
    table = TABLES[kind]
    row = uow.row(table, billable_id)
    if row is not None:
        _store(uow, table, row, _queue_date(uow, kind, row))


def requeue_all(uow: UnitOfWork) -> None:
    """Set the queue of every billable, after a setting that decides about it was changed.

    Waits for everyone who began under the old one.
    """
    uow.lock_settings()
    for kind, table in TABLES.items():
        last = 0
        while True:
            page = sa.select(table).where(table.c.id > last).order_by(table.c.id).limit(_CHUNK)
            rows = uow.execute(page).mappings().all()
            for row in rows:
                _store(uow, table, row, _queue_date(uow, kind, row))
            if len(rows) < _CHUNK:
                break
            last = rows[-1]["id"]


def _store(uow: UnitOfWork, table: sa.Table, row: sa.RowMapping, on: date | None) -> None:
    if row["next_invoice_on"] != on:
        uow.execute(sa.update(table).where(table.c.id == row["id"]).values(next_invoice_on=on))


def _queue_date(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> date | None:
    if row["parked_reason"] is not None:
        return None
    match kind:
        case BillableKind.RECURRING_INVOICE:
            if row["paused"] or row["ended"]:
                return None
            frequency = Frequency(row["frequency"])
            return occurrence_date(row["start_on"], frequency, row["occurrence"])
        case BillableKind.BILLABLE_ITEM:
            return _item_date(row)
        case _:
            if not _can_be_billed(uow, kind, row):
                return None
            return _unclaimed(uow, kind, row, uow.settings)


def _item_date(row: sa.RowMapping) -> date | None:
    issued = int(row["generation_count"])
    match ItemAction(row["action"]):
        case ItemAction.NEXT_RUN:
            return row["entered_on"] if issued == 0 else None
        case ItemAction.DUE_DATE:
            return row["next_due_on"] if issued == 0 else None
        case ItemAction.RECUR:
            spent = row["recur_times"] and issued >= row["recur_times"]
            return None if spent else row["next_due_on"]
        case _:
            return None


def _can_be_billed(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> bool:
    """Tell whether state, cycle and limit allow another period.

    Source: contracts/decisions.md, "Billed statuses".
    """
    status = ItemStatus(row["status"])
    first = row["registered_on"] is not None and row["registered_on"] == row["next_due_on"]
    if kind is BillableKind.DOMAIN:
        priced = first or row["recurring_amount"] > 0
        return status in uow.settings.billed_domain_statuses and not row["do_not_renew"] and priced
    if status not in uow.settings.statuses:
        return False
    if kind is BillableKind.SERVICE and row["cancellation_requested"]:
        return False
    cycle = Cycle(row["cycle"])
    if cycle is Cycle.FREE or (cycle is Cycle.ONE_TIME and row["generation_count"] > 0):
        return False
    limit = cycles_limit(uow, kind, row)
    return not limit or int(row["generation_count"]) < limit


def _unclaimed(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, settings: BusinessSettings
) -> date | None:
    """Return the due date of the next period without a claim.

    Without continuous invoicing only the current due date counts: it waits for payment.
    """
    due_on: date | None = row["next_due_on"]
    while due_on is not None:
        key: dict[str, Any] = {"kind": kind.value, "billable_id": row["id"], "due_on": due_on}
        claim = uow.execute(_CLAIM, key).first()
        if claim is None:
            return due_on
        due_on = claim.next_on if settings.continuous else None
    return None

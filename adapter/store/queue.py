"""The run's queue: when a billable can next be invoiced. Every change of a billable comes here."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, DocumentKind, ItemAction, ItemStatus
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


def _of_period(table: sa.Table) -> Any:
    return sa.and_(
        table.c.kind == sa.bindparam("kind"),
        table.c.billable_id == sa.bindparam("billable_id"),
        table.c.due_on == sa.bindparam("due_on"),
    )


# What is known of a period that is not to be billed (again): held, or claimed. A held one is the
# first row also when it was issued by hand since: its claim moves no due date.
_TAKEN = sa.union_all(
    sa.select(sa.literal(0).label("is_claimed"), tables.held_occurrences.c.next_on).where(
        _of_period(tables.held_occurrences)
    ),
    sa.select(sa.literal(1), tables.claims.c.next_on).where(_of_period(tables.claims)),
).order_by("is_claimed")
# Their due date waits for payment.
_WAITING = frozenset({BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN})
_CHUNK = 1000
# The owner whose schedules this store bills; what another system bills waits for nothing here.
GATEWAY: Final = "gateway"


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
        _store(uow, kind, row)


def pass_held(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> None:
    """Move the due date of a service, addon or domain past the dates that are held.

    So that a payment moves it on from a period that is billed, and no held date comes back.
    """
    row = uow.row(TABLES[kind], billable_id) if kind in _WAITING else None
    if row is not None:
        _update(uow, kind, row, next_due_on=_past_held(uow, kind, row)[0])


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
                _store(uow, kind, row)
            if len(rows) < _CHUNK:
                break
            last = rows[-1]["id"]


def queue_date(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> date | None:
    """Return when a billable's next period is due that can be invoiced; None when none can."""
    return _place(uow, kind, row)[0]


def _store(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping) -> None:
    on, due_on = _place(uow, kind, row)
    _update(uow, kind, row, next_invoice_on=on, next_due_on=due_on)


def _update(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, **dates: date | None) -> None:
    values = {name: on for name, on in dates.items() if row[name] != on}
    if values:
        table = TABLES[kind]
        uow.execute(sa.update(table).where(table.c.id == row["id"]).values(**values))


def _place(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping
) -> tuple[date | None, date | None]:
    """Return where a billable stands: its place in the queue, and its due date."""
    due_on: date | None = row["next_due_on"]
    if row["parked_reason"] is not None or row["owner"] != GATEWAY:
        return None, due_on
    if row["paused"] or row["ended"]:
        return None, due_on
    match kind:
        case BillableKind.RECURRING_INVOICE:
            if row["issues"] != DocumentKind.INVOICE:
                # What is to be a pro-forma is no tax invoice: no run makes it.
                return None, due_on
            frequency = Frequency(row["frequency"])
            return occurrence_date(row["start_on"], frequency, row["occurrence"]), due_on
        case BillableKind.BILLABLE_ITEM:
            return _item_date(row), due_on
        case _:
            if not _can_be_billed(uow, kind, row):
                return None, due_on
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
) -> tuple[date | None, date | None]:
    """Return the date of the next period that is neither claimed nor held, and the due date.

    Without continuous invoicing only the current due date counts: it waits for payment.
    """
    due_on, taken = _past_held(uow, kind, row)
    on = due_on
    while on is not None and taken is not None:
        goes_on = settings.continuous or not taken.is_claimed
        on = taken.next_on if goes_on else None
        taken = _taken(uow, kind, row["id"], on)
    return on, due_on


def _past_held(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping
) -> tuple[date | None, sa.Row[Any] | None]:
    """Return the row's due date past held ones, with what is known of its period."""
    due_on: date | None = row["next_due_on"]
    taken = _taken(uow, kind, row["id"], due_on)
    while taken is not None and not taken.is_claimed and taken.next_on is not None:
        due_on = taken.next_on
        taken = _taken(uow, kind, row["id"], due_on)
    return due_on, taken


def _taken(
    uow: UnitOfWork, kind: BillableKind, billable_id: int, due_on: date | None
) -> sa.Row[Any] | None:
    """Return whether a period is claimed or held and the date after it; None when neither."""
    key: dict[str, Any] = {"kind": kind.value, "billable_id": billable_id, "due_on": due_on}
    return None if due_on is None else uow.execute(_TAKEN, key).first()

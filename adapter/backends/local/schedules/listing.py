"""Schedules of every kind as a list, and one with everything that decides about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.recurring import next_total
from adapter.billing.completeness import shown
from adapter.billing.model import BillableKind, CatchUp, ItemAction
from adapter.billing.money import Money
from adapter.store import tables
from adapter.store.explaining import state_of
from adapter.store.queue import TABLES
from adapter.store.run import recurring_line
from adapter.store.run.load import quoted_lines
from adapter.store.schedules import BillableNotFound
from adapter.store.types import MoneyAmount
from adapter.store.unit_of_work import UnitOfWork

_RECURRING: Final = BillableKind.RECURRING_INVOICE


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One schedule. `amount` is what a period costs, before tax where that is added.

    Of a recurring invoice it is the total of its next document, and `has_vat`: VAT is in it.
    `next_on` waits in the queue, `due_on` is the due date (for an item that waits for payment the
    one that is invoiced). `limit` 0 is none of its own; `policy` None the account's.
    """

    kind: BillableKind
    billable_id: int
    client_id: int
    name: str
    state: str
    why: str
    next_on: date | None
    due_on: date | None
    amount: Money | None
    has_vat: bool
    every: str
    issued: int
    limit: int
    policy: CatchUp | None


def list_schedules(  # noqa: PLR0913 - what narrows the list
    uow: UnitOfWork,
    today: date,
    *,
    kinds: Sequence[BillableKind] = tuple(BillableKind),
    client_id: int | None = None,
    paused: bool | None = None,
    limit: int = 100,
) -> Iterator[ScheduleRow]:
    """Yield schedules by kind and id; `paused` True are those that are paused or ended."""
    left = limit
    for kind in kinds:
        table = TABLES[kind]
        query = sa.select(table).order_by(table.c.id).limit(left)
        if "hidden" in table.c:
            query = query.where(table.c.hidden == sa.false())
        if client_id is not None:
            query = query.where(table.c.client_id == client_id)
        if paused is not None:
            stopped = sa.or_(table.c.paused, table.c.ended)
            query = query.where(stopped if paused else sa.not_(stopped))
        for row in uow.execute(query).mappings().all():
            left -= 1
            yield _row(uow, kind, row, today)
        if left <= 0:
            return


def show_schedule(
    uow: UnitOfWork, kind: BillableKind, billable_id: int, today: date
) -> tuple[ScheduleRow, tuple[str, ...]]:
    """Return a schedule and its last changes, newest first. Raises `BillableNotFound`."""
    row = uow.row(TABLES[kind], billable_id)
    if row is None or row.get("hidden"):
        raise BillableNotFound(kind, billable_id)
    changes = tables.schedule_changes
    query = (
        sa.select(changes)
        .where(changes.c.kind == kind.value, changes.c.billable_id == billable_id)
        .order_by(changes.c.id.desc())
        .limit(10)
    )
    told = tuple(
        f"{each['recorded_at']:%Y-%m-%d %H:%M} {each['field']}: "
        f"{_told(TABLES[kind], each['field'], each['old'])} -> "
        f"{_told(TABLES[kind], each['field'], each['new'])} ({each['caller']})"
        for each in uow.execute(query).mappings()
    )
    return _row(uow, kind, row, today), told


def last_change(uow: UnitOfWork, kind: BillableKind, billable_id: int) -> int:
    """Return the id of a schedule's last noted change, 0 before the first."""
    changes = tables.schedule_changes
    query = sa.select(sa.func.max(changes.c.id)).where(
        changes.c.kind == kind.value, changes.c.billable_id == billable_id
    )
    return int(uow.execute(query).scalar() or 0)


def changes_after(
    uow: UnitOfWork, kind: BillableKind, billable_id: int, change_id: int
) -> list[str]:
    """Return what was noted of a schedule after a change, as `field old -> new`."""
    changes = tables.schedule_changes
    query = (
        sa.select(changes)
        .where(
            changes.c.kind == kind.value,
            changes.c.billable_id == billable_id,
            changes.c.id > change_id,
        )
        .order_by(changes.c.id)
    )
    table = TABLES[kind]
    return [
        f"{each['field']} {_told(table, each['field'], each['old'])} -> "
        f"{_told(table, each['field'], each['new'])}"
        for each in uow.execute(query).mappings()
    ]


def _told(table: sa.Table, field: str, value: str | None) -> str:
    """Return a noted value as a reader knows it: amounts are noted in hundredths."""
    column = table.c.get(field)
    if value is not None and column is not None and isinstance(column.type, MoneyAmount):
        return shown(int(value))
    return _blank(value)


def _blank(value: str | None) -> str:
    return "none" if value is None else value


def _row(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, today: date) -> ScheduleRow:
    state, why = state_of(uow, kind, row, today)
    lines = quoted_lines(uow, [row["id"]])[row["id"]] if kind is _RECURRING else ()
    return ScheduleRow(
        kind=kind,
        billable_id=row["id"],
        client_id=row["client_id"],
        name=_name(uow, kind, row, lines),
        state=state,
        why=why,
        next_on=row["next_invoice_on"],
        due_on=row["next_due_on"],
        amount=_amount(uow, kind, row, lines),
        has_vat=kind is _RECURRING,
        every=_every(kind, row),
        issued=row["generation_count"],
        limit=_limit(kind, row),
        policy=CatchUp(row["catch_up"]) if row["catch_up"] else None,
    )


def _name(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, lines: Sequence[sa.Row[Any]]
) -> str:
    match kind:
        case BillableKind.SERVICE:
            product = uow.row(tables.products, row["product_id"])
            parts = ("" if product is None else product["name"], row["domain"])
            # As its lines are called.
            return " ".join(part for part in parts if part) or f"Service #{row['id']}"
        case BillableKind.BILLABLE_ITEM:
            return str(row["description"])
        case BillableKind.RECURRING_INVOICE:
            return _recurring_name(row, lines)
        case _:
            return str(row["name"])


def _recurring_name(row: sa.RowMapping, lines: Sequence[sa.Row[Any]]) -> str:
    """Return what is billed: the first line, how many more there are, and the order."""
    parts = [lines[0].description] if lines else []
    if len(lines) > 1:
        parts.append(f"and {len(lines) - 1} more")
    if row["order_number"]:
        parts.append(f"(order {row['order_number']})")
    return " ".join(parts)


def _amount(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, lines: Sequence[sa.Row[Any]]
) -> Money | None:
    if kind is _RECURRING:
        return next_total(row, tuple(recurring_line(each, row["currency"]) for each in lines))
    clients, currencies = tables.clients.c, tables.currencies.c
    query = (
        sa.select(currencies.code)
        .join(tables.clients, clients.currency_id == currencies.id)
        .where(clients.id == row["client_id"])
    )
    code = uow.execute(query).scalar()
    amount = row["amount" if kind is BillableKind.BILLABLE_ITEM else "recurring_amount"]
    return None if code is None else Money(amount, code)


def _every(kind: BillableKind, row: sa.RowMapping) -> str:
    match kind:
        case BillableKind.DOMAIN:
            return "year" if row["years"] == 1 else f"{row['years']} years"
        case BillableKind.RECURRING_INVOICE:
            return str(row["frequency"])
        case BillableKind.BILLABLE_ITEM:
            if row["action"] == ItemAction.RECUR:
                return f"{row['recur_every']} {row['recur_unit']}"
            return str(row["action"])
        case _:
            return str(row["cycle"])


def _limit(kind: BillableKind, row: Any) -> int:
    match kind:
        case BillableKind.RECURRING_INVOICE:
            return int(row["recurrence_limit"] or 0)
        case BillableKind.BILLABLE_ITEM:
            return int(row["recur_times"])
        case _:
            return 0

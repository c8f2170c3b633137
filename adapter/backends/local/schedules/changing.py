"""Pausing, ending and changing a schedule, whatever its kind: each change leaves its history."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.items.changes import amounts_by_hand, change, given_amounts
from adapter.backends.local.lookups import currency_of
from adapter.backends.local.quoting import Quoted, priced
from adapter.backends.local.schedules.resuming import (
    held_schedule,
    is_at_its_limit,
    skip_missed,
)
from adapter.billing.model import BillableKind, CatchUp, ItemAction, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency, first_occurrence_from, occurrence_date
from adapter.commands.context import Context
from adapter.errors import InvalidField, LineNotFound, StateError
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.run import recurring_line
from adapter.store.run.load import quoted_lines
from adapter.store.schedules import unpark
from adapter.store.unit_of_work import UnitOfWork

_RECURRING: Final = BillableKind.RECURRING_INVOICE
_ITEM: Final = BillableKind.BILLABLE_ITEM
_PROMOTED: Final = frozenset({BillableKind.SERVICE, BillableKind.DOMAIN})
_DATED: Final = frozenset({ItemAction.DUE_DATE.value, ItemAction.RECUR.value})
_PLACES: Final = {_RECURRING: 6}
_MOST_LIMIT: Final = 10**9
_LINES: Final = tables.recurring_lines


class AlreadySo(StateError):
    """The schedule is in this state already."""

    code = "already_so"


@dataclass(frozen=True, slots=True)
class ScheduleChange:
    """What is to be changed; None leaves it. `line` names the line of a recurring invoice.

    `amount` is the price of one period (of a line: its unit price as quoted), `limit` 0 no limit.
    `policy` counts where `has_policy`; None is the account's.
    """

    amount: Decimal | None = None
    line: str | None = None
    next_on: date | None = None
    limit: int | None = None
    policy: CatchUp | None = None
    has_policy: bool = False


def pause_schedule(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int
) -> None:
    """Let a schedule bill nothing until it is resumed. Raises `BillableNotFound`, `AlreadySo`."""
    row = held_schedule(uow, kind, billable_id)
    if row["paused"] or row["ended"]:
        state = "ended" if row["ended"] else "paused"
        raise AlreadySo(f"{kind.value} {billable_id} is {state} already")
    change(uow, context, kind, row, {"paused": True})


def end_schedule(uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int) -> None:
    """Let a schedule bill nothing any more; what it is of keeps its own status.

    Raises `BillableNotFound`, `AlreadySo`.
    """
    row = held_schedule(uow, kind, billable_id)
    if row["ended"]:
        raise AlreadySo(f"{kind.value} {billable_id} is ended already")
    change(uow, context, kind, row, {"ended": True})


def change_schedule(
    uow: UnitOfWork,
    context: Context,
    kind: BillableKind,
    billable_id: int,
    wanted: ScheduleChange,
) -> tuple[date, ...]:
    """Change a schedule; return the dates that are passed over because a limit was raised.

    Issued documents stay as they are. Raises `BillableNotFound`, `InvalidField` for what this kind
    has not, or for a date that is invoiced already, and `LineNotFound`.
    """
    row = held_schedule(uow, kind, billable_id)
    values: dict[str, Any] = {}
    if wanted.has_policy:
        values["catch_up"] = None if wanted.policy is None else wanted.policy.value
    if wanted.limit is not None:
        values |= _limit(kind, row, wanted.limit)
    if wanted.next_on is not None:
        values |= _next(uow, kind, row, wanted.next_on)
    if wanted.amount is not None and kind is not _RECURRING:
        values |= _amount(uow, kind, row, wanted.amount)
    change(uow, context, kind, row, values)
    if kind is _RECURRING and wanted.amount is not None:
        _change_line(uow, context, row, wanted.amount, wanted.line)
    elif wanted.line is not None:
        raise InvalidField("--line", "unknown", "names a line of a recurring invoice's --amount")
    reopened = row["ended"] and values.get("ended") is False
    if reopened and wanted.next_on is None:
        return skip_missed(uow, context, kind, billable_id)
    return ()


def _limit(kind: BillableKind, row: sa.RowMapping, limit: int) -> dict[str, Any]:
    if not 0 <= limit <= _MOST_LIMIT:
        raise InvalidField("--limit", "bounds", f"must lie between 0 and {_MOST_LIMIT}")
    issued = row["generation_count"]
    if limit and limit <= issued:
        detail = f"{issued} are issued already; `adapter schedule end` lets none follow"
        raise InvalidField("--limit", "minimum", detail)
    if kind is _RECURRING:
        reopens = {"ended": False} if row["ended"] and is_at_its_limit(kind, row) else {}
        return {"recurrence_limit": limit or None, **reopens}
    if kind is _ITEM and row["action"] == ItemAction.RECUR:
        return {"recur_times": limit}
    whose = "its product's" if kind is BillableKind.SERVICE else "not limited"
    raise InvalidField("--limit", "unknown", f"the number of periods of this one is {whose}")


def _next(uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, on: date) -> dict[str, Any]:
    claims = tables.claims
    query = sa.select(claims.c.document_id).where(
        claims.c.kind == kind.value, claims.c.billable_id == row["id"], claims.c.due_on == on
    )
    document_id = uow.execute(query).scalar()
    if document_id is not None:
        detail = f"the period of {on} is on invoice {document_id}"
        raise InvalidField("--next", "claimed", detail)
    if kind is _ITEM and (
        row["action"] not in _DATED
        or (row["action"] == ItemAction.DUE_DATE and row["generation_count"])
    ):
        raise InvalidField("--next", "unknown", "this item has no date that it is billed on")
    if kind is not _RECURRING:
        return {"next_due_on": on}
    start_on, frequency = row["start_on"], Frequency(row["frequency"])
    n = first_occurrence_from(start_on, frequency, on) if on >= start_on else 0
    if occurrence_date(start_on, frequency, n) == on:
        # A date of its own calendar: month ends stay what they were.
        return {"occurrence": n, "next_due_on": on}
    return {"start_on": on, "occurrence": 0, "next_due_on": on}


def _amount(
    uow: UnitOfWork, kind: BillableKind, row: sa.RowMapping, amount: Decimal
) -> dict[str, Any]:
    _check_amount(kind, amount)
    currency = currency_of(uow, row["client_id"]).code
    if kind is _ITEM:
        return given_amounts(currency, amount=amount)
    if kind in _PROMOTED:
        return amounts_by_hand(currency, recurring_amount=amount)
    return given_amounts(currency, recurring_amount=amount)


def _check_amount(kind: BillableKind, amount: Decimal) -> None:
    places = _PLACES.get(kind, 2)
    if not amount.is_finite():
        raise InvalidField("--amount", "decimal", "must be a number")
    if amount < 0 and kind is not _ITEM:
        raise InvalidField("--amount", "minimum", "must not be below zero")
    exponent = amount.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent > places:
        raise InvalidField("--amount", "places", f"must have at most {places} decimals")


def _change_line(
    uow: UnitOfWork,
    context: Context,
    template: sa.RowMapping,
    amount: Decimal,
    code: str | None,
) -> None:
    """Put a line with another unit price in the place of one: documents keep the old one."""
    _check_amount(_RECURRING, amount)
    rows = quoted_lines(uow, [template["id"]])[template["id"]]
    chosen = [row for row in rows if code is None or row.product_code == code]
    if not chosen:
        raise LineNotFound(code or "")
    if len(chosen) > 1:
        codes = ", ".join(row.product_code or "(none)" for row in rows)
        detail = f"several lines fit; name one by its code: {codes}"
        raise InvalidField("--line", "required", detail)
    (old,) = chosen
    stored = uow.row(_LINES, old.id)
    if stored is None or stored["unit_price"] == amount:
        return
    currency = template["currency"]
    _check_price(template, [_priced_line(row, currency, old.id, amount) for row in rows])
    uow.execute(sa.update(_LINES).where(_LINES.c.id == old.id).values(removed_at=context.now))
    kept = {name: stored[name] for name in stored if name not in {"id", "removed_at"}}
    line_id = uow.insert(_LINES, **(kept | {"unit_price": amount, "added_at": context.now}))
    was, now = (
        f"{stored['product_code']} {stored['quantity']} x {price}"
        for price in (stored["unit_price"], amount)
    )
    uow.note_schedule_change(context, _RECURRING.value, template["id"], "lines", was, now)
    audited = {
        "recurring_id": template["id"],
        "line_id": line_id,
        "unit_price": [str(stored["unit_price"]), str(amount)],
    }
    uow.audit(context, "change_line", "recurring_line", old.id, audited)
    if template["parked_reason"] is not None:
        # What was set aside for its price is looked at anew, as after any change of a price.
        row = uow.row(TABLES[_RECURRING], template["id"])
        if row is not None and row["parked_reason"] is not None:
            unpark(uow, context, _RECURRING, template["id"])


def _priced_line(row: Any, currency: str, changed_id: int, amount: Decimal) -> RecurringLine:
    line = recurring_line(row, currency)
    return line if row.id != changed_id else replace(line, unit_price=amount)


def _check_price(template: sa.RowMapping, lines: list[RecurringLine]) -> None:
    """Price the next document, so that nothing unbillable is kept."""
    amount = template["discount_amount"]
    discount = None if amount is None else Money(amount, template["currency"]).amount
    priced(Quoted(lines, discount, template["discount_percentage"]))

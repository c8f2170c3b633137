"""Changing a billable: the one way, so that history, audit and queue always follow."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.lengths import check_lengths
from adapter.billing.model import BillableKind
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import UNSET
from adapter.store.queue import TABLES, requeue
from adapter.store.schedules import release_held
from adapter.store.unit_of_work import UnitOfWork

# Fields that only describe: a parked billable stays parked when one of these changes.
_DESCRIPTIVE = frozenset(
    {
        "assigned_ips",
        "catch_up",
        "custom_fields",
        "dedicated_ip",
        "dns_management",
        "email_forwarding",
        "expires_on",
        "id_protection",
        "notes",
        "ns1",
        "ns2",
        "override_auto_suspend",
        "override_suspend_until",
        "password",
        "paused",
        "registrar",
        "subscription_id",
        "suspend_reason",
        "terminated_on",
        "username",
    }
)
_SECRET = frozenset({"password"})
_HIDDEN = "(hidden)"


def given(**values: Any) -> dict[str, Any]:
    """Return the values that a command gives: neither None nor `UNSET`."""
    return {name: value for name, value in values.items() if value not in (None, UNSET)}


def given_dates(**values: Any) -> dict[str, Any]:
    """Return the dates that a command gives; None is a value here (the zero date)."""
    return {name: value for name, value in values.items() if value is not UNSET}


def given_amounts(currency: str, **amounts: Decimal | None) -> dict[str, int]:
    """Return the amounts that a command gives, in hundredths."""
    return {
        name: Money.rounded(amount, currency).hundredths
        for name, amount in amounts.items()
        if amount is not None
    }


def amounts_by_hand(currency: str, **amounts: Decimal | None) -> dict[str, int]:
    """Return given amounts of an item that can carry a promotion, and no discount beside them.

    An amount set by hand is what is billed: no promotion is shown on top of it.
    """
    given_ones = given_amounts(currency, **amounts)
    return given_ones | {name.replace("amount", "discount"): 0 for name in given_ones}


def change(
    uow: UnitOfWork,
    context: Context,
    kind: BillableKind,
    row: sa.RowMapping,
    values: Mapping[str, Any],
) -> None:
    """Write what differs from `row`, with history and audit, and put the billable in its place.

    A new due date starts afresh: its day is the anchor, and it may be billed the same day. Any
    change that billing looks at ends parking; the next run parks it again if it must.
    Source: contracts/decisions.md, "Edited items".
    """
    changed = {name: value for name, value in values.items() if row[name] != value}
    written = dict(changed)
    if "next_due_on" in changed:
        on = changed["next_due_on"]
        written |= {"last_issued_on": None, "anchor_day": None if on is None else on.day}
        if on is not None:
            release_held(uow, context, kind, row["id"], on)
    if changed.keys() - _DESCRIPTIVE:
        written |= {"parked_reason": None, "parked_at": None}
    if changed:
        table = TABLES[kind]
        check_lengths(table, changed)
        uow.execute(sa.update(table).where(table.c.id == row["id"]).values(**written))
        shown = {name: _shown(name, row[name], value) for name, value in changed.items()}
        for name, (old, new) in shown.items():
            uow.note_schedule_change(context, kind.value, row["id"], name, old, new)
        _note_anchor(uow, context, kind, row, written)
        detail = {name: [_text(old), _text(new)] for name, (old, new) in shown.items()}
        uow.audit(context, "change", kind.value, row["id"], detail)
    requeue(uow, kind, row["id"])


def _note_anchor(
    uow: UnitOfWork,
    context: Context,
    kind: BillableKind,
    row: sa.RowMapping,
    written: Mapping[str, Any],
) -> None:
    """Note the anchor that a new due date brought: an audit needs the one from before."""
    name = "anchor_day"
    if name in written and written[name] != row[name]:
        uow.note_schedule_change(context, kind.value, row["id"], name, row[name], written[name])


def _shown(name: str, old: object, new: object) -> tuple[object, object]:
    return (_HIDDEN, _HIDDEN) if name in _SECRET else (old, new)


def _text(value: object) -> str | None:
    return None if value is None else str(value)

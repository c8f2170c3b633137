"""What a run may bill: the due condition of every kind, written once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import BillableKind, CatchUp
from adapter.billing.schedule import Cycle
from adapter.billing.settings import BusinessSettings, IdLists
from adapter.commands.model import GenerateDueInvoices
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Scope:
    """Which billables a run may touch.

    `ids` maps the kinds to bill to the ids to bill, None being every one; a kind that is missing
    is left out. `at_once` bills the listed items' next period whatever their window: for the
    first invoice of an order and for `id_lists = early`.
    """

    client_id: int | None = None
    ids: dict[BillableKind, tuple[int, ...] | None] = field(default_factory=dict)
    at_once: bool = False
    riders: bool = True

    @classmethod
    def of(cls, command: GenerateDueInvoices, settings: BusinessSettings) -> "Scope":
        """Return the scope that a command names: any id list leaves the other kinds out."""
        lists = {
            BillableKind.SERVICE: command.service_ids,
            BillableKind.ADDON: command.addon_ids,
            BillableKind.DOMAIN: command.domain_ids,
        }
        listed = {kind: ids for kind, ids in lists.items() if ids is not None}
        if listed:
            early = settings.id_lists is IdLists.EARLY
            return cls(command.client_id, dict(listed), at_once=early, riders=False)
        return cls(command.client_id, dict.fromkeys(BillableKind))


def _window(table: sa.Table, kind: BillableKind, settings: BusinessSettings, today: date) -> Any:
    """Return the condition that a row's next period lies in its window of days in advance."""
    on = table.c.next_invoice_on
    match kind:
        case BillableKind.RECURRING_INVOICE:
            return on <= today
        case BillableKind.DOMAIN:
            return on <= today + timedelta(days=settings.days_for_domains)
        case BillableKind.BILLABLE_ITEM:
            return on <= today + timedelta(days=settings.days_in_advance)
        case _:
            pass
    usual = settings.days_in_advance
    special: dict[int, list[str]] = {}
    for cycle in Cycle:
        if (days := settings.days_for(cycle)) != usual:
            special.setdefault(days, []).append(cycle.value)
    if not special:
        return on <= today + timedelta(days=usual)
    named = [cycle for cycles in special.values() for cycle in cycles]
    parts = [
        sa.and_(table.c.cycle.in_(cycles), on <= today + timedelta(days=days))
        for days, cycles in special.items()
    ]
    furthest = today + timedelta(days=max(usual, *special))
    rest = sa.and_(table.c.cycle.not_in(named), on <= today + timedelta(days=usual))
    # The plain bound lets the queue's index serve; the cycles then decide.
    return sa.and_(on <= furthest, sa.or_(rest, *parts))


def due_condition(
    kind: BillableKind, scope: Scope, settings: BusinessSettings, today: date
) -> Any | None:
    """Return the condition under which a row of `kind` is due, or None when none can be."""
    if kind not in scope.ids:
        return None
    table = TABLES[kind]
    ids = scope.ids[kind]
    if ids is not None and not ids:
        return None
    recurring = kind is BillableKind.RECURRING_INVOICE
    default = settings.recurring_catch_up if recurring else settings.catch_up
    once_a_day = sa.and_(
        table.c.last_issued_on.is_not(None),
        table.c.last_issued_on >= today,
        sa.func.coalesce(table.c.catch_up, default.value) == CatchUp.ONE_PER_DAY.value,
    )
    window = _window(table, kind, settings, today)
    if scope.at_once:
        # At most one coming period of a listed item, never a second unpaid one.
        coming = sa.and_(
            table.c.next_invoice_on.is_not(None),
            table.c.next_invoice_on == table.c.next_due_on,
        )
        window = sa.or_(window, coming)
    condition = sa.and_(window, sa.not_(once_a_day))
    if scope.client_id is not None:
        condition = sa.and_(table.c.client_id == scope.client_id, condition)
    if ids is not None:
        listed: sa.BindParameter[Any] = sa.bindparam(
            None, sorted(set(ids)), expanding=True, literal_execute=True
        )
        condition = sa.and_(table.c.id.in_(listed), condition)
    return condition


def due_conditions(
    scope: Scope, settings: BusinessSettings, today: date
) -> dict[BillableKind, Any]:
    """Return the due condition of every kind that the scope bills."""
    found = {kind: due_condition(kind, scope, settings, today) for kind in BillableKind}
    return {kind: condition for kind, condition in found.items() if condition is not None}


def anything_due(uow: UnitOfWork, conditions: Mapping[BillableKind, Any]) -> bool:
    """Tell whether any kind has a due row, in one statement."""
    if not conditions:
        return False
    probes = [
        sa.select(TABLES[kind].c.id).where(condition).limit(1).subquery()
        for kind, condition in conditions.items()
    ]
    union = sa.union_all(*(sa.select(probe.c.id) for probe in probes))
    return uow.execute(union).first() is not None


def select_due_clients(conditions: Mapping[BillableKind, Any]) -> sa.CompoundSelect[Any]:
    """Return the client of every due row, once for each row."""
    return sa.union_all(
        *(
            sa.select(TABLES[kind].c.client_id).where(condition)
            for kind, condition in conditions.items()
        )
    )

"""One page of a run on the set-based path: staged, judged, and written when the ids are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.store.faults import Point, reached
from adapter.store.numbers import printed_block
from adapter.store.queue import TABLES
from adapter.store.run.blocks import Numbers
from adapter.store.run.holding import is_dense
from adapter.store.run.plain import staged, staging, writing
from adapter.store.run.plain.shape import Shape
from adapter.store.run.rows import Shared
from adapter.store.run.scope import Scope, due_condition
from adapter.store.run.statement import ORIGIN, TODAY, PageStatement
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

# Beyond these an exact 64-bit tax is not certain: the Python path takes such a page.
_LARGEST_SUM: Final = 10**11
_LARGEST_RATE: Final = Decimal(1000)
_MOST_RULES: Final = 1000
_RECURRING: Final = BillableKind.RECURRING_INVOICE


@dataclass(frozen=True, slots=True)
class PlainPage:
    """What the set-based path found of a page's clients.

    `count` invoices of `periods` wait in the staging tables; `single` when they have one each.
    The Python path bills every kind of `special` clients, and only recurring invoices of
    `recurring` ones.
    """

    count: int = 0
    periods: int = 0
    kinds: tuple[BillableKind, ...] = ()
    special: tuple[int, ...] = ()
    recurring: tuple[int, ...] = ()
    single: bool = False


def can_serve(scope: Scope, settings: BusinessSettings, shared: Shared) -> bool:
    """Tell whether the set-based path knows a scope, settings and tax rules at all."""
    rules = shared.tax_rules
    if len(rules) > _MOST_RULES or any(not 0 <= r.rate <= _LARGEST_RATE for r in rules):
        return False
    compounded_inside = settings.tax_enabled and settings.tax_inclusive and settings.tax_compound
    whole = scope.riders and not scope.at_once and all(v is None for v in scope.ids.values())
    return whole and not compounded_inside


@dataclass(frozen=True, slots=True)
class PlainPath:
    """The set-based path inside one transaction."""

    uow: UnitOfWork
    store: Store
    context: Context
    shared: Shared

    def stage(self, client_ids: Sequence[int]) -> PlainPage:
        """Stage the plain part of a page of held clients (ascending); say what is left to Python.

        Nothing but temporary tables is written.
        """
        uow, connection = self.uow, self.uow.connection
        dense = is_dense(uow, client_ids)
        plan = _plan(uow, self.store, self.shared, dense=dense)
        values: dict[str, Any] = {
            TODAY: self.context.today,
            staged.CLIENT_IDS: list(client_ids),
            staged.FIRST: client_ids[0],
            staged.LAST: client_ids[-1],
        }
        flags = plan.due_kinds.all(connection, values)[0]
        kinds = [kind for kind, due in zip(BillableKind, flags, strict=True) if due]
        if not kinds:
            return PlainPage()
        staged.begin(uow)
        if not dense:
            staged.list_clients(uow, client_ids)
        recurring: set[int] = set()
        if _RECURRING in kinds:
            kinds.remove(_RECURRING)
            recurring = _ids(plan.recurring, connection, values)
        lines = sum(plan.due[kind].run(connection, values) for kind in kinds)
        if not lines:
            return PlainPage(recurring=tuple(sorted(recurring)))
        special = _ids(plan.special, connection, values)
        special |= _ids(plan.riders, connection, values)
        if special:
            staged.list_clients(uow, special)
            values[staged.CLIENT_IDS] = list(special)
            lines -= plan.drop_special.run(connection, values)
        left = (tuple(kinds), tuple(sorted(special)), tuple(sorted(recurring - special)))
        single = plan.periods.all(connection, values)[0]
        if tuple(single) == (lines, lines, 1, lines):
            return PlainPage(lines, lines, *left, single=True)
        count = plan.documents.run(connection, values) if lines else 0
        if count:
            whole, first, last = plan.bounds.all(connection, values)[0]
            if whole > _LARGEST_SUM or (first, last) != (1, count):
                return PlainPage(special=tuple(client_ids))
        return PlainPage(count, lines, *left)

    def write(
        self,
        page: PlainPage,
        run_id: int | None,
        numbers: Numbers,
        *,
        send_email: bool,
        held_until: datetime | None = None,
    ) -> None:
        """Write the invoices that `stage` left in the staging tables, and move their items.

        Raises `Conflict` where an item has another fence than the one it was staged with.
        """
        uow, context = self.uow, self.context
        connection = uow.connection
        plan = _plan(uow, self.store, self.shared)
        first_printed, template = printed_block(uow, context.today, page.count)
        values = {
            TODAY: context.today,
            "now": context.now,
            "run_id": run_id,
            "settings_version": uow.settings.settings_version,
            "first_id": numbers.first_id,
            "id_step": numbers.id_step,
            "first_number": numbers.first_number,
            "first_printed": first_printed,
            "template": template,
            "send_email": send_email,
            "held_until": held_until,
        }
        writes = plan.single if page.single else plan.grouped
        # Claims first: a period billed before fails here, before its invoice was written.
        writes.claims.run(connection, values)
        reached(Point.CLAIM)
        moved = sum(plan.queue[kind].run(connection, values) for kind in page.kinds)
        if moved != page.periods:
            raise Conflict
        writes.invoices.run(connection, values)
        writes.lines.run(connection, values)
        if send_email:
            writes.mails.run(connection, values)
        reached(Point.INSERT)


def _ids(
    statement: PageStatement, connection: sa.Connection, values: Mapping[str, Any]
) -> set[int]:
    return {client_id for (client_id,) in statement.all(connection, values)}


@dataclass(frozen=True, slots=True)
class _Writes:
    """The inserts of a page's invoices, from one source."""

    claims: PageStatement
    invoices: PageStatement
    lines: PageStatement
    mails: PageStatement


@dataclass(frozen=True, slots=True)
class _Plan:
    """Every statement of a page, compiled."""

    due_kinds: PageStatement
    due: Mapping[BillableKind, PageStatement]
    recurring: PageStatement
    special: PageStatement
    riders: PageStatement
    drop_special: PageStatement
    documents: PageStatement
    periods: PageStatement
    bounds: PageStatement
    queue: Mapping[BillableKind, PageStatement]
    single: _Writes
    grouped: _Writes


def _plan(uow: UnitOfWork, store: Store, shared: Shared, *, dense: bool = False) -> _Plan:
    key = ("plain", uow.settings.settings_version, shared.methods, shared.tax_rules, dense)
    return store.kept(key, lambda: _build(uow, shared, dense=dense))


def _build(uow: UnitOfWork, shared: Shared, *, dense: bool) -> _Plan:
    settings, dialect = uow.settings, uow.connection.dialect
    shape = Shape(dialect.name, settings, shared.methods, shared.tax_rules, dense)

    def compiled(statement: Any) -> PageStatement:
        return PageStatement(statement, dialect)

    def into(table: sa.Table, query: sa.Select[Any], names: Sequence[str]) -> PageStatement:
        inserted = sa.insert(table).from_select(list(names), query, include_defaults=False)
        return compiled(inserted)

    def writes(source: writing.Source) -> _Writes:
        return _Writes(
            compiled(writing.insert_claims(source)),
            compiled(writing.insert_documents(source, settings)),
            compiled(writing.insert_lines(source)),
            compiled(writing.insert_mails(source)),
        )

    items, documents = staged.items, staged.documents
    grouped = staging.select_documents(shape, single=False)
    listed = staged.is_listed(dialect.name, items.c.client_id)
    return _Plan(
        due_kinds=compiled(_due_kinds(settings)),
        due={
            kind: into(items, staging.select_due(kind, shape, ORIGIN), items.c.keys())
            for kind in staging.KINDS
        },
        recurring=compiled(staging.select_recurring(shape, ORIGIN)),
        special=compiled(staging.select_special()),
        riders=compiled(staging.select_riders(shape)),
        drop_special=compiled(sa.delete(items).where(listed)),
        documents=into(documents, grouped, grouped.selected_columns.keys()),
        periods=compiled(staging.select_periods(shape)),
        bounds=compiled(
            sa.select(
                sa.func.max(documents.c.whole),
                sa.func.min(documents.c.place),
                sa.func.max(documents.c.place),
            )
        ),
        queue={kind: compiled(writing.update_queue(kind, settings)) for kind in staging.KINDS},
        single=writes(writing.single_source(shape)),
        grouped=writes(writing.grouped_source()),
    )


def _due_kinds(settings: BusinessSettings) -> sa.Select[Any]:
    """Return one row that tells of each kind whether anything of it is due, anywhere."""
    scope = Scope(ids=dict.fromkeys(BillableKind))
    probes = []
    for kind in BillableKind:
        condition: Any = due_condition(kind, scope, settings, ORIGIN)
        probe = sa.exists().select_from(TABLES[kind]).where(condition)
        probes.append(sa.case((probe, 1), else_=0))
    return sa.select(*probes)

"""An account before its first run: what that would bill, held against what the export expects.

The run is the real one, made dry: each page is decided and written, looked at, and rolled back.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.completeness import OWN_LINES, shown
from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus, LineType
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.queue import GATEWAY, TABLES
from adapter.store.run import DAILY, run
from adapter.store.run.write import Written
from adapter.store.unit_of_work import Store, UnitOfWork

_E: Final = tables.expected_invoices.c
_CLAIMS: Final = tables.claims.c
_DOCUMENTS: Final = tables.documents.c
_LINES: Final = tables.document_lines.c
_CHUNK: Final = 500
_Key = tuple[str, int]


@dataclass(slots=True)
class FirstDay:
    """What the first run would bill. `totals` are the documents' totals by currency.

    `compared` counts schedules whose next invoice the export names, `differences` what differs,
    of which the first are kept as text.
    """

    most: int = 50
    count: int = 0
    parked: int = 0
    totals: dict[str, Money] = field(default_factory=dict)
    compared: int = 0
    difference_count: int = 0
    differences: list[str] = field(default_factory=list)

    def differs(self, kind: str, billable_id: int, text: str) -> None:
        """Note a difference."""
        self.difference_count += 1
        if len(self.differences) < self.most:
            self.differences.append(f"{kind} {billable_id}: {text}")


def first_day(store: Store, config: RunConfig, context: Context, most: int = 50) -> FirstDay:
    """Return what a daily run would bill now, and how that differs from what the export expects.

    `context` is one of a dry run. Nothing is kept.
    """
    found = FirstDay(most)
    watcher = _Watcher(found, context.today)
    _, progress = run(
        store, config, GenerateDueInvoices(), context, kind=DAILY, watch=watcher.look
    )
    found.parked = progress.parked
    with store.read() as uow:
        _compare_queue(uow, found, context.today, watcher.billed)
        _find_billed(uow, found)
    return found


@dataclass(slots=True)
class _Watcher:
    """Looks at each page of the dry run before it is rolled back."""

    found: FirstDay
    today: date
    billed: set[_Key] = field(default_factory=set)

    def look(self, uow: UnitOfWork, written: Written) -> None:
        if written.numbers is None or not written.count:
            return
        block = (written.numbers.first_id, written.numbers.id_at(written.count - 1))
        self._sum(uow, block)
        claims = sa.select(
            _CLAIMS.kind, _CLAIMS.billable_id, _CLAIMS.due_on, _CLAIMS.document_id
        ).where(_CLAIMS.document_id.between(*block))
        periods: dict[_Key, list[tuple[date, int]]] = defaultdict(list)
        for row in uow.execute(claims.order_by(_CLAIMS.due_on)):
            periods[row.kind, row.billable_id].append((row.due_on, row.document_id))
        self.billed |= periods.keys()
        amounts = _amounts(uow, block)
        for key, expected in _expected(uow, periods).items():
            self._compare(key, periods[key], amounts, expected)

    def _sum(self, uow: UnitOfWork, block: tuple[int, int]) -> None:
        query = sa.select(
            _DOCUMENTS.currency, sa.func.count(), sa.func.sum(_DOCUMENTS.total)
        ).where(_DOCUMENTS.id.between(*block))
        for row in uow.execute(query.group_by(_DOCUMENTS.currency)).all():
            currency, count, total = tuple(row)
            self.found.count += count
            before = self.found.totals.get(currency, Money.zero(currency))
            self.found.totals[currency] = before + Money(int(total), currency)

    def _compare(
        self,
        key: _Key,
        periods: Sequence[tuple[date, int]],
        amounts: Mapping[tuple[int, str, int], int],
        expected: sa.Row[Any],
    ) -> None:
        on, document_id = periods[0]
        if len(periods) > 1:
            days = ", ".join(str(day) for day, _ in periods)
            self.found.differs(*key, f"would bill {len(periods)} periods at once ({days})")
        elif expected.due_on == on and expected.amount is not None:
            amount = amounts.get((document_id, *key), 0)
            if amount != expected.amount:
                there = shown(expected.amount)
                text = f"would bill {shown(amount)} for {on}, the export says {there}"
                self.found.differs(*key, text)
        if expected.issue_on is not None and expected.issue_on > self.today:
            text = f"would bill {on} today, the export says on {expected.issue_on}"
            self.found.differs(*key, text)


def _expected(uow: UnitOfWork, keys: Iterable[_Key]) -> dict[_Key, sa.Row[Any]]:
    by_kind: dict[str, list[int]] = defaultdict(list)
    for kind, billable_id in keys:
        by_kind[kind].append(billable_id)
    found: dict[_Key, sa.Row[Any]] = {}
    for kind, ids in by_kind.items():
        for start in range(0, len(ids), _CHUNK):
            query = sa.select(tables.expected_invoices).where(
                _E.kind == kind, _E.billable_id.in_(sorted(ids)[start : start + _CHUNK])
            )
            found |= {(kind, row.billable_id): row for row in uow.execute(query)}
    return found


def _amounts(uow: UnitOfWork, block: tuple[int, int]) -> dict[tuple[int, str, int], int]:
    """Return what each document bills of each billable: its lines and their promotion.

    Of a recurring invoice it is the subtotal: all of the document is its.
    """
    found: dict[tuple[int, str, int], int] = defaultdict(int)
    recurring = BillableKind.RECURRING_INVOICE
    query = sa.select(_DOCUMENTS.id, _DOCUMENTS.recurring_invoice_id, _DOCUMENTS.subtotal).where(
        _DOCUMENTS.id.between(*block), _DOCUMENTS.recurring_invoice_id.is_not(None)
    )
    for row in uow.execute(query):
        found[row.id, recurring.value, row.recurring_invoice_id] = row.subtotal
    kinds = {
        line_type.value: kind.value
        for kind, types in OWN_LINES.items()
        if kind is not recurring
        for line_type in types
    }
    kinds[LineType.PROMOTION_SERVICE.value] = BillableKind.SERVICE.value
    kinds[LineType.PROMOTION_DOMAIN.value] = BillableKind.DOMAIN.value
    lines = sa.select(
        _LINES.document_id, _LINES.line_type, _LINES.related_id, _LINES.amount
    ).where(_LINES.document_id.between(*block), _LINES.line_type.in_(sorted(kinds)))
    for row in uow.execute(lines):
        found[row.document_id, kinds[row.line_type], row.related_id] += row.amount
    return found


def _compare_queue(uow: UnitOfWork, found: FirstDay, today: date, billed: set[_Key]) -> None:
    """Hold every schedule's next period against the one that the export names.

    What another system still bills waits in no queue here: there is nothing to compare.
    """
    for kind, table in TABLES.items():
        last = 0
        while True:
            query = (
                sa.select(_E.billable_id, _E.due_on, _E.issue_on, table.c.next_invoice_on)
                .join(table, table.c.id == _E.billable_id)
                .where(_E.kind == kind.value, _E.billable_id > last, table.c.owner == GATEWAY)
                .order_by(_E.billable_id)
                .limit(_CHUNK)
            )
            rows = uow.execute(query).all()
            for row in rows:
                found.compared += 1
                if row.next_invoice_on != row.due_on:
                    here, there = row.next_invoice_on or "nothing", row.due_on or "nothing"
                    text = f"would bill {here} next, the export says {there}"
                    found.differs(kind.value, row.billable_id, text)
                elif (
                    row.issue_on is not None
                    and row.issue_on <= today
                    and (kind.value, row.billable_id) not in billed
                ):
                    text = f"would not bill {row.due_on} today, the export says on {row.issue_on}"
                    found.differs(kind.value, row.billable_id, text)
            if len(rows) < _CHUNK:
                break
            last = rows[-1].billable_id


def _find_billed(uow: UnitOfWork, found: FirstDay) -> None:
    """Find periods in the queue that an invoice bills already: its claim did not come along."""
    valid = sa.and_(
        _DOCUMENTS.kind == DocumentKind.INVOICE,
        _DOCUMENTS.status != InvoiceStatus.CANCELLED,
        _DOCUMENTS.hidden.is_(False),
    )
    for kind, table in TABLES.items():
        if kind is BillableKind.RECURRING_INVOICE:
            source = table.join(
                tables.documents,
                sa.and_(
                    _DOCUMENTS.recurring_invoice_id == table.c.id,
                    _DOCUMENTS.issued_on == table.c.next_invoice_on,
                ),
            )
        else:
            lines = sa.and_(
                _LINES.line_type.in_(sorted(OWN_LINES[kind])), _LINES.related_id == table.c.id
            )
            source = table.join(tables.document_lines, lines).join(
                tables.documents,
                sa.and_(
                    _DOCUMENTS.id == _LINES.document_id,
                    _DOCUMENTS.due_on == table.c.next_invoice_on,
                ),
            )
        query = (
            sa.select(table.c.id, table.c.next_invoice_on, sa.func.min(_DOCUMENTS.id))
            .select_from(source)
            .where(valid)
            .group_by(table.c.id, table.c.next_invoice_on)
            .order_by(table.c.id)
        )
        for row in uow.execute(query).all():
            billable_id, on, document_id = tuple(row)
            text = f"would bill {on}, which invoice {document_id} bills: its claim is missing"
            found.differs(kind.value, billable_id, text)

"""What a page of the audit reads: claims, held dates, issued lines, and documented edits."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import DISCOUNT_LINES, OWN_LINES, Claimed, IssuedLine
from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_CLAIMS = tables.claims
_LINES = tables.document_lines
_LINE_COLUMNS = (
    _LINES.c.id,
    _LINES.c.document_id,
    _LINES.c.position,
    _LINES.c.line_type,
    _LINES.c.related_id,
    _LINES.c.amount,
    _LINES.c.taxed,
    _LINES.c.net,
    _LINES.c.vat,
    _LINES.c.quantity,
    _LINES.c.unit_price,
    _LINES.c.vat_rate,
    _LINES.c.includes_vat,
    _LINES.c.discount_percentage,
)
_LINE_NOUN = "invoice_line"


@dataclass(frozen=True, slots=True)
class Span:
    """The days that an audit is about, both included."""

    from_on: date
    to_on: date

    def has(self, on: date) -> bool:
        """Tell whether a day is one of them."""
        return self.from_on <= on <= self.to_on


@dataclass(frozen=True, slots=True)
class Ids:
    """A page of billables of one kind: every id from the first to the last."""

    kind: BillableKind
    first: int
    last: int


def read_exchanges(
    uow: UnitOfWork, document_ids: Collection[int]
) -> Mapping[int, tuple[str, Decimal]]:
    """Return currency and rate of those documents that were quoted in another currency."""
    columns = tables.documents.c
    query = sa.select(columns.id, columns.currency, columns.exchange_rate).where(
        columns.id.in_(listed(sorted(document_ids))),
        columns.exchange_rate.is_not(None),
    )
    return {row.id: (row.currency, row.exchange_rate) for row in uow.execute(query)}


def read_claims(uow: UnitOfWork, ids: Ids, since: date) -> Mapping[int, list[Claimed]]:
    """Return each billable's claims by date: all from `since` on, and the last one before it."""
    before = _CLAIMS.alias("before")
    last_before = (
        sa.select(sa.func.max(before.c.due_on))
        .where(
            before.c.kind == _CLAIMS.c.kind,
            before.c.billable_id == _CLAIMS.c.billable_id,
            before.c.due_on < since,
        )
        .scalar_subquery()
    )
    query = (
        sa.select(
            _CLAIMS.c.billable_id,
            _CLAIMS.c.due_on,
            _CLAIMS.c.next_on,
            _CLAIMS.c.document_id,
            _CLAIMS.c.claimed_at,
            _CLAIMS.c.run_id,
            _CLAIMS.c.moved_from_on,
            _CLAIMS.c.rule,
        )
        .where(
            _of(_CLAIMS, ids),
            sa.or_(
                _CLAIMS.c.due_on >= since,
                _CLAIMS.c.moved_from_on >= since,
                _CLAIMS.c.due_on == last_before,
            ),
        )
        .order_by(_CLAIMS.c.billable_id, _CLAIMS.c.due_on)
    )
    found: dict[int, list[Claimed]] = defaultdict(list)
    for billable_id, *facts in tuples(uow, query):
        found[billable_id].append(Claimed(*facts))
    return found


def read_lost(uow: UnitOfWork, ids: Ids) -> list[tuple[int, date, int]]:
    """Return billable, due date and document id of the claims whose document does not exist.

    A claim of document 0 came with an import, its invoice did not.
    """
    documents = tables.documents
    query = (
        sa.select(_CLAIMS.c.billable_id, _CLAIMS.c.due_on, _CLAIMS.c.document_id)
        .outerjoin(documents, documents.c.id == _CLAIMS.c.document_id)
        .where(_of(_CLAIMS, ids), documents.c.id.is_(None), _CLAIMS.c.document_id != 0)
        .order_by(_CLAIMS.c.billable_id, _CLAIMS.c.due_on)
    )
    return [(row[0], row[1], row[2]) for row in tuples(uow, query)]


def read_held(uow: UnitOfWork, ids: Ids) -> Mapping[int, dict[date, str]]:
    """Return each billable's held dates with their reasons."""
    held = tables.held_occurrences
    query = sa.select(held.c.billable_id, held.c.due_on, held.c.reason).where(_of(held, ids))
    found: dict[int, dict[date, str]] = defaultdict(dict)
    for billable_id, due_on, reason in tuples(uow, query):
        found[billable_id][due_on] = reason
    return found


def read_lines_of(
    uow: UnitOfWork, ids: Ids, document_ids: Collection[int]
) -> Mapping[tuple[int, int], list[IssuedLine]]:
    """Return the lines about billables on these documents, by document and billable, in order.

    Discount lines name their item's id only, so those of another kind's item can be among them.
    """
    found: dict[tuple[int, int], list[IssuedLine]] = defaultdict(list)
    if not document_ids:
        return found
    types = [*OWN_LINES[ids.kind], *DISCOUNT_LINES]
    query = (
        sa.select(*_LINE_COLUMNS)
        .where(
            _LINES.c.line_type.in_(types),
            _LINES.c.related_id >= ids.first,
            _LINES.c.related_id <= ids.last,
            _LINES.c.document_id >= min(document_ids),
            _LINES.c.document_id <= max(document_ids),
        )
        .order_by(_LINES.c.document_id, _LINES.c.position, _LINES.c.id)
    )
    for row in tuples(uow, query):
        line = IssuedLine(*row)
        found[line.document_id, line.related_id].append(line)
    return found


def read_lines(uow: UnitOfWork, document_ids: Sequence[int]) -> Mapping[int, list[IssuedLine]]:
    """Return every line of these documents, in order."""
    query = (
        sa.select(*_LINE_COLUMNS)
        .where(_LINES.c.document_id.in_(listed(document_ids)))
        .order_by(_LINES.c.document_id, _LINES.c.position, _LINES.c.id)
    )
    found: dict[int, list[IssuedLine]] = defaultdict(list)
    for row in tuples(uow, query):
        line = IssuedLine(*row)
        found[line.document_id].append(line)
    return found


@dataclass(frozen=True, slots=True)
class Edits:
    """Documented edits of issued documents: lines changed, and documents that lost lines."""

    line_ids: frozenset[int]
    document_ids: frozenset[int]


def read_edits(uow: UnitOfWork, line_ids: Iterable[int], document_ids: Iterable[int]) -> Edits:
    """Return which of these lines were changed, and which of these documents had lines deleted.

    Source: contracts/decisions.md, "Deleted lines".
    """
    audit = tables.audit
    changed = sa.select(audit.c.record_id).where(
        audit.c.noun == _LINE_NOUN, audit.c.record_id.in_(listed(sorted(line_ids)))
    )
    lost = set()
    for document_id in sorted(set(document_ids)):
        # A deleted line is known by its own id; its document is the first key of the detail.
        begins = sa.type_coerce(audit.c.detail, sa.Text).like(f'{{"invoice_id":{document_id},%')
        deleted = sa.select(audit.c.id).where(
            audit.c.noun == _LINE_NOUN, audit.c.deed == "delete_line", begins
        )
        if uow.execute(deleted.limit(1)).first() is not None:
            lost.add(document_id)
    return Edits(frozenset(uow.execute(changed).scalars()), frozenset(lost))


def read_header_edits(
    uow: UnitOfWork, document_ids: Iterable[int]
) -> Mapping[int, frozenset[str]]:
    """Return which fields of these documents' heads were edited."""
    audit = tables.audit
    query = sa.select(audit.c.record_id, audit.c.detail).where(
        audit.c.noun == "invoice",
        audit.c.deed == "change",
        audit.c.record_id.in_(listed(sorted(set(document_ids)))),
    )
    found: dict[int, frozenset[str]] = defaultdict(frozenset)
    for record_id, detail in tuples(uow, query):
        found[record_id] |= frozenset(detail)
    return found


@dataclass(frozen=True, slots=True)
class Run:
    """The day that a run billed, and when it ended; None for one that did not."""

    run_on: date
    finished_at: datetime | None


def read_runs(uow: UnitOfWork, run_ids: Iterable[int]) -> Mapping[int, Run]:
    """Return these runs by id."""
    runs = tables.runs
    query = sa.select(runs.c.id, runs.c.run_on, runs.c.finished_at).where(
        runs.c.id.in_(listed(sorted(set(run_ids))))
    )
    return {run_id: Run(*facts) for run_id, *facts in tuples(uow, query)}


def read_imported_at(uow: UnitOfWork) -> frozenset[datetime]:
    """Return the moments of the exports that were imported."""
    return frozenset(at for (at,) in tuples(uow, sa.select(tables.imports.c.exported_at)))


def tuples(uow: UnitOfWork, query: Any) -> Iterator[Any]:
    """Yield the rows of a query as plain tuples."""
    return iter(uow.execute(query))


def listed(ids: Sequence[int]) -> sa.BindParameter[Any]:
    """Return ids as the list of an `IN`, written out: a page's worth is more than may be bound."""
    return sa.bindparam(None, list(ids), expanding=True, literal_execute=True)


def _of(table: sa.Table, ids: Ids) -> Any:
    return sa.and_(
        table.c.kind == ids.kind.value,
        table.c.billable_id >= ids.first,
        table.c.billable_id <= ids.last,
    )

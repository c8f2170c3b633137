"""The first half of an audit: each schedule's periods, by page of billables of one kind."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from adapter.billing.completeness import (
    OWN_LINES,
    Claimed,
    Fault,
    Finding,
    IssuedLine,
    Walk,
    Withheld,
    blocks,
    shown,
    walk,
)
from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.auditing.histories import Clients, noted_changes
from adapter.store.auditing.reading import (
    Ids,
    Span,
    read_claims,
    read_edits,
    read_held,
    read_lines_of,
    read_lost,
    read_run_ends,
)
from adapter.store.auditing.schedule import Amounts, Schedule, Surroundings
from adapter.store.queue import TABLES, queue_date
from adapter.store.run.load import QUERIES, UNREADABLE, client_terms, load_shared, quoted_lines
from adapter.store.run.rows import Promotions
from adapter.store.unit_of_work import Store, UnitOfWork

PAGE = 500

_RECURRING = BillableKind.RECURRING_INVOICE
_PAID_FOR = frozenset({BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN})


@dataclass(slots=True)
class Counts:
    """What an audit went through."""

    schedules: int = 0
    periods: int = 0
    documents: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True)
class _Suspect:
    """Lines of a period that are not what they should be, unless they were edited."""

    finding: Finding
    lines: Sequence[IssuedLine]
    has_fewer: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """A page's facts, by billable; lines by document and billable."""

    uow: UnitOfWork
    span: Span
    kind: BillableKind
    claims: Mapping[int, list[Claimed]]
    held: Mapping[int, dict[date, str]]
    lines: Mapping[tuple[int, int], list[IssuedLine]]
    counts: Counts
    suspects: list[_Suspect] = field(default_factory=list)


def audit_schedules(store: Store, span: Span, counts: Counts) -> Iterator[Finding | Withheld]:
    """Yield what is wrong with the periods in the span, and what was withheld of them.

    Each page is read from one snapshot; nothing of it is kept for the next.
    """
    for kind in BillableKind:
        last = 0
        query = QUERIES[kind]
        own_id = TABLES[kind].c.id
        while True:
            with store.read() as uow:
                page = query.where(own_id > last).order_by(own_id).limit(PAGE)
                rows = list(uow.execute(page).mappings())
                found = list(_audit_page(uow, kind, rows, span, counts)) if rows else []
            yield from found
            if len(rows) < PAGE:
                break
            last = rows[-1]["id"]


def _audit_page(
    uow: UnitOfWork,
    kind: BillableKind,
    rows: Sequence[sa.RowMapping],
    span: Span,
    counts: Counts,
) -> Iterator[Finding | Withheld]:
    ids = Ids(kind, rows[0]["id"], rows[-1]["id"])
    client_ids = sorted({row["client_id"] for row in rows})
    changes = noted_changes(uow, kind, ids.first, ids.last)
    claims = read_claims(uow, ids, span.from_on)
    wanted = [claim for each in claims.values() for claim in each if span.has(claim.due_on)]
    shared = load_shared(uow)
    around = Surroundings(
        shared,
        Promotions(uow),
        Clients(uow, client_ids),
        read_run_ends(uow, (claim.run_id for claim in wanted if claim.run_id is not None)),
    )
    terms = client_terms(uow, shared, client_ids)
    quoted = quoted_lines(uow, [row["id"] for row in rows]) if kind is _RECURRING else {}
    lines = read_lines_of(uow, ids, {claim.document_id for claim in wanted})
    page = _Page(uow, span, kind, claims, read_held(uow, ids), lines, counts)
    for row in rows:
        counts.schedules += 1
        yield from _held(page, row)
        if row["client_id"] not in terms:
            if row["parked_reason"] is not None:
                yield _parked(page, row, None)
            continue
        try:
            schedule = Schedule(
                kind,
                row,
                terms[row["client_id"]],
                changes.get(row["id"], ()),
                quoted.get(row["id"], ()),
                around,
            )
            found = list(_audit(page, schedule))
        except UNREADABLE as error:
            found = [_unreadable(page, row, error)]
        yield from found
    by_id = {row["id"]: row for row in rows}
    for billable_id, due_on, document_id in read_lost(uow, ids):
        if billable_id in by_id and span.has(due_on):
            row = by_id[billable_id]
            detail = f"its document {document_id} does not exist"
            yield _finding(page, row, Fault.BROKEN, due_on, detail, document_id)
    yield from _unless_edited(page)


def _unreadable(page: _Page, row: sa.RowMapping, error: Exception) -> Finding | Withheld:
    """Return what is to be said of a schedule whose data cannot be read: parked, or a fault."""
    if row["parked_reason"] is not None:
        return _parked(page, row, None)
    on = row["next_due_on"] or page.span.from_on
    return _finding(page, row, Fault.BROKEN, on, f"cannot be read: {error}")


def _audit(page: _Page, schedule: Schedule) -> Iterator[Finding | Withheld]:
    row, span = schedule.row, page.span
    claims = page.claims.get(row["id"], [])
    held = page.held.get(row["id"], {})
    found = walk(schedule.stretches, claims, held, schedule.following, span.from_on)
    if page.kind is _RECURRING and row["ended"]:
        _forgive_after_the_limit(page, row, claims, found)
    lost_on = _lost_from_queue(page, row, claims, found)
    _find_left_behind(page, schedule, claims, found, lost_on)
    for on in found.unclaimed:
        if span.has(on) and not _has_lines(page, row["id"], on):
            yield _finding(page, row, Fault.MISSING, on, "was never invoiced")
    for claim in found.doubled:
        if span.has(claim.due_on):
            detail = "begins inside a period that is invoiced already"
            yield _finding(page, row, Fault.DOUBLED, claim.due_on, detail, claim.document_id)
    if lost_on is not None and span.has(lost_on) and not _has_lines(page, row["id"], lost_on):
        queued = row["next_invoice_on"] or "nothing"
        detail = f"is neither invoiced nor in the queue (there: {queued})"
        yield _finding(page, row, Fault.MISSING, lost_on, detail)
    if row["parked_reason"] is not None and (found.open_on is None or span.has(found.open_on)):
        yield _parked(page, row, found.open_on)
    _compare(page, schedule, claims, found)


def _forgive_after_the_limit(
    page: _Page, row: sa.RowMapping, claims: Sequence[Claimed], found: Walk
) -> None:
    """Take out the dates that came after the last document its limit allows.

    A run that catches up passes them in one go; what was counted as issued is missing.
    """
    last = claims[-1].due_on if claims else date.min
    after = [on for on in found.unclaimed if on > last]
    if not after:
        return
    present = _count_claims(page, row)
    before = [on for on in found.unclaimed if on <= last]
    lost = max(0, row["generation_count"] - present - len(before))
    found.unclaimed = before + after[:lost]


def _find_left_behind(
    page: _Page,
    schedule: Schedule,
    claims: Sequence[Claimed],
    found: Walk,
    lost_on: date | None,
) -> None:
    """Find invoiced periods that were left behind when their due date was set anew by hand.

    Nothing leads to them any more, but what was issued was counted: where more was counted than
    is there or known to be missing, the dates that were left are the missing ones.
    """
    claimed_on = {claim.due_on for claim in claims}
    left = [
        stretch.end_on
        for stretch in schedule.stretches
        if stretch.closed_at is not None
        and stretch.end_on is not None
        and stretch.end_on not in claimed_on
        and stretch.end_on not in found.unclaimed
    ]
    if not left or not schedule.is_known_from_its_creation:
        return
    lost = schedule.row["generation_count"] - _count_claims(page, schedule.row)
    known = len(found.unclaimed) + (lost_on is not None)
    found.unclaimed += left[: max(0, lost - known)]


def _count_claims(page: _Page, row: sa.RowMapping) -> int:
    claims = tables.claims
    count = sa.select(sa.func.count()).where(
        claims.c.kind == page.kind.value, claims.c.billable_id == row["id"]
    )
    return int(page.uow.execute(count).scalar() or 0)


def _has_lines(page: _Page, billable_id: int, on: date) -> bool:
    """Tell whether a document bills this period without its claim.

    The documents' half of the audit reports such lines; of a cancelled invoice whose claims were
    released they are as they should be.
    """
    lines, documents, claims = tables.document_lines, tables.documents, tables.claims
    claimed = sa.exists().where(
        claims.c.document_id == documents.c.id,
        claims.c.kind == page.kind.value,
        claims.c.billable_id == billable_id,
    )
    query = (
        sa.select(documents.c.id)
        .join(lines, lines.c.document_id == documents.c.id)
        .where(
            lines.c.line_type.in_(sorted(OWN_LINES[page.kind])),
            lines.c.related_id == billable_id,
            sa.or_(documents.c.due_on == on, documents.c.issued_on == on),
            sa.not_(claimed),
        )
        .limit(1)
    )
    return page.uow.execute(query).first() is not None


def _lost_from_queue(
    page: _Page, row: sa.RowMapping, claims: Sequence[Claimed], found: Walk
) -> date | None:
    """Return the date that is still to be billed and that the queue has lost; None without one."""
    queued_on = row["next_invoice_on"]
    if row["parked_reason"] is not None:
        return None
    if queued_on is not None:
        page.counts.queued += page.span.has(queued_on)
        if queued_on == found.open_on:
            return None
    elif _waits_for_payment(page, row, claims):
        return None
    # The queue's own rule has the last word: status, limit, pause, continuous invoicing.
    should = queue_date(page.uow, page.kind, row)
    if should is None or should in found.unclaimed:
        return None
    return should if queued_on is None or queued_on > should else None


def _waits_for_payment(page: _Page, row: sa.RowMapping, claims: Sequence[Claimed]) -> bool:
    if page.kind not in _PAID_FOR or page.uow.settings.continuous:
        return False
    return any(claim.due_on == row["next_due_on"] for claim in claims)


def _compare(page: _Page, schedule: Schedule, claims: Sequence[Claimed], found: Walk) -> None:
    """Hold the lines of each claimed period against what they can say; note what differs."""
    billable_id = schedule.row["id"]
    by_document: dict[int, list[Claimed]] = defaultdict(list)
    for claim in claims:
        if page.span.has(claim.due_on):
            by_document[claim.document_id].append(claim)
            page.counts.periods += 1
    issued_before = _issued_before(schedule.row, claims, found)
    for document_id, own in by_document.items():
        lines = page.lines.get((document_id, billable_id), [])
        parts = _parts(page.kind, lines, len(own))
        if parts is None:
            continue  # too many or too few: the documents' half reports that
        for claim, part in zip(own, parts, strict=True):
            actual = _actual(page.kind, part)
            likeliest: Amounts | None = None
            for expected in schedule.amounts(claim, issued_before.get(claim.due_on, 0)):
                if actual == expected:
                    break
                likeliest = likeliest or expected
            else:
                if likeliest is not None:
                    _suspect(page, schedule.row, claim, part, actual, likeliest)


def _actual(kind: BillableKind, lines: Sequence[IssuedLine]) -> Amounts:
    """Return what lines say; net and VAT are a matter of the `line` policy only."""
    if kind is _RECURRING:
        return tuple((line.line_type, line.amount, line.net, line.vat) for line in lines)
    return tuple((line.line_type, line.amount, None, None) for line in lines)


def _issued_before(
    row: sa.RowMapping, claims: Sequence[Claimed], found: Walk
) -> Mapping[date, int]:
    """Return how many documents there were before each claim, in the order they were issued.

    Counted back from today: what came before the audited span need not be read.
    """
    regular = [claim for claim in claims if claim not in found.doubled]
    regular.sort(key=lambda claim: (claim.claimed_at, claim.due_on), reverse=True)
    return {
        claim.due_on: max(
            0,
            row["generation_count"] - n - sum(on > claim.due_on for on in found.unclaimed),
        )
        for n, claim in enumerate(regular, start=1)
    }


def _parts(
    kind: BillableKind, lines: Sequence[IssuedLine], count: int
) -> list[list[IssuedLine]] | None:
    """Return the lines of each of a document's `count` periods of one billable."""
    if kind is _RECURRING:
        return [list(lines)] if lines and count == 1 else None
    own = [block for block in blocks(lines) if block[0].kind is kind]
    return [_adjacent(block) for block in own] if len(own) == count else None


def _adjacent(block: list[IssuedLine]) -> list[IssuedLine]:
    """Leave out discounts that stand elsewhere: those of another kind's item with the same id."""
    kept = block[:1]
    for line in block[1:]:
        if line.position != kept[-1].position + 1:
            break
        kept.append(line)
    return kept


def _suspect(  # noqa: PLR0913 - the facts of one period
    page: _Page,
    row: sa.RowMapping,
    claim: Claimed,
    lines: Sequence[IssuedLine],
    actual: Amounts,
    expected: Amounts,
) -> None:
    fault, detail = Fault.AMOUNT, f"lines of {_shown(actual)} should be {_shown(expected)}"
    if page.kind is _RECURRING and len(actual) < len(expected):
        fault = Fault.BROKEN
    elif page.kind is _RECURRING and Counter(actual) == Counter(expected * 2):
        fault = Fault.DOUBLED
    finding = _finding(page, row, fault, claim.due_on, detail, claim.document_id)
    page.suspects.append(_Suspect(finding, lines, len(actual) < len(expected)))


def _shown(amounts: Amounts) -> str:
    return ", ".join(shown(amount) for _, amount, _, _ in amounts) or "nothing"


def _unless_edited(page: _Page) -> Iterator[Finding]:
    if not page.suspects:
        return
    edits = read_edits(
        page.uow,
        [line.line_id for suspect in page.suspects for line in suspect.lines],
        [each.finding.document_id or 0 for each in page.suspects if each.has_fewer],
    )
    for suspect in page.suspects:
        edited = any(line.line_id in edits.line_ids for line in suspect.lines)
        shortened = suspect.has_fewer and suspect.finding.document_id in edits.document_ids
        if not (edited or shortened):
            yield suspect.finding


def _held(page: _Page, row: sa.RowMapping) -> Iterator[Withheld]:
    for on, reason in sorted(page.held.get(row["id"], {}).items()):
        if page.span.has(on):
            yield Withheld(row["client_id"], page.kind, row["id"], on, f"held: {reason}")


def _parked(page: _Page, row: sa.RowMapping, on: date | None) -> Withheld:
    reason = f"parked: {row['parked_reason']}"
    return Withheld(row["client_id"], page.kind, row["id"], on, reason)


def _finding(  # noqa: PLR0913 - the facts of one period
    page: _Page,
    row: sa.RowMapping,
    fault: Fault,
    on: date,
    detail: str,
    document_id: int | None = None,
) -> Finding:
    return Finding(fault, row["client_id"], detail, page.kind, row["id"], on, document_id)

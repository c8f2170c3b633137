"""The first half of an audit: each schedule's periods, by page of billables of one kind."""

from collections.abc import Iterator, Sequence
from datetime import date

import sqlalchemy as sa

from adapter.billing.completeness import (
    OWN_LINES,
    Claimed,
    Fault,
    Finding,
    Walk,
    Withheld,
    walk,
)
from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import BillableKind, HeldReason
from adapter.store import tables
from adapter.store.auditing.amounts import compare, unless_edited
from adapter.store.auditing.histories import Clients, noted_changes, products_were_realigned
from adapter.store.auditing.page import PAGE, Counts, Page, finding
from adapter.store.auditing.reading import (
    Ids,
    Span,
    read_claims,
    read_exchanges,
    read_held,
    read_imported_at,
    read_lines_of,
    read_lost,
    read_runs,
)
from adapter.store.auditing.schedule import Schedule, Surroundings
from adapter.store.queue import TABLES, queue_date
from adapter.store.run.load import QUERIES, UNREADABLE, client_terms, load_shared, quoted_lines
from adapter.store.run.rows import Promotions
from adapter.store.unit_of_work import Store, UnitOfWork

_RECURRING = BillableKind.RECURRING_INVOICE
_PAID_FOR = frozenset({BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN})


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
        read_runs(uow, (claim.run_id for claim in wanted if claim.run_id is not None)),
        read_exchanges(uow, {claim.document_id for claim in wanted}) if kind is _RECURRING else {},
        are_first_periods_known=not products_were_realigned(uow),
        imported_at=read_imported_at(uow),
    )
    terms = client_terms(uow, shared, client_ids)
    quoted = {}
    if kind is _RECURRING:
        quoted = quoted_lines(uow, [row["id"] for row in rows], removed=True)
    lines = read_lines_of(uow, ids, {claim.document_id for claim in wanted})
    page = Page(uow, span, kind, claims, read_held(uow, ids), lines, counts)
    for row in rows:
        counts.schedules += 1
        yield from _held(page, row)
        orphaned = _orphaned(page, row, around.clients)
        if orphaned is not None:
            yield orphaned
            continue
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
            yield finding(page, row, Fault.BROKEN, due_on, detail, document_id)
    yield from unless_edited(page)


def _orphaned(page: Page, row: sa.RowMapping, clients: Clients) -> Finding | None:
    """Return what is left of a client that is gone, or goes on for one that was deleted."""
    client_id, queued_on = row["client_id"], row["next_invoice_on"]
    client = clients.timeline(client_id)
    if client is None:
        detail = f"is of client {client_id}, which does not exist"
        return finding(page, row, Fault.CLIENT, row["next_due_on"], detail)
    if client.now.values["hidden"] and queued_on is not None:
        detail = f"is queued for {queued_on}, though client {client_id} was deleted"
        return finding(page, row, Fault.CLIENT, queued_on, detail)
    return None


def _unreadable(page: Page, row: sa.RowMapping, error: Exception) -> Finding | Withheld:
    """Return what is to be said of a schedule whose data cannot be read: parked, or a fault."""
    if row["parked_reason"] is not None:
        return _parked(page, row, None)
    on = row["next_due_on"] or page.span.from_on
    return finding(page, row, Fault.BROKEN, on, f"cannot be read: {error}")


def _audit(page: Page, schedule: Schedule) -> Iterator[Finding | Withheld]:
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
            yield finding(page, row, Fault.MISSING, on, "was never invoiced")
    for claim in found.doubled:
        if span.has(claim.due_on):
            detail = "begins inside a period that is invoiced already"
            yield finding(page, row, Fault.DOUBLED, claim.due_on, detail, claim.document_id)
    yield from _wrong_ends(page, schedule, claims)
    if lost_on is not None and span.has(lost_on) and not _has_lines(page, row["id"], lost_on):
        queued = row["next_invoice_on"] or "nothing"
        detail = f"is neither invoiced nor in the queue (there: {queued})"
        yield finding(page, row, Fault.MISSING, lost_on, detail)
    if row["parked_reason"] is not None and (found.open_on is None or span.has(found.open_on)):
        yield _parked(page, row, found.open_on)
    compare(page, schedule, claims, found)


def _wrong_ends(page: Page, schedule: Schedule, claims: Sequence[Claimed]) -> Iterator[Finding]:
    """Yield claims whose period does not end where the calendar can have ended it."""
    held = page.held.get(schedule.row["id"], {})
    for claim in claims:
        if not page.span.has(claim.due_on) or claim.rule == RULE_IMPORTED:
            continue
        by_hand = held.get(claim.due_on) == HeldReason.ISSUED
        ends = [None] if by_hand else schedule.ends(claim)
        if ends and claim.next_on not in ends:
            claimed, should = (end or "no date" for end in (claim.next_on, ends[0]))
            detail = f"claims the period to {claimed}, which should be to {should}"
            yield finding(page, schedule.row, Fault.DATE, claim.due_on, detail, claim.document_id)


def _forgive_after_the_limit(
    page: Page, row: sa.RowMapping, claims: Sequence[Claimed], found: Walk
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
    page: Page,
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


def _count_claims(page: Page, row: sa.RowMapping) -> int:
    claims = tables.claims
    count = sa.select(sa.func.count()).where(
        claims.c.kind == page.kind.value, claims.c.billable_id == row["id"]
    )
    return int(page.uow.execute(count).scalar() or 0)


def _has_lines(page: Page, billable_id: int, on: date) -> bool:
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
            # One that was undone bills nothing any more.
            documents.c.undone_at.is_(None),
            sa.not_(claimed),
        )
        .limit(1)
    )
    return page.uow.execute(query).first() is not None


def _lost_from_queue(
    page: Page, row: sa.RowMapping, claims: Sequence[Claimed], found: Walk
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


def _waits_for_payment(page: Page, row: sa.RowMapping, claims: Sequence[Claimed]) -> bool:
    if page.kind not in _PAID_FOR or page.uow.settings.continuous:
        return False
    return any(claim.due_on == row["next_due_on"] for claim in claims)


def _held(page: Page, row: sa.RowMapping) -> Iterator[Withheld]:
    for on, reason in sorted(page.held.get(row["id"], {}).items()):
        # One that an operator had billed is on its invoice.
        if page.span.has(on) and reason != HeldReason.ISSUED:
            yield Withheld(row["client_id"], page.kind, row["id"], on, f"held: {reason}")


def _parked(page: Page, row: sa.RowMapping, on: date | None) -> Withheld:
    reason = f"parked: {row['parked_reason']}"
    return Withheld(row["client_id"], page.kind, row["id"], on, reason)

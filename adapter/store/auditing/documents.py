"""The second half of an audit: issued documents against their lines and claims, by page."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import Fault, Finding
from adapter.billing.model import BillableKind, DocumentKind
from adapter.store import tables
from adapter.store.auditing.document_heads import heads
from adapter.store.auditing.document_lines import lines_and_claims, quoted, totals
from adapter.store.auditing.document_page import Claim, DocumentPage, Key
from adapter.store.auditing.histories import Clients
from adapter.store.auditing.page import PAGE, Counts
from adapter.store.auditing.reading import (
    Span,
    listed,
    read_edits,
    read_header_edits,
    read_lines,
    read_runs,
    tuples,
)
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import Store, UnitOfWork

_DOCUMENTS = tables.documents
_CLAIMS = tables.claims


def audit_documents(
    store: Store, span: Span, counts: Counts, blamed: Collection[int]
) -> Iterator[Finding]:
    """Yield what is wrong with documents issued, due or with a period in the span.

    `blamed` are documents whose lines are at fault already: their totals are not held against
    them as well.
    """
    last = 0
    while True:
        with store.read() as uow:
            rows = list(uow.execute(_query(span, last)).mappings())
            found = list(_audit_page(uow, rows, span, counts, blamed)) if rows else []
        yield from found
        if len(rows) < PAGE:
            break
        last = rows[-1]["id"]


def _query(span: Span, last: int) -> sa.Select[Any]:
    columns = _DOCUMENTS.c
    claimed = sa.exists().where(
        _CLAIMS.c.document_id == columns.id,
        _CLAIMS.c.due_on.between(span.from_on, span.to_on),
    )
    return (
        sa.select(
            columns.id,
            columns.kind,
            columns.client_id,
            columns.currency,
            columns.status,
            columns.number_text,
            columns.issued_on,
            columns.due_on,
            columns.subtotal,
            columns.credit,
            columns.tax,
            columns.tax_2,
            columns.total,
            columns.tax_rate,
            columns.tax_rate_2,
            columns.rounding,
            columns.tax_inclusive,
            columns.discount_amount,
            columns.discount_percentage,
            columns.recurring_invoice_id,
            columns.run_id,
            columns.hidden,
            columns.created_at,
            columns.undone_at,
        )
        .where(
            columns.id > last,
            sa.or_(
                columns.due_on.between(span.from_on, span.to_on),
                columns.issued_on.between(span.from_on, span.to_on),
                claimed,
            ),
        )
        .order_by(columns.id)
        .limit(PAGE)
    )


def _audit_page(
    uow: UnitOfWork,
    rows: Sequence[sa.RowMapping],
    span: Span,
    counts: Counts,
    blamed: Collection[int],
) -> Iterator[Finding]:
    ids = [row["id"] for row in rows]
    claims = _claims(uow, ids)
    keys = {claim.key for each in claims.values() for claim in each}
    owners = _owners(uow, keys)
    client_ids = {row["client_id"] for row in rows} | {row["client_id"] for row in owners.values()}
    page = DocumentPage(
        uow,
        span,
        read_lines(uow, ids),
        claims,
        owners,
        Clients(uow, client_ids),
        read_runs(uow, (row["run_id"] for row in rows if row["run_id"] is not None)),
        _made_as(uow, [document_id for document_id in ids if document_id not in claims]),
    )
    found: list[Finding] = []
    for row in rows:
        found += heads(page, row)
        broken: list[Finding] = []
        if row["kind"] == DocumentKind.INVOICE or row["id"] in claims:
            counts.documents += 1
            broken = lines_and_claims(page, row)
            found += broken
            if not broken and row["id"] not in blamed:
                broken = totals(page, row)
                found += broken
        if not broken and row["id"] not in blamed:
            found += quoted(page, row)
    yield from _unless_edited(uow, found)


def _claims(uow: UnitOfWork, ids: Sequence[int]) -> Mapping[int, list[Claim]]:
    columns = _CLAIMS.c
    query = sa.select(
        columns.document_id,
        columns.kind,
        columns.billable_id,
        columns.due_on,
        columns.claimed_at,
        columns.run_id,
        columns.rule,
    ).where(columns.document_id.in_(listed(ids)))
    found: dict[int, list[Claim]] = defaultdict(list)
    for document_id, kind, billable_id, *facts in tuples(uow, query):
        found[document_id].append(Claim((BillableKind(kind), billable_id), *facts))
    return found


def _owners(uow: UnitOfWork, keys: Collection[Key]) -> Mapping[Key, Any]:
    found: dict[Key, Any] = {}
    for kind, table in TABLES.items():
        ids = sorted(billable_id for each, billable_id in keys if each is kind)
        if not ids:
            continue
        columns = [table.c.id, table.c.client_id]
        if kind is BillableKind.BILLABLE_ITEM:
            columns.append(table.c.action)
        query = sa.select(*columns).where(table.c.id.in_(listed(ids)))
        found |= {(kind, row["id"]): row for row in uow.execute(query).mappings()}
    return found


def _made_as(uow: UnitOfWork, ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    """Return the kinds as which documents were made one by one; all kinds share their ids."""
    audit = tables.audit.c
    query = sa.select(audit.record_id, audit.noun).where(
        audit.noun.in_(sorted(DocumentKind)),
        audit.deed == "create",
        audit.record_id.in_(listed(ids)),
    )
    found: dict[int, frozenset[str]] = defaultdict(frozenset)
    for document_id, noun in tuples(uow, query) if ids else ():
        found[document_id] |= {noun}
    return found


def _unless_edited(uow: UnitOfWork, found: Sequence[Finding]) -> Iterator[Finding]:
    if not found:
        return
    ids = [finding.document_id or 0 for finding in found]
    edited = read_header_edits(uow, ids)
    edits = read_edits(uow, (), ids)
    for finding in found:
        document_id = finding.document_id or 0
        redated = finding.fault is Fault.DATE and edited[document_id] & {"due_on", "issued_on"}
        shortened = finding.due_on is not None and document_id in edits.document_ids
        if not redated and not (finding.fault is Fault.BROKEN and shortened):
            yield finding

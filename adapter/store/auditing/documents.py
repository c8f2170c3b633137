"""The second half of an audit: issued documents against their lines and claims, by page."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import (
    OWN_LINES,
    Fault,
    Finding,
    IssuedLine,
    possible_totals,
    shown,
)
from adapter.billing.due import TaxRates
from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus, ItemAction, Rounding
from adapter.store import tables
from adapter.store.auditing.histories import Clients
from adapter.store.auditing.reading import (
    Span,
    listed,
    read_edits,
    read_header_edits,
    read_lines,
    tuples,
)
from adapter.store.auditing.schedules import PAGE, Counts
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import Store, UnitOfWork

_RECURRING = BillableKind.RECURRING_INVOICE
_DOCUMENTS = tables.documents
_CLAIMS = tables.claims
_Key = tuple[BillableKind, int]


@dataclass(frozen=True, slots=True)
class _Claim:
    key: _Key
    due_on: date
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of documents with what belongs to them; `owners` are the billables of the claims."""

    uow: UnitOfWork
    lines: Mapping[int, list[IssuedLine]]
    claims: Mapping[int, list[_Claim]]
    owners: Mapping[_Key, Any]
    clients: Clients


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
            # Not in the query: an index over the kind would be taken for the ids' own order.
            invoices = [row for row in rows if row["kind"] == DocumentKind.INVOICE]
            found = list(_audit_page(uow, invoices, span, blamed)) if invoices else []
        counts.documents += len(invoices)
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
            columns.recurring_invoice_id,
            columns.hidden,
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
    uow: UnitOfWork, rows: Sequence[sa.RowMapping], span: Span, blamed: Collection[int]
) -> Iterator[Finding]:
    ids = [row["id"] for row in rows]
    claims = _claims(uow, ids)
    keys = {claim.key for each in claims.values() for claim in each}
    owners = _owners(uow, keys)
    client_ids = {row["client_id"] for row in rows} | {row["client_id"] for row in owners.values()}
    page = _Page(uow, read_lines(uow, ids), claims, owners, Clients(uow, client_ids))
    found: list[Finding] = []
    for row in rows:
        broken = _lines_and_claims(page, row, span)
        found += broken
        found += _client(page, row)
        found += _date(page, row)
        if not broken and row["id"] not in blamed:
            found += _totals(page, row)
    yield from _unless_edited(uow, found)


def _claims(uow: UnitOfWork, ids: Sequence[int]) -> Mapping[int, list[_Claim]]:
    columns = _CLAIMS.c
    query = sa.select(
        columns.document_id, columns.kind, columns.billable_id, columns.due_on, columns.claimed_at
    ).where(columns.document_id.in_(listed(ids)))
    found: dict[int, list[_Claim]] = defaultdict(list)
    for document_id, kind, billable_id, due_on, claimed_at in tuples(uow, query):
        found[document_id].append(_Claim((BillableKind(kind), billable_id), due_on, claimed_at))
    return found


def _owners(uow: UnitOfWork, keys: Collection[_Key]) -> Mapping[_Key, Any]:
    found: dict[_Key, Any] = {}
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


# --- lines and claims ----------------------------------------------------------------------------


def _lines_and_claims(page: _Page, row: sa.RowMapping, span: Span) -> list[Finding]:
    """Hold the billables that a document has lines of against those it has claims of."""
    lined = Counter(
        (line.kind, line.related_id)
        for line in page.lines.get(row["id"], ())
        if line.kind is not None
    )
    claimed = Counter(claim.key for claim in page.claims.get(row["id"], ()))
    for key in lined:
        if key[0] is _RECURRING:
            # As many lines as its template has; how many that is, the schedules' half knows.
            lined[key] = max(1, claimed[key])
    found = []
    for key, count in claimed.items():
        if key not in page.owners:
            detail = f"claims a period of {_name(key)}, which does not exist"
            found.append(_finding(row, Fault.BROKEN, detail, key))
        elif lined[key] < count:
            detail = f"has {lined[key]} lines for {count} periods of {_name(key)}"
            found.append(_finding(row, Fault.BROKEN, detail, key, _date_of(page, row, key, span)))
    if row["status"] == InvoiceStatus.CANCELLED or row["hidden"]:
        return found  # bills nothing: its periods may have been released
    surplus = [key for key, count in lined.items() if count > claimed[key]]
    claimants = {
        key: [row["id"]] if key in claimed else _claimants(page, row, key) for key in surplus
    }
    # One finding for all of them: a copy of a document repeats every line of it.
    for fault, keys, deed in (
        (Fault.BROKEN, [key for key in surplus if not claimants[key]], "bills without a claim"),
        # A claim whose document is gone is reported with its schedule.
        (Fault.DOUBLED, [key for key in surplus if any(claimants[key])], "bills once more"),
    ):
        if keys:
            names = ", ".join(_name(key) for key in keys)
            found.append(_finding(row, fault, f"{deed}: {names}", keys[0]))
    return found


def _date_of(page: _Page, row: sa.RowMapping, key: _Key, span: Span) -> date | None:
    dates = [claim.due_on for claim in page.claims[row["id"]] if claim.key == key]
    return next((on for on in dates if span.has(on)), dates[0])


def _claimants(page: _Page, row: sa.RowMapping, key: _Key) -> list[int | None]:
    """Return which documents claim the period that this one bills; None for one that is gone."""
    kind, billable_id = key
    line, other = tables.document_lines.alias("line"), tables.document_lines.alias("other")
    # The text of an item's line names its period; a recurring invoice's is known by its date.
    same = _CLAIMS.c.due_on == (row["issued_on"] if kind is _RECURRING else row["due_on"])
    if kind is not _RECURRING:
        same_text = sa.exists().where(
            line.c.document_id == row["id"],
            line.c.line_type.in_(sorted(OWN_LINES[kind])),
            line.c.related_id == billable_id,
            other.c.document_id == _CLAIMS.c.document_id,
            other.c.line_type == line.c.line_type,
            other.c.related_id == billable_id,
            other.c.description == line.c.description,
        )
        same = sa.or_(same, same_text)
    query = (
        sa.select(_DOCUMENTS.c.id)
        .select_from(_CLAIMS.outerjoin(_DOCUMENTS, _DOCUMENTS.c.id == _CLAIMS.c.document_id))
        .where(_CLAIMS.c.kind == kind.value, _CLAIMS.c.billable_id == billable_id, same)
    )
    return list(page.uow.execute(query).scalars())


# --- client, date, totals ------------------------------------------------------------------------


def _client(page: _Page, row: sa.RowMapping) -> list[Finding]:
    for claim in page.claims.get(row["id"], ()):
        owner = page.owners.get(claim.key)
        if owner is not None and owner["client_id"] != row["client_id"]:
            detail = f"bills {_name(claim.key)} of client {owner['client_id']}"
            return [_finding(row, Fault.CLIENT, detail, claim.key, claim.due_on)]
    return []


def _date(page: _Page, row: sa.RowMapping) -> list[Finding]:
    for claim in page.claims.get(row["id"], ()):
        should = _due_dates(page, row, claim)
        if should and row["due_on"] not in should:
            detail = f"is due on {row['due_on']} and should be on {should[0]}"
            return [_finding(row, Fault.DATE, detail, claim.key, claim.due_on)]
        if claim.key[0] is _RECURRING and row["issued_on"] != claim.due_on:
            detail = f"is dated {row['issued_on']} and should be {claim.due_on}"
            return [_finding(row, Fault.DATE, detail, claim.key, claim.due_on)]
    return []


def _due_dates(page: _Page, row: sa.RowMapping, claim: _Claim) -> list[date]:
    """Return the due dates that a document with this claim can have, none where any will do."""
    owner = page.owners.get(claim.key)
    if owner is None:
        return []
    match claim.key[0]:
        case BillableKind.RECURRING_INVOICE:
            client = page.clients.timeline(owner["client_id"])
            if client is None:
                return []
            states = client.during(claim.claimed_at, claim.claimed_at)
            days = [state.values["payment_terms_days"] or 0 for state in states]
            return [claim.due_on + timedelta(days=each) for each in days]
        case BillableKind.BILLABLE_ITEM:
            match ItemAction(owner["action"]):
                case ItemAction.NEXT_INVOICE:
                    return []  # rides on the invoice of something else
                case ItemAction.NEXT_RUN:
                    # Billed for the day of its run; payment may date the invoice anew.
                    moved = page.uow.settings.date_on_payment
                    return [] if moved else [row["issued_on"]]
                case _:
                    return [claim.due_on]
        case _:
            return [claim.due_on]


def _totals(page: _Page, row: sa.RowMapping) -> list[Finding]:
    lines = page.lines.get(row["id"], ())
    sums = possible_totals(
        lines,
        row["currency"],
        Rounding(row["rounding"]),
        TaxRates(row["tax_rate"], row["tax_rate_2"]),
        inclusive=row["tax_inclusive"],
    )
    stated = (row["subtotal"], row["tax"], row["tax_2"], row["total"] + row["credit"])
    for each in sums:
        parts = (each.subtotal, each.tax, each.tax_2, each.gross)
        if stated == tuple(part.hundredths for part in parts):
            return []
    detail = f"says {shown(stated[3])} in all, its lines come to {sums[0].gross}"
    return [_finding(row, Fault.BROKEN, detail)]


# --- findings ------------------------------------------------------------------------------------


def _unless_edited(uow: UnitOfWork, found: Sequence[Finding]) -> Iterator[Finding]:
    if not found:
        return
    ids = [finding.document_id or 0 for finding in found]
    heads = read_header_edits(uow, ids)
    edits = read_edits(uow, (), ids)
    for finding in found:
        document_id = finding.document_id or 0
        redated = finding.fault is Fault.DATE and heads[document_id] & {"due_on", "issued_on"}
        shortened = finding.due_on is not None and document_id in edits.document_ids
        if not redated and not (finding.fault is Fault.BROKEN and shortened):
            yield finding


def _finding(
    row: sa.RowMapping,
    fault: Fault,
    detail: str,
    key: _Key | None = None,
    due_on: date | None = None,
) -> Finding:
    kind, billable_id = key or (None, None)
    return Finding(fault, row["client_id"], detail, kind, billable_id, due_on, row["id"])


def _name(key: _Key) -> str:
    return f"{key[0].value} {key[1]}"

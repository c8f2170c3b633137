"""What a document's lines say, against its claims, its totals and what was quoted."""

from collections import Counter
from datetime import date
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from adapter.billing.completeness import (
    OWN_LINES,
    Fault,
    Finding,
    IssuedLine,
    plain,
    possible_totals,
    shown,
)
from adapter.billing.due import TaxRates
from adapter.billing.model import (
    BillableKind,
    DocumentKind,
    InvoiceStatus,
    RecurringLine,
    Rounding,
)
from adapter.billing.money import Money
from adapter.billing.pricing import price_recurring
from adapter.errors import CannotBill, OutOfBounds
from adapter.store import tables
from adapter.store.auditing.document_page import DocumentPage, Key, finding, name
from adapter.store.auditing.reading import read_edits

_RECURRING = BillableKind.RECURRING_INVOICE
_DOCUMENTS = tables.documents
_CLAIMS = tables.claims
_ZERO: Final = Decimal(0)


def lines_and_claims(page: DocumentPage, row: sa.RowMapping) -> list[Finding]:
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
            detail = f"claims a period of {name(key)}, which does not exist"
            found.append(finding(row, Fault.BROKEN, detail, key))
        elif lined[key] < count:
            detail = f"has {lined[key]} lines for {count} periods of {name(key)}"
            found.append(finding(row, Fault.BROKEN, detail, key, _date_of(page, row, key)))
    if row["status"] == InvoiceStatus.CANCELLED or row["hidden"] or _is_credited(row):
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
            names = ", ".join(name(key) for key in keys)
            found.append(finding(row, fault, f"{deed}: {names}", keys[0]))
    return found


def _is_credited(row: sa.RowMapping) -> bool:
    """Tell whether an undo took a document back by a credit note: nothing of it is owed."""
    settled = row["status"] == InvoiceStatus.PAID and not row["total"]
    return settled and row["undone_at"] is not None


def _date_of(page: DocumentPage, row: sa.RowMapping, key: Key) -> date | None:
    dates = [claim.due_on for claim in page.claims[row["id"]] if claim.key == key]
    return next((on for on in dates if page.span.has(on)), dates[0])


def _claimants(page: DocumentPage, row: sa.RowMapping, key: Key) -> list[int | None]:
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


def quoted(page: DocumentPage, row: sa.RowMapping) -> list[Finding]:
    """Return whether each quoted line is what its quantity, prices, discounts and rate come to.

    A delivery note's lines can have a discount of their own that it does not keep.
    """
    lines = page.lines.get(row["id"], ())
    if row["rounding"] != Rounding.LINE or row["kind"] == DocumentKind.DELIVERY_NOTE:
        return []
    read = [_as_quoted(line, row["currency"]) for line in lines]
    was_quoted = [line for line in read if line is not None]
    if len(was_quoted) != len(lines):
        return []
    discount = row["discount_amount"]
    try:
        drafts, _ = price_recurring(
            was_quoted,
            row["currency"],
            discount_amount=None if discount is None else Money(discount, row["currency"]),
            discount_percentage=row["discount_percentage"],
        )
    except (CannotBill, OutOfBounds) as error:
        return _unless_lines_edited(page, row, f"cannot be what was quoted: {error}")
    for number, (line, draft) in enumerate(zip(lines, drafts, strict=True), start=1):
        stated = (line.amount, line.net, line.vat)
        parts = (draft.amount, draft.net, draft.vat)
        if stated != tuple(None if each is None else each.hundredths for each in parts):
            detail = (
                f"line {number} is {plain(draft.quantity or _ZERO)} x "
                f"{plain(draft.unit_price or _ZERO)}, which comes to {draft.amount} and not to "
                f"{shown(line.amount)}"
            )
            return _unless_lines_edited(page, row, detail)
    return []


def _as_quoted(line: IssuedLine, currency: str) -> RecurringLine | None:
    if line.quantity is None or line.unit_price is None or line.includes_vat is None:
        return None
    return RecurringLine(
        product_code="",
        quantity=line.quantity,
        description="",
        unit_price=line.unit_price,
        currency=currency,
        vat_applies=line.taxed,
        vat_rate=line.vat_rate or _ZERO,
        includes_vat=line.includes_vat,
        discount_percentage=line.discount_percentage,
    )


def _unless_lines_edited(page: DocumentPage, row: sa.RowMapping, detail: str) -> list[Finding]:
    """Return the finding unless a line was changed, added or deleted: then none is as quoted."""
    line_ids = [line.line_id for line in page.lines.get(row["id"], ())]
    edits = read_edits(page.uow, line_ids, [row["id"]])
    edited = edits.line_ids or edits.document_ids
    return [] if edited else [finding(row, Fault.AMOUNT, detail)]


def totals(page: DocumentPage, row: sa.RowMapping) -> list[Finding]:
    """Return whether a document says what its lines come to."""
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
    return [finding(row, Fault.BROKEN, detail)]

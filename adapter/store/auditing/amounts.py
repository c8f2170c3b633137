"""The lines of claimed periods, held against what the schedule said when it was billed."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import starmap
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import (
    Claimed,
    Fault,
    Finding,
    IssuedLine,
    Walk,
    blocks,
    plain,
    shown,
)
from adapter.billing.model import BillableKind
from adapter.store.auditing.page import Page, Suspect, finding
from adapter.store.auditing.reading import read_edits
from adapter.store.auditing.schedule import Amounts, Schedule

_RECURRING = BillableKind.RECURRING_INVOICE


def compare(page: Page, schedule: Schedule, claims: Sequence[Claimed], found: Walk) -> None:
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
    """Return what lines say; all but type and amount are a matter of the `line` policy."""
    if kind is _RECURRING:
        return tuple(
            (line.line_type, line.amount, line.net, line.vat, line.quantity, line.unit_price)
            for line in lines
        )
    return tuple((line.line_type, line.amount, None, None, None, None) for line in lines)


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
    page: Page,
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
    found = finding(page, row, fault, claim.due_on, detail, claim.document_id)
    page.suspects.append(Suspect(found, lines, len(actual) < len(expected)))


def _shown(amounts: Amounts) -> str:
    return ", ".join(starmap(_shown_line, amounts)) or "nothing"


def _shown_line(*line: Any) -> str:
    _, amount, _, _, quantity, unit_price = line
    if quantity is None or unit_price is None:
        return shown(amount)
    return f"{plain(quantity)} x {plain(unit_price)} = {shown(amount)}"


def unless_edited(page: Page) -> Iterator[Finding]:
    """Yield the differences that no documented edit accounts for."""
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

"""What the halves of an audit share: its counts, and a page of schedules with its facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import sqlalchemy as sa

from adapter.billing.completeness import Claimed, Fault, Finding, IssuedLine
from adapter.billing.model import BillableKind
from adapter.store.auditing.reading import Span
from adapter.store.unit_of_work import UnitOfWork

PAGE = 500


@dataclass(slots=True)
class Counts:
    """What an audit went through."""

    schedules: int = 0
    periods: int = 0
    documents: int = 0
    queued: int = 0


@dataclass(frozen=True, slots=True)
class Suspect:
    """Lines of a period that are not what they should be, unless they were edited."""

    finding: Finding
    lines: Sequence[IssuedLine]
    has_fewer: bool


@dataclass(frozen=True, slots=True)
class Page:
    """A page's facts, by billable; lines by document and billable."""

    uow: UnitOfWork
    span: Span
    kind: BillableKind
    claims: Mapping[int, list[Claimed]]
    held: Mapping[int, dict[date, str]]
    lines: Mapping[tuple[int, int], list[IssuedLine]]
    counts: Counts
    suspects: list[Suspect] = field(default_factory=list)


def finding(  # noqa: PLR0913 - the facts of one period
    page: Page,
    row: sa.RowMapping,
    fault: Fault,
    on: date | None,
    detail: str,
    document_id: int | None = None,
) -> Finding:
    """Return what is wrong with one period of a billable of the page."""
    return Finding(fault, row["client_id"], detail, page.kind, row["id"], on, document_id)

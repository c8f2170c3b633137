"""A page of documents under audit, with what belongs to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapter.billing.completeness import Fault, Finding, IssuedLine
from adapter.billing.model import BillableKind
from adapter.store.auditing.histories import Clients
from adapter.store.auditing.reading import Run, Span
from adapter.store.unit_of_work import UnitOfWork

Key = tuple[BillableKind, int]


@dataclass(frozen=True, slots=True)
class Claim:
    """A period that a document claims."""

    key: Key
    due_on: date
    claimed_at: datetime
    run_id: int | None
    rule: str


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page of documents with what belongs to them.

    `owners` are the billables of the claims, `runs` those that made the documents, `made_as` the
    kinds as which documents without a claim were made, where that was noted.
    """

    uow: UnitOfWork
    span: Span
    lines: Mapping[int, list[IssuedLine]]
    claims: Mapping[int, list[Claim]]
    owners: Mapping[Key, Any]
    clients: Clients
    runs: Mapping[int, Run]
    made_as: Mapping[int, frozenset[str]]


def finding(
    row: sa.RowMapping,
    fault: Fault,
    detail: str,
    key: Key | None = None,
    due_on: date | None = None,
) -> Finding:
    """Return what is wrong with a document, or with what it has of one billable."""
    kind, billable_id = key or (None, None)
    return Finding(fault, row["client_id"], detail, kind, billable_id, due_on, row["id"])


def name(key: Key) -> str:
    """Return how a finding calls a billable."""
    return f"{key[0].value} {key[1]}"

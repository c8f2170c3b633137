"""The journal of requests: what was asked, how it was answered, and what it led to.

Rows are written beside the requests, not with them: what a request did is told by its documents,
runs and audit rows, which are committed with it and name its id.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import DocumentKind
from adapter.errors import StateError
from adapter.store import tables
from adapter.store.fingerprints import OWN
from adapter.store.prepared import insert_into
from adapter.store.unit_of_work import Store, UnitOfWork

_R = tables.requests.c
OK = "ok"
# Deeds and documents of one request that are named; the rest is counted.
_NAMED = 20
_ISSUED = "create"
_KINDS = frozenset(DocumentKind)


class RequestNotFound(StateError):
    """The journal has no request of this id."""

    code = "request_not_found"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"The journal has no request {request_id}: it may be too old, or one that only reads"
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """One request of an admitted caller; the meaning of each field is the table's.

    `asked` and `told` are JSON text.
    """

    request_id: str
    received_at: datetime
    credential: str
    protocol: str
    action: str
    command: str
    asked: str | None
    outcome: str
    message: str | None
    told: str | None
    status: int
    milliseconds: int


_COLUMNS = tuple(each.name for each in fields(Entry))


@dataclass(frozen=True, slots=True)
class Filter:
    """What is listed; `refused` is what ended neither `ok` nor `passed`."""

    credential: str | None = None
    action: str | None = None
    since: datetime | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Traces:
    """What a request left behind. `documents` are the first ids of `document_count`."""

    runs: tuple[Mapping[str, Any], ...]
    documents: tuple[int, ...]
    document_count: int
    deeds: tuple[str, ...]
    forwards: tuple[str, ...]


def write_entries(store: Store, entries: Sequence[Entry], rows: int) -> None:
    """Add entries, and give up the oldest so that about `rows` are left."""
    columns = [{name: getattr(each, name) for name in _COLUMNS} for each in entries]
    bound = insert_into(tables.requests, _COLUMNS).bind(store.engine.dialect, columns)

    def work(uow: UnitOfWork) -> None:
        bound.run(uow.connection, {})
        newest = uow.execute(sa.select(sa.func.max(_R.id))).scalar_one()
        uow.execute(sa.delete(tables.requests).where(_R.id <= newest - rows))

    # Together with what callers write at the same time: a turn of its own would be theirs to wait.
    store.write_shared(work)


def list_requests(uow: UnitOfWork, wanted: Filter, limit: int) -> Iterator[Mapping[str, Any]]:
    """Return requests, the latest first."""
    query = sa.select(tables.requests).order_by(_R.id.desc()).limit(limit)
    if wanted.credential is not None:
        query = query.where(_R.credential == wanted.credential)
    if wanted.action is not None:
        query = query.where(sa.func.lower(_R.action) == wanted.action.lower())
    if wanted.since is not None:
        query = query.where(_R.received_at >= wanted.since)
    if wanted.refused:
        query = query.where(_R.outcome.not_in((OK, "passed")))
    return (_read(row) for row in uow.execute(query).mappings())


def show_requests(uow: UnitOfWork, request_id: str) -> list[Mapping[str, Any]]:
    """Return the requests of one id, the first one first. Raises `RequestNotFound`."""
    query = sa.select(tables.requests).where(_R.request_id == request_id).order_by(_R.id)
    found: list[Mapping[str, Any]] = [_read(row) for row in uow.execute(query).mappings()]
    if not found:
        raise RequestNotFound(request_id)
    return found


def _read(row: Mapping[Any, Any]) -> dict[str, Any]:
    texts = {name: row[name] and json.loads(row[name]) for name in ("asked", "told")}
    return {**row, **texts}


def traces(uow: UnitOfWork, request_id: str) -> Traces:
    """Return what the requests of one id left behind: read from the records themselves."""
    run, audit, document, attempt = (
        table.c for table in (tables.runs, tables.audit, tables.documents, tables.attempts)
    )
    runs = [
        dict(row)
        for row in uow.execute(
            sa.select(tables.runs).where(run.request_id == request_id).order_by(run.id)
        ).mappings()
    ]
    deeds = uow.execute(
        sa.select(audit.deed, audit.noun, audit.record_id)
        .where(audit.request_id == request_id)
        .order_by(audit.id)
    ).all()
    of_runs = sa.select(document.id).where(document.run_id.in_([each["id"] for each in runs]))
    in_runs = uow.execute(of_runs.order_by(document.id)).scalars().all() if runs else []
    alone = [row.record_id for row in deeds if row.deed == _ISSUED and row.noun in _KINDS]
    ids = sorted({*in_runs, *alone})
    sent = uow.execute(
        sa.select(attempt.reference, attempt.backend, attempt.command, attempt.state)
        .where(attempt.request_id == request_id)
        .order_by(attempt.began_at)
    )
    return Traces(
        runs=tuple(runs),
        documents=tuple(ids[:_NAMED]),
        document_count=len(ids),
        deeds=tuple(f"{row.deed} {row.noun} {row.record_id}" for row in deeds[:_NAMED]),
        forwards=tuple(
            f"{row.command} to {row.backend}: {row.state}, reference {row.reference}"
            for row in sent
            if row.backend not in OWN
        ),
    )


def milliseconds(seconds: float) -> int:
    """Return a time as the journal keeps it."""
    return math.ceil(seconds * 1000)

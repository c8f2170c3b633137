"""Drive a run: probe, page over whole clients, commit per page, and say honestly how it ended."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Decision
from adapter.billing.generate import RunTerms, decide
from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.errors import ClientNotFound, RunIncomplete, StoreUnavailable
from adapter.store import tables
from adapter.store.config import RunConfig
from adapter.store.run.load import load_clients, load_shared
from adapter.store.run.probe import nothing_due
from adapter.store.run.scope import Scope, anything_due, due_clients, due_conditions
from adapter.store.run.write import Written, write_decisions
from adapter.store.unit_of_work import RUN_ID, Store, UnitOfWork

DAILY = "daily"
_FIRST_PAGE = 20


@dataclass(slots=True)
class Progress:
    """What a run did so far. `digest` covers every document's content, in order."""

    count: int = 0
    last_id: int = 0
    parked: int = 0
    run_id: int | None = None
    complete: bool = False
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, written: Written, decisions: Sequence[Decision]) -> None:
        """Count one committed page."""
        self.count += written.count
        self.last_id = written.last_id or self.last_id
        self.parked += written.parked
        for decision in decisions:
            self.digest.update(repr(decision.documents).encode())


def generate_due(
    store: Store,
    config: RunConfig,
    command: GenerateDueInvoices,
    context: Context,
    *,
    kind: str = "api",
) -> InvoicesGenerated:
    """Issue everything that is due in the command's scope; return when all of it is committed.

    Raises `ClientNotFound`, or `RunIncomplete` with what this call issued when a bound of
    `config` was reached: committed pages stay, the next call goes on.
    """
    return run(store, config, command, context, kind=kind)[0]


def run(
    store: Store,
    config: RunConfig,
    command: GenerateDueInvoices,
    context: Context,
    *,
    kind: str = "api",
) -> tuple[InvoicesGenerated, Progress]:
    """Do what `generate_due` does; return the progress as well (digest, run id, parked)."""
    progress = Progress()
    clients = _due_at_start(store, command, context)
    if kind == DAILY and not clients and not context.dry_run:
        with store.write() as uow:
            _start(uow, context, command, kind, progress)
            _finish(uow, context, progress)
    while clients:
        done = progress.count + progress.parked
        try:
            _pages(store, config, command, context, kind, clients, progress)
        except StoreUnavailable as error:
            if progress.count == 0:
                raise
            # "Nothing was changed" would be untrue: earlier pages are committed.
            raise RunIncomplete(progress.count) from error
        if context.dry_run or progress.complete:
            # A dry run keeps nothing, so its rows stay due: one pass is the answer.
            break
        if progress.count + progress.parked == done:
            raise RunIncomplete(progress.count)
        clients = _due_at_start(store, command, context)
    return InvoicesGenerated(progress.count, progress.last_id or None), progress


def _due_at_start(store: Store, command: GenerateDueInvoices, context: Context) -> list[int]:
    if nothing_due(store, command, context.today):
        return []
    with store.read() as uow:
        if command.client_id is not None and uow.row(tables.clients, command.client_id) is None:
            raise ClientNotFound(command.client_id)
        scope = Scope.of(command, uow.settings)
        conditions = due_conditions(scope, uow.settings, context.today)
        if not anything_due(uow, conditions):
            return []
        return due_clients(uow, conditions)


def _pages(  # noqa: PLR0913 - the run's circumstances
    store: Store,
    config: RunConfig,
    command: GenerateDueInvoices,
    context: Context,
    kind: str,
    clients: Sequence[int],
    progress: Progress,
) -> None:
    position, size = 0, min(_FIRST_PAGE, config.page_clients)
    while position < len(clients):
        began = context.elapsed()
        if began > config.time_limit_seconds or progress.count >= config.document_limit:
            raise RunIncomplete(progress.count)
        page = clients[position : position + size]
        with store.write(keep=not context.dry_run) as uow:
            if progress.run_id is None:
                _start(uow, context, command, kind, progress)
            scope = Scope.of(command, uow.settings)
            written, decisions = _page(
                uow, context, scope, page, progress.run_id, send_email=command.send_email
            )
            position += len(page)
            _count(uow, progress, written)
            if position == len(clients) and not context.dry_run:
                conditions = due_conditions(scope, uow.settings, context.today)
                if not anything_due(uow, conditions):
                    _finish(uow, context, progress)
        progress.add(written, decisions)
        spent = context.elapsed() - began
        # Pages grow while they stay well inside their budget and shrink when they exceed it.
        if spent < config.page_seconds / 2:
            size = min(size * 2, config.page_clients)
        elif spent > config.page_seconds:
            size = max(1, size // 2)


def _page(  # noqa: PLR0913 - one page of a run
    uow: UnitOfWork,
    context: Context,
    scope: Scope,
    client_ids: Sequence[int],
    run_id: int | None,
    *,
    send_email: bool,
) -> tuple[Written, list[Decision]]:
    """Decide and write one page. Rows are read again here, under the writer's lock."""
    conditions = due_conditions(scope, uow.settings, context.today)
    shared = load_shared(uow)
    due, orphans = load_clients(uow, shared, client_ids, conditions, riders=scope.riders)
    terms = RunTerms(context.today, uow.settings, send_email=send_email)
    decisions = [decide(client, terms) for client in due]
    if orphans:
        decisions.append(Decision(parked=tuple(orphans)))
    return write_decisions(uow, context, run_id, decisions), decisions


def bill_first(  # noqa: PLR0913 - an order's three kinds of items
    uow: UnitOfWork,
    context: Context,
    client_id: int,
    *,
    service_ids: Sequence[int] = (),
    addon_ids: Sequence[int] = (),
    domain_ids: Sequence[int] = (),
    send_email: bool = True,
) -> int | None:
    """Bill the next period of these items now, inside the caller's transaction.

    Whatever their window, but never a second unpaid period. Returns the last invoice's id.
    """
    ids: dict[BillableKind, tuple[int, ...] | None] = {
        BillableKind.SERVICE: tuple(service_ids),
        BillableKind.ADDON: tuple(addon_ids),
        BillableKind.DOMAIN: tuple(domain_ids),
    }
    scope = Scope(client_id, ids, at_once=True, riders=False)
    written, _ = _page(uow, context, scope, [client_id], None, send_email=send_email)
    return written.last_id or None


def _start(
    uow: UnitOfWork,
    context: Context,
    command: GenerateDueInvoices,
    kind: str,
    progress: Progress,
) -> None:
    """Write the run's row together with its first page; a run that did nothing leaves none."""
    progress.run_id = uow.take(RUN_ID)
    scope = {
        "client_id": command.client_id,
        "service_ids": command.service_ids,
        "addon_ids": command.addon_ids,
        "domain_ids": command.domain_ids,
        "send_email": command.send_email,
    }
    uow.execute(
        sa.insert(tables.runs).values(
            id=progress.run_id,
            kind=kind,
            run_on=context.today,
            started_at=context.now,
            caller=context.caller.credential,
            request_id=context.request_id,
            scope={name: value for name, value in scope.items() if value is not None},
        )
    )


def _count(uow: UnitOfWork, progress: Progress, written: Written) -> None:
    runs = tables.runs
    uow.execute(
        sa.update(runs)
        .where(runs.c.id == progress.run_id)
        .values(
            document_count=runs.c.document_count + written.count,
            parked_count=runs.c.parked_count + written.parked,
        )
    )


def _finish(uow: UnitOfWork, context: Context, progress: Progress) -> None:
    runs = tables.runs
    uow.execute(
        sa.update(runs)
        .where(runs.c.id == progress.run_id)
        .values(finished_at=context.now, complete=True)
    )
    progress.complete = True


def last_daily_run(uow: UnitOfWork) -> date | None:
    """Return the account day of the latest complete daily run, None before the first."""
    runs = tables.runs
    query = sa.select(sa.func.max(runs.c.run_on)).where(runs.c.kind == DAILY, runs.c.complete)
    found: date | None = uow.execute(query).scalar()
    return found

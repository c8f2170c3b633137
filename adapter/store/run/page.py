"""One page of a run: what is due of its clients found, decided, and written in one transaction.

Plain items take the set-based path, everything else `billing.generate`. Deciding comes first:
the counters' rows are everybody's, and held from the first number until the commit.
"""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from adapter.billing.drafts import Decision
from adapter.billing.due import RunTerms
from adapter.billing.generate import decide
from adapter.billing.model import BillableKind
from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.store.run import plain
from adapter.store.run.blocks import take_numbers
from adapter.store.run.load import load_clients, load_shared
from adapter.store.run.rows import Shared
from adapter.store.run.scope import Scope, anything_due, due_conditions
from adapter.store.run.write import Pending, Written
from adapter.store.unit_of_work import Store, UnitOfWork

_RECURRING = BillableKind.RECURRING_INVOICE


@dataclass(frozen=True)
class PageJob:
    """What every page of a run is billed by, as long as the settings are the same."""

    context: Context
    scope: Scope
    settings: BusinessSettings
    send_email: bool
    mail_held_until: datetime | None = None

    @cached_property
    def conditions(self) -> Mapping[BillableKind, Any]:
        """What is due, a kind each. Building it costs more than a small page: ask when needed."""
        return due_conditions(self.scope, self.settings, self.context.today)


@dataclass(frozen=True, slots=True)
class Found:
    """What is due on a page: staged in SQL, and decided in Python."""

    shared: Shared
    staged: plain.PlainPage
    decisions: Sequence[Decision]

    def __bool__(self) -> bool:
        """Tell whether anything was due."""
        return bool(self.staged.count) or any(
            each.documents or each.moves or each.parked or each.held for each in self.decisions
        )


def find(uow: UnitOfWork, store: Store | None, job: PageJob, client_ids: Sequence[int]) -> Found:
    """Find and decide everything due of these held clients (ascending).

    Without `store` all of it in Python. Their rows are read here, not before.
    """
    shared = load_shared(uow)
    staged = plain.PlainPage(special=tuple(client_ids))
    if store is not None and client_ids and plain.can_serve(job.scope, uow.settings, shared):
        staged = plain.PlainPath(uow, store, job.context, shared).stage(client_ids)
    decisions: list[Decision] = []
    if staged.special or staged.recurring:
        conditions = job.conditions
        decisions = _decide(uow, job, shared, staged.special, conditions)
        only = {kind: each for kind, each in conditions.items() if kind is _RECURRING}
        decisions += _decide(uow, job, shared, staged.recurring, only)
    return Found(shared, staged, decisions)


def write(
    uow: UnitOfWork, store: Store | None, job: PageJob, found: Found, run_id: int | None
) -> Written:
    """Write what was found; the caller commits it together or not at all."""
    staged = found.staged
    pending = Pending.of(uow, job.context, run_id, found.decisions)
    count = staged.count + pending.count
    if not count:
        return Written(0, 0, pending.parked)
    numbers = take_numbers(uow, count)
    if store is not None and staged.count:
        path = plain.PlainPath(uow, store, job.context, found.shared)
        path.write(
            staged,
            run_id,
            numbers,
            send_email=job.send_email,
            held_until=job.mail_held_until,
        )
    if pending.count:
        pending.write(
            uow, job.context, numbers.after(staged.count), mail_held_until=job.mail_held_until
        )
    return Written(count, numbers.id_at(count - 1), pending.parked, numbers)


def _decide(
    uow: UnitOfWork,
    job: PageJob,
    shared: Shared,
    client_ids: Sequence[int],
    conditions: Mapping[BillableKind, Any],
) -> list[Decision]:
    if not client_ids:
        return []
    riders = job.scope.riders and len(conditions) > 1
    due, orphans = load_clients(uow, shared, client_ids, conditions, riders=riders)
    terms = RunTerms(job.context.today, uow.settings, send_email=job.send_email)
    decisions = [decide(client, terms) for client in due]
    if orphans:
        decisions.append(Decision(parked=tuple(orphans)))
    return decisions


def bill_page(
    uow: UnitOfWork,
    store: Store | None,
    job: PageJob,
    client_ids: Sequence[int],
    run_id: Callable[[], int | None],
) -> Written | None:
    """Bill everything due of these held clients (ascending); None when nothing was.

    `run_id` is asked for once something is to be written. What is billed may make more due: a
    period paid at issue, or one of many in a backlog. A run comes back for that with its next
    page; a dry run keeps nothing to come back to, so it looks again here.
    """
    whole: Written | None = None
    with _uncollected():
        while found := find(uow, store, job, client_ids):
            written = write(uow, store, job, found, run_id())
            whole = written if whole is None else whole.plus(written)
            if not job.context.dry_run:
                break
    return whole


@contextmanager
def _uncollected() -> Iterator[None]:
    """Leave the cycle collector out for a page: its many small values refer to nothing above them.

    Looking through them again and again costs a quarter of deciding; they go when the page does.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def bill_client(uow: UnitOfWork, context: Context, client_id: int) -> bool:
    """Bill what is due of one client, inside the caller's transaction; False when nothing was.

    The caller holds the client. What is held and parked counts as something.
    """
    scope = Scope.of(GenerateDueInvoices(client_id=client_id), uow.settings)
    conditions = due_conditions(scope, uow.settings, context.today)
    if not anything_due(uow, conditions):
        return False
    job = PageJob(context, scope, uow.settings, send_email=True)
    return bill_page(uow, None, job, [client_id], lambda: None) is not None


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

    Whatever their window, but never a second unpaid period. The caller holds the client. Returns
    the last invoice's id.
    """
    ids: dict[BillableKind, tuple[int, ...] | None] = {
        BillableKind.SERVICE: tuple(service_ids),
        BillableKind.ADDON: tuple(addon_ids),
        BillableKind.DOMAIN: tuple(domain_ids),
    }
    scope = Scope(client_id, ids, at_once=True, riders=False)
    job = PageJob(context, scope, uow.settings, send_email=send_email)
    found = find(uow, None, job, [client_id])
    return write(uow, None, job, found, None).last_id or None

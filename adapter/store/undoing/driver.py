"""Drive an undo: page over whole clients, each page one transaction, the rest to be done again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, DocumentKind
from adapter.commands.context import Context
from adapter.errors import ClientNotFound, OutcomeUnknown, StateError, StoreUnavailable
from adapter.store import tables
from adapter.store.faults import Point, reached
from adapter.store.queue import TABLES
from adapter.store.run.holding import hold
from adapter.store.undoing.crediting import credit_back, unsettle, void, withdraw_mails
from adapter.store.undoing.deciding import PASSED, Kept, Undoing, decide, listed
from adapter.store.undoing.parking import parked_by, put_back
from adapter.store.undoing.stepping import step_back
from adapter.store.unit_of_work import Conflict, Store, UnitOfWork

_D, _RUNS, _HELD = tables.documents, tables.runs, tables.held_occurrences
_FIRST_PAGE: Final = 20
_MOST: Final = 500
_PAGE_SECONDS: Final = 0.5


class RunNotFound(StateError):
    """There is no such run."""

    code = "run_not_found"

    def __init__(self, run_id: int) -> None:
        super().__init__(f"There is no run {run_id} (`adapter runs list` names them)")


class UndoIncomplete(StateError):
    """The undo stopped; committed pages stay, the same command does the rest."""

    code = "undo_incomplete"

    def __init__(self, undone: int) -> None:
        super().__init__(f"Undo incomplete: {undone} undone so far; undo again to continue")
        self.undone = undone


@dataclass(slots=True)
class Undone:
    """What an undo did, or with a dry run would do.

    `credited` are invoices with the credit notes over them, `kept` what stays with the reason;
    `before` counts what was undone before, `meanwhile` what the run, still going on, issued since.
    `mails` were withdrawn; `periods` are free to be billed again, and `unparked` billables that
    the run had parked are tried again.
    """

    run_id: int
    run_on: date
    complete: bool
    before: int = 0
    voided: list[int] = field(default_factory=list)
    credited: list[tuple[int, int]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    mails: int = 0
    periods: int = 0
    unparked: int = 0
    meanwhile: int = 0

    @property
    def count(self) -> int:
        """How many documents were taken back."""
        return len(self.voided) + len(self.credited)

    def add(self, page: "Undone") -> None:
        """Count one committed page."""
        self.voided += page.voided
        self.credited += page.credited
        self.kept += page.kept
        self.mails += page.mails
        self.periods += page.periods
        self.unparked += page.unparked


def undo_run(
    store: Store,
    context: Context,
    run_id: int,
    *,
    client_id: int | None = None,
    credit: bool = False,
) -> Undone:
    """Take back what a run issued and nobody has paid, of one client or of all.

    An invoice is voided; one whose mail is gone stays, or with `credit` gets a credit note. What
    the run passed over (`held_occurrences`) or parked is open again too. Whole clients in one
    transaction: a repeated undo does the rest. Raises `RunNotFound`, `ClientNotFound`, `OnHold`,
    `UndoIncomplete`.
    Source: contracts/decisions.md, "Undoing a run".
    """
    done, run = _begin(store, run_id, client_id)
    clients = _clients(store, run, client_id)
    position, size = 0, _FIRST_PAGE
    while position < len(clients):
        began = context.elapsed()
        page = clients[position : position + size]
        try:
            done.add(_page(store, context, run, page, done, credit=credit))
        except OutcomeUnknown:
            raise
        except StoreUnavailable as error:
            if not done.count:
                raise
            raise UndoIncomplete(done.count) from error
        position += size
        spent = context.elapsed() - began
        size = max(1, size // 2) if spent > _PAGE_SECONDS else min(size * 2, _MOST)
    if not context.dry_run:
        done.meanwhile = _left(store, run_id, client_id) - len(done.kept)
    return done


def _page(  # noqa: PLR0913 - one page and what is known of its run
    store: Store,
    context: Context,
    run: Undoing,
    client_ids: Sequence[int],
    done: Undone,
    *,
    credit: bool,
) -> Undone:
    """Take one page back, once more where the database undid it."""
    try:
        return _attempt(store, context, run, client_ids, done, credit=credit)
    except Conflict:
        return _attempt(store, context, run, client_ids, done, credit=credit)


def _attempt(  # noqa: PLR0913 - the same
    store: Store,
    context: Context,
    run: Undoing,
    client_ids: Sequence[int],
    done: Undone,
    *,
    credit: bool,
) -> Undone:
    page = Undone(done.run_id, done.run_on, done.complete)
    with store.write(keep=not context.dry_run) as uow:
        uow.require_no_hold()
        hold(uow, client_ids, wait=True)
        reached(Point.LOCK)
        found = decide(uow, run, client_ids, credit=credit)
        page.kept = found.kept
        ids = found.undone_ids
        if ids:
            page.mails = withdraw_mails(uow, context, run.run_id, ids)
        for row in (*found.voids, *found.credits):
            unsettle(uow, context, row)
        claims = [claim for each in ids for claim in found.claims.get(each, ())]
        if ids:
            uow.execute(
                sa.delete(tables.claims).where(tables.claims.c.document_id.in_(listed(ids)))
            )
        reached(Point.CLAIM)
        page.periods = step_back(uow, context, run, client_ids, claims)
        for each in client_ids:
            page.unparked += put_back(uow, context, run.parked.get(each, ()))
        for row in found.voids:
            void(uow, context, run.run_id, row)
            page.voided.append(row["id"])
        for row in found.credits:
            page.credited.append((row["id"], credit_back(uow, context, run.run_id, row)))
        reached(Point.INSERT)
        if page.count:
            _count(uow, context, run.run_id, page.count)
    return page


def _count(uow: UnitOfWork, context: Context, run_id: int, count: int) -> None:
    uow.execute(
        sa.update(_RUNS)
        .where(_RUNS.c.id == run_id)
        .values(undone_count=_RUNS.c.undone_count + count, undone_at=context.now)
    )
    uow.audit(context, "undo", "run", run_id, {"documents": count})


def _begin(store: Store, run_id: int, client_id: int | None) -> tuple[Undone, Undoing]:
    with store.read() as uow:
        row = uow.row(_RUNS, run_id)
        if row is None:
            raise RunNotFound(run_id)
        if client_id is not None and uow.row(tables.clients, client_id) is None:
            raise ClientNotFound(client_id)
        before = _of_run(run_id, client_id, sa.func.count()).where(_D.c.undone_at.is_not(None))
        done = Undone(run_id, row["run_on"], row["complete"])
        done.before = int(uow.execute(before).scalar() or 0)
        return done, Undoing(run_id, row["started_at"], parked_by(uow, run_id))


def _left(store: Store, run_id: int, client_id: int | None) -> int:
    """Return how many of the run's documents are not undone."""
    left = _of_run(run_id, client_id, sa.func.count()).where(_D.c.undone_at.is_(None))
    with store.read() as uow:
        return int(uow.execute(left).scalar() or 0)


def _clients(store: Store, run: Undoing, client_id: int | None) -> list[int]:
    """Return the clients, ascending, of whom the run issued, parked or passed over something."""
    found = {each for each in run.parked if client_id in {None, each}}
    with store.read() as uow:
        issued = _of_run(run.run_id, client_id, _D.c.client_id).where(_D.c.undone_at.is_(None))
        found.update(uow.execute(issued.distinct()).scalars())
        for kind in BillableKind:
            table = TABLES[kind]
            passed = (
                sa.select(table.c.client_id)
                .join(
                    _HELD, sa.and_(_HELD.c.billable_id == table.c.id, _HELD.c.kind == kind.value)
                )
                .where(_HELD.c.run_id == run.run_id, _HELD.c.reason.in_(PASSED))
                .distinct()
            )
            if client_id is not None:
                passed = passed.where(table.c.client_id == client_id)
            found.update(uow.execute(passed).scalars())
    return sorted(found)


def _of_run(run_id: int, client_id: int | None, column: Any) -> sa.Select[Any]:
    query = sa.select(column).where(_D.c.run_id == run_id, _D.c.kind == DocumentKind.INVOICE.value)
    return query if client_id is None else query.where(_D.c.client_id == client_id)

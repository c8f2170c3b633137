"""Issue a held date because the operator says so, with the run's own code."""

from dataclasses import replace
from datetime import date

import sqlalchemy as sa

from adapter.billing.drafts import ClaimDraft, Decision, DocumentDraft, QueueMove
from adapter.billing.due import ClientDue, DueRecurring, RunTerms
from adapter.billing.generate import decide
from adapter.billing.model import BillableKind, CatchUp, HeldReason
from adapter.billing.schedule import first_occurrence_from, occurrence_date
from adapter.commands.context import Context
from adapter.errors import CannotBill
from adapter.store.queue import TABLES, requeue
from adapter.store.run.load import load_clients, load_shared
from adapter.store.run.write import write_decisions
from adapter.store.schedules import BillableNotFound, decide_held
from adapter.store.unit_of_work import UnitOfWork


def issue_held(  # noqa: PLR0913 - a date and whether to mail it
    uow: UnitOfWork,
    context: Context,
    kind: BillableKind,
    billable_id: int,
    due_on: date,
    *,
    send_email: bool = True,
) -> int:
    """Issue the document of a held date, dated as the run would; return its id.

    The billable's due date and place in the queue stay where they are, also when this is paid.
    Raises `BillableNotFound`, `NotHeld`, or `CannotBill` with the reason.
    """
    row = uow.held(TABLES[kind], billable_id)
    if row is None:
        raise BillableNotFound(kind, billable_id)
    decide_held(uow, context, kind, billable_id, due_on, HeldReason.ISSUED)
    table = TABLES[kind]
    # For now the held date is the next one; `stays` puts the billable back to its own place.
    uow.execute(sa.update(table).where(table.c.id == billable_id).values(next_invoice_on=due_on))
    condition = {kind: table.c.id == billable_id}
    shared = load_shared(uow)
    due, orphans = load_clients(uow, shared, [row["client_id"]], condition, riders=False)
    if orphans:
        raise CannotBill(orphans[0].reason)
    terms = RunTerms(context.today, uow.settings, send_email=send_email)
    decision = decide(_narrowed(due[0], due_on), terms)
    if decision.parked:
        raise CannotBill(decision.parked[0].reason)
    if not decision.documents:
        raise CannotBill(f"{due_on} lies ahead")
    (move,) = decision.moves
    limit = row.get("recurrence_limit")
    stays = QueueMove(
        kind,
        billable_id,
        next_invoice_on=row["next_invoice_on"],
        issued=move.issued,
        fence=move.fence,
        next_due_on=row["next_due_on"] if kind is BillableKind.BILLABLE_ITEM else None,
        occurrence=row.get("occurrence"),
        ended=bool(row.get("ended")) or bool(limit and row["generation_count"] + 1 >= limit),
        promotion_uses=move.promotion_uses,
    )
    documents = tuple(_without_next(document) for document in decision.documents)
    written = write_decisions(uow, context, None, [Decision(documents, (stays,))])
    requeue(uow, kind, billable_id)
    return written.last_id


def _narrowed(client: ClientDue, due_on: date) -> ClientDue:
    """Return the client with the one billable, at the one date."""
    return replace(
        client,
        items=tuple(replace(item, catch_up=CatchUp.ONE_PER_DAY) for item in client.items),
        recurring=tuple(_recurring_at(each, due_on) for each in client.recurring),
    )


def _recurring_at(recurring: DueRecurring, due_on: date) -> DueRecurring:
    n = first_occurrence_from(recurring.start_on, recurring.frequency, due_on)
    if occurrence_date(recurring.start_on, recurring.frequency, n) != due_on:
        raise CannotBill(f"{due_on} is no date of the schedule any more")
    return replace(recurring, occurrence=n, catch_up=CatchUp.ONE_PER_DAY)


def _without_next(document: DocumentDraft) -> DocumentDraft:
    """Return the document with claims that move no due date when it is paid."""
    claims: tuple[ClaimDraft, ...] = tuple(
        claim._replace(next_on=None) for claim in document.claims
    )
    return document._replace(claims=claims)

"""Write what was decided: documents, lines, claims, queue moves and outbox rows, in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Decision, DocumentDraft, LineDraft
from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.faults import Point, reached
from adapter.store.numbers import custom_number
from adapter.store.outbox import enqueue_many, mail_row
from adapter.store.queue import TABLES
from adapter.store.transitions import add_credit, settle
from adapter.store.unit_of_work import DOCUMENT_ID, INVOICE_NUMBER, UnitOfWork

_DOCUMENTS = sa.insert(tables.documents)
_LINES = sa.insert(tables.document_lines)
_CLAIMS = sa.insert(tables.claims)
_HELD = sa.insert(tables.held_occurrences)
_PROMOTED = (BillableKind.SERVICE, BillableKind.DOMAIN)


@dataclass(frozen=True, slots=True)
class Written:
    """What one page issued. `last_id` is 0 when it issued nothing."""

    count: int
    last_id: int
    parked: int


def write_decisions(
    uow: UnitOfWork, context: Context, run_id: int | None, decisions: Sequence[Decision]
) -> Written:
    """Write a page's decisions; the caller commits them together or not at all.

    Ids and numbers are taken as one block each, in the order of the decisions, so they have no
    gaps. A period that was claimed before violates the claims' key and nothing is written.
    """
    drafts = [draft for decision in decisions for draft in decision.documents]
    parked = [entry for decision in decisions for entry in decision.parked]
    last_id = 0
    # Before the documents: one that is paid at once moves its items on from here.
    _move_queue(uow, context, decisions)
    for entry in parked:
        table = TABLES[entry.kind]
        uow.execute(
            sa.update(table)
            .where(table.c.id == entry.billable_id)
            .values(next_invoice_on=None, parked_reason=entry.reason[:255], parked_at=context.now)
        )
    held = [
        {
            "kind": entry.kind.value,
            "billable_id": entry.billable_id,
            "due_on": entry.due_on,
            "reason": entry.reason,
            "recorded_at": context.now,
        }
        for decision in decisions
        for entry in decision.held
    ]
    if held:
        uow.execute(_HELD, held)
    # Counters last: their rows are everybody's, and held until the commit.
    if drafts:
        last_id = _write_documents(uow, context, run_id, drafts)
    return Written(len(drafts), last_id, len(parked))


def _write_documents(
    uow: UnitOfWork, context: Context, run_id: int | None, drafts: Sequence[DocumentDraft]
) -> int:
    step = uow.settings.id_increment
    first_id = uow.take(DOCUMENT_ID, len(drafts), step=step)
    first_number = uow.take(INVOICE_NUMBER, len(drafts))
    reached(Point.NUMBER)
    documents, lines, claims, mails = [], [], [], []
    for position, draft in enumerate(drafts):
        document_id = first_id + position * step
        number = first_number + position
        documents.append(_document(uow, context, run_id, document_id, number, draft))
        lines += [_line(document_id, n, line) for n, line in enumerate(draft.lines)]
        claims += [
            {
                "kind": claim.kind.value,
                "billable_id": claim.billable_id,
                "due_on": claim.due_on,
                "document_id": document_id,
                "next_on": claim.next_on,
                "moved": False,
                "run_id": run_id,
                "fence": claim.fence,
                "rule": claim.rule,
                "inputs_digest": claim.inputs_digest,
                "settings_version": uow.settings.settings_version,
                "claimed_at": context.now,
            }
            for claim in draft.claims
        ]
        if draft.send_email:
            mails.append(mail_row(context, "Invoice Created", draft.client_id, document_id))
    # Claims first: a period billed before fails here, before its document was written.
    uow.execute(_CLAIMS, claims)
    reached(Point.CLAIM)
    uow.execute(_DOCUMENTS, documents)
    uow.execute(_LINES, lines)
    enqueue_many(uow, mails)
    reached(Point.INSERT)
    for position, draft in enumerate(drafts):
        document_id = first_id + position * step
        if draft.credit:
            _use_credit(uow, context, document_id, draft)
        if not draft.total:
            settle(uow, context, document_id, send_email=draft.send_email)
    return first_id + (len(drafts) - 1) * step


def _document(  # noqa: PLR0913 - one row
    uow: UnitOfWork,
    context: Context,
    run_id: int | None,
    document_id: int,
    number: int,
    draft: DocumentDraft,
) -> dict[str, Any]:
    extras = draft.positional
    number_text = ""
    if extras is not None:
        number_text = f"{extras.number_prefix}{number}{extras.number_suffix}"
    elif uow.settings.custom_numbers and not uow.settings.proforma:
        number_text = custom_number(uow, draft.issued_on)
    return {
        "id": document_id,
        "kind": DocumentKind.INVOICE.value,
        "client_id": draft.client_id,
        "currency": draft.currency,
        "status": InvoiceStatus.UNPAID.value,
        "number": number,
        "number_text": number_text,
        "issued_on": draft.issued_on,
        "due_on": draft.due_on,
        "subtotal": draft.totals.subtotal,
        "credit": draft.credit,
        "tax": draft.totals.tax,
        "tax_2": draft.totals.tax_2,
        "total": draft.total,
        "paid": 0,
        "tax_rate": draft.tax_rate,
        "tax_rate_2": draft.tax_rate_2,
        "rounding": draft.rounding.value,
        "tax_inclusive": draft.tax_inclusive,
        "payment_method": draft.payment_method,
        "notes": "",
        "order_number": "" if extras is None else extras.order_number,
        "custom_values": None if extras is None else list(extras.custom_values),
        "origin": "autogen",
        "run_id": run_id,
        "recurring_invoice_id": None if extras is None else extras.recurring_invoice_id,
        "send_email": draft.send_email,
        "hidden": False,
        "created_at": context.now,
        "updated_at": context.now,
    }


def _line(document_id: int, position: int, line: LineDraft) -> dict[str, Any]:
    return {
        "document_id": document_id,
        "position": position,
        "line_type": line.line_type.value,
        "related_id": line.related_id,
        "description": line.description,
        "amount": line.amount,
        "taxed": line.taxed,
        "product_code": line.product_code,
        "quantity": line.quantity,
        "unit_price": line.unit_price,
        "net": None if line.net is None else line.net.hundredths,
        "vat": None if line.vat is None else line.vat.hundredths,
        "vat_rate": line.vat_rate,
        "custom": None if line.custom is None else list(line.custom),
        "cost_price": line.cost_price,
    }


def _use_credit(uow: UnitOfWork, context: Context, document_id: int, draft: DocumentDraft) -> None:
    """Book the credit that the document was decided to use; it already stands on the document."""
    used = draft.credit.hundredths
    text = f"Credit Applied to Invoice #{document_id}"
    add_credit(uow, context, draft.client_id, -used, text, document_id)


def _move_queue(uow: UnitOfWork, context: Context, decisions: Iterable[Decision]) -> None:
    by_kind: dict[tuple[BillableKind, bool], list[dict[str, Any]]] = {}
    for decision in decisions:
        for move in decision.moves:
            row: dict[str, Any] = {
                "key": move.billable_id,
                "queue": move.next_invoice_on,
                "issued": move.issued,
                "today": context.today,
            }
            if move.kind is BillableKind.BILLABLE_ITEM:
                row["due"] = move.next_due_on
            elif move.kind is BillableKind.RECURRING_INVOICE:
                row["occurrence_now"] = move.occurrence
                row["ended_now"] = move.ended
            by_kind.setdefault((move.kind, move.promotion_used), []).append(row)
    for (kind, promotion_used), rows in by_kind.items():
        uow.execute(_queue_update(kind, promotion_used=promotion_used), rows)


def _queue_update(kind: BillableKind, *, promotion_used: bool) -> Any:
    table = TABLES[kind]
    issued: sa.BindParameter[int] = sa.bindparam("issued", type_=sa.Integer)
    values: dict[str, Any] = {
        "next_invoice_on": sa.bindparam("queue"),
        "generation_count": table.c.generation_count + issued,
        "last_issued_on": sa.case(
            (issued > 0, sa.bindparam("today", type_=sa.Date)), else_=table.c.last_issued_on
        ),
    }
    if kind is BillableKind.BILLABLE_ITEM:
        values["next_due_on"] = sa.bindparam("due")
    elif kind is BillableKind.RECURRING_INVOICE:
        values["occurrence"] = sa.bindparam("occurrence_now")
        values["ended"] = sa.bindparam("ended_now")
        values["next_due_on"] = sa.bindparam("queue")
    if promotion_used and kind in _PROMOTED:
        values["promotion_uses"] = table.c.promotion_uses + 1
    return sa.update(table).where(table.c.id == sa.bindparam("key")).values(**values)

"""Write what was decided: documents, lines, claims, queue moves and outbox rows, in bulk."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Decision, DocumentDraft, LineDraft
from adapter.billing.model import DocumentKind, InvoiceStatus
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.bulk import Bulk
from adapter.store.faults import Point, reached
from adapter.store.numbers import custom_number
from adapter.store.outbox import created_row, enqueue_many
from adapter.store.queue import TABLES, pass_held
from adapter.store.run.blocks import Numbers, take_numbers
from adapter.store.run.moves import move_queue
from adapter.store.transitions import add_credit, settle
from adapter.store.unit_of_work import UnitOfWork

_DOCUMENTS = Bulk(
    tables.documents,
    (
        "id", "kind", "client_id", "currency", "status", "number", "number_text", "issued_on",
        "due_on", "subtotal", "credit", "tax", "tax_2", "total", "paid", "tax_rate", "tax_rate_2",
        "rounding", "tax_inclusive", "payment_method", "notes", "order_number", "custom_values",
        "origin", "run_id", "recurring_invoice_id", "send_email", "hidden", "created_at",
        "updated_at",
    ),
)  # fmt: skip
_LINES = Bulk(
    tables.document_lines,
    (
        "document_id", "position", "line_type", "related_id", "description", "amount", "taxed",
        "product_code", "quantity", "unit_price", "net", "vat", "vat_rate", "custom", "cost_price",
    ),
)  # fmt: skip
_CLAIMS = Bulk(
    tables.claims,
    (
        "kind", "billable_id", "due_on", "document_id", "next_on", "moved", "run_id", "fence",
        "rule", "inputs_digest", "settings_version", "claimed_at",
    ),
)  # fmt: skip
_HELD = sa.insert(tables.held_occurrences)


@dataclass(frozen=True, slots=True)
class Written:
    """What one page issued, under which ids. `last_id` is 0 when it issued nothing."""

    count: int
    last_id: int
    parked: int
    numbers: Numbers | None = None

    def plus(self, more: "Written") -> "Written":
        """Return both together; the ids of `more` follow ours."""
        return Written(
            self.count + more.count,
            more.last_id or self.last_id,
            self.parked + more.parked,
            self.numbers or more.numbers,
        )


NOTHING = Written(0, 0, 0)


def write_decisions(
    uow: UnitOfWork,
    context: Context,
    run_id: int | None,
    decisions: Sequence[Decision],
    numbers: Numbers | None = None,
) -> Written:
    """Write a page's decisions; the caller commits them together or not at all.

    Ids and numbers are one block each, in the order of the decisions, so they have no gaps; where
    `numbers` gives none they are taken here. A period that was claimed before violates the
    claims' key and nothing is written.
    """
    drafts = [draft for decision in decisions for draft in decision.documents]
    parked = [entry for decision in decisions for entry in decision.parked]
    last_id = 0
    # Before the documents: one that is paid at once moves its items on from here.
    _hold(uow, context, decisions)
    move_queue(uow, context, decisions)
    for entry in parked:
        table = TABLES[entry.kind]
        uow.execute(
            sa.update(table)
            .where(table.c.id == entry.billable_id)
            .values(next_invoice_on=None, parked_reason=entry.reason[:255], parked_at=context.now)
        )
    # Counters last: their rows are everybody's, and held until the commit.
    if drafts:
        taken = numbers or take_numbers(uow, len(drafts))
        last_id = _write_documents(uow, context, run_id, drafts, taken)
    return Written(len(drafts), last_id, len(parked))


def _write_documents(
    uow: UnitOfWork,
    context: Context,
    run_id: int | None,
    drafts: Sequence[DocumentDraft],
    numbers: Numbers,
) -> int:
    documents, lines, claims, mails = [], [], [], []
    version, now = uow.settings.settings_version, context.now
    for position, draft in enumerate(drafts):
        document_id = numbers.id_at(position)
        documents.append(_document(uow, context, run_id, document_id, position, numbers, draft))
        lines += [_line(document_id, n, line) for n, line in enumerate(draft.lines)]
        claims += [
            [
                claim.kind.value,
                claim.billable_id,
                claim.due_on,
                document_id,
                claim.next_on,
                False,
                run_id,
                claim.fence,
                claim.rule,
                claim.inputs_digest,
                version,
                now,
            ]
            for claim in draft.claims
        ]
        if draft.send_email:
            mails.append(created_row(context, draft.client_id, document_id))
    connection = uow.connection
    # Claims first: a period billed before fails here, before its document was written.
    _CLAIMS.insert(connection, claims)
    reached(Point.CLAIM)
    _DOCUMENTS.insert(connection, documents)
    _LINES.insert(connection, lines)
    enqueue_many(uow, mails)
    reached(Point.INSERT)
    for position, draft in enumerate(drafts):
        document_id = numbers.id_at(position)
        if draft.credit:
            _use_credit(uow, context, document_id, draft)
        if not draft.total:
            settle(uow, context, document_id, send_email=draft.send_email)
    return numbers.id_at(len(drafts) - 1)


def _document(  # noqa: PLR0913 - one row
    uow: UnitOfWork,
    context: Context,
    run_id: int | None,
    document_id: int,
    position: int,
    numbers: Numbers,
    draft: DocumentDraft,
) -> list[Any]:
    extras, totals = draft.positional, draft.totals
    number = numbers.first_number + position
    number_text = ""
    if extras is not None:
        number_text = f"{extras.number_prefix}{number}{extras.number_suffix}"
    elif uow.settings.custom_numbers and not uow.settings.proforma:
        number_text = custom_number(uow, draft.issued_on)
    return [
        document_id,
        DocumentKind.INVOICE.value,
        draft.client_id,
        draft.currency,
        InvoiceStatus.UNPAID.value,
        number,
        number_text,
        draft.issued_on,
        draft.due_on,
        totals.subtotal.hundredths,
        draft.credit.hundredths,
        totals.tax.hundredths,
        totals.tax_2.hundredths,
        draft.total.hundredths,
        0,
        draft.tax_rate,
        draft.tax_rate_2,
        draft.rounding.value,
        draft.tax_inclusive,
        draft.payment_method,
        "",
        "" if extras is None else extras.order_number,
        None if extras is None else list(extras.custom_values),
        "autogen",
        run_id,
        None if extras is None else extras.recurring_invoice_id,
        draft.send_email,
        False,
        context.now,
        context.now,
    ]


def _line(document_id: int, position: int, line: LineDraft) -> list[Any]:
    return [
        document_id,
        position,
        line.line_type.value,
        line.related_id,
        line.description,
        line.amount.hundredths,
        line.taxed,
        line.product_code,
        line.quantity,
        line.unit_price,
        None if line.net is None else line.net.hundredths,
        None if line.vat is None else line.vat.hundredths,
        line.vat_rate,
        None if line.custom is None else list(line.custom),
        line.cost_price,
    ]


def _use_credit(uow: UnitOfWork, context: Context, document_id: int, draft: DocumentDraft) -> None:
    """Book the credit that the document was decided to use; it already stands on the document."""
    used = draft.credit.hundredths
    text = f"Credit Applied to Invoice #{document_id}"
    add_credit(uow, context, draft.client_id, -used, text, document_id)


def _hold(uow: UnitOfWork, context: Context, decisions: Iterable[Decision]) -> None:
    """Record the dates that are not billed, and move due dates past them."""
    held = [entry for decision in decisions for entry in decision.held]
    rows = [
        {
            "kind": entry.kind.value,
            "billable_id": entry.billable_id,
            "due_on": entry.due_on,
            "reason": entry.reason.value,
            "recorded_at": context.now,
            "next_on": entry.next_on,
        }
        for entry in held
    ]
    if rows:
        uow.execute(_HELD, rows)
    for kind, billable_id in sorted({(entry.kind, entry.billable_id) for entry in held}):
        pass_held(uow, kind, billable_id)

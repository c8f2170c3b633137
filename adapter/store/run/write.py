"""Write what was decided: documents, lines, claims, queue moves and outbox rows, in bulk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Decision, DocumentDraft, Parked
from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.bulk import Bulk
from adapter.store.faults import Point, reached
from adapter.store.lines import LINE_COLUMNS, LINES, line_row
from adapter.store.numbers import custom_number
from adapter.store.outbox import enqueue_created
from adapter.store.queue import TABLES, pass_held
from adapter.store.run.blocks import Numbers, take_numbers
from adapter.store.run.moves import move_queue
from adapter.store.transitions import add_credit, settle
from adapter.store.unit_of_work import UnitOfWork

_DOCUMENT = (
    "id", "kind", "client_id", "currency", "status", "number", "number_text", "issued_on",
    "due_on", "subtotal", "credit", "tax", "tax_2", "total", "paid", "tax_rate", "tax_rate_2",
    "rounding", "tax_inclusive", "payment_method", "notes", "order_number", "custom_values",
    "origin", "run_id", "recurring_invoice_id", "send_email", "hidden", "created_at",
    "updated_at", "discount_amount", "discount_percentage", "original_currency", "exchange_rate",
)  # fmt: skip
_DOCUMENTS = Bulk(tables.documents, _DOCUMENT)
_ID, _NUMBER, _NUMBER_TEXT, _TOTAL = map(_DOCUMENT.index, ("id", "number", "number_text", "total"))
_CLAIM = (
    "kind", "billable_id", "due_on", "document_id", "next_on", "moved", "run_id", "fence",
    "rule", "inputs_digest", "settings_version", "claimed_at",
)  # fmt: skip
_CLAIMS = Bulk(tables.claims, _CLAIM)
_OF_LINE = LINE_COLUMNS.index("document_id")
_OF_CLAIM = _CLAIM.index("document_id")
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
    uow: UnitOfWork, context: Context, run_id: int | None, decisions: Sequence[Decision]
) -> Written:
    """Write a page's decisions; the caller commits them together or not at all.

    Ids and numbers are one block each, in the order of the decisions, so they have no gaps. A
    period that was claimed before violates the claims' key and nothing is written.
    """
    pending = Pending.of(uow, context, run_id, decisions)
    if not pending.count:
        return Written(0, 0, pending.parked)
    numbers = take_numbers(uow, pending.count)
    pending.write(uow, context, numbers)
    return Written(pending.count, numbers.id_at(pending.count - 1), pending.parked)


@dataclass(frozen=True, slots=True)
class Pending:
    """What was decided, as rows that lack nothing but ids and numbers.

    The counters' rows are everybody's and held until the commit, so nothing that can be done
    before they are taken is left for after. Where an id belongs, a row has its document's
    position. `mails` are the clients and positions of documents that are announced, `settled`
    those that use credit or are paid at once; `printed` is what `_printed` says of each document.
    """

    documents: list[list[Any]]
    lines: list[list[Any]]
    claims: list[list[Any]]
    mails: list[tuple[int, int]]
    settled: list[tuple[int, DocumentDraft]]
    printed: list[tuple[str, str] | date]
    parked: int

    @classmethod
    def of(
        cls,
        uow: UnitOfWork,
        context: Context,
        run_id: int | None,
        decisions: Sequence[Decision],
    ) -> "Pending":
        """Move the queue, and make the rows of everything else."""
        drafts = [draft for decision in decisions for draft in decision.documents]
        parked = [entry for decision in decisions for entry in decision.parked]
        # Before the documents: one that is paid at once moves its items on from here.
        _hold(uow, context, run_id, decisions)
        move_queue(uow, context, decisions)
        for entry in parked:
            _park(uow, context, entry)
        note_parked(uow, run_id, parked)
        documents, lines, claims = [], [], []
        version, now = uow.settings.settings_version, context.now
        for at, draft in enumerate(drafts):
            documents.append(_document(context, run_id, at, draft))
            lines += [line_row(at, n, line) for n, line in enumerate(draft.lines)]
            claims += [
                [kind.value, billable_id, due_on, at, next_on, False, run_id, fence, rule, digest,
                 version, now]
                for kind, billable_id, due_on, next_on, rule, digest, fence in draft.claims
            ]  # fmt: skip
        dialect = uow.connection.dialect
        _CLAIMS.bring_into_form(dialect, claims)
        _DOCUMENTS.bring_into_form(dialect, documents)
        LINES.bring_into_form(dialect, lines)
        return cls(
            documents,
            lines,
            claims,
            [(draft.client_id, at) for at, draft in enumerate(drafts) if draft.send_email],
            [
                (at, draft)
                for at, draft in enumerate(drafts)
                if draft.credit or not documents[at][_TOTAL]
            ],
            [_printed(draft) for draft in drafts],
            len(parked),
        )

    @property
    def count(self) -> int:
        """How many documents there are."""
        return len(self.documents)

    def write(
        self,
        uow: UnitOfWork,
        context: Context,
        numbers: Numbers,
        *,
        mail_held_until: datetime | None = None,
    ) -> None:
        """Give the documents their ids and numbers, in order, and write every row.

        Their mail does not leave before `mail_held_until`, by the account's clock.
        """
        ids = [numbers.id_at(at) for at in range(self.count)]
        prints_own = uow.settings.custom_numbers and not uow.settings.proforma
        for at, (row, printed) in enumerate(zip(self.documents, self.printed, strict=True)):
            number = numbers.first_number + at
            row[_ID], row[_NUMBER] = ids[at], number
            if isinstance(printed, tuple):
                row[_NUMBER_TEXT] = f"{printed[0]}{number}{printed[1]}"
            elif prints_own:
                row[_NUMBER_TEXT] = custom_number(uow, printed)
        for row in self.lines:
            row[_OF_LINE] = ids[row[_OF_LINE]]
        for row in self.claims:
            row[_OF_CLAIM] = ids[row[_OF_CLAIM]]
        connection = uow.connection
        # Claims first: a period billed before fails here, before its document was written.
        _CLAIMS.write(connection, self.claims)
        reached(Point.CLAIM)
        _DOCUMENTS.write(connection, self.documents)
        LINES.write(connection, self.lines)
        mailed = [(client_id, ids[at]) for client_id, at in self.mails]
        enqueue_created(uow, context, mailed, mail_held_until)
        reached(Point.INSERT)
        for at, draft in self.settled:
            if draft.credit:
                _use_credit(uow, context, ids[at], draft)
            if not draft.total:
                settle(uow, context, ids[at], send_email=draft.send_email)


def _park(uow: UnitOfWork, context: Context, entry: Parked) -> None:
    table = TABLES[entry.kind]
    uow.execute(
        sa.update(table)
        .where(table.c.id == entry.billable_id)
        .values(next_invoice_on=None, parked_reason=reason_kept(entry), parked_at=context.now)
    )


def reason_kept(entry: Parked) -> str:
    """Return as much of the reason as the billable itself keeps; its run keeps all of it."""
    return entry.reason[:255]


def note_parked(uow: UnitOfWork, run_id: int | None, parked: Sequence[Parked]) -> None:
    """Keep what a run parked with the run: the billable forgets it when it is put right."""
    if parked and run_id is not None:
        content = [[entry.kind.value, entry.billable_id, entry.reason] for entry in parked]
        uow.insert(tables.run_parked, run_id=run_id, content=content)


def noted_parked(uow: UnitOfWork, run_id: int) -> Iterator[Parked]:
    """Yield what a run parked, in that order, whatever became of it since."""
    pages = tables.run_parked.c
    query = sa.select(pages.content).where(pages.run_id == run_id).order_by(pages.id)
    for content in uow.execute(query).scalars().all():
        for name, billable_id, reason in content:
            yield Parked(BillableKind(name), billable_id, reason)


def _printed(draft: DocumentDraft) -> tuple[str, str] | date:
    """Return what a positional document's number is printed between; any other's day of issue."""
    extras = draft.positional
    return draft.issued_on if extras is None else (extras.number_prefix, extras.number_suffix)


def _document(
    context: Context, run_id: int | None, position: int, draft: DocumentDraft
) -> list[Any]:
    extras, totals = draft.positional, draft.totals
    return [
        position,
        DocumentKind.INVOICE.value,
        draft.client_id,
        draft.currency,
        InvoiceStatus.UNPAID.value,
        None,
        "",
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
        None if extras is None else extras.custom_values,
        "autogen",
        run_id,
        None if extras is None else extras.recurring_invoice_id,
        draft.send_email,
        False,
        context.now,
        context.now,
        _hundredths(None if extras is None else extras.discount_amount),
        None if extras is None else extras.discount_percentage,
        None if extras is None else extras.original_currency,
        None if extras is None else extras.exchange_rate,
    ]


def _hundredths(amount: Money | None) -> int | None:
    return None if amount is None else amount.hundredths


def _use_credit(uow: UnitOfWork, context: Context, document_id: int, draft: DocumentDraft) -> None:
    """Book the credit that the document was decided to use; it already stands on the document."""
    used = draft.credit.hundredths
    text = f"Credit Applied to Invoice #{document_id}"
    add_credit(uow, context, draft.client_id, -used, text, document_id)


def _hold(
    uow: UnitOfWork, context: Context, run_id: int | None, decisions: Iterable[Decision]
) -> None:
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
            "run_id": run_id,
        }
        for entry in held
    ]
    if rows:
        uow.execute(_HELD, rows)
    for kind, billable_id in sorted({(entry.kind, entry.billable_id) for entry in held}):
        pass_held(uow, kind, billable_id)

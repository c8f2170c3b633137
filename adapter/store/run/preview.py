"""What will be issued: the run itself, day by day, in a transaction that is rolled back."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, InvoiceStatus, ItemAction
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.billing.settings import BusinessSettings
from adapter.commands.context import Context
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.run.page import bill_client
from adapter.store.schedules import HeldDate, ParkedBillable, held_dates, parked_billables
from adapter.store.transitions import PAYABLE, change_status
from adapter.store.unit_of_work import Store, UnitOfWork

# Others who write wait for a preview on SQLite, so it ends by itself.
MOST_DOCUMENTS: Final = 400
MOST_SECONDS: Final = 5.0
# Three documents of the longest cycle, with what is in advance.
_FURTHEST: Final = timedelta(days=3660)
_LAST_DAY: Final = date(9000, 1, 1)

_DOCUMENTS = tables.documents
_LINES = tables.document_lines


@dataclass(frozen=True, slots=True)
class PreviewLine:
    """A line as it would be issued; `amount` is what the form-post API shows."""

    description: str
    amount: Money
    taxed: bool


@dataclass(frozen=True, slots=True)
class PreviewDocument:
    """A document as it would be issued; `run_on` is the day of the run that would make it."""

    run_on: date
    issued_on: date
    due_on: date
    lines: tuple[PreviewLine, ...]
    subtotal: Money
    tax: Money
    credit: Money
    total: Money


@dataclass(frozen=True, slots=True)
class Preview:
    """The coming documents of one client, and what would be held or parked on the way.

    `stopped_on` is the day that was not looked at any more, None when all were.
    """

    documents: tuple[PreviewDocument, ...]
    held: tuple[HeldDate, ...]
    parked: tuple[ParkedBillable, ...]
    stopped_on: date | None


def preview(
    store: Store, context: Context, client_id: int, until: date, *, paid: bool = True
) -> Preview:
    """Return what runs on every day from today to `until` would make of one client.

    With `paid` each invoice, those that stand unpaid now included, is taken to be paid on its due
    date (today where that is past); else none is, and what waits for payment waits. Nothing is
    kept. Raises `ClientNotFound`.
    """
    with store.write(keep=False) as uow:
        if uow.row(tables.clients, client_id) is None:
            raise ClientNotFound(client_id)
        uow.lock_client(client_id)
        held = set(held_dates(uow, client_id))
        parked = {_key(each) for each in parked_billables(uow, client_id)}
        foretold = _Foretold(uow, context, client_id, paid=paid)
        stopped_on = foretold.live(until)
        return Preview(
            tuple(foretold.documents),
            tuple(each for each in held_dates(uow, client_id) if each not in held),
            tuple(each for each in parked_billables(uow, client_id) if _key(each) not in parked),
            stopped_on,
        )


def next_documents(
    uow: UnitOfWork, context: Context, kind: BillableKind, billable_id: int, *, most: int = 3
) -> tuple[tuple[PreviewDocument, ...], date | None]:
    """Return the next documents of one billable, and the day where it was given up (None: not).

    Each is taken to be paid on its due date. The caller must not keep what the transaction did.
    """
    row = uow.row(TABLES[kind], billable_id)
    if row is None:
        return (), None
    uow.lock_client(row["client_id"])
    foretold = _Foretold(uow, context, row["client_id"], paid=True, of=(kind, billable_id))
    foretold.most = most
    stopped_on = foretold.live(min(context.today + _FURTHEST, _LAST_DAY))
    found = tuple(foretold.documents[:most])
    return found, None if len(found) == most else stopped_on


def _key(parked: ParkedBillable) -> tuple[BillableKind, int]:
    return parked.kind, parked.billable_id


class _Foretold:
    """One client's coming days, lived in a transaction that will not be kept."""

    def __init__(
        self,
        uow: UnitOfWork,
        context: Context,
        client_id: int,
        *,
        paid: bool,
        of: tuple[BillableKind, int] | None = None,
    ) -> None:
        self.documents: list[PreviewDocument] = []
        self.most = MOST_DOCUMENTS
        self._of = of
        self._uow = uow
        self._context = context
        self._client_id = client_id
        self._paid = paid
        # Ids only grow: what has a greater one is foretold. It goes back with everything else.
        self._last_id = uow.take_document_id()

    def live(self, until: date) -> date | None:
        """Run every day that matters; return the first day left out, None when there is none."""
        day: date | None = self._context.today
        while day is not None and day <= until and not self._is_over():
            if self._is_enough():
                return day
            context = self._on(day)
            self._pay(context)
            while bill_client(self._uow, context, self._client_id):
                self.documents += self._new(day)
                if self._is_enough():
                    return day
                self._pay(context)
            day = self._next_day(day)
        return None

    def _is_enough(self) -> bool:
        too_long = self._context.elapsed() > MOST_SECONDS
        return too_long or len(self.documents) >= self.most

    def _on(self, day: date) -> Context:
        if day == self._context.today:
            return self._context
        zone = self._context.caller.account.zone
        return replace(self._context, today=day, now=datetime.combine(day, time(12), tzinfo=zone))

    def _pay(self, context: Context) -> None:
        """Pay what is due by now, which can pay for what comes after it."""
        if self._paid:
            due = self._unpaid(_DOCUMENTS.c.id).where(_DOCUMENTS.c.due_on <= context.today)
            for invoice_id in self._uow.execute(due.order_by(_DOCUMENTS.c.id)).scalars().all():
                change_status(self._uow, context, invoice_id, InvoiceStatus.PAID)

    def _next_day(self, day: date) -> date | None:
        """Return the next day on which something can happen; None when nothing can any more."""
        in_advance = timedelta(days=_longest_advance(self._uow.settings))
        days: list[date] = []
        for table in TABLES.values():
            query = sa.select(sa.func.min(table.c.next_invoice_on)).where(
                table.c.client_id == self._client_id
            )
            first = self._uow.execute(query).scalar()
            if first is not None:
                days.append(first - in_advance)
        if self._paid:
            first = self._uow.execute(self._unpaid(sa.func.min(_DOCUMENTS.c.due_on))).scalar()
            if first is not None:
                days.append(first)
        return max(day + timedelta(days=1), min(days)) if days else None

    def _new(self, day: date) -> Iterator[PreviewDocument]:
        query = self._of_client(_DOCUMENTS).where(_DOCUMENTS.c.id > self._last_id)
        for row in self._uow.execute(query.order_by(_DOCUMENTS.c.id)).mappings().all():
            self._last_id = row["id"]
            if self._of is None or self._bills(row["id"], *self._of):
                yield self._shown(day, row)

    def _is_over(self) -> bool:
        """Tell whether the one billable that is asked for can get no document any more."""
        if self._of is None:
            return False
        kind, billable_id = self._of
        row = self._uow.row(TABLES[kind], billable_id)
        if row is None or row["next_invoice_on"] is not None:
            return row is None
        if row["paused"] or row["ended"] or row["parked_reason"] is not None:
            return True
        if kind is BillableKind.BILLABLE_ITEM:
            rides = row["action"] == ItemAction.NEXT_INVOICE and not row["generation_count"]
            return not rides
        # What waits for a payment goes on with it.
        claims = tables.claims.c
        unpaid = self._unpaid(_DOCUMENTS.c.id).join(
            tables.claims, claims.document_id == _DOCUMENTS.c.id
        )
        mine = unpaid.where(claims.kind == kind.value, claims.billable_id == billable_id)
        return self._uow.execute(mine.limit(1)).first() is None

    def _bills(self, document_id: int, kind: BillableKind, billable_id: int) -> bool:
        claims = tables.claims.c
        query = sa.select(claims.due_on).where(
            claims.document_id == document_id,
            claims.kind == kind.value,
            claims.billable_id == billable_id,
        )
        return self._uow.execute(query.limit(1)).first() is not None

    def _shown(self, day: date, row: sa.RowMapping) -> PreviewDocument:
        currency = row["currency"]
        of_document = sa.select(_LINES).where(_LINES.c.document_id == row["id"])
        lines = self._uow.execute(of_document.order_by(_LINES.c.position)).mappings()
        return PreviewDocument(
            run_on=day,
            issued_on=row["issued_on"],
            due_on=row["due_on"],
            lines=tuple(
                PreviewLine(line["description"], Money(line["amount"], currency), line["taxed"])
                for line in lines
            ),
            subtotal=Money(row["subtotal"], currency),
            tax=Money(row["tax"] + row["tax_2"], currency),
            credit=Money(row["credit"], currency),
            total=Money(row["total"], currency),
        )

    def _of_client(self, *columns: object) -> sa.Select[tuple[object, ...]]:
        return sa.select(*columns).where(  # type: ignore[call-overload,no-any-return] # any columns
            _DOCUMENTS.c.client_id == self._client_id
        )

    def _unpaid(self, column: object) -> sa.Select[tuple[object, ...]]:
        payable = [status.value for status in PAYABLE]
        return self._of_client(column).where(
            _DOCUMENTS.c.status.in_(payable), _DOCUMENTS.c.hidden.is_(False)
        )


def _longest_advance(settings: BusinessSettings) -> int:
    return max(settings.days_for_domains, *(settings.days_for(cycle) for cycle in Cycle))

"""Checked records -> rows, a page in a transaction of its caller's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.model import BillableKind, DocumentKind, InvoiceStatus
from adapter.billing.schedule import (
    Frequency,
    advance,
    first_occurrence_from,
    occurrence_date,
)
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.numbers import raise_counter
from adapter.store.queue import TABLES, requeue, step_of
from adapter.store.setup import apply_catalogue
from adapter.store.transfer.kinds import ENTRIES, LINES, Kind
from adapter.store.transfer.records import Origin, Said, columns_of, expected_of, fill
from adapter.store.unit_of_work import DOCUMENT_ID, UnitOfWork

_PAID_FOR: Final = frozenset({BillableKind.SERVICE, BillableKind.ADDON, BillableKind.DOMAIN})
_CREATED: Final = "created"


@dataclass(slots=True)
class Writer:
    """Writes pages of one import; who writes and when is in `context`."""

    uow: UnitOfWork
    context: Context
    origin: Origin

    def write(self, kind: Kind, page: Sequence[Said]) -> None:
        """Write records of one kind that the store does not have."""
        if kind.name == "catalogue":
            for said in page:
                apply_catalogue(self.uow, self.context, said["catalogue"])
            return
        if kind.name in ENTRIES:
            apply_catalogue(self.uow, self.context, {ENTRIES[kind.name]: list(page)})
            return
        rows = [columns_of(kind, said) for said in page]
        if kind.name == "number":
            for row in rows:
                raise_counter(self.uow, row["name"], row["next_value"])
            return
        for row in rows:
            fill(kind, row, self.origin)
        self._finish(kind, rows)
        self._insert(kind, rows)

    def _finish(self, kind: Kind, rows: list[dict[str, Any]]) -> None:
        """Fill in what other rows say, and write what goes with these."""
        match kind.name:
            case "client":
                self._finish_clients(rows)
            case "contact":
                for row in rows:
                    row["email_key"] = _email_key(row["email"])
            case "credit":
                self._add_credit(rows)
            case "claim":
                self._finish_claims(rows)
            case _ if kind.billable is not None:
                self._begin_schedules(kind.billable, rows)

    def _insert(self, kind: Kind, rows: list[dict[str, Any]]) -> None:
        lines: list[dict[str, Any]] = []
        if kind.lines is not None:
            for row in rows:
                lines += [
                    {kind.lines_key: row["id"], "position": at, **line}
                    for at, line in enumerate(row.pop(LINES))
                ]
        self.uow.execute(sa.insert(kind.table), rows)
        if kind.lines is not None and lines:
            self.uow.execute(sa.insert(kind.lines), lines)
        if kind.name in {"invoice", "recurring"}:
            raise_counter(self.uow, DOCUMENT_ID, max(row["id"] for row in rows) + 1)
        elif kind.key == ("id",):
            step_over(self.uow, kind.table)
        if kind.name == "invoice":
            for document_kind, number in _highest_numbers(rows).items():
                raise_counter(self.uow, DocumentKind(document_kind).number_counter, number + 1)

    def _finish_clients(self, rows: list[dict[str, Any]]) -> None:
        currencies = tables.currencies.c
        found = self.uow.execute(sa.select(currencies.id, currencies.code, currencies.is_default))
        ids: dict[str | None, int] = {}
        for row in found:
            ids[row.code] = row.id
            if row.is_default:
                ids[None] = row.id
        for client in rows:
            client["currency_id"] = ids[client.pop("currency", None) or None]
            client["email_key"] = _email_key(client["email"])

    def _add_credit(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Bring the clients' credit to where its log has it."""
        sums: dict[int, int] = defaultdict(int)
        for row in rows:
            sums[row["client_id"]] += row["amount"]
        clients = tables.clients
        for client_id, amount in sorted(sums.items()):
            self.uow.execute(
                sa.update(clients)
                .where(clients.c.id == client_id)
                .values(credit=clients.c.credit + sa.literal(amount, sa.BigInteger))
            )

    def _begin_schedules(self, kind: BillableKind, rows: Iterable[dict[str, Any]]) -> None:
        """Begin the schedules' history, and keep what the other system would invoice next.

        They are in no queue before their claims are there.
        """
        expected, changes = [], []
        for row in rows:
            row_id = row["id"]
            said = expected_of(row)
            if said is not None:
                expected.append({"kind": kind.value, "billable_id": row_id, **said})
            due_on: date | None = row["next_due_on"]
            changes.append(
                {
                    "kind": kind.value,
                    "billable_id": row_id,
                    "effective_on": due_on or self.origin.exported_on,
                    "recorded_at": self.origin.exported_at,
                    "field": _CREATED,
                    "old": None,
                    "new": None if due_on is None else due_on.isoformat(),
                    "caller": self.context.caller.credential,
                }
            )
        if expected:
            self.uow.execute(sa.insert(tables.expected_invoices), expected)
        self.uow.execute(sa.insert(tables.schedule_changes), changes)

    def _finish_claims(self, rows: Sequence[dict[str, Any]]) -> None:
        owners = self._owners(rows)
        paid = self._paid(row["document_id"] for row in rows)
        for row in rows:
            kind = BillableKind(row["kind"])
            owner = owners[row["kind"], row["billable_id"]]
            if "next_on" not in row:
                row["next_on"] = self._next_on(kind, owner, row["due_on"])
            moves = kind in _PAID_FOR and row["next_on"] is not None
            row.setdefault("moved", moves and row["document_id"] in paid)
            row.setdefault("moved_from_on", row["due_on"] if row["moved"] else None)
            row.setdefault("moved_to_on", row["next_on"] if row["moved"] else None)

    def _owners(self, rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, int], sa.RowMapping]:
        ids: dict[str, set[int]] = defaultdict(set)
        for row in rows:
            ids[row["kind"]].add(row["billable_id"])
        found: dict[tuple[str, int], sa.RowMapping] = {}
        for kind, wanted in ids.items():
            table = TABLES[BillableKind(kind)]
            query = sa.select(table).where(table.c.id.in_(sorted(wanted)))
            found |= {(kind, row["id"]): row for row in self.uow.execute(query).mappings()}
        return found

    def _paid(self, document_ids: Iterable[int]) -> set[int]:
        documents = tables.documents.c
        query = sa.select(documents.id).where(
            documents.id.in_(sorted({each for each in document_ids if each})),
            documents.status == InvoiceStatus.PAID.value,
        )
        return set(self.uow.execute(query).scalars())

    def _next_on(self, kind: BillableKind, owner: sa.RowMapping, due_on: date) -> date | None:
        if kind is BillableKind.RECURRING_INVOICE:
            start_on, frequency = owner["start_on"], Frequency(owner["frequency"])
            return occurrence_date(
                start_on, frequency, first_occurrence_from(start_on, frequency, due_on) + 1
            )
        step = step_of(kind, owner)
        if step is None:
            return None
        anchor = owner["anchor_day"] if self.uow.settings.anchor_month_ends else None
        return advance(due_on, step, anchor_day=anchor)


def queue(uow: UnitOfWork, kind: BillableKind, ids: Iterable[int]) -> None:
    """Put billables where their claims and states say, as every change of one does."""
    for billable_id in ids:
        requeue(uow, kind, billable_id)


def step_over(uow: UnitOfWork, table: sa.Table) -> None:
    """Let the ids that a database gives by itself begin after those that were given here."""
    if uow.connection.dialect.name == "postgresql":
        # Only PostgreSQL's sequence does not notice ids it has not given itself.
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        highest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        uow.execute(sa.select(sa.func.setval(sequence, highest)))


def _highest_numbers(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    highest: dict[str, int] = {}
    for row in rows:
        if row["number"] is not None:
            highest[row["kind"]] = max(highest.get(row["kind"], 0), row["number"])
    return highest


def _email_key(email: str) -> str:
    """Return an address as it is compared. Source: decisions, "Equal e-mail addresses"."""
    return email.strip().lower()

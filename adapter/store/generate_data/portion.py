"""One portion of a table under way: its rows by column, its dates, its chance, its history."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.generate_data.bulk import write_rows
from adapter.store.generate_data.plan import Plan
from adapter.store.generate_data.shop import Shop
from adapter.store.unit_of_work import UnitOfWork


class Columns:
    """Rows under way to a table, kept as the columns that `write_rows` takes."""

    def __init__(self, *names: str) -> None:
        self.names = names
        self._rows: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """Add one row, its values in the order of the names."""
        self._rows.append(values)

    def by_name(self) -> dict[str, Sequence[Any]]:
        """Return each column's values."""
        if not self._rows:
            return dict.fromkeys(self.names, ())
        return dict(zip(self.names, zip(*self._rows, strict=True), strict=True))


def due_date(today: date, days: int, number: int, *, is_due: bool, months: int) -> date:
    """Return a due date inside the window of `days` in advance, or in the rest of the period.

    The same `number` gives the same day, so that a client's items meet on one invoice.
    """
    if is_due:
        return today + timedelta(days=number % (days + 1))
    rest = max(1, 30 * months - days - 1)
    return today + timedelta(days=days + 1 + number % rest)


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows `indexes` of a table, written in one transaction.

    `first_id` is the id of row 0; recurring invoices take theirs from a counter instead.
    """

    uow: UnitOfWork
    context: Context
    plan: Plan
    shop: Shop
    indexes: range
    first_id: int = 0

    def dice(self, what: str) -> random.Random:
        """Return the source of chance for this portion: the same for the same plan."""
        return random.Random(f"{self.plan.seed}/{what}/{self.indexes.start}")  # noqa: S311 - invented data

    def method(self, client_id: int) -> str:
        """Return a client's payment method: in a shop they use the first two."""
        methods = self.shop.methods
        return methods[0 if self.plan.is_plain else client_id % len(methods)]

    def write(self, table: sa.Table, rows: Columns, **same: Any) -> None:
        """Write rows that share the values of `same`."""
        write_rows(self.uow, table, rows.by_name(), same)

    def note_created(
        self, kind: BillableKind, ids: Sequence[int], due_on: Sequence[date | None]
    ) -> None:
        """Begin the history of new schedules, as every handler that makes one does."""
        first_dates = [None if on is None else on.isoformat() for on in due_on]
        write_rows(
            self.uow,
            tables.schedule_changes,
            {"billable_id": ids, "new": first_dates},
            {
                "kind": kind.value,
                "effective_on": self.context.today,
                "recorded_at": self.context.now,
                "field": "created",
                "caller": self.context.caller.credential,
            },
        )

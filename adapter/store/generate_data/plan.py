"""What to generate: how much of what, and which of it is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache

from adapter.billing.model import BillableKind
from adapter.billing.schedule import add_months

_CHUNK = 20_000
_SKEW = 1.6


class DataKind(StrEnum):
    """What the schedules are: plain services, recurring invoices, or a shop with everything."""

    SERVICES = "services"
    RECURRING = "recurring"
    MIXED = "mixed"


_SHARES = {
    DataKind.SERVICES: {BillableKind.SERVICE: 100},
    DataKind.RECURRING: {BillableKind.RECURRING_INVOICE: 100},
    DataKind.MIXED: {
        BillableKind.SERVICE: 55,
        BillableKind.ADDON: 10,
        BillableKind.DOMAIN: 15,
        BillableKind.BILLABLE_ITEM: 5,
        BillableKind.RECURRING_INVOICE: 15,
    },
}


@dataclass(frozen=True, slots=True)
class Plan:
    """`due` of the `schedules` are due on `today`; the same plan gives the same rows."""

    schedules: int
    due: int
    clients: int
    today: date
    kind: DataKind = DataKind.MIXED
    seed: int = 1

    @property
    def is_plain(self) -> bool:
        """Whether every schedule is alike and goes on: no discounts, nothing stopped."""
        return self.kind is not DataKind.MIXED

    def counts(self) -> dict[BillableKind, int]:
        """Return how many schedules there are of each kind; kinds without any are left out."""
        found: dict[BillableKind, int] = {}
        before = share = 0
        for kind, percent in _SHARES[self.kind].items():
            share += percent
            upto = self.schedules * share // 100
            if upto > before:
                found[kind] = upto - before
            before = upto
        return found


@dataclass(frozen=True, slots=True)
class Part:
    """The schedules of one kind: `count` in all, `due` of them due, spread over `clients`.

    `first_client_id` is the id of the first of these clients.
    """

    plan: Plan
    kind: BillableKind
    count: int
    due: int
    first_client_id: int

    def client(self, index: int) -> int:
        """Return the client of a schedule: in a shop some have many, else all the same number."""
        clients = self.plan.clients
        if self.plan.is_plain:
            return self.first_client_id + index * clients // self.count
        return self.first_client_id + int(clients * (index / self.count) ** _SKEW)

    def is_due(self, index: int) -> bool:
        """Tell whether a schedule is due; exactly `due` are, evenly spread."""
        return (index + 1) * self.due // self.count > index * self.due // self.count


def parts(plan: Plan, first_client_id: int) -> list[Part]:
    """Return the plan's kinds, the due schedules shared out over them."""
    found = []
    before = upto = 0
    for kind, count in plan.counts().items():
        upto += count
        due_upto = plan.due * upto // plan.schedules
        due_before = plan.due * before // plan.schedules
        found.append(Part(plan, kind, count, due_upto - due_before, first_client_id))
        before = upto
    return found


def chunks(count: int) -> Iterator[range]:
    """Yield the indexes of rows in the portions that are written in one transaction each."""
    for start in range(0, count, _CHUNK):
        yield range(start, min(count, start + _CHUNK))


@cache
def moved(on: date, months: int) -> date:
    """Return the date `months` later; the same few are asked for again and again."""
    return add_months(on, months)

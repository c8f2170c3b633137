"""Clients whose items of every kind fall due the same day, and the documents they must get."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import BillableKind
from adapter.store import tables
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import DOCUMENT_ID, Store

TODAY = date(2026, 3, 2)
_CREATED_AT = datetime(2026, 1, 1, tzinfo=UTC)
_METHODS = ("banktransfer", "mailin")
_CHUNK = 2000

# What one document bills: the client, and the (kind, id) of every item on it.
Group = tuple[int, frozenset[tuple[str, int]]]


def seeded(seed: int | str) -> Random:
    """Return the random choices that belong to a seed, the same ones every time."""
    return Random(seed)  # noqa: S311 - repeatable, not secret


@dataclass(slots=True)
class Population:
    """What was put into a store. `expected` maps each group to what its document comes to."""

    clients: int
    expected: dict[Group, int] = field(default_factory=dict)
    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    @property
    def billables(self) -> int:
        """How many items are due."""
        return sum(len(items) for _, items in self.expected)


def populate(store: Store, clients: int, seed: int) -> Population:
    """Fill an empty store with clients that are due on `TODAY`; return what they must get.

    Items of one client share an invoice where they share a payment method; each recurring invoice
    makes its own. Some come to nothing and some clients have credit, so that documents are paid
    while they are written.
    """
    random = seeded(seed)
    made = Population(clients)
    with store.write() as uow:
        # A method that is not in use would be replaced by the default, and share its invoice.
        uow.insert(tables.payment_methods, module=_METHODS[1], display_name="Post", position=2)
        for client_id in range(1, clients + 1):
            _client(made, random, client_id)
        uow.take(DOCUMENT_ID, len(made.rows[tables.recurring_invoices]))
        for table, rows in made.rows.items():
            for start in range(0, len(rows), _CHUNK):
                uow.execute(sa.insert(table), rows[start : start + _CHUNK])
    return made


def _client(made: Population, random: Random, client_id: int) -> None:
    credit = random.choice((500, 50_000)) if random.random() < 0.03 else 0
    made.rows[tables.clients].append(
        {
            "id": client_id,
            "uuid": f"client-{client_id}",
            "currency_id": 1,
            "status": "Active",
            "created_on": TODAY,
            "created_at": _CREATED_AT,
            "credit": credit,
        }
    )
    if credit:
        made.rows[tables.credits_log].append(
            {
                "client_id": client_id,
                "entered_on": TODAY,
                "description": "Given",
                "amount": credit,
                "document_id": 0,
            }
        )
    groups: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for kind, count in (
        (BillableKind.SERVICE, random.randint(1, 2)),
        (BillableKind.ADDON, random.randint(0, 1)),
        (BillableKind.DOMAIN, random.randint(0, 1)),
    ):
        for _ in range(count):
            method = random.choice(_METHODS)
            groups[method].append((kind.value, *_item(made, random, client_id, kind, method)))
    for items in groups.values():
        group = frozenset((kind, billable_id) for kind, billable_id, _ in items)
        made.expected[client_id, group] = sum(amount for *_, amount in items)
    for _ in range(random.randint(1, 2)):
        _recurring(made, random, client_id)


def _item(
    made: Population, random: Random, client_id: int, kind: BillableKind, method: str
) -> tuple[int, int]:
    table = TABLES[kind]
    amount = random.randint(1, 200_000)
    row: dict[str, Any] = {
        "id": len(made.rows[table]) + 1,
        "client_id": client_id,
        "registered_on": date(2025, 3, 2),
        "recurring_amount": amount,
        "payment_method": method,
        "status": "Active",
        "next_due_on": TODAY,
        "next_invoice_on": TODAY,
        "created_at": _CREATED_AT,
    }
    if kind is BillableKind.DOMAIN:
        row |= {"name": f"d{row['id']}.example", "years": 1}
    else:
        # A domain that costs nothing is not renewed; the others are billed at zero.
        row["recurring_amount"] = amount = 0 if random.random() < 0.03 else amount
        row["cycle"] = random.choice(("Monthly", "Quarterly", "Annually"))
    if kind is BillableKind.ADDON:
        row |= {"service_id": 1, "name": "Addon"}
    made.rows[table].append(row)
    return row["id"], amount


def _recurring(made: Population, random: Random, client_id: int) -> None:
    record_id = len(made.rows[tables.recurring_invoices]) + 1
    made.rows[tables.recurring_invoices].append(
        {
            "id": record_id,
            "client_id": client_id,
            "currency": "ZAR",
            "frequency": random.choice(("monthly", "quarterly", "annually")),
            "start_on": TODAY,
            "custom_values": [""] * 10,
            "next_due_on": TODAY,
            "next_invoice_on": TODAY,
            "created_at": _CREATED_AT,
        }
    )
    total = 0
    for position in range(random.randint(1, 3)):
        price, quantity = random.randint(1, 100_000), random.randint(1, 3)
        made.rows[tables.recurring_lines].append(
            {
                "recurring_invoice_id": record_id,
                "position": position,
                "quantity": Decimal(quantity),
                "description": "Rent",
                "unit_price": Decimal(price).scaleb(-2),
                "vat_applies": True,
                "vat_rate": Decimal(15),
            }
        )
        net = price * quantity
        total += net + (net * 15 + 50) // 100
    group = frozenset({(BillableKind.RECURRING_INVOICE.value, record_id)})
    made.expected[client_id, group] = total

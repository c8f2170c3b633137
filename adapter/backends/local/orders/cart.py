"""An order being placed: what it is for, and what has been added so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import CurrencyRow
from adapter.backends.local.promotions import Promotion
from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.store.queue import TABLES, requeue
from adapter.store.unit_of_work import UnitOfWork


@dataclass(slots=True)
class Cart:
    """The order's circumstances and the items it has so far."""

    uow: UnitOfWork
    context: Context
    client_id: int
    currency: CurrencyRow
    order_id: int
    payment_method: str
    promotion: Promotion | None
    amount: Money = field(init=False)
    promoted: bool = False
    service_ids: list[int] = field(default_factory=list)
    addon_ids: list[int] = field(default_factory=list)
    domain_ids: list[int] = field(default_factory=list)
    renewed_ids: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.amount = Money.zero(self.currency.code)

    def promotion_for(self, target: str, term: str) -> Promotion | None:
        """Return the promotion where it holds for this item, and note that it was used."""
        promotion = self.promotion
        if promotion is None or not promotion.covers(target, term):
            return None
        if promotion.apply_once and self.promoted:
            return None
        self.promoted = True
        return promotion

    def insert(self, kind: BillableKind, first_amount: Money, values: Mapping[str, Any]) -> int:
        """Insert a Pending item, registered and due today; return its id.

        The anchor keeps the day that month ends clamp, for accounts that restore it.
        """
        today = self.context.today
        row: dict[str, Any] = {
            "client_id": self.client_id,
            "order_id": self.order_id,
            "payment_method": self.payment_method,
            "status": ItemStatus.PENDING.value,
            "registered_on": today,
            "next_due_on": today,
            "anchor_day": today.day,
            "created_at": self.context.now,
            "first_amount": first_amount,
            **values,
        }
        check_lengths(TABLES[kind], row)
        record_id = self.uow.insert(TABLES[kind], **row)
        self.uow.note_schedule_change(self.context, kind.value, record_id, "created", None, today)
        requeue(self.uow, kind, record_id)
        self.amount += first_amount
        return record_id

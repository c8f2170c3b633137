"""Billable items: noting work to be invoiced."""

from decimal import Decimal

from adapter.backends.local.lookups import currency_of, require_client
from adapter.billing.model import BillableKind, ItemAction
from adapter.billing.money import Money, round_half_up
from adapter.commands.context import Context
from adapter.commands.model import CreateBillableItem
from adapter.commands.results import BillableItemCreated
from adapter.errors import InvalidField
from adapter.store import tables
from adapter.store.queue import requeue
from adapter.store.unit_of_work import UnitOfWork

_MAX_QUANTITY = Decimal(10**12)
_QUANTITY_PLACES = 6


def create_billable_item(
    uow: UnitOfWork, command: CreateBillableItem, context: Context
) -> BillableItemCreated:
    """Note a billable item and queue it where its action says so.

    A recurring item without a date of its own begins today.
    """
    uow.lock_client(command.client_id)
    require_client(uow, command.client_id)
    if abs(command.quantity) > _MAX_QUANTITY:
        raise InvalidField("quantity", "maximum", f"quantity must be at most {_MAX_QUANTITY}")
    due_on = command.due_on
    if due_on is None and command.action is ItemAction.RECUR:
        due_on = context.today
    item_id = uow.insert(
        tables.billable_items,
        client_id=command.client_id,
        description=command.description,
        # The amount is the total; the quantity only informs. Source: the form-post facts, 2.3.
        quantity=round_half_up(command.quantity, _QUANTITY_PLACES),
        unit=command.unit,
        amount=Money.rounded(command.amount, currency_of(uow, command.client_id).code),
        action=command.action.value,
        taxed=uow.settings.tax_billable_items,
        recur_every=command.recur_every,
        recur_unit="" if command.recur_unit is None else command.recur_unit.value,
        recur_times=command.recur_times,
        entered_on=context.today,
        next_due_on=due_on,
        anchor_day=None if due_on is None else due_on.day,
        created_at=context.now,
    )
    kind = BillableKind.BILLABLE_ITEM
    uow.note_schedule_change(context, kind.value, item_id, "created", None, due_on)
    uow.audit(context, "create", kind.value, item_id, {"client_id": command.client_id})
    requeue(uow, kind, item_id)
    return BillableItemCreated(item_id)

"""Generated services and the addons on them."""

from functools import cache

from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.schedule import Cycle
from adapter.billing.settings import BusinessSettings
from adapter.store import tables
from adapter.store.generate_data.plan import Part, moved
from adapter.store.generate_data.portion import Columns, Portion, due_date
from adapter.store.generate_data.shop import ADDONS

_WORDS = ("vanilla", "baobab", "karoo", "protea", "springbok", "rooibos", "fynbos", "marula")
_STATUSES = (ItemStatus.TERMINATED, ItemStatus.CANCELLED, ItemStatus.SUSPENDED)
# A few percent of what is not due is no longer going on, or never began.
_STOPPED = 0.10
_PROMOTED = 0.04
_NEW = 0.02
_TEN_PERCENT = 10


def write_services(portion: Portion, part: Part) -> None:
    """Write one portion of the services. Plain ones are active, at their catalogue price."""
    rng = portion.dice(part.kind)
    context, settings, shop = portion.context, portion.uow.settings, portion.shop
    is_plain = part.plan.is_plain
    cycles = _cycle_table(is_plain=is_plain)
    window = _windows(settings)
    rows = Columns(
        "id", "client_id", "product_id", "registered_on", "domain", "first_amount",
        "recurring_amount", "payment_method", "cycle", "status", "terminated_on", "promotion_id",
        "first_discount", "recurring_discount", "next_due_on", "next_invoice_on", "anchor_day",
    )  # fmt: skip
    ids, due = [], []
    for index in portion.indexes:
        service_id, client_id = portion.first_id + index, part.client(index)
        is_due = part.is_due(index)
        product_id, prices = shop.products[rng.randrange(len(shop.products))]
        cycle = cycles[rng.randrange(len(cycles))]
        months = _months(cycle)
        due_on = due_date(context.today, window[cycle], client_id, is_due=is_due, months=months)
        status, registered_on = ItemStatus.ACTIVE, moved(due_on, -months * rng.randrange(1, 25))
        discount = promotion_id = 0
        price = prices[cycle]
        if not is_plain:
            chance = rng.random()
            if chance < _STOPPED and not is_due:
                status = _STATUSES[rng.randrange(len(_STATUSES))]
            elif chance < _STOPPED + _PROMOTED:
                promotion_id, discount = shop.promotion_id, price // _TEN_PERCENT
            elif chance > 1 - _NEW:
                registered_on = due_on
        rows.add(
            service_id,
            client_id,
            product_id,
            registered_on,
            f"{_WORDS[rng.randrange(len(_WORDS))]}-{service_id}.co.za",
            price - discount,
            price - discount,
            portion.method(client_id),
            cycle.value,
            status.value,
            context.today if status is ItemStatus.TERMINATED else None,
            promotion_id,
            discount,
            discount,
            due_on,
            due_on if status in settings.statuses else None,
            due_on.day,
        )
        ids.append(service_id)
        due.append(due_on)
    portion.write(tables.services, rows, created_at=context.now)
    portion.note_created(BillableKind.SERVICE, ids, due)


def write_addons(portion: Portion, part: Part, services: Part, first_service_id: int) -> None:
    """Write one portion of the addons, spread over the services."""
    rng = portion.dice(part.kind)
    context, settings, shop = portion.context, portion.uow.settings, portion.shop
    window = _windows(settings)
    names = list(ADDONS)
    rows = Columns(
        "id", "client_id", "service_id", "addon_id", "name", "registered_on", "first_amount",
        "recurring_amount", "payment_method", "status", "next_due_on", "next_invoice_on",
        "anchor_day",
    )  # fmt: skip
    ids, due = [], []
    for index in portion.indexes:
        addon_id, service = portion.first_id + index, index * services.count // part.count
        client_id = services.client(service)
        is_due = part.is_due(index)
        name = names[rng.randrange(len(names))]
        due_on = due_date(context.today, window[Cycle.MONTHLY], client_id, is_due=is_due, months=1)
        stopped = rng.random() < _STOPPED and not is_due
        status = ItemStatus.CANCELLED if stopped else ItemStatus.ACTIVE
        rows.add(
            addon_id,
            client_id,
            first_service_id + service,
            shop.addon_ids[name],
            name,
            moved(due_on, -rng.randrange(1, 25)),
            ADDONS[name],
            ADDONS[name],
            portion.method(client_id),
            status.value,
            due_on,
            None if stopped else due_on,
            due_on.day,
        )
        ids.append(addon_id)
        due.append(due_on)
    portion.write(
        tables.service_addons,
        rows,
        taxed=True,
        cycle=Cycle.MONTHLY.value,
        created_at=context.now,
    )
    portion.note_created(BillableKind.ADDON, ids, due)


@cache
def _cycle_table(*, is_plain: bool) -> tuple[Cycle, ...]:
    """Return cycles as often as they occur among ten services."""
    if is_plain:
        return (Cycle.MONTHLY,) * 9 + (Cycle.QUARTERLY,)
    most = (Cycle.MONTHLY,) * 7
    return (*most, Cycle.QUARTERLY, Cycle.SEMI_ANNUALLY, Cycle.ANNUALLY)


@cache
def _windows(settings: BusinessSettings) -> dict[Cycle, int]:
    return {cycle: settings.days_for(cycle) for cycle in Cycle}


@cache
def _months(cycle: Cycle) -> int:
    step = cycle.step
    return 1 if step is None else step.months

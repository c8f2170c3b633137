"""Write a plan's clients and schedules, portion by portion, each in a transaction of its own."""

from collections.abc import Callable, Mapping
from functools import partial

from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.generate_data.bulk import next_id
from adapter.store.generate_data.clients import write_clients
from adapter.store.generate_data.domains import write_billable_items, write_domains
from adapter.store.generate_data.plan import Part, Plan, chunks, parts
from adapter.store.generate_data.portion import Portion
from adapter.store.generate_data.recurring import write_recurring
from adapter.store.generate_data.services import write_addons, write_services
from adapter.store.generate_data.shop import open_shop
from adapter.store.queue import TABLES
from adapter.store.unit_of_work import Store

Progress = Callable[[int], None]
_Write = Callable[[Portion], None]


def generate_data(
    store: Store, plan: Plan, context: Context, progress: Progress = lambda _: None
) -> None:
    """Fill a store with what `plan` says; `progress` is told how many rows more are in.

    What is there stays, and the new ids follow it; nobody else may write meanwhile. Ended in the
    middle, whole portions are kept: clients with fewer schedules, nothing half.
    """
    with store.write() as uow:
        shop = open_shop(uow, context)
        first_client_id = next_id(uow, tables.clients, plan.clients)
        kinds = {part.kind: part for part in parts(plan, first_client_id)}
        first_ids: dict[BillableKind, int] = {
            kind: next_id(uow, TABLES[kind], part.count)
            for kind, part in kinds.items()
            if kind is not BillableKind.RECURRING_INVOICE
        }

    def write(count: int, first_id: int, portion: _Write) -> None:
        for indexes in chunks(count):
            with store.write() as uow:
                portion(Portion(uow, context, plan, shop, indexes, first_id))
            progress(len(indexes))

    write(plan.clients, first_client_id, write_clients)
    for kind, part in kinds.items():
        write(part.count, first_ids.get(kind, 0), _writer(part, kinds, first_ids))


def _writer(
    part: Part, kinds: Mapping[BillableKind, Part], first_ids: Mapping[BillableKind, int]
) -> _Write:
    match part.kind:
        case BillableKind.SERVICE:
            return partial(write_services, part=part)
        case BillableKind.ADDON:
            owner = BillableKind.SERVICE
            return partial(
                write_addons, part=part, services=kinds[owner], first_service_id=first_ids[owner]
            )
        case BillableKind.DOMAIN:
            return partial(write_domains, part=part)
        case BillableKind.BILLABLE_ITEM:
            return partial(write_billable_items, part=part)
        case _:
            return partial(write_recurring, part=part)

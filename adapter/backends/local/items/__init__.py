"""Services, addons, domains and billable items: listing and changing them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.items.addons import list_service_addons, update_service_addon
from adapter.backends.local.items.billable import create_billable_item
from adapter.backends.local.items.cancellation import request_cancellation
from adapter.backends.local.items.domains import list_domains, update_domain
from adapter.backends.local.items.services import list_services, update_service
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    CreateBillableItem,
    ListDomains,
    ListServiceAddons,
    ListServices,
    RequestCancellation,
    UpdateDomain,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.commands.results import Result
from adapter.store.unit_of_work import UnitOfWork

HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    ListServices: list_services,
    ListServiceAddons: list_service_addons,
    ListDomains: list_domains,
    UpdateService: update_service,
    UpdateServiceAddon: update_service_addon,
    UpdateDomain: update_domain,
    CreateBillableItem: create_billable_item,
    RequestCancellation: request_cancellation,
}

"""Services, addons, domains and billable items: listing and changing them."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.backends.local.items.addons import list_service_addons, update_service_addon
from adapter.backends.local.items.billable import create_billable_item
from adapter.backends.local.items.cancellation import (
    list_cancellation_requests,
    request_cancellation,
)
from adapter.backends.local.items.domains import list_domains, update_domain
from adapter.backends.local.items.modules import (
    activate_service,
    apply_service_package,
    suspend_service,
    terminate_service,
    unsuspend_service,
)
from adapter.backends.local.items.services import list_services, update_service
from adapter.commands.context import Context
from adapter.commands.model import (
    ActivateService,
    ApplyServicePackage,
    Command,
    CreateBillableItem,
    ListCancellationRequests,
    ListDomains,
    ListServiceAddons,
    ListServices,
    RequestCancellation,
    SuspendService,
    TerminateService,
    UnsuspendService,
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
    ListCancellationRequests: list_cancellation_requests,
    ActivateService: activate_service,
    SuspendService: suspend_service,
    UnsuspendService: unsuspend_service,
    TerminateService: terminate_service,
    ApplyServicePackage: apply_service_package,
}

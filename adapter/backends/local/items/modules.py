"""What the module of a product would do to a service: here, changes of its state.

No server is driven from here. Source: contracts/decisions.md, "Module commands".
"""

from typing import Any

import sqlalchemy as sa

from adapter.backends.local.items.changes import change
from adapter.backends.local.orders.states import ENDED
from adapter.billing.model import BillableKind, ItemStatus
from adapter.commands.context import Context
from adapter.commands.model import (
    ActivateService,
    ApplyServicePackage,
    SuspendService,
    TerminateService,
    UnsuspendService,
)
from adapter.commands.results import (
    ServiceActivated,
    ServicePackageApplied,
    ServiceSuspended,
    ServiceTerminated,
    ServiceUnsuspended,
)
from adapter.errors import ServiceNotFound, ServiceWithoutModule
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_SERVICE = BillableKind.SERVICE


def activate_service(
    uow: UnitOfWork, command: ActivateService, context: Context
) -> ServiceActivated:
    """Make a service active, whatever it was."""
    row = _held(uow, command.service_id)
    _set(uow, context, row, ItemStatus.ACTIVE, terminated_on=None)
    return ServiceActivated(command.service_id)


def suspend_service(
    uow: UnitOfWork, command: SuspendService, context: Context
) -> ServiceSuspended:
    """Suspend a service, with the reason shown to its client."""
    row = _held(uow, command.service_id)
    _set(uow, context, row, ItemStatus.SUSPENDED, suspend_reason=command.reason)
    return ServiceSuspended(command.service_id)


def unsuspend_service(
    uow: UnitOfWork, command: UnsuspendService, context: Context
) -> ServiceUnsuspended:
    """Make a service active again."""
    row = _held(uow, command.service_id)
    _set(uow, context, row, ItemStatus.ACTIVE, suspend_reason="")
    return ServiceUnsuspended(command.service_id)


def terminate_service(
    uow: UnitOfWork, command: TerminateService, context: Context
) -> ServiceTerminated:
    """End a service and what of its addons has not ended; neither is billed any more."""
    row = _held(uow, command.service_id)
    ended: dict[str, Any] = {
        "status": ItemStatus.TERMINATED.value,
        "terminated_on": context.today,
    }
    change(uow, context, _SERVICE, row, ended)
    addons, requests = tables.service_addons, tables.cancellation_requests
    of_service = sa.select(addons).where(addons.c.service_id == row["id"]).order_by(addons.c.id)
    for addon in uow.execute(of_service).mappings().all():
        if addon["status"] not in ENDED:
            change(uow, context, BillableKind.ADDON, addon, ended)
    here = requests.c.service_id == row["id"]
    uow.execute(sa.update(requests).where(here).values(done=True))
    return ServiceTerminated(command.service_id)


def apply_service_package(
    uow: UnitOfWork, command: ApplyServicePackage, context: Context
) -> ServicePackageApplied:
    """Note that a service was brought in line with its product: its state stays as it is."""
    row = _held(uow, command.service_id)
    detail = {"product_id": row["product_id"]}
    uow.audit(context, "apply_package", _SERVICE.value, row["id"], detail)
    return ServicePackageApplied(command.service_id)


def _held(uow: UnitOfWork, service_id: int) -> sa.RowMapping:
    row = uow.held(tables.services, service_id)
    if row is None:
        raise ServiceNotFound(service_id)
    product = uow.row(tables.products, row["product_id"])
    if product is None or not product["module"]:
        raise ServiceWithoutModule
    return row


def _set(
    uow: UnitOfWork, context: Context, row: sa.RowMapping, status: ItemStatus, **more: Any
) -> None:
    change(uow, context, _SERVICE, row, {"status": status.value, **more})

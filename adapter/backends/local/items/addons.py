"""Addons of services: listing and changing them."""

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import ADDON, cycle_price, offered_prices
from adapter.backends.local.items.changes import change, given, given_amounts, given_dates
from adapter.backends.local.lookups import currency_of, method_names
from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.context import Context
from adapter.commands.model import ListServiceAddons, UpdateServiceAddon
from adapter.commands.results import (
    ServiceAddonRecord,
    ServiceAddonsListed,
    ServiceAddonUpdated,
)
from adapter.errors import AddonNotFound, CatalogueAddonNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork


def list_service_addons(
    uow: UnitOfWork, command: ListServiceAddons, _context: Context
) -> ServiceAddonsListed:
    """List the addons of services by id, all of them: there is no paging."""
    addons, clients, currencies = tables.service_addons, tables.clients, tables.currencies
    query = (
        sa.select(addons, currencies.c.code)
        .join(clients, clients.c.id == addons.c.client_id)
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .where(addons.c.hidden == sa.false())
        .order_by(addons.c.id)
    )
    if command.service_ids is not None:
        query = query.where(addons.c.service_id.in_(command.service_ids))
    if command.client_id is not None:
        query = query.where(addons.c.client_id == command.client_id)
    if command.addon_id is not None:
        query = query.where(addons.c.addon_id == command.addon_id)
    names = method_names(uow)
    # Without continuous invoicing there is no such date of its own (the queue's is another
    # thing: empty while an invoice waits for payment). Source: the form-post facts, 2.6.
    shown = "next_invoice_on" if uow.settings.continuous else "next_due_on"
    return ServiceAddonsListed(
        tuple(
            ServiceAddonRecord(
                service_addon_id=row["id"],
                quantity=row["quantity"],
                client_id=row["client_id"],
                order_id=row["order_id"],
                service_id=row["service_id"],
                addon_id=row["addon_id"],
                name=row["name"],
                setup_fee=Money(row["setup_fee"], row["code"]),
                recurring_amount=Money(row["recurring_amount"], row["code"]),
                cycle=Cycle(row["cycle"]),
                taxed=row["taxed"],
                status=ItemStatus(row["status"]),
                registered_on=row["registered_on"],
                next_due_on=row["next_due_on"],
                next_invoice_on=row[shown],
                payment_method=row["payment_method"],
                payment_method_name=names.get(row["payment_method"], row["payment_method"]),
                notes=row["notes"],
            )
            for row in uow.execute(query).mappings()
        )
    )


def update_service_addon(
    uow: UnitOfWork, command: UpdateServiceAddon, context: Context
) -> ServiceAddonUpdated:
    """Change an addon of a service; `recalculate` wins over an amount sent along."""
    row = uow.held(tables.service_addons, command.service_addon_id)
    if row is None:
        raise AddonNotFound(command.service_addon_id)
    values = given(
        addon_id=command.addon_id,
        name=command.name,
        status=command.status,
        cycle=command.cycle,
        notes=command.notes,
    ) | given_dates(next_due_on=command.next_due_on, terminated_on=command.terminated_on)
    if command.addon_id and uow.row(tables.addons, command.addon_id) is None:
        raise CatalogueAddonNotFound(command.addon_id)
    code = currency_of(uow, row["client_id"]).code
    values |= given_amounts(
        code, setup_fee=command.setup_fee, recurring_amount=command.recurring_amount
    )
    if command.recalculate:
        values["recurring_amount"] = _catalogue_amount(uow, row, values).hundredths
    if "setup_fee" in values or "recurring_amount" in values:
        # Callers see and set the two parts; the first amount is their sum.
        after = {**row, **values}
        values["first_amount"] = Money(
            after["setup_fee"] + after["recurring_amount"], code
        ).hundredths
    change(uow, context, BillableKind.ADDON, row, values)
    return ServiceAddonUpdated(command.service_addon_id)


def _catalogue_amount(uow: UnitOfWork, row: sa.RowMapping, values: dict[str, object]) -> Money:
    """Return what the catalogue asks for a renewal; of an addon that is gone the amount stays."""
    after = {**row, **values}
    currency = currency_of(uow, row["client_id"])
    addon = uow.row(tables.addons, after["addon_id"])
    if addon is None:
        return Money(row["recurring_amount"], currency.code)
    offered = offered_prices(uow, ADDON, addon["id"], currency)
    cycle = Cycle(after["cycle"])
    _, unit = cycle_price(addon["name"], addon["pay_type"], offered, cycle, currency)
    return unit.times(row["quantity"]).price

"""Services: listing and changing them."""

from collections.abc import Sequence

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import PRODUCT, cycle_price, offered_prices
from adapter.backends.local.items.changes import amounts_by_hand, change, given, given_dates
from adapter.backends.local.lookups import chunks, currency_of, joined_window, method_names
from adapter.backends.local.promotions import next_amount, recurring_amounts
from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.context import Context
from adapter.commands.model import ListServices, UpdateService
from adapter.commands.results import ServiceRecord, ServicesListed, ServiceUpdated
from adapter.errors import ProductNotFound, ServiceNotFound
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork


def list_services(uow: UnitOfWork, command: ListServices, _context: Context) -> ServicesListed:
    """List services by id; an unknown client has none."""
    services, products, groups = tables.services, tables.products, tables.product_groups
    clients, currencies, orders = tables.clients, tables.currencies, tables.orders
    promotions = tables.promotions
    shown = (
        sa.select(
            services,
            currencies.c.code,
            promotions.c.recurring,
            promotions.c.recur_for,
            orders.c.order_number,
            products.c.name.label("product_name"),
            groups.c.name.label("group_name"),
        )
        .join(clients, clients.c.id == services.c.client_id)
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .outerjoin(promotions, promotions.c.id == services.c.promotion_id)
        .outerjoin(orders, orders.c.id == services.c.order_id)
        .outerjoin(products, products.c.id == services.c.product_id)
        .outerjoin(groups, groups.c.id == products.c.group_id)
    )
    chosen = (
        sa.select(services.c.id).where(services.c.hidden == sa.false()).order_by(services.c.id)
    )
    for column, wanted in (
        (services.c.client_id, command.client_id),
        (services.c.id, command.service_id),
        (services.c.product_id, command.product_id),
        (services.c.domain, command.domain),
        (services.c.username, command.username),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    listing, rows = joined_window(uow, chosen, shown, command.page)
    names = method_names(uow)
    asked = _custom_names(uow, [key for row in rows for key in row["custom_fields"]])
    return ServicesListed(
        listing,
        tuple(
            ServiceRecord(
                service_id=row["id"],
                quantity=row["quantity"],
                client_id=row["client_id"],
                order_id=row["order_id"],
                order_number=row["order_number"] or 0,
                product_id=row["product_id"],
                registered_on=row["registered_on"],
                product_name=row["product_name"] or "",
                group_name=row["group_name"] or "",
                domain=row["domain"],
                first_amount=Money(row["first_amount"], row["code"]),
                recurring_amount=Money(next_amount(row), row["code"]),
                payment_method=row["payment_method"],
                payment_method_name=names.get(row["payment_method"], row["payment_method"]),
                cycle=Cycle(row["cycle"]),
                next_due_on=row["next_due_on"],
                status=ItemStatus(row["status"]),
                username=row["username"],
                password=row["password"],
                subscription_id=row["subscription_id"],
                promotion_id=row["promotion_id"],
                override_auto_suspend=row["override_auto_suspend"],
                override_suspend_until=row["override_suspend_until"],
                dedicated_ip=row["dedicated_ip"],
                assigned_ips=row["assigned_ips"],
                ns1=row["ns1"],
                ns2=row["ns2"],
                suspend_reason=row["suspend_reason"],
                notes=row["notes"],
                custom_fields=row["custom_fields"],
                custom_names=asked.get(row["product_id"], {}),
            )
            for row in rows
        ),
    )


def _custom_names(uow: UnitOfWork, keys: Sequence[str]) -> dict[int, dict[str, str]]:
    """Return the names of the custom fields with these ids, by product and id."""
    ids = sorted({int(key) for key in keys if key.isascii() and key.isdecimal()})
    found: dict[int, dict[str, str]] = {}
    fields = tables.custom_fields.c
    for page in chunks(ids):
        query = sa.select(fields.product_id, fields.id, fields.name).where(fields.id.in_(page))
        for row in uow.execute(query):
            found.setdefault(row.product_id, {})[str(row.id)] = row.name
    return found


def update_service(uow: UnitOfWork, command: UpdateService, context: Context) -> ServiceUpdated:
    """Change a service; `recalculate` wins over an amount sent along."""
    row = uow.held(tables.services, command.service_id)
    if row is None:
        raise ServiceNotFound(command.service_id)
    values = given(
        product_id=command.product_id,
        registered_on=command.registered_on,
        domain=command.domain,
        payment_method=command.payment_method,
        cycle=command.cycle,
        status=command.status,
        promotion_id=command.promotion_id,
        notes=command.notes,
        username=command.username,
        password=command.password,
        subscription_id=command.subscription_id,
        dedicated_ip=command.dedicated_ip,
        assigned_ips=command.assigned_ips,
        ns1=command.ns1,
        ns2=command.ns2,
        suspend_reason=command.suspend_reason,
        override_auto_suspend=command.override_auto_suspend,
    ) | given_dates(
        next_due_on=command.next_due_on,
        terminated_on=command.terminated_on,
        override_suspend_until=command.override_suspend_until,
    )
    if command.custom_fields:
        values["custom_fields"] = {**row["custom_fields"], **dict(command.custom_fields)}
    if command.product_id is not None and uow.row(tables.products, command.product_id) is None:
        raise ProductNotFound(command.product_id)
    code = currency_of(uow, row["client_id"]).code
    values |= amounts_by_hand(
        code, first_amount=command.first_amount, recurring_amount=command.recurring_amount
    )
    if command.recalculate:
        values |= _catalogue_amounts(uow, row, values)
    change(uow, context, BillableKind.SERVICE, row, values)
    return ServiceUpdated(command.service_id)


def _catalogue_amounts(
    uow: UnitOfWork, row: sa.RowMapping, values: dict[str, object]
) -> dict[str, int]:
    """Return what the catalogue asks for a renewal, less a promotion that recurs.

    Of a product that is gone the amounts stay; a cycle that is not offered is refused.
    """
    after = {**row, **values}
    currency = currency_of(uow, row["client_id"])
    product = uow.row(tables.products, after["product_id"])
    if product is None:
        return {}
    offered = offered_prices(uow, PRODUCT, product["id"], currency)
    cycle = Cycle(after["cycle"])
    _, unit = cycle_price(product["name"], product["pay_type"], offered, cycle, currency)
    return recurring_amounts(uow, after, unit.times(row["quantity"]).price, row["quantity"])

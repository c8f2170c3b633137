"""Listing orders with their items."""

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from adapter.backends.local.lookups import method_names, window
from adapter.billing.model import OrderStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import ListOrders
from adapter.commands.results import OrderLine, OrderRecord, OrdersListed
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork


def list_orders(uow: UnitOfWork, command: ListOrders, _context: Context) -> OrdersListed:
    """List orders, newest first."""
    orders, clients = tables.orders, tables.clients
    currencies, documents = tables.currencies, tables.documents
    query = (
        sa.select(
            orders,
            clients.c.first_name,
            clients.c.last_name,
            currencies.c.code,
            currencies.c.prefix,
            currencies.c.suffix,
            documents.c.status.label("payment_status"),
        )
        .join(clients, clients.c.id == orders.c.client_id)
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .outerjoin(documents, documents.c.id == orders.c.invoice_id)
        .order_by(orders.c.id.desc())
    )
    for column, wanted in (
        (orders.c.id, command.order_id),
        (orders.c.client_id, command.client_id),
        (orders.c.status, command.status),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    listing, rows = window(uow, query, command.page)
    names = method_names(uow)
    page = query.with_only_columns(orders.c.id, currencies.c.code)
    shown = page.offset(command.page.offset).limit(command.page.limit).subquery()
    lines: defaultdict[int, list[OrderLine]] = defaultdict(list)
    for order_id, line in _lines(uow, shown):
        lines[order_id].append(line)
    return OrdersListed(
        listing,
        tuple(
            OrderRecord(
                order_id=row["id"],
                order_number=row["order_number"],
                client_id=row["client_id"],
                client_name=f"{row['first_name']} {row['last_name']}".strip(),
                placed_at=row["placed_at"],
                amount=Money(row["amount"], row["code"]),
                currency_prefix=row["prefix"],
                currency_suffix=row["suffix"],
                payment_method=row["payment_method"],
                payment_method_name=names.get(row["payment_method"], row["payment_method"]),
                payment_status=row["payment_status"] or "",
                invoice_id=row["invoice_id"],
                status=OrderStatus(row["status"]),
                ip_address=row["ip_address"],
                notes=row["notes"],
                nameservers=row["nameservers"],
                promotion_code=row["promotion_code"],
                promotion_type=row["promotion_type"],
                promotion_value=row["promotion_value"],
                lines=tuple(lines[row["id"]]),
            )
            for row in rows
        ),
    )


def _lines(uow: UnitOfWork, shown: sa.Subquery) -> Iterator[tuple[int, OrderLine]]:
    """Yield the items of the shown orders: services, addons, domains, each by id."""
    services, addons, domains = tables.services, tables.service_addons, tables.domains
    products = tables.products
    hosting = (
        sa.select(
            services,
            products.c.name.label("product_name"),
            products.c.product_type,
            shown.c.code,
        )
        .join(shown, shown.c.id == services.c.order_id)
        .outerjoin(products, products.c.id == services.c.product_id)
        .order_by(services.c.id)
    )
    for row in uow.execute(hosting).mappings():
        kind, name = row["product_type"] or "", row["product_name"] or ""
        yield row["order_id"], _line("product", row, kind, name, row["domain"], row["cycle"])
    added = (
        sa.select(addons, services.c.domain, shown.c.code)
        .join(shown, shown.c.id == addons.c.order_id)
        .outerjoin(services, services.c.id == addons.c.service_id)
        .order_by(addons.c.id)
    )
    for row in uow.execute(added).mappings():
        domain = row["domain"] or ""
        yield row["order_id"], _line("addon", row, "Addon", row["name"], domain, row["cycle"])
    named = (
        sa.select(domains, shown.c.code)
        .join(shown, shown.c.id == domains.c.order_id)
        .order_by(domains.c.id)
    )
    for row in uow.execute(named).mappings():
        deed = "Domain Transfer" if row["kind"] == "Transfer" else "Domain Registration"
        term = f"{row['years']} Year/s"
        yield row["order_id"], _line("domain", row, "Domain", deed, row["name"], term)


def _line(  # noqa: PLR0913 - one row
    kind: str, row: sa.RowMapping, product_type: str, product: str, domain: str, cycle: str
) -> OrderLine:

    return OrderLine(
        kind=kind,
        record_id=row["id"],
        product_type=product_type,
        product=product,
        domain=domain,
        cycle=cycle,
        status=row["status"],
        amount=Money(row["first_amount"], row["code"]),
    )

"""Listing orders with their items."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from adapter.backends.local.lookups import joined_window, method_names
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
    shown = (
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
    )
    chosen = (
        sa.select(orders.c.id).where(orders.c.hidden == sa.false()).order_by(orders.c.id.desc())
    )
    for column, wanted in (
        (orders.c.id, command.order_id),
        (orders.c.client_id, command.client_id),
        (orders.c.status, command.status),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    listing, rows = joined_window(uow, chosen, shown, command.page)
    names = method_names(uow)
    lines: defaultdict[int, list[OrderLine]] = defaultdict(list)
    for order_id, line in _lines(uow, {row["id"]: row["code"] for row in rows}):
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


def _lines(uow: UnitOfWork, codes: Mapping[int, str]) -> Iterator[tuple[int, OrderLine]]:
    """Yield the items of orders: services, addons, domains, each by id.

    `codes` has the currency of each order, by its id.
    """
    order_ids = list(codes)
    services, addons, domains = tables.services, tables.service_addons, tables.domains
    products = tables.products
    hosting = (
        sa.select(
            services,
            products.c.name.label("product_name"),
            products.c.product_type,
        )
        .outerjoin(products, products.c.id == services.c.product_id)
        .where(services.c.order_id.in_(order_ids))
        .order_by(services.c.id)
    )
    for row in uow.execute(hosting).mappings():
        kind, name = row["product_type"] or "", row["product_name"] or ""
        yield _line("product", row, codes, (kind, name, row["domain"], row["cycle"]))
    added = (
        sa.select(addons, services.c.domain)
        .outerjoin(services, services.c.id == addons.c.service_id)
        .where(addons.c.order_id.in_(order_ids))
        .order_by(addons.c.id)
    )
    for row in uow.execute(added).mappings():
        domain = row["domain"] or ""
        yield _line("addon", row, codes, ("Addon", row["name"], domain, row["cycle"]))
    named = sa.select(domains).where(domains.c.order_id.in_(order_ids)).order_by(domains.c.id)
    for row in uow.execute(named).mappings():
        deed = "Domain Transfer" if row["kind"] == "Transfer" else "Domain Registration"
        term = f"{row['years']} Year/s"
        yield _line("domain", row, codes, ("Domain", deed, row["name"], term))


def _line(
    kind: str, row: sa.RowMapping, codes: Mapping[int, str], texts: tuple[str, str, str, str]
) -> tuple[int, OrderLine]:
    """Return an item's order and its line; `texts` are what is sold, its name, domain, cycle."""
    product_type, product, domain, cycle = texts
    order_id = row["order_id"]
    return order_id, OrderLine(
        kind=kind,
        record_id=row["id"],
        product_type=product_type,
        product=product,
        domain=domain,
        cycle=cycle,
        status=row["status"],
        amount=Money(row["first_amount"], codes[order_id]),
    )

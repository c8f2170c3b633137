"""Placing an order: items at the catalogue's prices, and the order's first invoice."""

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import tld_id
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import active_methods, currency_of, require_client
from adapter.backends.local.orders.cart import Cart
from adapter.backends.local.orders.domains import add_domain, renew_domain
from adapter.backends.local.orders.products import add_addon, add_product
from adapter.backends.local.promotions import (
    Promotion,
    domain_target,
    find_promotion,
    product_target,
)
from adapter.billing.model import BillableKind, ClientStatus, InvoiceStatus, OrderStatus
from adapter.commands.context import Context
from adapter.commands.model import PlaceOrder
from adapter.commands.results import OrderPlaced
from adapter.errors import ClientClosed, NothingOrdered, PaymentMethodInvalid, PromotionInvalid
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.run import bill_first
from adapter.store.unit_of_work import ORDER_NUMBER, UnitOfWork

# The documented order numbers have ten digits.
FIRST_ORDER_NUMBER = 1_000_000_000


def place_order(uow: UnitOfWork, command: PlaceOrder, context: Context) -> OrderPlaced:
    """Create an order with its items, all Pending, and bill their first periods at once."""
    _check(uow, command)
    promotion = _promotion(uow, command, context)
    order_id, order_number = _insert_order(uow, command, context, promotion)
    cart = Cart(
        uow=uow,
        context=context,
        client_id=command.client_id,
        currency=currency_of(uow, command.client_id),
        order_id=order_id,
        payment_method=command.payment_method,
        promotion=promotion,
    )
    for product in command.products:
        add_product(cart, product)
    for addon in command.addons:
        add_addon(cart, addon)
    for domain in command.domains:
        add_domain(cart, domain)
    for name, years in command.domain_renewals:
        renew_domain(cart, name, years)
    if promotion is not None and not cart.promoted:
        raise PromotionInvalid(promotion.code, "applies to nothing in this order")
    invoice_id = None
    if command.make_invoice:
        invoice_id = _invoice(cart, send_email=command.send_invoice_email)
    orders = tables.orders
    uow.execute(
        sa.update(orders)
        .where(orders.c.id == order_id)
        .values(amount=cart.amount, invoice_id=invoice_id or 0)
    )
    if command.send_email:
        facts = {"order_id": order_id, "order_number": order_number}
        enqueue_mail(uow, context, "Order Confirmation", command.client_id, 0, facts)
    uow.audit(context, "place_order", "order", order_id, {"amount": str(cart.amount)})
    return OrderPlaced(
        order_id=order_id,
        service_ids=tuple(cart.service_ids),
        addon_ids=tuple(cart.addon_ids),
        domain_ids=tuple(cart.domain_ids),
        invoice_id=invoice_id,
    )


def _check(uow: UnitOfWork, command: PlaceOrder) -> None:
    """Refuse orders that cannot be, in the order in which the documents list the errors."""
    # Held to the end: what the client has decides about promotions, and is billed here.
    uow.lock_client(command.client_id)
    client = require_client(uow, command.client_id)
    if client["status"] == ClientStatus.CLOSED:
        raise ClientClosed
    methods = active_methods(uow)
    if command.payment_method not in methods:
        raise PaymentMethodInvalid(methods)
    if not (command.products or command.addons or command.domains or command.domain_renewals):
        raise NothingOrdered


def _promotion(uow: UnitOfWork, command: PlaceOrder, context: Context) -> Promotion | None:
    if not command.promotion_code:
        return None
    ordered = [product_target(product.product_id) for product in command.products]
    endings = [tld_id(uow, domain.name) for domain in command.domains]
    ordered += [domain_target(ending[1]) for ending in endings if ending is not None]
    return find_promotion(
        uow,
        context,
        command.promotion_code,
        command.client_id,
        ordered,
        override=command.promotion_override,
    )


def _insert_order(
    uow: UnitOfWork, command: PlaceOrder, context: Context, promotion: Promotion | None
) -> tuple[int, int]:
    order_number = FIRST_ORDER_NUMBER + uow.take(ORDER_NUMBER)
    check_lengths(tables.orders, {"ip_address": command.ip_address})
    order_id = uow.insert(
        tables.orders,
        order_number=order_number,
        client_id=command.client_id,
        placed_at=context.now,
        payment_method=command.payment_method,
        status=OrderStatus.PENDING.value,
        ip_address=command.ip_address,
        promotion_code="" if promotion is None else promotion.code,
        promotion_type="" if promotion is None else promotion.promotion_type,
        promotion_value="" if promotion is None else f"{promotion.value:.2f}",
        nameservers=",".join(filter(None, command.nameservers)),
    )
    return order_id, order_number


def _invoice(cart: Cart, *, send_email: bool) -> int | None:
    """Bill the first periods; a renewal that is invoiced already answers with that invoice."""
    invoice_id = bill_first(
        cart.uow,
        cart.context,
        cart.client_id,
        service_ids=tuple(cart.service_ids),
        addon_ids=tuple(cart.addon_ids),
        domain_ids=(*cart.domain_ids, *cart.renewed_ids),
        send_email=send_email,
    )
    if invoice_id is not None or not cart.renewed_ids:
        return invoice_id
    claims, documents, domains = tables.claims, tables.documents, tables.domains
    query = (
        sa.select(sa.func.max(documents.c.id))
        .join(claims, claims.c.document_id == documents.c.id)
        .join(
            domains,
            sa.and_(
                claims.c.kind == BillableKind.DOMAIN.value,
                claims.c.billable_id == domains.c.id,
                claims.c.due_on == domains.c.next_due_on,
            ),
        )
        .where(
            domains.c.id.in_(cart.renewed_ids),
            documents.c.status == InvoiceStatus.UNPAID.value,
        )
    )
    found = cart.uow.execute(query).scalar()
    return None if found is None else int(found)

"""Domains of an order: registrations, transfers, renewals."""

from decimal import Decimal

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import (
    REGISTER,
    RENEW,
    TRANSFER,
    domain_price,
    tld_id,
)
from adapter.backends.local.items.changes import change
from adapter.backends.local.orders.cart import Cart
from adapter.backends.local.orders.products import overridden
from adapter.backends.local.promotions import domain_target, reduced_by
from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.money import Money
from adapter.billing.schedule import add_months
from adapter.commands.model import OrderedDomain
from adapter.errors import DomainNotRenewable, InvalidField, NotOwned
from adapter.store import tables

MAX_YEARS = 10
_NEVER_RENEWED = frozenset(
    {
        ItemStatus.PENDING,
        ItemStatus.PENDING_TRANSFER,
        ItemStatus.CANCELLED,
        ItemStatus.TRANSFERRED_AWAY,
        ItemStatus.FRAUD,
    }
)


def add_domain(cart: Cart, ordered: OrderedDomain) -> None:
    """Add a domain to register or to transfer."""
    years = _checked_years(ordered.years)
    transfer = ordered.kind == TRANSFER
    price = _price(cart, ordered, TRANSFER if transfer else REGISTER, ordered.price_override)
    renewal = _price(cart, ordered, RENEW, ordered.renewal_override)
    ending = tld_id(cart.uow, ordered.name)
    promotion = cart.promotion_for("" if ending is None else domain_target(ending[1]), str(years))
    nothing = Money.zero(cart.currency.code)
    reduced = reduced_by(promotion, price, nothing, renewal)
    today = cart.context.today
    cart.domain_ids.append(
        cart.insert(
            BillableKind.DOMAIN,
            reduced.first,
            {
                "kind": "Transfer" if transfer else "Register",
                "name": ordered.name.lower(),
                "years": years,
                # Of a transferred domain only its registrar knows when it expires.
                "expires_on": None if transfer else add_months(today, 12 * years),
                **reduced.columns(promotion),
                "dns_management": ordered.dns_management,
                "email_forwarding": ordered.email_forwarding,
                "id_protection": ordered.id_protection,
            },
        )
    )


def _price(cart: Cart, ordered: OrderedDomain, item_kind: str, override: Decimal | None) -> Money:
    if override is not None:
        return overridden("price_override", override, cart.currency.code).price
    return domain_price(cart.uow, ordered.name, item_kind, ordered.years, cart.currency)


def renew_domain(cart: Cart, name: str, years: int) -> None:
    """Put the coming period of an owned domain on the order's invoice.

    The term becomes the domain's own, at the catalogue's renewal price, unless it had it already;
    not while the coming period is invoiced, because that invoice is what will be paid.
    """
    domains = tables.domains
    query = (
        sa.select(domains)
        .where(
            domains.c.client_id == cart.client_id,
            domains.c.name == name.lower(),
            domains.c.hidden == sa.false(),
        )
        .order_by(domains.c.id.desc())
        .limit(1)
    )
    row = cart.uow.execute(query).mappings().first()
    if row is None:
        raise NotOwned("domain", 0)
    status = ItemStatus(row["status"])
    if status in _NEVER_RENEWED:
        raise DomainNotRenewable(status.value)
    cart.renewed_ids.append(row["id"])
    amount = Money(row["recurring_amount"], cart.currency.code)
    if _checked_years(years) != row["years"] and not _claimed(cart, row):
        amount = domain_price(cart.uow, row["name"], RENEW, years, cart.currency)
        values = {"years": years, "recurring_amount": amount.hundredths}
        change(cart.uow, cart.context, BillableKind.DOMAIN, row, values)
    cart.amount += amount


def _claimed(cart: Cart, row: sa.RowMapping) -> bool:
    claims = tables.claims
    query = sa.select(claims.c.document_id).where(
        claims.c.kind == BillableKind.DOMAIN.value,
        claims.c.billable_id == row["id"],
        claims.c.due_on == row["next_due_on"],
    )
    return cart.uow.execute(query).first() is not None


def _checked_years(years: int) -> int:
    if not 1 <= years <= MAX_YEARS:
        raise InvalidField("years", "range", f"A domain's term is 1 to {MAX_YEARS} years")
    return years

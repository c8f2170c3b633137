"""Domains: listing and changing them."""

import sqlalchemy as sa

from adapter.backends.local.catalogue_prices import RENEW, domain_price
from adapter.backends.local.items.changes import amounts_by_hand, change, given, given_dates
from adapter.backends.local.lookups import currency_of, joined_window, method_names
from adapter.backends.local.promotions import next_amount, recurring_amounts
from adapter.billing.model import BillableKind, ItemStatus
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.commands.model import ListDomains, UpdateDomain
from adapter.commands.results import DomainRecord, DomainsListed, DomainUpdated
from adapter.errors import DomainNotFound, InvalidField
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

MAX_YEARS = 10


def list_domains(uow: UnitOfWork, command: ListDomains, _context: Context) -> DomainsListed:
    """List domains by id."""
    domains, clients, currencies = tables.domains, tables.clients, tables.currencies
    promotions = tables.promotions
    shown = (
        sa.select(domains, currencies.c.code, promotions.c.recurring, promotions.c.recur_for)
        .join(clients, clients.c.id == domains.c.client_id)
        .join(currencies, currencies.c.id == clients.c.currency_id)
        .outerjoin(promotions, promotions.c.id == domains.c.promotion_id)
    )
    chosen = sa.select(domains.c.id).where(domains.c.hidden == sa.false()).order_by(domains.c.id)
    for column, wanted in (
        (domains.c.client_id, command.client_id),
        (domains.c.id, command.domain_id),
        (domains.c.name, None if command.name is None else command.name.lower()),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    listing, rows = joined_window(uow, chosen, shown, command.page)
    names = method_names(uow)
    return DomainsListed(
        listing,
        tuple(
            DomainRecord(
                domain_id=row["id"],
                client_id=row["client_id"],
                order_id=row["order_id"],
                kind=row["kind"],
                name=row["name"],
                registrar=row["registrar"],
                years=row["years"],
                first_amount=Money(row["first_amount"], row["code"]),
                recurring_amount=Money(next_amount(row), row["code"]),
                payment_method=row["payment_method"],
                payment_method_name=names.get(row["payment_method"], row["payment_method"]),
                registered_on=row["registered_on"],
                expires_on=row["expires_on"],
                next_due_on=row["next_due_on"],
                status=ItemStatus(row["status"]),
                subscription_id=row["subscription_id"],
                promotion_id=row["promotion_id"],
                dns_management=row["dns_management"],
                email_forwarding=row["email_forwarding"],
                id_protection=row["id_protection"],
                do_not_renew=row["do_not_renew"],
                notes=row["notes"],
            )
            for row in rows
        ),
    )


def update_domain(uow: UnitOfWork, command: UpdateDomain, context: Context) -> DomainUpdated:
    """Change a domain; `recalculate` wins over an amount sent along."""
    row = uow.held(tables.domains, command.domain_id)
    if row is None:
        raise DomainNotFound(command.domain_id)
    if command.years is not None and not 1 <= command.years <= MAX_YEARS:
        raise InvalidField("years", "range", f"A domain's term is 1 to {MAX_YEARS} years")
    values = given(
        kind=None if command.kind is None else command.kind.capitalize(),
        registered_on=command.registered_on,
        name=None if command.name is None else command.name.lower(),
        registrar=command.registrar,
        years=command.years,
        payment_method=command.payment_method,
        promotion_id=command.promotion_id,
        subscription_id=command.subscription_id,
        status=command.status,
        notes=command.notes,
        dns_management=command.dns_management,
        email_forwarding=command.email_forwarding,
        id_protection=command.id_protection,
        do_not_renew=command.do_not_renew,
    ) | given_dates(next_due_on=command.next_due_on, expires_on=command.expires_on)
    currency = currency_of(uow, row["client_id"])
    values |= amounts_by_hand(
        currency.code,
        first_amount=command.first_amount,
        recurring_amount=command.recurring_amount,
    )
    if command.recalculate:
        after = {**row, **values}
        price = domain_price(uow, after["name"], RENEW, after["years"], currency)
        values |= recurring_amounts(uow, after, price)
    change(uow, context, BillableKind.DOMAIN, row, values)
    return DomainUpdated(command.domain_id)

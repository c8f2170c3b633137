"""Figures about one client.

All figures are in the client's own currency; documents in another one are not converted and left
out. Source: contracts/decisions.md, "A client's balance".
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import DocumentKind, InvoiceStatus, ItemStatus, QuoteStage
from adapter.billing.money import Money, Sum
from adapter.commands.results import ClientStats, StatusTotal
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_D = tables.documents.c
_BALANCE = _D.total - _D.paid
_IS_INVOICE = sa.and_(_D.kind == DocumentKind.INVOICE.value, sa.not_(_D.hidden))


def client_stats(uow: UnitOfWork, client: Mapping[Any, Any], today: date) -> ClientStats:
    """Return the figures about a client, given as a row with its currency."""
    client_id, currency = client["id"], client["currency_code"]
    by_status = dict.fromkeys(InvoiceStatus, StatusTotal(0, Money.zero(currency)))
    due = overdue = StatusTotal(0, Money.zero(currency))
    late = _D.due_on < today
    invoices = uow.execute(
        sa.select(
            _D.status,
            sa.func.count().label("invoices"),
            sa.func.sum(_D.total).label("total"),
            sa.func.sum(_BALANCE).label("balance"),
            sa.func.sum(sa.case((late, 1), else_=0)).label("late_invoices"),
            sa.func.sum(sa.case((late, _BALANCE), else_=0)).label("late_balance"),
        )
        .where(_D.client_id == client_id, _D.currency == currency, _IS_INVOICE)
        .group_by(_D.status)
    )
    for row in invoices:
        status = InvoiceStatus(row.status)
        by_status[status] = StatusTotal(row.invoices, _money(row.total, currency))
        if status is InvoiceStatus.UNPAID:
            due = StatusTotal(row.invoices, _money(row.balance, currency))
            overdue = StatusTotal(int(row.late_invoices), _money(row.late_balance, currency))
    revenue, expenses = _turnover(uow, client_id, currency)
    services = _services(uow, client_id)
    domains = _domains(uow, client_id)
    quotes = _quotes(uow, client_id)
    return ClientStats(
        currency_prefix=client["currency_prefix"],
        currency_suffix=client["currency_suffix"],
        due=due,
        overdue=overdue,
        by_status=by_status,
        gross_revenue=revenue,
        expenses=expenses,
        active_services={kind: active for kind, (active, _) in services.items()},
        all_services={kind: count for kind, (_, count) in services.items()},
        active_domains=domains[0],
        all_domains=domains[1],
        accepted_quotes=quotes[0],
        all_quotes=quotes[1],
    )


def _money(hundredths: Any, currency: str) -> Money:
    # A sum is NULL over no rows, and a decimal on PostgreSQL and MariaDB.
    return Sum(int(hundredths or 0), currency)


def _turnover(uow: UnitOfWork, client_id: int, currency: str) -> tuple[Money, Money]:
    """Return what came in, and what went out (refunds and fees)."""
    booked = tables.transactions.c
    row = uow.execute(
        sa.select(
            sa.func.sum(booked.amount_in).label("received"),
            sa.func.sum(booked.amount_out + booked.fees).label("spent"),
        ).where(booked.client_id == client_id, booked.currency == currency)
    ).one()
    return _money(row.received, currency), _money(row.spent, currency)


def _services(uow: UnitOfWork, client_id: int) -> dict[str, tuple[int, int]]:
    """Return (active, all) services by product type; a product that is gone counts as other."""
    services, products = tables.services.c, tables.products.c
    found = uow.execute(
        sa.select(
            products.product_type,
            sa.func.sum(_is_active(services.status)).label("active"),
            sa.func.count().label("items"),
        )
        .select_from(tables.services)
        .outerjoin(tables.products, products.id == services.product_id)
        .where(services.client_id == client_id, sa.not_(services.hidden))
        .group_by(products.product_type)
    )
    counts: dict[str, tuple[int, int]] = {}
    for row in found:
        active, items = counts.get(row.product_type or "other", (0, 0))
        counts[row.product_type or "other"] = active + int(row.active), items + row.items
    return counts


def _domains(uow: UnitOfWork, client_id: int) -> tuple[int, int]:
    domains = tables.domains.c
    row = uow.execute(
        sa.select(
            sa.func.sum(_is_active(domains.status)).label("active"),
            sa.func.count().label("items"),
        ).where(domains.client_id == client_id, sa.not_(domains.hidden))
    ).one()
    return int(row.active or 0), row.items


def _quotes(uow: UnitOfWork, client_id: int) -> tuple[int, int]:
    accepted = sa.case((_D.status == QuoteStage.ACCEPTED.value, 1), else_=0)
    row = uow.execute(
        sa.select(sa.func.sum(accepted).label("accepted"), sa.func.count().label("items")).where(
            _D.client_id == client_id,
            _D.kind == DocumentKind.QUOTE.value,
            _D.hidden == sa.false(),
        )
    ).one()
    return int(row.accepted or 0), row.items


def _is_active(status: sa.ColumnElement[str]) -> sa.Case[int]:
    return sa.case((status == ItemStatus.ACTIVE.value, 1), else_=0)

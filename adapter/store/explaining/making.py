"""What made an invoice that no run made."""

from collections.abc import Sequence

import sqlalchemy as sa

from adapter.billing.drafts import RULE_IMPORTED
from adapter.billing.model import HeldReason
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork


def made_outside_of_runs(
    uow: UnitOfWork, document: sa.RowMapping, claims: Sequence[sa.RowMapping]
) -> str:
    """Say it in words: an order, a held date, a quote, a pro-forma, an import, or a call."""
    if any(claim["rule"] == RULE_IMPORTED for claim in claims):
        return "the system it was imported from"
    if any(_is_of_held_date(uow, claim) for claim in claims):
        return "an operator, who billed a held date"
    order_id = _order(uow, document)
    if order_id is not None:
        return f"order {order_id}, as its first invoice"
    quote_id = _quote(uow, document)
    if quote_id is not None:
        return f"quote {quote_id}, when it was accepted"
    if document["source_id"]:
        return f"document {document['source_id']}, which it was made from"
    return _call(uow, document) or "no run: a call of its own, or an import"


def _is_of_held_date(uow: UnitOfWork, claim: sa.RowMapping) -> bool:
    held = tables.held_occurrences.c
    query = sa.select(held.reason).where(
        held.kind == claim["kind"],
        held.billable_id == claim["billable_id"],
        held.due_on == claim["due_on"],
    )
    return uow.execute(query).scalar() == HeldReason.ISSUED


def _order(uow: UnitOfWork, document: sa.RowMapping) -> int | None:
    orders = tables.orders.c
    query = sa.select(sa.func.min(orders.id)).where(
        orders.client_id == document["client_id"], orders.invoice_id == document["id"]
    )
    return uow.execute(query).scalar()


def _quote(uow: UnitOfWork, document: sa.RowMapping) -> int | None:
    quotes, documents = tables.quotes.c, tables.documents.c
    query = (
        sa.select(sa.func.min(quotes.document_id))
        .join(tables.documents, documents.id == quotes.document_id)
        .where(documents.client_id == document["client_id"], quotes.invoice_id == document["id"])
    )
    return uow.execute(query).scalar()


def _call(uow: UnitOfWork, document: sa.RowMapping) -> str | None:
    audit = tables.audit.c
    query = (
        sa.select(audit.caller, audit.request_id)
        .where(
            audit.noun == document["kind"],
            audit.record_id == document["id"],
            audit.deed == "create",
        )
        .order_by(audit.id)
        .limit(1)
    )
    found = uow.execute(query).first()
    if found is None:
        return None
    return f"a call of {found.caller}, request {found.request_id}, outside of any run"

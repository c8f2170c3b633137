"""A client's money and what is open of his: which pays what, in which order.

Oldest first: by due date, then id. Only documents in the client's own currency take part.
Source: contracts/decisions.md, "Payments of the positional API".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from adapter.billing.model import DEBITS
from adapter.billing.money import Money
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.balances import OWED
from adapter.store.transitions import add_credit, apply_credit, load_invoice, settle
from adapter.store.unit_of_work import UnitOfWork

_D = tables.documents.c


@dataclass(frozen=True, slots=True)
class Received:
    """Money that came with a payment document; `label` is how the client knows the document."""

    payment_id: int
    client_id: int
    amount: Money
    method: str
    reference: str
    booked_at: datetime
    label: str


def open_documents(uow: UnitOfWork, client_id: int, currency: str) -> list[int]:
    """Return the ids of a client's invoices and payouts with something left to pay."""
    query = (
        sa.select(_D.id)
        .where(
            _D.client_id == client_id,
            _D.currency == currency,
            _D.kind.in_(sorted(DEBITS)),
            _D.status.in_(OWED),
            _D.hidden == sa.false(),
            _D.total > _D.paid,
        )
        .order_by(_D.due_on, _D.id)
    )
    return list(uow.execute(query).scalars())


def book_payment(
    uow: UnitOfWork, context: Context, received: Received, document_ids: Sequence[int]
) -> None:
    """Pay these documents in order with what was received; what is left becomes credit.

    The caller holds the client.
    """
    left = received.amount.hundredths
    for document_id in document_ids:
        if not left:
            break
        row = load_invoice(uow, document_id)
        share = min(left, row["total"] - row["paid"])
        if share <= 0:
            continue
        left -= share
        _transaction(uow, received, document_id, share)
        here = _D.id == document_id
        paid = {"paid": row["paid"] + share, "updated_at": context.now}
        uow.execute(sa.update(tables.documents).where(here).values(**paid))
        detail = {"payment": received.payment_id, "amount": str(Money(share, row["currency"]))}
        uow.audit(context, "record_payment", row["kind"], document_id, detail)
        settle(uow, context, document_id, send_email=False)
    if left:
        _transaction(uow, received, 0, left)
        add_credit(uow, context, received.client_id, left, received.label, received.payment_id)


def _transaction(uow: UnitOfWork, received: Received, document_id: int, hundredths: int) -> None:
    uow.insert(
        tables.transactions,
        client_id=received.client_id,
        document_id=document_id,
        currency=received.amount.currency,
        gateway=received.method,
        booked_at=received.booked_at,
        description=received.label,
        amount_in=hundredths,
        transaction_id=received.reference,
        payment_id=received.payment_id,
    )


def use_credit(
    uow: UnitOfWork, context: Context, client_id: int, document_ids: Sequence[int]
) -> None:
    """Use the client's credit on these documents in order; the caller holds the client."""
    client = uow.row(tables.clients, client_id)
    left = 0 if client is None else client["credit"]
    for document_id in document_ids:
        if left <= 0:
            return
        row = load_invoice(uow, document_id)
        share = min(left, row["total"] - row["paid"])
        if share <= 0:
            continue
        left -= share
        apply_credit(uow, context, document_id, Money(share, row["currency"]))
        settle(uow, context, document_id, send_email=False)

"""What clients owe: the one place that tells a balance, and the movements that add up to it.

balance = credit - what is open on invoices and payouts; negative means the client owes. All in
the client's own currency; documents in another one are left out, nothing is converted here.
The opening balance is what he brought along when the account began; it is not in `balance`.
Source: contracts/decisions.md, "A client's balance".
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapter.billing.model import CREDITS, DEBITS, DocumentKind, InvoiceStatus
from adapter.billing.money import Money, Sum
from adapter.billing.statement import Movement, MovementKind
from adapter.store import tables
from adapter.store.transitions import PAYABLE
from adapter.store.unit_of_work import UnitOfWork

# Within the parameters that every engine takes in one statement.
CHUNK: Final = 500

OWED: Final = tuple(sorted(status.value for status in PAYABLE))
_DEBITS: Final = tuple(sorted(DEBITS))
_MOVING: Final = tuple(sorted(DEBITS | CREDITS))

_C = tables.clients.c
_CURRENCY = tables.currencies.c
_D = tables.documents.c
_T = tables.transactions.c
_L = tables.credits_log.c

# Asked for each client: over many at once an engine may take an index that begins with the kind.
_OWED = (
    sa.select(sa.func.sum(_D.total - _D.paid))
    .where(
        _D.client_id == _C.id,
        _D.currency == _CURRENCY.code,
        _D.kind.in_(_DEBITS),
        _D.status.in_(OWED),
        _D.hidden == sa.false(),
    )
    .scalar_subquery()
)


@dataclass(frozen=True, slots=True)
class Balance:
    """Where a client stands: `credit` is unused money of his, `owed` what is open, both >= 0."""

    credit: Money
    owed: Money
    opening: Money

    @property
    def balance(self) -> Money:
        """Credit less what is owed, without the opening balance."""
        return self.credit - self.owed

    @property
    def with_opening(self) -> Money:
        """The balance with what the client brought along."""
        return self.balance + self.opening


def balances(uow: UnitOfWork, client_ids: Sequence[int]) -> dict[int, Balance]:
    """Return where each of these clients stands; one that does not exist is left out."""
    found: dict[int, Balance] = {}
    for start in range(0, len(client_ids), CHUNK):
        ids = client_ids[start : start + CHUNK]
        rows = uow.execute(
            sa.select(_C.id, _C.credit, _C.opening_balance, _CURRENCY.code, _OWED.label("owed"))
            .join_from(tables.clients, tables.currencies, _CURRENCY.id == _C.currency_id)
            .where(_C.id.in_(ids))
        )
        for row in rows:
            # A sum is NULL over no rows, and a decimal on PostgreSQL and MariaDB.
            found[row.id] = Balance(
                Sum(row.credit, row.code),
                Sum(int(row.owed or 0), row.code),
                Sum(row.opening_balance, row.code),
            )
    return found


def movements(uow: UnitOfWork, client_id: int, currency: str, zone: ZoneInfo) -> list[Movement]:
    """Return what moved a client's balance, by day; the amounts add up to the balance.

    Money moved inside the account (credit used on an invoice, an overpayment that became credit)
    moved no balance and is left out. `zone` is the account's: it says on which day money came.
    """
    found = [
        *_documents(uow, client_id, currency, zone),
        *_transactions(uow, client_id, currency, zone),
        *_credits(uow, client_id, currency),
    ]
    # A day's debts before what paid them; the order within is that of their making.
    return sorted(found, key=lambda each: (each.on, each.amount.hundredths >= 0))


def _documents(
    uow: UnitOfWork, client_id: int, currency: str, zone: ZoneInfo
) -> Iterator[Movement]:
    query = (
        sa.select(tables.documents)
        .where(_D.client_id == client_id, _D.currency == currency, _D.kind.in_(_MOVING))
        .order_by(_D.id)
    )
    for row in uow.execute(query).mappings():
        kind = DocumentKind(row["kind"])
        gross = row["total"] + row["credit"]
        if kind in CREDITS:
            if not row["hidden"]:
                yield _movement(row, MovementKind(kind.value), row["issued_on"], gross, currency)
            continue
        status = InvoiceStatus(row["status"])
        if status is InvoiceStatus.DRAFT or row["hidden"]:
            # Nobody is asked for it; what was booked on it all the same was money of the client.
            gross = row["credit"] + row["paid"]
            if not gross:
                continue
        yield _movement(row, MovementKind(kind.value), row["issued_on"], -gross, currency)
        left = gross - row["credit"] - row["paid"]
        if left and status not in PAYABLE:
            stamp = row["cancelled_at"] or row["refunded_at"] or row["paid_at"]
            on = row["issued_on"] if stamp is None else stamp.astimezone(zone).date()
            on = max(on, row["issued_on"])
            yield _movement(row, MovementKind.WRITE_OFF, on, left, currency, status.value)


def _movement(  # noqa: PLR0913 - one value a column
    row: sa.RowMapping,
    kind: MovementKind,
    on: date,
    hundredths: int,
    currency: str,
    description: str = "",
) -> Movement:
    number = "" if row["number"] is None else str(row["number"])
    return Movement(
        on,
        kind,
        row["id"],
        row["number_text"] or number,
        row["reference"] or row["order_number"],
        description or row["notes"],
        Money(hundredths, currency),
    )


def _transactions(
    uow: UnitOfWork, client_id: int, currency: str, zone: ZoneInfo
) -> Iterator[Movement]:
    """Yield money booked on invoices directly; what a payment document paid is that document's.

    A transaction on no invoice moves nothing, or is told by the credit that it became.
    """
    query = (
        sa.select(tables.transactions)
        .where(
            _T.client_id == client_id,
            _T.currency == currency,
            _T.payment_id == 0,
            _T.document_id != 0,
        )
        .order_by(_T.id)
    )
    for row in uow.execute(query).mappings():
        net = row["amount_in"] - row["amount_out"]
        if not net:
            continue
        yield Movement(
            row["booked_at"].astimezone(zone).date(),
            MovementKind.PAYMENT if net > 0 else MovementKind.REFUND,
            0,
            "",
            row["transaction_id"],
            row["description"],
            Money(net, currency),
        )


def _credits(uow: UnitOfWork, client_id: int, currency: str) -> Iterator[Movement]:
    """Yield credit that was given or taken by hand: it names no document."""
    query = (
        sa.select(tables.credits_log)
        .where(_L.client_id == client_id, _L.document_id == 0)
        .order_by(_L.id)
    )
    for row in uow.execute(query).mappings():
        yield Movement(
            row["entered_on"],
            MovementKind.CREDIT,
            0,
            "",
            "",
            row["description"],
            Money(row["amount"], currency),
        )

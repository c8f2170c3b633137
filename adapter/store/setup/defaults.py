"""What an empty store needs so that the first calls work."""

from datetime import datetime
from decimal import Decimal
from typing import Final

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.unit_of_work import (
    CLIENT_IDENTITY,
    DOCUMENT_ID,
    INVOICE_NUMBER,
    ORDER_NUMBER,
    RUN_ID,
    SETTINGS_VERSION,
    UnitOfWork,
)

DEFAULT_CURRENCY: Final = "ZAR"

_COUNTERS = (
    DOCUMENT_ID,
    INVOICE_NUMBER,
    ORDER_NUMBER,
    RUN_ID,
    SETTINGS_VERSION,
    CLIENT_IDENTITY,
)
_PREFIXES = {"ZAR": "R", "USD": "$", "EUR": "€", "GBP": "£"}


def ensure_defaults(
    uow: UnitOfWork,
    now: datetime,  # noqa: ARG001 - part of the seam: what is made here may carry its time
    currency: str = DEFAULT_CURRENCY,
) -> None:
    """Give a store its first currency, product group and payment method where it has none.

    No tax rule is made. Counters get their rows, so that writers lock a row instead of racing to
    insert it. Calling it again changes nothing.
    """
    known = _known_counters(uow)
    if not uow.is_alone and not known.issuperset(_COUNTERS):
        # Two processes may find a new database empty: one fills it, the other one waits.
        uow.make_counter(SETTINGS_VERSION)
        uow.lock_settings()
        known = _known_counters(uow)
    if _empty(uow, tables.currencies):
        insert_with_id(
            uow,
            tables.currencies,
            1,
            code=currency,
            prefix=_PREFIXES.get(currency, ""),
            suffix=f" {currency}",
            number_format=1,
            rate=Decimal(1),
            is_default=True,
        )
    if _empty(uow, tables.product_groups):
        insert_with_id(uow, tables.product_groups, 1, name="Products", position=0)
    if _empty(uow, tables.payment_methods):
        uow.execute(
            sa.insert(tables.payment_methods).values(
                module="banktransfer", display_name="Bank Transfer", position=0, active=True
            )
        )
    missing = [{"name": name, "next_value": 1} for name in _COUNTERS if name not in known]
    if missing:
        uow.execute(sa.insert(tables.counters), missing)


def _known_counters(uow: UnitOfWork) -> set[str]:
    return set(uow.execute(sa.select(tables.counters.c.name)).scalars())


def insert_with_id(uow: UnitOfWork, table: sa.Table, row_id: int, **values: object) -> int:
    """Insert a row under a chosen id; rows after it get higher ones by themselves."""
    uow.execute(sa.insert(table).values(id=row_id, **values))
    if uow.connection.dialect.name == "postgresql":
        # Only PostgreSQL's sequence does not notice ids it has not given itself.
        sequence = sa.func.pg_get_serial_sequence(table.name, "id")
        highest = sa.select(sa.func.max(table.c.id)).scalar_subquery()
        uow.execute(sa.select(sa.func.setval(sequence, highest)))
    return row_id


def _empty(uow: UnitOfWork, table: sa.Table) -> bool:
    return uow.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is None

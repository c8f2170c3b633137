"""The money that clients have as credit, against the log of what gave and took it."""

from collections.abc import Iterator
from typing import Final

import sqlalchemy as sa

from adapter.billing.completeness import Fault, Finding, shown
from adapter.store import tables
from adapter.store.unit_of_work import Store

_PAGE: Final = 2000
_C = tables.clients.c
_L = tables.credits_log.c
_LOGGED: Final = sa.func.coalesce(sa.func.sum(_L.amount), 0).label("logged")


def audit_credit(store: Store) -> Iterator[Finding]:
    """Yield clients whose credit is not what their log comes to; it is a sum of all times."""
    last = 0
    while True:
        page = (
            sa.select(_C.id, _C.credit).where(_C.id > last).order_by(_C.id).limit(_PAGE)
        ).subquery()
        query = (
            sa.select(page.c.id, page.c.credit, _LOGGED)
            .outerjoin(tables.credits_log, _L.client_id == page.c.id)
            .group_by(page.c.id, page.c.credit)
            .order_by(page.c.id)
        )
        with store.read() as uow:
            rows = uow.execute(query).all()
        for row in rows:
            # A sum is a decimal on PostgreSQL and MariaDB.
            credit, logged = row.credit, int(row.logged)
            if credit != logged:
                detail = f"has credit of {shown(credit)}, its log comes to {shown(logged)}"
                yield Finding(Fault.BROKEN, row.id, detail)
        if len(rows) < _PAGE:
            break
        last = rows[-1].id

"""Periods that stand in the queue although they are claimed: set right, or parked, and said so.

The claim is the database's word that a period is billed. A row that contradicts it (an import, a
repaired backup) would make every page with its client fail.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from adapter.billing.drafts import Parked
from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.queue import TABLES, requeue
from adapter.store.run.holding import among
from adapter.store.unit_of_work import UnitOfWork


def set_claimed_aside(
    uow: UnitOfWork,
    context: Context,
    client_ids: Sequence[int],
    conditions: Mapping[BillableKind, Any],
) -> list[Parked]:
    """Put the due rows of held clients whose period is claimed into their right place.

    One whose place is still a claimed period is parked; those are returned.
    """
    parked: list[Parked] = []
    if not client_ids:
        return parked
    claims = tables.claims
    for kind, condition in conditions.items():
        table = TABLES[kind]
        claimed = sa.and_(
            claims.c.kind == kind.value,
            claims.c.billable_id == table.c.id,
            claims.c.due_on == table.c.next_invoice_on,
        )
        query = sa.select(table.c.id, table.c.next_invoice_on).where(
            condition, among(uow, table.c.client_id, client_ids), sa.exists().where(claimed)
        )
        for row in uow.execute(query).mappings().all():
            billable_id, on = row["id"], row["next_invoice_on"]
            requeue(uow, kind, billable_id)
            now = uow.row(table, billable_id)
            if now is not None and now["next_invoice_on"] == on:
                entry = Parked(kind, billable_id, f"The period of {on} is invoiced already")
                parked.append(entry)
                uow.execute(
                    sa.update(table)
                    .where(table.c.id == billable_id)
                    .values(
                        next_invoice_on=None, parked_reason=entry.reason, parked_at=context.now
                    )
                )
    return parked

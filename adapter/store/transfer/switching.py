"""The switch from an imported account to one that bills: the owner of its schedules, the hold."""

from typing import Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.holds import IMPORTED, holds, lift_hold
from adapter.store.queue import GATEWAY, TABLES
from adapter.store.transfer.writing import queue
from adapter.store.unit_of_work import UnitOfWork

# Who bills the schedules from now on: this gateway, or the system that they came from.
OWNERS: Final = ("gateway", "legacy")


def unfinished_import(uow: UnitOfWork) -> str | None:
    """Return the files of an import that is under way; None without one."""
    imports = tables.imports.c
    query = sa.select(imports.source).where(imports.finished_at.is_(None)).limit(1)
    found: str | None = uow.execute(query).scalar()
    return found


def is_held(uow: UnitOfWork) -> bool:
    """Tell whether the account waits for its go-live."""
    return any(each.reason == IMPORTED for each in holds(uow))


def owned_elsewhere(uow: UnitOfWork) -> int:
    """Return how many schedules another system still bills."""
    counts = (
        uow.execute(
            sa.select(sa.func.count()).select_from(table).where(table.c.owner != GATEWAY)
        ).scalar_one()
        for table in TABLES.values()
    )
    return sum(counts)


def go_live(uow: UnitOfWork, context: Context, owner: str) -> int:
    """Give every schedule its owner and lift the hold; return how many changed hands.

    The caller began with `Store.write(settings=True, under_hold=True)`. A new owner gets a new
    fence, so that whoever still works for the old one cannot claim.
    """
    moved = 0
    for kind, table in TABLES.items():
        others = table.c.owner != owner
        ids = uow.execute(sa.select(table.c.id).where(others).order_by(table.c.id)).scalars().all()
        if not ids:
            continue
        uow.execute(sa.update(table).where(others).values(owner=owner, fence=table.c.fence + 1))
        queue(uow, kind, ids)
        moved += len(ids)
    lift_hold(uow, context, IMPORTED)
    uow.audit(context, "go_live", "account", 0, {"owner": owner, "schedules": moved})
    return moved

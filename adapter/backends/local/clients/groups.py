"""Groups of clients."""

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.commands.model import ListClientGroups
from adapter.commands.results import ClientGroupRecord, ClientGroupsListed
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork


def list_client_groups(
    uow: UnitOfWork, _command: ListClientGroups, _context: Context
) -> ClientGroupsListed:
    """List the groups of clients by id."""
    groups = tables.client_groups
    rows = uow.execute(sa.select(groups).order_by(groups.c.id)).mappings()
    return ClientGroupsListed(
        tuple(
            ClientGroupRecord(
                group_id=row["id"],
                name=row["name"],
                colour=row["colour"],
                discount_percent=row["discount_percent"],
                exempt_from_suspension=row["exempt_from_suspension"],
                separate_invoices=row["separate_invoices"],
            )
            for row in rows
        )
    )

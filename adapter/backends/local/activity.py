"""The activity log, and who is calling."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.lookups import require_client, window
from adapter.backends.local.statistics import get_statistics
from adapter.backends.local.system import CANONICAL_VERSION, VERSION
from adapter.commands.context import Context
from adapter.commands.model import Command, GetAdmin, GetStatistics, ListActivity, LogActivity
from adapter.commands.results import (
    ActivityListed,
    ActivityLogged,
    ActivityRecord,
    AdminShown,
    Result,
)
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_LOG = tables.activity_log
_ADDRESS_LENGTH = 64


def log_activity(uow: UnitOfWork, command: LogActivity, context: Context) -> ActivityLogged:
    """Note down a text; raises `ClientNotFound` where it names one that is not there."""
    if command.client_id is not None:
        require_client(uow, command.client_id)
    entry_id = uow.insert(
        _LOG,
        client_id=command.client_id or 0,
        recorded_at=context.now,
        description=command.description,
        caller=context.caller.credential,
        address=context.caller.address[:_ADDRESS_LENGTH],
    )
    return ActivityLogged(entry_id)


def list_activity(uow: UnitOfWork, command: ListActivity, context: Context) -> ActivityListed:
    """List the entries, newest first; a day is one of the account's zone."""
    wanted = list(_filters(command, context))
    query = sa.select(_LOG).where(*wanted).order_by(_LOG.c.id.desc())
    listing, rows = window(uow, query, command.page)
    return ActivityListed(
        listing,
        tuple(
            ActivityRecord(
                entry_id=row["id"],
                client_id=row["client_id"],
                recorded_at=row["recorded_at"],
                description=row["description"],
                caller=row["caller"],
                address=row["address"],
            )
            for row in rows
        ),
    )


def _filters(command: ListActivity, context: Context) -> Iterator[sa.ColumnElement[bool]]:
    if command.client_id is not None:
        yield _LOG.c.client_id == command.client_id
    if command.on is not None:
        zone = context.caller.account.zone
        begin = datetime.combine(command.on, time(), zone).astimezone(UTC)
        end = datetime.combine(command.on + timedelta(days=1), time(), zone).astimezone(UTC)
        yield sa.and_(_LOG.c.recorded_at >= begin, _LOG.c.recorded_at < end)
    for column, part in (
        (_LOG.c.caller, command.caller),
        (_LOG.c.description, command.description),
        (_LOG.c.address, command.address),
    ):
        if part is not None:
            yield sa.func.lower(column).contains(part.lower(), autoescape=True)


def get_admin(_uow: UnitOfWork, _command: GetAdmin, context: Context) -> AdminShown:
    """Show the credential that is calling."""
    return AdminShown(context.caller.credential, VERSION, CANONICAL_VERSION)


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    GetAdmin: get_admin,
    GetStatistics: get_statistics,
    ListActivity: list_activity,
    LogActivity: log_activity,
}

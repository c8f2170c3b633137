"""The log of mails: the rows that carry them to the worker, as long as these are kept."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa

from adapter.backends.local.lookups import require_client, window
from adapter.backends.local.mails.templates import BY_NAME
from adapter.commands.context import Context
from adapter.commands.model import ListMails
from adapter.commands.results import Listing, MailRecord, MailsListed
from adapter.store import tables
from adapter.store.outbox import MAIL, WAITING
from adapter.store.unit_of_work import UnitOfWork

_O: Final = tables.outbox
# States in which nobody will try again.
_GIVEN_UP: Final = frozenset({"dead", "expired", "failed"})


def list_mails(uow: UnitOfWork, command: ListMails, context: Context) -> MailsListed:
    """List a client's mails, newest first. Raises `ClientNotFound`."""
    client = require_client(uow, command.client_id)
    query = (
        sa.select(_O)
        .where(_O.c.client_id == command.client_id, _O.c.topic == MAIL)
        .order_by(_O.c.id.desc())
    )
    if command.sent_on is not None:
        begins = datetime.combine(command.sent_on, time(), context.caller.account.zone)
        ends = datetime.combine(
            command.sent_on + timedelta(days=1), time(), context.caller.account.zone
        )
        query = query.where(
            _O.c.created_at >= begins.astimezone(UTC), _O.c.created_at < ends.astimezone(UTC)
        )
    if command.subject is None:
        listing, rows = window(uow, query, command.page)
        return MailsListed(listing, tuple(_records(rows, client["email"])))
    # What a template is headed with is not in the row.
    wanted = command.subject.casefold()
    listing, rows = window(uow, query, None)
    found = [each for each in _records(rows, client["email"]) if wanted in each.subject.casefold()]
    first = command.page.offset
    return MailsListed(
        Listing(len(found), first), tuple(found[first : first + command.page.limit])
    )


def _records(rows: list[sa.RowMapping], to: str) -> Iterator[MailRecord]:
    for row in rows:
        name, values = row["payload"]["template"], row["payload"]["values"]
        template = BY_NAME.get(name.lower())
        yield MailRecord(
            mail_id=row["id"],
            client_id=row["client_id"],
            subject=values.get("subject") or (name if template is None else template.subject),
            message=values.get("message", ""),
            queued_at=row["created_at"],
            to=to,
            pending=row["status"] == WAITING,
            failed=row["status"] in _GIVEN_UP,
            attempts=row["attempts"],
        )

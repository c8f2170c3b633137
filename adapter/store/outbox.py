"""Rows of what must leave after the commit; whoever delivers them lives elsewhere."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

MAIL: Final = "mail"
WAITING: Final = "waiting"

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_INSERT = sa.insert(tables.outbox)


def mail_row(  # noqa: PLR0913 - one row
    context: Context,
    template: str,
    client_id: int,
    document_id: int = 0,
    payload: Mapping[str, Any] = _NOTHING,
    *,
    claim: str = "",
) -> dict[str, Any]:
    """Return the row of one mail, for `enqueue_many`.

    `payload` are the template's own values (never secrets). With `claim` the message id follows
    from template, document and claim, so the same mail cannot be queued twice; without it every
    call is a mail of its own.
    """
    return {
        "topic": MAIL,
        "client_id": client_id,
        "document_id": document_id,
        "payload": {"template": template, "values": dict(payload)},
        "status": WAITING,
        "message_id": _message_id(template, client_id, document_id, claim),
        "created_at": context.now,
        "attempts": 0,
    }


def enqueue_mail(  # noqa: PLR0913 - one row
    uow: UnitOfWork,
    context: Context,
    template: str,
    client_id: int,
    document_id: int = 0,
    payload: Mapping[str, Any] = _NOTHING,
    *,
    claim: str = "",
) -> None:
    """Queue one mail to a client; it leaves only if this transaction commits."""
    row = mail_row(context, template, client_id, document_id, payload, claim=claim)
    enqueue_many(uow, (row,))


def enqueue_many(uow: UnitOfWork, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows made by `mail_row` in one statement."""
    if rows:
        uow.execute(_INSERT, list(rows))


def _message_id(template: str, client_id: int, document_id: int, claim: str) -> str:
    if not claim:
        return uuid.uuid4().hex
    named = "\x00".join((template, str(client_id), str(document_id), claim))
    return hashlib.sha256(named.encode()).hexdigest()

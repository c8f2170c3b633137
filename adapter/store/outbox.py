"""Rows of what must leave after the commit; whoever delivers them lives elsewhere."""

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.bulk import Bulk
from adapter.store.unit_of_work import UnitOfWork

MAIL: Final = "mail"
INVOICE_CREATED: Final = "Invoice Created"
WAITING: Final = "waiting"

_NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
_COLUMNS: Final = (
    "topic",
    "client_id",
    "document_id",
    "payload",
    "status",
    "message_id",
    "created_at",
    "attempts",
)
_ROWS: Final = Bulk(tables.outbox, _COLUMNS)
# A document's own id makes the message id: no invoice is announced twice.
_CREATED: Final = "invoice-created-"


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
        "payload": _payload(template, payload),
        "status": WAITING,
        "message_id": _message_id(template, client_id, document_id, claim),
        "created_at": context.now,
        "attempts": 0,
    }


def created_row(context: Context, client_id: int, document_id: int) -> dict[str, Any]:
    """Return the row of the mail that brings a client his new invoice: one a document, ever."""
    row = mail_row(context, INVOICE_CREATED, client_id, document_id)
    return row | {"message_id": f"{_CREATED}{document_id}"}


def created_columns(document_id: Any, client_id: Any, now: Any) -> dict[str, Any]:
    """Return `created_row` as SQL expressions, for the invoices of a whole page at once."""
    payload = json.dumps(_payload(INVOICE_CREATED), separators=(",", ":"))
    return {
        "topic": sa.literal_column(f"'{MAIL}'", sa.String),
        "client_id": client_id,
        "document_id": document_id,
        "payload": sa.bindparam("payload", payload, type_=sa.String),
        "status": sa.literal_column(f"'{WAITING}'", sa.String),
        "message_id": sa.literal_column(f"'{_CREATED}'", sa.String)
        + sa.cast(document_id, sa.String),
        "created_at": now,
        "attempts": sa.literal_column("0"),
    }


def _payload(template: str, values: Mapping[str, Any] = _NOTHING) -> dict[str, Any]:
    return {"template": template, "values": dict(values)}


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
    _ROWS.insert(uow.connection, [[row[name] for name in _COLUMNS] for row in rows])


def _message_id(template: str, client_id: int, document_id: int, claim: str) -> str:
    if not claim:
        return uuid.uuid4().hex
    named = "\x00".join((template, str(client_id), str(document_id), claim))
    return hashlib.sha256(named.encode()).hexdigest()

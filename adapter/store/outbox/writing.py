"""Rows of what must leave after the commit; whoever delivers them lives elsewhere."""

import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.bulk import Bulk
from adapter.store.unit_of_work import UnitOfWork

MAIL: Final = "mail"
WAITING: Final = "waiting"

# The mails that bring a document; `payload` values are theirs.
INVOICE_CREATED: Final = "Invoice Created"
PAYMENT_CONFIRMED: Final = "Invoice Payment Confirmation"
PRO_FORMA_CREATED: Final = "Pro-forma Invoice Created"
DOCUMENT: Final = "Document"  # of any kind: `kind` is the word of its links
# With a document, or `transaction_id`; `description` is as its caller wrote it.
PAYMENT_THANKS: Final = "Payment Thank You"
STATEMENT_MAIL: Final = "Statement"  # `statement_id`

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
    "held_until",
)
_ROWS: Final = Bulk(tables.outbox, _COLUMNS)
# A document's own id makes the message id: no invoice is announced twice.
_CREATED: Final = "invoice-created-"
_REQUESTED: Final = "requested-"


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
        "held_until": None,
    }


def enqueue_created(
    uow: UnitOfWork,
    context: Context,
    documents: Iterable[tuple[int, int]],
    held_until: datetime | None = None,
) -> None:
    """Queue the mails that bring clients their new invoices: one a document, ever.

    `documents` are each invoice's client and id. None leaves before `held_until`, by the account's
    clock.
    """
    payload, now = _payload(INVOICE_CREATED), context.now
    _ROWS.insert(
        uow.connection,
        [
            [MAIL, client_id, document_id, payload, WAITING, f"{_CREATED}{document_id}", now, 0,
             held_until]
            for client_id, document_id in documents
        ],
    )  # fmt: skip


def created_columns(document_id: Any, client_id: Any, now: Any, held_until: Any) -> dict[str, Any]:
    """Return a row of `enqueue_created` as SQL expressions, for a whole page of invoices."""
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
        "held_until": held_until,
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


class Requested(StrEnum):
    """What became of a mail that somebody asked for by opening a link."""

    QUEUED = "queued"
    ALREADY = "already"
    TOO_MANY = "too many"


def enqueue_requested(
    uow: UnitOfWork, row: Mapping[str, Any], *, most: int, since: datetime
) -> Requested:
    """Queue a claimed mail that anybody with its link can ask for: once, and not too many.

    At most `most` such mails go to one client from `since` on. Who asks holds the client, so two
    at once see each other.
    """
    uow.lock_client(row["client_id"])
    outbox = tables.outbox.c
    same = sa.select(outbox.id).where(outbox.message_id == row["message_id"])
    if uow.execute(same).first() is not None:
        return Requested.ALREADY
    recent = sa.select(sa.func.count()).where(
        outbox.client_id == row["client_id"],
        outbox.created_at > since,
        outbox.message_id.startswith(_REQUESTED, autoescape=True),
    )
    if uow.execute(recent).scalar_one() >= most:
        return Requested.TOO_MANY
    enqueue_many(uow, (row,))
    return Requested.QUEUED


def requested_row(context: Context, client_id: int, document_id: int, kind: str) -> dict[str, Any]:
    """Return the row of the mail that a document's own link asks for: one a document, ever."""
    row = mail_row(context, DOCUMENT, client_id, document_id, {"kind": kind})
    return row | {"message_id": f"{_REQUESTED}{kind}-{document_id}"}

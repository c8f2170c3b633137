"""Queueing a mail that a caller asks for."""

from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.mails.templates import BY_NAME
from adapter.commands.context import Context
from adapter.commands.model import MailKind, SendMail
from adapter.commands.results import MailQueued
from adapter.errors import MailFailed, MailTemplateNotFound
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.unit_of_work import UnitOfWork

# The template whose subject and text are the caller's values.
CUSTOM_MAIL: Final = "Custom Message"

_TABLES: Final = {
    MailKind.GENERAL: tables.clients,
    MailKind.PRODUCT: tables.services,
    MailKind.DOMAIN: tables.domains,
    MailKind.INVOICE: tables.documents,
}


def send_mail(uow: UnitOfWork, command: SendMail, context: Context) -> MailQueued:
    """Queue a mail to the client whose record the id names.

    Raises `MailTemplateNotFound`, and `MailFailed` where there is nobody to write to.
    Source: contracts/decisions.md, "SendEmail and GetEmails".
    """
    values: dict[str, Any] = {"variables": dict(command.variables)} if command.variables else {}
    if command.custom is not None:
        name, kind = CUSTOM_MAIL, command.custom.kind
        values |= {"subject": command.custom.subject, "message": command.custom.message}
    else:
        template = BY_NAME.get((command.template or "").strip().lower())
        if template is None:
            raise MailTemplateNotFound(command.template)
        name, kind = template.name, template.kind
    client_id = _client_of(uow, kind, command.related_id)
    document_id = command.related_id if kind is MailKind.INVOICE else 0
    if kind in {MailKind.PRODUCT, MailKind.DOMAIN}:
        values["related_id"] = command.related_id
    enqueue_mail(uow, context, name, client_id, document_id, values)
    uow.audit(context, "send_mail", "client", client_id, {"template": name})
    return MailQueued(client_id)


def _client_of(uow: UnitOfWork, kind: MailKind, related_id: int) -> int:
    """Return the client to write to; he has an address. Raises `MailFailed`."""
    table = _TABLES[kind]
    row = uow.row(table, related_id)
    if row is None or row.get("hidden"):
        raise MailFailed
    client_id: int = row["id"] if kind is MailKind.GENERAL else row["client_id"]
    email = uow.execute(
        sa.select(tables.clients.c.email).where(tables.clients.c.id == client_id)
    ).scalar()
    if not email:
        raise MailFailed
    return client_id

"""A queued mail as a letter: which template, to whom, with which document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from adapter.backends.local.mails.sending import CUSTOM_MAIL
from adapter.backends.local.mails.templates import BY_NAME
from adapter.backends.local.pages.documents import (
    document_page,
    party,
    recorded_number,
)
from adapter.backends.local.pages.statements import statement_page
from adapter.billing.statement import Statement
from adapter.commands.links import RECEIPT, Links
from adapter.documents.mail import Letter, Outdated, Undeliverable, write_letter
from adapter.documents.model import Page, Party
from adapter.documents.render import Renderer
from adapter.store import outbox, tables
from adapter.store.issuing import TEMPLATES
from adapter.store.unit_of_work import Store, UnitOfWork

# Queued by its name; the file it is written from.
_FILES: Final[Mapping[str, str]] = {
    **dict.fromkeys(TEMPLATES.values(), "document"),
    outbox.INVOICE_CREATED: "invoice-created",
    outbox.PAYMENT_CONFIRMED: "payment-thank-you",
    outbox.PAYMENT_THANKS: "payment-thank-you",
    outbox.PRO_FORMA_CREATED: "pro-forma-created",
    outbox.DOCUMENT: "document",
    outbox.STATEMENT_MAIL: "statement",
    "Order Confirmation": "order-confirmation",
    "client_welcome": "client-welcome",
    CUSTOM_MAIL: "message",
}
# What any other mail that can be sent by name is written from.
_NOTICE: Final = "notice"
# A document that catches up is news for so long.
_NEWS_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class _Content:
    client: Party
    page: Page | None
    link: str


@dataclass(frozen=True, slots=True)
class LetterWriter:
    """Writes one account's mails from its rows, at the time they leave."""

    store: Store
    renderer: Renderer
    links: Links
    zone: ZoneInfo

    def __call__(self, row: outbox.OutboxRow) -> Letter:
        """Return the letter of a row. Raises `Undeliverable`, and `Outdated` for old news."""
        name, values = _FILES.get(row.template), row.values
        if name is None:
            named = BY_NAME.get(row.template.lower())
            if named is None:
                raise Undeliverable(f"There is no mail template for {row.template!r}")
            name, values = _NOTICE, {**row.values, "subject": named.subject}
        with self.store.read() as uow:
            content = self._content(uow, row)
        return write_letter(
            self.renderer, name, content.client, content.page, values, content.link
        )

    def _content(self, uow: UnitOfWork, row: outbox.OutboxRow) -> _Content:
        client = uow.row(tables.clients, row.client_id)
        if client is None:
            raise Undeliverable(f"Client {row.client_id} is not there")
        addressee = party(client)
        if row.template == outbox.STATEMENT_MAIL:
            return self._with_statement(uow, row, addressee)
        if row.template == outbox.PAYMENT_THANKS:
            transaction_id = int(row.values.get("transaction_id") or 0)
            if transaction_id:
                return self._with_page(uow, row, addressee, RECEIPT, transaction_id)
        if not row.document_id:
            return _Content(addressee, None, "")
        document = uow.execute(
            sa.select(tables.documents.c.kind).where(tables.documents.c.id == row.document_id)
        ).first()
        if document is None:
            raise Undeliverable(f"Document {row.document_id} is not there")
        self._refuse_old_news(uow, row)
        return self._with_page(uow, row, addressee, document.kind, row.document_id)

    def _with_statement(
        self, uow: UnitOfWork, row: outbox.OutboxRow, addressee: Party
    ) -> _Content:
        statement_id = int(row.values.get("statement_id") or 0)
        kept = uow.row(tables.statements, statement_id)
        if kept is None or kept["client_id"] != row.client_id:
            raise Undeliverable(f"Statement {statement_id} of the client is not there")
        page = statement_page(uow, statement_id, Statement.from_json(kept["content"]))
        return _Content(addressee, page, self.links.statement(statement_id))

    def _with_page(
        self,
        uow: UnitOfWork,
        row: outbox.OutboxRow,
        addressee: Party,
        kind: str,
        record_id: int,
    ) -> _Content:
        page = document_page(uow, kind, record_id, self.zone)
        if page is None:
            raise Undeliverable(f"The {kind} {record_id} is no issued document")
        if page.client_id != row.client_id:
            raise Undeliverable(f"The {kind} {record_id} is another client's")
        number = record_id
        if kind != RECEIPT:
            stored = uow.row(tables.documents, record_id)
            number = record_id if stored is None else recorded_number(stored)
        return _Content(addressee, page, self.links.download(kind, record_id, number))

    def _refuse_old_news(self, uow: UnitOfWork, row: outbox.OutboxRow) -> None:
        """Keep what a run issued for a day long past from being mailed, unless that is wanted.

        Source: contracts/decisions.md, "Mail".
        """
        if row.template != outbox.INVOICE_CREATED or uow.settings.catch_up_mails:
            return
        document = uow.row(tables.documents, row.document_id)
        if document is None or document["run_id"] is None:
            return
        queued_on = row.created_at.astimezone(self.zone).date()
        if document["issued_on"] < queued_on - timedelta(days=_NEWS_DAYS):
            raise Outdated(
                f"Issued for {document['issued_on']}, more than {_NEWS_DAYS} days late; "
                "CatchUpMails would mail it"
            )

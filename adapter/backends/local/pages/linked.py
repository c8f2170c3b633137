"""What links lead to: a document's PDF, or its mail. None stands for what there is not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from zoneinfo import ZoneInfo

from adapter.backends.local.pages.documents import document_page, recorded_number
from adapter.backends.local.pages.statements import statement_page
from adapter.billing.statement import Statement, statement_csv
from adapter.commands.context import Context
from adapter.commands.links import RECEIPT, STATEMENT
from adapter.documents.model import Page
from adapter.documents.render import Renderer
from adapter.store import tables
from adapter.store.outbox import Requested, enqueue_requested, requested_row
from adapter.store.unit_of_work import Store, UnitOfWork

_PDF: Final = "application/pdf"
_CSV: Final = "text/csv; charset=utf-8"


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """What a download link leads to."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class LinkedPages:
    """One account's documents behind links."""

    store: Store
    renderer: Renderer
    zone: ZoneInfo
    links_per_hour: int
    context: Callable[[str], Context]

    def download(self, kind: str, record_id: int, number: int) -> LinkedFile | None:
        """Return the file of a link that was made here."""
        if kind == STATEMENT:
            return self._statement(record_id) if number == record_id else None
        with self.store.read() as uow:
            page = self._page(uow, kind, record_id, number)
        if page is None:
            return None
        return LinkedFile(page.file_name, _PDF, self.renderer.pdf(page))

    def mail(self, kind: str, record_id: int, number: int, request_id: str) -> Requested | None:
        """Queue a document's mail to its own client, once."""
        context = self.context(request_id)
        with self.store.write() as uow:
            page = self._page(uow, kind, record_id, number)
            if page is None:
                return None
            row = requested_row(context, page.client_id, record_id, kind)
            since = context.now - timedelta(hours=1)
            return enqueue_requested(uow, row, most=self.links_per_hour, since=since)

    def _page(self, uow: UnitOfWork, kind: str, record_id: int, number: int) -> Page | None:
        """Return the document that both numbers of a link name."""
        if kind == RECEIPT:
            return document_page(uow, kind, record_id, self.zone) if number == record_id else None
        row = uow.row(tables.documents, record_id)
        if row is None or recorded_number(row) != number:
            return None
        return document_page(uow, kind, record_id, self.zone)

    def _statement(self, statement_id: int) -> LinkedFile | None:
        """Return a statement's file in its own format, as long as it is kept."""
        with self.store.read() as uow:
            row = uow.row(tables.statements, statement_id)
            if row is None or row["expires_at"] <= self.context("").now:
                return None
            statement = Statement.from_json(row["content"])
            page = statement_page(uow, statement_id, statement)
        if row["format"] == "csv":
            name = page.file_name.removesuffix(".pdf") + ".csv"
            return LinkedFile(name, _CSV, statement_csv(statement))
        return LinkedFile(page.file_name, _PDF, self.renderer.pdf(page))

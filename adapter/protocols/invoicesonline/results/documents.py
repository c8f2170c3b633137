"""Replies about documents read back as results: what was issued, lists and histories."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from adapter.billing.model import ClientStatus, DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.billing.statement import Statement
from adapter.commands.model import (
    ConvertProforma,
    CreateStatement,
    GetClientHistory,
    IssueDocument,
    IssueDocuments,
    ListDocuments,
    ListInvoices,
    ListRecurringInvoices,
    RecordClientPayment,
)
from adapter.commands.results import (
    ClientRecord,
    DocumentIssued,
    DocumentLine,
    DocumentRecord,
    DocumentsIssued,
    DocumentsListed,
    HistoryShown,
    InvoiceRecord,
    InvoicesListed,
    Listing,
    RecurringInvoiceRecord,
    RecurringInvoicesListed,
    StatementCreated,
)
from adapter.errors import BadAnswer
from adapter.protocols.invoicesonline.replies import HISTORY_TYPES
from adapter.protocols.invoicesonline.results.reading import (
    flat,
    is_number,
    mapped,
    statuses,
    whole,
)
from adapter.protocols.invoicesonline.schemas import CLIENT_WORDS
from adapter.protocols.upstream import NO_CURRENCY, Fields, UpstreamAnswer, listed, told

_KEPT: Final = re.compile(
    r" The client's stored details differ and were kept: ([a-z0-9_, ]*)\."
).search
_CONVERTED: Final = re.compile(r"Pro-forma invoice ([0-9]{1,18}) converted\.").fullmatch
_EMAILED: Final = re.compile(r".* emailed to the client\.", re.DOTALL).fullmatch
_GENERATED: Final = " generated successfully."
_NAMES: Final = {word: name for name, word in CLIENT_WORDS.items()}
_KINDS: Final = {word: kind for kind, words in HISTORY_TYPES.items() for word in words}
_NO_MONEY: Final = Money.zero(NO_CURRENCY)  # what a document came to is not told


def kept(message: str) -> tuple[str, ...]:
    """Read which details of a client were kept."""
    found = _KEPT(message)
    return () if found is None else tuple(_NAMES.get(word, word) for word in found[1].split(", "))


def issued(command: IssueDocument, answer: UpstreamAnswer) -> DocumentIssued:
    """Read the statuses of one document and the document itself."""
    return _alone(answer, command.kind, command.client_id or 0)


def converted(_: ConvertProforma, answer: UpstreamAnswer) -> DocumentIssued:
    """Read the same of a pro-forma that became an invoice."""
    return _alone(answer, DocumentKind.INVOICE, 0)


def batch_issued(command: IssueDocuments, answer: UpstreamAnswer) -> DocumentsIssued:
    """Read a status for each document of a batch, then the documents, in its order."""
    rows = statuses(answer)
    documents = [row for row in rows if "document_id" in row]
    messages = [row.text("message") for row in rows if "document_id" not in row]
    if not len(documents) == len(messages) == len(command.documents):
        raise BadAnswer
    return DocumentsIssued(
        tuple(
            _issued(row, [message], asked.kind, asked.client_id or 0)
            for row, message, asked in zip(documents, messages, command.documents, strict=True)
        )
    )


def _alone(answer: UpstreamAnswer, kind: DocumentKind, client_id: int) -> DocumentIssued:
    rows = statuses(answer)
    # Some gateways repeat it, and the older names of endpoints answer one flat object.
    documents = {row.integer("document_id"): row for row in rows if "document_id" in row}
    if len(documents) != 1:
        raise BadAnswer
    (document,) = documents.values()
    messages = [row.text("message") for row in rows if "message" in row]
    return _issued(document, messages, kind, client_id)


def _issued(
    row: Fields, messages: list[str], kind: DocumentKind, client_id: int
) -> DocumentIssued:
    sources = [found for message in messages if (found := _CONVERTED(message))]
    if not any(_GENERATED in message for message in messages):
        raise BadAnswer
    return DocumentIssued(
        kind,
        row.integer("document_id"),
        row.integer("document_nr"),
        client_id,
        _NO_MONEY,
        emailed=any(map(_EMAILED, messages)),
        source_number=int(sources[0][1]) if sources else None,
        kept_fields=next(filter(None, map(kept, messages)), ()),
        url=row.text("url"),
        email_url=row.text("email_url"),
    )


def paid(command: RecordClientPayment, answer: UpstreamAnswer) -> DocumentIssued:
    """Read the list of one that a payment is answered with, or its flat object."""
    rows = statuses(answer)
    if len(rows) != 1:
        raise BadAnswer
    (row,) = rows
    return DocumentIssued(
        DocumentKind.PAYMENT,
        row.integer("PaymentID"),
        row.integer("PaymentNR"),
        command.client_id,
        row.money("TotalAmount"),
        url=row.text("url"),
        email_url=row.text("email_url"),
    )


def stated(command: CreateStatement, answer: UpstreamAnswer) -> StatementCreated:
    """Read where a statement can be opened; what stands on it is not told."""
    url = flat(answer).text("url")
    if not url:
        raise BadAnswer
    statement = told(
        Statement,
        client_id=command.client_id,
        kind=command.kind,
        from_on=command.from_on,
    )
    return StatementCreated(0, statement, command.file_format, url)


def invoices(_: ListInvoices, answer: UpstreamAnswer) -> InvoicesListed:
    """Read the map of invoices."""
    found = tuple(_invoice(*each) for each in _documents(answer))
    return InvoicesListed(Listing(len(found), 0), found)


def _invoice(client_id: int, invoice_id: int, row: Fields) -> InvoiceRecord:
    number = row.text("invoice_nr")
    day, total = _day(row), row.money("total")
    prefix, suffix = _affixes(row, total)
    return told(
        InvoiceRecord,
        invoice_id=invoice_id,
        number=int(number) if is_number(number) else None,
        number_text=number,
        client_id=client_id,
        issued_on=day,
        due_on=day,
        total=total,
        status=InvoiceStatus.UNPAID,  # whatever it is, it is no draft
        currency_prefix=prefix,
        currency_suffix=suffix,
        url=row.text("link") if "link" in row else "",
    )


def recurring_invoices(
    _: ListRecurringInvoices, answer: UpstreamAnswer
) -> RecurringInvoicesListed:
    """Read the map of recurring invoices."""
    return RecurringInvoicesListed(tuple(_recurring_record(*each) for each in _documents(answer)))


def _recurring_record(client_id: int, document_id: int, row: Fields) -> RecurringInvoiceRecord:
    day, total = _day(row), row.money("total")
    prefix, suffix = _affixes(row, total)
    return told(
        RecurringInvoiceRecord,
        document_id=document_id,
        client_id=client_id,
        start_on=day,
        next_on=day,
        currency_prefix=prefix,
        currency_suffix=suffix,
        total=total,
    )


def others(command: ListDocuments, answer: UpstreamAnswer) -> DocumentsListed:
    """Read the map of the documents of every other kind."""
    return DocumentsListed(tuple(_document(command.kind, *each) for each in _documents(answer)))


def _document(kind: DocumentKind, client_id: int, document_id: int, row: Fields) -> DocumentRecord:
    total = row.money("total")
    prefix, suffix = _affixes(row, total)
    return told(
        DocumentRecord,
        kind=kind,
        document_id=document_id,
        number=row.integer("invoice_nr"),
        number_text=row.text("invoice_nr"),
        client_id=client_id,
        issued_on=_day(row),
        due_on=_day(row),
        total=total,
        currency_prefix=prefix,
        currency_suffix=suffix,
        url=row.text("link"),
    )


def history(command: GetClientHistory, answer: UpstreamAnswer) -> HistoryShown:
    """Read a client's documents by type. What they are known by may be a number or an id."""
    clients = list(mapped(answer).objects())
    if len(clients) != 1:
        raise BadAnswer
    (client_id, row) = clients[0]
    opening = row.money("opening_balance")
    client = told(
        ClientRecord,
        client_id=whole(client_id),
        status=ClientStatus.ACTIVE,
        balance=row.money("balance") - opening,
        opening_balance=opening,
    )
    return HistoryShown(
        client,
        tuple(
            _entry(_KINDS[word], command.client_id, key, entry)
            for word in row.names()
            if word in _KINDS
            for key, entry in row.inner(word).objects()
        ),
    )


def _entry(kind: DocumentKind, client_id: int, key: str, row: Fields) -> DocumentRecord:
    lines = listed(row.raw("details"))
    # Money that was booked on an invoice directly has a text of its own there.
    known = int(key) if is_number(key) and str(int(key)) == key else 0
    return told(
        DocumentRecord,
        kind=kind,
        document_id=known,
        number=known,
        number_text=key,
        client_id=client_id,
        currency_code=lines[0].text("currency") if lines else "",
        total=row.money("total"),
        lines=tuple(map(_line, lines)),
        url=row.text("link"),
    )


def _line(row: Fields) -> DocumentLine:
    return told(
        DocumentLine,
        product_code=row.text("prod_code"),
        quantity=row.decimal("qty"),
        description=row.text("description"),
        unit_price=row.decimal("amount"),
        taxed=row.flag("vat_applies"),
        vat_rate=row.decimal("vat_percentage"),
        includes_vat=row.flag("amount_includes_vat"),
    )


def _documents(answer: UpstreamAnswer) -> Iterator[tuple[int, int, Fields]]:
    """Yield client, document and fields of a map of documents."""
    for client_id, documents in mapped(answer).objects():
        for document_id, row in documents.objects():
            yield whole(client_id), whole(document_id), row


def _day(row: Fields) -> date:
    return row.date("invoice_date" if "invoice_date" in row else "date")


def _affixes(row: Fields, total: Money) -> tuple[str, str]:
    """Return what stands before and after the amount as it is shown."""
    prefix, number, suffix = row.text("amount_formatted").partition(f"{total.amount:,.2f}")
    return (prefix, suffix) if number else ("", "")

"""Writing one document of any kind, and turning pro-formas into invoices.

Runs write theirs in bulk (`store.run.write`); both take ids and numbers from the same counters.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import sqlalchemy as sa

from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.model import (
    DEBITS,
    DocumentKind,
    DocumentStatus,
    InvoiceStatus,
    Rounding,
)
from adapter.billing.pricing import document_rate
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import ProformaConverted
from adapter.store import tables
from adapter.store.allocation import use_credit
from adapter.store.bulk import Bulk
from adapter.store.direct import Question
from adapter.store.lines import LINES, line_row
from adapter.store.outbox import (
    INVOICE_CREATED,
    PRO_FORMA_CREATED,
    enqueue_created,
    enqueue_mail,
)
from adapter.store.transitions import settle
from adapter.store.unit_of_work import Store, UnitOfWork

# The mail that brings each kind to its client.
TEMPLATES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.INVOICE: INVOICE_CREATED,
    DocumentKind.PROFORMA: PRO_FORMA_CREATED,
    DocumentKind.CREDIT_NOTE: "Credit Note Created",
    DocumentKind.PAYOUT: "Payout Created",
    DocumentKind.PAYMENT: "Payment Receipt",
    DocumentKind.QUOTE: "Quote Created",
    DocumentKind.DELIVERY_NOTE: "Delivery Note Created",
}
# What a row that no run and no order made says about itself.
ORIGIN: Final = "positional"

_D = tables.documents.c
_L = tables.document_lines
# A document's lines, but for which document they are on.
_LINE_COLUMNS: Final = tuple(
    column.name for column in _L.columns if column.name not in {"id", "document_id"}
)
# What an invoice keeps of the pro-forma that it was.
_KEPT: Final = (
    "order_number",
    "custom_values",
    "custom_labels",
    "discount_amount",
    "discount_percentage",
    "original_currency",
    "exchange_rate",
    "tax_inclusive",
    "notes",
)
_COPIES: Final = Bulk(_L, ("document_id", *_LINE_COLUMNS))


@dataclass(frozen=True, slots=True)
class NewDocument:
    """A document that is decided. `prefix` and `suffix` None are the settings of its kind.

    `more` are further columns of `documents` as they are stored.
    """

    kind: DocumentKind
    client_id: int
    currency: str
    issued_on: date
    due_on: date
    totals: Totals
    lines: tuple[LineDraft, ...] = ()
    prefix: str | None = None
    suffix: str | None = None
    payment_method: str = ""
    send_email: bool | None = None
    more: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Issued:
    """What a new document is known by. `emailed` tells whether it is being mailed."""

    kind: DocumentKind
    document_id: int
    number: int
    client_id: int
    total: int
    currency: str
    emailed: bool


def insert_document(uow: UnitOfWork, context: Context, new: NewDocument) -> Issued:
    """Write a document with its lines, its audit row and the mail that brings it.

    The caller holds the client and has decided everything: id and number are taken here.
    """
    document_id = _insert(uow, context, new, document_rate(new.lines))
    rows = [line_row(document_id, position, line) for position, line in enumerate(new.lines)]
    LINES.insert(uow.connection, rows)
    return _issued(uow, context, new, document_id)


def _insert(uow: UnitOfWork, context: Context, new: NewDocument, tax_rate: Decimal) -> int:
    prefix, suffix = uow.settings.affixes(new.kind)
    prefix = prefix if new.prefix is None else new.prefix
    suffix = suffix if new.suffix is None else new.suffix
    document_id = uow.take_document_id()
    number = uow.take(new.kind.number_counter)
    owed = new.kind in DEBITS
    values: dict[str, Any] = {
        "id": document_id,
        "kind": new.kind.value,
        "client_id": new.client_id,
        "currency": new.currency,
        "status": (InvoiceStatus.UNPAID if owed else DocumentStatus.ISSUED).value,
        "number": number,
        "number_text": f"{prefix}{number}{suffix}",
        "issued_on": new.issued_on,
        "due_on": new.due_on,
        "subtotal": new.totals.subtotal,
        "tax": new.totals.tax,
        "tax_2": new.totals.tax_2,
        "total": new.totals.gross,
        "tax_rate": tax_rate,
        "tax_rate_2": Decimal(0),
        "rounding": Rounding.LINE.value,
        "payment_method": new.payment_method,
        "origin": ORIGIN,
        "send_email": new.send_email,
        "created_at": context.now,
        "updated_at": context.now,
        **new.more,
    }
    uow.execute(sa.insert(tables.documents).values(values))
    return document_id


def _issued(uow: UnitOfWork, context: Context, new: NewDocument, document_id: int) -> Issued:
    detail = {"client_id": new.client_id, "total": str(new.totals.gross)}
    uow.audit(context, "create", new.kind.value, document_id, detail)
    if new.send_email:
        mail_document(uow, context, new.kind, new.client_id, document_id)
    number = uow.execute(sa.select(_D.number).where(_D.id == document_id)).scalar_one()
    total = new.totals.gross.hundredths
    emailed = bool(new.send_email)
    return Issued(new.kind, document_id, number, new.client_id, total, new.currency, emailed)


def mail_document(
    uow: UnitOfWork, context: Context, kind: DocumentKind, client_id: int, document_id: int
) -> None:
    """Queue the mail that brings a new document: one a document, ever."""
    if kind is DocumentKind.INVOICE:
        enqueue_created(uow, context, [(client_id, document_id)])
    else:
        enqueue_mail(uow, context, TEMPLATES[kind], client_id, document_id, claim="created")


def settle_new(uow: UnitOfWork, context: Context, issued: Issued) -> None:
    """Use the client's credit on a new invoice or payout as the account wants it.

    Money that went back to a client comes out of his credit whatever the setting says.
    """
    if issued.kind is DocumentKind.PAYOUT or not uow.settings.no_auto_credit:
        use_credit(uow, context, issued.client_id, (issued.document_id,))
    settle(uow, context, issued.document_id, send_email=False)


def convert(uow: UnitOfWork, context: Context, proforma_id: int) -> Issued:
    """Make the invoice that a pro-forma becomes, dated today, with its lines as they are.

    The caller holds the client. It is mailed where the pro-forma was to be.
    Raises `ProformaConverted` when it is no longer waiting.
    """
    row = uow.row(tables.documents, proforma_id)
    if row is None or row["status"] != DocumentStatus.ISSUED:
        raise ProformaConverted(0 if row is None else row["number"])
    client = uow.row(tables.clients, row["client_id"])
    terms = 0 if client is None else client["payment_terms_days"] or 0
    currency = row["currency"]
    new = NewDocument(
        kind=DocumentKind.INVOICE,
        client_id=row["client_id"],
        currency=currency,
        issued_on=context.today,
        due_on=context.today + timedelta(days=terms),
        totals=Totals.of_hundredths(row["subtotal"], row["tax"], row["tax_2"], currency),
        payment_method=row["payment_method"],
        send_email=bool(row["send_email"]),
        more={name: row[name] for name in _KEPT} | {"source_id": proforma_id},
    )
    # First what it no longer is: whoever converts it at the same time fails on `source_id`.
    uow.execute(
        sa.update(tables.documents)
        .where(_D.id == proforma_id)
        .values(status=DocumentStatus.CONVERTED.value, convert_on=None, updated_at=context.now)
    )
    document_id = _insert(uow, context, new, row["tax_rate"])
    copy_lines(uow, proforma_id, document_id)
    uow.audit(context, "convert", DocumentKind.PROFORMA.value, proforma_id, {"to": document_id})
    issued = _issued(uow, context, new, document_id)
    settle_new(uow, context, issued)
    return issued


def copy_lines(uow: UnitOfWork, from_id: int, to_id: int) -> None:
    """Give a document without lines those of another one, as they are."""
    query = (
        sa.select(*(_L.c[name] for name in _LINE_COLUMNS))
        .where(_L.c.document_id == from_id)
        .order_by(_L.c.position)
    )
    _COPIES.insert(uow.connection, [[to_id, *row] for row in uow.execute(query)])


def due_proformas(today: Any) -> sa.Select[Any]:
    """Return the ids of the pro-formas that are to be invoices by a day, of any client."""
    return sa.select(_D.id).where(
        _D.convert_on <= today,
        _D.kind == DocumentKind.PROFORMA.value,
        _D.status == DocumentStatus.ISSUED.value,
    )


def _is_any_due(store: Store, command: GenerateDueInvoices, context: Context) -> bool:
    """Ask cheaply: most runs convert nothing, and building the query costs more than they do."""
    one_client = command.client_id is not None

    def build() -> Question:
        query = due_proformas(sa.bindparam("today", type_=sa.Date)).limit(1)
        if one_client:
            query = query.where(_D.client_id == sa.bindparam("client_id", type_=sa.BigInteger))
        return store.direct.prepare(query)

    question: Question = store.kept(("convert", one_client), build)
    values = {"today": context.today, "client_id": command.client_id}
    return question.ask(values) is not None


def convert_due(store: Store, command: GenerateDueInvoices, context: Context) -> Iterator[Issued]:
    """Convert every pro-forma of the scope whose day has come, each in its own transaction.

    Yields each once it is committed. A run with an id list converts nothing. Several callers
    share the work.
    """
    if (command.service_ids, command.addon_ids, command.domain_ids) != (None, None, None):
        return
    if not _is_any_due(store, command, context):
        return
    query = due_proformas(context.today)
    if command.client_id is not None:
        query = query.where(_D.client_id == command.client_id)
    with store.read() as uow:
        waiting = list(uow.execute(query.order_by(_D.convert_on, _D.id)).scalars())
    for proforma_id in waiting:
        with store.write(keep=not context.dry_run) as uow:
            uow.held(tables.documents, proforma_id)
            try:
                issued = convert(uow, context, proforma_id)
            except ProformaConverted:
                continue  # another caller was first
        yield issued

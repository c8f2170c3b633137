"""Documents as this protocol shows them: what was issued, lists and histories."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from adapter.billing.model import DocumentKind, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.results import (
    DocumentIssued,
    DocumentLine,
    DocumentRecord,
    DocumentsIssued,
    DocumentsListed,
    HistoryShown,
    InvoiceRecord,
    InvoicesListed,
    RecurringInvoiceCreated,
    RecurringInvoiceRecord,
    RecurringInvoicesListed,
    StatementCreated,
)
from adapter.protocols.invoicesonline.quirks import HistoryKeys, HistoryWords, Quirks
from adapter.protocols.invoicesonline.replies.clients import Fields, shown_balance
from adapter.protocols.invoicesonline.schemas import CLIENT_WORDS
from adapter.protocols.phpjson import JsonValue

# More dates than this are told by their number, the first and the last.
_DATES_SHOWN: Final = 12
# How texts of replies name a kind; "Invoice" is what the live service writes.
_NAMES: Final[Mapping[DocumentKind, str]] = {
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.PROFORMA: "Pro-forma invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
    DocumentKind.PAYOUT: "Payout",
    DocumentKind.PAYMENT: "Payment",
    DocumentKind.QUOTE: "Quote",
    DocumentKind.DELIVERY_NOTE: "Delivery note",
}
# The types of a history, in its order: as getDocumentsByType_JSON names them, and in words.
HISTORY_TYPES: Final[Mapping[DocumentKind, tuple[str, str]]] = {
    DocumentKind.INVOICE: ("invoices", "invoices"),
    DocumentKind.CREDIT_NOTE: ("credit_notes", "credit notes"),
    DocumentKind.PROFORMA: ("pro-forma_invoices", "pro forma invoices"),
    DocumentKind.PAYOUT: ("payouts", "payouts"),
    DocumentKind.PAYMENT: ("payments", "payments"),
}


def recurring_invoice_created(result: RecurringInvoiceCreated, quirks: Quirks) -> JsonValue:
    """Return the flat object of GenerateNewRecurringInvoice.

    The live service quotes its `document_id`. Source: contracts/decisions.md, "document_id".
    """
    message = "Recurring invoice generated successfully."
    if result.held_on:
        message += f" Held and not billed, because before today: {_dates(result.held_on)}."
    return {
        "type": "success",
        "document_id": _id(result.document_id, quirks),
        "message": message + _kept(result.kept_fields),
    }


def document_issued(result: DocumentIssued, quirks: Quirks) -> JsonValue:
    """Return the list of an issued document: a status for each thing done, the document last.

    Source: contracts/decisions.md, "Replies about documents".
    """
    document = _document_object(result, quirks)
    statuses: list[JsonValue] = []
    if result.source_number is not None:
        statuses.append(_success(f"Pro-forma invoice {result.source_number} converted."))
    statuses.append(_success(_generated(result)))
    if result.source_number is None and result.emailed:
        statuses.append(_success(f"{_named(result)} emailed to the client."))
    if quirks.repeat_document and len(statuses) == 1:
        statuses.append(document)
    return [*statuses, document]


def documents_issued(result: DocumentsIssued, quirks: Quirks) -> JsonValue:
    """Return the list of a batch: the statuses of all documents, then the documents."""
    documents = result.documents
    return [
        *(_success(_generated(each)) for each in documents),
        *(_document_object(each, quirks) for each in documents),
    ]


def document_alias(result: DocumentIssued, quirks: Quirks) -> JsonValue:
    """Return what AddNewInvoice answers: a flat object, which is all that its caller reads."""
    if not quirks.flat_aliases:
        return document_issued(result, quirks)
    flat = _success(_generated(result))
    flat.update(_document_object(result, quirks))
    return flat


def payment_recorded(result: DocumentIssued) -> JsonValue:
    """Return the list of one that the live service answers for a payment."""
    return [_payment(result)]


def payment_alias(result: DocumentIssued, quirks: Quirks) -> JsonValue:
    """Return what AddNewPayment answers: a flat object with the keys that its caller reads."""
    if not quirks.flat_aliases:
        return payment_recorded(result)
    more: dict[str, JsonValue] = {
        "url": result.url,
        "invoice_nr": result.number,
        "email_url": result.email_url,
    }
    flat = _payment(result)
    flat.update(more)
    return flat


def statement_created(result: StatementCreated) -> JsonValue:
    """Return the flat object of ClientStatement."""
    return {"type": "success", "url": result.url}


def invoice_map(result: InvoicesListed) -> JsonValue:
    """Return the map of getDocumentsByType_JSON for invoices; a draft is no document yet."""
    return _document_map(
        (invoice.client_id, invoice.invoice_id, _invoice(invoice))
        for invoice in result.invoices
        if invoice.status is not InvoiceStatus.DRAFT
    )


def recurring_invoice_map(result: RecurringInvoicesListed) -> JsonValue:
    """Return the map of getDocumentsByType_JSON for recurring invoices."""
    return _document_map(
        (recurring.client_id, recurring.document_id, _recurring_invoice(recurring))
        for recurring in result.recurring_invoices
    )


def document_map(result: DocumentsListed) -> JsonValue:
    """Return the map of getDocumentsByType_JSON for every other type."""
    return _document_map(
        (each.client_id, each.document_id, _document(each)) for each in result.documents
    )


def history_map(result: HistoryShown, quirks: Quirks) -> JsonValue:
    """Return the map of getClientHistory_JSON: client id -> type -> document, and the balance."""
    word = 1 if quirks.history_words is HistoryWords.WORDS else 0
    types: dict[str, JsonValue] = {}
    for kind, words in HISTORY_TYPES.items():
        of_kind = {
            _history_key(each, quirks): _history_entry(each)
            for each in result.documents
            if each.kind is kind
        }
        if of_kind:
            types[words[word]] = of_kind
    client = result.client
    return {
        str(client.client_id): {
            **types,
            "balance": shown_balance(client, quirks),
            "opening_balance": str(client.opening_balance),
        }
    }


def _history_key(document: DocumentRecord, quirks: Quirks) -> str:
    if not document.document_id:  # money booked on an invoice directly
        return document.number_text
    by_id = quirks.history_keys is HistoryKeys.DOCUMENT_ID
    return str(document.document_id if by_id else document.number)


def _history_entry(document: DocumentRecord) -> JsonValue:
    return {
        "total": str(document.total),
        "link": document.url,
        "details": [_detail(line, document.currency_code) for line in document.lines],
    }


def _detail(line: DocumentLine, currency: str) -> Fields:
    """Return a line in the words of its columns."""
    return {
        "prod_code": line.product_code,
        "qty": f"{line.quantity.normalize():f}",
        "description": line.description,
        "amount": _price(line.unit_price or Decimal(0)),
        "currency": currency,
        "vat_applies": "1" if line.taxed else "0",
        "vat_percentage": f"{line.vat_rate or 0:.2f}",
        "amount_includes_vat": "1" if line.includes_vat else "0",
    }


def _price(unit_price: Decimal) -> str:
    """Return a price per unit with its own decimals, at least two."""
    exponent = unit_price.normalize().as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else 0
    return f"{unit_price:.{max(2, places)}f}"


def _success(message: str) -> dict[str, JsonValue]:
    return {"type": "success", "message": message}


def _named(result: DocumentIssued) -> str:
    return f"{_NAMES[result.kind]} {result.number}"


def _generated(result: DocumentIssued) -> str:
    return f"{_named(result)} generated successfully." + _kept(result.kept_fields)


def _kept(fields: Sequence[str]) -> str:
    if not fields:
        return ""
    words = ", ".join(CLIENT_WORDS.get(name, name) for name in fields)
    return f" The client's stored details differ and were kept: {words}."


def _id(document_id: int, quirks: Quirks) -> JsonValue:
    return document_id if quirks.int_document_id else str(document_id)


def _document_object(result: DocumentIssued, quirks: Quirks) -> dict[str, JsonValue]:
    return {
        "url": result.url,
        "invoice_nr": result.number,
        "document_nr": result.number,
        "document_id": _id(result.document_id, quirks),
        "email_url": result.email_url,
    }


def _payment(result: DocumentIssued) -> dict[str, JsonValue]:
    return {
        "type": "success",
        "PaymentNR": result.number,
        "PaymentID": str(result.document_id),
        "TotalAmount": str(result.total),
    }


def _dates(dates: Sequence[date]) -> str:
    if len(dates) > _DATES_SHOWN:
        return f"{len(dates)} dates from {dates[0]} to {dates[-1]}"
    return ", ".join(str(day) for day in dates)


def _invoice(invoice: InvoiceRecord) -> Fields:
    number = "" if invoice.number is None else str(invoice.number)
    affixes = (invoice.currency_prefix, invoice.currency_suffix)
    # What it was issued for: credit that was used on it since has no part in that.
    gross = invoice.total + invoice.credit
    return _fields(invoice.url, number, invoice.issued_on, gross, affixes)


def _recurring_invoice(recurring: RecurringInvoiceRecord) -> Fields:
    # A recurring invoice has no number; its date is the next one it is issued on.
    day = recurring.next_on or recurring.start_on
    affixes = (recurring.currency_prefix, recurring.currency_suffix)
    return _fields("", "", day, recurring.total, affixes)


def _document(document: DocumentRecord) -> Fields:
    affixes = (document.currency_prefix, document.currency_suffix)
    number = str(document.number)
    return _fields(document.url, number, document.issued_on, document.total, affixes)


def _fields(link: str, number: str, day: date, total: Money, affixes: tuple[str, str]) -> Fields:
    """Return the fields that clients read; `affixes` are the currency's prefix and suffix."""
    prefix, suffix = affixes
    return {
        "link": link,
        "invoice_nr": number,
        "invoice_date": day.isoformat(),
        "total": str(total),
        "amount_formatted": f"{prefix}{total.amount:,.2f}{suffix}",
        "date": day.isoformat(),
    }


def _document_map(entries: Iterable[tuple[int, int, Fields]]) -> JsonValue:
    """Return client id -> document id -> fields; empty, it is the list that PHP writes."""
    clients: dict[str, dict[str, Fields]] = {}
    for client_id, document_id, fields in entries:
        clients.setdefault(str(client_id), {})[str(document_id)] = fields
    return clients or []

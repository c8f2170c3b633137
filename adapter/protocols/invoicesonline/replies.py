"""Results as this protocol's success replies: one writer per kind of reply."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final, TypeAlias

from adapter.billing.model import ClientStatus, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.results import (
    ClientRecord,
    ClientShown,
    InvoiceRecord,
    InvoicesListed,
    RecurringInvoiceCreated,
    RecurringInvoiceRecord,
    RecurringInvoicesListed,
)
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.invoicesonline.schemas import CLIENT_WORDS
from adapter.protocols.phpjson import JsonValue

# One client or document of a map; every value is text, as in the documented sample.
Fields: TypeAlias = dict[str, str]

# More dates than this are told by their number, the first and the last.
_DATES_SHOWN: Final = 12


def recurring_invoice_created(result: RecurringInvoiceCreated, quirks: Quirks) -> JsonValue:
    """Return the flat object of GenerateNewRecurringInvoice.

    The live service quotes its `document_id`. Source: contracts/decisions.md, "document_id".
    """
    message = "Recurring invoice generated successfully."
    if result.held_on:
        message += f" Held and not billed, because before today: {_dates(result.held_on)}."
    if result.kept_fields:
        words = ", ".join(CLIENT_WORDS.get(name, name) for name in result.kept_fields)
        message += f" The client's stored details differ and were kept: {words}."
    return {
        "type": "success",
        "document_id": result.document_id if quirks.int_document_id else str(result.document_id),
        "message": message,
    }


def client_map(result: ClientShown) -> JsonValue:
    """Return the map of getClientDetails_JSON: client id -> fields."""
    return {str(result.client.client_id): _client(result.client)}


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


def _dates(dates: Sequence[date]) -> str:
    if len(dates) > _DATES_SHOWN:
        return f"{len(dates)} dates from {dates[0]} to {dates[-1]}"
    return ", ".join(str(day) for day in dates)


def _client(client: ClientRecord) -> Fields:
    return {
        "client_id": str(client.client_id),
        "client_invoice_name": client.invoice_name,
        "client_account_number": client.account_number,
        "client_vat_nr": client.tax_number,
        "client_phone_nr": client.phone,
        "client_phone_nr2": client.phone_2,
        "client_fax_nr": client.fax,
        "client_mobile_nr": client.mobile,
        "client_email": client.email,
        "contact_name": client.first_name,
        "contact_surname": client.last_name,
        "client_postal_address1": client.address_1,
        "client_postal_address2": client.address_2,
        "client_postal_address3": client.city,
        "client_postal_address4": client.postcode,
        "client_physical_address1": client.physical_address[0],
        "client_physical_address2": client.physical_address[1],
        "client_physical_address3": client.physical_address[2],
        "client_physical_address4": client.physical_address[3],
        "client_notes": client.notes,
        "active": "1" if client.status is ClientStatus.ACTIVE else "0",
        # The page: the true balance is `balance` less `opening_balance`.
        "balance": str(client.balance + client.opening_balance),
        "opening_balance": str(client.opening_balance),
        "customerzone_link": "",  # nothing here has a customer login
    }


def _invoice(invoice: InvoiceRecord) -> Fields:
    number = "" if invoice.number is None else str(invoice.number)
    affixes = (invoice.currency_prefix, invoice.currency_suffix)
    return _document(number, invoice.issued_on, invoice.total, affixes)


def _recurring_invoice(recurring: RecurringInvoiceRecord) -> Fields:
    # A recurring invoice has no number; its date is the next one it is issued on.
    day = recurring.next_on or recurring.start_on
    affixes = (recurring.currency_prefix, recurring.currency_suffix)
    return _document("", day, recurring.total, affixes)


def _document(number: str, day: date, total: Money, affixes: tuple[str, str]) -> Fields:
    """Return the fields that clients read; `affixes` are the currency's prefix and suffix."""
    prefix, suffix = affixes
    return {
        "link": "",  # empty until documents are rendered
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

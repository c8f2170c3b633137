"""Issuing documents of quoted lines, and turning pro-formas into invoices."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.documents.payments import Payment, checked_amount, receive
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import currency_of, require_client
from adapter.backends.local.quoting import (
    Priced,
    Quoted,
    converted,
    day_rate,
    listed_currency,
    named_client,
    priced,
)
from adapter.billing.model import DocumentKind, InvoiceStatus, LineType
from adapter.billing.money import Money
from adapter.billing.settings import Allocation
from adapter.commands.context import Context
from adapter.commands.model import (
    ConvertProforma,
    IssueDocument,
    IssueDocuments,
    PaidAs,
    PaymentMade,
)
from adapter.commands.results import DocumentIssued, DocumentsIssued
from adapter.errors import DocumentNotFound, InvalidField
from adapter.store import tables
from adapter.store.allocation import open_documents, use_credit
from adapter.store.issuing import Issued, NewDocument, convert, insert_document, settle_new
from adapter.store.transitions import add_credit, change_status, load_invoice
from adapter.store.unit_of_work import UnitOfWork

# What the client has time to pay: the others are due on their day.
_TERMS = frozenset({DocumentKind.INVOICE, DocumentKind.PROFORMA})
_D = tables.documents.c


def issue_document(uow: UnitOfWork, command: IssueDocument, context: Context) -> DocumentIssued:
    """Issue one document, and do what its kind does to the client's account."""
    _check_kind(command)
    quoted = Quoted(command.lines, command.discount_amount, command.discount_percentage)
    currency = listed_currency(uow, command.lines)
    client_id, kept = named_client(uow, context, command.client_id, command.new_client, currency)
    own = currency_of(uow, client_id).code
    more: dict[str, Any] = {}
    if own != currency.code:
        rate = day_rate(uow, currency.code, own)
        quoted = converted(quoted, own, rate)
        more |= {"original_currency": currency.code, "exchange_rate": rate}
    price = priced(quoted, LineType.MANUAL)
    client = require_client(uow, client_id)
    issued_on = command.issued_on or context.today
    payment = _payment(command, price, own, issued_on)
    new = NewDocument(
        kind=command.kind,
        client_id=client_id,
        currency=own,
        issued_on=issued_on,
        due_on=_due_on(command.kind, issued_on, client["payment_terms_days"]),
        totals=price.totals,
        lines=price.lines,
        prefix=command.number_prefix,
        suffix=command.number_suffix,
        payment_method=client["payment_method"],
        send_email=client["send_documents"] if command.send_email is None else command.send_email,
        more=more | _header(uow, command, price, issued_on),
    )
    check_lengths(tables.documents, new.more)
    issued = insert_document(uow, context, new)
    _book(uow, context, command, issued, payment)
    return _result(issued, context, kept)


def issue_documents(uow: UnitOfWork, command: IssueDocuments, context: Context) -> DocumentsIssued:
    """Issue several documents in one transaction."""
    return DocumentsIssued(
        tuple(issue_document(uow, document, context) for document in command.documents)
    )


def _check_kind(command: IssueDocument) -> None:
    if command.kind is DocumentKind.PAYMENT:
        raise InvalidField("kind", "choice", "a payment is recorded, not issued")
    if not command.lines:
        raise InvalidField("data", "required", "data must have at least one row")


def _due_on(kind: DocumentKind, issued_on: date, terms: int | None) -> date:
    return issued_on + timedelta(days=(terms or 0) if kind in _TERMS else 0)


def _header(
    uow: UnitOfWork, command: IssueDocument, price: Priced, issued_on: date
) -> dict[str, Any]:
    convert_on = None
    if command.convert is not None:
        days = timedelta(days=uow.settings.proforma_days)
        convert_on = command.convert.on or issued_on + days
    return {
        "order_number": command.order_number,
        "custom_values": list(command.custom_values),
        "custom_labels": list(command.custom_labels) or None,
        "discount_amount": price.discount,
        "discount_percentage": command.discount_percentage or None,
        "convert_on": convert_on,
    }


def _payment(
    command: IssueDocument, price: Priced, currency: str, issued_on: date
) -> Payment | None:
    """Return the payment to book with an invoice; None for none.

    Raises `InvalidField` where an invoice is said to be paid by an amount other than its total.
    """
    made, total = command.payment, price.totals.gross
    if made is None and command.paid is PaidAs.PAYMENT:
        made = PaymentMade()
    if made is None or not (made.amount or total):
        return None
    amount = total if made.amount is None else checked_amount(made.amount, currency)
    if command.paid is not None and amount != total:
        raise InvalidField(
            "PaymentAmount",
            "paid",
            f"PaymentAmount must be the total of {total} where mark_as_paid is on",
        )
    return Payment(
        amount=amount,
        paid_on=made.paid_on or issued_on,
        method=made.method,
        reference=made.reference,
        thank=made.thank,
    )


def _book(
    uow: UnitOfWork,
    context: Context,
    command: IssueDocument,
    issued: Issued,
    payment: Payment | None,
) -> None:
    match command.kind:
        case DocumentKind.INVOICE | DocumentKind.PAYOUT:
            if payment is not None:
                receive(uow, context, issued.client_id, payment, first=issued.document_id)
            if payment is None and command.paid is PaidAs.STATUS:
                change_status(uow, context, issued.document_id, InvoiceStatus.PAID)
            elif load_invoice(uow, issued.document_id)["status"] != InvoiceStatus.PAID:
                settle_new(uow, context, issued)
        case DocumentKind.CREDIT_NOTE:
            label = f"Credit Note #{issued.number}"
            client_id = issued.client_id
            add_credit(uow, context, client_id, issued.total, label, issued.document_id)
            if uow.settings.allocation is Allocation.OLDEST:
                own = currency_of(uow, client_id).code
                use_credit(uow, context, client_id, open_documents(uow, client_id, own))
        case _:
            pass  # moves no money


def convert_proforma(
    uow: UnitOfWork, command: ConvertProforma, context: Context
) -> DocumentIssued:
    """Make the invoice of a pro-forma. Raises `DocumentNotFound` and `ProformaConverted`."""
    wanted = _D.id == command.document_id
    if command.number is not None:
        wanted = _D.number == command.number
    query = sa.select(_D.id).where(
        wanted, _D.kind == DocumentKind.PROFORMA.value, _D.hidden == sa.false()
    )
    found = uow.execute(query).scalar()
    if found is None:
        raise DocumentNotFound(command.number or command.document_id)
    row = uow.held(tables.documents, found)
    issued = convert(uow, context, found)
    number = None if row is None else row["number"]
    return replace(_result(issued, context), source_number=number)


def _result(issued: Issued, context: Context, kept: tuple[str, ...] = ()) -> DocumentIssued:
    named = (issued.kind, issued.document_id, issued.number)
    return DocumentIssued(
        kind=issued.kind,
        document_id=issued.document_id,
        number=issued.number,
        client_id=issued.client_id,
        total=Money(issued.total, issued.currency),
        emailed=issued.emailed,
        kept_fields=kept,
        url=context.links.download(*named),
        email_url=context.links.email(*named),
    )

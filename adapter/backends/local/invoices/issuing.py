"""Issuing an invoice by hand: its lines as given, its taxes by the client's rules."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from adapter.backends.local.invoices.lines import put_lines
from adapter.backends.local.lengths import check_lengths
from adapter.backends.local.lookups import require_client
from adapter.billing.model import DocumentKind, InvoiceStatus, Rounding
from adapter.commands.context import Context
from adapter.commands.model import IssueInvoice
from adapter.commands.results import InvoiceIssued
from adapter.store import tables
from adapter.store.allocation import use_credit
from adapter.store.numbers import custom_number
from adapter.store.outbox import enqueue_created
from adapter.store.run.load import client_terms, load_shared
from adapter.store.transitions import (
    change_status,
    load_invoice,
    recompute_totals,
    settle,
)
from adapter.store.unit_of_work import UnitOfWork

BY_API = "api"


def issue_invoice(uow: UnitOfWork, command: IssueInvoice, context: Context) -> InvoiceIssued:
    """Issue an invoice and bring it where it was asked to be. Raises `ClientNotFound`.

    One without lines waits for them; one whose lines come to nothing is paid at once.
    Source: contracts/decisions.md, "Invoices by hand".
    """
    uow.lock_client(command.client_id)
    require_client(uow, command.client_id)
    invoice_id = insert_invoice(uow, context, command)
    put_lines(uow, context, load_invoice(uow, invoice_id), command.lines)
    recompute_totals(uow, invoice_id)
    total = load_invoice(uow, invoice_id)["total"]
    uow.audit(context, "create", "invoice", invoice_id, {"total": total})
    if command.apply_credit:
        use_credit(uow, context, command.client_id, (invoice_id,))
    if command.status not in {InvoiceStatus.UNPAID, InvoiceStatus.DRAFT}:
        change_status(uow, context, invoice_id, command.status)
    elif command.status is InvoiceStatus.UNPAID and command.lines:
        settle(uow, context, invoice_id, send_email=False)
    if command.send_email:
        enqueue_created(uow, context, [(command.client_id, invoice_id)])
    return InvoiceIssued(invoice_id, InvoiceStatus(load_invoice(uow, invoice_id)["status"]))


def insert_invoice(uow: UnitOfWork, context: Context, command: IssueInvoice) -> int:
    """Write an invoice without its lines and return its id; the caller holds the client."""
    terms = client_terms(uow, load_shared(uow), [command.client_id])[command.client_id]
    settings = uow.settings
    issued_on = command.issued_on or context.today
    due_on = command.due_on or context.today + timedelta(days=settings.days_in_advance)
    rates = (command.tax_rate, command.tax_rate_2)
    level_1, level_2 = (
        own if given is None else given
        for given, own in zip(rates, (terms.tax.level_1, terms.tax.level_2), strict=True)
    )
    printed = settings.custom_numbers and not settings.proforma
    draft = command.status is InvoiceStatus.DRAFT
    values: dict[str, Any] = {
        "kind": DocumentKind.INVOICE.value,
        "client_id": command.client_id,
        "currency": terms.currency,
        "status": (InvoiceStatus.DRAFT if draft else InvoiceStatus.UNPAID).value,
        "issued_on": issued_on,
        "due_on": due_on,
        "tax_rate": level_1,
        "tax_rate_2": level_2,
        "rounding": Rounding.SUM.value,
        "tax_inclusive": settings.tax_inclusive,
        "payment_method": command.payment_method or terms.payment_method,
        "notes": command.notes,
        "origin": BY_API,
        "created_at": context.now,
        "updated_at": context.now,
    }
    check_lengths(tables.documents, values)
    invoice_id = uow.take_document_id()
    values |= {
        "id": invoice_id,
        "number": uow.take(DocumentKind.INVOICE.number_counter),
        "number_text": custom_number(uow, issued_on) if printed else "",
    }
    uow.execute(sa.insert(tables.documents).values(values))
    return invoice_id

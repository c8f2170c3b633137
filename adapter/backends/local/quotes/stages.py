"""A quote's way: to its client, to the invoice, out of sight."""

from decimal import Decimal
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.clients import find_or_create_client
from adapter.backends.local.invoices.issuing import issue_invoice
from adapter.backends.local.quotes.changing import held_quote
from adapter.backends.local.quotes.reading import quote_lines
from adapter.billing.model import QuoteStage
from adapter.commands.context import Context
from adapter.commands.model import (
    AcceptQuote,
    ClientFields,
    DeleteQuote,
    InvoiceLineChange,
    IssueInvoice,
    QuoteLine,
    SendQuote,
)
from adapter.commands.results import QuoteAccepted, QuoteDeleted, QuoteSent
from adapter.errors import InvalidField, MailFailed
from adapter.store import tables
from adapter.store.outbox import enqueue_mail
from adapter.store.unit_of_work import UnitOfWork

QUOTE_MAIL: Final = "Quote Delivery with PDF"

_D: Final = tables.documents
_Q: Final = tables.quotes
# What a quote knows of somebody without an account.
_PERSON: Final = (
    "first_name",
    "last_name",
    "company_name",
    "email",
    "address_1",
    "address_2",
    "city",
    "state",
    "postcode",
    "country",
    "phone",
    "tax_number",
)


def send_quote(uow: UnitOfWork, command: SendQuote, context: Context) -> QuoteSent:
    """Mail a quote to its client's own addresses. Raises `QuoteNotFound` and `MailFailed`."""
    row = held_quote(uow, command.quote_id)
    client = uow.row(tables.clients, row["client_id"])
    if client is None or not client["email"]:
        raise MailFailed
    stage = row["status"]
    if stage != QuoteStage.ACCEPTED:
        stage = QuoteStage.DELIVERED.value
    header = {"status": stage, "updated_at": context.now}
    uow.execute(sa.update(_D).where(_D.c.id == row["id"]).values(**header))
    sent = {"sent_on": context.today, "modified_on": context.today}
    uow.execute(sa.update(_Q).where(_Q.c.document_id == row["id"]).values(**sent))
    enqueue_mail(uow, context, QUOTE_MAIL, row["client_id"], row["id"])
    uow.audit(context, "send", "quote", row["id"])
    return QuoteSent(row["id"])


def accept_quote(uow: UnitOfWork, command: AcceptQuote, context: Context) -> QuoteAccepted:
    """Make the invoice of a quote; one that has its invoice answers with it again.

    Somebody without an account becomes a client, or is the one of this name and address.
    Source: contracts/decisions.md, "Quotes".
    """
    row = held_quote(uow, command.quote_id)
    # Whoever accepts it at the same time waits for this row, also where no client is held.
    accepted = {"accepted_on": context.today, "modified_on": context.today}
    mine = uow.execute(
        sa.update(_Q).where(_Q.c.document_id == row["id"], _Q.c.invoice_id == 0).values(**accepted)
    )
    quote = uow.execute(sa.select(_Q).where(_Q.c.document_id == row["id"])).mappings().one()
    if not mine.rowcount:
        return QuoteAccepted(row["id"], quote["invoice_id"])
    client_id = row["client_id"] or _client_of(uow, context, quote)
    lines = quote_lines(uow, [row["id"]])[row["id"]]
    amounts = uow.execute(
        sa.select(tables.document_lines.c.id, tables.document_lines.c.amount).where(
            tables.document_lines.c.document_id == row["id"]
        )
    )
    by_id = {each.id: Decimal(each.amount).scaleb(-2) for each in amounts}
    issued = issue_invoice(
        uow,
        IssueInvoice(
            client_id,
            tuple(
                InvoiceLineChange(_described(line), by_id[line.line_id or 0], line.taxed)
                for line in lines
            ),
            tax_rate=row["tax_rate"],
            tax_rate_2=row["tax_rate_2"],
            send_email=True,
        ),
        context,
    )
    uow.execute(
        sa.update(_Q).where(_Q.c.document_id == row["id"]).values(invoice_id=issued.invoice_id)
    )
    header = {
        "status": QuoteStage.ACCEPTED.value,
        "client_id": client_id,
        "updated_at": context.now,
    }
    uow.execute(sa.update(_D).where(_D.c.id == row["id"]).values(**header))
    uow.audit(context, "accept", "quote", row["id"], {"invoice_id": issued.invoice_id})
    return QuoteAccepted(row["id"], issued.invoice_id)


def delete_quote(uow: UnitOfWork, command: DeleteQuote, context: Context) -> QuoteDeleted:
    """Hide a quote; its id and number stay. Raises `QuoteNotFound`."""
    row = held_quote(uow, command.quote_id)
    hidden = {"hidden": True, "updated_at": context.now}
    uow.execute(sa.update(_D).where(_D.c.id == row["id"]).values(**hidden))
    uow.audit(context, "delete", "quote", row["id"])
    return QuoteDeleted(row["id"])


def _client_of(uow: UnitOfWork, context: Context, quote: sa.RowMapping) -> int:
    given: dict[str, Any] = {name: quote[name] or None for name in _PERSON}
    if given["email"] is None:
        raise InvalidField("userid", "required", "The quote names no client and no e-mail address")
    name = given["company_name"] or " ".join(
        filter(None, (given["first_name"], given["last_name"]))
    )
    fields = ClientFields(invoice_name=name or given["email"], **given)
    client_id, _ = find_or_create_client(uow, context, fields)
    uow.lock_client(client_id)
    return client_id


def _described(line: QuoteLine) -> str:
    if line.quantity == 1:
        return line.description
    return f"{line.quantity.normalize():f} x {line.description}"

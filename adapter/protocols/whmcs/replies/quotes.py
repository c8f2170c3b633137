"""Replies about quotes."""

from adapter.commands.model import QuoteLine
from adapter.commands.results import (
    QuoteAccepted,
    QuoteCreated,
    QuoteDeleted,
    QuoteRecord,
    QuoteSent,
    QuotesListed,
    QuoteUpdated,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.clients import client_row
from adapter.protocols.whmcs.replies.common import (
    counters,
    date_text,
    decimal_text,
    flag,
    money,
    rows,
    success,
)

_PLACES = 2


def create_quote(result: QuoteCreated, _call: Call) -> Reply:
    """Write `CreateQuote`."""
    return success(quoteid=result.quote_id)


def quote_done(_result: QuoteUpdated | QuoteSent | QuoteDeleted, _call: Call) -> Reply:
    """Write `UpdateQuote`, `SendQuote` and `DeleteQuote`."""
    return success()


def accept_quote(result: QuoteAccepted, _call: Call) -> Reply:
    """Write `AcceptQuote`: the invoice is declared, though missing in the sample."""
    return success(invoiceid=result.invoice_id)


def get_quotes(result: QuotesListed, _call: Call) -> Reply:
    """Write `GetQuotes`."""
    return success(
        **counters(result.listing, len(result.quotes)),
        **rows("quotes", "quote", map(_quote, result.quotes)),
    )


def _quote(quote: QuoteRecord) -> Reply:
    fields = quote.fields
    return {
        "id": quote.quote_id,
        "subject": fields.subject,
        "stage": quote.stage.value,
        "validuntil": date_text(quote.valid_until),
        "userid": quote.client_id,
        "client": None if quote.client is None else client_row(quote.client),
        "firstname": fields.first_name,
        "lastname": fields.last_name,
        "companyname": fields.company_name,
        "email": fields.email,
        "address1": fields.address_1,
        "address2": fields.address_2,
        "city": fields.city,
        "state": fields.state,
        "postcode": fields.postcode,
        "country": fields.country,
        "phonenumber": fields.phone,
        "tax_id": fields.tax_number,
        "currency": quote.currency_id,
        "subtotal": money(quote.subtotal),
        "tax1": money(quote.tax),
        "tax2": money(quote.tax_2),
        "total": money(quote.total),
        "proposal": fields.proposal,
        "customernotes": fields.customer_notes,
        "adminnotes": fields.admin_notes,
        "datecreated": date_text(quote.created_on),
        "lastmodified": date_text(quote.modified_on),
        "datesent": date_text(quote.sent_on),
        "dateaccepted": date_text(quote.accepted_on),
        **rows("items", "item", map(_item, fields.lines)),
    }


def _item(line: QuoteLine) -> Reply:
    return {
        "id": line.line_id,
        "description": line.description,
        "quantity": f"{line.quantity.normalize():f}",
        "unitprice": decimal_text(line.unit_price, _PLACES),
        "discount": decimal_text(line.discount, _PLACES),
        "taxable": flag(line.taxed),
    }

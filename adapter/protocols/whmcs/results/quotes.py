"""Replies about quotes."""

from typing import Final

from adapter.billing.model import ClientStatus, QuoteStage
from adapter.commands.model import (
    AcceptQuote,
    Command,
    CreateQuote,
    DeleteQuote,
    ListQuotes,
    QuoteFields,
    QuoteLine,
    SendQuote,
    UpdateQuote,
)
from adapter.commands.results import (
    QuoteAccepted,
    QuoteClient,
    QuoteCreated,
    QuoteDeleted,
    QuoteRecord,
    QuoteSent,
    QuotesListed,
    QuoteUpdated,
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.results.billing import listing


def _created(reply: Fields, _: CreateQuote, __: UpstreamAnswer) -> QuoteCreated:
    return QuoteCreated(reply.integer("quoteid"))


def _updated(_: Fields, command: UpdateQuote, __: UpstreamAnswer) -> QuoteUpdated:
    return QuoteUpdated(command.quote_id)


def _sent(_: Fields, command: SendQuote, __: UpstreamAnswer) -> QuoteSent:
    return QuoteSent(command.quote_id)


def _accepted(reply: Fields, command: AcceptQuote, _: UpstreamAnswer) -> QuoteAccepted:
    return QuoteAccepted(command.quote_id, reply.integer("invoiceid", 0))


def _deleted(_: Fields, command: DeleteQuote, __: UpstreamAnswer) -> QuoteDeleted:
    return QuoteDeleted(command.quote_id)


def _listed(reply: Fields, _: ListQuotes, __: UpstreamAnswer) -> QuotesListed:
    return QuotesListed(listing(reply), tuple(map(_quote, reply.rows("quotes", "quote"))))


def _quote(row: Fields) -> QuoteRecord:
    fields = QuoteFields(
        subject=row.text("subject"),
        first_name=row.text("firstname"),
        last_name=row.text("lastname"),
        company_name=row.text("companyname"),
        email=row.text("email"),
        address_1=row.text("address1"),
        address_2=row.text("address2"),
        city=row.text("city"),
        state=row.text("state"),
        postcode=row.text("postcode"),
        country=row.text("country"),
        phone=row.text("phonenumber"),
        tax_number=row.text("tax_id"),
        proposal=row.text("proposal"),
        customer_notes=row.text("customernotes"),
        admin_notes=row.text("adminnotes"),
        lines=tuple(map(_line, row.rows("items", "item"))),
    )
    return QuoteRecord(
        quote_id=row.integer("id"),
        stage=row.choice("stage", QuoteStage),
        fields=fields,
        valid_until=row.day("validuntil") or NO_TIME.date(),
        created_on=row.day("datecreated") or NO_TIME.date(),
        modified_on=row.day("lastmodified") or NO_TIME.date(),
        sent_on=row.day("datesent"),
        accepted_on=row.day("dateaccepted"),
        client_id=row.integer("userid", 0),
        client=_client(row.inner("client")) if row.raw("client") else None,
        currency_id=row.integer("currency", 0),
        subtotal=row.money("subtotal"),
        tax=row.money("tax1"),
        tax_2=row.money("tax2"),
        total=row.money("total"),
    )


def _client(row: Fields) -> QuoteClient:
    return QuoteClient(
        client_id=row.integer("id"),
        first_name=row.text("firstname"),
        last_name=row.text("lastname"),
        company_name=row.text("companyname"),
        email=row.text("email"),
        created_on=row.day("datecreated") or NO_TIME.date(),
        group_id=row.integer("groupid", 0),
        status=row.choice("status", ClientStatus),
    )


def _line(row: Fields) -> QuoteLine:
    return QuoteLine(
        description=row.text("description"),
        quantity=row.decimal("quantity"),
        unit_price=row.decimal("unitprice"),
        discount=row.decimal("discount"),
        taxed=row.flag("taxable"),
        line_id=row.integer("id"),
    )


READERS: Final[dict[type[Command], Reader]] = {
    CreateQuote: _created,
    UpdateQuote: _updated,
    ListQuotes: _listed,
    SendQuote: _sent,
    AcceptQuote: _accepted,
    DeleteQuote: _deleted,
}

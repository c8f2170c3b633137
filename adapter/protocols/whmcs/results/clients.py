"""Replies about clients."""

import re
from typing import Any, Final

from adapter.billing.model import ClientStatus, InvoiceStatus
from adapter.billing.money import Money
from adapter.commands.model import (
    CloseClient,
    Command,
    CreateClient,
    DeleteClient,
    GetClient,
    ListClientGroups,
    ListClients,
    UpdateClient,
    ValidateLogin,
)
from adapter.commands.results import (
    ClientCreated,
    ClientDeleted,
    ClientGroupRecord,
    ClientGroupsListed,
    ClientHasClosed,
    ClientRecord,
    ClientShown,
    ClientsListed,
    ClientStats,
    ClientUpdated,
    LoginValidated,
    StatusTotal,
)
from adapter.errors import BadAnswer
from adapter.protocols.upstream import (
    NO_CURRENCY,
    NO_TIME,
    Fields,
    Reader,
    UpstreamAnswer,
    listed,
    money_of,
    told,
)
from adapter.protocols.whmcs.names import EMAIL_KINDS, STATUS_WORDS, TYPE_KEYS
from adapter.protocols.whmcs.results.billing import listing

_SHOWN_AMOUNT: Final = re.compile(r"(.*?)(-?[0-9]+\.[0-9]{2})(?![0-9])(.*)", re.DOTALL).fullmatch


def _created(reply: Fields, _: CreateClient, __: UpstreamAnswer) -> ClientCreated:
    return ClientCreated(reply.integer("clientid"))


def _updated(reply: Fields, _: UpdateClient, __: UpstreamAnswer) -> ClientUpdated:
    return ClientUpdated(reply.integer("clientid"))


def _listed(reply: Fields, _: ListClients, __: UpstreamAnswer) -> ClientsListed:
    return ClientsListed(listing(reply), tuple(map(_row, reply.rows("clients", "client"))))


def _shown(reply: Fields, command: GetClient, _: UpstreamAnswer) -> ClientShown:
    # Old versions tell the client at the top only.
    client = _client(reply.inner("client") if reply.raw("client") else reply)
    stats = _stats(reply.inner("stats"), client) if command.with_stats else None
    return ClientShown(client, stats)


def _row(row: Fields) -> ClientRecord:
    return _record(
        row,
        created_on=row.day("datecreated") or NO_TIME.date(),
    )


def _client(row: Fields) -> ClientRecord:
    preferences = row.inner("email_preferences")
    zero = Money.zero(row.text("currency_code") or NO_CURRENCY)
    return _record(
        row,
        balance=zero,
        opening_balance=zero,
        uuid=row.text("uuid"),
        address_1=row.text("address1"),
        address_2=row.text("address2"),
        city=row.text("city"),
        state=row.text("state"),
        postcode=row.text("postcode"),
        country=row.text("countrycode") or row.text("country"),
        phone=row.text("phonenumber"),
        tax_number=row.text("tax_id"),
        custom={
            field.integer("id"): field.text("value") for field in listed(row.raw("customfields"))
        },
        currency_id=row.integer("currency", 0),
        currency_code=row.text("currency_code"),
        language=row.text("language"),
        notes=row.text("notes"),
        credit=row.money("credit", zero.currency),
        payment_method=row.text("defaultgateway"),
        tax_exempt=row.flag("taxexempt"),
        separate_invoices=row.flag("separateinvoices"),
        no_late_fee=row.flag("latefeeoveride"),
        no_overdue_notices=row.flag("overideduenotices"),
        no_auto_charge=row.flag("disableautocc"),
        no_auto_close=row.flag("overrideautoclose"),
        marketing_emails=row.flag("marketing_emails_opt_in"),
        email_preferences={
            kind: preferences.flag(kind) for kind in EMAIL_KINDS if kind in preferences
        },
    )


def _record(row: Fields, **known: Any) -> ClientRecord:
    first_name, last_name = row.text("firstname"), row.text("lastname")
    company_name = row.text("companyname")
    full_name = f"{first_name} {last_name}".strip() or row.text("fullname")
    return told(
        ClientRecord,
        client_id=row.integer("id"),
        invoice_name=company_name or full_name,
        first_name=first_name,
        last_name=last_name,
        company_name=company_name,
        email=row.text("email"),
        group_id=row.integer("groupid", 0),
        status=row.choice("status", ClientStatus),
        **known,
    )


def _stats(row: Fields, client: ClientRecord) -> ClientStats:
    currency = client.currency_code or NO_CURRENCY

    def amount(name: str) -> Money:
        return money_of(split_amount(row.text(name))[1], currency)

    def total(count: str, name: str) -> StatusTotal:
        return StatusTotal(row.integer(count), amount(name))

    prefix, _, suffix = split_amount(row.text("creditbalance"))
    return ClientStats(
        currency_prefix=prefix,
        currency_suffix=suffix,
        due=total("numdueinvoices", "dueinvoicesbalance"),
        overdue=total("numoverdueinvoices", "overdueinvoicesbalance"),
        by_status={
            InvoiceStatus.DRAFT: total("numDraftInvoices", "draftInvoicesBalance"),
            **{
                status: total(f"num{word}invoices", f"{word}invoicesamount")
                for word, status in STATUS_WORDS.items()
            },
        },
        gross_revenue=amount("grossRevenue"),
        expenses=amount("expenses"),
        active_services=_counts(row, "productsnumactive"),
        all_services=_counts(row, "productsnum"),
        active_domains=row.integer("numactivedomains", 0),
        all_domains=row.integer("numdomains", 0),
        accepted_quotes=row.integer("numacceptedquotes", 0),
        all_quotes=row.integer("numquotes", 0),
    )


def _counts(row: Fields, prefix: str) -> dict[str, int]:
    return {kind: row.integer(f"{prefix}{word}", 0) for kind, word in TYPE_KEYS.items()}


def split_amount(shown: str) -> tuple[str, str, str]:
    """Part an amount with its currency, `$2645.80 USD`, into prefix, number and suffix."""
    found = _SHOWN_AMOUNT(shown)
    if found is None:
        raise BadAnswer
    return found[1], found[2], found[3]


def _login(reply: Fields, _: ValidateLogin, __: UpstreamAnswer) -> LoginValidated:
    return LoginValidated(reply.integer("userid"), reply.text("passwordhash"))


def _groups(reply: Fields, _: ListClientGroups, __: UpstreamAnswer) -> ClientGroupsListed:
    return ClientGroupsListed(
        tuple(
            ClientGroupRecord(
                group_id=row.integer("id"),
                name=row.text("groupname"),
                colour=row.text("groupcolour"),
                discount_percent=row.decimal("discountpercent"),
                exempt_from_suspension=row.flag("susptermexempt"),
                separate_invoices=row.flag("separateinvoices"),
            )
            for row in reply.rows("groups", "group")
        )
    )


READERS: Final[dict[type[Command], Reader]] = {
    CreateClient: _created,
    UpdateClient: _updated,
    ListClients: _listed,
    GetClient: _shown,
    CloseClient: lambda _, command, __: ClientHasClosed(command.client_id),
    DeleteClient: lambda _, command, __: ClientDeleted(command.client_id),
    ListClientGroups: _groups,
    ValidateLogin: _login,
}

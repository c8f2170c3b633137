"""Replies about clients."""

from adapter.billing.model import InvoiceStatus
from adapter.commands.results import (
    ClientCreated,
    ClientDeleted,
    ClientGroupsListed,
    ClientHasClosed,
    ClientRecord,
    ClientShown,
    ClientsListed,
    ClientStats,
    ClientUpdated,
    LoginValidated,
    QuoteClient,
    StatusTotal,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.countries import COUNTRIES
from adapter.protocols.whmcs.formats import Digits, Reply
from adapter.protocols.whmcs.names import EMAIL_KINDS, STATUS_WORDS, TYPE_KEYS
from adapter.protocols.whmcs.replies.common import (
    counters,
    date_text,
    decimal_text,
    echoed,
    flag_text,
    formatted,
    money,
    rows,
    success,
)

_PERCENT_PLACES = 2


def add_client(result: ClientCreated, _call: Call) -> Reply:
    """Write `AddClient`. A client is its own only user, so `owner_id` is its id too."""
    return success(clientid=result.client_id, owner_id=result.client_id)


def update_client(result: ClientUpdated, _call: Call) -> Reply:
    """Write `UpdateClient`."""
    return success(clientid=echoed(result.client_id))


def get_clients(result: ClientsListed, _call: Call) -> Reply:
    """Write `GetClients`."""
    return success(
        **counters(result.listing, len(result.clients)),
        **rows("clients", "client", map(client_row, result.clients)),
    )


def get_clients_details(result: ClientShown, _call: Call) -> Reply:
    """Write `GetClientsDetails`: nested, and once more at the top, where old clients look."""
    client = _client(result.client)
    reply = success(client=client)
    if result.stats is not None:
        reply["stats"] = _stats(result.stats, result.client)
    return reply | client


def client_row(client: ClientRecord | QuoteClient) -> Reply:
    """Return a client in short, as lists show him."""
    return {
        "id": client.client_id,
        "firstname": client.first_name,
        "lastname": client.last_name,
        "companyname": client.company_name,
        "email": client.email,
        "datecreated": date_text(client.created_on),
        "groupid": client.group_id,
        "status": client.status.value,
    }


def _client(client: ClientRecord) -> Reply:
    full_name = f"{client.first_name} {client.last_name}".strip() or client.invoice_name
    country_name, calling_code = COUNTRIES.get(client.country, (client.country, ""))
    international = _international(client.phone, calling_code)
    return {
        "client_id": client.client_id,
        "owner_user_id": client.client_id,
        "userid": client.client_id,
        "id": client.client_id,
        "uuid": client.uuid,
        "firstname": client.first_name,
        "lastname": client.last_name,
        "fullname": full_name,
        "companyname": client.company_name,
        "email": client.email,
        "address1": client.address_1,
        "address2": client.address_2,
        "city": client.city,
        "fullstate": client.state,
        "state": client.state,
        "postcode": client.postcode,
        "countrycode": client.country,
        "country": client.country,
        "phonenumber": client.phone,
        "tax_id": client.tax_number,
        "email_preferences": {
            kind: flag_text(client.email_preferences.get(kind, True)) for kind in EMAIL_KINDS
        },
        "statecode": client.state,
        "countryname": country_name,
        "phonecc": Digits(calling_code) if calling_code else "",
        "phonenumberformatted": international,
        "telephoneNumber": international,
        "billingcid": 0,
        "notes": client.notes,
        "currency": client.currency_id,
        "defaultgateway": client.payment_method,
        "groupid": client.group_id,
        "status": client.status.value,
        "credit": money(client.credit),
        "taxexempt": client.tax_exempt,
        "latefeeoveride": client.no_late_fee,
        "overideduenotices": client.no_overdue_notices,
        "separateinvoices": client.separate_invoices,
        "disableautocc": client.no_auto_charge,
        "emailoptout": not client.marketing_emails,
        "marketing_emails_opt_in": client.marketing_emails,
        "overrideautoclose": client.no_auto_close,
        "allowSingleSignOn": 1,
        "email_verified": False,
        "language": client.language,
        "isOptedInToMarketingEmails": client.marketing_emails,
        "lastlogin": "",
        "currency_code": client.currency_code,
        "customfields": [
            {"id": number, "value": value} for number, value in client.custom.items()
        ],
        **{
            f"customfields{position}": value
            for position, value in enumerate(client.custom.values(), start=1)
        },
        "users": {
            "user": [
                {
                    "id": client.client_id,
                    "name": full_name,
                    "email": client.email,
                    "is_owner": True,
                }
            ]
        },
    }


def _international(phone: str, calling_code: str) -> str:
    """Return a number with its country's calling code, as `+27.215550100`."""
    if not phone or not calling_code or phone.startswith("+"):
        return phone
    digits = "".join(filter(str.isdecimal, phone)).lstrip("0")
    return f"+{calling_code}.{digits}"


def _stats(stats: ClientStats, client: ClientRecord) -> Reply:
    """Write the figures; amounts carry their currency, as `$2645.80 USD`."""

    def shown(total: StatusTotal) -> str:
        return formatted(total.total, stats.currency_prefix, stats.currency_suffix)

    by_status = stats.by_status
    credit, revenue, expenses, income = (
        formatted(amount, stats.currency_prefix, stats.currency_suffix)
        for amount in (
            client.credit,
            stats.gross_revenue,
            stats.expenses,
            stats.gross_revenue - stats.expenses,
        )
    )
    reply: Reply = {
        "numdueinvoices": stats.due.count,
        "dueinvoicesbalance": shown(stats.due),
        "incredit": client.credit.hundredths > 0,
        "creditbalance": credit,
        "grossRevenue": revenue,
        "expenses": expenses,
        "income": income,
        "numoverdueinvoices": stats.overdue.count,
        "overdueinvoicesbalance": shown(stats.overdue),
        "numDraftInvoices": by_status[InvoiceStatus.DRAFT].count,
        "draftInvoicesBalance": shown(by_status[InvoiceStatus.DRAFT]),
    }
    for word, status in STATUS_WORDS.items():
        reply[f"num{word}invoices"] = by_status[status].count
        reply[f"{word}invoicesamount"] = shown(by_status[status])
    for product_type, word in TYPE_KEYS.items():
        reply[f"productsnumactive{word}"] = stats.active_services.get(product_type, 0)
        reply[f"productsnum{word}"] = stats.all_services.get(product_type, 0)
    return reply | {
        "productsnumactive": sum(stats.active_services.values()),
        "productsnumtotal": sum(stats.all_services.values()),
        "numactivedomains": stats.active_domains,
        "numdomains": stats.all_domains,
        "numacceptedquotes": stats.accepted_quotes,
        "numquotes": stats.all_quotes,
        # Tickets and affiliates are not kept here.
        "numtickets": 0,
        "numactivetickets": 0,
        "numaffiliatesignups": 0,
        "isAffiliate": False,
    }


def close_client(result: ClientHasClosed, _call: Call) -> Reply:
    """Write `CloseClient`: the id is declared as an int and missing in the sample."""
    return success(clientid=result.client_id)


def delete_client(result: ClientDeleted, _call: Call) -> Reply:
    """Write `DeleteClient`."""
    return success(clientid=echoed(result.client_id))


def get_client_groups(result: ClientGroupsListed, _call: Call) -> Reply:
    """Write `GetClientGroups`; flags are the text on, or blank."""
    return success(
        totalresults=len(result.groups),
        **rows(
            "groups",
            "group",
            (
                {
                    "id": group.group_id,
                    "groupname": group.name,
                    "groupcolour": group.colour,
                    "discountpercent": decimal_text(group.discount_percent, _PERCENT_PLACES),
                    "susptermexempt": _on(group.exempt_from_suspension),
                    "separateinvoices": _on(group.separate_invoices),
                }
                for group in result.groups
            ),
        ),
    )


def validate_login(result: LoginValidated, _call: Call) -> Reply:
    """Write `ValidateLogin`. There is no second factor here."""
    return success(userid=result.client_id, passwordhash=result.digest, twoFactorEnabled="false")


def _on(flag: object) -> str:
    return "on" if flag else ""

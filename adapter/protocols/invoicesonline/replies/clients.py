"""Clients as this protocol shows them."""

from typing import TypeAlias

from adapter.billing.model import ClientStatus
from adapter.commands.results import ClientRecord, ClientShown, ClientsListed
from adapter.protocols.invoicesonline.quirks import Quirks
from adapter.protocols.phpjson import JsonValue

# One client or document of a map; every value is text, as in the documented sample.
Fields: TypeAlias = dict[str, str]


def client_map(result: ClientShown, quirks: Quirks) -> JsonValue:
    """Return the map of getClientDetails_JSON: client id -> fields."""
    return {str(result.client.client_id): _client(result.client, quirks)}


def clients_map(result: ClientsListed, quirks: Quirks) -> JsonValue:
    """Return the map of getClients_JSON; empty, it is the list that PHP writes."""
    return {str(client.client_id): _client(client, quirks) for client in result.clients} or []


def client_balance(result: ClientShown, quirks: Quirks) -> JsonValue:
    """Return the object of getClientBalance_JSON."""
    return {"balance": shown_balance(result.client, quirks)}


def shown_balance(client: ClientRecord, quirks: Quirks) -> str:
    """Return a balance as the page has it: the true one is `balance` less `opening_balance`.

    Negative means that the client owes.
    """
    with_opening = client.balance + client.opening_balance
    return str(with_opening if quirks.balance_with_opening else client.balance)


def _client(client: ClientRecord, quirks: Quirks) -> Fields:
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
        "balance": shown_balance(client, quirks),
        "opening_balance": str(client.opening_balance),
        "customerzone_link": "",  # nothing here has a customer login
    }

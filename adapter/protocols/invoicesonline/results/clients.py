"""Replies about clients read back as results."""

from adapter.billing.model import ClientStatus
from adapter.commands.model import CreateClient, FindClient, GetClient, ListClients, UpdateClient
from adapter.commands.results import (
    ClientCreated,
    ClientFound,
    ClientRecord,
    ClientShown,
    ClientsListed,
    ClientUpdated,
    Listing,
)
from adapter.errors import BadAnswer
from adapter.protocols.invoicesonline.results.reading import (
    bare_number,
    flat,
    mapped,
    succeeded,
    whole,
)
from adapter.protocols.invoicesonline.schemas import ClientBalanceSchema
from adapter.protocols.upstream import Fields, UpstreamAnswer, told


def created(_: CreateClient, answer: UpstreamAnswer) -> ClientCreated:
    """Read the bare id of NewClient."""
    return ClientCreated(bare_number(answer))


def found(_: FindClient, answer: UpstreamAnswer) -> ClientFound:
    """Read the bare id of GetClientID."""
    return ClientFound(bare_number(answer))


def updated(command: UpdateClient, answer: UpstreamAnswer) -> ClientUpdated:
    """Read that UpdateClient was done."""
    succeeded(answer, "type")
    return ClientUpdated(command.client_id or 0)


def shown(command: GetClient, answer: UpstreamAnswer) -> ClientShown:
    """Read the map of one client, or his balance alone."""
    if answer.asked.action == ClientBalanceSchema.endpoint:
        balance = flat(answer).money("balance")
        return ClientShown(
            told(
                ClientRecord,
                client_id=command.client_id or 0,
                status=ClientStatus.ACTIVE,
                balance=balance,
            )
        )
    clients = list(mapped(answer).objects())
    if len(clients) != 1:
        raise BadAnswer
    return ClientShown(_client(*clients[0]))


def listed(_: ListClients, answer: UpstreamAnswer) -> ClientsListed:
    """Read the map of all clients."""
    clients = tuple(_client(*each) for each in mapped(answer).objects())
    return ClientsListed(Listing(len(clients), 0), clients)


def _client(client_id: str, row: Fields) -> ClientRecord:
    opening = row.money("opening_balance")
    return told(
        ClientRecord,
        client_id=whole(client_id),
        invoice_name=row.text("client_invoice_name"),
        account_number=row.text("client_account_number"),
        tax_number=row.text("client_vat_nr"),
        phone=row.text("client_phone_nr"),
        phone_2=row.text("client_phone_nr2"),
        fax=row.text("client_fax_nr"),
        mobile=row.text("client_mobile_nr"),
        email=row.text("client_email"),
        first_name=row.text("contact_name"),
        last_name=row.text("contact_surname"),
        address_1=row.text("client_postal_address1"),
        address_2=row.text("client_postal_address2"),
        city=row.text("client_postal_address3"),
        postcode=row.text("client_postal_address4"),
        physical_address=(
            row.text("client_physical_address1"),
            row.text("client_physical_address2"),
            row.text("client_physical_address3"),
            row.text("client_physical_address4"),
        ),
        notes=row.text("client_notes"),
        status=ClientStatus.ACTIVE if row.flag("active") else ClientStatus.INACTIVE,
        # The page: the true balance is `balance` less `opening_balance`.
        balance=row.money("balance") - opening,
        opening_balance=opening,
    )

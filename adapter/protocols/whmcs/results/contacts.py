"""Replies about contacts."""

from typing import Final

from adapter.commands.model import (
    Command,
    CreateContact,
    DeleteContact,
    ListContacts,
    UpdateContact,
)
from adapter.commands.results import (
    ContactCreated,
    ContactDeleted,
    ContactRecord,
    ContactsListed,
    ContactUpdated,
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.names import EMAIL_KINDS
from adapter.protocols.whmcs.results.billing import listing


def _created(reply: Fields, _: CreateContact, __: UpstreamAnswer) -> ContactCreated:
    return ContactCreated(reply.integer("contactid"))


def _listed(reply: Fields, _: ListContacts, answer: UpstreamAnswer) -> ContactsListed:
    rows = reply.rows("contacts", "contact")
    return ContactsListed(listing(reply), tuple(_contact(row, answer) for row in rows))


def _contact(row: Fields, answer: UpstreamAnswer) -> ContactRecord:
    return ContactRecord(
        contact_id=row.integer("id"),
        client_id=row.integer("userid"),
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
        email_preferences={kind: row.flag(f"{kind}emails") for kind in EMAIL_KINDS},
        created_at=row.time("created_at", answer.zone) or NO_TIME,
        updated_at=row.time("updated_at", answer.zone) or NO_TIME,
    )


READERS: Final[dict[type[Command], Reader]] = {
    CreateContact: _created,
    UpdateContact: lambda _, command, __: ContactUpdated(command.contact_id),
    DeleteContact: lambda _, command, __: ContactDeleted(command.contact_id),
    ListContacts: _listed,
}

"""Replies about contacts."""

from adapter.commands.results import (
    ContactCreated,
    ContactDeleted,
    ContactRecord,
    ContactsListed,
    ContactUpdated,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import counters, echoed, rows, success, time_text

# In the order of this sample, which is not the one of a client's own preferences.
_EMAIL_FLAGS = ("domain", "general", "invoice", "product", "support", "affiliate")


def add_contact(result: ContactCreated, _call: Call) -> Reply:
    """Write `AddContact`."""
    return success(contactid=result.contact_id)


def changed_contact(result: ContactUpdated | ContactDeleted, _call: Call) -> Reply:
    """Write `UpdateContact` and `DeleteContact`."""
    return success(contactid=echoed(result.contact_id))


def get_contacts(result: ContactsListed, call: Call) -> Reply:
    """Write `GetContacts`."""
    return success(
        **counters(result.listing, len(result.contacts)),
        **rows("contacts", "contact", (_contact(contact, call) for contact in result.contacts)),
    )


def _contact(contact: ContactRecord, call: Call) -> Reply:
    return {
        "id": contact.contact_id,
        "userid": contact.client_id,
        "firstname": contact.first_name,
        "lastname": contact.last_name,
        "companyname": contact.company_name,
        "email": contact.email,
        "address1": contact.address_1,
        "address2": contact.address_2,
        "city": contact.city,
        "state": contact.state,
        "postcode": contact.postcode,
        "country": contact.country,
        "phonenumber": contact.phone,
        "tax_id": contact.tax_number,
        **{f"{kind}emails": contact.email_preferences.get(kind, False) for kind in _EMAIL_FLAGS},
        "created_at": time_text(contact.created_at, call.quirks.zone),
        "updated_at": time_text(contact.updated_at, call.quirks.zone),
    }

"""Parameters about contacts."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.commands.model import (
    Command,
    ContactFields,
    CreateContact,
    DeleteContact,
    ListContacts,
    UpdateContact,
)
from adapter.errors import ClientNotFound, ContactNotFound, NotFound
from adapter.protocols.fields import Empty, WireBool
from adapter.protocols.whmcs.fields import ArrayOf, Line, RecordId
from adapter.protocols.whmcs.schemas.base import (
    NO_USERS,
    ActionSchema,
    PagedSchema,
    Warnings,
    changed,
)
from adapter.protocols.whmcs.schemas.clients import PersonSchema, read_preferences

_LOGIN: Final = ("password2", "permissions", "subaccount")


class ContactSchema(PersonSchema):
    """What a new and a changed contact have in common."""

    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(dict.fromkeys(_LOGIN, NO_USERS))

    email_preferences = ArrayOf(WireBool())


class AddContactSchema(ContactSchema):
    """`AddContact`. Source: contracts/whmcs/addcontact.md."""

    action = "AddContact"
    command = CreateContact
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )
    warnings: ClassVar[Warnings] = (
        (
            frozenset(_LOGIN),
            "Sub Accounts are no longer supported. Please use AddUser and CreateClientInvite",
        ),
    )

    client_id = RecordId(data_key="clientid", required=True)
    tax_number = Line(data_key="tax_id")

    def build(self, data: dict[str, Any]) -> Command:
        """Fold the contact's own fields."""
        client_id = data.pop("client_id")
        data["email_preferences"] = read_preferences(data["email_preferences"])
        return CreateContact(client_id=client_id, contact=ContactFields(**data))

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the contact's own fields."""
        values = changed(command)
        return values | _spread(values.pop("contact"))


class UpdateContactSchema(ContactSchema):
    """`UpdateContact`; a blank text clears. Source: contracts/whmcs/updatecontact.md."""

    action = "UpdateContact"
    command = UpdateContact
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"contactid": ContactNotFound}
    )
    warnings: ClassVar[Warnings] = (
        (frozenset(_LOGIN), "Sub Accounts are no longer supported. Please use UpdateUser"),
    )

    contact_id = RecordId(data_key="contactid", required=True)

    def build(self, data: dict[str, Any]) -> Command:
        """Fold the changes."""
        contact_id = data.pop("contact_id")
        data["email_preferences"] = read_preferences(data["email_preferences"])
        return UpdateContact(contact_id=contact_id, changes=ContactFields(**data))

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the changes."""
        values = changed(command)
        return values | _spread(values.pop("changes"))


class DeleteContactSchema(ActionSchema):
    """`DeleteContact`. Source: contracts/whmcs/deletecontact.md."""

    action = "DeleteContact"
    command = DeleteContact
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"contactid": ContactNotFound}
    )

    contact_id = RecordId(data_key="contactid", required=True)


class GetContactsSchema(PagedSchema):
    """`GetContacts`; a blank text is no filter. Source: contracts/whmcs/getcontacts.md."""

    action = "GetContacts"
    command = ListContacts

    client_id = RecordId(data_key="userid")
    first_name = Line(data_key="firstname", empty=Empty.ABSENT)
    last_name = Line(data_key="lastname", empty=Empty.ABSENT)
    company_name = Line(data_key="companyname", empty=Empty.ABSENT)
    email = Line(empty=Empty.ABSENT)
    address_1 = Line(data_key="address1", empty=Empty.ABSENT)
    address_2 = Line(data_key="address2", empty=Empty.ABSENT)
    city = Line(empty=Empty.ABSENT)
    state = Line(empty=Empty.ABSENT)
    postcode = Line(empty=Empty.ABSENT)
    country = Line(empty=Empty.ABSENT)
    phone = Line(data_key="phonenumber", empty=Empty.ABSENT)


def _spread(contact: ContactFields) -> dict[str, Any]:
    fields = changed(contact)
    if "email_preferences" in fields:
        fields["email_preferences"] = dict(fields["email_preferences"])
    return fields

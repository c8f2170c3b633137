"""Fields about clients."""

from collections.abc import Mapping
from typing import Any, Final

from marshmallow import post_load

from adapter.commands.model import (
    UNSET,
    ClientFields,
    ClientIdentity,
    CreateClient,
    FindClient,
    GetClient,
    ListClients,
    UpdateClient,
)
from adapter.protocols.fields import Empty, WireInt, WireText
from adapter.protocols.invoicesonline.schemas.base import (
    EndpointSchema,
    OneOf,
    ShortText,
    wire_names,
)

PAYMENT_TERMS: Final[Mapping[str, int]] = {
    "cod": 0,
    "7 days": 7,
    "14 days": 14,
    "30 days": 30,
    "60 days": 60,
    "90 days": 90,
}


class ClientBlock(EndpointSchema):
    """The client of a document without ClientID: found by name and e-mail, else created."""

    invoice_name = ShortText(
        data_key="client_invoice_name",
        max_length=255,
        single_line=True,
        required=True,
        empty=Empty.REFUSED,
    )
    email = ShortText(
        data_key="client_email",
        max_length=255,
        single_line=True,
        required=True,
        empty=Empty.REFUSED,
    )
    tax_number = ShortText(data_key="client_vat_nr", max_length=255, empty=Empty.ABSENT)
    phone = ShortText(data_key="client_phone_nr", max_length=20, empty=Empty.ABSENT)
    phone_2 = ShortText(data_key="client_phone_nr2", max_length=20, empty=Empty.ABSENT)
    fax = ShortText(data_key="client_fax_nr", max_length=20, empty=Empty.ABSENT)
    address_1 = ShortText(data_key="client_postal_address1", max_length=255, empty=Empty.ABSENT)
    address_2 = ShortText(data_key="client_postal_address2", max_length=255, empty=Empty.ABSENT)
    city = ShortText(data_key="client_postal_address3", max_length=255, empty=Empty.ABSENT)
    postcode = ShortText(data_key="client_postal_address4", max_length=255, empty=Empty.ABSENT)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Any:
        return ClientFields(**data)


class NewClientSchema(ClientBlock):
    """`NewClient`. Source: contracts/invoicesonline/newclient.md."""

    endpoint = "NewClient"

    branch_name = ShortText(data_key="client_branch_name", max_length=255, empty=Empty.ABSENT)
    account_number = ShortText(
        data_key="client_account_number", max_length=255, empty=Empty.ABSENT
    )
    website = ShortText(data_key="client_website", max_length=255, empty=Empty.ABSENT)
    first_name = ShortText(data_key="contact_name", max_length=255, empty=Empty.ABSENT)
    last_name = ShortText(data_key="contact_surname", max_length=255, empty=Empty.ABSENT)
    mobile = ShortText(data_key="client_mobile_nr", max_length=20, empty=Empty.ABSENT)
    physical_address_1 = ShortText(
        data_key="client_physical_address1", max_length=255, empty=Empty.ABSENT
    )
    physical_address_2 = ShortText(
        data_key="client_physical_address2", max_length=255, empty=Empty.ABSENT
    )
    physical_address_3 = ShortText(
        data_key="client_physical_address3", max_length=255, empty=Empty.ABSENT
    )
    physical_address_4 = ShortText(
        data_key="client_physical_address4", max_length=255, empty=Empty.ABSENT
    )
    payment_terms_days = OneOf(
        PAYMENT_TERMS, data_key="payment_terms", empty=None, load_default=UNSET
    )
    custom_1 = ShortText(data_key="custom_field_1", max_length=100, empty=Empty.ABSENT)
    custom_2 = ShortText(data_key="custom_field_2", max_length=100, empty=Empty.ABSENT)
    custom_3 = ShortText(data_key="custom_field_3", max_length=100, empty=Empty.ABSENT)
    custom_4 = ShortText(data_key="custom_field_4", max_length=100, empty=Empty.ABSENT)
    custom_5 = ShortText(data_key="custom_field_5", max_length=100, empty=Empty.ABSENT)
    custom_6 = ShortText(data_key="custom_field_6", max_length=100, empty=Empty.ABSENT)
    custom_7 = ShortText(data_key="custom_field_7", max_length=100, empty=Empty.ABSENT)
    custom_8 = ShortText(data_key="custom_field_8", max_length=100, empty=Empty.ABSENT)
    custom_9 = ShortText(data_key="custom_field_9", max_length=100, empty=Empty.ABSENT)
    custom_10 = ShortText(data_key="custom_field_10", max_length=100, empty=Empty.ABSENT)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> Any:
        custom = _numbered(data)
        client = ClientFields(**data, custom=custom)
        # DECISION: no password mail, nothing here has a customer login.
        return CreateClient(client, ClientIdentity.NAME_AND_EMAIL, send_email=False)


class ClientsSchema(EndpointSchema):
    """`getClients_JSON`. Source: contracts/invoicesonline/getclients_json.md."""

    endpoint = "getClients_JSON"

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> ListClients:
        return ListClients(None, **data)


def _changed(data_key: str, max_length: int, *, single_line: bool = False) -> ShortText:
    """Return a field that is left alone where it is not sent, and cleared by a blank."""
    return ShortText(
        data_key=data_key, max_length=max_length, single_line=single_line, load_default=None
    )


class UpdateClientSchema(EndpointSchema):
    """`UpdateClient`. Source: contracts/invoicesonline/updateclient.md."""

    endpoint = "UpdateClient"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)
    invoice_name = _changed("client_invoice_name", 255, single_line=True)
    email = _changed("client_email", 255, single_line=True)
    tax_number = _changed("client_vat_nr", 255)
    phone = _changed("client_phone_nr", 20)
    phone_2 = _changed("client_phone_nr2", 20)
    fax = _changed("client_fax_nr", 20)
    address_1 = _changed("client_postal_address1", 255)
    address_2 = _changed("client_postal_address2", 255)
    city = _changed("client_postal_address3", 255)
    postcode = _changed("client_postal_address4", 255)
    branch_name = _changed("client_branch_name", 255)
    account_number = _changed("client_account_number", 255)
    website = _changed("client_website", 255)
    first_name = _changed("contact_name", 255)
    last_name = _changed("contact_surname", 255)
    mobile = _changed("client_mobile_nr", 20)
    physical_address_1 = _changed("client_physical_address1", 255)
    physical_address_2 = _changed("client_physical_address2", 255)
    physical_address_3 = _changed("client_physical_address3", 255)
    physical_address_4 = _changed("client_physical_address4", 255)
    payment_terms_days = OneOf(
        PAYMENT_TERMS, data_key="payment_terms", empty=None, load_default=UNSET
    )
    custom_1 = _changed("custom_field_1", 100)
    custom_2 = _changed("custom_field_2", 100)
    custom_3 = _changed("custom_field_3", 100)
    custom_4 = _changed("custom_field_4", 100)
    custom_5 = _changed("custom_field_5", 100)
    custom_6 = _changed("custom_field_6", 100)
    custom_7 = _changed("custom_field_7", 100)
    custom_8 = _changed("custom_field_8", 100)
    custom_9 = _changed("custom_field_9", 100)
    custom_10 = _changed("custom_field_10", 100)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> UpdateClient:
        client_id = data.pop("client_id")
        custom = _numbered(data)
        changes = ClientFields(**data, custom=custom)
        return UpdateClient(changes, client_id, identity=ClientIdentity.NAME_AND_EMAIL)


def _numbered(data: dict[str, Any]) -> tuple[tuple[int, str], ...]:
    """Take the numbered values out of `data`; return those that were sent."""
    numbered = ((number, data.pop(f"custom_{number}", None)) for number in range(1, 11))
    return tuple((number, text) for number, text in numbered if text is not None)


class GetClientIdSchema(EndpointSchema):
    """`GetClientID`. Source: contracts/invoicesonline/getclientid.md."""

    endpoint = "GetClientID"

    invoice_name = WireText(
        data_key="ClientName", max_length=255, required=True, empty=Empty.REFUSED
    )
    email = WireText(data_key="ClientEmail", max_length=255, required=True, empty=Empty.REFUSED)
    branch_name = WireText(
        data_key="ClientBranchName", max_length=255, empty=Empty.ABSENT, load_default=None
    )

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> FindClient:
        return FindClient(**data)


class ClientDetailsSchema(EndpointSchema):
    """`getClientDetails_JSON`. Source: contracts/invoicesonline/getclientdetails_json.md."""

    endpoint = "getClientDetails_JSON"

    client_id = WireInt(data_key="ClientID", minimum=1, required=True, empty=Empty.REFUSED)

    @post_load
    def _build(self, data: dict[str, Any], **_: Any) -> GetClient:
        return GetClient(**data)


# Our names of a client's fields -> the names on the wire.
CLIENT_WORDS: Final = wire_names(NewClientSchema)

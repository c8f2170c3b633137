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
        numbered = ((number, data.pop(f"custom_{number}", None)) for number in range(1, 11))
        custom = tuple((number, text) for number, text in numbered if text is not None)
        client = ClientFields(**data, custom=custom)
        # DECISION: no password mail, nothing here has a customer login.
        return CreateClient(client, ClientIdentity.NAME_AND_EMAIL, send_email=False)


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

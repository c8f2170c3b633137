"""Parameters about clients."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.billing.model import ClientStatus
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
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
from adapter.errors import ClientNotFound, InvalidField, NotFound
from adapter.protocols.fields import Empty, WireBool
from adapter.protocols.whmcs.countries import COUNTRIES
from adapter.protocols.whmcs.fields import (
    ArrayOf,
    Blob,
    Choice,
    Email,
    Line,
    OptionalFlag,
    Phone,
    Prose,
    RecordId,
)
from adapter.protocols.whmcs.names import EMAIL_KINDS
from adapter.protocols.whmcs.schemas.base import (
    NO_CARDS,
    NO_USERS,
    ActionSchema,
    PagedSchema,
    Warnings,
    changed,
    column,
    descending,
    required,
)

_CARD: Final = ("cardtype", "cardnum", "expdate", "startdate", "issuenumber", "cvv")
_BANK: Final = ("bankcode", "bankacct")
_DEPRECATED: Final = (
    "Credit card related parameters are now deprecated and may be removed in a future version."
)

# What `AddClient` insists on, in the order it complains. Source: AddClient, errors.
_REQUIRED: Final = (
    ("first_name", "firstname"),
    ("last_name", "lastname"),
    ("email", "email"),
    ("address_1", "address1"),
    ("city", "city"),
    ("state", "state"),
    ("postcode", "postcode"),
    ("country", "country"),
    ("phone", "phonenumber"),
)

# What `orderby` may name -> the record's attribute.
CLIENT_ORDER: Final = MappingProxyType(
    {
        "id": "client_id",
        "firstname": "first_name",
        "lastname": "last_name",
        "companyname": "company_name",
        "email": "email",
        "datecreated": "created_on",
        "groupid": "group_id",
        "status": "status",
    }
)
_ORDER_WORDS: Final = MappingProxyType({name: word for word, name in CLIENT_ORDER.items()})


class Country(Line):
    """A country by its ISO 3166-1 alpha-2 code, in any casing."""

    default_error_messages = {"country": "must be a two-letter country code"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        code = super()._deserialize(value, *args, **kwargs).strip().upper()
        if code not in COUNTRIES:
            raise self.make_error("country")
        return code


class NumberedBlob(Blob):
    """Custom fields: numbers and their values."""

    default_error_messages = {"number": "must be keyed by custom field numbers"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        pairs = super()._deserialize(value, *args, **kwargs)
        if not all(key.isascii() and key.isdecimal() for key, _ in pairs):
            raise self.make_error("number")
        return tuple((int(key), text) for key, text in pairs)


class PersonSchema(ActionSchema):
    """What clients and contacts have in common: a name, an address, and how to reach them."""

    first_name = Line(data_key="firstname")
    last_name = Line(data_key="lastname")
    company_name = Line(data_key="companyname")
    email = Email(empty=Empty.ABSENT)
    address_1 = Line(data_key="address1")
    address_2 = Line(data_key="address2")
    city = Line()
    state = Line()
    postcode = Line()
    country = Country(empty=Empty.ABSENT)
    phone = Line(data_key="phonenumber")


class ClientSchema(PersonSchema):
    """What a new and a changed client have in common."""

    email = Email(empty=Empty.REFUSED)
    tax_number = Line(data_key="tax_id")
    custom = NumberedBlob(data_key="customfields")
    currency_id = RecordId(data_key="currency")
    group_id = RecordId(data_key="groupid")
    language = Line()
    ip_address = Line(data_key="clientip")
    notes = Prose()
    marketing_emails = OptionalFlag(data_key="marketingoptin")


class AddClientSchema(ClientSchema):
    """`AddClient`. Source: contracts/whmcs/addclient.md."""

    action = "AddClient"
    command = CreateClient
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("securityqid", "securityqans"), NO_USERS) | dict.fromkeys(_CARD, NO_CARDS)
    )
    warnings: ClassVar[Warnings] = (
        (frozenset(_CARD), f"{_DEPRECATED} Use AddPayMethod instead."),
    )

    phone = Phone(data_key="phonenumber")
    password = Line(data_key="password2", empty=Empty.ABSENT)
    owner_user_id = Line(empty=Empty.ABSENT)
    send_email = WireBool(data_key="noemail", invert=True)
    skip_validation = WireBool(data_key="skipvalidation")

    def build(self, data: dict[str, Any]) -> Command:
        """Check what is required, unless told to skip all but the address of e-mail."""
        if data.pop("owner_user_id", "0").strip("0 "):
            # A client is its own only user, so no user can own another client.
            raise InvalidField("owner_user_id", "unknown", "owner_user_id names no user")
        skips = data.pop("skip_validation")
        for name, wire in _REQUIRED:
            if not data.get(name, "").strip() and (not skips or name == "email"):
                raise required(wire)
        return CreateClient(
            send_email=data.pop("send_email"),
            password=data.pop("password", None),
            client=ClientFields(**data),
            identity=ClientIdentity.EMAIL,
        )

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the client's fields; what is missing on purpose needs the skip."""
        values = changed(command)
        client = changed(values.pop("client"))
        skips = any(not str(client.get(name, "")).strip() for name, _ in _REQUIRED)
        return values | client | ({"skip_validation": True} if skips else {})


class UpdateClientSchema(ClientSchema):
    """`UpdateClient`; a blank text clears. Source: contracts/whmcs/updateclient.md."""

    action = "UpdateClient"
    command = UpdateClient
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        {"skipvalidation": "an update has no required fields"}
        | dict.fromkeys((*_CARD, *_BANK, "clearcreditcard"), NO_CARDS)
    )
    warnings: ClassVar[Warnings] = (
        (
            frozenset((*_CARD, *_BANK)),
            f"{_DEPRECATED} Use AddPayMethod or UpdatePayMethod instead.",
        ),
        (frozenset({"clearcreditcard"}), f"{_DEPRECATED} Use DeletePayMethod instead."),
    )

    client_id = RecordId(data_key="clientid")
    client_email = Line(data_key="clientemail", empty=Empty.ABSENT)
    status = Choice(ClientStatus)
    payment_method = Line(data_key="paymentmethod", empty=Empty.ABSENT)
    email_preferences = ArrayOf(WireBool())
    no_late_fee = OptionalFlag(data_key="latefeeoveride")
    no_overdue_notices = OptionalFlag(data_key="overideduenotices")
    tax_exempt = OptionalFlag(data_key="taxexempt")
    separate_invoices = OptionalFlag(data_key="separateinvoices")
    no_auto_charge = OptionalFlag(data_key="disableautocc")
    no_auto_close = OptionalFlag(data_key="overrideautoclose")

    def build(self, data: dict[str, Any]) -> Command:
        """Take the id, else the address of e-mail, to find the client."""
        client_id = data.pop("client_id", None)
        client_email = data.pop("client_email", None)
        if client_id is None and client_email is None:
            raise ClientNotFound
        data["email_preferences"] = read_preferences(data["email_preferences"])
        return UpdateClient(
            changes=ClientFields(**data),
            client_id=client_id,
            email=client_email if client_id is None else None,
        )

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread the changes."""
        values = changed(command)
        changes = changed(values.pop("changes"))
        if "email_preferences" in changes:
            changes["email_preferences"] = dict(changes["email_preferences"])
        if "email" in values:
            values["client_email"] = values.pop("email")
        return values | changes


def read_preferences(sent: dict[str, bool]) -> tuple[tuple[str, bool], ...]:
    """Check the kinds of mail; raises `InvalidField`."""
    for kind in sent:
        if kind not in EMAIL_KINDS:
            known = ", ".join(EMAIL_KINDS)
            raise InvalidField(
                f"email_preferences[{kind}]",
                "choice",
                f"email_preferences has no kind but {known}",
            )
    return tuple(sent.items())


class GetClientsSchema(PagedSchema):
    """`GetClients`. Source: contracts/whmcs/getclients.md."""

    action = "GetClients"
    command = ListClients

    search = Line(empty=Empty.ABSENT)
    status = Choice(ClientStatus)
    order_by = Line(data_key="orderby", empty=Empty.ABSENT)
    sorting = Line(load_default="asc")

    def build(self, data: dict[str, Any]) -> Command:
        """Read column and direction."""
        if "order_by" in data:
            data["order_by"] = column(data["order_by"], CLIENT_ORDER)
        data["descending"] = descending(data.pop("sorting"), "sorting", default="asc")
        return super().build(data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write column and direction."""
        values = super().unbuild(command)
        if "order_by" in values:
            values["order_by"] = _ORDER_WORDS.get(values["order_by"], values["order_by"])
        return values | {"sorting": "desc" if values.pop("descending", False) else "asc"}


class GetClientsDetailsSchema(ActionSchema):
    """`GetClientsDetails`. Source: contracts/whmcs/getclientsdetails.md."""

    action = "GetClientsDetails"
    command = GetClient
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )
    warnings: ClassVar[Warnings] = (
        (
            frozenset((*_CARD, *_BANK)),
            (
                "Credit Card related parameters are now deprecated and have been removed."
                " Use GetPayMethods instead."
            ),
        ),
    )

    client_id = RecordId(data_key="clientid", load_default=None)
    email = Line(empty=Empty.ABSENT, load_default=None)
    with_stats = WireBool(data_key="stats")

    def build(self, data: dict[str, Any]) -> Command:
        """Take the id where both are given."""
        if data["client_id"] is None and data["email"] is None:
            raise required("clientid")
        if data["client_id"] is not None:
            data["email"] = None
        return GetClient(**data)


class OneClientSchema(ActionSchema):
    """An action about one client."""

    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )

    client_id = RecordId(data_key="clientid", required=True)


class CloseClientSchema(OneClientSchema):
    """`CloseClient`. Source: contracts/whmcs/closeclient.md."""

    action = "CloseClient"
    command = CloseClient


class DeleteClientSchema(OneClientSchema):
    """`DeleteClient`. Source: contracts/whmcs/deleteclient.md."""

    action = "DeleteClient"
    command = DeleteClient
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType({"deleteusers": NO_USERS})

    delete_transactions = WireBool(data_key="deletetransactions")


class GetClientGroupsSchema(ActionSchema):
    """`GetClientGroups`. Source: contracts/whmcs/getclientgroups.md."""

    action = "GetClientGroups"
    command = ListClientGroups


class ValidateLoginSchema(ActionSchema):
    """`ValidateLogin`; what is missing is as wrong as anything else.

    Source: contracts/whmcs/validatelogin.md.
    """

    action = "ValidateLogin"
    command = ValidateLogin

    email = Line(load_default="")
    password = Line(data_key="password2", load_default="")

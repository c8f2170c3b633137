"""Parameters about services, service addons and domains.

In the three updates a blank means "not given": clients send whole forms with blank fields, and the
service update has `unset` for what is to be cleared. Flags are the exception: a blank is what PHP
sends for false. Source: contracts/decisions.md, "Blanks in updates".
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.billing.model import ItemStatus
from adapter.commands.model import (
    Command,
    ListDomains,
    ListServiceAddons,
    ListServices,
    UpdateDomain,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.errors import (
    AddonNotFound,
    DomainNotFound,
    InvalidField,
    NotFound,
    ServiceNotFound,
)
from adapter.protocols.fields import Empty, WireBool, WireInt, WireIntList
from adapter.protocols.whmcs.fields import (
    Amount,
    ArrayOf,
    Blob,
    Choice,
    CycleField,
    Day,
    EmptyBlob,
    Line,
    OptionalFlag,
    Prose,
    RecordId,
)
from adapter.protocols.whmcs.schemas.base import (
    DERIVED,
    NO_SERVERS,
    ActionSchema,
    PagedSchema,
    changed,
    required,
)

_SERVICE_STATUSES: Final = (
    ItemStatus.PENDING,
    ItemStatus.ACTIVE,
    ItemStatus.COMPLETED,
    ItemStatus.SUSPENDED,
    ItemStatus.TERMINATED,
    ItemStatus.CANCELLED,
    ItemStatus.FRAUD,
)
_DOMAIN_STATUSES: Final = (
    ItemStatus.PENDING,
    ItemStatus.PENDING_TRANSFER,
    ItemStatus.ACTIVE,
    ItemStatus.GRACE,
    ItemStatus.REDEMPTION,
    ItemStatus.EXPIRED,
    ItemStatus.TRANSFERRED_AWAY,
    ItemStatus.CANCELLED,
    ItemStatus.FRAUD,
)
MAX_YEARS: Final = 10

# What `unset` may clear -> our field. Source: UpdateClientProduct, notes.
UNSETTABLE: Final = MappingProxyType(
    {
        "domain": "domain",
        "serviceusername": "username",
        "servicepassword": "password",
        "subscriptionid": "subscription_id",
        "ns1": "ns1",
        "ns2": "ns2",
        "dedicatedip": "dedicated_ip",
        "assignedips": "assigned_ips",
        "notes": "notes",
        "suspendreason": "suspend_reason",
    }
)


class DomainKind(StrEnum):
    """How a domain came here; values as stored."""

    REGISTER = "Register"
    TRANSFER = "Transfer"


class GetClientsProductsSchema(PagedSchema):
    """`GetClientsProducts`. Source: contracts/whmcs/getclientsproducts.md."""

    action = "GetClientsProducts"
    command = ListServices

    client_id = RecordId(data_key="clientid")
    service_id = RecordId(data_key="serviceid")
    product_id = RecordId(data_key="pid")
    domain = Line(empty=Empty.ABSENT)
    username = Line(data_key="username2", empty=Empty.ABSENT)


class GetClientsAddonsSchema(ActionSchema):
    """`GetClientsAddons`. Source: contracts/whmcs/getclientsaddons.md."""

    action = "GetClientsAddons"
    command = ListServiceAddons

    service_ids = WireIntList(data_key="serviceid")
    client_id = RecordId(data_key="clientid")
    addon_id = RecordId(data_key="addonid")


class GetClientsDomainsSchema(PagedSchema):
    """`GetClientsDomains`. Source: contracts/whmcs/getclientsdomains.md."""

    action = "GetClientsDomains"
    command = ListDomains

    client_id = RecordId(data_key="clientid")
    domain_id = RecordId(data_key="domainid")
    name = Line(data_key="domain", empty=Empty.ABSENT)


class UpdateClientProductSchema(ActionSchema):
    """`UpdateClientProduct`. Source: contracts/whmcs/updateclientproduct.md."""

    action = "UpdateClientProduct"
    command = UpdateService
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"serviceid": ServiceNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("serverid", "diskusage", "disklimit", "bwusage", "bwlimit"), NO_SERVERS)
    )

    service_id = RecordId(data_key="serviceid", required=True)
    product_id = RecordId(data_key="pid")
    registered_on = Day(data_key="regdate")
    next_due_on = Day(data_key="nextduedate")
    terminated_on = Day(data_key="terminationdate")
    domain = Line(empty=Empty.ABSENT)
    first_amount = Amount(data_key="firstpaymentamount")
    recurring_amount = Amount(data_key="recurringamount")
    recalculate = WireBool(data_key="autorecalc")
    payment_method = Line(data_key="paymentmethod", empty=Empty.ABSENT)
    cycle = CycleField(data_key="billingcycle")
    status = Choice(_SERVICE_STATUSES)
    promotion_id = WireInt(data_key="promoid", minimum=0)
    notes = Prose(empty=Empty.ABSENT)
    username = Line(data_key="serviceusername", empty=Empty.ABSENT)
    password = Line(data_key="servicepassword", empty=Empty.ABSENT)
    subscription_id = Line(data_key="subscriptionid", empty=Empty.ABSENT)
    dedicated_ip = Line(data_key="dedicatedip", empty=Empty.ABSENT)
    assigned_ips = Prose(data_key="assignedips", empty=Empty.ABSENT)
    ns1 = Line(empty=Empty.ABSENT)
    ns2 = Line(empty=Empty.ABSENT)
    suspend_reason = Line(data_key="suspendreason", empty=Empty.ABSENT)
    override_auto_suspend = OptionalFlag(data_key="overideautosuspend")
    override_suspend_until = Day(data_key="overidesuspenduntil")
    custom_fields = Blob(data_key="customfields")
    config_options = EmptyBlob(data_key="configoptions")
    unset = ArrayOf(Line())

    def build(self, data: dict[str, Any]) -> Command:
        """Clear what `unset` names; a new value in the same call would contradict it."""
        data.pop("config_options", None)
        for key, name in data.pop("unset").items():
            field = UNSETTABLE.get(name.strip().lower())
            if field is None:
                known = ", ".join(UNSETTABLE)
                raise InvalidField(f"unset[{key}]", "choice", f"unset must be one of {known}")
            data[field] = ""
        return UpdateService(**without_zero(data, "registered_on"))

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write what is cleared as `unset`."""
        values = changed(command)
        cleared = {wire: name for wire, name in UNSETTABLE.items() if values.get(name) == ""}
        for name in cleared.values():
            del values[name]
        if cleared:
            values["unset"] = {str(index): wire for index, wire in enumerate(cleared)}
        return values


class UpdateClientAddonSchema(ActionSchema):
    """`UpdateClientAddon`. Source: contracts/whmcs/updateclientaddon.md."""

    action = "UpdateClientAddon"
    command = UpdateServiceAddon
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType({"id": AddonNotFound})

    service_addon_id = RecordId(data_key="id", required=True)
    addon_id = RecordId(data_key="addonid")
    name = Line(empty=Empty.ABSENT)
    status = Choice(_SERVICE_STATUSES)
    cycle = CycleField(data_key="billingcycle")
    next_due_on = Day(data_key="nextduedate")
    terminated_on = Day(data_key="terminationdate")
    setup_fee = Amount(data_key="setupfee")
    recurring_amount = Amount(data_key="recurring")
    recalculate = WireBool(data_key="autorecalc")
    notes = Prose(empty=Empty.ABSENT)
    # Older typed clients send it: accepted and without effect, since it is derived.
    next_invoice_on = Line(
        data_key="nextinvoicedate", empty=Empty.ABSENT, metadata={"why": DERIVED}
    )

    def build(self, data: dict[str, Any]) -> Command:
        """Refuse a call that names nothing to change."""
        derived = data.pop("next_invoice_on", None)
        named = data.keys() - {"service_addon_id", "recalculate"}
        if not (named or data["recalculate"] or derived):
            raise InvalidField("id", "nothing", "There is nothing to update")
        return UpdateServiceAddon(**data)


class UpdateClientDomainSchema(ActionSchema):
    """`UpdateClientDomain`. Source: contracts/whmcs/updateclientdomain.md."""

    action = "UpdateClientDomain"
    command = UpdateDomain
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"domainid": DomainNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("ns3", "ns4", "ns5"), NO_SERVERS)
    )

    domain_id = RecordId(data_key="domainid", required=True)
    kind = Choice(DomainKind, data_key="type")
    registered_on = Day(data_key="regdate")
    next_due_on = Day(data_key="nextduedate")
    expires_on = Day(data_key="expirydate")
    name = Line(data_key="domain", empty=Empty.ABSENT)
    registrar = Line(empty=Empty.ABSENT)
    years = WireInt(data_key="regperiod", minimum=1, maximum=MAX_YEARS)
    first_amount = Amount(data_key="firstpaymentamount")
    recurring_amount = Amount(data_key="recurringamount")
    recalculate = WireBool(data_key="autorecalc")
    payment_method = Line(data_key="paymentmethod", empty=Empty.ABSENT)
    promotion_id = WireInt(data_key="promoid", minimum=0)
    subscription_id = Line(data_key="subscriptionid", empty=Empty.ABSENT)
    status = Choice(_DOMAIN_STATUSES)
    notes = Prose(empty=Empty.ABSENT)
    dns_management = OptionalFlag(data_key="dnsmanagement")
    email_forwarding = OptionalFlag(data_key="emailforwarding")
    id_protection = OptionalFlag(data_key="idprotection")
    do_not_renew = OptionalFlag(data_key="donotrenew")
    update_nameservers = WireBool(data_key="updatens")
    ns1 = Line(load_default="")
    ns2 = Line(load_default="")

    def build(self, data: dict[str, Any]) -> Command:
        """Refuse to move name servers: no registrar is connected."""
        servers = data.pop("ns1").strip(), data.pop("ns2").strip()
        if data.pop("update_nameservers"):
            if not all(servers):
                raise required("ns1")
            raise InvalidField("updatens", "unsupported", "No registrar is connected")
        if "kind" in data:
            data["kind"] = data["kind"].value
        return UpdateDomain(**without_zero(data, "registered_on"))


def without_zero(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Drop a zero date where a record always has one: it says nothing."""
    if data.get(name, "") is None:
        del data[name]
    return data

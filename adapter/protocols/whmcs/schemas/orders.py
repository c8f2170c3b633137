"""Parameters about orders and cancellation requests."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar, Final

from adapter.billing.model import OrderStatus
from adapter.commands.model import (
    AcceptOrder,
    Command,
    ListOrders,
    OrderedAddon,
    OrderedDomain,
    OrderedProduct,
    PlaceOrder,
    RequestCancellation,
)
from adapter.errors import (
    CatalogueAddonNotFound,
    ClientNotFound,
    InvalidField,
    NotFound,
    NothingOrdered,
    NotOwned,
    OrderNotFound,
    ServiceNotFound,
)
from adapter.protocols.fields import Empty, WireBool, WireInt, WireIntList
from adapter.protocols.whmcs.fields import (
    Amount,
    ArrayOf,
    Blob,
    Choice,
    CycleField,
    EmptyBlob,
    Line,
    Prose,
    RecordId,
    record_id,
)
from adapter.protocols.whmcs.names import Ending
from adapter.protocols.whmcs.schemas.base import (
    NO_SERVERS,
    NO_USERS,
    ActionSchema,
    PagedSchema,
    changed,
    required,
)
from adapter.protocols.whmcs.schemas.items import MAX_YEARS

_MAX_QUANTITY: Final = 10_000
_NAMESERVERS: Final = tuple(f"nameserver{number}" for number in range(1, 6))


class DomainOrder(StrEnum):
    """What is ordered of a domain."""

    REGISTER = "register"
    TRANSFER = "transfer"


class Ids(WireIntList):
    """A comma list of ids inside an array; an entry that is no id is an error here."""

    default_error_messages = {"ids": "must be a list of ids"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[int, ...]:
        # Not the inherited reading: the same addon may be ordered twice, and quantities repeat.
        numbers = (
            [record_id(entry) for entry in value.split(",")] if isinstance(value, str) else []
        )
        if not numbers or None in numbers:
            raise self.make_error("ids")
        return tuple(number for number in numbers if number is not None)


class AddOrderSchema(ActionSchema):
    """`AddOrder`: parallel arrays by index. Source: contracts/whmcs/addorder.md."""

    action = "AddOrder"
    command = PlaceOrder
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"clientid": ClientNotFound}
    )
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("ns1prefix", "ns2prefix", "rootpw", "idnlanguage", "eppcode"), NO_SERVERS)
        | {"affid": "affiliates are not kept", "contactid": NO_USERS}
    )

    client_id = RecordId(data_key="clientid", required=True)
    # Whoever executes the order refuses a blank one: the text lists the valid ones.
    payment_method = Line(data_key="paymentmethod", load_default="")
    pid = ArrayOf(RecordId())
    qty = ArrayOf(WireInt(minimum=1, maximum=_MAX_QUANTITY))
    domain = ArrayOf(Line(empty=Empty.ABSENT))
    hostname = ArrayOf(Line(empty=Empty.ABSENT))
    cycle = ArrayOf(CycleField(), data_key="billingcycle")
    addons = ArrayOf(Ids())
    addon_quantities = ArrayOf(Ids(), data_key="addonsqty")
    price_override = ArrayOf(Amount(), data_key="priceoverride")
    custom_fields = ArrayOf(Blob(), data_key="customfields")
    config_options = ArrayOf(EmptyBlob(), data_key="configoptions")
    domain_kind = ArrayOf(Choice(DomainOrder), data_key="domaintype")
    years = ArrayOf(WireInt(minimum=1, maximum=MAX_YEARS), data_key="regperiod")
    domain_price = ArrayOf(Amount(), data_key="domainpriceoverride")
    domain_renewal = ArrayOf(Amount(), data_key="domainrenewoverride")
    dns_management = ArrayOf(WireBool(), data_key="dnsmanagement")
    email_forwarding = ArrayOf(WireBool(), data_key="emailforwarding")
    id_protection = ArrayOf(WireBool(), data_key="idprotection")
    domain_fields = ArrayOf(Blob(), data_key="domainfields")
    addon_id = Line(data_key="addonid", load_default="")
    addon_quantity = WireInt(
        data_key="addonidqty", minimum=1, maximum=_MAX_QUANTITY, load_default=1
    )
    service_id = Line(data_key="serviceid", load_default="")
    addon_ids = ArrayOf(Line(empty=Empty.ABSENT), data_key="addonids")
    addon_id_quantities = ArrayOf(
        WireInt(minimum=1, maximum=_MAX_QUANTITY), data_key="addonidsqty"
    )
    service_ids = ArrayOf(Line(empty=Empty.ABSENT), data_key="serviceids")
    service_renewals = ArrayOf(Line(empty=Empty.ABSENT), data_key="servicerenewals")
    addon_renewals = ArrayOf(Line(empty=Empty.ABSENT), data_key="addonrenewals")
    domain_renewals = ArrayOf(WireInt(minimum=1, maximum=MAX_YEARS), data_key="domainrenewals")
    promotion_code = Line(data_key="promocode", empty=Empty.ABSENT)
    promotion_override = WireBool(data_key="promooverride")
    ip_address = Line(data_key="clientip", load_default="")
    nameserver1 = Line(load_default="")
    nameserver2 = Line(load_default="")
    nameserver3 = Line(load_default="")
    nameserver4 = Line(load_default="")
    nameserver5 = Line(load_default="")
    make_invoice = WireBool(data_key="noinvoice", invert=True)
    send_invoice_email = WireBool(data_key="noinvoiceemail", invert=True)
    send_email = WireBool(data_key="noemail", invert=True)

    def build(self, data: dict[str, Any]) -> Command:
        """Fold the parallel arrays into products, addons and domains."""
        _refuse_renewals(data)
        order = PlaceOrder(
            client_id=data["client_id"],
            payment_method=data["payment_method"],
            products=_products(data),
            addons=_addons(data),
            domains=_domains(data),
            domain_renewals=tuple(data["domain_renewals"].items()),
            promotion_code=data.get("promotion_code"),
            promotion_override=data["promotion_override"],
            ip_address=data["ip_address"],
            nameservers=tuple(data[name] for name in _NAMESERVERS if data[name].strip()),
            make_invoice=data["make_invoice"],
            send_invoice_email=data["send_invoice_email"],
            send_email=data["send_email"],
        )
        if not (order.products or order.addons or order.domains or order.domain_renewals):
            raise NothingOrdered
        return order

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Spread products, addons and domains over the parallel arrays.

        Domains follow the products in the index, so that none becomes a product's own domain.
        """
        values = changed(command)
        products, domains = values.pop("products", ()), values.pop("domains", ())
        rows: dict[str, dict[str, Any]] = {}
        for index, product in enumerate(products):
            _spread(rows, index, _PRODUCT_ARRAYS, product)
        for index, domain in enumerate(domains, start=len(products)):
            _spread(rows, index, _DOMAIN_ARRAYS, domain)
        for index, addon in enumerate(values.pop("addons", ())):
            _spread(rows, index, _ADDON_ARRAYS, addon)
        if "domain_renewals" in values:
            values["domain_renewals"] = dict(values["domain_renewals"])
        values |= dict(zip(_NAMESERVERS, values.pop("nameservers", ()), strict=False))
        return values | rows


# Array of the schema -> attribute of what is ordered.
_PRODUCT_ARRAYS: Final = (
    ("pid", "product_id"),
    ("qty", "quantity"),
    ("domain", "domain"),
    ("cycle", "cycle"),
    ("price_override", "price_override"),
    ("custom_fields", "custom_fields"),
    ("addons", "addon_ids"),
    ("addon_quantities", "addon_quantities"),
)
_DOMAIN_ARRAYS: Final = (
    ("domain", "name"),
    ("domain_kind", "kind"),
    ("years", "years"),
    ("domain_price", "price_override"),
    ("domain_renewal", "renewal_override"),
    ("dns_management", "dns_management"),
    ("email_forwarding", "email_forwarding"),
    ("id_protection", "id_protection"),
)
_ADDON_ARRAYS: Final = (
    ("service_ids", "service_id"),
    ("addon_ids", "addon_id"),
    ("addon_id_quantities", "quantity"),
)


def _spread(
    rows: dict[str, dict[str, Any]], index: int, arrays: tuple[tuple[str, str], ...], item: Any
) -> None:
    sent = changed(item)
    for array, attribute in arrays:
        if attribute in sent:
            value = sent[attribute]
            if array in {"addons", "addon_quantities"}:
                value = ",".join(map(str, value))
            rows.setdefault(array, {})[str(index)] = value


def _refuse_renewals(data: dict[str, Any]) -> None:
    """Refuse renewals on demand by name: no product offers them here."""
    for name, noun in (("service_renewals", "Service"), ("addon_renewals", "Addon")):
        for key, record in data[name].items():
            wire = f"{name.replace('_', '')}[{key}]"
            raise InvalidField(
                wire, "renewal", f"{noun} ID {record} can not be renewed at this time."
            )


def _products(data: dict[str, Any]) -> tuple[OrderedProduct, ...]:
    products = []
    for key, product_id in data["pid"].items():
        addon_ids = data["addons"].get(key, ())
        quantities = data["addon_quantities"].get(key, ())
        if len(quantities) > len(addon_ids):
            raise InvalidField(
                f"addonsqty[{key}]", "quantity", f"addonsqty[{key}] must match addons[{key}]"
            )
        products.append(
            OrderedProduct(
                product_id=product_id,
                quantity=data["qty"].get(key, 1),
                # A server is named by its host name, everything else by its domain.
                domain=data["domain"].get(key) or data["hostname"].get(key, ""),
                cycle=data["cycle"].get(key),
                addon_ids=addon_ids,
                addon_quantities=quantities,
                price_override=data["price_override"].get(key),
                custom_fields=data["custom_fields"].get(key, ()),
            )
        )
    return tuple(products)


def _addons(data: dict[str, Any]) -> tuple[OrderedAddon, ...]:
    """Read addons for services that exist: parallel arrays, then the single one."""
    wanted = [
        (data["service_ids"].get(key, ""), addon, data["addon_id_quantities"].get(key, 1))
        for key, addon in data["addon_ids"].items()
    ]
    if data["addon_id"].strip():
        wanted.append((data["service_id"], data["addon_id"], data["addon_quantity"]))
    addons = []
    for service, addon, quantity in wanted:
        addon_id, service_id = record_id(addon), record_id(service)
        if addon_id is None:
            raise CatalogueAddonNotFound(addon)
        if service_id is None:
            raise NotOwned("service", 0)
        addons.append(OrderedAddon(service_id, addon_id, quantity))
    return tuple(addons)


def _domains(data: dict[str, Any]) -> tuple[OrderedDomain, ...]:
    domains = []
    for key, kind in data["domain_kind"].items():
        name = data["domain"].get(key)
        if name is None:
            raise required(f"domain[{key}]")
        domains.append(
            OrderedDomain(
                name=name,
                kind=kind.value,
                years=data["years"].get(key, 1),
                price_override=data["domain_price"].get(key),
                renewal_override=data["domain_renewal"].get(key),
                dns_management=data["dns_management"].get(key, False),
                email_forwarding=data["email_forwarding"].get(key, False),
                id_protection=data["id_protection"].get(key, False),
            )
        )
    return tuple(domains)


class AcceptOrderSchema(ActionSchema):
    """`AcceptOrder`. Source: contracts/whmcs/acceptorder.md."""

    action = "AcceptOrder"
    command = AcceptOrder
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType({"orderid": OrderNotFound})
    ignored: ClassVar[Mapping[str, str]] = MappingProxyType(
        dict.fromkeys(("serverid", "sendregistrar", "autosetup"), NO_SERVERS)
    )

    order_id = RecordId(data_key="orderid", required=True)
    send_email = WireBool(data_key="sendemail", load_default=True)
    service_username = Line(data_key="serviceusername", empty=Empty.ABSENT)
    service_password = Line(data_key="servicepassword", empty=Empty.ABSENT)
    registrar = Line(empty=Empty.ABSENT)


class GetOrdersSchema(PagedSchema):
    """`GetOrders`. Source: contracts/whmcs/getorders.md."""

    action = "GetOrders"
    command = ListOrders

    order_id = RecordId(data_key="id")
    client_id = RecordId(data_key="userid")
    requestor_id = RecordId()
    status = Choice(OrderStatus)

    def build(self, data: dict[str, Any]) -> Command:
        """Read the requestor as the client: a client is its own only user."""
        requestor_id = data.pop("requestor_id", None)
        if requestor_id is not None and data.setdefault("client_id", requestor_id) != requestor_id:
            raise InvalidField("requestor_id", "conflict", "requestor_id is not the userid's user")
        return super().build(data)


class AddCancelRequestSchema(ActionSchema):
    """`AddCancelRequest`. Source: contracts/whmcs/addcancelrequest.md."""

    action = "AddCancelRequest"
    command = RequestCancellation
    subjects: ClassVar[Mapping[str, type[NotFound]]] = MappingProxyType(
        {"serviceid": ServiceNotFound}
    )

    service_id = RecordId(data_key="serviceid", required=True)
    ending = Choice(Ending, data_key="type", load_default=Ending.END_OF_PERIOD)
    reason = Prose(load_default="")

    def build(self, data: dict[str, Any]) -> Command:
        """Read when the service ends."""
        return RequestCancellation(immediate=data.pop("ending") is Ending.IMMEDIATE, **data)

    def unbuild(self, command: Command) -> dict[str, Any]:
        """Write when the service ends."""
        values = changed(command)
        ending = Ending.IMMEDIATE if values.pop("immediate", False) else Ending.END_OF_PERIOD
        return values | {"ending": ending}

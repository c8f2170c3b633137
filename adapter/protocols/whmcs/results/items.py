"""Replies about services, service addons and domains."""

from typing import Any, Final

from adapter.billing.model import ItemStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    Command,
    ListDomains,
    ListServiceAddons,
    ListServices,
    UpdateDomain,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.commands.results import (
    DomainRecord,
    DomainsListed,
    DomainUpdated,
    ServiceAddonRecord,
    ServiceAddonsListed,
    ServiceAddonUpdated,
    ServiceRecord,
    ServicesListed,
    ServiceUpdated,
)
from adapter.errors import BadAnswer
from adapter.protocols.upstream import Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.results.billing import listing


def _services(reply: Fields, _: ListServices, __: UpstreamAnswer) -> ServicesListed:
    return ServicesListed(listing(reply), tuple(map(_service, reply.rows("products", "product"))))


def _addons(reply: Fields, _: ListServiceAddons, __: UpstreamAnswer) -> ServiceAddonsListed:
    return ServiceAddonsListed(tuple(map(_addon, reply.rows("addons", "addon"))))


def _domains(reply: Fields, _: ListDomains, __: UpstreamAnswer) -> DomainsListed:
    return DomainsListed(listing(reply), tuple(map(_domain, reply.rows("domains", "domain"))))


def _cycle(row: Fields) -> Cycle:
    cycle = Cycle.parse(row.text("billingcycle"))
    if cycle is None:
        raise BadAnswer
    return cycle


def _item(row: Fields) -> dict[str, Any]:
    """Return what every item says of itself."""
    return {
        "order_id": row.integer("orderid", 0),
        "registered_on": row.day("regdate"),
        "next_due_on": row.day("nextduedate"),
        "status": row.choice("status", ItemStatus),
        "payment_method": row.text("paymentmethod"),
        "payment_method_name": row.text("paymentmethodname"),
        "notes": row.text("notes"),
    }


def _promised(row: Fields) -> dict[str, Any]:
    """Return what services and domains say besides: their prices and what they hang on."""
    return _item(row) | {
        "first_amount": row.money("firstpaymentamount"),
        "recurring_amount": row.money("recurringamount"),
        "promotion_id": row.integer("promoid", 0),
        "subscription_id": row.text("subscriptionid"),
    }


def _service(row: Fields) -> ServiceRecord:
    fields = {_key(field): field for field in row.rows("customfields", "customfield")}
    return ServiceRecord(
        **_promised(row),
        service_id=row.integer("id"),
        quantity=row.integer("qty", 1),
        client_id=row.integer("clientid"),
        order_number=row.integer("ordernumber", 0),
        product_id=row.integer("pid"),
        product_name=row.text("name"),
        group_name=row.text("groupname"),
        domain=row.text("domain"),
        cycle=_cycle(row),
        username=row.text("username"),
        password=row.text("password"),
        override_auto_suspend=row.flag("overideautosuspend"),
        override_suspend_until=row.day("overidesuspenduntil"),
        dedicated_ip=row.text("dedicatedip"),
        assigned_ips=row.text("assignedips"),
        ns1=row.text("ns1"),
        ns2=row.text("ns2"),
        suspend_reason=row.text("suspensionreason"),
        custom_fields={key: field.text("value") for key, field in fields.items()},
        custom_names={
            key: name for key, field in fields.items() if (name := field.text("name")) != key
        },
    )


def _key(field: Fields) -> str:
    """Return what a custom field is known by: its id, or its name where it has none."""
    known = field.integer("id", 0)
    return str(known) if known else field.text("name")


def _addon(row: Fields) -> ServiceAddonRecord:
    return ServiceAddonRecord(
        **_item(row),
        service_addon_id=row.integer("id"),
        quantity=row.integer("qty", 1),
        client_id=row.integer("userid"),
        service_id=row.integer("serviceid"),
        addon_id=row.integer("addonid", 0),
        name=row.text("name"),
        setup_fee=row.money("setupfee"),
        recurring_amount=row.money("recurring"),
        cycle=_cycle(row),
        taxed=row.flag("tax"),
        next_invoice_on=row.day("nextinvoicedate"),
    )


def _domain(row: Fields) -> DomainRecord:
    return DomainRecord(
        **_promised(row),
        domain_id=row.integer("id"),
        client_id=row.integer("userid"),
        kind=row.text("regtype"),
        name=row.text("domainname"),
        registrar=row.text("registrar"),
        years=row.integer("regperiod"),
        expires_on=row.day("expirydate"),
        dns_management=row.flag("dnsmanagement"),
        email_forwarding=row.flag("emailforwarding"),
        id_protection=row.flag("idprotection"),
        do_not_renew=row.flag("donotrenew"),
    )


READERS: Final[dict[type[Command], Reader]] = {
    ListServices: _services,
    ListServiceAddons: _addons,
    ListDomains: _domains,
    UpdateService: lambda _, command, __: ServiceUpdated(command.service_id),
    UpdateServiceAddon: lambda _, command, __: ServiceAddonUpdated(command.service_addon_id),
    UpdateDomain: lambda _, command, __: DomainUpdated(command.domain_id),
}

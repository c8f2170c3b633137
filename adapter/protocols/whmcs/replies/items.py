"""Replies about services, service addons and domains."""

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
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import (
    ZERO_TIME,
    counters,
    date_text,
    echoed,
    flag_text,
    money,
    rows,
    success,
)


def get_clients_products(result: ServicesListed, call: Call) -> Reply:
    """Write `GetClientsProducts`: filters are echoed, unset ones are null."""
    return success(
        clientid=echoed(call.sent_id("clientid")),
        serviceid=echoed(call.sent_id("serviceid")),
        pid=echoed(call.sent_id("pid")),
        domain=call.text("domain") or None,
        **counters(result.listing, len(result.services)),
        **rows("products", "product", map(_service, result.services)),
    )


def get_clients_addons(result: ServiceAddonsListed, call: Call) -> Reply:
    """Write `GetClientsAddons`: filters are echoed, unset ones are "" as in the sample."""
    return success(
        serviceid=call.text("serviceid"),
        clientid=echoed(call.sent_id("clientid")) or "",
        totalresults=len(result.addons),
        **rows("addons", "addon", map(_addon, result.addons)),
    )


def get_clients_domains(result: DomainsListed, call: Call) -> Reply:
    """Write `GetClientsDomains`: filters are echoed, unset ones are "" as in the sample."""
    return success(
        clientid=echoed(call.sent_id("clientid")) or "",
        domainid=echoed(call.sent_id("domainid")) or "",
        **counters(result.listing, len(result.domains)),
        **rows("domains", "domain", map(_domain, result.domains)),
    )


def update_client_product(result: ServiceUpdated, _call: Call) -> Reply:
    """Write `UpdateClientProduct`."""
    return success(serviceid=echoed(result.service_id))


def update_client_addon(result: ServiceAddonUpdated, _call: Call) -> Reply:
    """Write `UpdateClientAddon`."""
    return success(id=echoed(result.service_addon_id))


def update_client_domain(result: DomainUpdated, _call: Call) -> Reply:
    """Write `UpdateClientDomain`."""
    return success(domainid=echoed(result.domain_id))


def _service(service: ServiceRecord) -> Reply:
    return {
        "id": service.service_id,
        "qty": service.quantity,
        "clientid": service.client_id,
        "orderid": service.order_id,
        "ordernumber": service.order_number,
        "pid": service.product_id,
        "regdate": date_text(service.registered_on),
        "name": service.product_name,
        "translated_name": service.product_name,
        "groupname": service.group_name,
        "translated_groupname": service.group_name,
        "domain": service.domain,
        "dedicatedip": service.dedicated_ip,
        # Servers and their usage are not kept here.
        "serverid": 0,
        "servername": "",
        "serverip": "",
        "serverhostname": "",
        "suspensionreason": service.suspend_reason,
        "firstpaymentamount": money(service.first_amount),
        "recurringamount": money(service.recurring_amount),
        "paymentmethod": service.payment_method,
        "paymentmethodname": service.payment_method_name,
        "billingcycle": service.cycle.value,
        "nextduedate": date_text(service.next_due_on),
        "status": service.status.value,
        "username": service.username,
        "password": service.password,
        "subscriptionid": service.subscription_id,
        "promoid": service.promotion_id,
        "overideautosuspend": "on" if service.override_auto_suspend else "",
        "overidesuspenduntil": date_text(service.override_suspend_until),
        "ns1": service.ns1,
        "ns2": service.ns2,
        "assignedips": service.assigned_ips,
        "notes": service.notes,
        "diskusage": 0,
        "disklimit": 0,
        "bwusage": 0,
        "bwlimit": 0,
        "lastupdate": ZERO_TIME,
        **rows(
            "customfields",
            "customfield",
            (
                {
                    "id": int(key) if key.isdecimal() else 0,
                    "name": service.custom_names.get(key, key),
                    "translated_name": service.custom_names.get(key, key),
                    "value": value,
                }
                for key, value in service.custom_fields.items()
            ),
        ),
        **rows("configoptions", "configoption", ()),
    }


def _addon(addon: ServiceAddonRecord) -> Reply:
    return {
        "id": addon.service_addon_id,
        "qty": addon.quantity,
        "userid": addon.client_id,
        "orderid": addon.order_id,
        "serviceid": addon.service_id,
        "addonid": addon.addon_id,
        "name": addon.name,
        "setupfee": money(addon.setup_fee),
        "recurring": money(addon.recurring_amount),
        "billingcycle": addon.cycle.value,
        "tax": "on" if addon.taxed else "",
        "status": addon.status.value,
        "regdate": date_text(addon.registered_on),
        "nextduedate": date_text(addon.next_due_on),
        "nextinvoicedate": date_text(addon.next_invoice_on),
        "paymentmethod": addon.payment_method,
        "paymentmethodname": addon.payment_method_name,
        "notes": addon.notes,
    }


def _domain(domain: DomainRecord) -> Reply:
    return {
        "id": domain.domain_id,
        "userid": domain.client_id,
        "orderid": domain.order_id,
        "regtype": domain.kind,
        "domainname": domain.name,
        "registrar": domain.registrar,
        "regperiod": domain.years,
        "firstpaymentamount": money(domain.first_amount),
        "recurringamount": money(domain.recurring_amount),
        "paymentmethod": domain.payment_method,
        "paymentmethodname": domain.payment_method_name,
        "regdate": date_text(domain.registered_on),
        "expirydate": date_text(domain.expires_on),
        "nextduedate": date_text(domain.next_due_on),
        "status": domain.status.value,
        "subscriptionid": domain.subscription_id,
        "promoid": domain.promotion_id,
        "dnsmanagement": flag_text(domain.dns_management),
        "emailforwarding": flag_text(domain.email_forwarding),
        "idprotection": flag_text(domain.id_protection),
        "donotrenew": flag_text(domain.do_not_renew),
        "notes": domain.notes,
    }

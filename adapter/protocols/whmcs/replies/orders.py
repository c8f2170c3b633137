"""Replies about orders."""

from adapter.commands.results import (
    CancellationRequested,
    OrderLine,
    OrderPlaced,
    OrderRecord,
    OrdersListed,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import (
    comma_list,
    counters,
    echoed,
    money,
    rows,
    success,
    time_text,
)


def add_order(result: OrderPlaced, _call: Call) -> Reply:
    """Write `AddOrder`; `productids` always equals `serviceids`."""
    services = comma_list(result.service_ids)
    return success(
        orderid=result.order_id,
        productids=services,
        serviceids=services,
        addonids=comma_list(result.addon_ids),
        domainids=comma_list(result.domain_ids),
        invoiceid=result.invoice_id or 0,
    )


def get_orders(result: OrdersListed, call: Call) -> Reply:
    """Write `GetOrders`."""
    return success(
        **counters(result.listing, len(result.orders)),
        **rows("orders", "order", (_order(order, call) for order in result.orders)),
    )


def add_cancel_request(result: CancellationRequested, _call: Call) -> Reply:
    """Write `AddCancelRequest`."""
    return success(serviceid=echoed(result.service_id), userid=result.client_id)


def _order(order: OrderRecord, call: Call) -> Reply:
    return {
        "id": order.order_id,
        "ordernum": order.order_number,
        "userid": order.client_id,
        "contactid": 0,
        # A client is its own only user; whoever orders over the API is no administrator.
        "requestor_id": order.client_id,
        "admin_requestor_id": 0,
        "date": time_text(order.placed_at, call.quirks.zone),
        "nameservers": order.nameservers,
        "transfersecret": "",
        "renewals": "",
        "renewalsByType": {"domains": [], "services": [], "addons": []},
        "promocode": order.promotion_code,
        "promotype": order.promotion_type,
        "promovalue": order.promotion_value,
        "orderdata": "",
        "amount": money(order.amount),
        "paymentmethod": order.payment_method,
        "invoiceid": order.invoice_id,
        "status": order.status.value,
        "ipaddress": order.ip_address,
        "fraudmodule": "",
        "fraudoutput": "",
        "notes": order.notes,
        "paymentmethodname": order.payment_method_name,
        "paymentstatus": order.payment_status,
        "name": order.client_name,
        "currencyprefix": order.currency_prefix,
        "currencysuffix": order.currency_suffix,
        "frauddata": "",
        "validationdata": "",
        **rows("lineitems", "lineitem", map(_line, order.lines)),
    }


def _line(line: OrderLine) -> Reply:
    return {
        "type": line.kind,
        "relid": line.record_id,
        "producttype": line.product_type,
        "product": line.product,
        "domain": line.domain,
        "billingcycle": line.cycle,
        "amount": money(line.amount),
        "status": line.status,
    }

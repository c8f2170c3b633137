"""Replies about orders."""

from typing import Final

from adapter.billing.model import OrderStatus
from adapter.commands.model import (
    AcceptOrder,
    Command,
    ListOrders,
    PlaceOrder,
    RequestCancellation,
)
from adapter.commands.results import (
    CancellationRequested,
    OrderAccepted,
    OrderLine,
    OrderPlaced,
    OrderRecord,
    OrdersListed,
)
from adapter.protocols.upstream import NO_TIME, Fields, Reader, UpstreamAnswer
from adapter.protocols.whmcs.results.billing import listing


def _placed(reply: Fields, _: PlaceOrder, __: UpstreamAnswer) -> OrderPlaced:
    return OrderPlaced(
        order_id=reply.integer("orderid"),
        service_ids=reply.integers("serviceids" if "serviceids" in reply else "productids"),
        addon_ids=reply.integers("addonids"),
        domain_ids=reply.integers("domainids"),
        invoice_id=reply.integer("invoiceid", 0) or None,
    )


def _accepted(_: Fields, command: AcceptOrder, __: UpstreamAnswer) -> OrderAccepted:
    return OrderAccepted(command.order_id)


def _cancelled(
    reply: Fields, command: RequestCancellation, _: UpstreamAnswer
) -> CancellationRequested:
    return CancellationRequested(command.service_id, reply.integer("userid", 0))


def _listed(reply: Fields, _: ListOrders, answer: UpstreamAnswer) -> OrdersListed:
    rows = reply.rows("orders", "order")
    return OrdersListed(listing(reply), tuple(_order(row, answer) for row in rows))


def _order(row: Fields, answer: UpstreamAnswer) -> OrderRecord:
    return OrderRecord(
        order_id=row.integer("id"),
        order_number=row.integer("ordernum"),
        client_id=row.integer("userid"),
        client_name=row.text("name"),
        placed_at=row.time("date", answer.zone) or NO_TIME,
        amount=row.money("amount"),
        currency_prefix=row.text("currencyprefix"),
        currency_suffix=row.text("currencysuffix"),
        payment_method=row.text("paymentmethod"),
        payment_method_name=row.text("paymentmethodname"),
        payment_status=row.text("paymentstatus"),
        invoice_id=row.integer("invoiceid", 0),
        status=row.choice("status", OrderStatus),
        ip_address=row.text("ipaddress"),
        notes=row.text("notes"),
        nameservers=row.text("nameservers"),
        promotion_code=row.text("promocode"),
        promotion_type=row.text("promotype"),
        promotion_value=row.text("promovalue"),
        lines=tuple(map(_line, row.rows("lineitems", "lineitem"))),
    )


def _line(row: Fields) -> OrderLine:
    return OrderLine(
        kind=row.text("type"),
        record_id=row.integer("relid"),
        product_type=row.text("producttype"),
        product=row.text("product"),
        domain=row.text("domain"),
        cycle=row.text("billingcycle"),
        amount=row.money("amount"),
        status=row.text("status"),
    )


READERS: Final[dict[type[Command], Reader]] = {
    PlaceOrder: _placed,
    AcceptOrder: _accepted,
    RequestCancellation: _cancelled,
    ListOrders: _listed,
}

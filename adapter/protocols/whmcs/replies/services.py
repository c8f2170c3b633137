"""Replies about what became of services."""

from adapter.commands.results import CancellationRequestsListed, ServiceUpgraded
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.names import Ending
from adapter.protocols.whmcs.replies.common import (
    counters,
    formatted,
    rows,
    success,
    time_text,
)


def get_cancelled_packages(result: CancellationRequestsListed, call: Call) -> Reply:
    """Write `GetCancelledPackages`; a request is never changed, so all its times are one."""
    replies = []
    for request in result.requests:
        at = time_text(request.requested_at, call.quirks.zone)
        ending = Ending.IMMEDIATE if request.immediate else Ending.END_OF_PERIOD
        replies.append(
            {
                "id": request.request_id,
                "date": at,
                "relid": request.service_id,
                "reason": request.reason,
                "type": ending.value,
                "created_at": at,
                "updated_at": at,
            }
        )
    return success(
        **counters(result.listing, len(result.requests)), **rows("packages", "package", replies)
    )


def upgrade_product(result: ServiceUpgraded, _call: Call) -> Reply:
    """Write `UpgradeProduct`; a price that was only asked for has no ids."""
    price = formatted(result.price, result.currency_prefix, result.currency_suffix)
    reply = success(
        oldproductid=result.old_product_id,
        oldproductname=result.old_product_name,
        newproductid=result.new_product_id,
        newproductname=result.new_product_name,
        daysuntilrenewal=result.days_left,
        totaldays=result.total_days,
        newproductbillingcycle=result.new_cycle.price_key,
        price=price,
        upgradeinprogress=result.in_progress,
    )
    if result.upgrade_id is None:
        return reply
    return reply | {
        "id": result.upgrade_id,
        "orderid": result.order_id,
        "order_number": result.order_number,
        "invoiceid": result.invoice_id,
    }

"""Replies about orders that changed their state."""

from adapter.commands.results import OrdersCounted
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import rows, success


def get_order_statuses(result: OrdersCounted, _call: Call) -> Reply:
    """Write `GetOrderStatuses`."""
    return success(
        totalresults=len(result.counts),
        **rows(
            "statuses",
            "status",
            ({"title": status.value, "count": count} for status, count in result.counts.items()),
        ),
    )

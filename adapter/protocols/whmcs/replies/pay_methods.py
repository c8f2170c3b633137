"""Replies about stored ways to pay."""

from adapter.commands.results import (
    PayMethodAdded,
    PayMethodDeleted,
    PayMethodRecord,
    PayMethodsListed,
    PayMethodUpdated,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import echoed, success

_UPDATED = "%d/%m/%Y %H:%M"


def add_pay_method(result: PayMethodAdded, _call: Call) -> Reply:
    """Write `AddPayMethod`."""
    return success(clientid=echoed(result.client_id), paymethodid=result.pay_method_id)


def update_pay_method(result: PayMethodUpdated, _call: Call) -> Reply:
    """Write `UpdatePayMethod`."""
    return success(clientid=echoed(result.client_id), paymethodid=echoed(result.pay_method_id))


def get_pay_methods(result: PayMethodsListed, call: Call) -> Reply:
    """Write `GetPayMethods`: its list has no inner name."""
    return success(
        clientid=echoed(result.client_id),
        paymethods=[_row(row, result.client_id, call) for row in result.pay_methods],
    )


def delete_pay_method(result: PayMethodDeleted, _call: Call) -> Reply:
    """Write `DeletePayMethod`."""
    return success(paymethodid=echoed(result.pay_method_id))


def _row(row: PayMethodRecord, client_id: int, call: Call) -> Reply:
    return {
        "id": row.pay_method_id,
        "type": row.kind.value,
        "description": row.description,
        "gateway_name": row.gateway,
        "contact_type": "Client",
        "contact_id": client_id,
        # Four digits are no number: a zero in front stays.
        "card_last_four": row.last_four,
        "expiry_date": _month(row.expires),
        "start_date": _month(row.starts),
        "issue_number": row.issue_number,
        "card_type": row.card_type,
        "remote_token": "",
        "last_updated": row.updated_at.astimezone(call.quirks.zone).strftime(_UPDATED),
    }


def _month(text: str) -> str:
    return f"{text[:2]}/{text[2:]}" if text else ""

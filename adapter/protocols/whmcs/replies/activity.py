"""Replies about what happens in the installation."""

from collections.abc import Callable, Mapping
from typing import Any

from adapter.billing.model import OrderStatus
from adapter.commands.results import (
    ActivityListed,
    AdminShown,
    DayFigures,
    StatisticsShown,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import formatted, money, rows, success, time_text

# Tickets, tasks, network issues and staff are not kept here.
_TICKETS = (
    "allactive",
    "awaitingreply",
    "flaggedtickets",
    "open",
    "answered",
    "customerreply",
    "closed",
    "onhold",
    "inprogress",
)
_STATES = (
    OrderStatus.CANCELLED,
    OrderStatus.PENDING,
    OrderStatus.FRAUD,
    OrderStatus.ACTIVE,
)
_ONLY_ADMIN = 1


def get_activity_log(result: ActivityListed, call: Call) -> Reply:
    """Write `GetActivityLog`; it has no `numreturned`."""
    return success(
        totalresults=result.listing.total,
        startnumber=result.listing.offset,
        **rows(
            "activity",
            "entry",
            (
                {
                    "id": entry.entry_id,
                    "clientId": entry.client_id,
                    "userId": entry.client_id,
                    "adminId": 0,
                    "date": time_text(entry.recorded_at, call.quirks.zone),
                    "description": entry.description,
                    "username": entry.caller,
                    "ipaddress": entry.address,
                    "userid": entry.client_id,
                }
                for entry in result.entries
            ),
        ),
    )


def get_stats(result: StatisticsShown, _call: Call) -> Reply:
    """Write `GetStats`; amounts carry their currency."""
    prefix, suffix = result.currency_prefix, result.currency_suffix
    reply = success(
        income_today=formatted(result.income_today, prefix, suffix),
        income_thismonth=formatted(result.income_this_month, prefix, suffix),
        income_thisyear=formatted(result.income_this_year, prefix, suffix),
        income_alltime=formatted(result.income_all_time, prefix, suffix),
        orders_pending=result.orders_pending,
        **_orders("today", result.orders_today),
        **_orders("yesterday", result.orders_yesterday),
        orders_thismonth_total=result.orders_this_month,
        orders_thisyear_total=result.orders_this_year,
        **{f"tickets_{name}": 0 for name in _TICKETS},
        cancellations_pending=result.pending_cancellations,
        todoitems_due=0,
        networkissues_open=0,
        billableitems_uninvoiced=result.uninvoiced_items,
        quotes_valid=result.valid_quotes,
        staff_online=0,
    )
    if result.days is not None:
        reply["timeline_data"] = {
            "new_orders": _timeline(result.days, lambda day: day.new_orders),
            "accepted_orders": _timeline(result.days, lambda day: day.accepted_orders),
            "income": _timeline(result.days, lambda day: money(day.income)),
            "expenditure": _timeline(result.days, lambda day: money(day.expenditure)),
            "new_tickets": _timeline(result.days, lambda _: 0),
        }
    return reply


def _orders(when: str, counts: Mapping[OrderStatus, int]) -> Reply:
    return {
        **{f"orders_{when}_{status.value.lower()}": counts[status] for status in _STATES},
        f"orders_{when}_total": sum(counts.values()),
    }


def _timeline(days: Mapping[Any, DayFigures], figure: Callable[[DayFigures], Any]) -> Reply:
    return {on.isoformat(): figure(day) for on, day in days.items()}


def get_admin_details(result: AdminShown, call: Call) -> Reply:
    """Write `GetAdminDetails`: the credential stands for the one administrator there is."""
    version = call.quirks.version
    return success(
        adminid=_ONLY_ADMIN,
        name=result.name,
        notes="",
        signature="",
        allowedpermissions="API Access",
        departments="",
        whmcs={"version": version, "canonicalversion": f"{version}-release.1"},
    )

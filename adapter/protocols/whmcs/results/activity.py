"""Replies about what happens in the installation."""

from collections.abc import Mapping
from datetime import date
from typing import Final

from adapter.billing.model import OrderStatus
from adapter.commands.model import Command, GetAdmin, GetStatistics, ListActivity, LogActivity
from adapter.commands.results import (
    ActivityListed,
    ActivityLogged,
    ActivityRecord,
    AdminShown,
    DayFigures,
    Listing,
    StatisticsShown,
)
from adapter.errors import BadAnswer
from adapter.protocols.upstream import (
    NO_CURRENCY,
    NO_TIME,
    Fields,
    Reader,
    UpstreamAnswer,
    money_of,
)
from adapter.protocols.whmcs.results.clients import split_amount


def _logged(_: Fields, __: LogActivity, ___: UpstreamAnswer) -> ActivityLogged:
    return ActivityLogged(0)


def _listed(reply: Fields, _: ListActivity, answer: UpstreamAnswer) -> ActivityListed:
    return ActivityListed(
        Listing(reply.integer("totalresults", 0), reply.integer("startnumber", 0)),
        tuple(
            ActivityRecord(
                entry_id=row.integer("id"),
                client_id=row.integer("clientId" if "clientId" in row else "userid", 0),
                recorded_at=row.time("date", answer.zone) or NO_TIME,
                description=row.text("description"),
                caller=row.text("username"),
                address=row.text("ipaddress"),
            )
            for row in reply.rows("activity", "entry")
        ),
    )


def _statistics(reply: Fields, command: GetStatistics, _: UpstreamAnswer) -> StatisticsShown:
    prefix, _number, suffix = split_amount(reply.text("income_today"))
    today, month, year, ever = (
        money_of(split_amount(reply.text(f"income_{name}"))[1], NO_CURRENCY)
        for name in ("today", "thismonth", "thisyear", "alltime")
    )
    return StatisticsShown(
        currency_prefix=prefix,
        currency_suffix=suffix,
        income_today=today,
        income_this_month=month,
        income_this_year=year,
        income_all_time=ever,
        orders_pending=reply.integer("orders_pending", 0),
        orders_today=_orders(reply, "today"),
        orders_yesterday=_orders(reply, "yesterday"),
        orders_this_month=reply.integer("orders_thismonth_total", 0),
        orders_this_year=reply.integer("orders_thisyear_total", 0),
        pending_cancellations=reply.integer("cancellations_pending", 0),
        uninvoiced_items=reply.integer("billableitems_uninvoiced", 0),
        valid_quotes=reply.integer("quotes_valid", 0),
        days=_days(reply.inner("timeline_data")) if command.days else None,
    )


def _orders(reply: Fields, when: str) -> Mapping[OrderStatus, int]:
    return {
        status: reply.integer(f"orders_{when}_{status.value.lower()}", 0) for status in OrderStatus
    }


def _days(timeline: Fields) -> Mapping[date, DayFigures]:
    placed = timeline.inner("new_orders")
    accepted = timeline.inner("accepted_orders")
    income, expenditure = timeline.inner("income"), timeline.inner("expenditure")
    return {
        _day(name): DayFigures(
            placed.integer(name, 0),
            accepted.integer(name, 0),
            income.money(name),
            expenditure.money(name),
        )
        for name in placed.names()
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadAnswer from error


def _admin(reply: Fields, _: GetAdmin, __: UpstreamAnswer) -> AdminShown:
    found = reply.inner("whmcs")
    return AdminShown(reply.text("name"), found.text("version"), found.text("canonicalversion"))


READERS: Final[dict[type[Command], Reader]] = {
    LogActivity: _logged,
    ListActivity: _listed,
    GetStatistics: _statistics,
    GetAdmin: _admin,
}

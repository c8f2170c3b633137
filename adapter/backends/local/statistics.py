"""Figures about the whole installation, in its own currency.

Money in another currency is not converted and left out.
Source: contracts/decisions.md, "Statistics".
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapter.backends.local.lookups import CurrencyRow
from adapter.backends.local.orders.states import orders_by_status
from adapter.billing.model import DocumentKind, ItemAction, OrderStatus, QuoteStage
from adapter.billing.money import Money, Sum
from adapter.commands.context import Context
from adapter.commands.model import GetStatistics
from adapter.commands.results import DayFigures, StatisticsShown
from adapter.errors import CurrencyNotFound, InvalidField
from adapter.store import tables
from adapter.store.unit_of_work import UnitOfWork

_ORDERS = tables.orders.c
_BOOKED = tables.transactions.c
_OPEN_STAGES: Final = (QuoteStage.DRAFT, QuoteStage.DELIVERED, QuoteStage.ON_HOLD)
_ZERO = (0, 0)

# Two questions are asked for each.
_MOST_DAYS: Final = 366


def get_statistics(uow: UnitOfWork, command: GetStatistics, context: Context) -> StatisticsShown:
    """Show the figures; a day is one of the account's zone. Raises `InvalidField` for too many."""
    if not 0 <= command.days <= _MOST_DAYS:
        raise InvalidField("days", "range", f"days must be from 0 to {_MOST_DAYS}")
    currency, today = _own_currency(uow), context.today
    yesterday = today - timedelta(days=1)
    month, year = today.replace(day=1), today.replace(month=1, day=1)

    def income(since: date | None) -> Money:
        into, out = _money(uow, context, currency.code, since)
        return Sum(into - out, currency.code)

    def placed(since: date, until: date = today) -> Mapping[OrderStatus, int]:
        return orders_by_status(uow, _within(_ORDERS.placed_at, context, since, until))

    days = None
    if command.days:
        first = today - timedelta(days=command.days - 1)
        days = {
            first + timedelta(days=n): _day(uow, context, currency, first + timedelta(days=n))
            for n in range(command.days)
        }
    return StatisticsShown(
        currency_prefix=currency.prefix,
        currency_suffix=currency.suffix,
        income_today=income(today),
        income_this_month=income(month),
        income_this_year=income(year),
        income_all_time=income(None),
        orders_pending=orders_by_status(uow, sa.true())[OrderStatus.PENDING],
        orders_today=placed(today),
        orders_yesterday=placed(yesterday, yesterday),
        orders_this_month=sum(placed(month).values()),
        orders_this_year=sum(placed(year).values()),
        pending_cancellations=_pending_cancellations(uow),
        uninvoiced_items=_uninvoiced_items(uow),
        valid_quotes=_valid_quotes(uow, today),
        days=days,
    )


def _own_currency(uow: UnitOfWork) -> CurrencyRow:
    currencies = tables.currencies.c
    query = sa.select(
        currencies.id, currencies.code, currencies.prefix, currencies.suffix
    ).order_by(currencies.is_default.desc(), currencies.id)
    row = uow.execute(query.limit(1)).first()
    if row is None:
        raise CurrencyNotFound
    return CurrencyRow(*tuple(row))


def _within(
    column: sa.Column[Any], context: Context, since: date, until: date
) -> sa.ColumnElement[bool]:
    """Return the condition that a time lies in the days from `since` to `until`."""
    zone = context.caller.account.zone
    begin = datetime.combine(since, time(), zone).astimezone(UTC)
    end = datetime.combine(until + timedelta(days=1), time(), zone).astimezone(UTC)
    return sa.and_(column >= begin, column < end)


def _money(
    uow: UnitOfWork, context: Context, code: str, since: date | None, until: date | None = None
) -> tuple[int, int]:
    """Return the hundredths that came in and went out."""
    query = sa.select(
        sa.func.coalesce(sa.func.sum(_BOOKED.amount_in), 0),
        sa.func.coalesce(sa.func.sum(_BOOKED.amount_out), 0),
    ).where(_BOOKED.currency == code)
    if since is not None:
        query = query.where(_within(_BOOKED.booked_at, context, since, until or context.today))
    row = uow.execute(query).first()
    into, out = _ZERO if row is None else tuple(row)
    return int(into), int(out)


def _day(uow: UnitOfWork, context: Context, currency: CurrencyRow, on: date) -> DayFigures:
    orders = orders_by_status(uow, _within(_ORDERS.placed_at, context, on, on))
    into, out = _money(uow, context, currency.code, on, on)
    return DayFigures(
        new_orders=sum(orders.values()),
        accepted_orders=orders[OrderStatus.ACTIVE],
        income=Sum(into, currency.code),
        expenditure=Sum(out, currency.code),
    )


def _pending_cancellations(uow: UnitOfWork) -> int:
    requests, services = tables.cancellation_requests.c, tables.services.c
    query = (
        sa.select(sa.func.count())
        .select_from(tables.cancellation_requests)
        .join(tables.services, services.id == requests.service_id)
        .where(requests.done == sa.false(), services.hidden == sa.false())
    )
    return int(uow.execute(query).scalar_one())


def _uninvoiced_items(uow: UnitOfWork) -> int:
    items = tables.billable_items.c
    query = (
        sa.select(sa.func.count())
        .select_from(tables.billable_items)
        .where(items.generation_count == 0, items.action != ItemAction.NO_INVOICE.value)
    )
    return int(uow.execute(query).scalar_one())


def _valid_quotes(uow: UnitOfWork, today: date) -> int:
    documents = tables.documents.c
    query = (
        sa.select(sa.func.count())
        .select_from(tables.documents)
        .where(
            documents.kind == DocumentKind.QUOTE.value,
            documents.hidden == sa.false(),
            documents.status.in_([stage.value for stage in _OPEN_STAGES]),
            documents.due_on >= today,
        )
    )
    return int(uow.execute(query).scalar_one())

"""Results about what happens in the installation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from adapter.billing.model import OrderStatus
from adapter.billing.money import Money
from adapter.commands.results.base import Listing, Result


@dataclass(frozen=True, slots=True)
class ActivityLogged(Result):
    """A text was noted down."""

    entry_id: int


@dataclass(frozen=True, slots=True)
class ActivityRecord:
    """One entry; `client_id` 0 is about no client. `caller` is the credential that wrote it."""

    entry_id: int
    client_id: int
    recorded_at: datetime
    description: str
    caller: str
    address: str


@dataclass(frozen=True, slots=True)
class ActivityListed(Result):
    """A window of the activity log."""

    listing: Listing
    entries: tuple[ActivityRecord, ...]


@dataclass(frozen=True, slots=True)
class DayFigures:
    """The figures of one day: orders placed and of these accepted, money in and out."""

    new_orders: int
    accepted_orders: int
    income: Money
    expenditure: Money


@dataclass(frozen=True, slots=True)
class StatisticsShown(Result):
    """Figures about the installation, money in its own currency.

    Income is what came in less what went out. `orders_today` and `orders_yesterday` are of orders
    placed then, by their present state; every state is there. A quote is valid while it can still
    be accepted. `days` is None where not asked for.
    """

    currency_prefix: str
    currency_suffix: str
    income_today: Money
    income_this_month: Money
    income_this_year: Money
    income_all_time: Money
    orders_pending: int
    orders_today: Mapping[OrderStatus, int]
    orders_yesterday: Mapping[OrderStatus, int]
    orders_this_month: int
    orders_this_year: int
    pending_cancellations: int
    uninvoiced_items: int
    valid_quotes: int
    days: Mapping[date, DayFigures] | None = None


@dataclass(frozen=True, slots=True)
class AdminShown(Result):
    """Who is calling: a credential stands for the administrator of the original."""

    name: str
    version: str
    canonical_version: str

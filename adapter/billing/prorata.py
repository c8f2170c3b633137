"""The first period of an item whose due dates are aligned to one day of the month."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.billing.money import Money
from adapter.billing.schedule import Step, add_months


@dataclass(frozen=True, slots=True)
class FirstPeriod:
    """What the first invoice covers: a cut part of a period, and whole periods.

    `next_on` is the due date after it.
    """

    next_on: date
    days: int
    days_of_period: int
    whole_periods: int

    def price(self, cycle_price: Money) -> Money:
        """Return what the period costs at this price a cycle, rounded once, half up."""
        amount = cycle_price.amount
        part = amount * self.days / Decimal(self.days_of_period)
        return Money.rounded(part + amount * self.whole_periods, cycle_price.currency)


def first_period(
    ordered_on: date, step: Step, align_day: int, next_month_day: int | None
) -> FirstPeriod:
    """Return the first period of an item ordered on `ordered_on`, aligned to `align_day`.

    The part until the next aligned day is measured against the calendar period that ends there.
    From `next_month_day` on the period after it is charged as well; on the aligned day itself
    nothing is cut. `step` is of months; days clamp to the month's end.
    Source: contracts/decisions.md, "Prorata".
    """
    this_month = add_months(ordered_on, 0, align_day)
    if this_month == ordered_on:
        return FirstPeriod(add_months(ordered_on, step.months, align_day), 0, 1, 1)
    cut_on = this_month if this_month > ordered_on else add_months(ordered_on, 1, align_day)
    period_start = add_months(cut_on, -step.months, align_day)
    also_next = bool(next_month_day) and ordered_on.day >= (next_month_day or 0)
    return FirstPeriod(
        add_months(cut_on, step.months, align_day) if also_next else cut_on,
        (cut_on - ordered_on).days,
        (cut_on - period_start).days,
        1 if also_next else 0,
    )

"""The first period of an item whose due dates are aligned to a day of the month."""

from datetime import date

import pytest

from adapter.billing.money import Money
from adapter.billing.prorata import first_period
from adapter.billing.schedule import Step

MONTH, YEAR = Step(months=1), Step(months=12)


@pytest.mark.parametrize(
    ("ordered_on", "step", "day", "next_month_day", "next_on", "price"),
    [
        # 30.00 x 6 of April's 30 days.
        (date(2026, 4, 25), MONTH, 1, None, date(2026, 5, 1), 600),
        (date(2026, 4, 25), MONTH, 1, 26, date(2026, 5, 1), 600),
        # And May whole.
        (date(2026, 4, 25), MONTH, 1, 25, date(2026, 6, 1), 3600),
        # The aligned day lies still ahead this month: 30.00 x 10 of the 31 days from 15 March on.
        (date(2026, 4, 5), MONTH, 15, 20, date(2026, 4, 15), 968),
        # A year is cut by the month as well: 30.00 x 6 / 365.
        (date(2026, 4, 25), YEAR, 1, None, date(2026, 5, 1), 49),
        # On the aligned day nothing is cut, also from the day for the next month on.
        (date(2026, 4, 1), MONTH, 1, 1, date(2026, 5, 1), 3000),
        (date(2026, 4, 1), YEAR, 1, None, date(2027, 4, 1), 3000),
        # Days clamp: the 31st is 28 February, then 31 March again.
        (date(2026, 2, 28), MONTH, 31, None, date(2026, 3, 31), 3000),
        # 30.00 x 18 of the 28 days from 31 January on.
        (date(2026, 2, 10), MONTH, 31, None, date(2026, 2, 28), 1929),
        (date(2026, 2, 10), MONTH, 31, 10, date(2026, 3, 31), 4929),
    ],
)
def test_the_first_period_ends_on_the_aligned_day(
    ordered_on, step, day, next_month_day, next_on, price
):
    period = first_period(ordered_on, step, day, next_month_day)
    assert period.next_on == next_on
    assert period.price(Money(3000, "ZAR")) == Money(price, "ZAR")

"""Which of the periods that came due are billed, and which are held for the operator.

Source: contracts/decisions.md, "Catch-up".
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from adapter.billing.drafts import Held
from adapter.billing.due import DueItem, DueRecurring
from adapter.billing.model import BillableKind, CatchUp, HeldReason, ItemAction
from adapter.billing.schedule import advance, occurrence_date
from adapter.errors import CannotBill

# One decision issues so many documents of a billable at most. The rest stays in the queue, and the
# same run comes back for it: no transaction grows with how long nobody ran.
PERIODS_AT_ONCE = 120
# These have no date of their own that could be missed.
_UNDATED = frozenset({ItemAction.NEXT_RUN, ItemAction.NEXT_INVOICE})


class Period(NamedTuple):
    """One period of a billable; `next_on` is the due date after it, None when there is none.

    `occurrence` counts for recurring invoices only.
    """

    due_on: date
    next_on: date | None
    occurrence: int = 0


class Periods(NamedTuple):
    """What a run does with the periods that are due; they follow one another.

    `next_on` is the first date after all of them, `seen` how many were looked at.
    """

    bill: tuple[Period, ...]
    hold: tuple[Period, ...]
    next_on: date | None
    seen: int


def item_periods(item: DueItem, today: date, *, goes_on: bool) -> Periods:
    """Split the periods of a due item; one that does not go on waits for its payment.

    A date is missed when it lies before today and was not billed, whatever the reason.
    """
    first = item_period(item, item.due_on)
    simple = item.catch_up is CatchUp.ONE_PER_DAY or item.action in _UNDATED
    waits = item.catch_up is CatchUp.ALL and not goes_on
    if simple or waits or first.due_on > today:
        return Periods((first,), (), first.next_on, 1)
    periods = [first]
    bound = _bound(item.catch_up, item.limit or None, item.generation_count)
    while (on := periods[-1].next_on) is not None and on <= today:
        if bound is not None and len(periods) >= bound:
            break
        periods.append(item_period(item, on))
    return _split(periods, item.catch_up, today)


def recurring_periods(recurring: DueRecurring, today: date) -> Periods:
    """Split the occurrences of a recurring invoice up to today."""
    start_on, frequency = recurring.start_on, recurring.frequency
    limit, count = recurring.recurrence_limit, recurring.generation_count
    bound = _bound(recurring.catch_up, limit, count)
    if recurring.catch_up is CatchUp.ONE_PER_DAY:
        bound = min(1, bound or 0)
    periods: list[Period] = []
    n = recurring.occurrence
    on = occurrence_date(start_on, frequency, n)
    while on <= today and (bound is None or len(periods) < bound):
        next_on = occurrence_date(start_on, frequency, n + 1)
        periods.append(Period(on, next_on, n))
        n, on = n + 1, next_on
    found = _split(periods, recurring.catch_up, today)
    left = len(found.bill) if limit is None else max(limit - count, 0)
    return Periods(found.bill[:left], found.hold, on, len(periods))


def is_superseded(period: Period, policy: CatchUp, today: date) -> bool:
    """Tell whether the period after this one is billed too, so that this one is late news."""
    return policy is CatchUp.ALL and period.next_on is not None and period.next_on <= today


def held_dates(
    kind: BillableKind, billable_id: int, periods: Periods, policy: CatchUp
) -> list[Held]:
    """Return the record of every period that is deliberately not billed."""
    reason = HeldReason.SKIPPED if policy is CatchUp.NONE else HeldReason.CATCH_UP
    return [
        Held(kind, billable_id, period.due_on, reason, period.next_on) for period in periods.hold
    ]


def _bound(policy: CatchUp, limit: int | None, count: int) -> int | None:
    """Return how many periods to look at; None is all of them, which are held but for one."""
    if policy not in {CatchUp.ALL, CatchUp.ONE_PER_DAY}:
        return None
    return PERIODS_AT_ONCE if limit is None else min(PERIODS_AT_ONCE, max(limit - count, 0))


def item_period(item: DueItem, due_on: date) -> Period:
    """Return an item's period that begins on `due_on`; raises `CannotBill` for an endless one."""
    if item.step is None:
        return Period(due_on, None)
    if item.first_next_on is not None and due_on == item.registered_on:
        return Period(due_on, item.first_next_on)
    next_on = advance(due_on, item.step, anchor_day=item.anchor_day)
    if next_on <= due_on:
        raise CannotBill("The item's billing cycle has no length")
    return Period(due_on, next_on)


def _split(periods: Sequence[Period], policy: CatchUp, today: date) -> Periods:
    bill, hold = tuple(periods), tuple[Period, ...]()
    match policy:
        case CatchUp.LATEST:
            bill, hold = tuple(periods[-1:]), tuple(periods[:-1])
        case CatchUp.NONE | CatchUp.HOLD:
            bill = tuple(period for period in periods if period.due_on == today)
            hold = tuple(period for period in periods if period.due_on != today)
        case _:
            pass
    return Periods(bill, hold, periods[-1].next_on if periods else None, len(periods))

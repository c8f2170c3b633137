"""What a claim keeps of its inputs does not depend on how it is put together."""

import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.due import DueRecurring
from adapter.billing.inputs import inputs_digest, recurring_text
from adapter.billing.model import CatchUp, Increase, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency

LINE = RecurringLine(
    "A'1", Decimal("1.500"), 'Rent "%s" %', Decimal("10.00"), "ZAR", True, Decimal(15), False
)
PLAIN = DueRecurring(
    recurring_invoice_id=7,
    currency="ZAR",
    frequency=Frequency.MONTHLY,
    start_on=date(2024, 1, 31),
    occurrence=3,
    generation_count=2,
    recurrence_limit=None,
    increase=None,
    lines=(),
    order_number="",
    custom_values=("", "x"),
    discount_amount=None,
    discount_percentage=None,
    number_prefix="INV",
    number_suffix="",
    send_email=None,
)


@pytest.mark.parametrize(
    "recurring",
    [
        PLAIN,
        replace(PLAIN, lines=(LINE,)),
        replace(PLAIN, lines=(LINE, replace(LINE, cost_price=Decimal("0.1"), custom=("a",) * 5))),
        replace(PLAIN, increase=Increase(Decimal("5.0"), 12), discount_amount=Money(5, "ZAR")),
        replace(PLAIN, discount_percentage=Decimal("2.5"), catch_up=CatchUp.HOLD, fence=3),
    ],
)
def test_the_text_of_a_recurring_invoice_names_every_field_as_its_repr_does(
    recurring: DueRecurring,
) -> None:
    assert recurring_text(recurring) == repr(recurring)
    assert inputs_digest(recurring) == hashlib.sha256(repr(recurring).encode()).hexdigest()[:32]


def test_what_is_claimed_today_compares_with_what_was_claimed_before() -> None:
    assert inputs_digest(replace(PLAIN, lines=(LINE,))) == "9836294aeed9859095c331b0d8bd8ad5"

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands.fingerprint import fingerprint
from adapter.commands.model import (
    UNSET,
    AddCredit,
    CreateBillableItem,
    CreateRecurringInvoice,
    UpdateService,
)

LINE = RecurringLine("A", Decimal("1.0"), "Rent", Decimal(100), "ZAR", True, Decimal(15), False)
MONTHLY = CreateRecurringInvoice(Frequency.MONTHLY, date(2026, 3, 2), (LINE,), client_id=1)


def test_it_is_the_same_in_every_process_and_version():
    expected = "3beb942df6c0f070e6a449f3a99081ecf782b84745872a68af1ac9e670dbf662"
    assert fingerprint(MONTHLY) == expected
    assert fingerprint(replace(MONTHLY, lines=(replace(LINE),))) == expected


@pytest.mark.parametrize(
    "other",
    [
        replace(MONTHLY, client_id=2),
        replace(MONTHLY, start_on=date(2026, 3, 3)),
        replace(MONTHLY, frequency=Frequency.ANNUALLY),
        replace(MONTHLY, lines=(LINE, LINE)),
        replace(MONTHLY, lines=(replace(LINE, unit_price=Decimal("100.01")),)),
        replace(MONTHLY, lines=(replace(LINE, description="rent"),)),
        replace(MONTHLY, lines=(replace(LINE, vat_applies=False),)),
        replace(MONTHLY, order_number="1"),
    ],
)
def test_whatever_differs_makes_another_one(other):
    assert fingerprint(other) != fingerprint(MONTHLY)


def test_the_kind_of_command_and_what_comes_with_it_count():
    item = CreateBillableItem(1, "x", Decimal(1))
    assert fingerprint(item) != fingerprint(AddCredit(1, "x", Decimal(1)))
    assert fingerprint(item, {"a": "1"}) != fingerprint(item)
    assert fingerprint(item, {"a": "1", "b": "2"}) == fingerprint(item, {"b": "2", "a": "1"})


def test_what_is_left_alone_is_not_what_is_cleared():
    texts = {
        fingerprint(UpdateService(1, next_due_on=value))
        for value in (UNSET, None, date(2026, 3, 2))
    }
    assert len(texts) == 3


def test_any_text_of_a_caller_has_one():
    assert len(fingerprint(CreateBillableItem(1, "\ud800 é 😀", Decimal(1)))) == 64

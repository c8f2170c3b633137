"""Random documents from a seed: as the run prices them, and as the oracle does."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from adapter.billing.drafts import Decision
from adapter.billing.due import (
    ClientDue,
    ClientTerms,
    DueItem,
    DueRecurring,
    Promotion,
    RunTerms,
    TaxRates,
)
from adapter.billing.generate import decide
from adapter.billing.model import BillableKind, CatchUp, Increase, LineType, RecurringLine
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle, Frequency
from adapter.billing.settings import BusinessSettings
from tests.oracle import amounts

TODAY = date(2026, 3, 2)
SEED = 20260302
ZAR = "ZAR"
# Rates in use, some that leave halves of a cent, and one of every form that a column can hold.
RATES = ("0", "5", "7", "7.5", "8.25", "10", "12.5", "14", "15", "19", "20", "25", "33.33", "100")
LEVELS = (*RATES, "9.975", "0.0001", "6.25")


@dataclass(frozen=True, slots=True)
class Priced:
    """A document as the run decided about it, beside what the oracle says; None: not billable."""

    decision: Decision
    expected: amounts.Taxed | None
    lines: tuple[amounts.Split, ...]
    inclusive: tuple[bool, ...]


def line_documents(numbers: range) -> Iterator[Priced]:
    """Yield the documents of these numbers under the `line` policy: recurring invoices."""
    for number in numbers:
        yield _line_document(random.Random(f"line {SEED} {number}"))  # noqa: S311 - repeatable


def sum_documents(numbers: range) -> Iterator[Priced]:
    """Yield the documents of these numbers under the `sum` policy: form-post items."""
    for number in numbers:
        yield _sum_document(random.Random(f"sum {SEED} {number}"))  # noqa: S311 - repeatable


def _decimal(rng: random.Random, low: int, high: int, places: tuple[int, ...]) -> Decimal:
    """Return a decimal of few or many digits."""
    chosen = rng.choice(places)
    bound = rng.choice((high, high, 10, 1000))
    return Decimal(rng.randint(low, bound * 10**chosen)).scaleb(-chosen)


def _percentage(rng: random.Random) -> Decimal:
    return Decimal(rng.choice(("0.01", "2.5", "10", "12.5", "33.33", "50", "99.99", "100")))


def _terms(tax: TaxRates, discount_percent: Decimal, *, taxable: bool) -> ClientTerms:
    return ClientTerms(
        client_id=1,
        currency=ZAR,
        separate_invoices=False,
        discount_percent=discount_percent,
        tax=tax,
        taxable=taxable,
        payment_method="a",
        payment_terms_days=0,
        send_documents=True,
        credit=Money.zero(ZAR),
    )


# --- line --------------------------------------------------------------------------------------


def _recurring_line(rng: random.Random) -> RecurringLine:
    return RecurringLine(
        product_code="",
        quantity=_decimal(rng, 0, 10**5, (0, 0, 1, 3, 6)),
        description="x",
        unit_price=_decimal(rng, -100, 10**5, (0, 2, 2, 2, 3, 4, 6)),
        currency=ZAR,
        vat_applies=rng.random() < 0.85,
        vat_rate=Decimal(rng.choice(RATES)),
        includes_vat=rng.random() < 0.5,
        discount_percentage=_percentage(rng) if rng.random() < 0.3 else None,
    )


def _increase(rng: random.Random) -> Increase:
    percentage = rng.choice(("0.01", "2.5", "7.25", "10", "15"))
    return Increase(Decimal(percentage), rng.randint(6, 24))


def _line_document(rng: random.Random) -> Priced:
    rows = tuple(_recurring_line(rng) for _ in range(rng.randint(1, 8)))
    increase = _increase(rng) if rng.random() < 0.4 else None
    count = rng.randint(0, 60)
    percentage = _percentage(rng) if rng.random() < 0.2 else None
    discount = rng.randint(0, 10**6) if percentage is None and rng.random() < 0.4 else 0
    recurring = DueRecurring(
        recurring_invoice_id=1,
        currency=ZAR,
        frequency=Frequency.MONTHLY,
        start_on=TODAY,
        occurrence=0,
        generation_count=count,
        recurrence_limit=None,
        increase=increase,
        lines=rows,
        order_number="",
        custom_values=(),
        discount_amount=Money(discount, ZAR),
        discount_percentage=percentage,
        number_prefix="",
        number_suffix="",
        send_email=None,
        catch_up=CatchUp.ALL,
    )
    terms = _terms(TaxRates(), Decimal(0), taxable=True)
    decision = decide(
        ClientDue(terms, recurring=(recurring,)), RunTerms(TODAY, BusinessSettings())
    )
    times = 0 if increase is None else count // increase.interval
    values = [
        amounts.quoted(
            amounts.increased(row.unit_price, increase.percentage if increase else 0, times),
            row.quantity,
            percentage or row.discount_percentage or 0,
        )
        for row in rows
    ]
    inclusive = tuple(row.vat_applies and row.includes_vat for row in rows)
    if discount and sum(values) < discount:
        return Priced(decision, None, (), inclusive)
    if discount:
        shares = amounts.shared(discount, values)
        values = [value - share for value, share in zip(values, shares, strict=True)]
    lines = tuple(
        amounts.vat_split(
            value, row.vat_rate if row.vat_applies else None, inclusive=row.includes_vat
        )
        for row, value in zip(rows, values, strict=True)
    )
    totals = amounts.Taxed(sum(line.net for line in lines), sum(line.vat for line in lines))
    return Priced(decision, totals if totals.gross >= 0 else None, lines, inclusive)


# --- sum ---------------------------------------------------------------------------------------


def _promotion(rng: random.Random, amount: int) -> Promotion:
    off = Money(rng.randint(0, amount + 1), ZAR)
    return Promotion(
        "SAVE", recurring=True, recur_for=0, first_discount=off, recurring_discount=off
    )


def _item(rng: random.Random, number: int) -> DueItem:
    amount = rng.choice((0, rng.randint(1, 99), rng.randint(1, 10**6), rng.randint(1, 10**11)))
    return DueItem(
        kind=BillableKind.SERVICE,
        billable_id=number,
        due_on=TODAY,
        name="x",
        first_name="x",
        first_amount=Money(1, ZAR),
        recurring_amount=Money(amount, ZAR),
        registered_on=None,
        step=Cycle.MONTHLY.step,
        taxed=rng.random() < 0.8,
        payment_method="a",
        generation_count=0,
        promotion=_promotion(rng, amount) if rng.random() < 0.3 else None,
        line_type=LineType.SERVICE.value,
        first_line_type=LineType.SERVICE.value,
    )


def _sum_document(rng: random.Random) -> Priced:
    items = tuple(_item(rng, number) for number in range(1, rng.randint(2, 9)))
    percent = _percentage(rng) if rng.random() < 0.3 else Decimal(0)
    level_1, level_2 = (Decimal(rng.choice(LEVELS)) for _ in range(2))
    level_2 = level_2 if rng.random() < 0.7 else Decimal(0)
    taxable = rng.random() < 0.9
    inclusive, compound = rng.random() < 0.5, rng.random() < 0.5
    settings = BusinessSettings(tax_inclusive=inclusive, tax_compound=compound)
    terms = _terms(TaxRates(level_1, level_2), percent, taxable=taxable)
    decision = decide(ClientDue(terms, items), RunTerms(TODAY, settings))
    charged: list[tuple[int, bool]] = []
    for item in items:
        taxed = item.taxed and taxable
        net = item.recurring_amount.hundredths
        off = item.promotion.recurring_discount.hundredths if item.promotion else 0
        charged.append((net + off, taxed))
        if off:
            charged.append((-off, taxed))
        if percent:
            charged.append((-amounts.part(net, percent), taxed))
    totals = amounts.taxed_sum(charged, (level_1, level_2), inclusive=inclusive, compound=compound)
    lines = tuple(amounts.Split(amount, amount, 0) for amount, _ in charged)
    return Priced(decision, totals, lines, (inclusive,) * len(lines))

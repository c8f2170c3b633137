"""Quoted lines in another currency than the document's: converted once, when it is issued.

Source: contracts/decisions.md, "Currency of a document".
"""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Context, Decimal
from typing import Final

from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.due import DueRecurring
from adapter.billing.model import RecurringLine
from adapter.billing.money import Money, round_half_up
from adapter.billing.pricing import increased, price_recurring

RATE_PLACES: Final = 10
_EXACT: Final = Context(prec=60)
_CENTS: Final = 2


def exchange_rate(from_rate: Decimal, to_rate: Decimal) -> Decimal:
    """Return what one unit of a currency is in another, to ten decimals.

    The rates are of one unit of the account's own currency. Raises `ValueError` for one that is
    not above zero.
    """
    if from_rate <= 0 or to_rate <= 0:
        raise ValueError("an exchange rate must be above zero")
    return round_half_up(_EXACT.divide(to_rate, from_rate), RATE_PLACES)


def exchanged(lines: Sequence[RecurringLine], currency: str, rate: Decimal) -> list[RecurringLine]:
    """Return the lines quoted in `currency`, one unit of their own being `rate` of its units."""
    return [
        replace(
            line,
            currency=currency,
            unit_price=_price(line.unit_price, rate),
            cost_price=None if line.cost_price is None else _price(line.cost_price, rate),
            discount_amount=exchanged_amount(line.discount_amount, rate),
        )
        for line in lines
    ]


def exchanged_amount(amount: Decimal | None, rate: Decimal) -> Decimal | None:
    """Return an amount of money in the other currency, rounded half up to cents."""
    return None if amount is None else round_half_up(_EXACT.multiply(amount, rate))


def price_template(
    template: DueRecurring, issued_before: int
) -> tuple[tuple[LineDraft, ...], Totals, Money | None]:
    """Price the next document of a recurring invoice in the currency that its client is billed in.

    The template keeps its own currency, increases included: what it comes to then is converted.
    Returns the lines, what they come to, and the document's discount in money. Raises
    `CannotBill`.
    """
    lines: Sequence[RecurringLine] = template.lines
    currency, discount, increase = template.currency, template.discount_amount, template.increase
    if template.exchange is not None:
        currency, rate = template.exchange
        raised = [
            replace(line, unit_price=increased(line.unit_price, increase, issued_before))
            for line in lines
        ]
        lines, increase = exchanged(raised, currency, rate), None
        if discount is not None:
            discount = Money.rounded(_EXACT.multiply(discount.amount, rate), currency)
    drafts, totals = price_recurring(
        lines,
        currency,
        related_id=template.recurring_invoice_id,
        generation_count=issued_before,
        increase=increase,
        discount_amount=discount,
        discount_percentage=template.discount_percentage,
    )
    return drafts, totals, discount


def _price(price: Decimal, rate: Decimal) -> Decimal:
    """Return a price per unit, rounded to cents or to its own decimals where it has more."""
    exponent = price.normalize(_EXACT).as_tuple().exponent
    places = -exponent if isinstance(exponent, int) else _CENTS
    return round_half_up(_EXACT.multiply(price, rate), max(_CENTS, places))

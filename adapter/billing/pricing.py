"""From quoted lines to rounded ones, under either rounding policy."""

from collections.abc import Sequence
from decimal import Context, Decimal, InvalidOperation
from functools import lru_cache

from adapter.billing.drafts import LineDraft, Totals
from adapter.billing.due import TaxRates
from adapter.billing.model import Increase, LineType, RecurringLine
from adapter.billing.money import Money, round_half_up
from adapter.billing.vat import apportion, split
from adapter.errors import CannotBill

_HUNDRED = Decimal(100)
_ZERO = Decimal(0)
_CENT = Decimal("0.01")
# Enough digits that no product of a line is cut before it is rounded, and that compounding over
# decades is exact where it must round to six decimals. Past every exponent it is infinite, which
# rounding refuses.
_EXACT = Context(prec=80, traps=[InvalidOperation])


def increased(unit_price: Decimal, increase: Increase | None, generation_count: int) -> Decimal:
    """Return the unit price after `generation_count` issued documents.

    Always counted from the base price, rounded once, half up, to cents or to the base price's own
    decimals where it has more; before the first increase exactly as given.
    Source: contracts/decisions.md, "Automatic increase".
    """
    factor = _factor(increase, generation_count)
    return unit_price if factor is None else _risen(unit_price, factor)


def _factor(increase: Increase | None, generation_count: int) -> Decimal | None:
    """Return what every unit price of a document is multiplied by; None leaves it as given."""
    if increase is None:
        return None
    exponent = generation_count // increase.interval
    return None if exponent == 0 else _rise(increase.percentage, exponent)


def _risen(unit_price: Decimal, factor: Decimal) -> Decimal:
    places = 2
    if _EXACT.remainder(unit_price, _CENT):
        exponent = unit_price.normalize(_EXACT).as_tuple().exponent
        places = -exponent if isinstance(exponent, int) else 0
    return round_half_up(_EXACT.multiply(unit_price, factor), places)


@lru_cache(maxsize=1024)
def _rise(percentage: Decimal, exponent: int) -> Decimal:
    """Return the factor of `exponent` rises; the lines of many documents share few of them."""
    return _EXACT.power(1 + percentage.scaleb(-2, context=_EXACT), exponent)


@lru_cache(maxsize=256)
def _kept(percentage: Decimal | None) -> Decimal | None:
    """Return the share that a percentage discount leaves of a price; None for all of it."""
    if not percentage:
        return None
    return _EXACT.subtract(_HUNDRED, percentage).scaleb(-2, _EXACT)


def price_recurring(  # noqa: PLR0913 - the facts of one document
    lines: Sequence[RecurringLine],
    currency: str,
    *,
    line_type: LineType = LineType.RECURRING,
    related_id: int = 0,
    generation_count: int = 0,
    increase: Increase | None = None,
    discount_amount: Money | None = None,
    discount_percentage: Decimal | None = None,
) -> tuple[tuple[LineDraft, ...], Totals]:
    """Price a document of quoted lines (by default a recurring invoice's) under the `line` policy.

    Each line is quantity x unit price less its percentage, rounded half up; an amount discount is
    shared out over the lines by what that leaves; VAT is computed on each discounted line.
    Raises `CannotBill` when the discount exceeds the sum or the total is below zero.
    Source: contracts/decisions.md, "Discounts".
    """
    factor = _factor(increase, generation_count)
    units, quoted = [], []
    kept_of_all = _kept(discount_percentage)
    for line in lines:
        unit = line.unit_price if factor is None else _risen(line.unit_price, factor)
        units.append(unit)
        price = _EXACT.multiply(line.quantity, unit)
        kept = _kept(line.discount_percentage) if kept_of_all is None else kept_of_all
        if kept is not None:
            price = _EXACT.multiply(price, kept)
        if line.discount_amount:
            price = _EXACT.subtract(price, line.discount_amount)
        quoted.append(Money.rounded(price, currency))
    if discount_amount:
        whole = Money(sum(value.hundredths for value in quoted), currency)
        if whole < discount_amount:
            raise CannotBill(
                f"The discount of {discount_amount} exceeds the lines' sum of {whole}"
            )
        shares = apportion(discount_amount, tuple(quoted))
        quoted = [value - share for value, share in zip(quoted, shares, strict=True)]
    drafts = []
    net = vat = 0
    for line, unit, value in zip(lines, units, quoted, strict=True):
        rate = line.vat_rate if line.vat_applies else None
        parts = split(value, rate, includes_vat=line.includes_vat)
        net += parts.net.hundredths
        vat += parts.vat.hundredths
        drafts.append(
            LineDraft(
                line_type,
                related_id,
                line.description,
                value,
                line.vat_applies,
                line.product_code,
                line.quantity,
                unit,
                parts.net,
                parts.vat,
                rate,
                line.custom if any(line.custom) else None,
                line.cost_price,
                line.includes_vat,
                None if discount_percentage else line.discount_percentage,
            )
        )
    totals = Totals(Money(net, currency), Money(vat, currency), Money.zero(currency))
    if net + vat < 0:
        raise CannotBill(f"The document's total of {totals.gross} is below zero")
    return tuple(drafts), totals


def document_rate(lines: Sequence[LineDraft]) -> Decimal:
    """Return the one VAT rate that all taxed lines share, else 0."""
    rates = {line.vat_rate for line in lines if line.vat_rate is not None}
    return next(iter(rates)) if len(rates) == 1 else _ZERO


def total_by_sum(
    lines: Sequence[tuple[Money, bool]],
    currency: str,
    tax: TaxRates,
    *,
    inclusive: bool,
    compound: bool,
) -> Totals:
    """Total (amount, taxed) lines under the `sum` policy: per tax level on the taxed sum.

    Inclusive amounts are never changed: the tax is taken out, the subtotal is what remains.
    Source: contracts/decisions.md, "Rounding".
    """
    whole = Money(sum(amount.hundredths for amount, _ in lines), currency)
    taxable = Money(
        sum(amount.hundredths for amount, taxed in lines if taxed), currency
    ).hundredths
    rate_1, per_1 = tax.level_1.as_integer_ratio()
    rate_2, per_2 = tax.level_2.as_integer_ratio()
    whole_1, whole_2 = 100 * per_1, 100 * per_2
    if not inclusive:
        tax_1 = Money.quotient(taxable * rate_1, whole_1, currency)
        base_2 = taxable + tax_1.hundredths if compound else taxable
        return Totals(whole, tax_1, Money.quotient(base_2 * rate_2, whole_2, currency))
    if compound:
        tax_1 = Money.quotient(
            taxable * 100 * rate_1 * per_2, (whole_1 + rate_1) * (whole_2 + rate_2), currency
        )
        tax_2 = Money.quotient(taxable * rate_2, whole_2 + rate_2, currency)
    else:
        both = whole_1 * per_2 + rate_1 * per_2 + rate_2 * per_1
        tax_1 = Money.quotient(taxable * rate_1 * per_2, both, currency)
        tax_2 = Money.quotient(taxable * rate_2 * per_1, both, currency)
    return Totals(whole - tax_1 - tax_2, tax_1, tax_2)

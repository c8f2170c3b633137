"""What documents come to, in exact fractions; apart from any arithmetic of the product.

Amounts are fractions of a currency unit until `cents` rounds them. Source of the rules:
contracts/decisions.md, "VAT", "Rounding", "Discounts", "Automatic increase".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

Number = Decimal | Fraction | int


@dataclass(frozen=True, slots=True)
class Split:
    """A line in hundredths."""

    amount: int
    net: int
    vat: int


@dataclass(frozen=True, slots=True)
class Taxed:
    """A document in hundredths."""

    subtotal: int
    tax: int
    tax_2: int = 0

    @property
    def gross(self) -> int:
        """Everything together."""
        return self.subtotal + self.tax + self.tax_2


def rounded(value: Fraction, places: int = 0) -> Fraction:
    """Return a value at so many decimals; a half goes away from zero."""
    scaled = abs(value) * 10**places
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return Fraction(whole if value >= 0 else -whole, 10**places)


def cents(value: Fraction) -> int:
    """Return an amount in whole hundredths."""
    return int(rounded(value * 100))


def increased(price: Decimal, percentage: Number, times: int) -> Fraction:
    """Return a unit price after so many increases."""
    if not times:
        return Fraction(price)
    decimals = len(str(price).partition(".")[2].rstrip("0"))
    return rounded(Fraction(price) * (1 + Fraction(percentage) / 100) ** times, max(2, decimals))


def quoted(unit_price: Fraction, quantity: Decimal, percentage: Number) -> int:
    """Return a line's value less its percentage."""
    return cents(unit_price * Fraction(quantity) * (1 - Fraction(percentage) / 100))


def part(amount: int, percentage: Number) -> int:
    """Return a percentage of an amount in hundredths."""
    return int(rounded(amount * Fraction(percentage) / 100))


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """Share hundredths out by weight; the last weight that is not zero takes what remains."""
    last = max(n for n, weight in enumerate(weights) if weight)
    shares = [int(rounded(Fraction(total * weight, sum(weights)))) for weight in weights]
    shares[last] = total - sum(shares[:last]) - sum(shares[last + 1 :])
    return shares


def vat_split(amount: int, rate: Number | None, *, inclusive: bool) -> Split:
    """Return a line in its parts; without a rate there is no VAT."""
    if rate is None:
        return Split(amount, amount, 0)
    factor = 1 + Fraction(rate) / 100
    if inclusive:
        net = int(rounded(amount / factor))
        return Split(amount, net, amount - net)
    return Split(amount, amount, int(rounded(amount * (factor - 1))))


def taxed_sum(
    amounts: Sequence[tuple[int, bool]],
    rates: tuple[Number, Number],
    *,
    inclusive: bool,
    compound: bool,
) -> Taxed:
    """Return (hundredths, taxed) lines taxed on their sum, level by level."""
    whole = sum(amount for amount, _ in amounts)
    taxable = Fraction(sum(amount for amount, taxed in amounts if taxed))
    first, second = (Fraction(rate) / 100 for rate in rates)
    if inclusive:
        net = taxable / ((1 + first) * (1 + second) if compound else 1 + first + second)
        tax = int(rounded(net * first))
        tax_2 = int(rounded(net * (1 + first) * second if compound else net * second))
        return Taxed(whole - tax - tax_2, tax, tax_2)
    tax = int(rounded(taxable * first))
    return Taxed(whole, tax, int(rounded((taxable + tax if compound else taxable) * second)))

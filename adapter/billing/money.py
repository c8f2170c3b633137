"""Exact money: whole hundredths with their currency, and the one place where rounding happens."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import cache
from typing import Self

from adapter.errors import OutOfBounds

# Sums of up to 100,000 amounts of this size still fit a signed 64-bit column.
MAX_HUNDREDTHS = 9 * 10**13

# Wide enough that no product of two bounded amounts is ever rounded before `rounded` is asked to.
_EXACT = Context(prec=60)


def round_half_up(value: Decimal, places: int = 2) -> Decimal:
    """Return `value` rounded to `places` decimals, halves away from zero.

    Raises `OutOfBounds` for a value of more digits than any price can have.
    """
    try:
        return value.quantize(_last_place(places), ROUND_HALF_UP, _EXACT)
    except InvalidOperation as error:
        raise OutOfBounds("The amount is beyond all bounds") from error


@cache
def _last_place(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


@dataclass(frozen=True, slots=True, eq=False)
class Money:
    """An amount in hundredths of `currency` (an ISO-like code, `ZAR`).

    Adding or ordering different currencies raises `ValueError`. Out of range raises
    `OutOfBounds`; with a `Sum` the result is one, which has no range.
    """

    hundredths: int
    currency: str

    def __post_init__(self) -> None:
        if not -MAX_HUNDREDTHS <= self.hundredths <= MAX_HUNDREDTHS:
            raise OutOfBounds(f"The amount is beyond {MAX_HUNDREDTHS // 100}.00")

    @classmethod
    def rounded(cls, amount: Decimal, currency: str) -> Self:
        """Return `amount` as money, rounded half up to hundredths: the only way to round."""
        return cls(int(round_half_up(amount).scaleb(2, _EXACT)), currency)

    @classmethod
    def quotient(cls, dividend: int, divisor: int, currency: str) -> Self:
        """Return `dividend / divisor` hundredths, rounded half up.

        Whole numbers stay exact where a decimal quotient would be cut before it is rounded.
        """
        sign = -1 if (dividend < 0) != (divisor < 0) else 1
        dividend, divisor = abs(dividend), abs(divisor)
        return cls(sign * ((2 * dividend + divisor) // (2 * divisor)), currency)

    @classmethod
    def zero(cls, currency: str) -> Self:
        """Return nothing, in `currency`."""
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """The amount as a decimal with two places."""
        return Decimal(self.hundredths).scaleb(-2, context=_EXACT)

    def __str__(self) -> str:
        return f"{self.amount:.2f}"

    def _same(self, other: "Money") -> int:
        if other.currency != self.currency:
            raise ValueError(f"{self.currency} is not {other.currency}")
        return other.hundredths

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Money):
            return NotImplemented
        return (self.hundredths, self.currency) == (other.hundredths, other.currency)

    def __hash__(self) -> int:
        return hash((self.hundredths, self.currency))

    def __add__(self, other: "Money") -> "Money":
        return type(self)(self.hundredths + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return type(self)(self.hundredths - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return type(self)(-self.hundredths, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.hundredths < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.hundredths <= self._same(other)

    def __bool__(self) -> bool:
        return self.hundredths != 0


class Sum(Money):
    """What many amounts come to: shown, never stored, so it may lie beyond what one may be."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Take any size: what was booked is booked, and its sum must be told."""

    # Python asks these of the right-hand side first, since it is the more special one.
    def __radd__(self, other: Money) -> Money:
        return self + other

    def __rsub__(self, other: Money) -> Money:
        return -self + other

"""Net, VAT and gross of a line or of a taxed sum."""

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from adapter.billing.money import Money


class Parts(NamedTuple):
    """A rounded amount in its three parts; `gross` is always `net + vat`."""

    net: Money
    vat: Money

    @property
    def gross(self) -> Money:
        """Net plus VAT."""
        return self.net + self.vat


def split(quoted: Money, vat_rate: Decimal | None, *, includes_vat: bool) -> Parts:
    """Return the parts of a quoted, already rounded amount.

    `vat_rate` is a percentage; None means that VAT does not apply (0 is zero-rated). An inclusive
    amount is never changed: net = round(gross * 100 / (100 + rate)), vat = gross - net.
    Source: contracts/decisions.md, "VAT".
    """
    if vat_rate is None:
        return Parts(quoted, Money.zero(quoted.currency))
    rate, per = _ratio(vat_rate)
    if includes_vat:
        net = Money.quotient(quoted.hundredths * 100 * per, 100 * per + rate, quoted.currency)
        return Parts(net, quoted - net)
    return Parts(quoted, Money.quotient(quoted.hundredths * rate, 100 * per, quoted.currency))


@lru_cache(maxsize=256)
def _ratio(vat_rate: Decimal) -> tuple[int, int]:
    """Return the rate as a fraction; the lines of many documents share few of them."""
    return vat_rate.as_integer_ratio()


def apportion(total: Money, weights: tuple[Money, ...]) -> tuple[Money, ...]:
    """Share `total` out over `weights` by value, each share rounded half up to hundredths.

    The remainder goes to the last non-zero weight, so the shares sum to `total` exactly.
    Raises `ValueError` when every weight is zero and `total` is not.
    """
    whole = sum(weight.hundredths for weight in weights)
    nonzero = [index for index, weight in enumerate(weights) if weight]
    if not nonzero or whole == 0:
        if total:
            raise ValueError("nothing to share out over")
        return tuple(Money.zero(total.currency) for _ in weights)
    shares = [
        Money.quotient(total.hundredths * weight.hundredths, whole, total.currency)
        for weight in weights
    ]
    last = nonzero[-1]
    others = sum(share.hundredths for index, share in enumerate(shares) if index != last)
    shares[last] = Money(total.hundredths - others, total.currency)
    return tuple(shares)

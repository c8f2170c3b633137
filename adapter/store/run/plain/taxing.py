"""Tax by rule in SQL, in whole numbers: what `billing.pricing.total_by_sum` does in Python."""

from typing import Any, Final

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.run.plain.shape import Shape

# A rate is in ten-thousandths of a percent, so a tax is base * rate / 1,000,000, rounded half up.
_RATE_PLACES: Final = 4
_WHOLE: Final = 1_000_000
_TIGHTER: Final = 100  # than `+` and `*`, so that both sides are put in brackets


def tax_rate(shape: Shape, level: int) -> Any:
    """Return a client's rate of a level: that of the first rule that fits, else 0."""
    clients = tables.clients
    choices = []
    for rule in shape.tax_rules if shape.settings.tax_enabled else ():
        if rule.level == level:
            pairs = ((clients.c.country, rule.country), (clients.c.state, rule.state))
            fits = [column == wanted for column, wanted in pairs if wanted]
            rate = int(rule.rate.scaleb(_RATE_PLACES))
            choices.append((sa.and_(sa.not_(clients.c.tax_exempt), *fits), _number(rate)))
    return sa.case(*choices, else_=_number(0)) if choices else _number(0)


def tax(shape: Shape, base: Any, rate: Any, rated: Any) -> Any:
    """Return the tax on a taxed sum at one level's rate.

    Inclusive prices hold both levels' taxes: each is taken out by its share.
    """
    if not (shape.settings.tax_enabled and shape.tax_rules):
        return _number(0)
    whole: Any = _number(_WHOLE)
    if shape.settings.tax_inclusive:
        whole = whole + rated.c.rate_1 + rated.c.rate_2
    return _half_up(shape, base * rate, whole)


def _half_up(shape: Shape, dividend: Any, divisor: Any) -> Any:
    """Return dividend / divisor rounded half up, of whole numbers that are not below zero."""
    # MariaDB's `/` leaves whole numbers; the others' stays among them.
    divide = (2 * dividend + divisor).op(
        "DIV" if shape.dialect == "mariadb" else "/", precedence=_TIGHTER
    )
    return divide(2 * divisor)


def _number(value: int) -> Any:
    return sa.literal_column(str(value), sa.BigInteger)

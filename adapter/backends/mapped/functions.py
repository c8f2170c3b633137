"""Functions of ours that json-e templates may call; what cannot be said exactly is refused."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapter.errors import CannotExpress

_CENTS: Final = 100


def _decimal(value: Any, what: str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation as error:
        raise CannotExpress(f"{what} {value!r}") from error


def _cents(value: Any) -> int:
    """Return an amount in hundredths; one that has a part of a hundredth cannot be said."""
    amount = _decimal(value, "the amount") * _CENTS
    if amount != amount.to_integral_value():
        raise CannotExpress(f"the amount {value}, which is no whole number of hundredths")
    return int(amount)


def _whole(value: Any) -> int:
    """Return a whole number."""
    number = _decimal(value, "the quantity")
    if number != number.to_integral_value():
        raise CannotExpress(f"the quantity {value}, which is not whole")
    return int(number)


def _unix_day(text: Any) -> int:
    """Return the beginning of a day in UTC as seconds since 1970."""
    return int(datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC).timestamp())


def _same_number(one: Any, other: Any) -> bool:
    """Tell whether two texts are the same number: "15" and "15.00" are."""
    return _decimal(one, "the number") == _decimal(other, "the number")


def _decimals(value: Any) -> str:
    """Return a number without the zeros at its end."""
    return format(_decimal(value, "the number").normalize(), "f")


def _exact_number(text: Any) -> int | float:
    """Return a number that JSON writes with the same digits."""
    value = _decimal(text, "the number")
    number = int(value) if value == value.to_integral_value() else float(value)
    if Decimal(repr(number)) != value:
        raise CannotExpress(f"the number {text}, which has too many digits")
    return number


def _page_number(offset: Any, limit: Any) -> int:
    """Return which page of `limit` rows begins after `offset` rows, from 1."""
    if limit < 1 or offset % limit:
        raise CannotExpress(f"a list from row {offset} in steps of {limit}")
    return int(offset // limit) + 1


def _given(value: Any) -> bool:
    """Tell whether a value is there and not blank."""
    return value is not None and value not in ("", [], {})


FUNCTIONS: Final[Mapping[str, Any]] = {
    "cents": _cents,
    "whole": _whole,
    "unix_day": _unix_day,
    "same_number": _same_number,
    "decimals": _decimals,
    "exact_number": _exact_number,
    "page_number": _page_number,
    "given": _given,
}

"""Readers of single values in a catalogue: what the file says in, what the store keeps out."""

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapter.billing.money import MAX_HUNDREDTHS
from adapter.billing.schedule import Cycle

Reader = Callable[[object], Any]


class WrongValue(Exception):
    """A value is not what its key takes; the text says what that is."""


# ISO 4217 currencies with more than two decimals: money is kept in hundredths.
_FINER_THAN_HUNDREDTHS: Final = frozenset(
    {"BHD", "CLF", "IQD", "JOD", "KWD", "LYD", "OMR", "TND", "UYW"}
)
MAX_COUNTER: Final = 10**15
MAX_YEARS: Final = 10

_CODE = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_TLD = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_TARGET = re.compile(r"[1-9]\d*|D\.[a-z0-9.-]+")
_YEARS = re.compile(r"(\d+) ?(?:years?)?", re.IGNORECASE)


def text(length: int | None = None, *, blank: bool = True) -> Reader:
    """Return a reader of text of at most `length` characters."""

    def read(value: object) -> str:
        if not isinstance(value, str):
            raise WrongValue("must be text")
        if not blank and not value.strip():
            raise WrongValue("must not be blank")
        if length is not None and len(value) > length:
            raise WrongValue(f"must be at most {length} characters")
        return value

    return read


def one_of(*words: str) -> Reader:
    """Return a reader of one of a few words."""

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in words:
            raise WrongValue("must be one of " + ", ".join(f'"{word}"' for word in words))
        return value

    return read


def flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise WrongValue("must be true or false")
    return value


def whole(low: int, high: int) -> Reader:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise WrongValue(f"must be a whole number from {low} to {high}")
        return value

    return read


def whole_or(low: int, high: int, word: object) -> Reader:
    """Return a reader of whole numbers where `word` stands for none (stored as null)."""
    number = whole(low, high)

    def read(value: object) -> int | None:
        if value == word and type(value) is type(word):
            return None
        try:
            return int(number(value))
        except WrongValue as error:
            raise WrongValue(f"{error}, or {word!r} for none") from error

    return read


def decimal(low: int, high: int, places: int) -> Reader:
    """Return a reader of exact numbers: text, whole numbers, or decimals as the file has them.

    Binary fractions are refused: they are not the number that was written.
    """

    def read(value: object) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
            raise WrongValue('must be a number, best as text ("1.50")')
        try:
            number = Decimal(value)
        except InvalidOperation as error:
            raise WrongValue("must be a number") from error
        if not number.is_finite() or not low <= number <= high:
            raise WrongValue(f"must be a number from {low} to {high}")
        if number != round(number, places):
            raise WrongValue(f"must have at most {places} decimals")
        return number

    return read


_price = decimal(0, MAX_HUNDREDTHS // 100, 2)


def hundredths(value: object) -> int:
    """Read an amount of money of zero or more."""
    return int(_price(value) * 100)


def day(value: object) -> date | None:
    """Read a date (a TOML date, or ISO text); blank text is none."""
    if value == "":
        return None
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise WrongValue("must be a date (2026-03-31)") from error
    if not isinstance(value, date) or isinstance(value, datetime):
        raise WrongValue("must be a date (2026-03-31)")
    return value


def currency_code(value: object) -> str:
    """Read a currency's code; those with three decimals are refused."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        raise WrongValue("must be three capital letters (ZAR)")
    if value in _FINER_THAN_HUNDREDTHS:
        raise WrongValue(f"{value} has more than two decimals and cannot be kept exactly")
    return value


def country(value: object) -> str:
    """Read a country's two capital letters, or blank for every country."""
    if not isinstance(value, str) or (value and not _COUNTRY.fullmatch(value)):
        raise WrongValue('must be two capital letters (ZA), or "" for every country')
    return value


def tld(value: object) -> str:
    """Read a top-level domain; kept in lower case without its leading dot."""
    plain = value.lower().removeprefix(".") if isinstance(value, str) else ""
    if not _TLD.fullmatch(plain):
        raise WrongValue("must be a top-level domain (.co.za)")
    return plain


def group(value: object) -> str | int:
    """Read a reference to a group: its name or its id."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise WrongValue("must be a group's name or id")
    return value


def terms(value: object) -> str:
    """Read a list of billing cycles and numbers of years; kept comma separated."""
    return ",".join(_term(word) for word in _words(value))


def _term(word: str) -> str:
    cycle = Cycle.parse(word)
    if cycle is not None:
        return cycle.value
    years = _YEARS.fullmatch(word.strip())
    if years is None or not 0 < int(years[1]) <= MAX_YEARS:
        raise WrongValue(f'"{word}" is neither a billing cycle nor a number of years')
    return f"{int(years[1])}Years"


def targets(value: object) -> str:
    """Read a list of product ids and `D.com` for top-level domains; kept comma separated."""
    words = _words(value)
    for word in words:
        if not _TARGET.fullmatch(word):
            raise WrongValue(f'"{word}" is neither a product id nor "D" and a domain ("D.com")')
    return ",".join(words)


def _words(value: object) -> list[str]:
    if not isinstance(value, list) or not all(
        isinstance(word, str | int) and not isinstance(word, bool) for word in value
    ):
        raise WrongValue("must be a list of text")
    return [str(word) for word in value]

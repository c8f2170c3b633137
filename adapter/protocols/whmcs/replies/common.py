"""What replies repeat: counters, list envelopes, echoed ids, zero dates, decimals.

Types follow the documented samples, except that ids and counters are ints.
Source: contracts/decisions.md, "Types of reply fields".
"""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Final

from adapter.billing.money import Money, round_half_up
from adapter.commands.results import Currency, Listing, Result
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Digits, Reply

ZERO_DATE: Final = "0000-00-00"
ZERO_TIME: Final = "0000-00-00 00:00:00"

RATE_PLACES: Final = 3
EXCHANGE_PLACES: Final = 5


def success(**fields: Any) -> Reply:
    """Begin a reply: `result` always comes first."""
    return {"result": "success", **fields}


def done(_result: Result, _call: Call) -> Reply:
    """Write a reply that says nothing but success."""
    return success()


def counters(listing: Listing, returned: int) -> Reply:
    """Return the three paging counters."""
    return {
        "totalresults": listing.total,
        "startnumber": listing.offset,
        "numreturned": returned,
    }


def whole_list(count: int) -> Reply:
    """Return the paging counters of an unpaged list."""
    return counters(Listing(total=count, offset=0), count)


def rows(plural: str, singular: str, items: Iterable[Reply]) -> Reply:
    """Return the envelope of a list; an empty one keeps both keys."""
    return {plural: {singular: list(items)}}


def echoed(record_id: int | None) -> Digits | None:
    """Return an id the caller sent, as text like the samples; null where it sent none."""
    return None if record_id is None else Digits(record_id)


def flag(value: object) -> int:
    """Return a flag that the sample prints as 0 or 1."""
    return int(bool(value))


def flag_text(value: object) -> Digits:
    """Return a flag that the sample prints as "0" or "1"."""
    return Digits(flag(value))


def flag_word(value: object) -> str:
    """Return a flag that the sample prints as "true" or "false"."""
    return "true" if value else "false"


def money(amount: Money) -> str:
    """Return an amount with two decimals."""
    return str(amount)


def formatted(amount: Money, prefix: str, suffix: str) -> str:
    """Return an amount with its currency, as `$2645.80 USD`."""
    gap = " " if suffix and not suffix.startswith(" ") else ""
    return f"{prefix}{amount}{gap}{suffix}"


def decimal_text(value: Decimal, places: int) -> str:
    """Return a rate with a fixed number of decimals."""
    return f"{round_half_up(value, places):f}"


def date_text(on: date | None) -> str:
    """Return a date; the zero date where there is none."""
    return ZERO_DATE if on is None else on.isoformat()


def time_text(at: datetime | None, zone: tzinfo) -> str:
    """Return a time on the account's clock; the zero time where there is none."""
    if at is None:
        return ZERO_TIME
    return at.astimezone(zone).replace(tzinfo=None).isoformat(" ", "seconds")


def comma_list(ids: Iterable[int]) -> str:
    """Return ids as one text."""
    return ",".join(map(str, ids))


def currency_row(currency: Currency) -> Reply:
    """Return a currency as lists show it."""
    return {
        "id": currency.currency_id,
        "code": currency.code,
        "prefix": currency.prefix,
        "suffix": currency.suffix,
        "format": currency.number_format,
        "rate": decimal_text(currency.rate, EXCHANGE_PLACES),
    }

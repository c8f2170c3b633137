"""Texts of an upstream's errors read back as errors, by the same tables that write them."""

import re
from collections.abc import Callable
from typing import Any, Final

from adapter.errors import (
    AdapterError,
    BadAnswer,
    ClientNotFound,
    CurrencyNotListed,
    DiscountTooLarge,
    MethodNotAllowed,
    Rejected,
    StartInPast,
    StartTooEarly,
    UpstreamRefused,
    WrongBusiness,
)
from adapter.protocols.base import Limits, Params
from adapter.protocols.invoicesonline.columns import POSITIONS
from adapter.protocols.invoicesonline.errors import WIRE
from adapter.protocols.jsonbody import rows
from adapter.protocols.refusals import is_silent

# About who calls: no business of the caller's.
_ABOUT_ACCESS: Final = re.compile(
    r".*\binvalid\b.*\b(?:username|password|credentials)\b.*"
    r"|Invalid IP .*|Action .* is not allowed"
    rf"|{re.escape(str(WrongBusiness()))}|{re.escape(str(WIRE[MethodNotAllowed].text))}",
    re.DOTALL | re.IGNORECASE,
).fullmatch

_PLAIN: Final[dict[str, type[Any]]] = {
    **{str(WIRE[kind].text): kind for kind in (DiscountTooLarge, StartInPast)},
    str(ClientNotFound()): ClientNotFound,
}


def _currency(found: re.Match[str], indexes: list[int]) -> AdapterError:
    row = int(found[1])
    line = indexes.index(row) if row in indexes else row
    return CurrencyNotListed(line, "", tuple(found[2].split(", ")))


_WITH_FACTS: Final[tuple[tuple[str, Callable[[re.Match[str], list[int]], AdapterError]], ...]] = (
    (r"ClientID ([0-9]{1,18}) not found", lambda found, _: ClientNotFound(int(found[1]))),
    (rf"data\[([0-9]{{1,18}})\]\[{POSITIONS['currency']}\] \(.*\) must be one of (.*)", _currency),
    (
        r"recurring_start_date must not lie more than ([0-9]{1,18}) occurrences before today",
        lambda found, _: StartTooEarly(int(found[1])),
    ),
)
_FACTS: Final = tuple((re.compile(pattern).fullmatch, make) for pattern, make in _WITH_FACTS)


def read_refusal(text: str, params: Params, status: int) -> AdapterError:
    """Return the error that an error reply stands for; `params` are those of the call."""
    if status in {401, 403} or _ABOUT_ACCESS(text):
        return Rejected(text)
    if is_silent(text):
        return BadAnswer()
    kind = _PLAIN.get(text)
    if kind is not None:
        error: AdapterError = kind()
        return error
    for matches, make in _FACTS:
        if found := matches(text):
            return make(found, _indexes(params))
    return UpstreamRefused(text)


def _indexes(params: Params) -> list[int]:
    """Return the indexes of the rows as the call wrote them."""
    try:
        return list(rows(params.get("data"), Limits()))
    except AdapterError:
        return []

"""Texts of an upstream's errors read back as errors, by the same tables that write them.

What an upstream says about the route's own credentials is no business of the caller's, and a text
that says that the upstream does not know what it did is no refusal.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapter.errors import (
    AdapterError,
    BadAnswer,
    ClientGroupNotFound,
    DomainNotRenewable,
    GatewayInvalid,
    InsufficientCredit,
    InvalidField,
    LineNotFound,
    NotFound,
    NotOwned,
    PaymentMethodInvalid,
    Rejected,
    RunIncomplete,
    UpstreamRefused,
)
from adapter.protocols.refusals import is_silent
from adapter.protocols.whmcs.errors import (
    ACTION_TEXTS,
    COMMAND_NOT_FOUND,
    FIELD_TEXTS,
    FORBIDDEN,
    WIRE,
)

# Whatever the status, these are about who calls and what that credential may do.
_ABOUT_ACCESS: Final = re.compile(
    r"Authentication Failed|Invalid or missing credentials|(?:Invalid|Forbidden) IP .*"
    r"|Invalid Permissions: .*|Invalid API Action: .*|API Function Not Found|Access Denied"
    rf"|{COMMAND_NOT_FOUND}",
    re.DOTALL,
).fullmatch

# Texts made from facts -> the error with these facts.
_WITH_FACTS: Final[tuple[tuple[str, Callable[[re.Match[str]], AdapterError]], ...]] = (
    (
        r"(Service ID|Addon ID|Domain|Product ID) not owned by Client ID provided",
        lambda found: NotOwned(found[1].removesuffix(" ID").lower(), 0),
    ),
    (
        r"Domain status is set to '(.*)' and cannot be renewed",
        lambda found: DomainNotRenewable(found[1]),
    ),
    (
        r"Invalid Payment Method\. Valid options include (.*)",
        lambda found: PaymentMethodInvalid(tuple(filter(None, found[1].split(",")))),
    ),
    (
        r"Invalid Gateway Module Name\. Must be one of: (.*)",
        lambda found: GatewayInvalid(tuple(filter(None, found[1].split(", ")))),
    ),
    (
        r"Invoice run incomplete: ([0-9]{1,18}) invoices generated so far; .*",
        lambda found: RunIncomplete(int(found[1])),
    ),
)
_FACTS: Final = tuple(
    (re.compile(pattern, re.DOTALL).fullmatch, make) for pattern, make in _WITH_FACTS
)


# Errors that are written by their own, constant text.
_OWN_TEXT: Final[tuple[Any, ...]] = (
    InsufficientCredit,
    LineNotFound,
    ClientGroupNotFound,
)


def _plain() -> Mapping[str, type[AdapterError]]:
    """Return the constant texts -> the error each stands for; of two the first counts."""
    texts: dict[str, type[AdapterError]] = {}
    for kind, wire in WIRE.items():
        if isinstance(wire.text, str) and wire.status != FORBIDDEN and not is_silent(wire.text):
            texts.setdefault(wire.text, kind)
    return texts | {str(kind()): kind for kind in _OWN_TEXT}


_PLAIN: Final = _plain()
_BY_ACTION: Final = {(action, text): kind for (action, kind), text in ACTION_TEXTS.items()}
_BY_FIELD: Final = {
    (action, text): (field, rule or "invalid")
    for (action, field, rule), text in reversed(FIELD_TEXTS.items())
}


def read_refusal(text: str, action: str, status: int) -> AdapterError:
    """Return the error that an error reply stands for; `action` in lower case."""
    if status == FORBIDDEN or _ABOUT_ACCESS(text):
        return Rejected(text)
    if is_silent(text):
        return BadAnswer()
    kind: Any = _BY_ACTION.get((action, text)) or _PLAIN.get(text)
    if kind is not None:
        return kind(None) if issubclass(kind, NotFound) else kind()  # type: ignore[no-any-return]
    field = _BY_FIELD.get((action, text))
    if field is not None:
        return InvalidField(*field, text)
    for matches, make in _FACTS:
        if found := matches(text):
            return make(found)
    return UpstreamRefused(text)

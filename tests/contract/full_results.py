"""Results of which every field says something, so that their replies show every field there is."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from adapter.billing.money import Money

TEXT, DAY = "filled", date(2026, 3, 2)
_PLAIN: Mapping[Any, Any] = {
    str: TEXT,
    int: 1,
    bool: True,
    date: DAY,
    datetime: datetime(2026, 3, 2, 8, tzinfo=UTC),
    Decimal: Decimal(1),
    Money: Money(100, "ZAR"),
    Any: TEXT,
}


def full(kind: Any) -> Any:
    """Return a value of a type: of an optional one the value, of a collection one entry."""
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return full(next(each for each in inner if each is not type(None)))
    if origin is tuple:
        one = inner[:1] if inner[-1] is ... else inner
        return tuple(map(full, one))
    if origin is not None and issubclass(origin, Mapping):
        if isinstance(inner[0], type) and issubclass(inner[0], Enum):
            return {key: full(inner[1]) for key in inner[0]}
        return {full(inner[0]): full(inner[1])}
    if origin is not None and issubclass(origin, Iterable):
        return (full(inner[0]),)
    if issubclass(kind, Enum):
        return next(iter(kind))
    hints = get_type_hints(kind)
    return kind(**{each.name: full(hints[each.name]) for each in fields(kind)})


def names(reply: Any) -> set[str]:
    """Return the names in a reply at any depth; names that are data (codes, years, days) not."""
    if isinstance(reply, Mapping):
        inner = (names(value) for value in reply.values())
        own = {str(key) for key in reply}
        return set().union(*inner) | {key for key in own if not _is_data(key)}
    if isinstance(reply, list | tuple):
        return set().union(*map(names, reply))
    return set()


def has_list(reply: Any) -> bool:
    """Tell whether there is a list in a reply, at any depth."""
    if isinstance(reply, Mapping):
        return any(map(has_list, reply.values()))
    return isinstance(reply, list | tuple)


def _is_data(key: str) -> bool:
    return key in {TEXT, DAY.isoformat(), "ZAR"} or key.isdecimal()

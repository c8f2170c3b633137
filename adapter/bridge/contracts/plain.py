"""Commands in the plain form that contract files write. The format: contracts/README.md."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from adapter.billing.money import Money
from adapter.commands.model import UNSET, Command

NONE_TEXT = "<none>"
UNSET_TEXT = "<unset>"


class FromPlaceholder(str):
    """A text that one placeholder gave: it also equals an int of the same digits."""

    __slots__ = ()


def plain_command(command: Command) -> dict[str, Any]:
    """Return a command as a contract writes it: `type`, then the fields that are not default."""
    return {"type": type(command).__name__, **_plain_fields(command)}


def _plain_fields(value: Any) -> dict[str, Any]:
    return {
        each.name: _plain(getattr(value, each.name))
        for each in fields(value)
        if not _is_default(each, getattr(value, each.name))
    }


def _is_default(each: "Field[Any]", value: Any) -> bool:
    if each.default is not MISSING:
        return type(value) is type(each.default) and bool(value == each.default)
    if each.default_factory is not MISSING:
        return bool(value == each.default_factory())
    return False


def _plain(value: Any) -> Any:
    if value is None:
        return NONE_TEXT
    if value is UNSET:
        return UNSET_TEXT
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Money):
        return f"{value} {value.currency}"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    if is_dataclass(value):
        return _plain_fields(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset | set):
        return [_plain(item) for item in value]
    return value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (path, leaf) of a plain form in order; an empty table or array is a leaf."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str) and value:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def same_leaf(expected: Any, actual: Any) -> bool:
    """Tell whether an expected leaf equals an actual one, types included."""
    if isinstance(expected, date):
        return bool(expected.isoformat() == actual)
    if isinstance(expected, FromPlaceholder):
        return str(expected) == str(actual) and not isinstance(actual, bool)
    return type(expected) is type(actual) and bool(expected == actual)

"""Commands and results as plain JSON values and back, exactly.

The form that they have at rest, and on the way to a backend that speaks the command model itself.
Decimals and money are text, dates ISO text, times ISO text in UTC, enums their values, tuples
lists; a field that is `UNSET` is left out. Reading is strict: a field that is unknown, missing
without a default, or of another type is refused by its path; so are numbers and texts that no
store could keep (more than 64 bits, a NUL, half a surrogate pair).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from adapter.billing.money import Money
from adapter.commands.model import UNSET, Command, Unset
from adapter.commands.results import Result
from adapter.errors import InvalidField

T = TypeVar("T")
ValueType = Any  # a type hint of a field
_MASK: Final = "redacted"
_SCALARS: Final = {str: "text", int: "an integer", bool: "true or false"}
_INTEGERS: Final = range(-(2**63), 2**63)
# Python's own readers take more forms than are ever written here, digits of any script included.
_NUMBER: Final = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?").fullmatch
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_NO_TEXT: Final = re.compile("[\x00\ud800-\udfff]").search


def kinds_of(base: type[T]) -> dict[str, type[T]]:
    """Return every command or every result by its name, `base` being `Command` or `Result`."""
    return {kind.__name__: kind for kind in sorted(_below(base), key=lambda kind: kind.__name__)}


def _below(base: type[T]) -> Iterator[type[T]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _below(kind)


def to_data(value: Any) -> Any:
    """Return a command, result or any of their values as JSON values."""
    return _writer(type(value))(value)


def _writer(kind: type) -> Callable[[Any], Any]:
    """Return what writes the values of a type; found once, since every command is written."""
    found = _FOUND.get(kind)
    if found is None:
        if is_dataclass(kind) and not issubclass(kind, Money):
            found = partial(_fields_data, tuple(each.name for each in fields(kind)))
        else:
            found = next((write for base, write in _WRITERS if issubclass(kind, base)), _unknown)
        _FOUND[kind] = found
    return found


def _as_it_is(value: Any) -> Any:
    return value


def _fields_data(names: tuple[str, ...], value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        each = getattr(value, name)
        kind = type(each)
        if kind in _PLAIN:
            found[name] = each
        elif each is not UNSET:
            found[name] = _writer(kind)(each)
    return found


def _unknown(value: Any) -> Any:
    raise TypeError(f"{type(value).__name__} is no value of a command")


# A type that is below two of these is written as the first: a time is a date as well.
_WRITERS: Final[tuple[tuple[Any, Callable[[Any], Any]], ...]] = (
    (Money, lambda value: {"amount": str(value.amount), "currency": value.currency}),
    (Enum, lambda value: value.value),
    ((bool, int, str), _as_it_is),
    (Decimal, lambda value: format(value, "f")),
    (datetime, lambda value: value.astimezone(UTC).isoformat()),
    (date, lambda value: value.isoformat()),
    (Mapping, lambda value: {str(key): to_data(each) for key, each in value.items()}),
    ((tuple, list), lambda value: [to_data(each) for each in value]),
)
_PLAIN: Final = frozenset({NoneType, bool, int, str})
_FOUND: Final[dict[type, Callable[[Any], Any]]] = dict.fromkeys(_PLAIN, _as_it_is)


def command_data(command: Command) -> dict[str, Any]:
    """Return `{"command": name, "fields": {...}}`."""
    return {"command": type(command).__name__, "fields": to_data(command)}


@cache
def secrets_of(command: str) -> frozenset[str]:
    """Name the fields of a command that are secrets: those that are left out of its repr."""
    kind = kinds_of(Command).get(command)
    return frozenset() if kind is None else frozenset(x.name for x in fields(kind) if not x.repr)


def masked(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what `command_data` wrote with the command's secrets masked, as it may be kept."""
    secrets = secrets_of(str(data.get("command")))
    if not secrets:
        return data
    shown = {
        name: _MASK if name in secrets and value else value
        for name, value in data.get("fields", {}).items()
    }
    return {**data, "fields": shown}


def result_data(result: Result) -> dict[str, Any]:
    """Return `{"result": name, "fields": {...}}`."""
    return {"result": type(result).__name__, "fields": to_data(result)}


def read_command(data: Any) -> Command:
    """Return the command that `command_data` wrote. Raises `InvalidField`."""
    return cast(Command, _enveloped(data, "command", Command))


def read_result(data: Any) -> Result:
    """Return the result that `result_data` wrote. Raises `InvalidField`."""
    return cast(Result, _enveloped(data, "result", Result))


def _enveloped(data: Any, key: str, base: type) -> Any:
    if not isinstance(data, Mapping):
        raise _invalid("", "object", "an object is wanted")
    kind: type | None = kinds_of(base).get(str(data.get(key)))
    if kind is None:
        raise _invalid(key, "unknown", f"there is no {key} {data.get(key)!r}")
    unknown = sorted(set(data) - {key, "fields"})
    if unknown:
        raise _invalid(unknown[0], "unknown", "there is no such field")
    return from_data(kind, data.get("fields"), "fields")


def from_data(kind: ValueType, data: Any, path: str = "") -> Any:
    """Return JSON values as a value of this type. Raises `InvalidField` with the path in it."""
    origin: Any = get_origin(kind)
    if origin in {Union, UnionType}:
        return _one_of(kind, data, path)
    if origin is tuple:
        return _tuple(kind, data, path)
    if origin is not None:  # a mapping
        key, value = get_args(kind)
        return {
            _key(key, name, path): from_data(value, each, _at(path, name))
            for name, each in _object(data, path).items()
        }
    if kind in _SCALARS:
        if type(data) is not kind:
            raise _invalid(path, "type", f"{_SCALARS[kind]} is wanted")
        return _bounded(data, path)
    if kind is Money:
        entry = _object(data, path)
        if set(entry) != {"amount", "currency"}:
            raise _invalid(path, "money", "amount and currency are wanted")
        return _money(entry, path)
    read = _TEXTS.get(kind)
    if read is not None:
        return _text(read, data, path)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum(kind, data, path)
    return _record(kind, _object(data, path), path)


def _bounded(data: Any, path: str) -> Any:
    """Return text or a number that every store can keep."""
    if isinstance(data, str) and _NO_TEXT(data):
        raise _invalid(path, "text", "the text holds characters that cannot be kept")
    if isinstance(data, int) and data not in _INTEGERS:
        raise _invalid(path, "integer", "the number is beyond 64 bits")
    return data


def is_required(each: "Field[Any]") -> bool:
    """Tell whether a field must be given."""
    return each.default is MISSING and each.default_factory is MISSING


@cache
def hints_of(kind: type) -> Mapping[str, ValueType]:
    """Return the types of a dataclass's fields by name."""
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in fields(kind)}


def _record(kind: type, data: Mapping[str, Any], path: str) -> Any:
    hints = hints_of(kind)
    unknown = sorted(set(data) - set(hints))
    if unknown:
        raise _invalid(_at(path, unknown[0]), "unknown", "there is no such field")
    for each in fields(kind):
        if each.name not in data and is_required(each):
            raise _invalid(_at(path, each.name), "required", "this field must be given")
    return kind(
        **{name: from_data(hints[name], each, _at(path, name)) for name, each in data.items()}
    )


def _one_of(kind: ValueType, data: Any, path: str) -> Any:
    choices = [each for each in get_args(kind) if each is not Unset]
    if data is None and NoneType in choices:
        return None
    choices = [each for each in choices if each is not NoneType]
    # More than one left is text or a number, which JSON tells apart.
    for choice in choices[:-1]:
        try:
            return from_data(choice, data, path)
        except InvalidField:
            continue
    return from_data(choices[-1], data, path)


def _tuple(kind: ValueType, data: Any, path: str) -> Any:
    parts = get_args(kind)
    if not isinstance(data, list):
        raise _invalid(path, "list", "a list is wanted")
    if parts[-1] is Ellipsis:
        parts = (parts[0],) * len(data)
    elif len(parts) != len(data):
        raise _invalid(path, "length", f"a list of {len(parts)} is wanted")
    pairs = zip(parts, data, strict=True)
    return tuple(from_data(part, each, f"{path}[{at}]") for at, (part, each) in enumerate(pairs))


def _key(kind: type, name: str, path: str) -> Any:
    """Return a mapping's key, which JSON always writes as text."""
    if kind is str:
        return name
    read = _integer if kind is int else _TEXTS.get(kind, kind)
    return _text(read, name, _at(path, name))


def _money(entry: Mapping[str, Any], path: str) -> Money:
    amount = _text(_decimal, entry["amount"], _at(path, "amount"))
    money = Money.rounded(amount, from_data(str, entry["currency"], _at(path, "currency")))
    if money.amount != amount:
        raise _invalid(_at(path, "amount"), "decimals", "two decimals are wanted")
    return money


def _decimal(text: str) -> Decimal:
    if not _NUMBER(text):
        raise ValueError(text)
    return Decimal(text)


def _date(text: str) -> date:
    if not _DATE(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def _integer(text: str) -> int:
    return int(_decimal(text))


def _time(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError(text)
    return value.astimezone(UTC)


_TEXTS: Final[Mapping[Any, Callable[[str], Any]]] = {
    Decimal: _decimal,
    datetime: _time,
    date: _date,
}


def _text(read: Callable[[str], T], data: Any, path: str) -> T:
    wanted = "a text that reads as a number, date or time is wanted"
    if not isinstance(data, str):
        raise _invalid(path, "type", wanted)
    try:
        return read(data)
    except (ValueError, InvalidOperation) as error:
        raise _invalid(path, "form", wanted) from error


def _enum(kind: type[Enum], data: Any, path: str) -> Enum:
    try:
        return kind(data)
    except ValueError as error:
        allowed = ", ".join(str(each.value) for each in kind)
        raise _invalid(path, "choice", f"one of {allowed} is wanted") from error


def _object(data: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise _invalid(path, "object", "an object is wanted")
    return data


def _at(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _invalid(path: str, rule: str, detail: str) -> InvalidField:
    return InvalidField(path, rule, f"{path}: {detail}" if path else detail)

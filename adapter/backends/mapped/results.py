"""Replies of a backend as results of ours: which part becomes which field, and in which form."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from adapter.backends.mapped.ids import IdBook
from adapter.backends.mapped.names import ExpressionError
from adapter.backends.mapped.reading import Reading

_CENTS: Final = 100


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value: what is read, and the form it has there.

    `noun` is for ids, `currency` and `less` (to be taken off) for amounts, `choices` and
    `otherwise` for words.
    """

    reading: Reading
    form: str
    noun: str = ""
    currency: Reading | None = None
    less: Reading | None = None
    choices: Mapping[str, Any] | None = None
    otherwise: Any = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is always the same."""

    value: Any


@dataclass(frozen=True, slots=True)
class Record:
    """Fields by name: of `of`, or one record for each of `each`; both are called `item`."""

    fields: Mapping[str, "Leaf | Constant | Record"]
    of: Reading | None = None
    each: Reading | None = None
    kind: str = ""


def build(record: Record, scope: Mapping[str, Any], book: IdBook) -> Any:
    """Return a record's JSON values. Raises `ExpressionError` for what the reply lacks."""
    if record.each is not None:
        items = record.each.of(scope)
        if not isinstance(items, list):
            raise ExpressionError(f"{record.each.text} is no list", "correct `each`")
        return [
            _fields(record, {**scope, "item": item, "index": index}, book)
            for index, item in enumerate(items)
        ]
    if record.of is not None:
        item = record.of.of(scope)
        if item is None:
            return None
        scope = {**scope, "item": item}
    return _fields(record, scope, book)


def _fields(record: Record, scope: Mapping[str, Any], book: IdBook) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, part in record.fields.items():
        if isinstance(part, Constant):
            found[name] = part.value
        elif isinstance(part, Record):
            found[name] = build(part, scope, book)
        else:
            found[name] = _read(name, part, scope, book)
    return found


def _read(name: str, leaf: Leaf, scope: Mapping[str, Any], book: IdBook) -> Any:
    value = leaf.reading.of(scope)
    try:
        if leaf.form == "id":
            theirs = _text(value)
            return book.ours(leaf.noun, theirs) if theirs else None
        if leaf.form in MONEY_FORMS:
            if value is None:
                return None  # which a field that needs an amount refuses
            amount = MONEY_FORMS[leaf.form](value)
            if leaf.less is not None:
                amount -= MONEY_FORMS[leaf.form](leaf.less.of(scope))
            currency = leaf.currency.of(scope) if leaf.currency is not None else ""
            return {"amount": format(amount, "f"), "currency": _upper(currency)}
        if leaf.form == "choice":
            return (leaf.choices or {}).get(str(value), leaf.otherwise)
        return FORMS[leaf.form](value)
    except (TypeError, ValueError, InvalidOperation, OverflowError, OSError) as error:
        what = f"{name}: {leaf.reading.text} is not of the form {leaf.form}"
        raise ExpressionError(what, "correct the reading") from error


def _plain(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool | list | dict):
        raise TypeError(value)
    return "" if value is None else str(value)


def _number(value: Any) -> str | None:
    if isinstance(value, bool | list | dict):
        raise TypeError(value)
    return None if value is None else format(Decimal(str(value)), "f")


def _integer(value: Any) -> int | None:
    if isinstance(value, bool | list | dict):
        raise TypeError(value)
    return None if value in (None, "") else int(value)


def _unix(value: Any) -> datetime | None:
    seconds = _integer(value)
    return None if not seconds else datetime.fromtimestamp(seconds, UTC)


def _unix_time(value: Any) -> str | None:
    moment = _unix(value)
    return None if moment is None else moment.isoformat()


def _unix_date(value: Any) -> str | None:
    moment = _unix(value)
    return None if moment is None else moment.date().isoformat()


def _date(value: Any) -> str | None:
    """Return the day of a text that begins with one."""
    text = _text(value)
    return text[:10] if text else None


def _flag(value: Any) -> bool:
    """Tell whether something is there and not false."""
    return bool(value) and value not in ("0", "false")


def _upper(value: Any) -> str:
    return _text(value).upper()


def _hundredths(value: Any) -> Decimal:
    return Decimal(str(_integer(value))) / _CENTS


def _owed(value: Any) -> Decimal:
    return -_hundredths(value)


def _amount(value: Any) -> Decimal:
    return Decimal(str(_number(value)))


# In what form a value stands in a reply. Numbers with a point are text there.
FORMS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "plain": _plain,
    "text": _text,
    "upper": _upper,
    "integer": _integer,
    "number": _number,
    "flag": _flag,
    "date": _date,
    "unix_time": _unix_time,
    "unix_date": _unix_date,
}
# `owed` are hundredths of which more than zero is a debt.
MONEY_FORMS: Final[Mapping[str, Callable[[Any], Decimal]]] = {
    "hundredths": _hundredths,
    "owed": _owed,
    "amount": _amount,
}

"""What a mapping produces, checked against the results: every field exists, none is missing."""

import inspect
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from adapter.backends.mapped.names import ANY, ExpressionError, Names, element_of, typed
from adapter.backends.mapped.node import Node, wrong
from adapter.backends.mapped.reading import Reading, compile_reading
from adapter.backends.mapped.results import FORMS, MONEY_FORMS, Constant, Leaf, Record
from adapter.billing.money import Money
from adapter.commands.canonical import from_data, hints_of, is_required
from adapter.commands.canonical_errors import error_kinds
from adapter.errors import AdapterError, InvalidField, OutOfBounds, StateError

_LEAF_KEYS: Final = ("value", "as", "noun", "currency", "less", "choices", "otherwise")
_RECORD_KEYS: Final = ("of", "each", "fields")
# The forms that can give a type.
_FORMS_OF: Final[Mapping[Any, tuple[str, ...]]] = {
    str: ("text", "upper", "plain", "choice", "number"),
    int: ("id", "integer", "plain", "choice"),
    bool: ("flag", "plain", "choice"),
    Decimal: ("number", "choice"),
    Money: tuple(MONEY_FORMS),
    date: ("date", "unix_date", "plain"),
    datetime: ("unix_time", "plain"),
}
_DEFAULT: Final = {str: "text", int: "integer", bool: "flag", Decimal: "number", date: "date"}


def error_for(code: str) -> type[AdapterError] | None:
    """Return an error of the stored state that can be told without facts; None for others."""
    kind = error_kinds().get(code)
    if kind is None or not issubclass(kind, StateError):
        return None
    needed = [
        each
        for each in inspect.signature(kind).parameters.values()
        if each.default is each.empty and each.kind is each.POSITIONAL_OR_KEYWORD
    ]
    return None if needed else kind


def check_record(node: Node, kind: type, names: Names) -> Record:
    """Return how a result or record is produced. Raises `InvalidMapping`."""
    of, each = _reading(node.get("of"), names), _reading(node.get("each"), names)
    if of is not None and each is not None:
        raise wrong(node.get("each"), "there is `of` too", "keep one of them")
    inner = names
    if of is not None:
        inner = names.with_(item=of[1])
    elif each is not None:
        inner = names.with_(item=element_of(each[1]), index=typed(int))
    given = node.get("fields")
    hints = hints_of(kind)
    parts: dict[str, Any] = {}
    for name, part in given.items():
        if name not in hints:
            remedy = f"it has {', '.join(hints)}"
            raise wrong(part, f"{kind.__name__} has no field {name}", remedy)
        parts[name] = _part(part, hints[name], inner)
    missing = [each.name for each in fields(kind) if is_required(each) and each.name not in parts]
    if missing:
        what = f"{kind.__name__} needs {', '.join(missing)}"
        raise wrong(given.get(missing[0]), what, "say where each is read from")
    return Record(
        parts,
        None if of is None else of[0],
        None if each is None else each[0],
        kind.__name__,
    )


def _part(node: Node, hint: Any, names: Names) -> Leaf | Constant | Record:
    kind, is_list = _kind_of(hint)
    if isinstance(node.value, dict) and set(node.value) == {"constant"}:
        return _constant(node, hint)
    if isinstance(kind, type) and is_dataclass(kind) and kind is not Money:
        node.only(_RECORD_KEYS)
        wanted, other = ("each", "of") if is_list else ("of", "each")
        if node.get(other).value is not None or (is_list and node.get("each").value is None):
            raise wrong(node, f"a {kind.__name__} here needs {wanted}", f"write {wanted}")
        return check_record(node, kind, names)
    if isinstance(node.value, str):
        node = Node(node.file, node.path, {"value": node.value})
    node.only(_LEAF_KEYS)
    return _leaf(node, kind, names)


def _leaf(node: Node, kind: Any, names: Names) -> Leaf:
    is_enum = isinstance(kind, type) and issubclass(kind, Enum)
    usual = "choice" if node.get("choices").value is not None else _DEFAULT.get(kind, "plain")
    form = node.get("as").text(usual)
    allowed = ("choice", "plain") if is_enum else _FORMS_OF.get(kind, (*FORMS, "choice"))
    if form not in allowed:
        name = getattr(kind, "__name__", "this")
        raise wrong(node.get("as"), f"{form} gives no {name}", f"use one of {', '.join(allowed)}")
    value = _reading(node.need("value"), names)
    currency = _reading(node.get("currency"), names)
    less = _reading(node.get("less"), names)
    if less is not None and form not in MONEY_FORMS:
        raise wrong(node.get("less"), "goes with amounts", "remove it")
    for wanted, key in (("id", "noun"), ("choice", "choices")):
        if (form == wanted) != (node.get(key).value is not None):
            raise wrong(node.get(key), f"{key} goes with the form {wanted}", "write both or none")
    if (form in MONEY_FORMS) != (currency is not None):
        raise wrong(node.get("currency"), "currency goes with amounts", "write both or none")
    choices = {name: each.value for name, each in node.get("choices").items()}
    otherwise = node.get("otherwise").value
    for key, each in [*choices.items(), *([("otherwise", otherwise)] if otherwise else [])]:
        _fits(node.get("choices"), kind, each, key)
    return Leaf(
        reading=value[0] if value else Reading("", None),
        form=form,
        noun=node.get("noun").text(""),
        currency=None if currency is None else currency[0],
        less=None if less is None else less[0],
        choices=choices or None,
        otherwise=otherwise,
    )


def _constant(node: Node, hint: Any) -> Constant:
    value = node.get("constant").value
    _fits(node, hint, value, "constant")
    return Constant(value)


def _fits(node: Node, hint: Any, value: Any, key: str) -> None:
    try:
        from_data(hint, value)
    except (InvalidField, OutOfBounds) as error:
        raise wrong(
            node, f"{key}: {value!r} does not fit: {error}", "write one that does"
        ) from error


def _kind_of(hint: Any) -> tuple[Any, bool]:
    """Return a field's type without None, and whether it is a list of it."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        return _kind_of(next(each for each in get_args(hint) if each is not NoneType))
    if origin is tuple and get_args(hint)[-1] is Ellipsis:
        return get_args(hint)[0], True
    return hint if origin is None else ANY, False


def _reading(node: Node, names: Names) -> tuple[Reading, Any] | None:
    if node.value is None:
        return None
    try:
        return compile_reading(node.value, names)
    except ExpressionError as error:
        raise wrong(node, str(error), error.remedy) from error

"""jmespath reads commands and replies."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError

from adapter.backends.mapped.names import (
    ANY,
    PLAIN,
    ExpressionError,
    ListOf,
    Names,
    element_of,
    field_of,
)

_Nodes = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Reading:
    """A compiled jmespath expression."""

    text: str
    compiled: Any = field(repr=False, compare=False)

    def of(self, scope: Mapping[str, Any]) -> Any:
        """Return what it reads from the scope; None where there is nothing."""
        try:
            return self.compiled.search(scope)
        except JMESPathError as error:
            raise ExpressionError(str(error), "look what the reply holds there") from error


def compile_reading(text: Any, names: Names) -> tuple[Reading, Any]:
    """Return an expression and the type of what it reads. Raises `ExpressionError`."""
    if not isinstance(text, str):
        raise ExpressionError(f"{text!r} is no jmespath expression", "write it as text")
    try:
        compiled = jmespath.compile(text)
    except JMESPathError as error:
        what = f"{text!r} is no jmespath expression: {str(error).partition(chr(10))[0]}"
        raise ExpressionError(what, "correct it") from error
    return Reading(text, compiled), _walk(compiled.parsed, names.roots, names)


def _walk(node: Mapping[str, Any], here: Any, names: Names) -> Any:
    """Return the type that an expression gives, `here` being that of the current node."""
    kind = node["type"]
    if kind == "field":
        return field_of(here, node["value"], names)
    if kind in {"identity", "current", "slice"}:
        return here
    if kind == "index":
        return element_of(here)
    return _INNER.get(kind, _each)(node["children"], here, names)


def _each(children: _Nodes, here: Any, names: Names) -> Any:
    for each in children:
        _walk(each, here, names)
    return ANY


def _told(children: _Nodes, here: Any, names: Names) -> Any:
    _each(children, here, names)
    return PLAIN


def _one_after_the_other(children: _Nodes, here: Any, names: Names) -> Any:
    for each in children:
        here = _walk(each, here, names)
    return here


def _either(children: _Nodes, here: Any, names: Names) -> Any:
    one, other = (_walk(each, here, names) for each in children)
    return one if one is other else ANY


def _several(children: _Nodes, here: Any, names: Names) -> Any:
    found = [_walk(each, here, names) for each in children]
    return ListOf(found[0])


def _flattened(children: _Nodes, here: Any, names: Names) -> Any:
    inner = _walk(children[0], here, names)
    is_nested = isinstance(inner, ListOf) and isinstance(inner.element, ListOf)
    return inner.element if is_nested else inner


def _projected(children: _Nodes, here: Any, names: Names) -> Any:
    element = element_of(_walk(children[0], here, names))
    for condition in children[2:]:
        _walk(condition, element, names)
    return ListOf(_walk(children[1], element, names))


def _unknown(_children: _Nodes, _here: Any, _names: Names) -> Any:
    return ANY  # what a function applies it to is not known here


_INNER: Final[Mapping[str, Callable[[_Nodes, Any, Names], Any]]] = {
    "subexpression": _one_after_the_other,
    "pipe": _one_after_the_other,
    "index_expression": _one_after_the_other,
    "flatten": _flattened,
    "projection": _projected,
    "filter_projection": _projected,
    "value_projection": _projected,
    "or_expression": _either,
    "multi_select_list": _several,
    "not_expression": _told,
    "comparator": _told,
    "expref": _unknown,
}

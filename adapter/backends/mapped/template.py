"""json-e writes bodies, queries and headers; what a caller sent is only ever a value in them."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jsone
from jsone.parser import Parser
from jsone.render import tokenizer
from jsone.shared import JSONTemplateError

from adapter.backends.mapped.functions import FUNCTIONS
from adapter.backends.mapped.names import (
    ANY,
    PLAIN,
    ExpressionError,
    ListOf,
    Names,
    element_of,
    field_of,
)

_INTERPOLATION: Final = re.compile(r"\$?\$\{")
_EACH: Final = re.compile(r"each\((\w+)(?:,\s*(\w+))?\)").fullmatch
_BUILT_IN: Final = (
    "min max ceil floor abs lowercase uppercase str number len strip lstrip rstrip join split "
    "typeof range"
)
_CALLABLE: Final = frozenset(FUNCTIONS) | frozenset(_BUILT_IN.split())
_render: Callable[..., Any] = jsone.render
_parser: Callable[..., Any] = Parser


@dataclass(frozen=True, slots=True)
class Template:
    """A checked json-e template."""

    template: Any

    def render(self, scope: Mapping[str, Any]) -> Any:
        """Return the template filled in.

        Raises `CannotExpress` where a function of ours says so, `ExpressionError` otherwise.
        """
        try:
            return _render(self.template, {**scope, **FUNCTIONS})
        except (JSONTemplateError, TypeError, ValueError, KeyError) as error:
            raise ExpressionError(str(error), "look what the template is given there") from error


def compile_template(template: Any, names: Names) -> Template:
    """Return a template whose every expression and operator was checked."""
    _check(template, names)
    return Template(template)


def compile_condition(expression: Any, names: Names) -> Template:
    """Return a json-e expression as a template that gives its value."""
    return compile_template({"$eval": expression}, names)


def _check(template: Any, names: Names) -> None:
    if isinstance(template, str):
        for expression in _interpolated(template):
            _parsed(expression, names)
    elif isinstance(template, list):
        for each in template:
            _check(each, names)
    elif isinstance(template, dict):
        operators = [key for key in template if str(key).startswith("$") and key[1:2] != "$"]
        if operators:
            _check_operator(operators, template, names)
            return
        for key, value in template.items():
            _check(str(key), names)
            _check(value, names)


def _check_operator(found: list[str], template: Mapping[str, Any], names: Names) -> None:
    operator, allowed = found[0], {"$if": {"then", "else"}, "$let": {"in"}}
    more = set(template) - {operator} - allowed.get(operator, set())
    value = template[operator]
    if operator == "$map":
        _check_map(template, names)
    elif len(found) > 1 or more:
        extra = ", ".join(sorted([*found[1:], *more]))
        raise ExpressionError(f"{extra} cannot stand beside {operator}", f"remove {extra}")
    elif operator in {"$eval", "$if"}:
        _parsed(value, names)
        for part in ("then", "else"):
            _check(template.get(part), names)
    elif operator == "$let":
        _check_let(template, names)
    elif operator == "$switch" and isinstance(value, dict):
        for condition, each in value.items():
            if condition != "$default":
                _parsed(condition, names)
            _check(each, names)
    elif operator in {"$merge", "$flatten", "$json"}:
        _check(value, names)
    else:
        known = "$eval, $if, $let, $map, $switch, $merge, $flatten, $json"
        raise ExpressionError(f"there is no operator {operator} here", f"use one of {known}")


def _check_let(template: Mapping[str, Any], names: Names) -> None:
    bound = template["$let"]
    if not isinstance(bound, dict) or "in" not in template:
        raise ExpressionError("$let needs names and `in`", "write {$let: {name: ...}, in: ...}")
    _check(bound, names)
    _check(template["in"], names.with_(**{name: _type_of(bound[name], names) for name in bound}))


def _check_map(template: Mapping[str, Any], names: Names) -> None:
    each = [key for key in template if key != "$map"]
    found = _EACH(each[0]) if len(each) == 1 else None
    if found is None:
        raise ExpressionError("$map needs `each(x)`", "write {$map: ..., each(x): ...}")
    _check(template["$map"], names)
    bound: dict[str, Any] = {found[1]: element_of(_type_of(template["$map"], names))}
    if found[2]:
        bound[found[2]] = PLAIN
    _check(template[each[0]], names.with_(**bound))


def _type_of(template: Any, names: Names) -> Any:
    if isinstance(template, dict) and set(template) == {"$eval"}:
        return _parsed(template["$eval"], names)
    return ANY


def _interpolated(text: str) -> Iterator[str]:
    """Yield what stands between `${` and `}`; the reader finds the end."""
    at = 0
    while (found := _INTERPOLATION.search(text, at)) is not None:
        at = found.end()
        if found[0] == "${":
            rest = text[at:]
            try:
                parser = _parser(rest, tokenizer)
                parser.parse()
                end = parser.current_token
            except (JSONTemplateError, AttributeError, TypeError) as error:
                raise ExpressionError(f"{text!r}: {error}", "correct the expression") from error
            if end is None or end.kind != "}":
                raise ExpressionError(f"{text!r}: the expression does not end", "close it by }")
            yield rest[: end.start]
            at += end.start + 1


def _parsed(expression: Any, names: Names) -> Any:
    """Return the type of an expression. Raises `ExpressionError`."""
    if not isinstance(expression, str):
        raise ExpressionError(f"{expression!r} is no json-e expression", "write it as text")
    try:
        parser = _parser(expression, tokenizer)
        tree = parser.parse()
        rest = parser.current_token
    except (JSONTemplateError, AttributeError, TypeError) as error:
        what = f"{expression!r} is no json-e expression: {error}"
        raise ExpressionError(what, "correct it") from error
    if rest is not None or tree is None:
        raise ExpressionError(f"{expression!r} is no json-e expression", "correct it")
    return _visit(tree, names)


def _visit(node: Any, names: Names) -> Any:
    """Return the type of an expression's node."""
    return _VISITS.get(type(node).__name__, _plain)(node, names)


def _plain(_node: Any, _names: Names) -> Any:
    return PLAIN


def _value(node: Any, names: Names) -> Any:
    name = node.token.value
    return ANY if name in _CALLABLE else field_of(names.roots, name, names)


def _joined(node: Any, names: Names) -> Any:
    if node.token.kind == ".":
        return field_of(_visit(node.left, names), node.right.token.value, names)
    for each in (node.left, node.right):
        _visit(each, names)
    return ANY


def _negated(node: Any, names: Names) -> Any:
    _visit(node.expr, names)
    return PLAIN


def _called(node: Any, names: Names) -> Any:
    name = getattr(getattr(node.name, "token", None), "value", "this")
    if type(node.name).__name__ != "ContextValue" or name not in _CALLABLE:
        remedy = (
            f"put brackets around a call after a `!`; there are {', '.join(sorted(_CALLABLE))}"
        )
        raise ExpressionError(f"{name!r} is no function", remedy)
    for each in node.args or ():
        _visit(each, names)
    return ANY


def _listed(node: Any, names: Names) -> Any:
    found = [_visit(each, names) for each in node.list if each is not None]
    return ListOf(found[0] if found else ANY)


def _object(node: Any, names: Names) -> Any:
    for each in node.obj.values():
        _visit(each, names)
    return ANY


def _access(node: Any, names: Names) -> Any:
    inner = _visit(node.arr, names)
    for each in (node.left, node.right):
        if each is not None:
            _visit(each, names)
    if node.isInterval:
        return inner
    return element_of(inner)


_VISITS: Final[Mapping[str, Callable[[Any, Names], Any]]] = {
    "ContextValue": _value,
    "BinOp": _joined,
    "UnaryOp": _negated,
    "ValueAccess": _access,
    "FunctionCall": _called,
    "List": _listed,
    "Object": _object,
}

"""Expressions of a mapping file, compiled where they stand, so that faults tell their place."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from adapter.backends.mapped.names import ExpressionError, Names, element_of, is_name, typed
from adapter.backends.mapped.node import Node, wrong
from adapter.backends.mapped.reading import Reading, compile_reading
from adapter.backends.mapped.template import Template, compile_template

T = TypeVar("T")
Variables = tuple[tuple[str, Reading], ...]


def template_at(node: Node, names: Names) -> Template | None:
    """Return the json-e template that stands there; None without one."""
    if node.value is None:
        return None
    return compiled(node, lambda: compile_template(node.value, names))


def reading_at(node: Node, names: Names) -> Reading | None:
    """Return the jmespath expression that stands there; None without one."""
    if node.value is None:
        return None
    return compiled(node, lambda: compile_reading(node.value, names))[0]


def compiled(node: Node, compile_: Callable[[], T]) -> T:
    """Return what is compiled. Raises `InvalidMapping` with the place."""
    try:
        return compile_()
    except ExpressionError as error:
        raise wrong(node, str(error), error.remedy) from error


def needed(value: T | None, node: Node) -> T:
    """Return what must be there. Raises `InvalidMapping`."""
    if value is None:
        raise wrong(node, "is missing", "write it")
    return value


def named(node: Node, name: Any) -> bool:
    """Tell that a text can name something. Raises `InvalidMapping`."""
    if not is_name(name):
        raise wrong(node, f"{name!r} is no name", "use letters, digits and underscores")
    return True


def listed(names: Iterable[str]) -> str:
    """Return names as a text."""
    return ", ".join(names)


def each_at(node: Node, names: Names) -> tuple[Reading | None, Names]:
    """Return what a node is repeated for, and the names with its `item` and `index`."""
    each = node.get("each")
    if each.value is None:
        return None, names
    reading, kind = compiled(each, lambda: compile_reading(each.value, names))
    return reading, names.with_(item=element_of(kind), index=typed(int))


def variables_at(
    node: Node, names: Names
) -> tuple[tuple[tuple[str, Reading], ...], dict[str, Any]]:
    """Return readings by name, and the types of what they read."""
    found: list[tuple[str, Reading]] = []
    kinds: dict[str, Any] = {}
    for name, value in node.items():
        named(value, name)
        here = names.with_(vars={**names.roots["vars"], **kinds})
        reading, kind = compiled(value, lambda: compile_reading(value.value, here))  # noqa: B023 - called at once
        found.append((name, reading))
        kinds[name] = kind
    return tuple(found), kinds

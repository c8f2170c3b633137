"""What expressions may name, and of which type it is: fields of commands are known."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

from adapter.commands.canonical import hints_of
from adapter.commands.model import Unset

# Types of what an expression may name. A mapping is names with their types, a dataclass its
# fields, a `ListOf` its elements; `ANY` is what only the reply knows, `PLAIN` has no fields.
ANY: Final[Any] = object()
PLAIN: Final[Any] = object()
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII).fullmatch


class ExpressionError(Exception):
    """An expression is wrong: says what, and what to do."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class ListOf:
    """The type of a list."""

    element: Any


@dataclass(slots=True)
class Names:
    """What expressions of one place may name, and what of the command they did name."""

    roots: Any
    used: set[tuple[type, str]] = field(default_factory=set)

    def with_(self, **more: Any) -> "Names":
        """Return these names and more; what is used counts for both."""
        return Names({**self.roots, **more}, self.used)


def typed(hint: Any) -> Any:
    """Return the type of a command's field as expressions see it."""
    origin = get_origin(hint)
    if origin in {Union, UnionType}:
        choices = [each for each in get_args(hint) if each not in {NoneType, Unset}]
        return typed(choices[0])
    if origin is tuple:
        parts = get_args(hint)
        return ListOf(typed(parts[0]))
    if isinstance(hint, type) and is_dataclass(hint) and hint.__name__ != "Money":
        return hint
    return PLAIN if origin is None else ANY


def element_of(kind: Any) -> Any:
    """Return the type of a list's elements."""
    return kind.element if isinstance(kind, ListOf) else ANY


def field_of(here: Any, name: str, names: Names) -> Any:
    """Return the type of a field of something of type `here`. Raises `ExpressionError`."""
    if here is ANY:
        return ANY
    if here is PLAIN or isinstance(here, ListOf):
        what = f"{name!r} is asked of something that has no fields"
        raise ExpressionError(what, "put brackets around what comes before it, or after a `!`")
    if isinstance(here, Mapping):
        if name not in here:
            known = ", ".join(sorted(here)) or "none"
            raise ExpressionError(f"there is no {name!r} here", f"known are {known}")
        return here[name]
    hints = hints_of(here)
    if name not in hints:
        known = ", ".join(hints)
        raise ExpressionError(f"{here.__name__} has no field {name!r}", f"it has {known}")
    names.used.add((here, name))
    return typed(hints[name])


def is_name(text: Any) -> bool:
    """Tell whether a text can name something in expressions."""
    return isinstance(text, str) and _NAME(text) is not None

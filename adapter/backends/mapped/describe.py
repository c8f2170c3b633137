"""What a mapping file can say of a command or a result: its fields, their types and defaults."""

import difflib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any

from adapter.backends.mapped.commands import records_of
from adapter.commands.canonical import hints_of, is_required, kinds_of
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import InvalidField

# As a mapping file names them: path, type, and what holds where it is left out.
Row = tuple[str, str, str]


def describe_kind(name: str) -> Iterator[Row]:
    """Yield the fields of a command or result, each record's own below it.

    Raises `InvalidField` for a name of neither.
    """
    known = kinds_of(Command) | kinds_of(Result)
    kind = known.get(name)
    if kind is None:
        close = difflib.get_close_matches(name, known, n=1)
        remedy = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
        raise InvalidField("COMMAND", "unknown", f"no command or result {name}; {remedy}")
    for owner, prefix in records_of(kind):
        hints = hints_of(owner)
        for each in fields(owner):
            yield f"{prefix}{each.name}", _spelled(hints[each.name]), _default(each)


def _spelled(hint: Any) -> str:
    if isinstance(hint, type) and not hasattr(hint, "__origin__") and "[" not in str(hint):
        return hint.__name__
    return str(hint).replace("NoneType", "None")


def _default(each: "Field[Any]") -> str:
    if is_required(each):
        return "required"
    if each.default is MISSING:
        return "empty"
    return repr(getattr(each.default, "value", each.default))

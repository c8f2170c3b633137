"""Errors as plain JSON values and back: what a gateway behind another one answers.

An error's facts are the arguments that it is made of, so that the one in front raises the same
error and its caller gets the same reply. What a backend said (`reason`) is for the log only and
never leaves.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, get_type_hints

import adapter.errors
from adapter.commands.canonical import from_data, to_data
from adapter.errors import AdapterError, InvalidField

_UNTOLD: Final = "reason"
# Arguments that some errors keep as a fact and others only in their text.
_IN_THE_TEXT: Final = frozenset({"detail", "reason"})


@cache
def error_kinds() -> Mapping[str, type[AdapterError]]:
    """Return every error by its code."""
    kinds = [getattr(adapter.errors, name) for name in adapter.errors.__all__]
    return {kind.code: kind for kind in sorted(kinds, key=lambda kind: kind.__name__)}


def error_data(error: AdapterError) -> dict[str, Any]:
    """Return `{"error": code, "message": text, "facts": {...}}`."""
    kind = error_kinds().get(error.code)
    facts = {} if kind is None else _facts_of(kind)
    return {
        "error": error.code,
        "message": str(error),
        "facts": {name: to_data(getattr(error, name)) for name in facts if hasattr(error, name)},
    }


def read_error(data: Any) -> AdapterError:
    """Return the error that `error_data` wrote, `reason` left blank. Raises `InvalidField`."""
    given = data if isinstance(data, Mapping) else {}
    kind = error_kinds().get(str(given.get("error")))
    if kind is None:
        raise InvalidField("error", "unknown", f"there is no error {given.get('error')!r}")
    message = from_data(str, given.get("message"), "message")
    facts = given.get("facts", {})
    if not isinstance(facts, Mapping):
        raise InvalidField("facts", "object", "an object is wanted")
    error = kind.__new__(kind)
    error.args = (message,)
    for name, hint in _facts_of(kind).items():
        if name in facts:
            setattr(error, name, from_data(hint, facts[name], f"facts.{name}"))
        elif name not in _IN_THE_TEXT:
            raise InvalidField(f"facts.{name}", "required", "this fact must be given")
    if _UNTOLD in _arguments_of(kind) and not hasattr(error, _UNTOLD):
        error.__dict__[_UNTOLD] = ""
    return error


def _facts_of(kind: type[AdapterError]) -> Mapping[str, Any]:
    """Return the types of what an error tells, by name."""
    hidden = issubclass(kind, adapter.errors.BackendError)
    return {
        name: hint
        for name, hint in _arguments_of(kind).items()
        if not (hidden and name == _UNTOLD)
    }


def _arguments_of(kind: type[AdapterError]) -> Mapping[str, Any]:
    hints = get_type_hints(kind.__init__) if "__init__" in _own(kind) else {}
    return {name: hint for name, hint in hints.items() if name != "return"}


def _own(kind: type[AdapterError]) -> set[str]:
    """Return what an error and its bases up to the root define themselves."""
    return {name for each in kind.__mro__ if issubclass(each, AdapterError) for name in vars(each)}

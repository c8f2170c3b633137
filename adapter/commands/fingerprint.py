"""One short text for what a command asks, the same in every process."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from operator import attrgetter
from typing import Any, Final

from adapter.commands.canonical import to_data
from adapter.commands.model import UNSET, Command

_ABSENT: Final[Mapping[str, bool]] = {"unset": True}
_values: dict[type, Callable[[Any], Any] | None] = {}


def fingerprint(command: Command, also: Any = None) -> str:
    """Return the SHA-256 of a command's name and values, and of `also`, as 64 hex digits.

    The values are those of the command's canonical form, without the names of fields: every call
    that creates something pays for this. `also` is any JSON value.
    """
    text = _encode([type(command).__name__, command, also])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    """Return what the encoder does not know as what it knows."""
    if value is UNSET:
        return _ABSENT
    kind = type(value)
    try:
        values = _values[kind]
    except KeyError:
        values = _values[kind] = _getter(kind)
    return to_data(value) if values is None else values(value)


def _getter(kind: type) -> Callable[[Any], Any] | None:
    """Return what reads all fields of a record at once; None for a value of another kind.

    Secrets are left out: the text is kept, and a password could be guessed from it.
    """
    names = [each.name for each in fields(kind) if each.repr] if is_dataclass(kind) else []
    return attrgetter(*names) if names else None


_encode: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), check_circular=False, default=_plain
).encode

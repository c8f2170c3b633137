"""A place in a mapping file: its value, and where it stands for whoever must correct it."""

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

from adapter.errors import InvalidMapping

ChoiceT = TypeVar("ChoiceT", bound=StrEnum)
_NEEDED: Final = object()


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a file and its path; a key that is not there has the value None."""

    file: str
    path: str
    value: Any

    def get(self, key: str) -> "Node":
        """Return what stands under a key."""
        at = f"{self.path}.{key}" if self.path else key
        return Node(self.file, at, self._table().get(key))

    def need(self, key: str) -> "Node":
        """Return what must stand under a key."""
        found = self.get(key)
        if found.value is None:
            raise wrong(found, "is missing", "write it")
        return found

    def at(self, index: int) -> "Node":
        """Return an entry of a list."""
        return Node(self.file, f"{self.path}[{index}]", self.value[index])

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the keys of a table with what stands under them."""
        for key in self._table():
            if not isinstance(key, str):
                raise wrong(self, f"the key {key!r} is no text", "put it in quotes")
            yield key, self.get(key)

    def entries(self) -> Iterator["Node"]:
        """Yield the entries of a list; nothing where there is none."""
        if self.value is None:
            return
        if not isinstance(self.value, list):
            raise wrong(self, "is no list", "write a list")
        for index in range(len(self.value)):
            yield self.at(index)

    def only(self, keys: Iterable[str]) -> None:
        """Refuse every key that has no meaning here."""
        known = list(keys)
        for key, each in self.items():
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                meant = f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"
                raise wrong(each, "has no meaning here", f"remove it ({meant})")

    def text(self, default: Any = _NEEDED) -> str:
        """Return a text."""
        if self.value is None and default is not _NEEDED:
            return str(default)
        if not isinstance(self.value, str):
            raise wrong(self, "is no text", "write it as text, in quotes if need be")
        return self.value

    def flag(self, *, default: bool) -> bool:
        """Return a switch."""
        if self.value is None:
            return default
        if not isinstance(self.value, bool):
            raise wrong(self, "is neither true nor false", "write true or false")
        return self.value

    def choice(self, kind: type[ChoiceT], default: ChoiceT) -> ChoiceT:
        """Return one of several words."""
        if self.value is None:
            return default
        try:
            return kind(self.value)
        except ValueError as error:
            words = ", ".join(kind)
            raise wrong(self, f"{self.value!r} is none of {words}", "use one of them") from error

    def plain(self) -> Any:
        """Return the value as it stands."""
        self._table()
        return self.value

    def _table(self) -> dict[Any, Any]:
        if self.value is None:
            return {}
        if not isinstance(self.value, dict):
            raise wrong(self, "is no table", "write keys with values")
        return self.value


def wrong(node: Node, what: str, remedy: str) -> InvalidMapping:
    """Return the error for a place of a file."""
    return InvalidMapping(node.file, node.path or "(file)", what, remedy)

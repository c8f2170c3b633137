"""TOML tables read with complaints that name the place."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from adapter.bridge.contracts.model import BadContract

T = TypeVar("T")


def read_toml(path: Path) -> dict[str, Any]:
    """Return a file's content; raises `BadContract`."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadContract(str(path), str(error)) from error


class Table:
    """A TOML table being read: typed access, and a complaint about whatever was not read."""

    def __init__(self, content: Any, where: str) -> None:
        if not isinstance(content, dict):
            raise BadContract(where, "a table is expected")
        self.left: dict[str, Any] = dict(content)
        self.where = where

    def take(self, key: str, kind: type[T], default: T) -> T:
        """Return a key's value of type `kind`, or `default`."""
        value = self.left.pop(key, default)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise BadContract(self.where, f"{key} must be {kind.__name__}")
        return value

    def need(self, key: str, kind: type[T]) -> T:
        """Return a key's value, which must be there."""
        if key not in self.left:
            raise BadContract(self.where, f"{key} is missing")
        value: T = self.take(key, kind, self.left[key])
        return value

    def maybe(self, key: str, kind: type[T]) -> T | None:
        """Return a key's value or None."""
        return self.need(key, kind) if key in self.left else None

    def word(self, key: str, words: type[T], default: T | None) -> T | None:
        """Return a key's value as a member of an enum of words."""
        text = self.maybe(key, str)
        if text is None:
            return default
        try:
            return words(text)  # type: ignore[call-arg]
        except ValueError as error:
            raise BadContract(self.where, f"{key}: {error}") from error

    def texts(self, key: str) -> dict[str, str]:
        """Return a table of texts; numbers and dates become texts."""
        return {
            name: value if isinstance(value, str) else self._scalar(f"{key}.{name}", value)
            for name, value in self.take(key, dict, {}).items()
        }

    def _scalar(self, key: str, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | date):
            raise BadContract(self.where, f"{key} must be a text")
        return str(value)

    def day(self, key: str) -> str | None:
        """Return a date, or a text that may hold a placeholder."""
        value = self.left.pop(key, None)
        if value is None or isinstance(value, str):
            return value
        return self._scalar(key, value)

    def done(self) -> None:
        """Complain about keys that nothing read."""
        if self.left:
            raise BadContract(self.where, f"unknown key {', '.join(sorted(self.left))}")

"""PHP's `serialize()` of scalars and arrays, read with bounds and written; objects never.

Lengths in the format are bytes. What PHP itself would make an object, a reference or a custom
class of is refused, so nothing is ever instantiated.
Source: the form-post facts, 1.2, "Serialised parameters".
"""

import base64
import re
from collections.abc import Mapping
from typing import Final, TypeAlias

Scalar: TypeAlias = None | bool | int | float | str
# PHP arrays: ordered, keyed by int or text. A PHP list has the keys 0, 1, ...
Value: TypeAlias = "Scalar | dict[int | str, Value]"

MAX_DEPTH: Final = 8
MAX_ITEMS: Final = 1_000

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
# At most 20 digits: longer numbers are no PHP integers and would cost quadratic time to read.
_NUMBER: Final = re.compile(rb"[+-]?[0-9]{1,20};")
_LENGTH: Final = re.compile(rb"[0-9]{1,10}:")
_FLOAT: Final = re.compile(rb"(?:-?[0-9]{1,40}(?:\.[0-9]{0,40})?(?:[eE][+-]?[0-9]{1,4})?);")
_INT_KEY: Final = re.compile(r"(?:0|-?[1-9][0-9]{0,18})")


class NotSerialized(ValueError):
    """The bytes are no serialised scalar or array within the bounds; `str()` says why."""


def loads(raw: bytes, *, max_depth: int = MAX_DEPTH, max_items: int = MAX_ITEMS) -> Value:
    """Read one serialised value; raises `NotSerialized`.

    Texts are UTF-8, other bytes survive as lone surrogates. As in PHP a text key that spells an
    integer is that integer, and the last of equal keys wins in the place of the first.
    """
    reader = _Reader(raw, max_depth, max_items)
    value = reader.value(0)
    if reader.at != len(raw):
        raise NotSerialized(f"unexpected data at byte {reader.at}")
    return value


def dumps(value: Value) -> bytes:
    """Write one value as PHP's `serialize()` does; floats in their shortest form."""
    match value:
        case None:
            return b"N;"
        case bool():
            return b"b:%d;" % value
        case int():
            return b"i:%d;" % value
        case float():
            return b"d:%s;" % repr(value).encode("ascii")
        case str():
            text = value.encode("utf-8", "surrogateescape")
            return b's:%d:"%s";' % (len(text), text)
        case _:
            items = b"".join(dumps(_php_key(key)) + dumps(item) for key, item in value.items())
            return b"a:%d:{%s}" % (len(value), items)


def decode_blob(text: str) -> dict[int | str, Value]:
    """Read the base64 of a serialised array, as clients send it; raises `NotSerialized`.

    White space is ignored, as PHP does. A blank in the place of a `+` (a form that was not
    percent-encoded) is only white space too and makes the length wrong, so such a blob is refused
    rather than guessed at.
    """
    compact = "".join(text.split()).rstrip("=")
    try:
        raw = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except ValueError as error:
        raise NotSerialized("not base64") from error
    value = loads(raw)
    if not isinstance(value, dict):
        raise NotSerialized("not an array")
    return value


def encode_blob(value: Mapping[int | str, Value]) -> str:
    """Write the base64 of a serialised array."""
    return base64.b64encode(dumps(dict(value))).decode("ascii")


def _php_key(key: int | str) -> int | str:
    """Return an array key as PHP keeps it: a text that spells an integer becomes one."""
    if isinstance(key, str) and _INT_KEY.fullmatch(key) and _INT_MIN <= int(key) <= _INT_MAX:
        return int(key)
    return key


class _Reader:
    """A cursor over the bytes; counts items over the whole value."""

    def __init__(self, raw: bytes, max_depth: int, max_items: int) -> None:
        self.raw = raw
        self.at = 0
        self._max_depth = max_depth
        self._items_left = max_items

    def value(self, depth: int) -> Value:
        tag = self.raw[self.at : self.at + 2]
        self.at += 2
        match tag:
            case b"N;":
                return None
            case b"b:":
                return self._bool()
            case b"i:":
                return self._int()
            case b"d:":
                return self._float()
            case b"s:":
                return self._text()
            case b"a:":
                return self._array(depth)
            case _:
                # `O:`, `C:`, `E:`, `r:`, `R:` and anything unknown.
                raise self._refused(self.at - 2)

    def _refused(self, at: int) -> NotSerialized:
        return NotSerialized(f"unexpected data at byte {at}")

    def _match(self, pattern: re.Pattern[bytes]) -> bytes:
        found = pattern.match(self.raw, self.at)
        if found is None:
            raise self._refused(self.at)
        self.at = found.end()
        return found.group()[:-1]

    def _expect(self, text: bytes) -> None:
        if not self.raw.startswith(text, self.at):
            raise self._refused(self.at)
        self.at += len(text)

    def _bool(self) -> bool:
        start = self.at
        number = self._match(_NUMBER)
        if number not in {b"0", b"1"}:
            raise self._refused(start)
        return number == b"1"

    def _int(self) -> int:
        start = self.at
        number = int(self._match(_NUMBER))
        if not _INT_MIN <= number <= _INT_MAX:
            raise self._refused(start)
        return number

    def _float(self) -> float:
        return float(self._match(_FLOAT))

    def _text(self) -> str:
        length = int(self._match(_LENGTH))
        self._expect(b'"')
        text = self.raw[self.at : self.at + length]
        self.at += length
        self._expect(b'";')
        return text.decode("utf-8", "surrogateescape")

    def _array(self, depth: int) -> dict[int | str, Value]:
        if depth == self._max_depth:
            raise NotSerialized(f"nested deeper than {self._max_depth} levels")
        count = int(self._match(_LENGTH))
        self._items_left -= count
        if self._items_left < 0:
            raise NotSerialized("too many items")
        self._expect(b"{")
        array: dict[int | str, Value] = {}
        for _ in range(count):
            key = self._key()
            array[key] = self.value(depth + 1)
        self._expect(b"}")
        return array

    def _key(self) -> int | str:
        tag = self.raw[self.at : self.at + 2]
        start = self.at
        self.at += 2
        if tag == b"i:":
            return self._int()
        if tag == b"s:":
            return _php_key(self._text())
        raise self._refused(start)

"""The ids of all clients with due work, in little memory: a million of them take 8 MB.

Whole numbers of Python would take five times that, and sorting in the database a copy of it.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Final

_BITS: Final = 16
_MASK: Final = (1 << _BITS) - 1
_DENSE: Final = 4096  # from here on a bit a number is smaller than two bytes each


class IdSet:
    """A set of ids above zero: by their upper bits, the lower ones in order or a bit for each.

    `given` is how many ids it was made of, each as often as it came.
    """

    def __init__(self, ids: Iterable[int] = ()) -> None:
        self._parts: dict[int, array[int] | bytearray] = {}
        parts, self.given = self._parts, 0
        for self.given, each in enumerate(ids, 1):
            upper, lower = each >> _BITS, each & _MASK
            part = parts.get(upper)
            if part is None:
                parts[upper] = array("H", (lower,))
            elif isinstance(part, bytearray):
                part[lower >> 3] |= 1 << (lower & 7)
            else:
                part.append(lower)
                if len(part) >= _DENSE:
                    parts[upper] = _bits(part)
        for upper, part in parts.items():
            if not isinstance(part, bytearray):
                parts[upper] = array("H", sorted(set(part)))

    def __bool__(self) -> bool:
        return bool(self._parts)

    def __contains__(self, each: int) -> bool:
        part, lower = self._parts.get(each >> _BITS), each & _MASK
        if isinstance(part, bytearray):
            return bool(part[lower >> 3] & 1 << (lower & 7))
        if part is None:
            return False
        at = bisect_left(part, lower)
        return at < len(part) and part[at] == lower

    def __iter__(self) -> Iterator[int]:
        for upper in sorted(self._parts):
            part, first = self._parts[upper], upper << _BITS
            if isinstance(part, bytearray):
                for position, byte in enumerate(part):
                    if byte:
                        at = first + (position << 3)
                        yield from (at + bit for bit in range(8) if byte & 1 << bit)
            else:
                yield from (first + lower for lower in part)

    def ascending(self) -> "array[int]":
        """Return the ids in order, each once, eight bytes each."""
        return array("q", self)


def _bits(part: "array[int]") -> bytearray:
    bits = bytearray((_MASK + 1) >> 3)
    for lower in part:
        bits[lower >> 3] |= 1 << (lower & 7)
    return bits

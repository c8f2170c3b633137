"""The base of all results."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """Base of all results."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The window a list shows: `total` rows match, the first shown is number `offset`."""

    total: int
    offset: int

"""The base of all commands and what they share."""

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import ClassVar, Final


class Unset(Enum):
    """The type of `UNSET`."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class Effect(StrEnum):
    """What a command does to the store."""

    CREATES = "creates"
    CHANGES = "changes"
    READS = "reads"


@dataclass(frozen=True, slots=True)
class Command:
    """Base of all commands."""

    effect: ClassVar[Effect] = Effect.READS


@dataclass(frozen=True, slots=True)
class Page:
    """A window of a list: skip `offset` rows, return at most `limit`."""

    offset: int = 0
    limit: int = 25

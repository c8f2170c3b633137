"""What an account may set about this protocol, one switch per choice where installations differ.

Defaults follow the documented examples. Source: contracts/decisions.md.
"""

from dataclasses import dataclass
from datetime import UTC, tzinfo
from enum import StrEnum


class Numbers(StrEnum):
    """How numbers are written in JSON replies. Source: decisions, "Types of reply fields"."""

    MIXED = "mixed"  # ids and counters are ints; money, echoed ids and `numcreated` are text
    INT = "int"  # whatever is a whole number is an int, the switch for strictly typed clients
    TEXT = "text"  # whatever is a number is text, as old database drivers gave it


class UnknownActionText(StrEnum):
    """How an unknown action is refused. Source: decisions, "Unknown action"."""

    CURRENT = "current"  # Invalid API Action: "x" is not a valid API action
    LEGACY = "legacy"  # Command Not Found


@dataclass(frozen=True, slots=True)
class Quirks:
    """The switches of one account.

    `version` stands in the `version` attribute of XML replies. `raw_nvp` writes `;` and line
    breaks inside NVP values as they are, which lets a stored text forge a pair (the original does
    so); off, they become `,` and a blank. `zone` is the account's: the wire's times have none.
    """

    numbers: Numbers = Numbers.MIXED
    unknown_action_text: UnknownActionText = UnknownActionText.CURRENT
    version: str = "8.13.1"
    raw_nvp: bool = False
    zone: tzinfo = UTC

"""The fields of records that are imported and exported: JSON values <-> what the store keeps.

Every field is exact: amounts and numbers are decimal text, never binary fractions, dates ISO. A
field says for docs/import.md what it takes (`kind`, `unit`, `example`); `from_text` reads the cell
of a CSV file. Loading gives what the column takes, serialising what the file says.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from marshmallow import ValidationError, fields

from adapter.billing.money import MAX_HUNDREDTHS
from adapter.store.types import Scaled

LARGEST_ID: Final = 10**15
_FLAGS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_MAX_INT: Final = 2**31 - 1
_CUSTOM: Final = 5
_UNKEPT: Final = re.compile("[\\x00\\ud800-\\udfff]")
_NUMBER: Final = re.compile(r"-?\d{1,30}(?:\.(\d{1,30}))?", re.ASCII)


class _Field(fields.Field[Any]):
    """A field that can say for itself what it takes."""

    kind = ""
    unit = ""
    example: Any = ""
    default_error_messages = {  # noqa: RUF012 - marshmallow's own way
        "required": "is missing",
        "null": "must not be null",
    }

    def from_text(self, text: str) -> Any:
        """Return what a cell of a CSV file would be in JSON; blank cells are left out before."""
        return text


class Text(_Field):
    """Text of at most `length` characters. NUL is refused: not every database keeps it."""

    kind = "text"

    def __init__(
        self, length: int | None = 255, *, blank: bool = True, example: str = "text", **named: Any
    ) -> None:
        super().__init__(**named)
        self.length, self.blank, self.example = length, blank, example
        self.unit = "" if length is None else f"at most {length} characters"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("must be text")
        if not self.blank and not value.strip():
            raise ValidationError("must not be blank")
        if self.length is not None and len(value) > self.length:
            raise ValidationError(f"must be at most {self.length} characters")
        if _UNKEPT.search(value):
            raise ValidationError("has a character that cannot be kept")
        return value


class Whole(_Field):
    """A whole number."""

    kind = "whole number"

    def __init__(
        self, low: int = 0, high: int = _MAX_INT, *, unit: str = "", example: int = 1, **named: Any
    ) -> None:
        super().__init__(**named)
        self.low, self.high, self.unit, self.example = low, high, unit, example

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("must be a whole number")
        if not self.low <= value <= self.high:
            raise ValidationError(f"must be from {self.low} to {self.high}")
        return value

    def from_text(self, text: str) -> Any:
        """Read ASCII digits; anything else is left for the error."""
        plain = text.removeprefix("-")
        return int(text) if plain.isascii() and plain.isdigit() and len(plain) < 20 else text  # noqa: PLR2004 - beyond any bound


class Id(Whole):
    """The number of a record, as it is in the other system; `optional` takes 0 for none."""

    kind = "id"

    def __init__(self, *, optional: bool = False, **named: Any) -> None:
        super().__init__(0 if optional else 1, LARGEST_ID, example=1042, **named)
        if optional:
            self.unit = "0: none"


class Flag(_Field):
    """True or false."""

    kind = "true or false"
    example = True

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("must be true or false")
        return value

    def from_text(self, text: str) -> Any:
        """Read true, yes, 1 and their opposites."""
        return _FLAGS.get(text.lower(), text)


class Day(_Field):
    """A date."""

    kind = "date"
    unit = "YYYY-MM-DD"
    example = "2026-03-31"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date:
        try:
            found = date.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            found = None
        if found is None or found.isoformat() != value:
            raise ValidationError("must be a date (2026-03-31)")
        return found

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.isoformat()


class Moment(_Field):
    """A time with its offset from UTC."""

    kind = "time"
    unit = "ISO 8601 with offset"
    example = "2026-03-31T08:15:00Z"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> datetime:
        try:
            found = datetime.fromisoformat(value) if isinstance(value, str) else None
            found = None if found is None or found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError):
            found = None
        if found is None:
            raise ValidationError("must be a time with its offset (2026-03-31T08:15:00Z)")
        return found

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else value.isoformat().replace("+00:00", "Z")


class Exact(_Field):
    """An exact number as text, with at most `places` decimals; kept as `Decimal`."""

    kind = "decimal text"

    def __init__(
        self,
        places: int,
        low: int = 0,
        high: int = 10**9,
        *,
        unit: str = "",
        example: str = "1",
        **named: Any,
    ) -> None:
        super().__init__(**named)
        self.places, self.low, self.high = places, Decimal(low), Decimal(high)
        self.unit = ", ".join(filter(None, (unit, f"at most {places} decimals")))
        self.example = example

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        return self._number(value)

    def _number(self, value: Any) -> Decimal:
        found = _NUMBER.fullmatch(value) if isinstance(value, str) else None
        if found is None:
            raise ValidationError(f'must be a number as text ("{self.example}")')
        number = Decimal(value)
        if len((found[1] or "").rstrip("0")) > self.places:
            raise ValidationError(f"must have at most {self.places} decimals")
        if not self.low <= number <= self.high:
            raise ValidationError(f"must be from {self.low:f} to {self.high:f}")
        return number

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        if value is None:
            return None
        text = f"{value:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


class Amount(Exact):
    """An amount of money in the record's currency; kept as hundredths."""

    def __init__(self, *, signed: bool = False, **named: Any) -> None:
        most = MAX_HUNDREDTHS // 100
        super().__init__(2, -most if signed else 0, most, example="95.00", **named)
        self.unit = "money, at most 2 decimals" + (", may be below zero" if signed else "")

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        return int(self._number(value).scaleb(2))

    def _serialize(self, value: Any, *_: Any, **__: Any) -> str | None:
        return None if value is None else f"{Decimal(value).scaleb(-2):.2f}"


class Word(_Field):
    """One of a few words, as the column keeps them."""

    def __init__(self, words: type[StrEnum] | Sequence[str], **named: Any) -> None:
        super().__init__(**named)
        self.words = tuple(str(word) for word in words)
        self.kind = "one of " + ", ".join(f"`{word}`" for word in self.words if word)
        self.example = self.words[0] or self.words[-1]

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            raise ValidationError("must be one of " + ", ".join(f'"{w}"' for w in self.words))
        return value


class Pairs(_Field):
    """An object of names and values, all of one type."""

    def __init__(self, of: type, *, kind: str, example: Mapping[str, Any], **named: Any) -> None:
        super().__init__(**named)
        self.of, self.kind, self.example = of, kind, dict(example)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, dict) or not all(
            type(each) is self.of for each in value.values()
        ):
            raise ValidationError(f"must be an {self.kind}")
        return value

    def from_text(self, text: str) -> Any:
        """Read JSON."""
        return _json(text)


class Texts(_Field):
    """A list of texts, filled up with blanks to `count` where that is given."""

    kind = "list of text"
    example = ("", "A-17")

    def __init__(self, most: int, length: int, *, fill: bool = False, **named: Any) -> None:
        super().__init__(**named)
        self.most, self.length, self.fill = most, length, fill
        self.unit = f"at most {most}, of at most {length} characters"

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise ValidationError("must be a list of text")
        if len(value) > self.most or any(len(each) > self.length for each in value):
            raise ValidationError(f"must be {self.unit}")
        return value + [""] * (self.most - len(value)) if self.fill else value

    def _serialize(self, value: Any, *_: Any, **__: Any) -> list[str] | None:
        if value is None:
            return None
        kept = list(value)
        while self.fill and kept and not kept[-1]:
            kept.pop()
        return kept

    def from_text(self, text: str) -> Any:
        """Read JSON."""
        return _json(text)


class Data(_Field):
    """Anything that JSON can say; whoever applies it checks it."""

    kind = "object"

    def __init__(self, *, kind: str = "object", example: Any, **named: Any) -> None:
        super().__init__(**named)
        self.kind, self.example = kind, example

    def from_text(self, text: str) -> Any:
        """Read JSON."""
        return _json(text)


def custom_columns(**named: Any) -> Texts:
    """Return the field of a line's five custom columns."""
    return Texts(_CUSTOM, 255, fill=True, load_default=None, allow_none=True, **named)


def scaled(column: Any, *, low: int = 0, high: int = 10**9, **named: Any) -> Exact:
    """Return an exact number as a column keeps it."""
    kind: Scaled = column.type
    return Exact(kind.places, low, high, **named)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text

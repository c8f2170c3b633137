"""Exact marshmallow fields for what old PHP clients send.

They read the wire's values: text, or the `True`, `False` and `None` of a JSON body, where `None`
counts as not sent. marshmallow's own fields guess (`"1_0"` is 10, `1.9` is 1); these refuse.
Every message carries its rule, so that a protocol can map (field, rule) to its own texts.
"""

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Self, TypeVar

from marshmallow import Schema, ValidationError, fields, missing
from marshmallow.exceptions import SCHEMA

from adapter.errors import InvalidField

T = TypeVar("T")

INT_MIN: Final = -(2**63)
INT_MAX: Final = 2**63 - 1
MONEY_MAX: Final = Decimal("900000000000.00")

_BLANKS: Final = " \t\r\n"
# Possessive: a run of zeros before a wrong letter must not be tried at every length.
_INTEGER: Final = re.compile(r"([+-]?)0*+([0-9]*+)(?<=[0-9])").fullmatch
_INTEGER_DIGITS: Final = 19
_DECIMAL: Final = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?").fullmatch
_DECIMAL_DIGITS: Final = 15
_ISO_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})").fullmatch
_COMPACT_DATE: Final = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})").fullmatch
_LOCAL_DATE: Final = re.compile(r"([0-9]{2})([/.-])([0-9]{2})\2([0-9]{4})").fullmatch
_UNSET_DATE: Final = "0000-00-00"
_LOOSELY_FALSE: Final = frozenset({"", "0", "false", "off", "no", "null"})
_TRUE: Final = frozenset({"true", "1", "on", "yes"})
_FALSE: Final = frozenset({"false", "0", "off", "no"})


class Empty(Enum):
    """What an empty text stands for where it stands for no value."""

    ABSENT = "as if the field had not been sent"
    REFUSED = "an error"


class RuleText(str):
    """The message of a broken rule; knows which rule."""

    __slots__ = ("rule",)
    rule: str

    def __new__(cls, text: str, rule: str) -> Self:  # noqa: D102  # see the class
        message = super().__new__(cls, text)
        message.rule = rule
        return message


class WireField(fields.Field[T]):
    """The base of all: `empty` is what an empty or blank text loads as, a value or an `Empty`."""

    default_error_messages = {  # noqa: RUF012  # marshmallow's own way to declare them
        "required": "is required",
        "empty": "must not be empty",
        "validator_failed": "is not valid",
    }

    def __init__(self, *, empty: Any = Empty.ABSENT, **settings: Any) -> None:
        super().__init__(**settings)
        self.empty = empty

    def make_error(self, key: str, **facts: Any) -> ValidationError:
        """Build the error of a rule, its name kept with its text."""
        return ValidationError(RuleText(str(self.error_messages[key]).format(**facts), key))

    def deserialize(
        self,
        value: Any,
        attr: str | None = None,
        data: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> Any:
        """Settle what is not sent and what is empty, then load."""
        if value is None:
            value = missing
        elif self._is_empty(value):
            if self.empty is Empty.REFUSED:
                raise self.make_error("empty")
            if self.empty is not Empty.ABSENT:
                return self.empty
            value = missing
        return super().deserialize(value, attr, data, **settings)

    def _is_empty(self, value: Any) -> bool:
        return isinstance(value, str) and not value.strip(_BLANKS)


class WireInt(WireField[int]):
    """A whole number: ASCII digits, a sign if any, blanks around; within 64 signed bits."""

    default_error_messages = {  # noqa: RUF012
        "integer": "must be a whole number",
        "minimum": "must be at least {minimum}",
        "maximum": "must be at most {maximum}",
    }

    def __init__(self, *, minimum: int = INT_MIN, maximum: int = INT_MAX, **settings: Any) -> None:
        super().__init__(**settings)
        self.minimum = minimum
        self.maximum = maximum

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        number = _whole_number(value)
        if number is None:
            raise self.make_error("integer")
        if number < self.minimum:
            raise self.make_error("minimum", minimum=self.minimum)
        if number > self.maximum:
            raise self.make_error("maximum", maximum=self.maximum)
        return number


class WireIntList(WireField[tuple[int, ...]]):
    """A filter of ids: an array, one number, or a comma list; loads as a tuple without repeats.

    Not sent, an empty text and an empty array are no filter: None, or `load_default`. Entries that
    are no whole number are dropped; where none is left, the filter is `()` and matches nothing,
    because without it everybody would be billed.
    """

    default_error_messages = {  # noqa: RUF012
        "max_length": "must have at most {max_length} entries",
    }

    def __init__(self, *, max_length: int = 40_000, **settings: Any) -> None:
        if not settings.get("required"):
            settings.setdefault("load_default", None)
        super().__init__(**settings)
        self.max_length = max_length

    def _is_empty(self, value: Any) -> bool:
        # A blank is no empty text: it is an entry that is no number.
        return value is None or value in ("", [], {})

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[int, ...]:
        if isinstance(value, str):
            entries = value.split(",", self.max_length)
        elif isinstance(value, dict):
            entries = list(value.values())
        else:
            entries = value if isinstance(value, list) else []
        if len(entries) > self.max_length:
            raise self.make_error("max_length", max_length=self.max_length)
        numbers = map(_whole_number, entries)
        return tuple(
            dict.fromkeys(
                number for number in numbers if number is not None and INT_MIN <= number <= INT_MAX
            )
        )


class WireBool(WireField[bool]):
    """A flag as form-post clients send it: a few words and an empty text are false, else true.

    Not sent is false as well, unless `load_default` says otherwise. `invert` is for a field whose
    name says the opposite of ours (`noemails`); it turns every answer but `load_default`.
    """

    default_error_messages = {"boolean": "must be a flag, not an array"}  # noqa: RUF012

    def __init__(self, *, invert: bool = False, **settings: Any) -> None:
        if not settings.get("required"):
            settings.setdefault("load_default", invert)
        settings.setdefault("empty", invert)
        super().__init__(**settings)
        self.invert = invert

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if isinstance(value, str):
            value = value.strip(_BLANKS).lower() not in _LOOSELY_FALSE
        if not isinstance(value, bool):
            raise self.make_error("boolean")
        return value is not self.invert


class WireStrictBool(WireField[bool]):
    """A flag that moves money: true/1/on/yes or false/0/off/no in any case, nothing else."""

    default_error_messages = {"boolean": "must be 1 or 0"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        word = value.strip(_BLANKS).lower() if isinstance(value, str) else value
        if word is True or (isinstance(word, str) and word in _TRUE):
            return True
        if word is False or (isinstance(word, str) and word in _FALSE):
            return False
        raise self.make_error("boolean")


class WireDecimal(WireField[Decimal]):
    """A decimal number: a sign if any, ASCII digits, at most one point.

    No exponents, thousands separators or decimal commas. Zeros at the end count for no `places`
    (`15.0000` is a rate of two); digits beyond `places` are an error, never rounded.
    """

    default_error_messages = {  # noqa: RUF012
        "decimal": "must be a number such as 1234.50",
        "places": "must have at most {places} decimals",
        "minimum": "must be at least {minimum}",
        "maximum": "must be at most {maximum}",
    }

    def __init__(
        self,
        *,
        places: int = 2,
        minimum: Decimal = -MONEY_MAX,
        maximum: Decimal = MONEY_MAX,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.places = places
        self.minimum = minimum
        self.maximum = maximum

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:
        found = _DECIMAL(value.strip(_BLANKS)) if isinstance(value, str) else None
        if found is None or not (found[2] or found[3]):
            raise self.make_error("decimal")
        whole = found[2].lstrip("0")
        fraction = (found[3] or "").rstrip("0")
        if len(whole) > _DECIMAL_DIGITS:
            whole, fraction = "1" + "0" * _DECIMAL_DIGITS, ""
        if len(fraction) > self.places:
            raise self.make_error("places", places=self.places)
        kept = (found[3] or "")[: self.places]
        number = Decimal(f"{found[1]}{whole or '0'}.{kept}")
        if number < self.minimum:
            raise self.make_error("minimum", minimum=self.minimum)
        if number > self.maximum:
            raise self.make_error("maximum", maximum=self.maximum)
        return number or number.copy_abs()  # no minus zero


class WireDate(WireField[date | None]):
    """A real date written `YYYY-MM-DD`, between `earliest` and `latest`.

    `legacy` takes in what form-post clients send as well: `YYYYMMDD`, `DD/MM/YYYY` (also with `-`
    or `.`), and `0000-00-00` for no date (None).
    """

    default_error_messages = {  # noqa: RUF012
        "date": "must be a date written YYYY-MM-DD",
        "earliest": "must not be before {earliest}",
        "latest": "must not be after {latest}",
    }

    def __init__(
        self,
        *,
        legacy: bool = False,
        earliest: date = date(1900, 1, 1),
        latest: date = date(2999, 12, 31),
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self.legacy = legacy
        self.earliest = earliest
        self.latest = latest

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> date | None:
        text = value.strip(_BLANKS) if isinstance(value, str) else ""
        if self.legacy and text == _UNSET_DATE:
            return None
        day = self._read(text)
        if day is None:
            raise self.make_error("date")
        if day < self.earliest:
            raise self.make_error("earliest", earliest=self.earliest)
        if day > self.latest:
            raise self.make_error("latest", latest=self.latest)
        return day

    def _read(self, text: str) -> date | None:
        found = _ISO_DATE(text) or (_COMPACT_DATE(text) if self.legacy else None)
        if found is not None:
            year, month, day = found[1], found[2], found[3]
        elif self.legacy and (found := _LOCAL_DATE(text)) is not None:
            year, month, day = found[4], found[3], found[1]
        else:
            return None
        try:
            return date(int(year), int(month), int(day))
        except ValueError:
            return None


class WireText(WireField[str]):
    """Text of at most `max_length` characters, kept as it is; `single_line` refuses CR and LF.

    An empty text is a text; with `empty=Empty.ABSENT` or `Empty.REFUSED` a blank one is not.
    """

    default_error_messages = {  # noqa: RUF012
        "text": "must be text",
        "encoding": "must be valid UTF-8",
        "nul": "must not contain a NUL character",
        "single_line": "must be a single line",
        "max_length": "must be at most {max_length} characters long",
    }

    def __init__(
        self,
        *,
        max_length: int,
        single_line: bool = False,
        empty: str | Empty | None = "",
        **settings: Any,
    ) -> None:
        super().__init__(empty=empty, **settings)
        self.max_length = max_length
        self.single_line = single_line

    def _is_empty(self, value: Any) -> bool:
        return super()._is_empty(value) if isinstance(self.empty, Empty) else value == ""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("text")
        if len(value) > self.max_length:
            raise self.make_error("max_length", max_length=self.max_length)
        if not value.isprintable():
            self._check_characters(value)
        return value

    def _check_characters(self, value: str) -> None:
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise self.make_error("encoding")
        if "\0" in value:
            raise self.make_error("nul")
        if self.single_line and ("\r" in value or "\n" in value):
            raise self.make_error("single_line")


def invalid_field(error: ValidationError, schema: Schema, prefix: str = "") -> InvalidField:
    """Turn a schema's error into one of ours: the first broken field in the schema's order.

    `prefix` is what the schema's fields lie under: `data[2]` makes the path `data[2][3]`. A rule
    of a message that is none of this module's is `invalid`.
    """
    names, message = _first_message(error.messages, schema)
    path = prefix
    for name in names:
        path = f"{path}[{name}]" if path else str(name)
    rule = message.rule if isinstance(message, RuleText) else "invalid"
    return InvalidField(path, rule, f"{path} {message}".lstrip())


def _first_message(messages: Any, schema: Schema | None) -> tuple[list[Any], str]:
    """Return the keys down to the first message, in the order of the schemas' fields."""
    names: list[Any] = []
    while isinstance(messages, dict):
        key, schema = _first_key(messages, schema)
        if key != SCHEMA:
            names.append(key)
        messages = messages[key]
    return names, messages[0] if isinstance(messages, list) else str(messages)


def _first_key(messages: dict[Any, Any], schema: Schema | None) -> tuple[Any, Schema | None]:
    """Return the first key of the messages, and the schema of what lies under it."""
    known = schema.load_fields if schema is not None else {}
    for name, field in known.items():
        key = name if field.data_key is None else field.data_key
        if key in messages:
            return key, field.schema if isinstance(field, fields.Nested) else None
    # Rows of a nested schema are keyed by position.
    return next(iter(messages)), schema


def _whole_number(value: Any) -> int | None:
    """Read a whole number; one of too many digits comes back as one past the bounds."""
    found = _INTEGER(value.strip(_BLANKS)) if isinstance(value, str) else None
    if found is None:
        return None
    if len(found[2]) > _INTEGER_DIGITS:
        return INT_MIN - 1 if found[1] == "-" else INT_MAX + 1
    return int(found[1] + (found[2] or "0"))

"""Fields of this protocol on top of the shared ones, each with the text it is written as."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Generic, TypeVar

from marshmallow import ValidationError, missing

from adapter.billing.schedule import Cycle
from adapter.protocols.fields import (
    INT_MAX,
    WireBool,
    WireDate,
    WireDecimal,
    WireField,
    WireInt,
    WireText,
)
from adapter.protocols.phpserialize import NotSerialized, decode_blob, encode_blob

E = TypeVar("E", bound=Enum)
T = TypeVar("T")

ZERO_DATE: Final = "0000-00-00"
# A list without a usable id: a filter that matches nothing.
NO_IDS: Final = "none"
LINE_LENGTH: Final = 255
WORD_LENGTH: Final = 100
ARRAY_LENGTH: Final = 2_000
PROSE_LENGTH: Final = 65_535

_ISO_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
)
_EMAIL: Final = re.compile(r"[^\s@;,<>\"()]+@[^\s@;,<>\"().]+(?:\.[^\s@;,<>\"().]+)+")
_PHONE: Final = re.compile(r"(?=.*[0-9])[0-9 +().\-/]+")
_RECORD_ID: Final = re.compile(r"\+?0*([1-9][0-9]{0,18})")
_NOT_WORD: Final = re.compile(r"[\W_]+")


class RecordId(WireInt):
    """An id; an empty text and `0` mean "not given", as PHP's own truth test has it.

    Nothing else does (`00`, a blank): a scope that is lost bills everybody.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(minimum=1, **settings)

    def _is_empty(self, value: Any) -> bool:
        return value is None or value in ("", "0")


def record_id(text: str) -> int | None:
    """Return the id a text means, None where it means none."""
    found = _RECORD_ID.fullmatch(text.strip(" \t\r\n"))
    return int(found[1]) if found is not None and int(found[1]) <= INT_MAX else None


class Line(WireText):
    """One line of text."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"max_length": LINE_LENGTH, "single_line": True} | settings)


class Prose(WireText):
    """Text of several lines."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"max_length": PROSE_LENGTH} | settings)


class Email(Line):
    """One e-mail address."""

    default_error_messages = {"email": "must be one e-mail address"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs).strip()
        if _EMAIL.fullmatch(text) is None:
            raise self.make_error("email")
        return text


class Phone(Line):
    """A telephone number as people write it."""

    default_error_messages = {"phone": "must be a telephone number"}  # noqa: RUF012

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, *args, **kwargs)
        if _PHONE.fullmatch(text) is None:
            raise self.make_error("phone")
        return text


class OptionalFlag(WireBool):
    """A flag of an update: not sent leaves the record's as it is."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(load_default=missing, **settings)


class Day(WireDate):
    """A date in any of the forms clients send; a time of day behind it is dropped."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(legacy=True, **settings)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> date | None:
        if isinstance(value, str) and (found := _ISO_TIME.fullmatch(value.strip())):
            value = found[1]
        return super()._deserialize(value, *args, **kwargs)


class Amount(WireDecimal):
    """Money that is not negative, with at most two decimals."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**{"minimum": Decimal(0)} | settings)


class TaxRate(WireDecimal):
    """A percentage with at most three decimals."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(places=3, minimum=Decimal(0), maximum=Decimal(100), **settings)


class Choice(WireField[E], Generic[E]):
    """One of an enum's values in any casing, whatever stands between its words."""

    default_error_messages = {"choice": "must be one of {choices}"}  # noqa: RUF012

    def __init__(self, choices: Iterable[E], **settings: Any) -> None:
        super().__init__(**settings)
        self.choices = tuple(choices)
        self._by_word = {word(str(choice.value)): choice for choice in self.choices}

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> E:
        choice = self._by_word.get(word(value)) if isinstance(value, str) else None
        if choice is None:
            names = ", ".join(str(choice.value) for choice in self.choices)
            raise self.make_error("choice", choices=names)
        return choice


def word(text: str) -> str:
    """Return what tells one choice from another: its letters and digits in lower case.

    "" for a longer text than any choice: one of megabytes is not worth reading.
    """
    return _NOT_WORD.sub("", text).lower() if len(text) <= WORD_LENGTH else ""


class CycleField(WireField[Cycle]):
    """A billing cycle in any of its spellings."""

    default_error_messages = {"cycle": "must be a billing cycle such as monthly"}  # noqa: RUF012

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Cycle:
        short = isinstance(value, str) and len(value) <= WORD_LENGTH
        cycle = Cycle.parse(value) if short else None
        if cycle is None:
            raise self.make_error("cycle")
        return cycle


class ArrayOf(WireField[dict[str, T]], Generic[T]):
    """A PHP array with entries of one kind, by key; blank entries are left out.

    A scalar is refused: the original answers "Expecting parameter ... to be an array".
    `scalars_ignored` is for the one family of parameters whose scalars it ignores.
    """

    default_error_messages = {  # noqa: RUF012
        "array": "must be an array",
        "key": "is no name of an entry",
        "max_length": "must have at most {max_length} entries",
    }

    def __init__(
        self, inner: WireField[T], *, scalars_ignored: bool = False, **settings: Any
    ) -> None:
        super().__init__(**{"load_default": dict} | settings)
        self.inner = inner
        self.scalars_ignored = scalars_ignored

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, T]:
        if not isinstance(value, Mapping):
            if self.scalars_ignored:
                return {}
            raise self.make_error("array")
        if len(value) > ARRAY_LENGTH:
            raise self.make_error("max_length", max_length=ARRAY_LENGTH)
        loaded: dict[str, T] = {}
        for key, entry in value.items():
            if not key.isprintable() or len(key) > LINE_LENGTH:
                raise self.make_error("key")
            try:
                item = self.inner.deserialize(entry)
            except ValidationError as error:
                raise ValidationError({key: error.messages}) from error
            if item is not missing and item is not None:
                loaded[key] = item
        return loaded


class Blob(WireField[tuple[tuple[str, str], ...]]):
    """The base64 of a PHP-serialised array of texts; loads as (key, text) pairs.

    A bracket array is refused with a word on how to send it. Source: the form-post facts, 1.2.
    """

    default_error_messages = {  # noqa: RUF012
        "encoded": "must be the base64 of a PHP-serialised array, not an array",
        "blob": "cannot be decoded as the base64 of a PHP-serialised array: {reason}",
        "scalar": "must be a PHP-serialised array of texts",
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[tuple[str, str], ...]:
        return tuple((str(key), self._text(item)) for key, item in self._array(value).items())

    def encoded(self, value: Any) -> str:
        """Write what was loaded as a client sends it."""
        return encode_blob(dict(value))

    def _array(self, value: Any) -> dict[int | str, Any]:
        if not isinstance(value, str):
            raise self.make_error("encoded")
        try:
            return decode_blob(value)
        except NotSerialized as error:
            raise self.make_error("blob", reason=error) from error

    def _text(self, item: Any) -> str:
        if isinstance(item, dict):
            raise self.make_error("scalar")
        if item is None or item is False:
            return ""
        return "1" if item is True else str(item)


class EmptyBlob(Blob):
    """A blob that must be empty, since what it says would change the price.

    DECISION: options are not kept here, and a price that leaves them out would be wrong in
    silence. Source: contracts/decisions.md, "Config options".
    """

    default_error_messages = {  # noqa: RUF012
        "unsupported": "is not supported: configurable options cannot be priced here",
    }

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[tuple[str, str], ...]:
        if self._array(value):
            raise self.make_error("unsupported")
        return ()


def written(field: Any, value: Any) -> Any:
    """Return a command's value as the parameter a client sends for it."""
    if isinstance(field, ArrayOf):
        return {key: written(field.inner, item) for key, item in value.items()}
    if isinstance(field, Blob):
        return field.encoded(value)
    if isinstance(field, WireBool):
        return value is not field.invert
    if value is None:
        return ZERO_DATE  # only a date that is "none" gets here; "not given" is left out
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        # PHP's http_build_query drops an empty array, which would widen the filter.
        return list(value) or NO_IDS
    return value

"""The seam to a protocol's client side: calls for an upstream, and its replies read strictly."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType
from typing import Any, Final, Protocol, TypeVar, get_args, get_origin

from adapter.billing.money import Money
from adapter.commands.access import Credentials
from adapter.commands.canonical import hints_of
from adapter.commands.context import Sent
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import BadAnswer, OutOfBounds
from adapter.protocols.base import Params

T = TypeVar("T")
E = TypeVar("E", bound=Enum)

# ISO 4217's code for no currency: an amount whose currency a wire does not name.
NO_CURRENCY: Final = "XXX"
# What a wire does not say about when a record was made.
NO_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DIGITS: Final = re.compile(r"-?[0-9]{1,18}").fullmatch
_MONEY: Final = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,10})?").fullmatch
_DATE_LENGTH: Final = 10
_LEAST_STATUS_OF_FAILURE: Final = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """A call before credentials: `action` in the protocol's own spelling."""

    action: str
    params: Params = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpstreamRequest:
    """A POST to send; the body holds the credentials, so it is left out of repr."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """What came back for a call, with what is needed to read it.

    `zone` is the one of the times in it. `asked` is the call it answers.
    """

    status: int
    body: bytes = field(repr=False)
    asked: Asked
    zone: tzinfo = UTC

    @property
    def failed(self) -> bool:
        """Whether a server gave up: what it says about its deeds counts for nothing."""
        return self.status >= _LEAST_STATUS_OF_FAILURE


class UpstreamClient(Protocol):
    """The client side of one legacy protocol; holds no state."""

    name: str

    def expresses(self) -> frozenset[type[Command]]:
        """Name every kind of command that the protocol has a call for."""

    def ask(self, command: Command) -> Asked:
        """Write a command as a call. Raises `CannotExpress` unless it says exactly this."""

    def keep(self, sent: Sent) -> Asked:
        """Return a caller's own call, all its fields in order, without credentials."""

    def request(self, asked: Asked, credentials: Credentials, url: str) -> UpstreamRequest:
        """Write a call with credentials as the request to the configured address."""

    def read(self, answer: UpstreamAnswer, command: Command) -> Result:
        """Read the reply to a command.

        Raises the error that the upstream's text stands for; `UpstreamRefused` for a text that
        stands for none, `Rejected` where the route's own credentials are refused, and `BadAnswer`
        where the reply does not say what was done.
        """


class Fields:
    """One object of a reply; every reading raises `BadAnswer` for what is not there or no such."""

    __slots__ = ("_data",)

    def __init__(self, data: Any) -> None:
        if not isinstance(data, Mapping):
            raise BadAnswer
        self._data = data

    def __contains__(self, name: str) -> bool:
        return name in self._data

    def raw(self, name: str) -> Any:
        """Return a value as JSON gave it, None where it is absent."""
        return self._data.get(name)

    def inner(self, name: str) -> "Fields":
        """Return an object inside; PHP writes an empty one as a list or as nothing."""
        value = self._data.get(name)
        return Fields({}) if value in ([], "", None) else Fields(value)

    def text(self, name: str) -> str:
        """Return a text; absent and null are empty."""
        value = self._data.get(name)
        if value is None or value is False:
            return ""
        if value is True:
            return "1"
        if not isinstance(value, str):
            raise BadAnswer
        return value

    def integer(self, name: str, absent: int | None = None) -> int:
        """Return a whole number; one that is absent, null or empty is `absent` if that is one."""
        text = self.text(name).strip()
        if not text and absent is not None:
            return absent
        if not _DIGITS(text):
            raise BadAnswer
        return int(text)

    def flag(self, name: str) -> bool:
        """Return a flag as PHP would test it: absent, empty, 0, false and off are false."""
        return self.text(name).strip().lower() not in {"", "0", "false", "off"}

    def decimal(self, name: str) -> Decimal:
        """Return a plain decimal number."""
        text = self.text(name).strip()
        if not _MONEY(text):
            raise BadAnswer
        return Decimal(text)

    def money(self, name: str, currency: str = NO_CURRENCY) -> Money:
        """Return an amount of money, exactly as told."""
        return money_of(self.text(name), currency)

    def day(self, name: str) -> date | None:
        """Return a date; None for the zero date, an empty and an absent one."""
        text = self.text(name)[:_DATE_LENGTH]
        if not text.strip("0-"):
            return None
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise BadAnswer from error

    def date(self, name: str) -> date:
        """Return a date that must be there."""
        found = self.day(name)
        if found is None:
            raise BadAnswer
        return found

    def time(self, name: str, zone: tzinfo) -> datetime | None:
        """Return a time of the upstream's clock; None for the zero time and an absent one."""
        text = self.text(name)
        if not text.strip("0-: "):
            return None
        try:
            return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise BadAnswer from error

    def choice(self, name: str, kind: type[E]) -> E:
        """Return the enum's member whose value this is."""
        try:
            return kind(self.text(name))
        except ValueError as error:
            raise BadAnswer from error

    def integers(self, name: str) -> tuple[int, ...]:
        """Return a comma list of whole numbers."""
        parts = [part.strip() for part in self.text(name).split(",") if part.strip()]
        if not all(map(_DIGITS, parts)):
            raise BadAnswer
        return tuple(map(int, parts))

    def rows(self, plural: str, singular: str) -> "list[Fields]":
        """Return the rows of `{plural: {singular: [...]}}` in every shape that PHP gives it."""
        return listed(self.inner(plural).raw(singular))

    def names(self) -> "tuple[str, ...]":
        """Return the names of all values, in order."""
        return tuple(map(str, self._data))

    def objects(self) -> "Iterator[tuple[str, Fields]]":
        """Yield name and object of a map of objects."""
        for name, value in self._data.items():
            yield name, Fields(value)


def listed(value: Any) -> list[Fields]:
    """Return a list of objects; one alone, and one keyed by numbers, are lists too."""
    if value in (None, ""):
        return []
    if isinstance(value, Mapping):
        numbered = all(isinstance(key, str) and key.isdecimal() for key in value)
        value = list(value.values()) if numbered else [value]
    if not isinstance(value, list):
        raise BadAnswer
    return [Fields(each) for each in value]


def money_of(text: str, currency: str = NO_CURRENCY) -> Money:
    """Return an amount exactly as a text tells it. Raises `BadAnswer`."""
    if not _MONEY(text.strip()):
        raise BadAnswer
    try:
        amount = Decimal(text.strip())
        money = Money.rounded(amount, currency)
    except (InvalidOperation, OutOfBounds) as error:
        raise BadAnswer from error
    if money.amount != amount:
        raise BadAnswer
    return money


def told(kind: type[T], /, **known: Any) -> T:
    """Return a record of what a wire tells; the rest is neutral."""
    record: Any = kind
    made: T = record(**{**_neutral(record), **known})
    return made


@cache
def _neutral(kind: Any) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    for name, hint in hints_of(kind).items():
        arguments: tuple[Any, ...] = get_args(hint)
        origin: Any = get_origin(hint)
        if NoneType in arguments:
            values[name] = None
        elif origin is tuple:
            values[name] = () if arguments[-1] is Ellipsis else ("",) * len(arguments)
        elif (origin or hint) in _NEUTRAL:
            values[name] = _NEUTRAL[origin or hint]
    return values


_NEUTRAL: Final[Mapping[Any, Any]] = {
    str: "",
    int: 0,
    bool: False,
    Decimal: Decimal(0),
    Money: Money.zero(NO_CURRENCY),
    datetime: NO_TIME,
    date: NO_TIME.date(),
    Mapping: MappingProxyType({}),
}


# Reads one kind of reply; given the reply's fields, the command and the answer as a whole.
Reader = Callable[[Fields, Any, UpstreamAnswer], Result]

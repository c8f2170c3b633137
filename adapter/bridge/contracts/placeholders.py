"""Placeholders and masks of contract texts. The format: contracts/README.md, "Placeholders"."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

from adapter.billing.schedule import Step as CalendarStep
from adapter.billing.schedule import add_months, advance

Escape = Callable[[str], str]

_PLACEHOLDER = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
_TODAY = re.compile(r"today(?:([+-])(\d{1,4})([mwy]?))?(?::(.+))?", re.DOTALL)
_REPEAT = re.compile(r"repeat:(\d{1,7}):(.*)", re.DOTALL)
_BYTE = re.compile(r"byte:([0-9a-fA-F]{2})")
_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_ASCII = 0x80
_MAX_DEPTH = 20

KINDS: Mapping[str, str] = {
    "any": r".*?",
    "int": r"-?[0-9]+",
    "digits": r"[0-9]+",
    "money": r"-?[0-9]+\.[0-9]{2}",
    "decimal": r"-?[0-9]+(?:\.[0-9]+)?",
    "date": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "datetime": r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}",
    "word": r"[A-Za-z0-9_.-]+",
    "line": r"[^\r\n]*",
    "text": r'(?:\\.|[^"\\<])*',
}


class BadPlaceholder(ValueError):
    """A placeholder that cannot be read."""


class UnknownName(KeyError):
    """A placeholder whose name has no value here."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Mask:
    """A piece of an expected text that is not compared; `name` captures it."""

    kind: str
    name: str | None = None

    def __str__(self) -> str:
        return (
            f"${{any:{self.kind}}}" if self.name is None else f"${{save:{self.name}:{self.kind}}}"
        )


@dataclass(frozen=True, slots=True)
class Again:
    """The text that a mask earlier in the same expected text captured."""

    name: str

    def __str__(self) -> str:
        return f"${{{self.name}}}"


Token = str | Mask | Again


@dataclass(frozen=True, slots=True)
class Values:
    """What placeholders stand for.

    `lookup` gives a name's text, still with placeholders, or raises `UnknownName`. `secrets` are
    the names whose values are escaped for the place where they stand.
    """

    lookup: Callable[[str], str]
    today: date
    secrets: Callable[[str], bool] = lambda _: False


def escape_json(text: str) -> str:
    """Return `text` as the inside of a JSON string, `/` escaped as PHP does."""
    return json.dumps(text)[1:-1].replace("/", "\\/")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


FILTERS: Mapping[str, Escape] = {
    "form": quote_plus,
    "json": escape_json,
    "xml": escape,
    "raw": str,
    "md5": _md5,
    "lower": str.lower,
    "upper": str.upper,
}


def escape_for(body: str, content_type: str) -> Escape:
    """Return how credentials are escaped inside a request body."""
    if content_type.lower().startswith("multipart/"):
        return str
    if body.lstrip()[:1] in {"[", "{"}:
        return escape_json
    return quote_plus


def fill(text: str, values: Values, escape_secret: Escape = str) -> str:
    """Return `text` with every placeholder filled in; a mask is a `BadPlaceholder`."""
    parts: list[str] = []
    for token in tokens(text, values, escape_secret):
        if not isinstance(token, str):
            raise BadPlaceholder(f"{token} stands where nothing can be masked")
        parts.append(token)
    return "".join(parts)


def to_bytes(text: str) -> bytes:
    """Return a filled-in text as bytes, `${byte:ff}` as the byte it names."""
    return text.encode("utf-8", "surrogateescape")


def to_text(data: bytes) -> str:
    """Return bytes as text that `to_bytes` turns back."""
    return data.decode("utf-8", "surrogateescape")


def tokens(text: str, values: Values, escape_secret: Escape = str) -> list[Token]:
    """Return `text` as literal pieces, masks and repeats of what a mask before captured."""
    saved: set[str] = set()
    merged: list[Token] = []
    for token in _tokens(text, values, escape_secret, saved, 0):
        if isinstance(token, str) and merged and isinstance(merged[-1], str):
            merged[-1] += token
        elif token != "":
            merged.append(token)
    return merged


def _tokens(
    text: str, values: Values, escape_secret: Escape, saved: set[str], depth: int
) -> Iterator[Token]:
    if depth > _MAX_DEPTH:
        raise BadPlaceholder(f"variables refer to each other without end in {text[:60]!r}")
    at = 0
    for match in _PLACEHOLDER.finditer(text):
        yield text[at : match.start()]
        at = match.end()
        if match[1] is None:
            yield "${"
            continue
        yield from _placeholder(match[1], values, escape_secret, saved, depth)
    yield text[at:]


def _placeholder(
    inner: str, values: Values, escape_secret: Escape, saved: set[str], depth: int
) -> Iterator[Token]:
    if (mask := _mask(inner)) is not None:
        if mask.name is not None:
            saved.add(mask.name)
        yield mask
    elif byte := _BYTE.fullmatch(inner):
        yield bytes.fromhex(byte[1]).decode("ascii", "surrogateescape")
    elif repeat := _REPEAT.fullmatch(inner):
        yield "".join(repeat[2].replace("#", str(n)) for n in range(int(repeat[1])))
    elif when := _TODAY.fullmatch(inner):
        yield _day(when, values.today)
    else:
        yield from _named(inner, values, escape_secret, saved, depth)


def _named(
    inner: str, values: Values, escape_secret: Escape, saved: set[str], depth: int
) -> Iterator[Token]:
    name, *filters = inner.split("|")
    if not _NAME.fullmatch(name):
        raise BadPlaceholder(f"${{{inner}}} is no placeholder")
    for each in filters:
        if each not in FILTERS:
            raise BadPlaceholder(f"${{{inner}}}: the filters are {', '.join(FILTERS)}")
    if name in saved:
        if filters:
            raise BadPlaceholder(f"${{{inner}}} repeats a capture of the same text unfiltered")
        yield Again(name)
        return
    value = values.lookup(name)
    if not filters:
        if values.secrets(name):
            yield escape_secret(value)
            return
        yield from _tokens(value, values, escape_secret, saved, depth + 1)
        return
    filled = fill(value, values)
    for each in filters:
        filled = FILTERS[each](filled)
    yield filled


def _mask(inner: str) -> Mask | None:
    head, *rest = inner.split(":")
    if head == "any" and len(rest) <= 1:
        return Mask(_kind(inner, rest[0] if rest else "any"))
    if head == "save" and len(rest) in {1, 2}:
        if not _NAME.fullmatch(rest[0]) or "." in rest[0] or "-" in rest[0]:
            raise BadPlaceholder(f"${{{inner}}}: a captured name is made of letters, digits and _")
        return Mask(_kind(inner, rest[1] if len(rest) > 1 else "text"), rest[0])
    return None


def _kind(inner: str, kind: str) -> str:
    if kind not in KINDS:
        raise BadPlaceholder(f"${{{inner}}}: the kinds are {', '.join(KINDS)}")
    return kind


def _day(when: "re.Match[str]", today: date) -> str:
    sign, count, unit, style = when.groups()
    day = today
    if count is not None:
        number = int(count) if sign == "+" else -int(count)
        if unit == "m":
            day = add_months(today, number)
        elif unit == "y":
            day = add_months(today, 12 * number)
        else:
            day = advance(today, CalendarStep(days=7 if unit == "w" else 1), number)
    return day.isoformat() if style is None else day.strftime(style)


def pattern(expected: list[Token], *, lone: bool = False) -> "re.Pattern[str]":
    """Return the pattern that a whole text must match.

    With `lone`, a repeat of a capture that stands elsewhere matches anything.
    """
    parts: list[str] = []
    named: set[str] = set()
    for token in expected:
        match token:
            case str():
                parts.append(re.escape(token))
            case Mask(kind, None):
                parts.append(f"(?:{KINDS[kind]})")
            case Mask(kind, name) if name not in named:
                named.add(str(name))
                parts.append(f"(?P<{name}>{KINDS[kind]})")
            case Again(name) if name in named or not lone:
                parts.append(f"(?P={name})")
            case Mask(kind, _):
                parts.append(f"(?:{KINDS[kind]})")
            case _:
                parts.append("(?:.*?)")
    return re.compile("".join(parts), re.DOTALL)

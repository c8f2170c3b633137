"""The three reply formats. Source: the form-post facts, 1.3."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from xml.sax.saxutils import escape

from adapter.protocols import phpjson
from adapter.protocols.whmcs.quirks import Numbers, Quirks

# An ordered reply: text, ints, bools, None, lists and nested replies.
Reply: TypeAlias = dict[str, Any]

DEFAULT_FORMAT: Final = "nvp"

# What XML 1.0 cannot hold at all; lone surrogates would not even encode.
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]")
_NAME_START: Final = re.compile(r"[A-Za-z_]")
# A carriage return written as such reads back as a line feed.
_XML_ENTITIES: Final = {"\r": "&#13;"}
_NVP_SAFE: Final = str.maketrans({";": ",", "\r": " ", "\n": " "})


class Digits(str):
    """A whole number that the documented example prints as text; `numbers = int` changes it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Format:
    """A writer and the content type of what it writes."""

    content_type: str
    write: Callable[[Reply, str, Quirks], bytes]


def write(reply: Reply, action: str, responsetype: str, quirks: Quirks) -> tuple[bytes, str]:
    """Return the bytes of a reply and their content type; total for any text.

    `responsetype` is the caller's word; anything but `json` and `xml` is the semicolon form.
    """
    chosen = FORMATS.get(responsetype, FORMATS[DEFAULT_FORMAT])
    return chosen.write(reply, action, quirks), chosen.content_type


def _write_json(reply: Reply, _action: str, quirks: Quirks) -> bytes:
    if quirks.numbers is Numbers.MIXED:
        return phpjson.dumps(reply)
    retype = _int_or_same if quirks.numbers is Numbers.INT else _text_or_same
    return phpjson.dumps(_retyped(reply, retype))


def _retyped(value: Any, retype: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {key: _retyped(item, retype) for key, item in value.items()}
    if isinstance(value, list):
        return [_retyped(item, retype) for item in value]
    return retype(value)


def _int_or_same(value: Any) -> Any:
    return int(value) if isinstance(value, Digits) else value


def _text_or_same(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: Any) -> str:
    """Return a leaf as PHP casts it to text: true is `1`, false and null are empty."""
    if value is None or value is False:
        return ""
    return "1" if value is True else str(value)


def _write_xml(reply: Reply, action: str, quirks: Quirks) -> bytes:
    version = _xml_text(quirks.version).replace('"', "&quot;")
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<whmcsapi version="{version}">',
        f"<action>{_xml_text(action)}</action>",
        *_elements(reply),
        "</whmcsapi>",
    ]
    return "\n".join(lines).encode("utf-8")


def _elements(reply: Mapping[str, Any]) -> Iterator[str]:
    """Yield one line per tag; a list repeats its element, an empty one is left out."""
    for key, value in reply.items():
        name = _xml_name(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping):
                yield f"<{name}>"
                yield from _elements(item)
                yield f"</{name}>"
            else:
                yield f"<{name}>{_xml_text(_text(item))}</{name}>"


def _xml_text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text), _XML_ENTITIES)


def _xml_name(key: str) -> str:
    """Return a key as an element's name; what no name may hold becomes `_`."""
    name = _NOT_NAME.sub("_", key)
    return name if _NAME_START.match(name) else f"_{name}"


def _write_nvp(reply: Reply, _action: str, quirks: Quirks) -> bytes:
    pairs = list(_pairs(reply, raw=quirks.raw_nvp))
    # The one error seen in this form has no closing semicolon, every success has one.
    end = "" if reply.get("result") == "error" else ";"
    return (";".join(pairs) + end).encode("utf-8", "replace")


def _pairs(reply: Mapping[str, Any], *, raw: bool) -> Iterator[str]:
    for keys, value in _leaves(reply):
        name = keys[0] + "".join(f"[{key}]" for key in keys[1:])
        # DECISION: a `;` or line break in a value would forge a pair. Source:
        # contracts/decisions.md, "NVP values".
        yield f"{name}={value}" if raw else f"{name}={value}".translate(_NVP_SAFE)


def _leaves(value: Any) -> Iterator[tuple[list[str], str]]:
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, Mapping):
        yield [], _text(value)
        return
    for key, item in value.items():
        for keys, text in _leaves(item):
            yield [key, *keys], text


FORMATS: Final = {
    "json": Format("application/json", _write_json),
    "xml": Format("application/xml; charset=utf-8", _write_xml),
    "nvp": Format("text/plain; charset=utf-8", _write_nvp),
}

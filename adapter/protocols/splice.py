"""Values of named parameters replaced in raw bytes, no other byte touched.

Urlencoded pairs (a body or a query), `multipart/form-data`, and the top level of a JSON object.
Names are found as PHP would read them, so that nothing the upstream reads is left as it was.
"""

import json
import re
from collections.abc import Iterator, Mapping
from json.decoder import scanstring  # type: ignore[attr-defined] # there, but not declared
from typing import Any, Final
from urllib.parse import quote_plus, unquote_to_bytes

from adapter.errors import Malformed
from adapter.protocols.body import BodyKind

_PART_NAME: Final = re.compile(
    rb"(;[ \t]*name=)(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^\s;\"']*))", re.IGNORECASE
)
_BOUNDARY: Final = re.compile(r"boundary=(?:\"([^\"]+)\"|([^\s\";,]+))", re.IGNORECASE)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_WHITE: Final = " \t\r\n"

# A parameter's name -> its new name and value.
Replacements = Mapping[str, tuple[str, str]]


def splice(raw: bytes, kind: BodyKind, content_type: str, new: Replacements) -> bytes:
    """Return raw bytes with new values for the named parameters. Raises `Malformed`."""
    if kind is BodyKind.MULTIPART:
        return _splice_parts(raw, content_type, new)
    if kind is BodyKind.JSON:
        return _splice_json(raw, new)
    return splice_form(raw, new)


def splice_form(raw: bytes, new: Replacements) -> bytes:
    """Return urlencoded pairs with new values for the named ones."""
    pairs = raw.split(b"&")
    for at, pair in enumerate(pairs):
        found = new.get(form_name(pair.partition(b"=")[0]))
        if found is not None:
            name, value = found
            pairs[at] = f"{quote_plus(name)}={quote_plus(value)}".encode()
    return b"&".join(pairs)


def form_name(raw: bytes) -> str:
    """Return the parameter that PHP files a pair's raw name under.

    Blanks before it are dropped, and what follows a NUL or begins a bracket names no parameter.
    """
    name = unquote_to_bytes(raw.replace(b"+", b" ")).lstrip(b" ")
    return _root(name)


def _root(name: bytes) -> str:
    root = name.partition(b"\0")[0].partition(b"[")[0]
    return root.decode("utf-8", "surrogateescape")


def form_values(raw: bytes, name: str) -> Iterator[str]:
    """Yield every value that pairs of a raw form give a parameter."""
    for pair in raw.split(b"&"):
        written, _, value = pair.partition(b"=")
        if form_name(written) == name:
            yield unquote_to_bytes(value.replace(b"+", b" ")).decode("utf-8", "replace")


def part_values(raw: bytes, name: str) -> Iterator[str]:
    """Yield every value that stands behind a part of this name, whatever the boundary is."""
    for found in _PART_NAME.finditer(raw):
        if _part_name(found) == name:
            end = _END_OF_HEADERS.search(raw, found.end())
            if end is not None:
                line = raw[end.end() :].partition(b"\n")[0]
                yield line.removesuffix(b"\r").decode("utf-8", "replace")


def _part_name(found: "re.Match[bytes]") -> str:
    written = next((group for group in found.groups()[1:] if group is not None), b"")
    return _root(re.sub(rb"\\([\\\"'])", rb"\1", written).lstrip(b" "))


def _splice_parts(raw: bytes, content_type: str, new: Replacements) -> bytes:
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Malformed("The multipart boundary is missing")
    delimiter = b"--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    chunks = raw.split(delimiter)
    for at, chunk in enumerate(chunks[1:], 1):
        end = _END_OF_HEADERS.search(chunk, 0)
        named = _PART_NAME.search(chunk, 0, end.start()) if end is not None else None
        replaced = new.get(_part_name(named)) if named is not None else None
        if end is None or named is None or replaced is None:
            continue
        name, value = replaced
        head = chunk[: named.start()] + named[1] + b'"' + name.encode() + b'"'
        rest = chunk[named.end() : end.end()]
        close = b"\r\n" if chunk.endswith(b"\r\n") else b"\n"
        chunks[at] = head + rest + value.encode() + close
    return delimiter.join(chunks)


def _splice_json(raw: bytes, new: Replacements) -> bytes:
    text = raw.decode("utf-8", "surrogateescape")
    parts: list[str] = []
    kept = 0
    try:
        for key, key_at, start, end in _members(text):
            replaced = new.get(key)
            if replaced is not None:
                name, value = replaced
                between = text[key_at[1] : start]
                parts += [text[kept : key_at[0]], json.dumps(name), between, json.dumps(value)]
                kept = end
    except (ValueError, IndexError, RecursionError) as error:
        raise Malformed("The JSON body cannot be read") from error
    return "".join([*parts, text[kept:]]).encode("utf-8", "surrogateescape")


def _members(text: str) -> Iterator[tuple[str, tuple[int, int], int, int]]:
    """Yield the keys of the outermost object, and where each and its value begin and end."""
    decoder = json.JSONDecoder(strict=False)
    at = _past(text, 1 if text.startswith("\ufeff") else 0)
    if text[at] != "{":
        raise ValueError("no object")
    at = _past(text, at + 1)
    while text[at] != "}":
        if text[at] != '"':
            raise ValueError("no key")
        key, key_end = _string(text, at)
        colon = _past(text, key_end)
        if text[colon] != ":":
            raise ValueError("no value")
        start = _past(text, colon + 1)
        end = decoder.raw_decode(text, start)[1]
        yield key, (at, key_end), start, end
        at = _past(text, end)
        if text[at] == ",":
            at = _past(text, at + 1)


def _string(text: str, at: int) -> tuple[str, int]:
    found: tuple[Any, int] = scanstring(text, at + 1, False)  # noqa: FBT003 - as it is declared
    return str(found[0]), found[1]


def _past(text: str, at: int) -> int:
    while text[at] in _WHITE:
        at += 1
    return at

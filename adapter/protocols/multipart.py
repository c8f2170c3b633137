"""`multipart/form-data`, as PHP's curl writes an array of parameters: text parts only."""

import re
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final

from adapter.errors import LimitExceeded, Malformed
from adapter.protocols.base import Limits, Params
from adapter.protocols.phpform import Fold, check_size, leaves

_HEADER_BYTES: Final = 8192
_BOUNDARY: Final = re.compile(r"[;,]\s*boundary=(?:\"([^\"]+)\"|([^\s\";,]+))", re.IGNORECASE)
_REST_OF_DELIMITER: Final = re.compile(rb"[ \t]*\r?\n")
_PART_INSIDE: Final = re.compile(rb"\nContent-Disposition:[ \t]*form-data", re.IGNORECASE)
_END_OF_HEADERS: Final = re.compile(rb"\r?\n\r?\n")
_FOLD: Final = re.compile(rb"\r?\n[ \t]+")
_SETTING: Final = re.compile(
    rb";[ \t]*([a-z*]+)=(?:\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|([^\s;\"']*))[ \t]*",
    re.IGNORECASE | re.DOTALL,
)
# PHP takes a backslash for an escape only before itself and the quote around.
_DOUBLE_QUOTED: Final = re.compile(rb"\\([\\\"])")
_SINGLE_QUOTED: Final = re.compile(rb"\\([\\'])")


def decode_multipart(raw: bytes, content_type: str, limits: Limits) -> Params:
    """Fold the text parts of a body as PHP folds them into `$_POST`.

    Names follow the rules of `decode_form`, but nothing in them is percent-decoded. An empty file
    input is ignored. A file, a garbled part, and a body without its closing delimiter (a cut
    `clientid=123` is another client) are `Malformed`, where PHP would read on.
    """
    check_size(raw, limits)
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise Malformed("The multipart boundary is missing")
    delimiter = b"\n--" + (boundary[1] or boundary[2]).encode("latin-1", "replace")
    body = b"\n" + raw.removeprefix(b"\r\n")
    if not body.startswith(delimiter):
        # PHP skips what stands before it, and with it a part whose delimiter is damaged.
        raise Malformed("The multipart body does not begin with its delimiter")
    if body.count(delimiter) > limits.fields + 1:
        raise LimitExceeded("fields", limits.fields)
    fold = Fold(limits)
    for part in _parts(body.split(delimiter)):
        name, value = _field(part)
        if name is not None:
            fold.put(fold.path(name), value)
    return fold.params


def encode_multipart(params: Mapping[str, Any]) -> tuple[bytes, str]:
    """Write parameters as PHP's curl posts them; return the body and its Content-Type.

    Values are written as `encode_form` writes them.
    """
    parts = []
    for (root, *keys), value in leaves(params):
        name = root + "".join(f"[{key}]" for key in keys)
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        part = f'Content-Disposition: form-data; name="{quoted}"\r\n\r\n{value}\r\n'
        parts.append(part.encode("utf-8", "surrogateescape"))
    boundary = next(
        text
        for text in (f"----part-of-form-{number}" for number in count())
        if not any(text.encode("ascii") in part for part in parts)
    )
    opening = f"--{boundary}\r\n".encode("ascii")
    closing = f"--{boundary}--\r\n".encode("ascii")
    body = b"".join(opening + part for part in parts) + closing
    return body, f"multipart/form-data; boundary={boundary}"


def _parts(chunks: list[bytes]) -> Iterator[bytes]:
    """Yield what lies between the delimiters; the closing one must be there, and the last."""
    if len(chunks) == 1 or not chunks[-1].startswith(b"--"):
        raise Malformed("The multipart body lacks its closing delimiter")
    for chunk in chunks[1:-1]:
        line = _REST_OF_DELIMITER.match(chunk)
        if line is None:
            raise Malformed("A multipart delimiter is malformed")
        yield chunk[line.end() :].removesuffix(b"\r")


def _field(part: bytes) -> tuple[str | None, str]:
    """Return the name and the text of one part; no name for an empty file input."""
    end = _END_OF_HEADERS.search(part, 0, _HEADER_BYTES)
    if end is None:
        raise Malformed("A multipart part has no end of headers")
    settings = _disposition(part[: end.start()])
    if b"name" not in settings:
        raise Malformed("A multipart part has no name")
    name = settings[b"name"].decode("utf-8", "surrogateescape")
    value = part[end.end() :]
    if _PART_INSIDE.search(value) is not None:
        # Its delimiter is damaged: PHP would take it for text and lose what it names.
        raise Malformed("A multipart part stands inside another")
    if b"filename" not in settings and b"filename*" not in settings:
        return name, value.decode("utf-8", "surrogateescape")
    if settings.get(b"filename") or value:
        shown = settings[b"name"].decode("utf-8", "replace")
        raise Malformed(f"The part {shown} is a file; only text is read")
    return None, ""


def _disposition(head: bytes) -> dict[bytes, bytes]:
    """Read the settings of a part's Content-Disposition (`name`, `filename`)."""
    settings: dict[bytes, bytes] = {}
    for line in _FOLD.sub(b" ", head).split(b"\n"):
        header, colon, content = line.partition(b":")
        named = header.strip().lower() == b"content-disposition"
        if line.strip() and (not colon or (not named and b"form-data" in line.lower())):
            raise Malformed("A multipart part has a malformed header")
        if not named:
            continue
        if settings:
            # Of two parts with a damaged delimiter between them one would be lost.
            raise Malformed("A multipart part is named twice")
        content = content.strip()
        position = len(content.partition(b";")[0])
        while position < len(content):
            setting = _SETTING.match(content, position)
            if setting is None:
                raise Malformed("A multipart part has a malformed Content-Disposition")
            word, double, single, bare = setting.groups()
            if double is not None:
                text = _DOUBLE_QUOTED.sub(rb"\1", double)
            elif single is not None:
                text = _SINGLE_QUOTED.sub(rb"\1", single)
            else:
                text = bare
            settings[word.lower()] = text
            position = setting.end()
    return settings

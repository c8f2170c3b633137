"""PHP's parameters: bracket forms `a[0][b]=c`, decoded and encoded, byte for byte as PHP 8.2 does.

Every text is UTF-8; bytes that are none survive as lone surrogates (`surrogateescape`), so that a
field can refuse them by name. PHP's own `max_input_vars` and `max_input_nesting_level` drop what
lies beyond them without a word; here the request is refused instead.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final
from urllib.parse import quote_plus

from adapter.errors import LimitExceeded
from adapter.protocols.base import Limits, Params

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1
_INT_KEY: Final = re.compile(r"0|-?[1-9][0-9]{0,18}").fullmatch
_SPACE: Final = frozenset(" \t\n\v\f\r")
_REWRITTEN: Final = re.compile(r"[ .\[]").search
_MANGLED: Final = str.maketrans(" .[", "___")
# PHP drops what is set under a key with one of these prefixes, unless the name as sent begins
# with it: a guard against forged cookies that holds for every parameter.
_GUARDED: Final = ("__Host-", "__Secure-")
# What follows the last `[` of a usual positional name, and the key it stands for.
_COLUMNS: Final = {f"{column}]": str(column) for column in range(256)}

# All names together have at most this many brackets a field: what they cost is bounded with them.
_BRACKETS_PER_FIELD: Final = 4

_BAD_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_TO_QUOTED_PRINTABLE: Final = bytes.maketrans(b"+%", b" =")

# Keys from the top-level name down. None stands for `[]`; an empty last key for a value that PHP
# drops, though it makes the arrays above it.
Path = tuple[str | None, ...]


def decode_form(raw: bytes, limits: Limits) -> Params:
    """Fold urlencoded pairs (a body or a query string) as PHP folds them into `$_POST`.

    Raises `LimitExceeded`; nothing else can go wrong, any bytes mean something to PHP.
    """
    check_size(raw, limits)
    if raw.count(b"&") >= limits.fields:
        raise LimitExceeded("fields", limits.fields)
    fold = Fold(limits)
    row: Params = {}
    row_prefix = None
    for pair in _unescaped(raw, limits).split("&"):
        name, _, escaped = pair.partition("=")
        value = _restored(escaped) if "%" in escaped else escaped
        prefix, _, tail = name.rpartition("[")
        column = _COLUMNS.get(tail)
        if column is not None and prefix == row_prefix:
            row[column] = value
            continue
        path = fold.path(_restored(name) if "%" in name else name)
        row = fold.put(path, value)
        # Another column of this prefix means the same row only where every bracket opened a key
        # and no `[]` makes a new row each time.
        regular = column is not None and None not in path and len(path) == name.count("[") + 1
        row_prefix = prefix if regular else None
    return fold.params


def merge_params(query: Params, body: Params) -> Params:
    """Fold query and body together as PHP's `$_REQUEST` does: the body wins.

    Arrays of the same name are merged key by key; any other value is replaced in place.
    """
    merged = dict(query)
    for key, value in body.items():
        known = merged.get(key)
        if isinstance(value, dict) and isinstance(known, dict):
            merged[key] = merge_params(known, value)
        else:
            merged[key] = value
    return merged


def encode_form(params: Mapping[str, Any]) -> bytes:
    """Write parameters as PHP's `http_build_query` does.

    Mappings, lists and tuples nest (empty ones vanish), True is `1`, False is `0`, None is left
    out, anything else is its `str()`.
    """
    pairs = []
    for (root, *keys), value in leaves(params):
        name = _quoted(root) + "".join(f"%5B{_quoted(key)}%5D" for key in keys)
        pairs.append(f"{name}={_quoted(value)}")
    return "&".join(pairs).encode("ascii")


def check_size(raw: bytes, limits: Limits) -> None:
    """Raise `LimitExceeded` when a body is larger than allowed."""
    if len(raw) > limits.body_bytes:
        raise LimitExceeded("bytes", limits.body_bytes)


class Fold:
    """Parameters being filled, one leaf after the other, as PHP's `php_register_variable` does."""

    def __init__(self, limits: Limits) -> None:
        self.params: Params = {}
        self._depth = limits.depth
        self._brackets = 0
        self._most_brackets = _BRACKETS_PER_FIELD * limits.fields
        # By id: (the array itself, so that the id stays taken; how many of its keys were seen;
        # the highest integer among them).
        self._appended: dict[int, tuple[Params, int, int | None]] = {}

    def path(self, name: str) -> Path:
        """Read a parameter's name as PHP does, malformed brackets included."""
        if "\0" in name:
            name = name.partition("\0")[0]
        name = name.lstrip(" ")
        root, bracket, _ = name.partition("[")
        keys = self._keys(name, len(root)) if root and bracket else []
        if root and bracket and not keys:
            root = name
        if _REWRITTEN(root):
            root = root.translate(_MANGLED)
        path = (root, *keys)
        return _unforged(path, name) if "Host-" in name or "Secure-" in name else path

    def put(self, path: Path, value: str) -> Params:
        """Set one leaf; return the array it was set in."""
        array = self.params
        for part in path[:-1]:
            key = self._next_key(array) if part is None else part
            if not key:
                return array
            inner = array.get(key)
            if not isinstance(inner, dict):
                array[key] = inner = {}
            array = inner
        last = path[-1]
        key = self._next_key(array) if last is None else last
        if key:
            array[key] = value
        return array

    def _keys(self, name: str, opened: int) -> list[str | None]:
        """Read the keys from the bracket at `opened` on; what follows the last one is ignored."""
        keys: list[str | None] = []
        while name.startswith("[", opened):
            start = opened + 1
            sought = start + (name[start : start + 1] in _SPACE)
            closed = name.find("]", sought)
            if closed < 0:
                break
            if len(keys) == self._depth:
                raise LimitExceeded("levels of nesting", self._depth)
            keys.append(name[start:closed] if closed > sought else None)
            opened = closed + 1
        self._brackets += len(keys)
        if self._brackets > self._most_brackets:
            raise LimitExceeded("brackets", self._most_brackets)
        return keys

    def _next_key(self, array: Params) -> str | None:
        """Return the key `[]` stands for: the highest integer key plus 1, None past the last.

        Keys are never taken out, so only those added since the last look are read.
        """
        _, seen, highest = self._appended.get(id(array), (array, 0, None))
        for key in islice(reversed(array), len(array) - seen):
            if _INT_KEY(key) and _INT_MIN <= (number := int(key)) <= _INT_MAX:
                highest = number if highest is None else max(highest, number)
        self._appended[id(array)] = (array, len(array), highest)
        if highest is None:
            return "0"
        return str(highest + 1) if highest < _INT_MAX else None


def _unforged(path: Path, name: str) -> Path:
    """End a path before a key under a guarded prefix that the name itself does not begin with."""
    forged = tuple(prefix for prefix in _GUARDED if not name.startswith(prefix))
    for position, key in enumerate(path):
        if key is not None and key.startswith(forged):
            return (*path[:position], "")
    return path


def _unescaped(raw: bytes, limits: Limits) -> str:
    """Undo every escape at once, but for those of `%`, `&` and `=`: see `_restored`.

    Those three would split a pair or start another escape, so they are escaped once more first.
    The standard library's quoted-printable reader then undoes the rest at the speed of C: it is
    percent-decoding with `=` for `%`, as long as no escape is malformed. A malformed escape is
    literal text to PHP; there may be as many of them as fields.
    """
    if b"%" not in raw:
        return raw.replace(b"+", b" ").decode("utf-8", "surrogateescape")
    for escape in (b"%25", b"%26", b"%3D", b"%3d"):
        raw = raw.replace(escape, b"%25" + escape[1:].upper())
    malformed = 0
    for line_end in (b"\r", b"\n"):
        if line_end in raw:  # after a `%`, to quoted-printable a soft line break
            malformed += raw.count(b"%" + line_end)
            raw = raw.replace(b"%" + line_end, b"%2525" + line_end)
    text, excess = _quoted_printable(raw)
    # Each malformed escape has left one to three bytes: the exact search only where it ends soon.
    if 0 < excess <= 3 * limits.fields:
        raw, found = _BAD_ESCAPE.subn(b"%2525", raw)
        malformed += found
        text, excess = _quoted_printable(raw)
    if excess or malformed > limits.fields:
        raise LimitExceeded("malformed escapes", limits.fields)
    return text.decode("utf-8", "surrogateescape")


def _quoted_printable(raw: bytes) -> tuple[bytes, int]:
    """Undo escapes; return the bytes and how many more there are than well-formed ones leave."""
    escaped = raw.replace(b"=", b"%3D")
    text = a2b_qp(escaped.translate(_TO_QUOTED_PRINTABLE))
    return text, len(text) - len(escaped) + 2 * escaped.count(b"%")


def _restored(text: str) -> str:
    """Undo the escapes that `_unescaped` left."""
    return text.replace("%26", "&").replace("%3D", "=").replace("%25", "%")


def leaves(params: Mapping[Any, Any]) -> Iterator[tuple[list[str], str]]:
    """Yield (keys from the top down, text) of every leaf, as PHP's clients write them."""
    for key, value in params.items():
        if isinstance(value, Mapping | list | tuple):
            inner = value if isinstance(value, Mapping) else dict(enumerate(value))
            for keys, text in leaves(inner):
                yield [str(key), *keys], text
        elif value is not None:
            yield [str(key)], str(int(value)) if isinstance(value, bool) else str(value)


def _quoted(text: str) -> str:
    """Write text as PHP's `urlencode` does."""
    return quote_plus(text, errors="surrogateescape").replace("~", "%7E")

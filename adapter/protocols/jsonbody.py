"""JSON bodies, and positional rows in every shape PHP and its callers give them.

Numbers stay the text they were, so that no digit is lost before a field types them.
"""

import json
import re
from functools import cache
from typing import Any, Final, NoReturn

from marshmallow import missing

from adapter.errors import InvalidField, LimitExceeded, Malformed
from adapter.protocols.base import Limits, Params
from adapter.protocols.phpform import check_size

# {original row index: cells}, in ascending order of the index. A cell's position is its column, a
# column that was not sent is `marshmallow.missing` or lies beyond the end: after
# `dict(zip(NAMES, cells))` a schema takes both for absent.
Rows = dict[int, list[Any]]

_BOM: Final = b"\xef\xbb\xbf"
_CONTAINERS: Final = frozenset({dict, list})
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_NO_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")
_ROW_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}").fullmatch


def decode_json(raw: bytes, limits: Limits) -> Params:
    """Read a JSON object; numbers become text, `null` and booleans stay themselves.

    A BOM is tolerated; of a repeated key the last one wins. Raises `Malformed` or its child
    `LimitExceeded`. No text of the result holds half a surrogate pair.
    """
    value = _load(raw, limits)
    if not isinstance(value, dict):
        raise Malformed("The JSON body is not an object")
    return value


def rows(value: Any, limits: Limits, path: str = "data") -> Rows:
    """Bring positional rows to one shape, whatever shape they came in.

    `value` is a list of rows, an array keyed by row index (holes are legal), or the JSON text of
    either; a row is a list or an array keyed by column. Absent and empty are no rows. Anything
    else is an `InvalidField` that names the place, a flat row of scalars included: no guessing.
    """
    if isinstance(value, str):
        value = _rows_in_text(value, limits, path)
    if value is None:
        return {}
    if not isinstance(value, list | dict):
        raise InvalidField(path, "rows", f"{path} must be a list of rows")
    if len(value) > limits.rows:
        raise LimitExceeded("rows", limits.rows)
    if isinstance(value, list):
        numbered = dict(enumerate(value))
    elif list(value) == _names(limits.rows)[: len(value)]:
        numbered = dict(enumerate(value.values()))
    else:
        indexes = sorted((_row_index(key, path), key) for key in value)
        numbered = {index: value[key] for index, key in indexes}
    names = _names(limits.columns)
    known: list[str] = []  # of the row before: the decoder gives equal keys as one object
    found = {}
    for index, row in numbered.items():
        if type(row) is list and len(row) <= limits.columns:
            found[index] = row
        elif type(row) is dict and ((keys := [*row]) == known or keys == names[: len(keys)]):
            known = keys
            found[index] = [*row.values()]
        else:
            found[index] = _sparse_cells(row, limits.columns, f"{path}[{index}]")
    return found


def _load(raw: bytes, limits: Limits) -> Any:
    check_size(raw, limits)
    proven = _plainly_within(raw, limits)
    # A comma in a text counts for nothing, so texts are taken out where it would matter.
    if not proven and _STRING.sub(b"", raw).count(b",") >= limits.fields:
        raise LimitExceeded("fields", limits.fields)
    try:
        value = _DECODER.decode(raw.removeprefix(_BOM).decode("utf-8"))
    except RecursionError:
        raise LimitExceeded("levels of nesting", limits.depth) from None
    except ValueError as error:
        raise Malformed("The JSON text is malformed") from error
    if not proven:
        _check_limits(value, limits)
    if _SURROGATE_ESCAPE.search(raw):
        _check_surrogates(value)
    return value


def _plainly_within(raw: bytes, limits: Limits) -> bool:
    """Tell from the bytes alone that fields and depth are within limits; False is no verdict.

    There are at most as many values as commas and brackets. A pass over the brackets takes the
    innermost level away; as many passes as there are levels must leave nothing.
    """
    brackets = raw.translate(_ONE_KIND, _NO_BRACKETS)
    if raw.count(b",") + len(brackets) // 2 > limits.fields:
        return False
    for _ in range(limits.depth + 1):
        outer = brackets.replace(b"[]", b"")
        if len(outer) == len(brackets):
            break
        brackets = outer
    return not brackets


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(text)


# Numbers as text; NaN and Infinity are no JSON.
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse_constant)


def _check_limits(value: Any, limits: Limits) -> None:
    """Count fields and levels, level by level: no recursion, and leaves are never visited."""
    fields = depth = 0
    level = [value] if type(value) in _CONTAINERS else []
    while level:
        if depth > limits.depth:
            raise LimitExceeded("levels of nesting", limits.depth)
        inner: list[Any] = []
        for container in level:
            items = container.values() if isinstance(container, dict) else container
            fields += len(items)
            if not _CONTAINERS.isdisjoint(map(type, items)):
                inner.extend(item for item in items if type(item) in _CONTAINERS)
        level = inner
        depth += 1
    if fields > limits.fields:
        raise LimitExceeded("fields", limits.fields)


def _check_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise Malformed("The JSON text holds half a surrogate pair") from error


def _rows_in_text(text: str, limits: Limits, path: str) -> Any:
    if not text.strip(" \t\r\n"):
        return None
    try:
        return _load(text.encode("utf-8", "surrogateescape"), limits)
    except LimitExceeded:
        raise
    except Malformed as error:
        raise InvalidField(path, "rows", f"{path} must be a list of rows") from error


def _row_index(key: str, path: str) -> int:
    if not _ROW_INDEX(key):
        raise InvalidField(f"{path}[{key}]", "row_index", f"{path}[{key}] is not a row number")
    return int(key)


@cache
def _names(count: int) -> list[str]:
    """Return the keys of so many rows or columns as most callers send them: all, in order."""
    return [str(number) for number in range(count)]


def _sparse_cells(row: Any, count: int, path: str) -> list[Any]:
    """Bring a row with holes or out of order to a list; raise what is wrong with any other."""
    if isinstance(row, dict):
        columns = {name: column for column, name in enumerate(_names(count))}
        unknown = [key for key in row if key not in columns]
        if not unknown:
            cells = [missing] * (1 + max(columns[key] for key in row))
            for key, cell in row.items():
                cells[columns[key]] = cell
            return cells
        path = f"{path}[{unknown[0]}]"
    elif isinstance(row, list):
        path = f"{path}[{count}]"
    else:
        raise InvalidField(path, "row", f"{path} must be a row of columns")
    raise InvalidField(path, "column", f"{path} is not one of the columns 0 to {count - 1}")

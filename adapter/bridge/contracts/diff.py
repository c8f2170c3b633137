"""Compare what came with what was expected, and show both side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapter.bridge.contracts.placeholders import Mask, Token, pattern
from adapter.bridge.contracts.plain import leaves, same_leaf

_MOST_PAIRS = 250_000
_CONTEXT_LINES = 2
_BLANKS = " \t\r\n"

Line = list[Token]


def drop_json_whitespace(expected: Sequence[Token]) -> list[Token]:
    """Return the tokens without the white space that stands between JSON tokens."""
    out: list[Token] = []
    quoted = escaped = False
    for token in expected:
        if not isinstance(token, str):
            out.append(token)
            continue
        kept: list[str] = []
        for character in token:
            if quoted:
                quoted = escaped or character != '"'
                escaped = character == "\\" and not escaped
            elif character == '"':
                quoted = True
            elif character in _BLANKS:
                continue
            kept.append(character)
        out.append("".join(kept))
    return [token for token in out if token != ""]


def body_diff(expected: Sequence[Token], actual: str, width: int = 78) -> str:
    """Return both bodies side by side, cut into lines where their format allows it.

    A masked piece counts as equal where its kind fits.
    """
    style = _cutter(expected, actual)
    return side_by_side(
        [(_text(line), pattern(line, lone=True)) for line in style(expected)],
        [_text(line) for line in style([actual])],
        lambda left, right: left[1].fullmatch(right) is not None,
        width,
    )


def command_diff(expected: Mapping[str, Any], actual: Mapping[str, Any], width: int = 78) -> str:
    """Return both commands side by side, one field a line; empty when they are equal."""
    left, right = dict(leaves(expected)), dict(leaves(actual))
    names = [*left, *(name for name in right if name not in left)]
    if all(
        name in left and name in right and same_leaf(left[name], right[name]) for name in names
    ):
        return ""
    rows = []
    for name in names:
        same = name in left and name in right and same_leaf(left[name], right[name])
        rows.append(
            (
                " " if same else "|" if name in left and name in right else "<>"[name not in left],
                f"{name} = {left[name]!r}" if name in left else "",
                f"{name} = {right[name]!r}" if name in right else "",
            )
        )
    return _columns(rows, width)


def side_by_side(
    left: Sequence[tuple[str, Any]],
    right: Sequence[str],
    same: Callable[[tuple[str, Any], str], bool],
    width: int = 78,
) -> str:
    """Return two lists of lines in two columns: `|` differs, `<` only left, `>` only right."""
    rows: list[tuple[str, str, str]] = []
    waiting_left: list[str] = []
    waiting_right: list[str] = []

    def flush() -> None:
        for n in range(max(len(waiting_left), len(waiting_right))):
            one = waiting_left[n] if n < len(waiting_left) else ""
            other = waiting_right[n] if n < len(waiting_right) else ""
            mark = ">" if n >= len(waiting_left) else "<" if n >= len(waiting_right) else "|"
            rows.append((mark, one, other))
        waiting_left.clear()
        waiting_right.clear()

    at_left = at_right = 0
    for pair_left, pair_right in [*_common(left, right, same), (len(left), len(right))]:
        waiting_left += [line for line, _ in left[at_left:pair_left]]
        waiting_right += right[at_right:pair_right]
        flush()
        if pair_left < len(left):
            rows.append((" ", left[pair_left][0], right[pair_right]))
        at_left, at_right = pair_left + 1, pair_right + 1
    return _columns(_folded(rows), width)


def _common(
    left: Sequence[tuple[str, Any]],
    right: Sequence[str],
    same: Callable[[tuple[str, Any], str], bool],
) -> list[tuple[int, int]]:
    """Return the index pairs of a longest common subsequence (of the equal ends when large)."""
    head = 0
    while head < min(len(left), len(right)) and same(left[head], right[head]):
        head += 1
    tail = 0
    while tail < min(len(left), len(right)) - head and same(left[-1 - tail], right[-1 - tail]):
        tail += 1
    rows, columns = len(left) - head - tail, len(right) - head - tail
    pairs = [(n, n) for n in range(head)]
    if 0 < rows * columns <= _MOST_PAIRS:
        equal = [
            [same(left[head + row], right[head + column]) for column in range(columns)]
            for row in range(rows)
        ]
        longest = [[0] * (columns + 1) for _ in range(rows + 1)]
        for row in reversed(range(rows)):
            for column in reversed(range(columns)):
                longest[row][column] = (
                    1 + longest[row + 1][column + 1]
                    if equal[row][column]
                    else max(longest[row + 1][column], longest[row][column + 1])
                )
        row = column = 0
        while row < rows and column < columns:
            if equal[row][column]:
                pairs.append((head + row, head + column))
                row, column = row + 1, column + 1
            elif longest[row + 1][column] >= longest[row][column + 1]:
                row += 1
            else:
                column += 1
    pairs += [(len(left) - n, len(right) - n) for n in range(tail, 0, -1)]
    return pairs


def _folded(rows: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Replace long runs of equal lines by one line that counts them."""
    near = {
        index + offset
        for index, (mark, _, _) in enumerate(rows)
        if mark != " "
        for offset in range(-_CONTEXT_LINES, _CONTEXT_LINES + 1)
    }
    out: list[tuple[str, str, str]] = []
    hidden = 0
    for index, row in enumerate(rows):
        if index in near:
            if hidden:
                out.append((" ", f"... {hidden} equal", ""))
                hidden = 0
            out.append(row)
        else:
            hidden += 1
    if hidden:
        out.append((" ", f"... {hidden} equal", ""))
    return out


def _columns(rows: Sequence[tuple[str, str, str]], width: int) -> str:
    half = max(10, (width - 3) // 2)
    lines = [f"  {'expected':<{half}} actual"]
    for mark, left, right in rows:
        one, other = _cells(left, half), _cells(right, half)
        for n in range(max(len(one), len(other))):
            cell = one[n] if n < len(one) else ""
            beside = other[n] if n < len(other) else ""
            lines.append(f"{mark} {cell:<{half}} {beside}".rstrip())
    return "\n".join(lines)


def _cells(text: str, width: int) -> list[str]:
    """Return a text with unprintable characters escaped, cut to a column's width."""
    shown = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )
    return [shown[at : at + width] for at in range(0, len(shown), width)] or [""]


def _text(line: Sequence[Token]) -> str:
    return "".join(str(token) for token in line)


def _cutter(expected: Sequence[Token], actual: str) -> Callable[[Sequence[Token]], list[Line]]:
    """Return how to cut a body into lines: by JSON values, by elements, by pairs."""
    first = expected[0] if expected and isinstance(expected[0], str) else ""
    if actual.lstrip()[:1] in {"{", "["} or first.lstrip()[:1] in {"{", "["}:
        return _cut_json
    if actual.lstrip().startswith("<") or first.lstrip().startswith("<"):
        return lambda body: _cut_before(body, "<", after=">")
    return lambda body: _cut_before(body, "", after=";\n")


def _cut_json(body: Sequence[Token]) -> list[Line]:
    lines: list[Line] = [[]]
    quoted = escaped = False
    for token in body:
        if isinstance(token, Mask) or not isinstance(token, str):
            lines[-1].append(token)
            continue
        piece = ""
        for character in token:
            if quoted:
                quoted = escaped or character != '"'
                escaped = character == "\\" and not escaped
                piece += character
                continue
            quoted = character == '"'
            if character in "}]":
                lines[-1].append(piece)
                lines.append([])
                piece = ""
            piece += character
            if character in "{[,":
                lines[-1].append(piece)
                lines.append([])
                piece = ""
        lines[-1].append(piece)
    return _clean(lines)


def _cut_before(body: Sequence[Token], before: str, *, after: str) -> list[Line]:
    lines: list[Line] = [[]]
    for token in body:
        if not isinstance(token, str):
            lines[-1].append(token)
            continue
        piece = ""
        for character in token:
            ends = piece[-1:]
            if (before and character == before and ends == after) or (
                not before and ends and ends in after
            ):
                lines[-1].append(piece)
                lines.append([])
                piece = ""
            piece += character
        lines[-1].append(piece)
    return _clean(lines)


def _clean(lines: Sequence[Line]) -> list[Line]:
    return [kept for kept in ([token for token in line if token != ""] for line in lines) if kept]

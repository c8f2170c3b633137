r"""JSON text byte for byte as PHP's `json_encode` writes it with default flags.

`/` is escaped, everything beyond ASCII is `\uXXXX` (pairs of surrogates above the basic plane),
there is no white space. Clients compare and log these bytes, so the style is part of the wire.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

# Money and dates are text before they get here; a `Decimal` raises `TypeError`.
JsonValue: TypeAlias = "None | bool | int | str | Sequence[JsonValue] | Mapping[str, JsonValue]"

# What Python escapes otherwise than PHP. An escaped backslash is matched first, so that the text
# `\u007f` of a caller, written `\\u007f`, is never taken for an escape.
_DIFFERENT = re.compile(
    r"\\\\|\\u007f|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}|\\ud[89a-f][0-9a-f]{2}"
)
_PAIR_LENGTH = 12


def _as_php(match: re.Match[str]) -> str:
    escape = match.group()
    if escape == r"\u007f":
        return "\x7f"  # PHP writes DEL as it is
    if escape == r"\\" or len(escape) == _PAIR_LENGTH:
        return escape
    return r"\ufffd"  # half a pair: no JSON reader takes it, and a reply must always be readable


def dumps(value: JsonValue) -> bytes:
    """Return `value` as PHP's `json_encode` would write it.

    An empty dict is `{}` and an empty list `[]`: whoever wants PHP's `[]` for an empty array
    passes a list. Total for any text; a lone surrogate becomes U+FFFD.
    """
    text = json.dumps(value, separators=(",", ":"), default=_refuse)
    if r"\u007f" in text or r"\ud" in text:
        text = _DIFFERENT.sub(_as_php, text)
    return text.replace("/", r"\/").encode("ascii")


def _refuse(value: object) -> None:
    raise TypeError(f"{type(value).__name__} is not a value of a reply; make it text first")

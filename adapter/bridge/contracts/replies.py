"""Compare one reply with what a contract expects, and take values out of it."""

import json
import re
from collections.abc import Callable, Iterator, Mapping

from adapter.bridge.contracts.diff import body_diff, drop_json_whitespace
from adapter.bridge.contracts.model import ReplySpec
from adapter.bridge.contracts.placeholders import (
    Mask,
    Token,
    Values,
    fill,
    pattern,
    to_bytes,
    to_text,
    tokens,
)
from adapter.bridge.exchanges import ReplyMask
from adapter.protocols.base import WireResponse

_OK = range(200, 300)


class Differs(Exception):
    """A reply or a command is not the expected one; the text shows both."""


class StepFailed(Exception):
    """A step that only prepares did not succeed."""


def check_reply(
    expected: ReplySpec,
    actual: WireResponse,
    values: Values,
    keep: Callable[[str, str], None],
    ignore: frozenset[str] = frozenset(),
) -> tuple[ReplyMask, ...]:
    """Compare a reply, hand what its masks capture to `keep`; raises `Differs`.

    `ignore` names parts that are not compared. Returns the spans of the captures in the body.
    """
    problems: list[str] = []
    if "status" not in ignore and expected.status != actual.status:
        problems.append(f"status: expected {expected.status}, got {actual.status}")
    if expected.content_type is not None and "content_type" not in ignore:
        wanted = fill(expected.content_type, values)
        if wanted != actual.content_type:
            problems.append(f"content type: expected {wanted!r}, got {actual.content_type!r}")
    if "headers" not in ignore:
        problems += _header_problems(expected.headers, actual.headers, values)
    masks: tuple[ReplyMask, ...] = ()
    if expected.body is not None:
        wanted_body = tokens(expected.body, values)
        text = to_text(actual.body)
        match = _match(wanted_body, text, expected, ignore)
        if match is None:
            problems.append("body:\n" + body_diff(wanted_body, text))
        else:
            for name, captured in match.groupdict().items():
                keep(name, captured)
            if match.string == text:
                masks = _masks(wanted_body, match)
    if problems:
        raise Differs("\n".join(problems))
    return masks


def _match(
    wanted: list[Token], text: str, expected: ReplySpec, ignore: frozenset[str]
) -> "re.Match[str] | None":
    if (match := pattern(wanted).fullmatch(text)) is not None:
        return match
    if expected.ignore_json_whitespace or "json_whitespace" in ignore:
        bare = "".join(str(token) for token in drop_json_whitespace([text]))
        return pattern(drop_json_whitespace(wanted)).fullmatch(bare)
    return None


def _masks(wanted: list[Token], match: "re.Match[str]") -> tuple[ReplyMask, ...]:
    """Return the byte spans of the named masks."""
    kinds = {token.name: token.kind for token in wanted if isinstance(token, Mask) and token.name}
    text = match.string
    masks = [
        ReplyMask(
            len(to_bytes(text[: match.start(name)])),
            len(to_bytes(text[: match.end(name)])),
            kind,
            name,
        )
        for name, kind in kinds.items()
    ]
    return tuple(sorted(masks, key=lambda mask: mask.start))


def _header_problems(
    expected: Mapping[str, str], actual: Mapping[str, str], values: Values
) -> Iterator[str]:
    got = {name.lower(): value for name, value in actual.items()}
    for name, text in expected.items():
        value = got.get(name.lower())
        if value is None:
            yield f"header {name}: missing"
        elif pattern(tokens(text, values)).fullmatch(value) is None:
            yield f"header {name}: expected {text!r}, got {value!r}"


def trouble(reply: WireResponse) -> str | None:
    """Return what is wrong with the reply of a step that only has to succeed, or None."""
    shown = to_text(reply.body[:300])
    if reply.status not in _OK:
        return f"{reply.status} {shown}"
    if reply.body.startswith(b"result=error"):
        return shown
    try:
        value = json.loads(reply.body)
    except ValueError:
        return None
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict) and (
        value.get("result") == "error" or value.get("type") == "error" or "error" in value
    ):
        return shown
    return None


def pick(reply: WireResponse, path: str) -> str:
    """Return the value that a capture path names in a reply; raises `StepFailed`."""
    text = to_text(reply.body)
    if path.startswith("re:"):
        found = re.search(path[3:], text)
        if found is None or not found.groups():
            raise StepFailed(f"{path} finds nothing in {text[:300]}")
        return str(found[1])
    try:
        value = json.loads(text, parse_float=str)
        for key in path.split(".") if path != "." else ():
            value = value[int(key)] if isinstance(value, list) else value[key]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise StepFailed(f"no {path} in {text[:300]}") from error
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise StepFailed(f"{path} is no single value in {text[:300]}")
    return str(value)

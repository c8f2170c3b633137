"""Replies as they come: flat objects, maps, lists of statuses, bare integers."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.errors import BadAnswer
from adapter.protocols.invoicesonline.refusals import read_refusal
from adapter.protocols.upstream import Fields, UpstreamAnswer

_OK: Final = 200
is_number: Final = re.compile(r"[0-9]{1,18}").fullmatch
_ERROR_PREFIX: Final = "Error: "


def mapped(answer: UpstreamAnswer) -> Fields:
    """Read a map; an empty one is the list that PHP writes."""
    return Fields({}) if answer.body.strip() == b"[]" else flat(answer)


def flat(answer: UpstreamAnswer) -> Fields:
    """Read an object; raises what an error object stands for."""
    return _object(_json(answer), answer)


def statuses(answer: UpstreamAnswer) -> list[Fields]:
    """Read a list of objects; one that comes alone is a list too, or an error."""
    reply = _json(answer)
    if not isinstance(reply, list):
        return [_object(reply, answer)]
    if not reply or answer.status != _OK:
        raise BadAnswer
    return [Fields(each) for each in reply]


def succeeded(answer: UpstreamAnswer, key: str) -> Fields:
    """Read an object that says by `key` that it went well."""
    reply = flat(answer)
    if reply.text(key) != "success":
        raise BadAnswer
    return reply


def bare_number(answer: UpstreamAnswer) -> int:
    """Read the reply that is an integer and nothing else; a line of text is an error's.

    Raises `BadAnswer` for what no endpoint writes, such as a web server's page.
    """
    text = answer.body.decode("utf-8", "replace").strip()
    if is_number(text) and answer.status == _OK:
        return int(text)
    if text.startswith("{"):
        flat(answer)
        raise BadAnswer
    if not text[:1].isalpha() or answer.status != _OK:
        raise BadAnswer
    # Put before a text that would else look like an id.
    inner = text.removeprefix(_ERROR_PREFIX)
    text = text if inner[:1].isalpha() else inner
    raise read_refusal(text, answer.asked.params, answer.status)


def whole(text: str) -> int:
    """Return the id that a text is."""
    if not is_number(text):
        raise BadAnswer
    return int(text)


def _json(answer: UpstreamAnswer) -> Any:
    try:
        return json.loads(answer.body, parse_int=str, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise BadAnswer from error


def _object(reply: Any, answer: UpstreamAnswer) -> Fields:
    if not isinstance(reply, Mapping):
        raise BadAnswer
    if reply.get("type") == "error" or reply.get("error"):
        text = str(reply.get("error") or reply.get("message"))
        raise read_refusal(text, answer.asked.params, answer.status)
    if answer.status != _OK:
        raise BadAnswer
    return Fields(reply)

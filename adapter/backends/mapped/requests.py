"""Steps as requests: every value is encoded for its place, so that none can change the request."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapter.backends.mapped.model import BodyForm, Step
from adapter.backends.mapped.names import ExpressionError
from adapter.backends.mapped.reading import Reading
from adapter.backends.mapped.template import Template
from adapter.backends.transport import OutboundRequest
from adapter.errors import CannotExpress

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+").fullmatch
_HEADER_VALUE: Final = re.compile(r"[\x20-\x7e\t]*").fullmatch
_TYPES: Final = {
    BodyForm.JSON: "application/json",
    BodyForm.FORM: "application/x-www-form-urlencoded",
}


def request_of(
    step: Step, base: str, *, scope: Mapping[str, Any], headers: Mapping[str, str]
) -> OutboundRequest:
    """Return a step's request.

    Raises `CannotExpress` for a value that has no place in it, `ExpressionError` where the
    mapping asks for what is not there.
    """
    url = base + "".join(_path(part, scope) for part in step.url)
    if step.query is not None:
        pairs = urlencode(list(flat(step.query.render(scope))))
        url += f"?{pairs}" if pairs else ""
    given = dict(headers) | written_headers(step.headers, scope)
    body = b""
    if step.body is not None:
        value = step.body.render(scope)
        given["Content-Type"] = _TYPES[step.form]
        if step.form is BodyForm.FORM:
            body = urlencode(list(flat(value))).encode("ascii")
        else:
            body = json.dumps(value, ensure_ascii=False).encode()
    return OutboundRequest(step.method, url, given, body)


def written_headers(template: Template | None, scope: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers of a template; line breaks and other controls are refused."""
    if template is None:
        return {}
    found = template.render(scope)
    if not isinstance(found, dict):
        raise ExpressionError("headers are no table", "write names with values")
    headers = {str(name): text_of(value) for name, value in found.items()}
    for name, value in headers.items():
        if not _HEADER_NAME(name) or not _HEADER_VALUE(value):
            raise CannotExpress(f"the value of the header {name!r}")
    return headers


def flat(value: Any) -> Iterator[tuple[str, str]]:
    """Yield the pairs of a form as nested keys: `items[0][price]`. Nothing for null."""
    if not isinstance(value, dict):
        raise ExpressionError("a form or query is no table", "write names with values")
    for name, each in value.items():
        yield from _flat(str(name), each)


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(f"{name}[{key}]", each)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(f"{name}[{index}]", each)
    elif value is not None:
        yield name, text_of(value)


def text_of(value: Any) -> str:
    """Return a value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ExpressionError(f"{type(value).__name__} is no text", "write a text or a number")


def _path(part: str | Reading, scope: Mapping[str, Any]) -> str:
    if isinstance(part, str):
        return part
    value = part.of(scope)
    text = "" if value is None else text_of(value)
    # A segment of dots alone is another place, however it is encoded.
    if not text.strip("."):
        raise CannotExpress(f"{text!r} as a part of the address")
    return quote(text, safe="")

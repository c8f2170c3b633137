"""The steps of a command as a mapping file writes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from adapter.backends.mapped.checks import error_for
from adapter.backends.mapped.compiling import (
    each_at,
    listed,
    named,
    needed,
    reading_at,
    template_at,
    variables_at,
)
from adapter.backends.mapped.model import BodyForm, End, Failure, Find, ReplyRule, Step
from adapter.backends.mapped.names import ANY, Names
from adapter.backends.mapped.node import Node, wrong
from adapter.backends.mapped.reading import Reading

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_READS: Final = frozenset({"GET"})
_STATUS: Final = re.compile(r"([1-5])xx|([1-5][0-9][0-9])").fullmatch
_HOLE: Final = re.compile(r"\{([^{}]*)\}")
_STEP_KEYS: Final = (
    "name", "when", "each", "method", "url", "query", "headers", "json", "form", "acts",
    "reusable", "replies", "find", "fails", "then",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shared:
    """What holds for every command of a file."""

    roots: Mapping[str, Any]
    replies: tuple[ReplyRule, ...]


def read_steps(node: Node, names: Names, shared: Shared) -> tuple[tuple[Step, ...], Names]:
    """Return steps, and the names that what comes after them may use."""
    steps: list[Step] = []
    done: dict[str, Any] = {}
    known: dict[str, Any] = dict(names.roots["vars"])
    for each in node.entries():
        here = names.with_(steps=dict(done), vars=dict(known))
        step = _step(each, here, shared)
        if step.name in done:
            raise wrong(each.get("name"), f"{step.name} comes twice", "name it differently")
        done[step.name] = ANY
        here = names.with_(steps=dict(done), vars=dict(known))
        fails = tuple(_failure(entry, here) for entry in each.get("fails").entries())
        then, kinds = variables_at(each.get("then"), here)
        known |= kinds
        steps.append(replace(step, fails=fails, then=then))
    if not steps:
        raise wrong(node, "there is no step", "describe at least one")
    return tuple(steps), names.with_(steps=done, vars=known)


def _failure(node: Node, names: Names) -> Failure:
    node.only(("when", "error", "what"))
    error, what = node.get("error").text(""), node.get("what").text("")
    if bool(error) == bool(what):
        raise wrong(node, "needs error or what", "write one of them")
    _known_error(node.get("error"), error)
    when = node.need("when")
    return Failure(needed(reading_at(when, names), when), error, what)


def _known_error(node: Node, code: str) -> None:
    if code and error_for(code) is None:
        raise wrong(node, f"there is no error {code!r} for this", "see docs/mapped-backends.md")


def _step(node: Node, names: Names, shared: Shared) -> Step:
    node.only(_STEP_KEYS)
    name = node.need("name").text()
    named(node.get("name"), name)
    each, inside = each_at(node, names)
    method = node.get("method").text("GET")
    if method not in _METHODS:
        raise wrong(node.get("method"), f"{method} is no method", f"use {listed(_METHODS)}")
    if node.get("json").value is not None and node.get("form").value is not None:
        raise wrong(node.get("form"), "there is a json body too", "keep one of them")
    form = BodyForm.FORM if node.get("form").value is not None else BodyForm.JSON
    body = node.get("form" if form is BodyForm.FORM else "json")
    if method in _READS and body.value is not None:
        raise wrong(body, "GET has no body", "use query")
    acts = node.get("acts").flag(default=method not in _READS)
    return Step(
        name=name,
        method=method,
        url=_template_of_url(node.need("url"), inside),
        when=reading_at(node.get("when"), names),
        each=each,
        query=template_at(node.get("query"), inside),
        headers=template_at(node.get("headers"), inside),
        body=template_at(body, inside),
        form=form,
        acts=acts,
        reusable=node.get("reusable").flag(default=False),
        replies=(*read_replies(node.get("replies")), *shared.replies),
        find=_find(node.get("find"), inside),
    )


def _template_of_url(node: Node, names: Names) -> tuple[str | Reading, ...]:
    """Return the parts of a path: text as it stands, and readings to be percent-encoded."""
    text = node.text()
    if not text.startswith("/"):
        raise wrong(node, "does not begin with /", "write the path below the backend's URL")
    if "?" in text or "#" in text:
        raise wrong(node, "holds a query", "write it under query")
    parts: list[str | Reading] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts.append(text[at : hole.start()])
        expression = Node(node.file, node.path, hole[1])
        parts.append(needed(reading_at(expression, names), expression))
        at = hole.end()
    parts.append(text[at:])
    if any(isinstance(part, str) and ("{" in part or "}" in part) for part in parts):
        raise wrong(node, "a { has no } or the other way round", "close it")
    return tuple(part for part in parts if part != "")


def _find(node: Node, names: Names) -> Find | None:
    if node.value is None:
        return None
    node.only(("in", "where", "more"))
    reply = Names({"status": ANY, "body": ANY})
    where = tuple(
        (
            needed(reading_at(Node(each.file, each.path, key), Names(ANY)), each),
            needed(reading_at(each, names), each),
        )
        for key, each in node.need("where").items()
    )
    items = node.need("in")
    return Find(
        needed(reading_at(items, reply), items), where, reading_at(node.get("more"), reply)
    )


def read_replies(node: Node) -> tuple[ReplyRule, ...]:
    """Return rules of replies. Raises `InvalidMapping`."""
    return tuple(_reply_rule(each) for each in node.entries())


def _reply_rule(node: Node) -> ReplyRule:
    node.only(("status", "when", "end", "error"))
    given = node.need("status")
    texts = given.value if isinstance(given.value, list) else [given.value]
    ranges = []
    for text in texts:
        found = _STATUS(str(text))
        if found is None:
            raise wrong(given, f"{text!r} is no status", "write 404, 4xx or a list of them")
        low = int(found[1]) * 100 if found[1] else int(found[2])
        ranges.append(range(low, low + (100 if found[1] else 1)))
    end = node.need("end").choice(End, End.UNKNOWN)
    error = node.get("error").text("")
    if error and end is not End.REFUSED:
        raise wrong(node.get("error"), f"goes with end refused, not {end}", "remove it")
    _known_error(node.get("error"), error)
    names = Names({"status": ANY, "body": ANY})
    return ReplyRule(tuple(ranges), end, reading_at(node.get("when"), names), error)

"""What the documents name of each form-post action, field by field, against the contract cases.

`data/documented.toml` has the names; `test_contracts` proves that the cases are what is answered.
"""

import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from adapter.bridge.contracts import DEFAULT_TODAY, Case, load_contracts, samples
from adapter.protocols.base import Limits
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.protocols.whmcs.actions import ACTIONS
from tests.contract.target import VALUES

HERE = Path(__file__).parent
PROTOCOL = WhmcsProtocol({}, Limits(), allow_get=True)
DOCUMENTED: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (HERE / "data" / "documented.toml").read_text(encoding="utf-8")
)
# Told to make a connection's test work; the tables of the documents do not have it.
UNDOCUMENTED = {"getadmindetails"}
# What a mask lets through, by its kind; `any` and `text` may be of any kind of text.
SAMPLES = {
    "int": "1",
    "digits": "1",
    "money": "1.00",
    "decimal": "1.0",
    "date": "2026-03-02",
    "datetime": "2026-03-02 08:00:00",
}
ANYTHING = "<any>"
MASK = re.compile(r"\$\{(?:any|save:\w+)(?::(\w+))?\}")
WARNING = re.compile(r'"warning":"([^"]*)"')


def like(expression: str) -> Callable[[Any], bool]:
    """Return a test of texts; a text that is masked is like anything."""
    matches = re.compile(f"(?:{expression})|{ANYTHING}").fullmatch
    return lambda value: isinstance(value, str) and matches(value) is not None


KINDS: Mapping[str, Callable[[Any], bool]] = {
    "int": lambda value: type(value) is int,
    "bool": lambda value: type(value) is bool,
    "null": lambda value: value is None,
    "list": lambda value: value == [],
    "text": lambda value: isinstance(value, str),
    "digits": like(r"\d+"),
    "money": like(r"-?\d+\.\d\d"),
    "rate3": like(r"\d+\.\d{3}"),
    "rate5": like(r"\d+\.\d{5}"),
    "date": like(r"\d{4}-\d\d-\d\d"),
    "time": like(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    "truth": like("true|false"),
    "on": like("on|"),
}


@dataclass
class Seen:
    """What the cases of one action send and expect."""

    sent: set[str] = field(default_factory=set)
    replies: list[dict[str, Any]] = field(default_factory=list)
    messages: set[str] = field(default_factory=set)
    warnings: set[str] = field(default_factory=set)


@cache
def seen() -> Mapping[str, Seen]:
    found: dict[str, Seen] = defaultdict(Seen)
    for case in load_contracts(HERE.parents[1] / "contracts").cases:
        for sample in samples(case, VALUES, DEFAULT_TODAY):
            if sample.protocol != PROTOCOL.name:
                continue
            call = PROTOCOL.decode(sample.request)
            action = found[call.action]
            action.sent |= set(_sent(call.params))
            action.warnings |= set(WARNING.findall(sample.body or ""))
            reply = None if sample.body is None else _read(sample.body)
            if reply is not None:
                _note(action, reply, case)
    return found


def _note(action: Seen, reply: dict[str, Any], case: Case) -> None:
    if "error" in {reply.get("result"), reply.get("status")}:
        action.messages.add(reply["message"])
        return
    if "numbers" not in case.account.quirks:
        action.replies.append(reply)


def _sent(params: Mapping[str, Any]) -> Iterator[str]:
    """Yield the parameters that have a value: arrays with and without their keys, and stems."""
    for name, value in params.items():
        if value:
            yield name
            yield name.rstrip("0123456789")
        if isinstance(value, Mapping):
            yield from (f"{name}[{key}]" for key, inner in value.items() if inner)


def _read(body: str) -> dict[str, Any] | None:
    """Return an expected JSON reply, masks filled in; None for other formats and partial ones."""
    text = MASK.sub(lambda mask: SAMPLES.get(mask[1] or "any", ANYTHING), body)
    try:
        reply = json.loads(text)
    except json.JSONDecodeError:
        return None
    return reply if isinstance(reply, dict) else None


@dataclass(frozen=True)
class Fields:
    """Documented fields: their kinds by path, in the order of the example."""

    kinds: Mapping[str, str]

    @classmethod
    def of(cls, lines: str) -> "Fields":
        kinds: dict[str, str] = {}
        for line in lines.splitlines():
            prefix, *names, kind = line.split()
            kinds |= {prefix.removeprefix(".") + name: kind for name in names}
        return cls(kinds)

    def __or__(self, other: "Fields") -> "Fields":
        return Fields({**self.kinds, **other.kinds})

    def found(self, value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
        """Yield path and value of every leaf; names that are data become `*`."""
        if isinstance(value, Mapping) and value:
            dot = f"{path}." if path else ""
            data = any(known.startswith(f"{dot}*") for known in self.kinds)
            for name, inner in value.items():
                yield from self.found(inner, dot + ("*" if data else name))
        elif isinstance(value, Sequence) and value and not isinstance(value, str):
            for inner in value:
                yield from self.found(inner, f"{path}[]")
        else:
            yield path, value


def example(name: str) -> Fields:
    return Fields.of(DOCUMENTED[name]["reply"])


def allowed(name: str) -> Fields:
    """Return the fields that replies may have, those that the example lacks included."""
    documented = DOCUMENTED[name]
    fields = example(name) | Fields.of(documented.get("added", ""))
    copied = documented.get("copied")
    if copied is None:
        return fields
    copies = {
        path.removeprefix(copied): kind
        for path, kind in fields.kinds.items()
        if path.startswith(copied)
    }
    return fields | Fields(copies)


def is_kind(value: Any, kinds: str) -> bool:
    """Tell whether a value is of one of these kinds."""
    return any(KINDS[kind](value) for kind in kinds.split("|") if kind in KINDS)


def pattern(text: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, text.split("{}"))))


def test_every_action_is_compared():
    assert {name.lower() for name in DOCUMENTED} == set(ACTIONS) - UNDOCUMENTED


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_parameter_is_sent_with_a_value(name):
    documented = DOCUMENTED[name]
    words = f"{documented.get('parameters', '')} {documented.get('deprecated', '')}".split()
    assert set(words) - seen()[name.lower()].sent == set()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_field_of_the_example_is_expected_by_some_case(name):
    fields, action = allowed(name), seen()[name.lower()]
    expected = {path for reply in action.replies for path, _ in fields.found(reply)}
    if action.warnings:
        expected.add("warning")  # also where the rest of the reply is masked
    assert set(fields.kinds) - expected == set()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_fields_are_of_their_kind_and_no_reply_has_another(name):
    fields = allowed(name)
    wrong = [
        (path, value, fields.kinds.get(path))
        for reply in seen()[name.lower()].replies
        for path, value in fields.found(reply)
        if not (value in ([], {}) and _stands_for_entries(fields, path))
        if not is_kind(value, fields.kinds.get(path, ""))
    ]
    assert wrong == []


def _stands_for_entries(fields: Fields, path: str) -> bool:
    """Tell whether an empty list or object at `path` is one that can have entries."""
    return any(known.startswith((f"{path}[]", f"{path}.")) for known in fields.kinds)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_fields_stand_in_the_order_of_the_example(name):
    fields = example(name)
    order = list(fields.kinds)
    for reply in seen()[name.lower()].replies:
        found = [path for path, _ in fields.found(reply) if path in fields.kinds]
        once = list(dict.fromkeys(found))
        assert once == sorted(once, key=order.index)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_error_is_answered_by_some_case(name):
    texts = DOCUMENTED[name].get("errors", [])
    messages = seen()[name.lower()].messages
    missing = [text for text in texts if not any(map(pattern(text).fullmatch, messages))]
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTED)
def test_every_documented_warning_is_answered_by_some_case(name):
    assert set(DOCUMENTED[name].get("warnings", [])) - seen()[name.lower()].warnings == set()


@pytest.mark.parametrize("name", [name for name in DOCUMENTED if "never" in DOCUMENTED[name]])
def test_texts_that_are_never_answered_have_a_reason(name):
    """A text that some case does answer is no exception any more."""
    folder = HERE.parents[1] / "contracts"
    files = ("decisions.md", f"whmcs/{name.lower()}.md")
    told = " ".join(
        " ".join((folder / each).read_text(encoding="utf-8").split()) for each in files
    )
    for text in DOCUMENTED[name]["never"]:
        assert text.partition("{}")[0].strip(": ") in told
        assert not any(map(pattern(text).fullmatch, seen()[name.lower()].messages))

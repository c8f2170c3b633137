"""The commands of a mapping file, checked against the command model."""

from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Final

from adapter.backends.base import Proof
from adapter.backends.mapped.checks import check_record
from adapter.backends.mapped.compiling import (
    compiled,
    each_at,
    listed,
    needed,
    reading_at,
    variables_at,
)
from adapter.backends.mapped.model import CommandMapping, LookUp, Refusal, RemoteId
from adapter.backends.mapped.names import ANY, Names, element_of, typed
from adapter.backends.mapped.node import Node, wrong
from adapter.backends.mapped.results import Record
from adapter.backends.mapped.steps import Shared, read_steps
from adapter.backends.mapped.template import compile_condition
from adapter.commands.canonical import hints_of, kinds_of
from adapter.commands.model import Command, Effect
from adapter.commands.results import Result

_COMMAND_KEYS: Final = (
    "proof", "ignores", "refuses", "ids", "vars", "steps", "result", "look_up",
)  # fmt: skip


def read_command(node: Node, name: str, shared: Shared) -> CommandMapping:
    """Return how a command is carried out. Raises `InvalidMapping`."""
    kind = kinds_of(Command).get(name)
    if kind is None:
        raise wrong(node, "there is no such command", f"use one of {listed(kinds_of(Command))}")
    node.only(_COMMAND_KEYS)
    asked = Names({**shared.roots, "command": kind})
    ids = {key: _remote_id(each, asked) for key, each in node.get("ids").items()}
    told = asked.with_(ids=dict.fromkeys(ids, ANY), vars={})
    variables, kinds = variables_at(node.get("vars"), told)
    told = told.with_(vars=kinds)
    refusals = tuple(_refusal(each, told) for each in _flat(node.get("refuses")))
    steps, seen = read_steps(node.need("steps"), told, shared)
    proof = Proof.NONE
    if kind.effect is not Effect.READS:
        proof = node.need("proof").choice(Proof, Proof.NONE)
    result = _result(node.need("result"), seen)
    look_up = None
    if (proof is Proof.NONE) != (node.get("look_up").value is None):
        what = f"does not go with proof {proof}"
        raise wrong(node.get("look_up"), what, "describe the look-up, or say `proof: none`")
    if proof is not Proof.NONE:
        look_up = _look_up(node.get("look_up"), told, shared, result.kind)
    _check_coverage(node, kind, asked.used)
    return CommandMapping(proof, refusals, ids, variables, steps, result, look_up)


def _look_up(node: Node, told: Names, shared: Shared, kind: str) -> LookUp:
    node.only(("steps", "absent", "result"))
    steps, seen = read_steps(node.need("steps"), told, shared)
    for at, step in enumerate(steps):
        if step.acts:
            raise wrong(node.get("steps").at(at), "a look-up must not act", "use GET")
    result = _result(node.need("result"), seen)
    if result.kind != kind:
        raise wrong(node.get("result"), f"{result.kind} is not {kind}", f"produce {kind}")
    absent = node.need("absent")
    return LookUp(steps, needed(reading_at(absent, seen), absent), result)


def _remote_id(node: Node, names: Names) -> RemoteId:
    node.only(("noun", "of"))
    of = node.need("of")
    return RemoteId(node.need("noun").text(), needed(reading_at(of, names), of))


def _refusal(node: Node, names: Names) -> Refusal:
    node.only(("when", "what", "each"))
    each, names = each_at(node, names)
    when = node.need("when")
    return Refusal(
        compiled(when, lambda: compile_condition(when.value, names)),
        node.need("what").text(),
        each,
    )


def _flat(node: Node) -> Iterator[Node]:
    """Yield the entries of a list, and those of lists in it: shared ones stand there whole."""
    for each in node.entries():
        if isinstance(each.value, list):
            yield from each.entries()
        else:
            yield each


def _result(node: Node, names: Names) -> Record:
    node.only(("kind", "fields"))
    name = node.need("kind").text()
    kind = kinds_of(Result).get(name)
    if kind is None:
        remedy = f"use one of {listed(kinds_of(Result))}"
        raise wrong(node.get("kind"), f"there is no result {name}", remedy)
    return check_record(node, kind, names)


def _check_coverage(node: Node, kind: type, used: set[tuple[type, str]]) -> None:
    """Raise unless every field of a command is sent, refused or said to be ignored."""
    ignored: set[tuple[type, str]] = set()
    for path, reason in node.get("ignores").items():
        reason.text()
        owner, _, name = path.rpartition(".")
        found = _owner(kind, owner) if owner else kind
        if found is None or name not in hints_of(found):
            raise wrong(reason, f"{kind.__name__} has no field {path}", "remove it")
        ignored.add((found, name))
        whole = _owner(kind, path)
        if whole is not None:
            ignored |= {(whole, each) for each in hints_of(whole)}
    missing = [
        f"{prefix}{name}"
        for owner_kind, prefix in records_of(kind)
        for name in hints_of(owner_kind)
        if (owner_kind, name) not in used | ignored
    ]
    if missing:
        is_one = len(missing) == 1
        verb, it = ("is", "it") if is_one else ("are", "each")
        raise wrong(
            node,
            f"{', '.join(missing)} of {kind.__name__} {verb} neither sent, refused nor ignored",
            f"use {it}, refuse {it}, or name {it} under ignores with a reason",
        )


def records_of(kind: type, prefix: str = "") -> Iterator[tuple[type, str]]:
    """Yield a command's type, and the types of records in it with what leads to their fields."""
    yield kind, prefix
    for name, hint in hints_of(kind).items():
        inner = typed(hint)
        inner = element_of(inner) if element_of(inner) is not ANY else inner
        if isinstance(inner, type) and is_dataclass(inner):
            yield from records_of(inner, f"{prefix}{name}.")


def _owner(kind: type, path: str) -> type | None:
    return next((each for each, prefix in records_of(kind) if prefix == f"{path}."), None)

"""`[accounts.NAME.routes]`: where commands go, from tables to `bridge.routing.Routes`."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.bridge.front_door import UpstreamCredentials
from adapter.bridge.routing import COMMANDS, LOCAL, PASS, Rule

_RULE_KEYS: Final = frozenset({"backend", "commands", "clients", "percent"})
_HUNDRED: Final = 100


class RuleTables(tuple[Rule, ...]):
    """The rules as the file writes them: `[[accounts.NAME.routes.rules]]`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RoutesConfig:
    """One account's routes as written, but for those of single commands."""

    default: str = LOCAL
    upstream: str = ""
    upstream_credentials: UpstreamCredentials = UpstreamCredentials.AS_SENT
    upstream_all_paths: bool = False
    rules: RuleTables = RuleTables()

    @property
    def upstreams(self) -> tuple[str, ...]:
        """The backends that `upstream` names."""
        return tuple(name.strip() for name in self.upstream.split(",") if name.strip())


def read_rules(value: Any) -> RuleTables:
    """Return the rules; raises `ValueError` with everything wrong, rule by rule."""
    if isinstance(value, RuleTables):
        return value
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ValueError("must be tables of the file: [[accounts.NAME.routes.rules]]")
    problems: list[str] = []
    rules = []
    for number, table in enumerate(value, 1):
        found = [f"rule {number}: {problem}" for problem in _rule_problems(table)]
        problems += found
        if not found:
            rule = _rule(table)
            rules.append(rule)
            problems += (f"rule {number}: {each}" for each in _untold(rule))
    if problems:
        raise ValueError("; ".join(problems))
    return RuleTables(rules)


def _rule_problems(table: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(set(table) - _RULE_KEYS):
        yield f"unknown key {key}: {nearest(key, sorted(_RULE_KEYS))}"
    if not isinstance(table.get("backend"), str):
        yield "backend: name the backend, for example 'local'"
    commands = table.get("commands", [])
    if isinstance(commands, list):
        for name in commands:
            if name not in COMMANDS:
                yield f"commands: no command {name}: {nearest(str(name), COMMANDS)}"
    else:
        yield "commands: must be a list of names of commands; leave it out for all"
    if ("clients" in table) == ("percent" in table):
        yield "set clients or percent, one of both"
    clients = table.get("clients", ["1"])
    if not isinstance(clients, list) or not clients or not all(map(is_client, clients)):
        yield "clients: must be a list of client ids and e-mail addresses, at least one"
    percent = table.get("percent", 0)
    if isinstance(percent, bool) or not isinstance(percent, int | float):
        yield "percent: must be a number from 0 to 100"
    elif not 0 <= percent <= _HUNDRED or round(percent, 2) != percent:
        yield "percent: must lie between 0 and 100, with two decimals at most"


def _untold(rule: Rule) -> Iterator[str]:
    """Yield the commands of a rule that it can never be applied to."""
    named = "no client" if rule.percent is None else "no client by id"
    for command in sorted(rule.commands):
        if not rule.can_tell(command):
            yield (
                f"commands: calls of {command} name {named}, so that no client rule can apply; "
                f"take it out and set routes.commands.{command}, which is for every client"
            )


def is_client(value: Any) -> bool:
    """Tell whether a value can be the id or the e-mail address of a client."""
    if isinstance(value, str):
        value = value.strip()
        return int(value) > 0 if value.isdecimal() else "@" in value
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _rule(table: Mapping[str, Any]) -> Rule:
    percent = table.get("percent")
    return Rule(
        backend=table["backend"],
        commands=frozenset(table.get("commands", ())),
        clients=frozenset(client_name(each) for each in table.get("clients", ())),
        percent=None if percent is None else float(percent),
    )


def client_name(value: Any) -> str:
    """Return an id or an e-mail address as rules compare it."""
    text = str(value).strip().lower()
    return str(int(text)) if text.isdecimal() else text


def nearest(name: str, known: Any) -> str:
    """Return the remedy for a name that does not exist."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def route_problems(
    prefix: str,
    config: RoutesConfig,
    commands: Mapping[str, str],
    backends: Mapping[str, str],
) -> Iterator[str]:
    """Yield what is wrong with routes that are each well written.

    `backends` maps the account's backends to their kinds; `prefix` is the key of the table.
    """
    named = {f"{prefix}.default": config.default}
    named |= {f"{prefix}.commands.{name}": backend for name, backend in commands.items()}
    named |= {
        f"{prefix}.rules, rule {number}": rule.backend
        for number, rule in enumerate(config.rules, 1)
    }
    known = (LOCAL, PASS, *backends)
    for key, backend in named.items():
        if backend not in known:
            yield f"{key}: no backend {backend}: {nearest(backend, known)}"
        elif backend == PASS and not config.upstreams:
            yield f"{key}: nothing can be passed on without an upstream; set {prefix}.upstream"
    for name in config.upstreams:
        kind = backends.get(name)
        if kind is None:
            others = tuple(backends)
            remedy = nearest(name, others) if others else f"add [{prefix[:-7]}.backends.{name}]"
            yield f"{prefix}.upstream: no backend {name}: {remedy}"
        elif kind != "forward":
            yield (
                f"{prefix}.upstream: {name} is {kind}; only a backend of kind forward speaks a "
                "protocol that can be passed on"
            )

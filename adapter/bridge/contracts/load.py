"""Read a contracts folder. The format: contracts/README.md."""

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date, time
from pathlib import Path
from typing import Any

from adapter.bridge.contracts.model import (
    AccountSpec,
    BadContract,
    Case,
    Contracts,
    CredentialSpec,
    RefusedBy,
    ReplySpec,
    RequestSpec,
    Skip,
    SkipWhere,
    Step,
    StepUse,
)
from adapter.bridge.contracts.placeholders import to_text
from adapter.bridge.contracts.tables import Table, read_toml
from adapter.protocols.base import Limits

_CASE_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_STEPS = "steps.toml"
_SKIPS = "skips.toml"
_FORM = "application/x-www-form-urlencoded"
_STEP_KEYS = frozenset(
    {"given", "vars", "request", "capture", "reply", "today", "local_time", "command"}
)


def load_contracts(folder: Path) -> Contracts:
    """Read every case, step and skip of a folder; raises `BadContract`, which names the place."""
    if not folder.is_dir():
        raise BadContract(str(folder), "no such folder")
    library = _Library(_Source.read(folder / _STEPS, "", folder))
    files: list[tuple[str, Path]] = []
    for protocol in sorted(path.name for path in folder.iterdir() if path.is_dir()):
        steps = folder / protocol / _STEPS
        if not steps.is_file():
            continue
        library.protocols[protocol] = _Source.read(steps, protocol, folder)
        files += [
            (protocol, path)
            for path in sorted((folder / protocol).glob("*.toml"))
            if path.name != _STEPS
        ]
    if not files:
        raise BadContract(str(folder), "no contract files")
    cases: dict[str, Case] = {}
    for protocol, path in files:
        for case in _File(library, _Source.read(path, protocol, folder), path.stem).cases():
            if case.key in cases:
                raise BadContract(case.key, "two cases have this id")
            cases[case.key] = case
    return Contracts(tuple(cases.values()), _skips(folder / _SKIPS, cases))


def _skips(path: Path, cases: Mapping[str, Case]) -> dict[str, Skip]:
    if not path.is_file():
        return {}
    table = Table(read_toml(path), path.name)
    skips: dict[str, Skip] = {}
    for number, row in enumerate(table.take("skip", list, [])):
        one = Table(row, f"{path.name}, skip {number + 1}")
        key = one.need("id", str)
        skips[key] = Skip(
            key,
            one.word("where", SkipWhere, SkipWhere.HTTP) or SkipWhere.HTTP,
            one.need("reason", str),
        )
        one.done()
        if key not in cases:
            raise BadContract(one.where, f"there is no case {key}")
    table.done()
    return skips


@dataclass(slots=True)
class _Source:
    """One TOML file's shared parts."""

    where: str
    protocol: str
    content: Table
    variables: dict[str, str] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    reply: dict[str, Any] = field(default_factory=dict)
    steps: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path, protocol: str, folder: Path) -> "_Source":
        where = str(path.relative_to(folder))
        content = Table(read_toml(path) if path.is_file() else {}, where)
        defaults = Table(content.take("defaults", dict, {}), f"{where}, defaults")
        source = cls(
            where,
            protocol,
            content,
            content.texts("vars"),
            defaults.take("request", dict, {}),
            defaults.take("reply", dict, {}),
            content.take("step", dict, {}),
        )
        defaults.done()
        if path.name == _STEPS:
            content.done()
        return source


@dataclass(slots=True)
class _Library:
    """The steps that files share."""

    common: _Source
    protocols: dict[str, _Source] = field(default_factory=dict)


@dataclass(slots=True)
class _File:
    """One file of cases with the library it draws on."""

    library: _Library
    source: _Source
    stem: str
    endpoint: str = ""
    made: dict[tuple[str, str, str], Step] = field(default_factory=dict)
    making: list[tuple[str, str, str]] = field(default_factory=list)

    def cases(self) -> list[Case]:
        """Return the file's cases."""
        self.endpoint = self.source.content.take("endpoint", str, self.stem)
        rows = self.source.content.take("case", list, [])
        self.source.content.done()
        return [self._case(row, number) for number, row in enumerate(rows)]

    def _case(self, row: Any, number: int) -> Case:
        table = Table(row, f"{self.source.where}, case {number + 1}")
        case_id = table.need("id", str)
        table.where = key = f"{self.source.protocol}/{self.stem}:{case_id}"
        if not _CASE_ID.fullmatch(case_id):
            raise BadContract(key, "an id is made of lower-case words and hyphens")
        source = table.need("source", str)
        if not source.strip():
            raise BadContract(key, "source is empty")
        variables = table.texts("vars")
        today = table.maybe("today", date)
        local_time = table.maybe("local_time", time)
        account = self._account(table)
        only, reason = table.maybe("only", str), table.maybe("reason", str)
        if only not in {None, "in-process"} or (only is None) != (reason is None):
            raise BadContract(key, 'only = "in-process" and its reason go together')
        protocol = self.source.protocol
        given, then = (
            tuple(self._use(each, key, role, protocol) for each in table.take(role, list, []))
            for role in ("given", "then")
        )
        refused = table.word("refused", RefusedBy, None)
        main = self._step(
            table, case_id, protocol, self.source, allowed={"request", "reply", "command"}
        )
        if main.reply is None:
            raise BadContract(key, "reply is missing")
        if main.command is not None and refused is not None:
            raise BadContract(key, "a case has a command or is refused, not both")
        return Case(
            key=key,
            source=source,
            main=main,
            given=given,
            then=then,
            today=today,
            local_time=local_time,
            account=account,
            variables=variables,
            refused=(refused or RefusedBy.REQUEST) if main.command is None else None,
            in_process_reason=reason,
        )

    def _account(self, table: Table) -> AccountSpec:
        one = Table(table.take("account", dict, {}), f"{table.where}, account")
        credentials: dict[str, CredentialSpec] = {}
        for name, content in one.take("credentials", dict, {}).items():
            row = Table(content, f"{one.where}, credential {name}")
            credentials[name] = CredentialSpec(
                tuple(row.take("allow", list, [])),
                tuple(row.take("ip", list, [])),
                row.take("revoked", bool, default=False),
            )
            row.done()
        limits = one.take("limits", dict, {})
        known = {each.name for each in fields(Limits)}
        if unknown := set(limits) - known:
            raise BadContract(one.where, f"no such limit: {', '.join(sorted(unknown))}")
        spec = AccountSpec(
            quirks=one.take("quirks", dict, {}),
            settings=one.take("settings", dict, {}),
            setup=one.maybe("setup", str),
            limits=limits,
            access=one.take("access", dict, {}),
            config=one.take("config", dict, {}),
            credentials=credentials,
            zone=one.maybe("zone", str),
            business_id=one.maybe("business_id", str),
            mode=one.maybe("mode", str),
        )
        one.done()
        return spec

    def _use(self, row: Any, where: str, role: str, protocol: str) -> StepUse:
        """Read one entry of `given` or `then`: a step's name, a use of it, or an inline step."""
        if isinstance(row, str):
            return StepUse(self._named(row, where, protocol))
        table = Table(row, f"{where}, {role}")
        alias, with_ = table.maybe("as", str), table.texts("with")
        if alias is not None and not re.fullmatch(r"[a-z][a-z0-9_]*", alias):
            raise BadContract(table.where, "as is one lower-case word")
        if (name := table.maybe("use", str)) is not None:
            table.done()
            return StepUse(self._named(name, where, protocol), with_, alias)
        protocol = table.take("protocol", str, protocol)
        step = self._step(table, role, protocol, self._source_of(protocol), allowed=_STEP_KEYS)
        if role == "then" and step.reply is None:
            raise BadContract(table.where, "reply is missing")
        return StepUse(step, with_, alias)

    def _source_of(self, protocol: str) -> _Source | None:
        """Return this file when it is of `protocol`: its defaults and variables apply."""
        return self.source if protocol == self.source.protocol else None

    def _named(self, name: str, where: str, protocol: str) -> Step:
        """Return the step `name`: the file's own, the protocol's, a common or a foreign one."""
        prefix, slash, bare = name.rpartition("/")
        protocol = prefix or protocol
        if protocol not in self.library.protocols:
            raise BadContract(where, f"there is no protocol {protocol}")
        shared = self.library.protocols[protocol]
        own = self._source_of(protocol) if not slash else None
        for source in (own, shared, self.library.common):
            if source is not None and bare in source.steps:
                break
        else:
            raise BadContract(where, f"there is no step {name}")
        key = (source.where, protocol, bare)
        if key in self.made:
            return self.made[key]
        if key in self.making:
            raise BadContract(where, f"step {name} needs itself")
        self.making.append(key)
        table = Table(source.steps[bare], f"{source.where}, step {bare}")
        of_file = own if source is own else None
        step = self._step(table, bare, protocol, of_file, allowed=_STEP_KEYS)
        step = replace(step, shared=source is not own)
        self.making.pop()
        self.made[key] = step
        return step

    def _step(
        self,
        table: Table,
        name: str,
        protocol: str,
        own: _Source | None,
        *,
        allowed: Iterable[str],
    ) -> Step:
        """Read one exchange; `own` is the file when its defaults and variables apply."""
        allowed = set(allowed)
        if protocol not in self.library.protocols:
            raise BadContract(table.where, f"there is no protocol {protocol}")
        sources = [
            source
            for source in (own, self.library.protocols[protocol], self.library.common)
            if source is not None
        ]
        for key in _STEP_KEYS - allowed:
            if key in table.left:
                raise BadContract(table.where, f"unknown key {key}")
        given = tuple(
            self._use(each, table.where, "given", protocol)
            for each in table.take("given", list, [])
        )
        if "request" not in table.left:
            raise BadContract(table.where, "request is missing")
        request = _request(
            _merged([source.request for source in reversed(sources)], table, "request"),
            table.where,
        )
        reply = None
        if "reply" in table.left:
            reply = _reply(
                _merged([source.reply for source in reversed(sources)], table, "reply"),
                table.where,
            )
        step = Step(
            name=name,
            protocol=protocol,
            endpoint=self.endpoint,
            request=request,
            reply=reply,
            command=table.maybe("command", dict),
            capture=table.texts("capture"),
            variables=table.texts("vars"),
            outer=tuple(source.variables for source in sources),
            given=given,
            today=table.day("today"),
            local_time=table.maybe("local_time", time),
        )
        if step.command is not None and not isinstance(step.command.get("type"), str):
            raise BadContract(table.where, "command.type is missing")
        table.done()
        return step


def _merged(defaults: Iterable[Mapping[str, Any]], table: Table, key: str) -> dict[str, Any]:
    """Return a table over its defaults, farthest first; headers are merged by name."""
    merged: dict[str, Any] = {}
    headers: dict[str, Any] = {}
    for each in (*defaults, table.take(key, dict, {})):
        merged |= each
        if not isinstance(each.get("headers", {}), dict):
            raise BadContract(table.where, f"{key}.headers must be a table")
        headers |= {name.lower(): value for name, value in each.get("headers", {}).items()}
        if "body" in each:
            merged.pop("body_base64", None) if "body_base64" not in each else None
        elif "body_base64" in each:
            merged.pop("body", None)
    return merged | {"headers": headers}


def _body(table: Table) -> str | None:
    text, encoded = table.maybe("body", str), table.maybe("body_base64", str)
    if encoded is None:
        return text
    if text is not None:
        raise BadContract(table.where, "body and body_base64 exclude each other")
    try:
        return to_text(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadContract(table.where, f"body_base64: {error}") from error


def _request(content: dict[str, Any], where: str) -> RequestSpec:
    table = Table(content, f"{where}, request")
    headers = {"content-type": _FORM} | table.texts("headers")
    spec = RequestSpec(
        path=table.need("path", str),
        method=table.take("method", str, "POST"),
        query=table.take("query", str, ""),
        headers={name: value for name, value in headers.items() if value},
        body=_body(table) or "",
        chunked=table.take("chunked", bool, default=False),
        announced_length=table.maybe("announced_length", int),
        address=table.maybe("address", str),
    )
    table.done()
    return spec


def _reply(content: dict[str, Any], where: str) -> ReplySpec:
    table = Table(content, f"{where}, reply")
    spec = ReplySpec(
        status=table.take("status", int, 200),
        content_type=table.maybe("content_type", str),
        headers=table.texts("headers"),
        body=_body(table),
        ignore_json_whitespace=table.take("ignore_json_whitespace", bool, default=False),
    )
    table.done()
    return spec

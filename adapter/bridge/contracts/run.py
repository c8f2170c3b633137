"""Run contract cases against a target."""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any, Protocol

from adapter.bridge.contracts.diff import command_diff
from adapter.bridge.contracts.model import (
    DEFAULT_TIME,
    Case,
    Contracts,
    RequestSpec,
    SkipWhere,
    Step,
    StepUse,
)
from adapter.bridge.contracts.placeholders import (
    BadPlaceholder,
    UnknownName,
    Values,
    escape_for,
    fill,
    to_bytes,
    to_text,
)
from adapter.bridge.contracts.plain import FromPlaceholder, plain_command
from adapter.bridge.contracts.replies import Differs, StepFailed, check_reply, pick, trouble
from adapter.bridge.contracts.report import CaseResult, Outcome, Report
from adapter.bridge.exchanges import Exchange, ReplyMask, redact_values
from adapter.commands.model import Command
from adapter.errors import AdapterError
from adapter.protocols.base import BaseCall, LegacyProtocol, WireRequest, WireResponse

Transport = Callable[[WireRequest], WireResponse]

CREDENTIAL_NAMES = frozenset(
    {
        "identifier",
        "secret",
        "secret_md5",
        "username",
        "password",
        "password_md5",
    }
)
TARGET_NAMES = CREDENTIAL_NAMES | {"business_id"}
_CREDENTIAL_PARTS = frozenset({"identifier", "secret", "secret_md5"})
_LOCAL_ADDRESS = "127.0.0.1"
_ONE_PLACEHOLDER = re.compile(r"\$\{[^{}]*\}")


class Session(Protocol):
    """One case's connection to a target: a fresh account in process, the server over HTTP."""

    @property
    def values(self) -> Mapping[str, str]:
        """What placeholders may name besides captures and variables."""

    @property
    def today(self) -> date:
        """The account's date."""

    def send(self, protocol: str, request: WireRequest) -> WireResponse:
        """Send a request to the endpoint of a protocol."""

    def move_clock(self, today: date, local_time: time = DEFAULT_TIME) -> None:
        """Set the account's date and the time of its day."""


class Target(Protocol):
    """Whom cases are run against."""

    @property
    def where(self) -> SkipWhere:
        """Which skips count here."""

    def blocker(self, case: Case) -> str | None:
        """Return why the case cannot run here, or None."""

    def open(self, case: Case) -> AbstractContextManager[Session]:
        """Return a session for one case."""


def run_contracts(  # noqa: PLR0913 - the options of one run
    contracts: Contracts,
    target: Target,
    *,
    select: Iterable[str] = (),
    protocols: Mapping[str, LegacyProtocol[Any]] | None = None,
    run_token: str = "r",  # noqa: S107 - a word in made-up names, not a secret
    ignore: frozenset[str] = frozenset(),
    each: Callable[[CaseResult], None] = lambda _: None,
) -> Report:
    """Run the cases whose key starts with a text of `select` (all without) and report.

    `protocols` by folder name turn on the comparison of commands. `run_token` makes `${unique}`
    new in each run against one server. `ignore` names parts of replies that are not compared
    (`content_type`, `status`, `headers`, `json_whitespace`). `each` sees every result at once.
    """
    chosen = tuple(select)
    results: list[CaseResult] = []
    for number, case in enumerate(contracts.cases):
        if chosen and not case.key.startswith(chosen):
            continue
        skip = contracts.skips.get(case.key)
        reason = (
            skip.reason
            if skip is not None and skip.where in {target.where, SkipWhere.EVERYWHERE}
            else target.blocker(case)
        )
        if reason is not None:
            result = CaseResult(case.key, case.source, Outcome.SKIPPED, reason)
        else:
            result = run_case(
                case, target, f"{run_token}{number}", protocols=protocols, ignore=ignore
            )
        results.append(result)
        each(result)
    return Report(tuple(results))


def run_case(
    case: Case,
    target: Target,
    unique: str,
    *,
    protocols: Mapping[str, LegacyProtocol[Any]] | None = None,
    ignore: frozenset[str] = frozenset(),
) -> CaseResult:
    """Run one case from its first step to its last exchange."""
    try:
        with target.open(case) as session:
            run = CaseRun(case, session, unique, protocols or {}, ignore)
            try:
                run.all()
            except Differs as difference:
                outcome, detail = Outcome.DIFFERED, str(difference)
            except (StepFailed, AdapterError, BadPlaceholder) as error:
                outcome, detail = Outcome.ERROR, f"{run.at}: {error}"
            except UnknownName as error:
                outcome, detail = Outcome.ERROR, f"{run.at}: ${{{error.name}}} has no value"
            else:
                outcome, detail = Outcome.PASSED, ""
            secrets = run.secrets()
            return CaseResult(
                case.key,
                case.source,
                outcome,
                to_text(redact_values(to_bytes(detail), secrets)) if detail else "",
                tuple(run.exchanges),
            )
    except (AdapterError, OSError) as error:
        return CaseResult(case.key, case.source, Outcome.ERROR, str(error))


@dataclass(slots=True)
class Scope:
    """Where the placeholders of one step find their values, nearest first."""

    run: "CaseRun"
    step: Step
    with_: Mapping[str, str] = field(default_factory=dict)
    alias: str = ""

    def lookup(self, name: str) -> str:
        """Return a name's text, which may hold placeholders."""
        run = self.run
        if name == "unique":
            return f"{run.unique}{self.alias}"
        if name == "endpoint":
            return self.step.endpoint
        if name in self.with_:
            return self.with_[name]
        if self.alias and f"{self.alias}.{name}" in run.captured:
            return run.captured[f"{self.alias}.{name}"]
        places: tuple[Mapping[str, str], ...] = (
            run.captured,
            self.step.variables,
            {} if self.step.shared else run.case.variables,
            *self.step.outer,
            run.session.values,
        )
        for each in places:
            if name in each:
                return each[name]
        return run.missing(name)

    def values(self) -> Values:
        """Return what placeholders stand for here."""
        return Values(self.lookup, self.run.start, is_credential)

    def keep(self, name: str, text: str) -> None:
        """Note a captured value."""
        self.run.captured[f"{self.alias}.{name}" if self.alias else name] = text


def is_credential(name: str) -> bool:
    """Tell whether a placeholder names part of a credential, to be escaped where it stands."""
    return name in CREDENTIAL_NAMES or name.rpartition(".")[2] in _CREDENTIAL_PARTS


@dataclass(slots=True)
class CaseRun:
    """One case under way."""

    case: Case
    session: Session
    unique: str
    protocols: Mapping[str, LegacyProtocol[Any]]
    ignore: frozenset[str] = frozenset()
    captured: dict[str, str] = field(default_factory=dict)
    exchanges: list[Exchange] = field(default_factory=list)
    at: str = "given"
    start: date = field(init=False)

    def __post_init__(self) -> None:
        self.start = self.session.today

    def missing(self, name: str) -> str:
        """Answer for a name without a value."""
        raise UnknownName(name)

    def secrets(self) -> list[str]:
        """Return the secret values that no report may show."""
        return [
            value
            for name, value in self.session.values.items()
            if is_credential(name) and not name.endswith(("identifier", "username"))
        ]

    def all(self) -> None:
        """Run everything; raises `Differs`, `StepFailed` and errors of the format."""
        for use in self.case.given:
            self.run_use(use, f"given {use.step.name}")
        self.run_use(StepUse(self.case.main), "request")
        for number, use in enumerate(self.case.then):
            self.run_use(use, f"then {number + 1} ({use.step.name})")

    def run_use(self, use: StepUse, at: str, outer: Scope | None = None) -> None:
        """Run one step, the steps it needs first."""
        around = outer or Scope(self, self.case.main)
        with_ = {
            **{name: fill(text, around.values()) for name, text in use.with_.items()},
            **around.with_,
        }
        scope = Scope(self, use.step, with_, use.alias or around.alias)
        if scope.alias:
            scope.keep("unique", f"{self.unique}{scope.alias}")
        for inner in use.step.given:
            self.run_use(inner, f"{at} > {inner.step.name}", scope)
        self.at = at
        self._exchange(use.step, scope, at)

    def _exchange(self, step: Step, scope: Scope, at: str) -> None:
        if step.today is not None or step.local_time is not None:
            self._move_clock(step, scope)
        request = build_request(step.request, scope.values())
        command = None
        if step.command is not None and step.protocol in self.protocols:
            command = self._command(step, request, scope, at)
        reply = self.session.send(step.protocol, request)
        masks: tuple[ReplyMask, ...] = ()
        failure: Exception | None = None
        if step.reply is not None:
            try:
                masks = check_reply(step.reply, reply, scope.values(), scope.keep, self.ignore)
            except Differs as difference:
                failure = Differs(f"{at}: {describe(request)}\n{difference}")
        elif (problem := trouble(reply)) is not None:
            failure = StepFailed(f"{describe(request)} answered {problem}")
        self.exchanges.append(
            Exchange.captured(
                request,
                reply,
                self.case.key,
                command=command,
                masks=masks,
                secrets=self.secrets(),
            )
        )
        if failure is not None:
            raise failure
        for name, path in step.capture.items():
            scope.keep(name, pick(reply, path))

    def _move_clock(self, step: Step, scope: Scope) -> None:
        today = self.session.today
        if step.today is not None:
            try:
                today = date.fromisoformat(fill(step.today, scope.values()))
            except ValueError as error:
                raise BadPlaceholder(f"today: {error}") from error
        self.session.move_clock(today, step.local_time or DEFAULT_TIME)

    def _command(self, step: Step, request: WireRequest, scope: Scope, at: str) -> Command:
        protocol = self.protocols[step.protocol]
        try:
            command = decode_command(protocol, request)
        except AdapterError as error:
            raise Differs(
                f"{at}: {describe(request)}\nrefused before a command: {error!r}"
            ) from error
        if difference := command_difference(step, command, scope):
            raise Differs(f"{at}: {describe(request)}\n{difference}")
        return command


def command_difference(step: Step, command: Command, scope: Scope) -> str:
    """Return how a command differs from the step's expected one; empty when it does not."""
    expected = fill_command(step.command or {}, scope.values())
    return command_diff(expected, plain_command(command))


def decode_command(protocol: LegacyProtocol[Any], request: WireRequest) -> Command:
    """Return the command that a request means, of the account `main`; raises `AdapterError`."""
    call: BaseCall = protocol.decode(request)
    return protocol.to_command(protocol.bind(call, "main"))


def fill_command(expected: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Return an expected command with its placeholders filled in."""

    def filled(value: Any) -> Any:
        if isinstance(value, str):
            text = fill(value, values)
            return FromPlaceholder(text) if _ONE_PLACEHOLDER.fullmatch(value) else text
        if isinstance(value, Mapping):
            return {key: filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [filled(item) for item in value]
        return value

    return {key: filled(value) for key, value in expected.items()}


def build_request(spec: RequestSpec, values: Values) -> WireRequest:
    """Return the request that a filled-in specification sends."""
    headers = {name: fill(text, values) for name, text in spec.headers.items()}
    escape = escape_for(spec.body, headers.get("content-type", ""))
    body = to_bytes(fill(spec.body, values, escape))
    announced = len(body) if spec.announced_length is None else spec.announced_length
    return WireRequest(
        method=spec.method,
        path=fill(spec.path, values),
        query=to_bytes(fill(spec.query, values, escape_for("", ""))),
        headers=headers,
        body=body,
        address=spec.address or _LOCAL_ADDRESS,
        announced_length=None if spec.chunked else announced,
    )


def describe(request: WireRequest) -> str:
    """Return a request in one line, the body cut."""
    query = f"?{to_text(request.query)}" if request.query else ""
    return f"{request.method} {request.path}{query} {to_text(request.body[:500])}".rstrip()

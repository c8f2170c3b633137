"""Read the requests of contract cases without a server."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from adapter.bridge.contracts.model import (
    DEFAULT_TIME,
    DEFAULT_TODAY,
    Case,
    RefusedBy,
    Step,
    StepUse,
)
from adapter.bridge.contracts.placeholders import fill, tokens
from adapter.bridge.contracts.replies import StepFailed
from adapter.bridge.contracts.run import (
    TARGET_NAMES,
    CaseRun,
    Scope,
    build_request,
    command_difference,
    decode_command,
)
from adapter.errors import AdapterError
from adapter.protocols.base import LegacyProtocol, WireRequest, WireResponse


class DecodeSession:
    """A session that answers nothing, for reading a case's requests without a server."""

    def __init__(self, values: Mapping[str, str], today: date = DEFAULT_TODAY) -> None:
        self.values = values
        self.today = today

    def send(self, protocol: str, request: WireRequest) -> WireResponse:
        """Refuse: there is nobody to answer."""
        raise StepFailed(f"nobody answers {protocol} {request.path}")

    def move_clock(self, today: date, local_time: time = DEFAULT_TIME) -> None:  # noqa: ARG002 - nothing is answered
        """Note the date."""
        self.today = today


def nested(step: Step) -> Iterator[Step]:
    """Yield the steps that a step needs, in order."""
    for use in step.given:
        yield from nested(use.step)
        yield use.step


def values_used(case: Case) -> frozenset[str]:
    """Return the names of `TARGET_NAMES` that the case's requests and replies use."""
    used: set[str] = set()

    class Recording(dict[str, str]):
        def __contains__(self, name: object) -> bool:
            return name in TARGET_NAMES

        def __getitem__(self, name: str) -> str:
            used.add(name)
            return "0"

    reading = _Reading(case, DecodeSession(Recording()), "u", {})
    for use in case.uses():
        scope = Scope(reading, use.step, use.with_)
        build_request(use.step.request, scope.values())
        if use.step.reply is not None and use.step.reply.body is not None:
            tokens(use.step.reply.body, scope.values())
    return frozenset(used)


@dataclass(frozen=True, slots=True)
class Decoded:
    """One of a case's requests, read without a server; `problem` is empty when all is right."""

    at: str
    request: WireRequest
    problem: str


def decode_case(
    case: Case,
    protocols: Mapping[str, LegacyProtocol[Any]],
    values: Mapping[str, str],
) -> list[Decoded]:
    """Read a case's requests and compare their commands, captured values made up.

    Every captured name stands for a number of its own. Checked are the exchanges that write a
    command, and that the case's own request is refused where it has none.
    """
    run = _Reading(case, DecodeSession(values, case.today or DEFAULT_TODAY), "u", protocols)
    return run.read()


@dataclass(frozen=True, slots=True)
class Sample:
    """One exchange of a case with its placeholders filled in; masks stay as they are written.

    `status` and `body` are those of the expected reply, None where none is written.
    """

    protocol: str
    request: WireRequest
    status: int | None
    body: str | None


def samples(case: Case, values: Mapping[str, str], today: date) -> list[Sample]:
    """Return the case's exchanges in order, steps included.

    `values` are credentials and captured values; every other captured name is a made-up number.
    """
    run = _Reading(case, DecodeSession(values, today), "u", {})
    found = []
    for _, step, request, scope in run.requests():
        body = None
        if step.reply is not None and step.reply.body is not None:
            body = "".join(str(token) for token in tokens(step.reply.body, scope.values()))
        status = None if step.reply is None else step.reply.status
        found.append(Sample(step.protocol, request, status, body))
    return found


@dataclass(slots=True)
class _Reading(CaseRun):
    """A case of which only the requests are read."""

    numbers: dict[str, str] = field(default_factory=dict)

    def missing(self, name: str) -> str:
        """Make up a number for a captured name."""
        return self.numbers.setdefault(name, str(101 + len(self.numbers)))

    def requests(self) -> Iterator[tuple[str, Step, WireRequest, Scope]]:
        """Yield every exchange of the case: its place, its step, the request, its scope."""
        around = Scope(self, self.case.main)
        places = [("given", use) for use in self.case.given]
        places.append(("request", StepUse(self.case.main)))
        places += [(f"then {n + 1}", use) for n, use in enumerate(self.case.then)]
        for at, use in places:
            with_ = {name: fill(text, around.values()) for name, text in use.with_.items()}
            for inner in (*nested(use.step), use.step):
                scope = Scope(self, inner, with_, use.alias or "")
                yield at, inner, build_request(inner.request, scope.values()), scope

    def read(self) -> list[Decoded]:
        """Return what is right and wrong with the case's own exchanges."""
        found: list[Decoded] = []
        for at, step, request, scope in self.requests():
            if at == "given" or step.protocol not in self.protocols:
                continue
            problem = self._problem(step, request, scope, own=step is self.case.main)
            found.append(Decoded(at, request, problem))
        return found

    def _problem(self, step: Step, request: WireRequest, scope: Scope, *, own: bool) -> str:
        try:
            command = decode_command(self.protocols[step.protocol], request)
        except AdapterError as error:
            if step.command is None:
                return ""
            return f"refused before a command: {error!r}"
        if step.command is not None:
            return command_difference(step, command, scope)
        if own and self.case.refused is RefusedBy.REQUEST:
            return f"not refused, but {command!r}"
        return ""

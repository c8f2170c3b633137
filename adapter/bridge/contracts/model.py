"""A contract as read from its file: steps, cases and what they expect, still with placeholders."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum
from typing import Any

from adapter.errors import AdapterError

DEFAULT_TODAY = date(2026, 1, 15)
DEFAULT_TIME = time(8)


class BadContract(AdapterError):
    """A contract file cannot be used; the text names the file, the case and the rule."""

    code = "bad_contract"

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")
        self.where = where
        self.problem = problem


class RefusedBy(StrEnum):
    """What refuses a case that has no command."""

    REQUEST = "request"
    ACCESS = "access"


class SkipWhere(StrEnum):
    """Where a listed case is not run."""

    HTTP = "http"
    IN_PROCESS = "in-process"
    EVERYWHERE = "everywhere"


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """A request with placeholders; raw bytes in `body` are surrogate escapes."""

    path: str
    method: str = "POST"
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    chunked: bool = False
    announced_length: int | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True)
class ReplySpec:
    """An expected reply with placeholders and masks; what is None is not compared."""

    status: int = 200
    content_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    ignore_json_whitespace: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange: what to send, what must come back, what to keep of it.

    `variables` are the step's own, `outer` those of its file and protocol, nearest first; `shared`
    steps see none of the case's. Without `reply`, any reply that is no error will do.
    """

    name: str
    protocol: str
    endpoint: str
    request: RequestSpec
    reply: ReplySpec | None = None
    command: Mapping[str, Any] | None = None
    capture: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    outer: tuple[Mapping[str, str], ...] = ()
    given: tuple["StepUse", ...] = ()
    today: str | None = None
    local_time: time | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True)
class StepUse:
    """A step as one case uses it: `with_` fills its variables, `alias` prefixes its captures."""

    step: Step
    with_: Mapping[str, str] = field(default_factory=dict)
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class CredentialSpec:
    """One more credential of an account."""

    allow: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """How a case's account differs from the default one."""

    quirks: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    setup: str | None = None
    limits: Mapping[str, int] = field(default_factory=dict)
    access: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, CredentialSpec] = field(default_factory=dict)
    zone: str | None = None
    business_id: str | None = None
    mode: str | None = None

    @property
    def differs(self) -> bool:
        """Whether anything but the catalogue differs from the default account."""
        return self != AccountSpec(setup=self.setup)


@dataclass(frozen=True, slots=True)
class Case:
    """One contract case. `key` is its name everywhere: `<protocol>/<file>:<id>`."""

    key: str
    source: str
    main: Step
    given: tuple[StepUse, ...] = ()
    then: tuple[StepUse, ...] = ()
    today: date | None = None
    local_time: time | None = None
    account: AccountSpec = field(default_factory=AccountSpec)
    variables: Mapping[str, str] = field(default_factory=dict)
    refused: RefusedBy | None = None
    in_process_reason: str | None = None

    @property
    def protocol(self) -> str:
        """The protocol whose folder holds the case."""
        return self.main.protocol

    def uses(self) -> tuple[StepUse, ...]:
        """Return every exchange of the case in order, steps inside steps included."""
        flat: list[StepUse] = []

        def add(use: StepUse) -> None:
            for inner in use.step.given:
                add(inner)
            flat.append(use)

        for use in (*self.given, StepUse(self.main), *self.then):
            add(use)
        return tuple(flat)


@dataclass(frozen=True, slots=True)
class Skip:
    """A case that is not run, and why."""

    key: str
    where: SkipWhere
    reason: str


@dataclass(frozen=True, slots=True)
class Contracts:
    """Everything a contracts folder holds."""

    cases: tuple[Case, ...]
    skips: Mapping[str, Skip] = field(default_factory=dict)

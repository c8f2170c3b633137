"""The seam between bytes and commands: what every legacy protocol is given and gives back."""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from adapter.commands.access import Credentials
from adapter.commands.model import Command
from adapter.commands.results import Result
from adapter.errors import AdapterError

# Parameters as they came, untyped: text leaves. A form body gives nested, insertion-ordered dicts
# as PHP folds them (a PHP list is a dict with keys "0", "1", ...). A JSON body keeps its lists,
# its numbers are text, and null, true and false stay None, True and False.
ParamValue = Any
Params = dict[str, ParamValue]


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One HTTP request as it came, free of any framework.

    `path` is the decoded path, `query` the raw query string without `?`. `body` is the raw body,
    read before any form parser. `headers` have lower-case names. `announced_length` is the
    Content-Length, None when absent (chunked). `address` is the caller's, proxies resolved.
    """

    method: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes
    address: str
    announced_length: int | None = None


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One HTTP reply: exact bytes and the headers that belong to them."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one request; past any of them the caller gets an error, never a silent cut."""

    body_bytes: int = 8 * 1024 * 1024
    fields: int = 40_000
    depth: int = 64
    rows: int = 2_000
    columns: int = 16


@dataclass(frozen=True, slots=True)
class BaseCall:
    """What every decoded request has; protocols extend it.

    `action` is the protocol's own name as matched (`geninvoices`, `generatenewrecurringinvoice`).
    `problem` is set when the bytes could not be read: `to_command` then raises it, so that
    authentication comes first and `decode` never raises.
    """

    action: str
    params: Params
    credentials: Credentials
    address: str
    method: str
    problem: AdapterError | None = None


CallT = TypeVar("CallT", bound=BaseCall)


class LegacyProtocol(Protocol[CallT]):
    """One wire dialect. Knows no Flask, SQL or HTTP client; holds no state of a request."""

    name: str

    def matches(self, path: str) -> bool:
        """Tell whether a decoded request path belongs to this protocol."""

    def resembles(self, path: str) -> bool:
        """Tell whether some web server takes a path that does not match for one that does."""

    def decode(self, request: WireRequest) -> CallT:
        """Read bytes; never raises (see `BaseCall.problem`)."""

    def bind(self, call: CallT, account: str) -> CallT:
        """Add the account's quirks."""

    def to_command(self, call: CallT) -> Command:
        """Check names, types and limits; raises `RequestError`."""

    def encode_result(self, result: Result, call: CallT) -> WireResponse:
        """Write a success reply."""

    def encode_error(self, error: AdapterError, call: CallT) -> WireResponse:
        """Write an error reply; total, whatever was decoded."""

    def actions(self) -> frozenset[str]:
        """Name every action that works, as roles and metrics spell it (lower case)."""

    def commands(self, action: str) -> tuple[type[Command], ...]:
        """Return what an action may ask for, the most usual first; nothing for an unknown one."""

    def named_actions(self, raw: bytes, path: str) -> frozenset[str]:
        """Name whatever raw bytes of a query or a body could be read as an action, lower case.

        For bytes that could not be decoded, or not all of them: too many rather than too few.
        """

    def with_credentials(
        self, raw: bytes, content_type: str | None, credentials: Credentials
    ) -> bytes:
        """Return a body (or a query: `content_type` None) with these credentials in it.

        What was sent as credentials is replaced wherever it stands, an access key is emptied; no
        other byte changes. Raises `Malformed` for what cannot be read.
        """

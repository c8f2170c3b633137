from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapter.bridge.idempotency import Idempotency, IdempotencyConfig
from adapter.bridge.service import Gateway, answer, refuse, serve
from adapter.commands.access import Account, Caller, Credentials, Mode
from adapter.commands.model import GenerateDueInvoices
from adapter.commands.results import InvoicesGenerated
from adapter.errors import (
    AddressNotAllowed,
    ClientNotFound,
    LimitExceeded,
    Malformed,
    NotAuthenticated,
    RunIncomplete,
)
from adapter.protocols.base import BaseCall, WireRequest, WireResponse

JOHANNESBURG = ZoneInfo("Africa/Johannesburg")
ACCOUNT = Account("main", Mode.SANDBOX, JOHANNESBURG, "1")
REQUEST = WireRequest("POST", "/x", b"", {}, b"geninvoices", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Call(BaseCall):
    quirks: str = "unbound"


class Dialect:
    """A protocol that notes the order of its steps."""

    name = "dialect"

    def __init__(self) -> None:
        self.steps: list[str] = []
        self.raises: Exception | None = None

    def actions(self) -> frozenset[str]:
        return frozenset({"geninvoices"})

    def decode(self, request: WireRequest) -> Call:
        self.steps.append("decode")
        return Call(request.body.decode(), {}, Credentials(), request.address, request.method)

    def bind(self, call: Call, account: str) -> Call:
        self.steps.append(f"bind {account}")
        return replace(call, quirks="bound")

    def to_command(self, call: Call) -> GenerateDueInvoices:
        self.steps.append("to_command")
        if self.raises is not None:
            raise self.raises
        return GenerateDueInvoices()

    def encode_result(self, result: Any, call: Call) -> WireResponse:
        self.steps.append("encode_result")
        return WireResponse(200, f"{result.count} {call.quirks}".encode(), "text/plain")

    def encode_error(self, error: Exception, call: Call) -> WireResponse:
        self.steps.append("encode_error")
        return WireResponse(400, f"{error} {call.quirks}".encode(), "text/plain")


class Door:
    """An access that admits, or refuses with `refusal`."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.refusal: Exception | None = None

    def admit(self, call: BaseCall, protocol: Any) -> Caller:
        self.dialect.steps.append("admit")
        if self.refusal is not None:
            raise self.refusal
        return Caller(ACCOUNT, "shop", call.address)

    def check_address(self, call: BaseCall) -> None:
        if self.refusal is not None:
            raise self.refusal


class Store:
    """A backend that notes its contexts."""

    def __init__(self) -> None:
        self.contexts: list[Any] = []
        self.raises: Exception | None = None

    def execute(self, command: Any, context: Any) -> InvoicesGenerated:
        self.contexts.append(context)
        if self.raises is not None:
            raise self.raises
        return InvoicesGenerated(3, 118)


@pytest.fixture
def dialect() -> Any:
    return Dialect()


@pytest.fixture
def backend() -> Any:
    return Store()


@pytest.fixture
def gateway(dialect, backend) -> Any:
    ticks = iter(range(100))
    # No command here asks its store.
    repeats = Idempotency(
        None,  # type: ignore[arg-type]
        IdempotencyConfig(),
        clock=lambda: datetime(2026, 3, 2, tzinfo=UTC),
        pause=lambda _: None,
    )
    return Gateway(
        access=Door(dialect),  # type: ignore[arg-type] # as much of one as is asked for
        backends={"main": backend},
        repeats={"main": repeats},
        clocks={"main": lambda: datetime(2026, 3, 1, 23, 30, tzinfo=UTC)},
        monotonic=lambda: float(next(ticks)),
    )


def test_each_step_follows_the_last_and_the_encoder_knows_the_quirks(gateway, dialect):
    assert serve(gateway, dialect, REQUEST).body == b"3 bound"
    assert dialect.steps == ["decode", "admit", "bind main", "to_command", "encode_result"]


def test_the_outcome_tells_what_the_log_says(gateway, dialect):
    outcome = answer(gateway, dialect, REQUEST, "r1")
    assert (outcome.action, outcome.account, outcome.credential) == ("geninvoices", "main", "shop")
    assert (outcome.result, outcome.count, outcome.response.status) == ("ok", 3, 200)


def test_the_context_has_the_accounts_date_and_the_requests_id(gateway, dialect, backend):
    answer(gateway, dialect, REQUEST, "r1")
    (context,) = backend.contexts
    assert context.today == date(2026, 3, 2)  # half past one at night in Johannesburg
    assert context.now == datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
    assert (context.request_id, context.reference, context.dry_run) == ("r1", "r1", False)
    assert context.elapsed() == 1.0
    assert context.elapsed() == 2.0


def test_a_refused_caller_reaches_neither_rules_nor_backend(gateway, dialect, backend):
    gateway.access.refusal = NotAuthenticated()
    outcome = answer(gateway, dialect, REQUEST, "r1")
    assert dialect.steps == ["decode", "admit", "encode_error"]
    assert outcome.response.body == b"Authentication Failed unbound"
    assert (outcome.account, outcome.credential, outcome.result) == ("", "", "not_authenticated")
    assert backend.contexts == []


@pytest.mark.parametrize("where", ["protocol", "backend"])
def test_errors_behind_the_door_are_told_with_the_accounts_quirks(
    gateway, dialect, backend, where
):
    target = dialect if where == "protocol" else backend
    target.raises = ClientNotFound(7)
    outcome = answer(gateway, dialect, REQUEST, "r1")
    assert outcome.response.body == b"Client not found bound"
    assert (outcome.account, outcome.result, outcome.count) == ("main", "client_not_found", None)


def test_an_incomplete_run_tells_what_it_issued(gateway, dialect, backend):
    backend.raises = RunIncomplete(5)
    outcome = answer(gateway, dialect, REQUEST, "r1")
    assert (outcome.result, outcome.count) == ("run_incomplete", 5)


def test_an_action_that_does_not_exist_is_not_logged(gateway, dialect):
    dialect.raises = Malformed("no")
    outcome = answer(gateway, dialect, replace(REQUEST, body=b"made-up"), "r1")
    assert outcome.action == ""


def test_what_is_no_adapter_error_is_left_to_the_web(gateway, dialect, backend):
    backend.raises = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        answer(gateway, dialect, REQUEST, "r1")


def test_an_unread_request_is_refused_in_its_dialect_after_the_address(gateway, dialect):
    outcome = refuse(gateway, dialect, REQUEST, LimitExceeded("bytes", 8))
    assert outcome.response.body == b"Request exceeds the limit of 8 bytes unbound"
    gateway.access.refusal = AddressNotAllowed("192.0.2.1")
    outcome = refuse(gateway, dialect, REQUEST, LimitExceeded("bytes", 8))
    assert outcome.response.body == b"Invalid IP 192.0.2.1 unbound"
    assert outcome.result == "address_not_allowed"

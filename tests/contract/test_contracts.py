"""Every contract case, twice: its bytes as a command, and its exchanges through the real app."""

from collections.abc import Callable, Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

import pytest

from adapter.bridge.contracts import (
    BadContract,
    Case,
    Contracts,
    Outcome,
    SkipWhere,
    decode_case,
    load_contracts,
    run_case,
)
from adapter.commands.context import Sent
from adapter.commands.results import Result
from adapter.errors import AdapterError, BadAnswer, CannotExpress, Rejected, UpstreamRefused
from adapter.protocols.base import LegacyProtocol, WireRequest, WireResponse
from adapter.protocols.invoicesonline.client import InvoicesOnlineClient
from adapter.protocols.upstream import UpstreamAnswer
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.client import WhmcsClient
from tests.contract.target import VALUES, AppTarget, app_target, protocols_of

FOLDER = Path(__file__).parents[2] / "contracts"
try:
    CONTRACTS = load_contracts(FOLDER)
except BadContract:
    CONTRACTS = Contracts(())  # `test_the_files_can_be_read` says why
SKIPPED = {
    key: skip.reason
    for key, skip in CONTRACTS.skips.items()
    if skip.where in {SkipWhere.IN_PROCESS, SkipWhere.EVERYWHERE}
}
CASES = [
    pytest.param(
        case,
        id=case.key,
        marks=[pytest.mark.skip(reason=SKIPPED[case.key])] if case.key in SKIPPED else [],
    )
    for case in CONTRACTS.cases
]


@pytest.fixture(scope="session")
def target() -> Iterator[AppTarget]:
    with app_target() as made:
        yield made


def test_the_files_can_be_read():
    assert load_contracts(FOLDER).cases


@pytest.mark.parametrize("case", CASES)
def test_the_bytes_mean_the_command(case: Case):
    problems = [
        f"{decoded.at}: {decoded.problem}"
        for decoded in decode_case(case, protocols_of(case), VALUES)
        if decoded.problem
    ]
    assert problems == [], "\n".join([case.source, *problems])


@pytest.mark.parametrize("case", CASES)
def test_the_exchanges_are_the_contracts(case: Case, target: AppTarget):
    result = run_case(case, target, "u", protocols=protocols_of(case))
    assert result.outcome is Outcome.PASSED, f"{result.source}\n{result.detail}"
    for request, reply in target.exchanged():
        assert_read_back(request, reply, protocols_of(case), target.zone())


CLIENTS = (WhmcsClient(), InvoicesOnlineClient())


def assert_read_back(
    request: WireRequest,
    reply: WireResponse,
    protocols: Mapping[str, LegacyProtocol[Any]],
    zone: tzinfo,
) -> None:
    """Read a reply as its callers' side does, and write what was read: the same bytes."""
    protocol = next((each for each in protocols.values() if each.matches(request.path)), None)
    if protocol is None:
        return
    call = protocol.bind(protocol.decode(request), "main")
    asks_other = isinstance(call, Call) and call.responsetype != "json"
    if call.action not in protocol.actions() or asks_other:
        return
    try:
        command = protocol.to_command(call)
    except AdapterError:
        return
    client = next(each for each in CLIENTS if each.name == protocol.name)
    try:
        asked = client.keep(Sent(protocol.name, call.action, call.params))
    except CannotExpress:
        return  # refused before anything is sent
    if type(command) not in client.expresses():
        return
    written = read_and_written(
        lambda: client.read(UpstreamAnswer(reply.status, reply.body, asked, zone), command),
        protocol,
        call,
    )
    assert written is None or written.body == reply.body


def read_and_written(
    read: Callable[[], Result], protocol: LegacyProtocol[Any], call: Any
) -> WireResponse | None:
    """Return what is written for what is read; None where a caller must not be told."""
    try:
        return protocol.encode_result(read(), call)
    except UpstreamRefused as error:
        return protocol.encode_error(error, call)
    except (Rejected, BadAnswer):
        return None
    except AdapterError as error:
        return protocol.encode_error(error, call)

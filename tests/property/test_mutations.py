"""Mutated requests, in process: every answer readable, cheap, and never beyond its scope."""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapter.bridge.contracts import DEFAULT_TODAY, AccountSpec, load_contracts, samples
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import AdapterError
from adapter.protocols.base import Limits, WireRequest
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.store import tables
from tests.contract.target import VALUES, AppSession, app_target
from tests.fuzz.mutations import mutate
from tests.fuzz.oracle import judge, scope_is_whole
from tests.fuzz.population import Population, scoped_calls

CONTRACTS = Path(__file__).parents[2] / "contracts"
CPU_SECONDS = 0.050
CLIENT_ID = 7_310_258_947
SERVICE_ID = 7_310_258_948
CREDENTIAL = {"identifier": VALUES["identifier"], "secret": VALUES["secret"]}
PROTOCOLS: dict[str, Any] = {
    "whmcs": WhmcsProtocol({}, Limits(), allow_get=True),
    "invoicesonline": InvoicesOnlineProtocol({}, Limits()),
}
RELAXED = settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
randoms = st.randoms(use_true_random=False)


@dataclass
class Gateway:
    """A populated gateway in process and the requests to break."""

    session: AppSession
    bases: list[WireRequest]

    def rows(self) -> dict[str, int]:
        """Return the number of rows of every table but the journal, which notes refusals too."""
        with self.session.store.engine.connect() as connection:
            return {
                table.name: connection.execute(
                    sa.select(sa.func.count()).select_from(table)
                ).scalar_one()
                for table in tables.metadata.sorted_tables
                if table is not tables.requests
            }


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with app_target() as target:
        session = target.account(AccountSpec(), "whmcs")
        population = Population(
            lambda request: session.send("whmcs", request), CREDENTIAL, DEFAULT_TODAY
        )
        values = {**VALUES, **population.populate()}
        bases = [
            sample.request
            for case in load_contracts(CONTRACTS).cases
            for sample in samples(case, values, DEFAULT_TODAY)
        ]
        yield Gateway(session, bases)


def cpu_seconds(deed: Callable[[], object]) -> float:
    """Return the CPU time of a deed, without the garbage of what ran before."""
    gc.collect(0)
    started = time.process_time()
    deed()
    return time.process_time() - started


@RELAXED
@given(random=randoms)
def test_every_answer_is_readable_and_a_refusal_writes_nothing(random: Random, gateway: Gateway):
    request, ways = mutate(random.choice(gateway.bases), random)
    before = gateway.rows()
    reply = gateway.session.send("", request)
    judgement = judge(PROTOCOLS, request, reply)
    assert judgement.complaint == "", (ways, request, reply)
    if not judgement.accepted:
        assert gateway.rows() == before, (ways, request, reply)


@RELAXED
@given(random=randoms)
def test_no_request_takes_more_cpu_time_than_its_share(random: Random, gateway: Gateway):
    request, ways = mutate(random.choice(gateway.bases), random)
    spent = []
    for _ in range(3):  # the best of a few: other work of the machine is not the request's
        spent.append(cpu_seconds(lambda: gateway.session.send("", request)))
        if spent[-1] <= CPU_SECONDS:
            return
    raise AssertionError((spent, ways, len(request.body), request))


@RELAXED
@given(random=randoms)
def test_a_scoped_run_never_widens(random: Random):
    base = random.choice(list(scoped_calls(CREDENTIAL, CLIENT_ID, SERVICE_ID)))
    request, ways = mutate(base, random)
    if not scope_is_whole(base, request):
        return
    protocol = PROTOCOLS["whmcs"]
    try:
        command = protocol.to_command(protocol.decode(request))
    except AdapterError:
        return
    assert isinstance(command, GenerateDueInvoices), ways
    scopes = [command.client_id, command.service_ids, command.addon_ids, command.domain_ids]
    assert any(scope is not None for scope in scopes), (ways, request)

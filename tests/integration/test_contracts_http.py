"""The contracts and the fuzz run against a real server process on loopback."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapter.bridge.contracts import Outcome, check_contracts
from tests.fuzz.fuzz_http import Run, credentials_of, fuzz
from tests.fuzz.server import Server, running

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.enable_socket]

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("server")) as started:
        yield started


def test_a_server_keeps_the_contracts_again_and_again(server: Server):
    for run_token in ("a", "b"):
        report = check_contracts(
            CONTRACTS,
            server.url,
            credentials_of(server.identifier, server.secret),
            today=datetime.now(UTC).date(),
            run_token=run_token,
            select=["whmcs/geninvoices", "whmcs/transport", "invoicesonline/newclient"],
        )
        wrong = [*report.ended(Outcome.DIFFERED), *report.ended(Outcome.ERROR)]
        assert wrong == [], "\n".join(report.lines())
        assert len(report.ended(Outcome.PASSED)) > len(report.ended(Outcome.SKIPPED))


def test_a_short_fuzz_run_finds_nothing(server: Server):
    run = Run(
        server.url,
        credentials_of(server.identifier, server.secret),
        server.database,
        seed=4,
        until=time.monotonic() + 120,
    )
    fuzz(run, server, count=1200, threads=2)
    assert run.failures.lines == []

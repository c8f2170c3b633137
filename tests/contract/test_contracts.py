"""Every contract case, twice: its bytes as a command, and its exchanges through the real app."""

from collections.abc import Iterator
from pathlib import Path

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

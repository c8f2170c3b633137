"""The short version of `make chaos`: a few small rounds on every database."""

import pytest

from tests.chaos.rounds import play, shortfalls
from tests.databases import EVERY_ENGINE, Databases, new_sqlite

ROUNDS = 2
CLIENTS = 250


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERY_ENGINE)
def test_callers_that_die_in_a_run_leave_every_group_issued_once(
    engine: str, databases: Databases, tmp_path
):
    reports = []
    for seed in range(ROUNDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        url = new_sqlite(folder) if engine == "sqlite" else databases.url(engine)
        reports.append(play(url, CLIENTS, seed))
    assert shortfalls(reports) == []

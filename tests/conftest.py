"""What all tests share: databases on real servers, for the tests marked `db`."""

import re
from collections.abc import Iterator

import pytest

from tests.databases import Databases


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the tests on real servers unless `-m` asks for them, and say so."""
    if re.search(r"\bdb\b", config.getoption("markexpr") or ""):
        return
    left_out = pytest.mark.skip(reason="needs PostgreSQL or MariaDB: run `pytest -m db`")
    for item in items:
        if item.get_closest_marker("db") is not None:
            item.add_marker(left_out)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Return the databases on real servers; they are dropped at the end."""
    made = Databases()
    yield made
    made.drop()

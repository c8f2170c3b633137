"""What all tests share: databases on real servers for the tests marked `db`, and quick hashes."""

import re
from collections.abc import Iterator

import pytest

from adapter.store import passwords
from tests.databases import Databases

_MEMORY_KIB, _PASSES = passwords._MEMORY_KIB, passwords._PASSES


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


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash passwords with little memory in this process: thousands of tests make a client.

    `slow_hashes` gives the product's own cost back.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_MEMORY_KIB", 64)
        patch.setattr(passwords, "_PASSES", 1)
        yield


@pytest.fixture
def slow_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test hash as the product does."""
    monkeypatch.setattr(passwords, "_MEMORY_KIB", _MEMORY_KIB)
    monkeypatch.setattr(passwords, "_PASSES", _PASSES)

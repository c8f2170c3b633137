"""A gateway in this process that is the upstream, on a fresh store for each test."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from adapter.bridge.contracts import AccountSpec
from adapter.commands import model
from adapter.commands.context import Context
from adapter.store.setup import apply_catalogue, parse_catalogue
from tests.contract.target import AppSession, AppTarget, fast_folder
from tests.forwarding import TAXED_SHOP, AppTransport
from tests.unit.backends.forward.cases import TODAY


@pytest.fixture(scope="module")
def target() -> Iterator[AppTarget]:
    with (
        TemporaryDirectory(prefix="forward-", dir=fast_folder()) as folder,
        closing(AppTarget(Path(folder))) as made,
    ):
        yield made


@pytest.fixture
def upstream(target: AppTarget) -> AppSession:
    """Return the gateway that is the upstream, on a fresh store."""
    session = target.account(AccountSpec(), "whmcs", TODAY)
    catalogue = parse_catalogue(TAXED_SHOP)
    with session.store.write() as uow:
        apply_catalogue(uow, session.context(), catalogue)
    session.store._current_loaded = False
    return session


@pytest.fixture
def wire(upstream: AppSession) -> AppTransport:
    return AppTransport(upstream.app)


@pytest.fixture
def at(upstream: AppSession) -> Callable[[model.Command], Any]:
    """Execute a command at the upstream itself."""
    backend = upstream.assembly.gateway.backends["main"]
    return lambda command: backend.execute(command, upstream.context())


@pytest.fixture
def context(upstream: AppSession) -> Context:
    return replace(upstream.context(), reference="ref-1")

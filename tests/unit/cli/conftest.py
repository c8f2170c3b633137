"""The command line on a folder and database of its own."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapter.billing.model import BillableKind
from adapter.cli import main
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.queue import TABLES, requeue
from adapter.store.unit_of_work import Store
from tests.databases import upgraded_sqlite

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def environ(tmp_path, monkeypatch) -> dict[str, str]:
    monkeypatch.chdir(tmp_path)
    values = {"ADAPTER_DATABASE_URL": f"sqlite:///{tmp_path / 'data' / 'adapter.db'}"}
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return values


@pytest.fixture
def adapter(environ) -> Callable[..., Result]:
    def run(*arguments: str, stdin: str | None = None, fails: bool = False) -> Result:
        result = CliRunner().invoke(main, arguments, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert bool(result.exit_code) is fails, result.output
        return result

    return run


@pytest.fixture
def production(monkeypatch) -> None:
    """Make the account one in production, with everything chosen that it needs."""
    chosen = {"MODE": "production", "ZONE": "UTC", "BUSINESS_ID": "1", "BUSINESS_NAME": "Shop"}
    for name, value in chosen.items():
        monkeypatch.setenv(f"ADAPTER_ACCOUNTS_MAIN_{name}", value)
    monkeypatch.setenv("ADAPTER_MAIL_TRANSPORT", "files")


@pytest.fixture
def ready(adapter, tmp_path) -> Callable[..., Result]:
    """Return the command line on a database that `adapter db upgrade` has made."""
    file = tmp_path / "data" / "adapter.db"
    file.parent.mkdir()
    file.write_bytes(upgraded_sqlite())
    return adapter  # type: ignore[no-any-return]


@pytest.fixture
def fill(ready, environ):
    """Return a way to store a client's services: (client id, due date, catch-up)."""
    ready("clock", "set", "2026-03-02T08:00")

    def service(client_id: int, due_on: date, *, catch_up: str = "", known: bool = True) -> int:
        store = Store(StoreConfig(environ["ADAPTER_DATABASE_URL"]))
        with store.write() as uow:
            if known and uow.row(tables.clients, client_id) is None:
                row: dict[str, Any] = {
                    "id": client_id,
                    "uuid": "u",
                    "currency_id": 1,
                    "group_id": 0,
                    "status": "Active",
                    "created_on": due_on,
                    "created_at": NOW,
                    "send_documents": True,
                }
                uow.insert(tables.clients, **row)
            service_id = uow.insert(
                TABLES[BillableKind.SERVICE],
                client_id=client_id,
                created_at=NOW,
                next_due_on=due_on,
                registered_on=date(2025, 1, 1),
                recurring_amount=1595,
                payment_method="banktransfer",
                cycle="Monthly",
                status="Active",
                catch_up=catch_up or None,
            )
            requeue(uow, BillableKind.SERVICE, service_id)
        store.close()
        return service_id

    return service

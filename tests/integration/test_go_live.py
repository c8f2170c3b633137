"""A whole go-live: import that is killed and called again, preview, switch, first daily run."""

import json
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from adapter.bridge.daily import run_daily
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.transfer import content_digest
from adapter.store.unit_of_work import Store
from tests.contexts import context_on
from tests.databases import ON_A_SERVER, Databases
from tests.fuzz.server import adapter, environment
from tests.old_system import Books, make_books

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

_KEY = "0123456789abcdef" * 4
_ADAPTER = str(Path(sys.executable).with_name("adapter"))
# Python runs a module of this name at the start of every process that finds it. The process dies
# so many microseconds after it has reached its nth commit: before it, in it, or in the next page.
_DYING = """
import os, signal, threading, time
if "DIE_NTH" in os.environ:
    from adapter.store import faults
    nth, micros, seen = int(os.environ["DIE_NTH"]), int(os.environ["DIE_MICROS"]), 0
    def die():
        time.sleep(micros / 1e6)
        os.kill(os.getpid(), signal.SIGKILL)
    def hook(point):
        global seen
        seen += point == "before commit"
        if seen == nth:
            seen += 1
            threading.Thread(target=die, daemon=True).start() if micros else die()
    faults.install(hook)
"""
_CHOSEN = """
[access]
allowed_addresses = ["10.1.0.0/16"]
server_key = "{key}"
[accounts.main]
zone = "Etc/UTC"
business_id = "7"
mode = "sandbox"
[accounts.main.business]
name = "Old & Trusted"
[mail]
transport = "none"
[database]
url = "{url}"
"""


def today() -> date:
    return datetime.now(UTC).date()


class Account:
    """An account in a folder of its own, used by its commands only."""

    def __init__(self, folder: Path, url: str) -> None:
        folder.mkdir()
        self.folder, self.url = folder, url
        (folder / "sitecustomize.py").write_text(_DYING)
        self.file = folder / "adapter.toml"
        self.environ = {
            name: value
            for name, value in environment(folder).items()
            if not name.startswith("ADAPTER_")
        } | {"ADAPTER_CONFIG": str(self.file)}
        self.write_settings()
        adapter(self.environ, "db", "upgrade")
        self.store = Store(StoreConfig(url))

    def write_settings(self, mode: str = "sandbox") -> None:
        text = _CHOSEN.format(key=_KEY, url=self.url)
        self.file.write_text(text.replace('mode = "sandbox"', f'mode = "{mode}"'))

    def import_killed(self, file: Path, nth: int, micros: int) -> bool:
        """Begin an import that dies at its nth commit; return whether it had ended before that."""
        plan = {"PYTHONPATH": str(self.folder), "DIE_NTH": str(nth), "DIE_MICROS": str(micros)}
        done = subprocess.run(  # noqa: S603 - our own command
            [_ADAPTER, "import", str(file)],
            env=self.environ | plan,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode in {0, -signal.SIGKILL}, done.stderr
        return done.returncode == 0

    def refused(self, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - our own command
            [_ADAPTER, *arguments],
            env=self.environ,
            capture_output=True,
            text=True,
            check=False,
            timeout=240,
        )
        assert done.returncode == 1, done.stdout
        return done.stdout + done.stderr

    def digest(self) -> str:
        with self.store.read() as uow:
            return content_digest(uow)

    def claimed(self) -> Iterator[tuple[str, int, str, int | None]]:
        claims = tables.claims.c
        with self.store.read() as uow:
            query = sa.select(claims.kind, claims.billable_id, claims.due_on, claims.run_id)
            for row in uow.execute(query).all():
                yield row.kind, row.billable_id, row.due_on.isoformat(), row.run_id


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, databases: Databases) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'killed.db'}"
    return databases.url(request.param)


@pytest.mark.parametrize(
    ("url", "size", "kills"),
    [
        ("sqlite", (2000, 5000, 800), 20),
        pytest.param("postgresql", (100, 200, 60), 3, marks=ON_A_SERVER),
        pytest.param("mariadb", (100, 200, 60), 3, marks=ON_A_SERVER),
    ],
    indirect=["url"],
)
def test_a_business_moves_here_and_nothing_is_billed_twice(
    tmp_path: Path, url: str, size: tuple[int, int, int], kills: int
):
    books = make_books(today(), 7, *size)
    file = tmp_path / "old.jsonl"
    books.write(file)
    whole = Account(tmp_path / "whole", f"sqlite:///{tmp_path / 'whole.db'}")
    adapter(whole.environ, "import", str(file))

    killed = Account(tmp_path / "killed", url)
    pages = len(books.records) // 500 + size[1] // 500 + 8
    chance = random.Random(f"{size}")  # noqa: S311 - repeatable, not secret
    for left in range(kills, 0, -1):
        # Of what is left a share that leaves something for the other kills.
        nth = 1 + chance.randrange(max(1, 2 * pages // (kills + 4)))
        assert not killed.import_killed(file, nth, chance.choice([0, 0, 700, 5_000, 40_000])), left
    printed = adapter(killed.environ, "import", str(file))
    assert "the import was gone on with" in printed
    assert killed.digest() == whole.digest()
    assert "nothing was changed" in adapter(killed.environ, "import", str(file))
    assert killed.digest() == whole.digest()
    _goes_live(killed, books)


def _goes_live(account: Account, books: Books) -> None:
    told = account.refused("run-invoices")
    assert "on hold" in told
    told = account.refused("go-live")
    assert "change line 8 of " in told
    assert "no credential opens main" in told
    assert "owner of the schedules is not chosen" in told
    adapter(account.environ, "credentials", "add", "shop")
    account.write_settings("production")
    assert "owner of the schedules" in account.refused("go-live")
    found = json.loads(
        adapter(account.environ, "go-live", "--owner", "gateway", "--dry-run", "--json")
    )
    assert found["difference_count"] == 0, found["differences"]
    assert found["compared"] > 0.9 * len(books.billed)
    assert found["invoices"] > 0
    assert books.due_today
    assert "is live" in adapter(account.environ, "go-live", "--owner", "gateway")

    before = {(kind, row, on) for kind, row, on, _ in account.claimed()}
    assert before == books.billed
    issued = run_daily(account.store, RunConfig(), context_on(books.today))
    assert issued.count == found["invoices"]
    made = {(kind, row, on) for kind, row, on, run_id in account.claimed() if run_id is not None}
    assert made == set(books.due_today)
    assert not made & books.billed
    # Over everything that is here, imported and new; what mails there are name new invoices.
    span = Span(books.today - timedelta(days=900), books.today + timedelta(days=900))
    assert list(audit(account.store, span, Counts())) == []
    outbox, documents = tables.outbox.c, tables.documents.c
    with account.store.read() as uow:
        about = sa.select(documents.run_id).join(tables.outbox, outbox.document_id == documents.id)
        assert None not in set(uow.execute(about).scalars())

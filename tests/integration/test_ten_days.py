"""Ten days that nobody looks after: workers that are doubled, killed and started again.

Nobody has to call a run; each document is there once, each day's run is complete, and the metrics
say so.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
import sqlalchemy as sa
from prometheus_client.parser import text_string_to_metric_families

from adapter.assemble import Workplace, open_workplace
from adapter.errors import StoreUnavailable
from adapter.settings import MAIN, load_settings
from adapter.store import tables
from adapter.store.faults import Point
from adapter.store.run import last_daily_run
from adapter.store.unit_of_work import Store
from tests.databases import EVERY_ENGINE, Databases
from tests.fuzz.server import free_port
from tests.integration.conftest import Gateway, OpenGateway
from tests.integration.test_killed_servers import DYING
from tests.invariants import violations

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

FIRST = date(2026, 3, 2)
DAYS = 10
# On servers the same in fewer days: only how callers keep out of each other's way differs there.
DAYS_ON_A_SERVER = 3
NOON = time_of_day(12)
CLIENTS = 30  # two pages, so that two workers find something each
SECONDS = 120.0
_POINTS = (Point.INSERT, Point.BEFORE_COMMIT, Point.AFTER_COMMIT)


@dataclass(slots=True)
class Worker:
    """An `adapter worker` process of its own."""

    gateway: Gateway
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self, point: Point | None = None) -> None:
        """Start it; with a point it dies there when it bills its first page."""
        folder = self.gateway.folder / "dying"
        folder.mkdir(exist_ok=True)
        (folder / "sitecustomize.py").write_text(DYING)
        plan = {"PYTHONPATH": str(folder), "DIE_AT": point.value, "DIE_NTH": "1"} if point else {}
        with self.gateway.log.open("ab") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own command
                [
                    str(Path(sys.executable).with_name("adapter")),
                    "worker",
                    f"--metrics-bind=127.0.0.1:{self.port}",
                ],
                env=self.gateway.environ | plan,
                cwd=self.gateway.folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait(SECONDS)
            self.process = None

    def metrics(self) -> dict[tuple[str, str], float]:
        """Scrape it; values by name and by the label that tells series of one account apart."""
        text = requests.get(f"http://127.0.0.1:{self.port}/metrics", timeout=30).text
        samples = (
            each for family in text_string_to_metric_families(text) for each in family.samples
        )
        return {
            (each.name, "".join(v for k, v in each.labels.items() if k != "account")): each.value
            for each in samples
        }


@dataclass(slots=True)
class House:
    """Two gateways and some workers on one store."""

    gateway: Gateway
    second: Gateway
    place: Workplace
    workers: list[Worker] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The store, as this process sees it."""
        return self.place.store

    def work(self, count: int) -> None:
        """Start so many workers."""
        for _ in range(count):
            self.workers.append(Worker(self.gateway))
            self.workers[-1].start()

    def live(self, day: date) -> None:
        """Move the clock of all processes."""
        self.place.clock.set_to(day, NOON, "tests")
        self.gateway.today = day

    def await_run(self, day: date) -> None:
        """Wait until the day's run is complete."""
        until = time.monotonic() + SECONDS
        while self.last_run() != day:
            assert time.monotonic() < until, self.gateway.log.read_text("utf-8", "replace")
            time.sleep(0.1)

    def last_run(self) -> date | None:
        """Return the day of the latest complete daily run."""
        try:
            with self.store.read() as uow:
                return last_daily_run(uow, datetime.max.replace(tzinfo=ZoneInfo("UTC")))
        except StoreUnavailable:
            return None

    def documents(self) -> Counter[tuple[int, date]]:
        """Count documents by recurring invoice and day."""
        columns = tables.documents.c
        query = sa.select(columns.recurring_invoice_id, columns.issued_on)
        with self.store.read() as uow:
            return Counter((row.recurring_invoice_id, row.issued_on) for row in uow.execute(query))

    def close(self) -> None:
        """End what runs."""
        for worker in self.workers:
            worker.kill()
        self.second.stop()
        self.store.close()


@pytest.fixture(params=EVERY_ENGINE)
def house(
    request: pytest.FixtureRequest, open_gateway: OpenGateway, databases: Databases
) -> Iterator[House]:
    """Open two gateways on a store of each kind."""
    more = {}
    if request.param != "sqlite":
        url = databases.url(request.param)
        more = {"ADAPTER_DATABASE_URL": url, "ADAPTER_ACCESS_SERVER_KEY": "ab" * 32}
    gateway = open_gateway(FIRST, **more)
    second = replace(gateway, session=requests.Session(), process=None)
    second.start()
    made = House(gateway, second, open_workplace(load_settings(gateway.environ), MAIN))
    yield made
    made.close()
    gateway.stop()


def create(gateway: Gateway, count: int, **changed: str) -> list[int]:
    """Create daily recurring invoices by JSON, one a client."""
    rows = [["A", "1", "Line", "10.00", "ZAR", "1", "15", "0"]]
    ids = []
    for _ in range(count):
        made = gateway.recurring(gateway.client(), rows, Recurrs="daily", **changed)
        ids.append(int(made["document_id"]))
    return ids


def test_ten_days_with_killed_and_doubled_workers_bill_each_day_once(house: House) -> None:
    house.live(FIRST)
    templates = create(house.gateway, CLIENTS)
    house.work(2)  # what their first day missed is made up for at their start
    chance = random.Random(7)  # noqa: S311 - the same each time
    for number in range(DAYS if house.store.is_alone else DAYS_ON_A_SERVER):
        day = FIRST + timedelta(days=number)
        first, second = house.workers
        if number:
            first.kill()
            first.start(_POINTS[number % len(_POINTS)])
            if number % 3 == 0:
                house.second.kill()
                house.second.start()
            house.live(day)
        if number % 4 == 2:
            # A caller's run at the same time shares the work.
            assert house.second.call("GenInvoices")["result"] == "success"
        if number % 2:
            time.sleep(chance.random())  # wherever it is then
            second.kill()
            second.start()
        house.await_run(day)
        days = [FIRST + timedelta(days=n) for n in range(number + 1)]
        assert house.documents() == Counter((each, on) for each in templates for on in days)
        seen = _scraped(second)
        count = CLIENTS * len(days)
        assert seen["adapter_documents_issued_total", "invoice"] == count
        zone = ZoneInfo(house.gateway.environ["ADAPTER_ACCOUNTS_MAIN_ZONE"])
        ended = seen["adapter_last_complete_run_timestamp_seconds", ""]
        assert datetime.fromtimestamp(ended, zone).date() == day
        assert (seen["adapter_store_up", ""], seen["adapter_parked_items", ""]) == (1, 0)
    assert violations(house.store) == []
    found = house.gateway.adapter("audit", "--from", f"{FIRST}", "--to", f"{day}")
    assert ": 0 faults in " in found


def _scraped(worker: Worker) -> dict[tuple[str, str], float]:
    until = time.monotonic() + SECONDS
    while True:
        try:
            return worker.metrics()
        except requests.ConnectionError:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_what_json_creates_is_billed_once_though_nobody_calls_and_three_work(
    house: House,
) -> None:
    house.live(FIRST)
    house.work(3)
    house.await_run(FIRST)
    tomorrow = FIRST + timedelta(days=1)
    (template,) = create(house.gateway, 1, recurring_start_date=tomorrow.isoformat())
    assert house.documents() == Counter()
    house.live(tomorrow)
    house.await_run(tomorrow)
    assert house.documents() == Counter({(template, tomorrow): 1})
    for worker in house.workers:
        assert _scraped(worker)["adapter_documents_issued_total", "invoice"] == 1

"""A web process that dies in the middle of `GenInvoices`, on every database."""

import pytest
import requests

from adapter.store.config import StoreConfig
from adapter.store.faults import Point
from adapter.store.unit_of_work import Store
from tests.chaos.population import TODAY, populate
from tests.chaos.rounds import documents_in, wrong_with
from tests.databases import ON_A_SERVER, Databases
from tests.integration.conftest import Gateway, OpenGateway
from tests.invariants import violations

pytestmark = [
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.allow_hosts(["127.0.0.1"]),
]

CLIENTS = 45  # three pages
PAGES = {"ADAPTER_RUN_PAGE_CLIENTS": "20"}
# Python runs a module of this name at the start of every process that finds it.
DYING = """
import os, signal
if "DIE_AT" in os.environ:
    from adapter.store import faults
    nth, pages = int(os.environ["DIE_NTH"]), 0
    def hook(point):
        global pages
        pages += point == "after lock"  # what is written before the run's first page counts not
        if pages == nth and point == os.environ["DIE_AT"]:
            os.kill(os.getpid(), signal.SIGKILL)
    faults.install(hook)
"""


def start_dying(gateway: Gateway, point: Point, nth: int) -> None:
    """Start the server anew, its web processes dying at a point of a run's nth page."""
    gateway.stop()
    folder = gateway.folder / "dying"
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(DYING)
    plan = {"PYTHONPATH": str(folder), "DIE_AT": point.value, "DIE_NTH": str(nth)}
    healthy, gateway.environ = gateway.environ, gateway.environ | plan
    gateway.start()
    gateway.environ = healthy


@pytest.mark.parametrize(
    ("engine", "point", "nth"),
    [
        ("sqlite", Point.INSERT, 2),
        ("sqlite", Point.AFTER_COMMIT, 1),
        pytest.param("postgresql", Point.BEFORE_COMMIT, 1, marks=ON_A_SERVER),
        pytest.param("mariadb", Point.INSERT, 2, marks=ON_A_SERVER),
    ],
)
def test_the_next_call_finishes_what_a_killed_web_process_began(
    open_gateway: OpenGateway, databases: Databases, engine: str, point: Point, nth: int
):
    elsewhere = (
        {}
        if engine == "sqlite"
        else {
            "ADAPTER_DATABASE_URL": databases.url(engine),
            "ADAPTER_ACCESS_SERVER_KEY": "0123456789abcdef" * 4,
        }
    )
    gateway = open_gateway(today=TODAY, **PAGES, **elsewhere)
    store = Store(StoreConfig(gateway.environ["ADAPTER_DATABASE_URL"]))
    made = populate(store, CLIENTS, seed=11)
    start_dying(gateway, point, nth)
    with pytest.raises((requests.ConnectionError, ValueError)):
        gateway.form("GenInvoices")
    gateway.kill()
    before = len(documents_in(store))
    assert (before > 0) is (point is not Point.BEFORE_COMMIT)
    assert violations(store) == []
    gateway.start()
    assert gateway.generate()[0] == str(len(made.expected) - before)
    assert wrong_with(store, made) == []
    store.close()

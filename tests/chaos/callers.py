"""A caller of the run as a process of its own, which dies where its plan says."""

import json
import os
import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapter.commands.model import GenerateDueInvoices
from adapter.errors import ClientNotFound, OutcomeUnknown, RunIncomplete, StoreUnavailable
from adapter.store import faults
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.faults import Point
from adapter.store.run import run
from adapter.store.unit_of_work import Store
from tests.chaos.population import TODAY, seeded
from tests.contexts import context_on

_CONFIG = RunConfig(page_clients=10, page_seconds=5.0, wait_seconds=20.0)
# Calls end in the middle, with an error that names a count: over time, or over their bound.
_CONFIGS = (
    _CONFIG,
    replace(_CONFIG, time_limit_seconds=0.1),
    replace(_CONFIG, time_limit_seconds=0.5),
    replace(_CONFIG, document_limit=30),
)
_DIED = 9
# How a process that died as planned ends.
DEATHS = frozenset({_DIED, -signal.SIGKILL})


@dataclass(frozen=True, slots=True)
class Plan:
    """One life of a caller: `point` is where it dies, the `nth` time it gets there; None: never.

    `by_signal` ends it by SIGKILL, else by `os._exit`.
    """

    caller: int
    life: int
    seed: int
    point: Point | None = None
    nth: int = 1
    by_signal: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What a caller wrote down. `deed`: called, issued, incomplete, refused, unknown or died.

    `count` is what a reply or an error names; `open` whether a transaction was when it died.
    """

    deed: str
    caller: int
    request_id: str
    count: int = 0
    point: str = ""
    open: bool = False


class Journal:
    """The side file of a round: a line for every call made, reply given and death died.

    A line is one write to a file opened for appending, so that lines of processes that die do not
    mix and none is lost.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, entry: Entry) -> None:
        """Append one entry."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, json.dumps(asdict(entry)).encode() + b"\n")
        os.close(descriptor)

    def entries(self) -> list[Entry]:
        """Return everything that was written down so far."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8").splitlines()
        return [Entry(**json.loads(line)) for line in lines]


class _Life:
    """A caller between two restarts: its store, its calls, and the death it is heading for."""

    def __init__(self, url: str, journal: Journal, plan: Plan) -> None:
        self._journal, self._plan = journal, plan
        self._store = Store(StoreConfig(url, write_wait_seconds=30.0, pool_size=2))
        self._reached = 0
        self._request_id = ""
        self._open = False
        for name, is_open in (("begin", True), ("commit", False), ("rollback", False)):
            sa.event.listen(self._store.engine, name, self._mark(is_open=is_open))
        faults.install(self._hook)

    def _mark(self, *, is_open: bool) -> Any:
        def mark(_connection: sa.Connection) -> None:
            self._open = is_open

        return mark

    def _hook(self, point: Point) -> None:
        plan = self._plan
        if point is not plan.point:
            return
        self._reached += 1
        if self._reached == plan.nth:
            self._journal.note(self._entry("died", point=point.value, open=self._open))
            if plan.by_signal:
                os.kill(os.getpid(), signal.SIGKILL)
            os._exit(_DIED)

    def _entry(self, deed: str, **more: Any) -> Entry:
        return Entry(deed, self._plan.caller, self._request_id, **more)

    def live(self, clients: int) -> None:
        """Call until a call for everything is answered with success."""
        plan = self._plan
        random = seeded(f"{plan.seed}/{plan.caller}/{plan.life}")
        number = 0
        while True:
            number += 1
            self._request_id = f"{plan.caller}-{plan.life}-{number}"
            client_id = random.randint(1, clients) if random.random() < 0.2 else None
            config = random.choice(_CONFIGS)
            if self._call(GenerateDueInvoices(client_id=client_id), config) and client_id is None:
                self._store.close()
                return

    def _call(self, command: GenerateDueInvoices, config: RunConfig) -> bool:
        self._journal.note(self._entry("called"))
        try:
            done, _ = run(self._store, config, command, context_on(TODAY, self._request_id))
        except RunIncomplete as error:
            self._journal.note(self._entry("incomplete", count=error.issued))
        except OutcomeUnknown:
            self._journal.note(self._entry("unknown"))
        except (StoreUnavailable, ClientNotFound):
            self._journal.note(self._entry("refused"))
        else:
            self._journal.note(self._entry("issued", count=done.count))
            return True
        return False


def live(url: str, journal: Journal, plan: Plan, clients: int) -> None:
    """Be one life of a caller: the target of a forked process."""
    _Life(url, journal, plan).live(clients)


def plans(seed: int, callers: int, deaths: Mapping[Point, int]) -> list[list[Plan]]:
    """Return the lives of every caller: each death once, dealt out at random, then a last one."""
    random = seeded(seed)
    points = [point for point, count in deaths.items() for _ in range(count)]
    random.shuffle(points)
    lives: list[list[Plan]] = []
    for caller in range(callers):
        own = points[caller::callers]
        dying = [
            Plan(caller, n, seed, point, random.randint(1, 2), random.random() < 0.5)
            for n, point in enumerate(own)
        ]
        lives.append([*dying, Plan(caller, len(own), seed)])
    return lives

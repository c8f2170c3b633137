"""One round: callers share a run, die and come back; then the store must hold exactly its due."""

import multiprocessing
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.faults import Point
from adapter.store.setup import ensure_defaults
from adapter.store.unit_of_work import Store
from tests.chaos.callers import DEATHS, Entry, Journal, Plan, live, plans
from tests.chaos.population import TODAY, Population, populate
from tests.invariants import nothing_due, violations

CALLERS = 8
# Callers that need longer than this have found a way not to end.
_LIFE_SECONDS = 600.0
_OPEN_POINTS = tuple(point for point in Point if point is not Point.AFTER_COMMIT)
_PLANNED = dict.fromkeys(Point, 4)


class RoundFailed(AssertionError):
    """A round left a store that it should not have; the text says how."""


@dataclass(frozen=True, slots=True)
class Report:
    """What happened in a round. `deaths` counts by point, with a transaction open or without."""

    documents: int
    calls: int
    errors: int
    unanswered: int
    deaths: Mapping[tuple[str, bool], int]
    created: Mapping[int, int]
    seconds: float

    @property
    def callers(self) -> int:
        """How many callers created something."""
        return sum(1 for count in self.created.values() if count)

    def __str__(self) -> str:
        died = sum(self.deaths.values())
        open_ = sum(count for (_, is_open), count in self.deaths.items() if is_open)
        return (
            f"{self.documents} documents by {self.callers} callers in {self.calls} calls, "
            f"{self.errors} errors that name a count, {died} deaths ({open_} in a transaction), "
            f"{self.unanswered} documents of unanswered calls, {self.seconds:.1f} s"
        )


def prepare(url: str, clients: int, seed: int) -> Population:
    """Fill a store that has its tables and nothing else."""
    store = Store(StoreConfig(url, write_wait_seconds=30.0))
    try:
        with store.write() as uow:
            ensure_defaults(uow, datetime(2026, 1, 1, tzinfo=UTC))
        return populate(store, clients, seed)
    finally:
        store.close()


def play(url: str, clients: int, seed: int) -> Report:
    """Play one round on an empty store; raises `RoundFailed` when the store is not as it must."""
    began = time.monotonic()
    made = prepare(url, clients, seed)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        _let_live(url, journal, plans(seed, CALLERS, _PLANNED), clients)
        entries = journal.entries()
    store = Store(StoreConfig(url, write_wait_seconds=30.0))
    try:
        documents = documents_in(store)
        wrong = [*wrong_with(store, made), *_against_replies(entries, documents)]
    finally:
        store.close()
    if wrong:
        raise RoundFailed("\n".join(wrong[:20]))
    return _report(entries, documents, time.monotonic() - began)


def wrong_with(store: Store, made: Population) -> list[str]:
    """Return how a store differs from one in which everything due was billed once."""
    wrong = [*violations(store), *_against(made, documents_in(store))]
    return wrong if nothing_due(store, TODAY) else [*wrong, "something is still due"]


def _let_live(url: str, journal: Journal, lives: list[list[Plan]], clients: int) -> None:
    """Run every caller through its lives, all callers at once."""
    # Forked, since a process that starts Python anew costs more than a round.
    forking = multiprocessing.get_context("fork")
    living: dict[Any, tuple[BaseProcess, list[Plan]]] = {}

    def start(ahead: list[Plan]) -> None:
        process = forking.Process(target=live, args=(url, journal, ahead[0], clients))
        process.start()
        living[process.sentinel] = (process, ahead)

    try:
        for ahead in lives:
            start(ahead)
        until = time.monotonic() + _LIFE_SECONDS
        while living:
            ended = wait(list(living), max(0.0, until - time.monotonic()))
            if not ended:
                raise RoundFailed(f"{len(living)} callers did not end in {_LIFE_SECONDS:.0f} s")
            for sentinel in ended:
                process, ahead = living.pop(sentinel)
                plan, rest = ahead[0], ahead[1:]
                process.join()
                if process.exitcode not in ({0} if plan.point is None else {0, *DEATHS}):
                    raise RoundFailed(f"caller {plan.caller} ended with {process.exitcode}")
                # Also after a death that did not come about: there may be work again.
                if rest:
                    start(rest)
    finally:
        for process, _ in living.values():
            process.kill()
            process.join()


def documents_in(store: Store) -> list[Mapping[str, Any]]:
    """Return every document with the call that made it and the claims on it."""
    documents, runs, claims = tables.documents.c, tables.runs.c, tables.claims.c
    query = sa.select(
        documents.id,
        documents.client_id,
        documents.total,
        documents.credit,
        runs.request_id,
    ).join_from(tables.documents, tables.runs, documents.run_id == runs.id, isouter=True)
    with store.read() as uow:
        rows = uow.execute(query).mappings().all()
        claimed = uow.execute(sa.select(claims.document_id, claims.kind, claims.billable_id))
        of: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for claim in claimed.mappings():
            of[claim["document_id"]].append((claim["kind"], claim["billable_id"]))
    return [{**row, "claims": of[row["id"]]} for row in rows]


def _against(made: Population, documents: list[Mapping[str, Any]]) -> list[str]:
    """Compare with what must have been issued: one document a group, no other, the right sum."""
    issued = Counter((row["client_id"], frozenset(row["claims"])) for row in documents)
    sums = {
        (row["client_id"], frozenset(row["claims"])): row["total"] + row["credit"]
        for row in documents
    }
    wrong = [f"group {group} has no document" for group in made.expected.keys() - issued.keys()]
    wrong += [f"nobody expects {group}" for group in issued.keys() - made.expected.keys()]
    wrong += [f"group {group} has {n} documents" for group, n in issued.items() if n > 1]
    wrong += [
        f"group {group} comes to {sums[group]}, not {total}"
        for group, total in made.expected.items()
        if group in sums and sums[group] != total
    ]
    claims = sum(len(row["claims"]) for row in documents)
    if claims != made.billables:
        wrong.append(f"{claims} claims for {made.billables} items that are due")
    return wrong


def _against_replies(entries: list[Entry], documents: list[Mapping[str, Any]]) -> list[str]:
    """Compare what every answered call said with the documents that its run made."""
    made = Counter(row["request_id"] for row in documents)
    answered = {"issued", "incomplete", "refused"}
    said = {entry.request_id: entry.count for entry in entries if entry.deed in answered}
    wrong = [
        f"call {request_id} says {count}, made {made[request_id]}"
        for request_id, count in said.items()
        if made[request_id] != count
    ]
    silent = _silent(entries)
    unanswered = sum(count for request_id, count in made.items() if request_id in silent)
    if sum(said.values()) != len(documents) - unanswered:
        wrong.append(
            f"replies sum to {sum(said.values())}, there are {len(documents)} documents, "
            f"{unanswered} of them of calls without a reply"
        )
    return wrong


def _silent(entries: list[Entry]) -> set[str]:
    """Return the calls that got no reply: their process died, or nobody could tell the end."""
    called = {entry.request_id for entry in entries if entry.deed == "called"}
    return called - {
        entry.request_id for entry in entries if entry.deed in {"issued", "incomplete", "refused"}
    }


def _report(entries: list[Entry], documents: list[Mapping[str, Any]], seconds: float) -> Report:
    made = Counter(row["request_id"] for row in documents)
    caller_of = {entry.request_id: entry.caller for entry in entries}
    created: Counter[int] = Counter()
    for request_id, count in made.items():
        created[caller_of[request_id]] += count
    return Report(
        documents=len(documents),
        calls=sum(1 for entry in entries if entry.deed == "called"),
        errors=sum(1 for entry in entries if entry.deed == "incomplete" and entry.count),
        unanswered=sum(made[request_id] for request_id in _silent(entries)),
        deaths=Counter((e.point, e.open) for e in entries if e.deed == "died"),
        created=created,
        seconds=seconds,
    )


def shortfalls(reports: list[Report], *, deaths: int = 3, callers: int = 4) -> list[str]:
    """Return what the rounds together did not put to the test, a line each."""
    died: Counter[tuple[str, bool]] = Counter()
    for report in reports:
        died.update(report.deaths)
    short = [
        f"{died[point.value, True]} deaths {point.value} with a transaction open, not {deaths}"
        for point in _OPEN_POINTS
        if died[point.value, True] < deaths
    ]
    if not any(report.errors for report in reports):
        short.append("no call ended with an error that names a count")
    fewest = min((report.callers for report in reports), default=0)
    if fewest < callers:
        short.append(f"only {fewest} callers created something in one round, not {callers}")
    return short

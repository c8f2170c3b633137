"""Callers that share a run and die in it, round after round, on every database.

    python -m tests.chaos --rounds 200 --size 1000 --engine sqlite --seed 1

A round that fails prints how it is played again alone. What the rounds put to the test is
reported at the end; too little of it is a failure as well.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import pytest

from adapter.store.faults import Point
from tests.chaos.rounds import Report, RoundFailed, play, shortfalls
from tests.databases import SERVERS, Databases, new_sqlite

_ENGINES = ("sqlite", *SERVERS)


def main() -> int:
    """Play the rounds that the command line asks for; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--size", type=int, default=1000, help="clients in a round")
    parser.add_argument("--seed", type=int, default=1, help="of the first round")
    parser.add_argument("--engine", action="append", choices=_ENGINES, help="all without it")
    options = parser.parse_args()
    databases, failed = Databases(), False
    try:
        for engine in options.engine or _ENGINES:
            failed |= not _play_on(engine, options, databases)
    except pytest.skip.Exception as reason:
        _say(str(reason.msg))
        failed = True
    finally:
        databases.drop()
    return 1 if failed else 0


def _play_on(engine: str, options: argparse.Namespace, databases: Databases) -> bool:
    reports: list[Report] = []
    for seed in range(options.seed, options.seed + options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            on_a_file = engine == "sqlite"
            url = new_sqlite(Path(folder)) if on_a_file else databases.url(engine)
            try:
                reports.append(play(url, options.size, seed))
            except RoundFailed as failure:
                _say(f"{engine} seed {seed} FAILED:\n{failure}")
                _say(
                    f"again: python -m tests.chaos --rounds 1 --size {options.size} "
                    f"--engine {engine} --seed {seed}"
                )
                return False
        _say(f"{engine} seed {seed}: {reports[-1]}")
    _summarise(engine, reports)
    short = shortfalls(reports)
    for line in short:
        _say(f"{engine}: {line}")
    return not short


def _summarise(engine: str, reports: list[Report]) -> None:
    died: Counter[tuple[str, bool]] = Counter()
    for report in reports:
        died.update(report.deaths)
    _say(
        f"{engine}: {len(reports)} rounds, {sum(r.documents for r in reports)} documents, "
        f"each group exactly once; {sum(r.calls for r in reports)} calls, "
        f"{sum(r.errors for r in reports)} errors that name a count, "
        f"{sum(r.unanswered for r in reports)} documents of unanswered calls; "
        f"at least {min(r.callers for r in reports)} callers created something in every round"
    )
    for point in Point:
        open_, closed = died[point.value, True], died[point.value, False]
        _say(f"  died {point.value}: {open_} with a transaction open, {closed} without")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())

"""Claim: a run costs what is due, not what exists; on SQLite unless `--engine` says otherwise.

With nothing due among 1,000,000 schedules it takes the store at most 0.5 ms, also once 100,000
more are invoiced and unpaid. 1,000 due services among all of these are billed within 1.3 times
what 1,000 take in a store that holds nothing else. In process; medians.

    python benchmarks/due_cost.py [--quick] [--engine postgresql]
"""

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from stores import ENGINES, Stores, add_schedules, workplace

from adapter.assemble import Workplace
from adapter.commands.model import GenerateDueInvoices, ListClients, Page
from adapter.store.generate_data import DataKind

FULL, QUICK = (1_000_000, 100_000, 1_000), (20_000, 2_000, 200)
IDLE_MS, RATIO = 0.5, 1.3
PROBES, RUNS = 200, 5
PLAIN = DataKind.SERVICES


def main() -> int:
    """Measure the three; exit 1 when one misses its claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    options = parser.parse_args()
    existing, unpaid, due = QUICK if options.quick else FULL
    print("| run | ours | reference | ratio | target | |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, Stores(options.engine, Path(folder)) as stores:
        large, small = [], []
        with workplace(stores.filled(PLAIN, existing, due=0, clients=existing)) as place:
            idle = [report_idle(f"{options.engine}, nothing due of {existing:,}", probe(place))]
            add_schedules(place, PLAIN, unpaid, due=unpaid, clients=unpaid)
            bill(place, unpaid)
            name = f"{options.engine}, nothing due of {existing + unpaid:,}, {unpaid:,} unpaid"
            idle.append(report_idle(name, probe(place)))
            for _ in range(RUNS + 1):
                add_schedules(place, PLAIN, due, due=due, clients=due)
                large.append(bill(place, due))
                url = stores.filled(PLAIN, 1, due=1, clients=1)
                with workplace(url) as other:
                    bill(other, 1)  # a store's first run writes its calendar
                    add_schedules(other, PLAIN, due, due=due, clients=due)
                    small.append(bill(other, due))
                stores.drop(url)
    ours, theirs = (statistics.median(times[1:]) for times in (large, small))
    held = ours <= RATIO * theirs
    print(
        f"| {options.engine}, {due:,} due of {existing + unpaid:,} | {ours * 1000:.1f} ms "
        f"| {due:,} due of {due:,} {theirs * 1000:.1f} ms | {ours / theirs:.2f} "
        f"| at most {RATIO} | {'held' if held else 'MISSED'} |"
    )
    return 0 if held and all(idle) else 1


def probe(place: Workplace) -> float:
    """Return the median milliseconds of a run that finds nothing to do."""
    warm_up(place)
    return statistics.median(bill(place, 0) for _ in range(PROBES)) * 1000


def warm_up(place: Workplace) -> None:
    """Open a connection and read the settings."""
    place.backend.execute(ListClients(Page(limit=1)), place.context("benchmark"))


def bill(place: Workplace, count: int) -> float:
    """Return the seconds of a run; raises `ValueError` unless it made `count` invoices."""
    context = place.context("benchmark")
    began = time.perf_counter()
    made = place.backend.execute(GenerateDueInvoices(), context)
    seconds = time.perf_counter() - began
    if made.count != count:  # type: ignore[attr-defined]
        raise ValueError(f"{count} were due: {made}")
    return seconds


def report_idle(name: str, median: float) -> bool:
    """Print the row of a run with nothing due; tell whether the claim holds."""
    held = median <= IDLE_MS
    print(
        f"| {name} | {median:.3f} ms | - | - | at most {IDLE_MS} ms "
        f"| {'held' if held else 'MISSED'} |",
        flush=True,
    )
    return held


if __name__ == "__main__":
    sys.exit(main())

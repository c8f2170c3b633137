"""Claim: on PostgreSQL two processes finish a run in at most 0.65 of the time of one.

100,000 due recurring invoices with three lines. Each process is a gateway with one web worker;
with two, both get a `GenInvoices` call at once and share the work. Medians of runs in turn, each
on a fresh copy.

    python benchmarks/parallel_run.py [--quick] [--runs 3]
"""

import argparse
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from gateway import Gateway, gateway
from stores import ENGINES, Stores

from adapter.store.generate_data import DataKind

FULL, QUICK = 100_000, 1_000
RATIO = 0.65


def main() -> int:
    """Bill with one process and with two; exit 1 when two are not quick enough."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    parser.add_argument("--engine", choices=ENGINES, default="postgresql")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    count = QUICK if options.quick else FULL
    times: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder, Stores(options.engine, Path(folder)) as stores:
        untouched = stores.filled(DataKind.RECURRING, count, due=count, clients=count)
        for _ in range(options.runs):
            for processes, found in times.items():
                url = stores.copy(untouched)
                found.append(measure(url, processes, count))
                stores.drop(url)
    one, two = (statistics.median(found) for found in times.values())
    held = two <= RATIO * one
    print("| run | two processes | one | ratio | target | |\n|---|---|---|---|---|---|")
    print(
        f"| {options.engine}, {count:,} due recurring invoices, 3 lines | {two:.2f} s "
        f"| {one:.2f} s | {two / one:.2f} | at most {RATIO} | {'held' if held else 'MISSED'} |"
    )
    return 0 if held else 1


def measure(url: str, processes: int, count: int) -> float:
    """Return the seconds until every process has answered; together they made `count`."""
    with ExitStack() as stack:
        gateways = [stack.enter_context(gateway(url)) for _ in range(processes)]
        for served in gateways:
            served.call("GetInvoices", limitnum="1")
        callers = stack.enter_context(ThreadPoolExecutor(processes))
        began = time.perf_counter()
        made = list(callers.map(_generate, gateways))
        seconds = time.perf_counter() - began
    if sum(made) != count:
        raise ValueError(f"{count} were due, the replies are {made}")
    return seconds


def _generate(served: Gateway) -> int:
    return int(served.call("GenInvoices")["numcreated"])


if __name__ == "__main__":
    sys.exit(main())

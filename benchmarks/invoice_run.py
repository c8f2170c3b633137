"""Claim: a whole `GenInvoices` call reaches a set share of what bare set-based SQL can write.

100,000 due plain services of as many clients, one line each: at least 0.60 on every engine.
100,000 due recurring invoices with three lines, discount and increase: at least 0.10. The
reference (`bare_sql.py`) writes the very same rows, computed beforehand, into a copy of the same
store; both must leave the same counts and sums. Medians of runs in turn, each on a fresh copy.

    python benchmarks/invoice_run.py [--quick] [--engine sqlite] [--case services] [--runs 3]
"""

import argparse
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bare_sql
from gateway import bill
from stores import ENGINES, Stores

from adapter.billing.model import BillableKind
from adapter.store.generate_data import DataKind

FULL, QUICK = 100_000, 1_000


@dataclass(frozen=True, slots=True)
class Case:
    """What is billed, and the share of the limit it must reach."""

    data: DataKind
    kind: BillableKind
    ratio: float
    text: str


CASES = {
    "services": Case(DataKind.SERVICES, BillableKind.SERVICE, 0.60, "due plain services"),
    "recurring": Case(
        DataKind.RECURRING, BillableKind.RECURRING_INVOICE, 0.10, "due recurring invoices, 3 lines"
    ),
}


def main() -> int:
    """Measure every case on every engine; exit 1 when one misses its claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--case", action="append", choices=list(CASES))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    count = QUICK if options.quick else FULL
    print("| run | ours | bare SQL | ratio | target | peak memory | |")
    print("|---|---|---|---|---|---|---|")
    held = [
        measure(engine, CASES[name], count, options.runs)
        for engine in options.engine or ENGINES
        for name in options.case or CASES
    ]
    return 0 if all(held) else 1


def measure(engine: str, case: Case, count: int, runs: int) -> bool:
    """Print one row; tell whether the claim holds."""
    with tempfile.TemporaryDirectory() as folder, Stores(engine, Path(folder)) as stores:
        untouched = stores.filled(case.data, count, due=count, clients=count)
        # The warm-up: it also tells the reference what to write.
        finished = stores.copy(untouched)
        bill(finished, count)
        staged = bare_sql.stage(stores, untouched, finished, case.kind)
        expected = bare_sql.content(finished, case.kind)
        stores.drop(finished)
        ours, theirs, peaks = [], [], []
        for _ in range(runs):
            url = stores.copy(staged)
            theirs.append(bare_sql.issue(url, case.kind))
            check(bare_sql.content(url, case.kind), expected)
            stores.drop(url)
            url = stores.copy(untouched)
            seconds, peak = bill(url, count)
            ours.append(seconds)
            peaks.append(peak)
            check(bare_sql.content(url, case.kind), expected)
            stores.drop(url)
    mine, limit = statistics.median(ours), statistics.median(theirs)
    ratio = limit / mine
    print(
        f"| {engine}, {count:,} {case.text} | {mine:.2f} s, {count / mine:,.0f}/s | {limit:.2f} s,"
        f" {count / limit:,.0f}/s | {ratio:.2f} | at least {case.ratio:.2f} |"
        f" {max(peaks) / 2**20:.0f} MiB | {'held' if ratio >= case.ratio else 'MISSED'} |",
        flush=True,
    )
    return ratio >= case.ratio


def check(found: object, expected: object) -> None:
    """Raise `ValueError` unless both stores hold the same run."""
    if found != expected:
        raise ValueError(f"not the same run: {found} instead of {expected}")


if __name__ == "__main__":
    sys.exit(main())

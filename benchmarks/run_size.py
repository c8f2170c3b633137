"""Claim: ten times as many invoices take at most 12 times as long and 32 MiB more memory.

1,000,000 due plain services of as many clients on SQLite against 100,000, each by one
`GenInvoices` call; the peak is the web worker's.

    python benchmarks/run_size.py [--quick]
"""

import argparse
import sys
import tempfile
from pathlib import Path

from gateway import bill
from stores import Stores

from adapter.store.generate_data import DataKind

FULL, QUICK = 100_000, 1_000
TIMES, TIME_RATIO, MORE_BYTES = 10, 12.0, 32 * 2**20


def main() -> int:
    """Bill both sizes; exit 1 when the larger one costs too much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    small = QUICK if parser.parse_args().quick else FULL
    large = TIMES * small
    with tempfile.TemporaryDirectory() as folder, Stores("sqlite", Path(folder)) as stores:
        few, few_bytes = measure(stores, small)
        many, many_bytes = measure(stores, large)
    more = many_bytes - few_bytes
    held = many <= TIME_RATIO * few and more <= MORE_BYTES
    print("| run | ours | reference | ratio | target | |\n|---|---|---|---|---|---|")
    print(
        f"| sqlite, {large:,} due services | {many:.2f} s, {many_bytes / 2**20:.0f} MiB "
        f"| {small:,}: {few:.2f} s, {few_bytes / 2**20:.0f} MiB "
        f"| {many / few:.1f}, {more / 2**20:+.0f} MiB "
        f"| at most {TIME_RATIO:g}, {MORE_BYTES // 2**20} MiB more "
        f"| {'held' if held else 'MISSED'} |"
    )
    return 0 if held else 1


def measure(stores: Stores, count: int) -> tuple[float, int]:
    """Return the seconds and the peak memory of billing `count` services."""
    url = stores.filled(DataKind.SERVICES, count, due=count, clients=count)
    found = bill(url, count)
    stores.drop(url)
    return found


if __name__ == "__main__":
    sys.exit(main())

"""Claim: on SQLite creates beside a run wait at most for one page of it.

While `adapter run-invoices` bills 1,000,000 services, recurring invoices are created over HTTP on
4 connections. Their p99 is at most the time budget of a page plus 3 times their p99 without a run.

    python benchmarks/beside_run.py [--quick]
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import load
from gateway import BIN, gateway, on_store, recurring_body
from stores import Stores

from adapter.store.config import RunConfig
from adapter.store.generate_data import DataKind

FULL, QUICK = (1_000_000, 2_000), (5_000, 200)
CONNECTIONS, PORTION, TIMES = 4, 40, 3.0


def main() -> int:
    """Measure creates without and beside a run; exit 1 when they wait for too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    due, creates = QUICK if parser.parse_args().quick else FULL
    budget = RunConfig().page_seconds * 1000
    with tempfile.TemporaryDirectory() as folder, Stores("sqlite", Path(folder)) as stores:
        url = stores.filled(DataKind.SERVICES, due, due=due, clients=due)
        with gateway(url) as served:
            body = recurring_body(served.identifier, served.secret)
            path = "/api/GenerateNewRecurringInvoice.php?apiformat=json"
            request = load.post(path, body, "application/json")
            create(served.port, request, PORTION)
            idle = create(served.port, request, creates)
            busy = load.Sample()
            command = [str(BIN / "adapter"), "run-invoices"]
            environment = os.environ | on_store(url)
            with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as run:
                while run.poll() is None:
                    busy.latencies += create(served.port, request, PORTION).latencies
                if run.returncode:
                    raise ValueError("the run ended with an error")
    ours, theirs = busy.percentile(0.99), idle.percentile(0.99)
    most = budget + TIMES * theirs
    held = ours <= most
    print("| creates | p99 beside | p99 idle | target | |\n|---|---|---|---|---|")
    print(
        f"| sqlite, {len(busy.latencies):,} beside a run of {due:,} | {ours:.1f} ms "
        f"| {theirs:.1f} ms | at most {budget:.0f} ms + {TIMES:g} x idle = {most:.0f} ms "
        f"| {'held' if held else 'MISSED'} |"
    )
    return 0 if held else 1


def create(port: int, request: bytes, count: int) -> load.Sample:
    """Create so many recurring invoices."""
    return load.run(port, lambda _: request, count=count, connections=CONNECTIONS)


if __name__ == "__main__":
    sys.exit(main())

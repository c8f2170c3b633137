"""Claim: an invoice costs at least 500 times less than in the peers on SQLite, 300 on PostgreSQL.

django-silver and Tryton's subscription billing are installed from the package registry into
environments of their own beside `peers/`, pinned there, and bill monthly subscriptions of as many
clients as draft invoices; ours are issued by one `GenInvoices` call, HTTP included, to a gateway
that has billed before. 1,000 of them;
Tryton gets 300 on SQLite, which refuses its statements for many more. The peers run once, ours
are the median of several runs.

    python benchmarks/against_peers.py [--quick] [--engine sqlite] [--peer tryton]
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from gateway import gateway
from stores import Stores, add_schedules, workplace

from adapter.store.generate_data import DataKind

PEERS = Path(__file__).parent / "peers"
NAMES = {"silver": "django-silver", "tryton": "Tryton"}
CLAIMS = {"sqlite": 500, "postgresql": 300}
FULL, QUICK, TRYTON_ON_SQLITE = 1_000, 20, 300


def main() -> int:
    """Measure every peer; exit 1 when one comes too close, 2 when one cannot run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    parser.add_argument("--engine", action="append", choices=list(CLAIMS))
    parser.add_argument("--peer", action="append", choices=list(NAMES))
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    count = QUICK if options.quick else FULL
    print("| an invoice | ours | peer | ratio | target | |\n|---|---|---|---|---|---|")
    held = []
    for engine in options.engine or CLAIMS:
        with tempfile.TemporaryDirectory() as folder, Stores(engine, Path(folder)) as stores:
            ours = measure_ours(stores, count, options.runs)
            for peer in options.peer or NAMES:
                try:
                    held.append(report(stores, peer, count, ours))
                except subprocess.CalledProcessError as error:
                    print(f"{NAMES[peer]} on {engine}: {error}\n{error.stderr}", file=sys.stderr)
                    return 2
    return 0 if all(held) else 1


def measure_ours(stores: Stores, count: int, runs: int) -> float:
    """Return the milliseconds that one of our invoices takes."""
    url = stores.filled(DataKind.SERVICES, 1, due=1, clients=1)
    times = []
    with gateway(url) as served:
        served.bill(1)
        for _ in range(runs):
            with workplace(url) as place:
                add_schedules(place, DataKind.SERVICES, count, due=count, clients=count)
            times.append(served.bill(count))
    stores.drop(url)
    return statistics.median(times) / count * 1000


def report(stores: Stores, peer: str, count: int, ours: float) -> bool:
    """Measure a peer, print the row, tell whether the claim holds."""
    if (peer, stores.engine) == ("tryton", "sqlite"):
        count = min(count, TRYTON_ON_SQLITE)
    url = stores.empty()
    command = [str(environment(peer)), str(PEERS / f"{peer}_peer.py"), url, str(count)]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    stores.drop(url)
    found = json.loads(ended.stdout.splitlines()[-1])
    if found["invoices"] != count:
        raise ValueError(f"{NAMES[peer]} made {found['invoices']} drafts instead of {count}")
    theirs = found["seconds"] / count * 1000
    held = theirs >= CLAIMS[stores.engine] * ours
    print(
        f"| {stores.engine}, {count:,} by {NAMES[peer]} | {ours:.3f} ms | {theirs:.1f} ms "
        f"| {theirs / ours:.0f} | at least {CLAIMS[stores.engine]} "
        f"| {'held' if held else 'MISSED'} |",
        flush=True,
    )
    return held


def environment(peer: str) -> Path:
    """Return the interpreter of a peer's own environment, which is made on first use."""
    folder = PEERS / f".venv-{peer}"
    python, wanted = folder / "bin" / "python", PEERS / f"{peer}-requirements.txt"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != wanted.read_text():
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(wanted)]
        subprocess.run(install, check=True, capture_output=True, text=True)
        stamp.write_text(wanted.read_text())
    return python


if __name__ == "__main__":
    sys.exit(main())

"""Claim: over HTTP the gateway answers at least 0.60 of what a bare Flask view does.

16 connections, 2 workers, the same server and settings. (a) An authenticated `GenInvoices` with
nothing due, against a view that parses the same bytes with the standard library and makes one due
probe through SQLAlchemy. (b) A 10-line `GenerateNewRecurringInvoice`, against a view that parses
the same JSON and commits the same number of rows durably behind the same write lock. The p99 of
each is at most 3 x the reference's. Medians of several runs, ours and the reference in turn.
"""

import argparse
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

import load
from gateway import BIN, adapter, credentials, free_port, recurring_body, server

HERE = Path(__file__).parent
RATIO = 0.60
P99 = 3.0


def count_rows(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
        ]
        return sum(connection.execute(f"SELECT count(*) FROM {n}").fetchone()[0] for n in names)


def main() -> int:
    """Measure both claims; exit 1 when one is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--reads", type=int, default=6000)
    parser.add_argument("--writes", type=int, default=1500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        database = Path(folder) / "adapter.db"
        reference = Path(folder) / "reference.db"
        environment = os.environ | {
            "ADAPTER_DATABASE_URL": f"sqlite:///{database}",
            "ADAPTER_CONFIG": "",
            "REFERENCE_DATABASE": str(reference),
            "PYTHONPATH": str(HERE),
        }
        adapter(environment, "db", "upgrade")
        adapter(environment | {"ADAPTER_DATABASE_URL": f"sqlite:///{reference}"}, "db", "upgrade")
        with sqlite3.connect(reference) as connection:
            connection.execute(
                "CREATE TABLE reference_rows (id INTEGER PRIMARY KEY, parent INT, text TEXT, "
                "amount INT)"
            )
        identifier, secret = credentials(environment, "benchmark")
        form = f"action=GenInvoices&identifier={identifier}&secret={secret}&responsetype=json"
        gen = load.post("/includes/api.php", form.encode(), "application/x-www-form-urlencoded")
        body = recurring_body(identifier, secret)
        recurring = load.post(
            "/api/GenerateNewRecurringInvoice.php?apiformat=json", body, "application/json"
        )
        ours, theirs = free_port(), free_port()
        serve = [
            str(BIN / "adapter"), "serve", "--bind", f"127.0.0.1:{ours}", "--workers", "2",
            "--no-worker",
        ]  # fmt: skip
        with server(serve, ours, "/healthz", environment):
            load.run(ours, lambda _: recurring, count=1, connections=1)  # makes the client
            before = count_rows(database)
            load.run(ours, lambda _: recurring, count=10, connections=1)
            rows = (count_rows(database) - before) // 10
        environment["REFERENCE_ROWS"] = str(rows)
        granian = [
            str(BIN / "granian"), "--interface", "wsgi", "--host", "127.0.0.1", "--port",
            str(theirs), "--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level",
            "warning", "reference_app:app",
        ]  # fmt: skip
        ref_gen = load.post("/gen", form.encode(), "application/x-www-form-urlencoded")
        ref_recurring = load.post("/recurring", body, "application/json")
        with (
            server(serve, ours, "/healthz", environment),
            server(granian, theirs, "/", environment),
        ):
            print("| call | ours | reference | ratio | p99 |\n|---|---|---|---|---|")
            results = [
                measure("GenInvoices, nothing due", options.runs, options.reads,
                        (ours, gen), (theirs, ref_gen)),
                measure(f"10-line recurring invoice, {rows} rows", options.runs, options.writes,
                        (ours, recurring), (theirs, ref_recurring)),
            ]  # fmt: skip
    return 0 if all(results) else 1


def measure(
    name: str, runs: int, count: int, ours: tuple[int, bytes], reference: tuple[int, bytes]
) -> bool:
    """Print one line of ratios; tell whether the claim holds."""
    for port, request in (ours, reference):
        load.run(port, lambda _, r=request: r, count=count // 4)  # type: ignore[misc]
    samples: dict[int, list[load.Sample]] = {ours[0]: [], reference[0]: []}
    for _ in range(runs):
        for port, request in (reference, ours):
            samples[port].append(load.run(port, lambda _, r=request: r, count=count))  # type: ignore[misc]
    rate = {p: load.median([s.per_second for s in found]) for p, found in samples.items()}
    slow = {p: load.median([s.percentile(0.99) for s in found]) for p, found in samples.items()}
    ratio, tail = rate[ours[0]] / rate[reference[0]], slow[ours[0]] / slow[reference[0]]
    print(
        f"| {name} | {rate[ours[0]]:.0f}/s | {rate[reference[0]]:.0f}/s | {ratio:.2f} (>= {RATIO})"
        f" | p99 {slow[ours[0]]:.1f} ms / {slow[reference[0]]:.1f} ms = {tail:.2f} (<= {P99}) |"
    )
    return ratio >= RATIO and tail <= P99


if __name__ == "__main__":
    sys.exit(main())

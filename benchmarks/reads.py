"""Claim: a read costs at most 1.5 ms more than the same queries issued directly in SQL.

One client among 100,000, by id and by e-mail; his invoices, a page of 25 and the unpaid ones among
1,000,000. In process, on SQLite unless `--engine` says otherwise; the reference sends the very
statements that the command sent, on a connection that is open already, and fetches their rows.
Both take turns in one run; medians after a warm-up.

    python benchmarks/reads.py [--quick] [--engine postgresql]
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from stores import ENGINES, Stores, settle, workplace

from adapter.assemble import Workplace
from adapter.billing.model import InvoiceStatus
from adapter.commands.model import Command, GenerateDueInvoices, GetClient, ListInvoices
from adapter.store import tables
from adapter.store.generate_data import DataKind

FULL, QUICK = (100_000, 1_000_000, 200), (2_000, 20_000, 40)
LIMIT_MS, WARM_UP = 1.5, 10
PAID_OF = 20  # one invoice of so many stays unpaid


def main() -> int:
    """Fill a store, measure each read; exit 1 when one misses the claim."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} instead of {FULL}")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    options = parser.parse_args()
    clients, invoices, runs = QUICK if options.quick else FULL
    print("| read | ours | the same in SQL | more | target | |\n|---|---|---|---|---|---|")
    held = True
    with tempfile.TemporaryDirectory() as folder, Stores(options.engine, Path(folder)) as stores:
        url = stores.filled(DataKind.SERVICES, invoices, due=invoices, clients=clients)
        with workplace(url) as place:
            client = _bill(place)
            reads: dict[str, Command] = {
                f"one client of {clients:,}": GetClient(client_id=client["id"]),
                f"one client of {clients:,} by e-mail": GetClient(email=client["email"]),
                f"a client's invoices of {invoices:,}": ListInvoices(client_id=client["id"]),
                f"25 invoices of {invoices:,}": ListInvoices(),
                f"25 unpaid invoices of {invoices:,}": ListInvoices(status=InvoiceStatus.UNPAID),
            }
            for name, command in reads.items():
                ours, theirs = _measure(place, command, runs)
                more = ours - theirs
                held &= more <= LIMIT_MS
                print(
                    f"| {options.engine}, {name} | {ours:.2f} ms | {theirs:.2f} ms "
                    f"| {more:.2f} ms | at most {LIMIT_MS} ms "
                    f"| {'held' if more <= LIMIT_MS else 'MISSED'} |",
                    flush=True,
                )
    return 0 if held else 1


def _bill(place: Workplace) -> sa.RowMapping:
    """Make the invoices, and most of them paid; return a client in the middle."""
    place.backend.execute(GenerateDueInvoices(), place.context("benchmark"))
    documents, clients = tables.documents, tables.clients
    with place.store.write() as uow:
        paid = {"status": InvoiceStatus.PAID.value, "paid": documents.c.total}
        uow.execute(sa.update(documents).where(documents.c.id % PAID_OF != 0).values(paid))
        count = uow.execute(sa.select(sa.func.count()).select_from(clients)).scalar_one()
        middle = sa.select(clients).order_by(clients.c.id).offset(count // 2).limit(1)
        found = uow.execute(middle).mappings().one()
    settle(place)
    return found


def _measure(place: Workplace, command: Command, runs: int) -> tuple[float, float]:
    """Return the median milliseconds of the command, and of its statements alone."""
    context = place.context("benchmark")
    sent: list[tuple[str, Any]] = []

    def keep(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        if "FROM" in statement:
            sent.append((statement, parameters))

    for _ in range(WARM_UP):
        place.backend.execute(command, context)
    sa.event.listen(place.store.engine, "before_cursor_execute", keep)
    place.backend.execute(command, context)
    sa.event.remove(place.store.engine, "before_cursor_execute", keep)
    ours, theirs = [], []
    with place.store.engine.connect() as connection:
        cursor = connection.connection.cursor()

        def in_sql() -> None:
            for statement, parameters in sent:
                cursor.execute(statement, parameters)
                cursor.fetchall()

        for _ in range(WARM_UP):
            in_sql()
        for _ in range(runs):
            theirs.append(_milliseconds(in_sql))
            ours.append(_milliseconds(lambda: place.backend.execute(command, context)))
    return statistics.median(ours), statistics.median(theirs)


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


if __name__ == "__main__":
    sys.exit(main())

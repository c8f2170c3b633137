"""A gateway process that may be killed, and callers that come again where nothing was sent.

python -m tests.forwarding_process DATABASE UPSTREAM DIALECT PROOF CALLS
"""

import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal

from adapter.backends.base import Proof
from adapter.backends.remote import RemoteBackend, RemoteConfig
from adapter.backends.transport import Transport, TransportConfig
from adapter.commands.model import CreateBillableItem
from adapter.errors import AdapterError, NotSent
from adapter.store.attempts import Attempt, Ledger, State
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.books import DIALECTS, BooksConnector
from tests.contexts import context_on

TODAY = date(2026, 3, 2)
SECONDS = 0.3
THREADS = 8


def remote(store: Store, upstream: str, dialect: str, proof: Proof, clock=None) -> RemoteBackend:
    """Return the backend that every process of a test uses; `clock` is real time."""
    return RemoteBackend(
        BooksConnector("books", DIALECTS[dialect], upstream, Transport(TransportConfig()), proof),
        Ledger(store, clock or (lambda: datetime.now(UTC))),
        RemoteConfig(deadline_seconds=SECONDS, settle_seconds=0),
        pause=time.sleep,
    )


def make_calls(backend: RemoteBackend, calls: int) -> None:
    """Make every call of which nothing was heard, and again each that was not sent."""
    tried = Counter(deed_of(each) for each in backend.ledger.listed())
    begun = {deed_of(each) for each in backend.ledger.listed() if each.state != State.NOT_SENT}

    def call(number: int) -> None:
        item = CreateBillableItem(7, f"Hosting {number}", Decimal("10.00"))
        deed = f"call-{number:04d}"
        while True:
            tried[deed] += 1
            try:
                backend.execute(item, context_on(TODAY, f"{deed}.{tried[deed]}"))
            except NotSent:
                continue
            except AdapterError:
                pass
            return

    with ThreadPoolExecutor(THREADS) as threads:
        missing = (number for number in range(calls) if f"call-{number:04d}" not in begun)
        list(threads.map(call, missing))


def deed_of(attempt: Attempt) -> str:
    """Return what a caller wanted, however often it tried."""
    return attempt.reference.partition(".")[0]


if __name__ == "__main__":
    database, upstream_url, dialect_name, proof_name, count = sys.argv[1:]
    opened = Store(StoreConfig(database))
    make_calls(remote(opened, upstream_url, dialect_name, Proof(proof_name)), int(count))

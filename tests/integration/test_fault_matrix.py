"""Every fault of the network x four kinds of backend x three kinds of proof."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from adapter.backends.base import Connector, Proof
from adapter.backends.transport import Transport, TransportConfig
from adapter.commands.model import CreateBillableItem
from adapter.store.backend_ids import BackendIds
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.books import DIALECTS, Books, BooksConnector
from tests.databases import new_sqlite
from tests.fault_matrix import EXPECTED, SECONDS, Upstream, check_cell, check_cells
from tests.faults_proxy import Fault, Reply, Seen
from tests.mapped_books import answer, mapped_connector, mapping_of

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket]


class BooksUpstream:
    """Books that are written in one dialect."""

    command = CreateBillableItem(client_id=7, description="Hosting", amount=Decimal("10.00"))

    def __init__(self, kind: str, proof: Proof) -> None:
        self.proof = proof
        self._dialect = DIALECTS[kind]
        self._books = Books()

    def connector(self, name: str, url: str, transport: Transport) -> Connector:
        return BooksConnector(name, self._dialect, url, transport, self.proof)

    def answer(self, seen: Seen) -> Reply:
        return self._dialect.answer(self._books, seen)

    def done(self) -> int:
        return len(self._books.documents)


class MappedUpstream:
    """Books that a mapping file describes, in front of the product's own connector."""

    command = BooksUpstream.command

    def __init__(self, files: dict[Proof, Path], store: Store, proof: Proof) -> None:
        self.proof = proof
        self._file = files[proof]
        self._store = store
        self._books = Books()

    def connector(self, name: str, url: str, transport: Transport) -> Connector:
        return mapped_connector(name, url, transport, self._file, BackendIds(self._store, name))

    def answer(self, seen: Seen) -> Reply:
        return answer(self._books, seen)

    def done(self) -> int:
        return len(self._books.documents)


def all_kinds(files: dict[Proof, Path], store: Store) -> tuple[Callable[[Proof], Upstream], ...]:
    return (
        *(partial(BooksUpstream, kind) for kind in DIALECTS),
        partial(MappedUpstream, files, store),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[Proof, Path]:
    made = {proof: tmp_path_factory.mktemp("mapping") / "books.yaml" for proof in Proof}
    for proof, file in made.items():
        file.write_text(mapping_of(proof), encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Iterator[Store]:
    made = Store(StoreConfig(new_sqlite(tmp_path_factory.mktemp("matrix"))))
    yield made
    made.close()


@pytest.fixture(scope="module")
def transport() -> Iterator[Transport]:
    made = Transport(TransportConfig(deadline_seconds=SECONDS))
    yield made
    made.close()


@pytest.mark.parametrize("fault", list(EXPECTED), ids=str)
def test_each_fault_has_its_end(fault, files, store, transport):
    upstreams = [partial(kind, proof) for kind in all_kinds(files, store) for proof in Proof]
    check_cells(fault, upstreams, store, transport)


WAITING = ["TLS failure", Fault.NO_REPLY, Fault.LATE, Fault.DRIP_HEADERS, Fault.DRIP_BODY]


@pytest.mark.slow
def test_no_call_ends_more_than_a_twentieth_past_its_deadline(files, store, transport):
    cells = [(fault, kind) for fault in WAITING for kind in all_kinds(files, store)]

    def check(cell: tuple[str, Callable[[Proof], Upstream]]) -> None:
        fault, kind = cell
        upstream = kind(Proof.REFERENCE)
        check_cell(fault, upstream, store, transport, seconds=4.0, slack=0.0)

    with ThreadPoolExecutor(len(cells)) as threads:
        list(threads.map(check, cells))

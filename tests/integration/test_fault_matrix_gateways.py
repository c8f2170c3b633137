"""The fault matrix with the product's own connectors in front of a second gateway."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import sqlalchemy as sa

from adapter.backends.base import Connector, Proof
from adapter.backends.canonical_http import CanonicalConfig, CanonicalConnector
from adapter.backends.forward import ForwardConfig, ForwardConnector
from adapter.backends.transport import Transport, TransportConfig
from adapter.bridge.contracts import AccountSpec
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    Command,
    CreateBillableItem,
    CreateClient,
)
from adapter.protocols.base import WireRequest
from adapter.store import tables
from adapter.store.config import StoreConfig
from adapter.store.unit_of_work import Store
from tests.contract.target import (
    GATEWAY_IDENTIFIER,
    IDENTIFIER,
    SECRET,
    AppSession,
    AppTarget,
    call_app,
    fast_folder,
)
from tests.databases import new_sqlite
from tests.fault_matrix import EXPECTED, SECONDS, TODAY, check_cells
from tests.faults_proxy import Reply, Seen

pytestmark = [pytest.mark.integration, pytest.mark.enable_socket, pytest.mark.slow]


@dataclass
class GatewayUpstream:
    """A second gateway, asked once for what stands in `table` afterwards under `words`."""

    session: AppSession
    make: Callable[[str, str, Transport], Connector]
    command: Command
    proof: Proof
    column: sa.Column
    words: str

    def connector(self, name: str, url: str, transport: Transport) -> Connector:
        return self.make(name, url, transport)

    def answer(self, seen: Seen) -> Reply:
        parts, length = urlsplit(seen.target), len(seen.body)
        reply = call_app(
            self.session.app,
            WireRequest(
                seen.method,
                parts.path,
                parts.query.encode(),
                seen.headers,
                seen.body,
                "127.0.0.1",
                length,
            ),
        )
        return Reply(reply.body, reply.status)

    def done(self) -> int:
        with self.session.store.read() as uow:
            query = sa.select(sa.func.count()).where(self.column == self.words)
            return int(uow.execute(query).scalar() or 0)


def form_post(name: str, url: str, transport: Transport) -> Connector:
    config = ForwardConfig("whmcs", f"{url}/includes/api.php", IDENTIFIER, SECRET)
    return ForwardConnector(name, config, transport)


def positional(name: str, url: str, transport: Transport) -> Connector:
    config = ForwardConfig("invoicesonline", f"{url}/api", IDENTIFIER, SECRET, business_id="1")
    return ForwardConnector(name, config, transport)


def canonical(name: str, url: str, transport: Transport) -> Connector:
    return CanonicalConnector(name, CanonicalConfig(url, GATEWAY_IDENTIFIER, SECRET), transport)


KINDS = {"form-post": form_post, "positional": positional, "canonical": canonical}


def client(session: AppSession, kind: str) -> GatewayUpstream:
    """Return a client to be made: found by what it says, or by our reference."""
    email = f"{uuid4().hex}@example.com"
    identity = ClientIdentity.EMAIL
    if kind == "positional":
        identity = ClientIdentity.NAME_AND_EMAIL
        person = ClientFields(invoice_name="Ann", email=email)
    else:
        person = ClientFields(
            first_name="Ann",
            last_name="Doe",
            email=email,
            address_1="1 Main Road",
            city="Cape Town",
            state="WC",
            postcode="8001",
            country="ZA",
            phone="0211234567",
        )
    command = CreateClient(person, identity, send_email=False)
    proof = Proof.REFERENCE if kind == "canonical" else Proof.NATURAL
    return GatewayUpstream(session, KINDS[kind], command, proof, tables.clients.c.email, email)


def item(session: AppSession) -> GatewayUpstream:
    """Return work to be noted, which nobody can ask for afterwards."""
    words = uuid4().hex
    command = CreateBillableItem(1, words, Decimal("10.00"))
    column = tables.billable_items.c.description
    return GatewayUpstream(session, form_post, command, Proof.NONE, column, words)


@pytest.fixture(scope="module")
def session() -> Iterator[AppSession]:
    with (
        TemporaryDirectory(dir=fast_folder()) as folder,
        closing(AppTarget(Path(folder))) as target,
    ):
        made = target.account(AccountSpec(), "whmcs", TODAY)
        made.backend.execute(client(made, "form-post").command, made.context())
        yield made


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
def test_each_fault_has_its_end_at_a_second_gateway(fault, session, store, transport):
    upstreams = [partial(client, session, kind) for kind in KINDS]
    check_cells(fault, [*upstreams, partial(item, session)], store, transport)

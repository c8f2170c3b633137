"""A legacy upstream that loses requests and replies: what it ends with, look-ups included."""

import random
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.backends.forward import ForwardConfig, ForwardConnector
from adapter.backends.remote import RemoteBackend, RemoteConfig
from adapter.backends.resolving import Tender
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.bridge.contracts import AccountSpec
from adapter.commands import model
from adapter.commands.context import Context
from adapter.errors import OutcomeLost
from adapter.store import tables
from adapter.store.attempts import Ledger, State
from tests.contract.target import IDENTIFIER, SECRET, AppSession, AppTarget, fast_folder
from tests.forwarding import PATHS, AppTransport, Spoil

TODAY = date(2026, 3, 2)
CALLS = 60
LOST = (Spoil.LOST_BEFORE, Spoil.LOST_AFTER, Spoil.ERROR_AFTER, Spoil.GARBAGE_AFTER)
LINE = RecurringLine("", Decimal(1), "Hosting", Decimal(1), "ZAR", False, Decimal(0), False)


@pytest.fixture(scope="module")
def targets() -> Iterator[tuple[AppTarget, AppTarget]]:
    """Return whoever makes gateways: the one that forwards, and its upstream."""
    with TemporaryDirectory(prefix="lost-", dir=fast_folder()) as folder:
        folders = [Path(folder) / name for name in ("front", "back")]
        for each in folders:
            each.mkdir()
        with closing(AppTarget(folders[0])) as front, closing(AppTarget(folders[1])) as back:
            yield front, back


class Scene:
    """One gateway before an upstream, with a ledger whose clock is moved by hand."""

    def __init__(self, targets: tuple[AppTarget, AppTarget], protocol: str) -> None:
        self.front, self.back = (
            target.account(AccountSpec(), protocol, TODAY) for target in targets
        )
        self.wire = AppTransport(self.back.app)
        self.time = datetime(2026, 3, 2, tzinfo=UTC)
        self.ledger = Ledger(self.front.store, lambda: self.time)
        config = ForwardConfig(protocol, "https://b.example" + PATHS[protocol], IDENTIFIER, SECRET)
        connector = ForwardConnector(
            "b",
            config,
            self.wire,  # type: ignore[arg-type]  # nothing of it but `exchange` is used
            taken=lambda result: self.ledger.has_ended_with("b", result),
        )
        self.backend = RemoteBackend(connector, self.ledger, RemoteConfig(), pause=lambda _: None)

    def context(self, reference: str) -> Context:
        return replace(self.front.context(), reference=reference, request_id=reference)

    def send(self, number: int, command: model.Command) -> None:
        """Send a command; its end is in the ledger."""
        with suppress(OutcomeLost):
            self.backend.execute(command, self.context(f"call-{number}"))

    def resolve(self) -> None:
        """Make one pass once everything has had its time."""
        self.time += timedelta(hours=1)
        names = (f"pass-{number}" for number in range(10_000))
        for _ in Tender(self.backend, lambda: self.context(next(names))).tend():
            pass

    def states(self) -> set[State]:
        return {each.state for each in self.ledger.listed()}


def count(session: AppSession, table: sa.Table) -> int:
    with session.store.read() as uow:
        found: int = uow.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        return found


def schedule(number: int) -> model.Command:
    """Return a recurring invoice; every tenth is equal to the one before it."""
    price = Decimal(number - (number % 10 == 9))
    client = model.ClientFields(
        invoice_name=f"Client {number % 7}", email=f"c{number % 7}@example.com"
    )
    return model.CreateRecurringInvoice(
        Frequency.MONTHLY, TODAY, (replace(LINE, unit_price=price + 1),), new_client=client
    )


def client(number: int) -> model.Command:
    fields = model.ClientFields(first_name="Ann", email=f"ann-{number}@example.com")
    return model.CreateClient(fields, model.ClientIdentity.EMAIL, send_email=False)


def item(number: int) -> model.Command:
    return model.CreateBillableItem(1, f"Work {number}", Decimal(number + 1))


@pytest.mark.parametrize(
    ("protocol", "make", "table"),
    [
        ("invoicesonline", schedule, tables.recurring_invoices),
        ("whmcs", client, tables.clients),
    ],
)
@pytest.mark.parametrize(
    ("calls", "seed"), [(60, 1), (60, 2), pytest.param(1000, 3, marks=pytest.mark.slow)]
)
def test_with_a_natural_proof_one_pass_ends_with_exactly_what_was_asked_for(
    protocol, make, table, calls, seed, targets
):
    scene, chance = Scene(targets, protocol), random.Random(seed)  # noqa: S311 - a plan that repeats
    spoilt = [number for number in range(calls) if chance.random() < 0.25]
    for number in range(calls):
        scene.wire.plan = {}
        # Of two that are equal only one is lost: which of both would be made is nobody's to say.
        if number in spoilt and number % 10 != 9:
            scene.wire.plan = {len(scene.wire.requests): chance.choice(LOST)}
        scene.send(number, make(number))
    scene.wire.plan = {}
    assert State.UNKNOWN in scene.states()
    scene.resolve()
    assert scene.states() == {State.DONE}
    assert count(scene.back, table) == calls
    made = [str(each.result) for each in scene.ledger.listed()]
    assert len(set(made)) == calls
    before = len(scene.wire.requests)
    scene.resolve()
    assert len(scene.wire.requests) == before


def test_without_a_proof_nothing_is_doubled_and_every_unknown_is_listed(targets):
    scene, chance = Scene(targets, "whmcs"), random.Random(3)  # noqa: S311 - a plan that repeats
    scene.send(1000, client(0))
    made, lost = 0, []
    for number in range(CALLS):
        spoil: Any = chance.choice(LOST) if chance.random() < 0.25 else None
        scene.wire.plan = {len(scene.wire.requests): spoil}
        scene.send(number, item(number))
        made += spoil is not Spoil.LOST_BEFORE
        lost += [f"call-{number}"] if spoil else []
    scene.resolve()
    assert count(scene.back, tables.billable_items) == made
    unknown = scene.ledger.listed((State.UNKNOWN,))
    assert {each.reference for each in unknown} == set(lost)

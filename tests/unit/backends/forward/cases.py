"""What the tests of forwarding send, and how they send it."""

import time
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.backends.base import Deadline
from adapter.backends.forward import ForwardConfig, ForwardConnector
from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.commands import model
from adapter.commands.context import Context, Sent
from adapter.commands.model import ClientFields, ClientIdentity
from tests.contract.target import IDENTIFIER, SECRET, AppSession
from tests.forwarding import PATHS, SHOP_TERMS

TODAY = date(2026, 3, 2)
TERMS = SHOP_TERMS
LINE = RecurringLine(
    product_code="A1",
    quantity=Decimal(2),
    description="Hosting",
    unit_price=Decimal("99.995"),
    currency="ZAR",
    vat_applies=True,
    vat_rate=Decimal("15.00"),
    includes_vat=False,
)
ACME = ClientFields(invoice_name="Acme Ltd", email="acme@example.com", city="Cape Town")
SCHEDULE = model.CreateRecurringInvoice(
    Frequency.MONTHLY,
    TODAY,
    (LINE, replace(LINE, description="Mail", unit_price=Decimal(10))),
    new_client=ACME,
    recurrence_limit=12,
    discount_percentage=Decimal(10),
)
POSITIONAL_ACME = model.CreateClient(ACME, ClientIdentity.NAME_AND_EMAIL, send_email=False)
ANN = model.CreateClient(
    ClientFields(
        first_name="Ann",
        last_name="Doe",
        email="ann@example.com",
        address_1="1 Main Road",
        city="Cape Town",
        state="WC",
        postcode="8001",
        country="ZA",
        phone="0215550100",
    ),
    ClientIdentity.EMAIL,
    send_email=False,
)


def connector(wire: Any, protocol: str = "whmcs", **settings: Any) -> ForwardConnector:
    config = ForwardConfig(
        protocol, "https://b.example" + PATHS[protocol], IDENTIFIER, SECRET, terms=TERMS
    )
    taken = settings.pop("taken", lambda _: False)
    return ForwardConnector("b", replace(config, **settings), wire, taken=taken)


def deadline() -> Deadline:
    return Deadline(time.monotonic() + 60, time.monotonic)


def sent_by(context: Context, protocol: str) -> Context:
    """Return the context of a call that came in a protocol; its fields do not matter."""
    return replace(context, sent=Sent(protocol, "any", {}))


def rows(session: AppSession, table: sa.Table) -> list[Any]:
    with session.store.read() as uow:
        return [dict(row) for row in uow.execute(sa.select(table).order_by(table.c.id)).mappings()]


def say(backend: ForwardConnector, command: model.Command, context: Context) -> Any:
    """Send a command with all the time it needs."""
    return backend.send(command, context, deadline())


def look_up(backend: ForwardConnector, command: model.Command, context: Context) -> Any:
    """Look a command up with all the time it needs."""
    return backend.look_up(command, context, deadline())

"""Stores of random billables, and what a run left in them, comparable across paths and engines."""

import random
import zlib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from adapter.billing.model import InvoiceStatus
from adapter.commands.context import Context
from adapter.store import tables
from adapter.store.queue import TABLES, requeue_all
from adapter.store.setup import ensure_defaults
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import DOCUMENT_ID, SETTINGS_VERSION, Store, UnitOfWork

NOW = datetime(2026, 1, 1, tzinfo=UTC)
_COUNTRIES = ("ZA", "US", "DE", "")
_STATES = ("", "TX", "Texas", "GP")
_CYCLES = (
    *("Monthly",) * 6,
    "Quarterly",
    "Semi-Annually",
    "Annually",
    "Biennially",
    "Triennially",
    "One Time",
)
_SWITCHES = {
    "ContinuousInvoiceGeneration": ("", "on"),
    "TaxEnabled": ("", "on", "on"),
    "TaxType": ("Exclusive", "Inclusive"),
    "TaxL2Compound": ("", "on"),
    "TaxDomains": ("", "on"),
    "TaxBillableItems": ("", "on"),
    "NoAutoApplyCredit": ("", "on"),
    "AnchorMonthEnds": ("", "on"),
    "TaxCustomInvoiceNumbering": ("", "on"),
    "TaxCustomInvoiceNumberFormat": ("{NUMBER}", "{YEAR}/{MONTH}-{NUMBER}"),
    "InvoiceIncrement": ("1", "3"),
    "DateFormat": ("DD/MM/YYYY", "MM/DD/YYYY", "YYYY-MM-DD", "DD.MM.YYYY"),
    "CreateInvoiceDaysBeforeAnnually": ("", "30"),
    "CreateDomainInvoiceDaysBefore": ("", "0", "45"),
}


def fill(store: Store, seed: int, today: date, *, clients: int = 25) -> None:
    """Fill an empty store (tables only) with what the seed says, the same on every engine."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    with store.write() as uow:
        ensure_defaults(uow, NOW)
        uow.execute(
            sa.insert(tables.settings),
            [
                {"name": name, "value": chance.choice(values), "changed_at": NOW}
                for name, values in _SWITCHES.items()
            ],
        )
        uow.take(SETTINGS_VERSION)
    with store.write() as uow:
        _shop(uow, chance)
        for _ in range(clients):
            _client(uow, chance, today)
        requeue_all(uow)


def pay_some(store: Store, context: Context, seed: int) -> None:
    """Pay about half of the unpaid invoices: the same ones in every store of a seed."""
    with store.write() as uow:
        for document_id, claims in _claims(uow).items():
            drawn = zlib.crc32(f"{seed} {claims[0]}".encode()) % 2
            row = uow.row(tables.documents, document_id)
            if drawn and row is not None and row["status"] == InvoiceStatus.UNPAID:
                change_status(uow, context, document_id, InvoiceStatus.PAID)


def contents(store: Store) -> dict[str, list[str]]:
    """Return what is in a store, a line a record, in an order that ids do not decide."""
    with store.read() as uow:
        claims = _claims(uow)
        found = {
            "documents": sorted(_documents(uow, claims)),
            "mails": sorted(
                f"{row.client_id} {row.payload}" for row in uow.execute(sa.select(tables.outbox))
            ),
            "held": _rows(uow, tables.held_occurrences, ("recorded_at",)),
            "clients": _rows(uow, tables.clients, ("uuid",)),
        }
        for kind, table in TABLES.items():
            found[kind.value] = _rows(uow, table, ("parked_at",))
    return found


def _claims(uow: UnitOfWork) -> dict[int, list[str]]:
    claims = tables.claims
    found: dict[int, list[str]] = {}
    for row in uow.execute(
        sa.select(claims).order_by(claims.c.kind, claims.c.billable_id, claims.c.due_on)
    ).mappings():
        skipped = {"document_id", "run_id", "claimed_at"}
        text = " ".join(f"{name}={value}" for name, value in row.items() if name not in skipped)
        found.setdefault(row["document_id"], []).append(text)
    return found


def _documents(uow: UnitOfWork, claims: dict[int, list[str]]) -> Iterator[str]:
    lines = tables.document_lines
    of_document: dict[int, list[str]] = {}
    for row in uow.execute(
        sa.select(lines).order_by(lines.c.document_id, lines.c.position)
    ).mappings():
        skipped = {"id", "document_id"}
        text = " ".join(f"{name}={value}" for name, value in row.items() if name not in skipped)
        of_document.setdefault(row["document_id"], []).append(text)
    skipped = {"id", "number", "number_text", "run_id", "created_at", "updated_at", "paid_at"}
    for row in uow.execute(sa.select(tables.documents)).mappings():
        text = " ".join(f"{name}={value}" for name, value in row.items() if name not in skipped)
        yield "\n  ".join([text, *of_document.get(row["id"], []), *claims.get(row["id"], [])])


def _rows(uow: UnitOfWork, table: sa.Table, skipped: tuple[str, ...]) -> list[str]:
    return sorted(
        " ".join(f"{name}={value}" for name, value in row.items() if name not in skipped)
        for row in uow.execute(sa.select(table)).mappings()
    )


def _shop(uow: UnitOfWork, chance: random.Random) -> None:
    methods = [{"module": "paypal", "display_name": "P", "position": 2, "active": True}]
    uow.execute(sa.insert(tables.payment_methods), methods)
    for level, country, state, rate in (
        (1, "ZA", "GP", "15.5"), (1, "ZA", "", "15"), (1, "US", "TX", "8.25"),
        (2, "US", "", "1.375"), (1, "", "", "19"),
    ):  # fmt: skip
        if chance.random() < 0.8:
            uow.insert(
                tables.tax_rules, level=level, country=country, state=state, rate=Decimal(rate),
                name="Tax",
            )  # fmt: skip
    for group_id, discount, separate in ((1, "0", False), (2, "7.5", False), (3, "0", True)):
        uow.insert(
            tables.client_groups, id=group_id, name=f"G{group_id}",
            discount_percent=Decimal(discount), separate_invoices=separate,
        )  # fmt: skip
    for product_id in range(1, 5):
        uow.insert(
            tables.products, id=product_id, group_id=1, name=("", "Hosting", "VPS É", "Mail")[
                product_id - 1], taxed=chance.random() < 0.7,
            cycles_limit=chance.choice((0, 0, 0, 2)),
            prorata_day=chance.choice((0, 0, 0, 10)), prorata_next_month_day=0,
        )  # fmt: skip
    for promotion_id in (1, 2):
        uow.insert(
            tables.promotions, id=promotion_id, code=f"P{promotion_id}",
            promotion_type="Percentage", value=Decimal(10), recurring=promotion_id == 1,
            recur_for=chance.choice((0, 2)),
        )  # fmt: skip


def _client(uow: UnitOfWork, chance: random.Random, today: date) -> None:
    special = chance.random() < 0.4
    credit = chance.choice((0, 0, 5, 1000, 100_000)) if special else 0
    client_id = uow.insert(
        tables.clients,
        uuid="u",
        currency_id=1,
        group_id=chance.choice((0, 1, 2, 3)) if special else 0,
        status="Active",
        country=chance.choice(_COUNTRIES),
        state=chance.choice(_STATES),
        tax_exempt=chance.random() < 0.1,
        separate_invoices=special and chance.random() < 0.2,
        credit=credit,
        payment_method=chance.choice(("", "paypal", "banktransfer", "gone")),
        created_on=today,
        created_at=NOW,
        send_documents=chance.random() < 0.8,
    )
    if credit:
        uow.insert(tables.credits_log, client_id=client_id, entered_on=today, amount=credit)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        _service(uow, chance, client_id, today)
    if chance.random() < 0.3:
        _domain(uow, chance, client_id, today)
    if chance.random() < 0.4:
        _item(uow, chance, client_id, today)
    if chance.random() < 0.3:
        _recurring(uow, chance, client_id, today)


def _schedule(chance: random.Random, today: date) -> dict[str, Any]:
    # Few different dates, so that items share an invoice; some long overdue, some far ahead.
    due_on = today + timedelta(days=chance.choice((-150, -40, -31, 0, 0, 3, 3, 3, 14, 40, 70)))
    registered_on = chance.choice((due_on, date(2025, 1, 31)))
    return {
        "next_due_on": due_on,
        "registered_on": registered_on,
        "anchor_day": chance.choice((None, None, 31, 30, 10)),
        "catch_up": chance.choice((None, None, None, None, "all", "one_per_day")),
        "fence": chance.choice((0, 7)),
        "created_at": NOW,
    }


def _amounts(chance: random.Random) -> dict[str, Any]:
    return {
        "first_amount": chance.choice((0, 500, 1999, 12_345)),
        "recurring_amount": chance.choice((0, 1, 333, 1595, 9_999, 10**10, -5)),
        "payment_method": chance.choice(("", "banktransfer", "banktransfer", "paypal", "gone")),
    }


def _service(uow: UnitOfWork, chance: random.Random, client_id: int, today: date) -> None:
    promoted = chance.random() < 0.1
    service_id = uow.insert(
        tables.services,
        client_id=client_id,
        product_id=chance.choice((0, 1, 2, 3, 4, 99)),
        domain=chance.choice(("", "example.com", "bücher.example")),
        cycle=chance.choice(_CYCLES),
        status=chance.choice(("Active", "Active", "Active", "Suspended", "Pending", "Cancelled")),
        promotion_id=chance.choice((1, 2)) if promoted else 0,
        first_discount=100 if promoted else 0,
        recurring_discount=200 if promoted else 0,
        **_amounts(chance),
        **_schedule(chance, today),
    )
    if chance.random() < 0.3:
        uow.insert(
            tables.service_addons,
            client_id=client_id,
            service_id=service_id,
            name=chance.choice(("Backup", "IP % _ 'quoted'")),
            cycle=chance.choice(_CYCLES),
            status="Active",
            taxed=chance.random() < 0.5,
            **_amounts(chance),
            **_schedule(chance, today),
        )


def _domain(uow: UnitOfWork, chance: random.Random, client_id: int, today: date) -> None:
    uow.insert(
        tables.domains,
        client_id=client_id,
        kind=chance.choice(("Register", "Transfer")),
        name="example.org",
        years=chance.choice((1, 2, 10)),
        status="Active",
        **_amounts(chance),
        **_schedule(chance, today),
    )


def _item(uow: UnitOfWork, chance: random.Random, client_id: int, today: date) -> None:
    schedule = _schedule(chance, today)
    del schedule["registered_on"]
    uow.insert(
        tables.billable_items,
        client_id=client_id,
        description="Work",
        quantity=Decimal(1),
        amount=chance.choice((0, 700, 12_345, -300)),
        action=chance.choice(("nextcron", "nextinvoice", "duedate", "recur", "noinvoice")),
        recur_every=chance.choice((1, 2)),
        recur_unit=chance.choice(("Days", "Weeks", "Months", "Years")),
        recur_times=chance.choice((0, 3)),
        entered_on=today - timedelta(days=5),
        **schedule,
    )


def _recurring(uow: UnitOfWork, chance: random.Random, client_id: int, today: date) -> None:
    start_on = today + timedelta(days=chance.choice((-61, -31, 0, 5)))
    recurring_id = uow.take(DOCUMENT_ID)
    uow.insert(
        tables.recurring_invoices,
        id=recurring_id,
        client_id=client_id,
        currency="ZAR",
        frequency=chance.choice(("monthly", "weekly", "daily", "quarterly")),
        start_on=start_on,
        next_due_on=start_on,
        discount_amount=chance.choice((None, 100)),
        discount_percentage=chance.choice((None, Decimal("2.5"))),
        increase_percentage=Decimal(10),
        increase_interval=chance.choice((None, 2)),
        catch_up=chance.choice((None, "latest", "hold", "one_per_day")),
        custom_values=[""] * 10,
        created_at=NOW,
    )
    for position in range(chance.choice((1, 3))):
        uow.insert(
            tables.recurring_lines,
            recurring_invoice_id=recurring_id,
            position=position,
            quantity=Decimal("1.5"),
            description="Rent",
            unit_price=chance.choice((Decimal("99.99"), Decimal("33.335"))),
            vat_applies=chance.random() < 0.8,
            vat_rate=Decimal(15),
            includes_vat=chance.random() < 0.3,
        )

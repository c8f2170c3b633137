"""An old billing system's books as an export file, made by arithmetic of its own.

It knows the format of docs/import.md and nothing of the store: months, rises and rounding are
reckoned here once more, in whole cents. Its last daily run was on the day before `today`; what it
would invoice next is in the file.
"""

import calendar
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, timezone
from fractions import Fraction
from pathlib import Path
from typing import Any

ADVANCE_DAYS = 14
_MONTHS = {"Monthly": 1, "Quarterly": 3, "Semi-Annually": 6, "Annually": 12}
_FREQUENCIES = {"monthly": 1, "bi-monthly": 2, "quarterly": 3, "semesterly": 6, "annually": 12}
_PRODUCTS = {101: 9900, 102: 19950, 103: 34999}
_VAT = 15

Record = dict[str, Any]


def months_later(day: date, months: int) -> date:
    """Return the same day some months later, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def half_up(value: Fraction) -> int:
    """Round to whole cents."""
    return int((value + Fraction(1, 2)) // 1)


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


@dataclass
class Books:
    """What was billed until yesterday: `billed` are the periods that the export shows as billed.

    `due_today` are the periods that the old system would invoice today, with their cents.
    """

    today: date
    records: list[Record] = field(default_factory=list)
    billed: set[tuple[str, int, str]] = field(default_factory=set)
    due_today: dict[tuple[str, int, str], int] = field(default_factory=dict)
    _invoices: dict[tuple[int, date, bool], list[tuple[str, str, int, int, date, date]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _next_document: int = 70_001
    _number: int = 5_001

    def write(self, path: Path) -> None:
        midnight = datetime.combine(self.today, time(0, 5), timezone(timedelta(hours=2)))
        header = {"kind": "export", "version": 1, "exported_at": midnight.isoformat()}
        with path.open("w", encoding="utf-8") as file:
            for record in (header, *self.records):
                file.write(json.dumps(record) + "\n")


def make_books(today: date, seed: int, clients: int, services: int, recurring: int) -> Books:
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    books = Books(today)
    add = books.records.append
    add({"kind": "catalogue", "catalogue": _catalogue()})
    for product_id, price in _PRODUCTS.items():
        prices = {"ZAR": {"monthly": money(price), "annually": money(11 * price)}}
        name = f"Hosting {product_id}"
        add(
            {"kind": "product", "id": product_id, "name": name, "group": "Hosting",
             "taxed": True, "prices": prices}
        )  # fmt: skip
    ids = [1000 + 3 * n for n in range(clients)]
    for client_id in ids:
        add(_client(chance, client_id))
    for n in range(services):
        _service(books, chance, 20_000 + 2 * n, chance.choice(ids))
    for n in range(recurring):
        _recurring(books, chance, 40_001 + n, chance.choice(ids))
    _items(books, chance, ids)
    _issue(books, chance)
    _credits(books, chance, ids)
    add({"kind": "number", "series": "document_id", "next": books._next_document + 500})
    add({"kind": "number", "series": "invoice_number", "next": books._number})
    return books


def _catalogue() -> Record:
    return {
        "currencies": [{"code": "ZAR", "prefix": "R", "suffix": "", "default": True}],
        "product_groups": [{"name": "Hosting"}],
        "payment_methods": [{"module": "banktransfer", "name": "Bank Transfer"}],
        "tax_rules": [{"name": "VAT", "country": "ZA", "rate": str(_VAT)}],
        "settings": {"TaxEnabled": True, "TaxBillableItems": True, "TaxDomains": True},
    }


def _client(chance: random.Random, client_id: int) -> Record:
    record: Record = {
        "kind": "client",
        "id": client_id,
        "first_name": chance.choice(["Thandi", "Jörg", "Ann", "Sipho"]),
        "last_name": chance.choice(["Nkosi", "O'Neill", "van Wyk", "李"]),
        "email": f"Client.{client_id}@example.com",
        "country": "ZA",
        "city": "Cape Town",
        "payment_method": "banktransfer",
    }
    if chance.random() < 0.3:
        record["company_name"] = f"Firm {client_id} & Sons"
    return record


def _service(books: Books, chance: random.Random, service_id: int, client_id: int) -> None:
    cycle = chance.choice(["Monthly"] * 6 + ["Quarterly", "Semi-Annually", "Annually"])
    months = _MONTHS[cycle]
    product_id = chance.choice(list(_PRODUCTS))
    price = _PRODUCTS[product_id] * months
    # It began so that month ends are among its dates, and steps from one to the next.
    due = began = books.today - timedelta(days=chance.randrange(40, 800))
    last, count = None, 0
    while due - timedelta(days=ADVANCE_DAYS) < books.today:
        last, due, count = due, months_later(due, months), count + 1
    record: Record = {
        "kind": "service",
        "id": service_id,
        "client_id": client_id,
        "product_id": product_id,
        "registered_on": began.isoformat(),
        "domain": f"site-{service_id}.co.za",
        "first_amount": money(price),
        "recurring_amount": money(price),
        "payment_method": "banktransfer",
        "cycle": cycle,
        "generation_count": count,
    }
    is_over = chance.random() < 0.05
    is_paid = last is None or chance.random() < 0.8
    record["status"] = "Terminated" if is_over else "Active"
    record["next_due_on"] = (due if is_paid else last or due).isoformat()
    _say_next(record, due if is_paid and not is_over else None, price, ADVANCE_DAYS)
    _due_today(books, "service", record)
    books.records.append(record)
    if last is not None:
        text = f"Hosting {product_id} - site-{service_id}.co.za"
        books._invoices[client_id, last, is_paid].append(
            ("service", text, service_id, price, last, due)
        )


def _recurring(books: Books, chance: random.Random, recurring_id: int, client_id: int) -> None:
    frequency = chance.choice(["monthly"] * 5 + ["bi-monthly", "quarterly", "annually"])
    months = _FREQUENCIES[frequency]
    start = books.today - timedelta(days=chance.randrange(1, 1500))
    if chance.random() < 0.05:
        start = date(start.year, 1, 31)
    position = 0
    while months_later(start, position * months) < books.today:
        position += 1
    on = months_later(start, position * months)
    # Some were not billed every time: what is counted are documents.
    count = max(0, position - chance.choice([0, 0, 0, 1, 2]))
    percent, interval = (5, 12) if chance.random() < 0.5 else (None, None)
    discount = chance.choice([None, None, 10])
    lines, net = [], 0
    for n in range(chance.randrange(1, 4)):
        unit = chance.randrange(5_000, 90_000)
        quantity = chance.randrange(1, 4)
        includes = n == 1
        lines.append(
            {"product_code": f"P{n}", "quantity": str(quantity), "description": f"Work {n}",
             "unit_price": money(unit), "vat_applies": True, "vat_rate": str(_VAT),
             "includes_vat": includes}
        )  # fmt: skip
        if percent is not None and interval is not None and count >= interval:
            unit = half_up(unit * Fraction(100 + percent, 100) ** (count // interval))
        value = half_up(Fraction(quantity * unit * (100 - (discount or 0)), 100))
        net += half_up(Fraction(value * 100, 100 + _VAT)) if includes else value
    limit = chance.choice([None, None, None, count, count + 3])
    record: Record = {
        "kind": "recurring",
        "id": recurring_id,
        "client_id": client_id,
        "currency": "ZAR",
        "frequency": frequency,
        "start_on": start.isoformat(),
        "occurrence": position,
        "generation_count": count,
        "lines": lines,
        "paused": chance.random() < 0.05,
    }
    if percent is not None:
        record |= {"increase_percentage": str(percent), "increase_interval": interval}
    if discount is not None:
        record["discount_percentage"] = str(discount)
    if limit:
        record |= {"recurrence_limit": limit, "ended": count >= limit}
    stopped = record["paused"] or record.get("ended", False)
    _say_next(record, None if stopped else on, net, 0)
    _due_today(books, "recurring", record)
    books.records.append(record)
    if position:
        last = months_later(start, (position - 1) * months)
        books.records.append(
            {"kind": "claim", "billable": "recurring", "billable_id": recurring_id,
             "due_on": last.isoformat(), "next_on": on.isoformat()}
        )  # fmt: skip
        books.billed.add(("recurring", recurring_id, last.isoformat()))


def _items(books: Books, chance: random.Random, ids: list[int]) -> None:
    for n in range(len(ids) // 10):
        due = books.today + timedelta(days=chance.randrange(14, 60))
        record: Record = {
            "kind": "item",
            "id": 900 + n,
            "client_id": chance.choice(ids),
            "description": "Retainer",
            "quantity": "1",
            "amount": money(50_000 + n),
            "action": "recur",
            "recur_every": 1,
            "recur_unit": "Months",
            "entered_on": (books.today - timedelta(days=100)).isoformat(),
            "next_due_on": due.isoformat(),
            "generation_count": 3,
        }
        _say_next(record, due, 50_000 + n, ADVANCE_DAYS)
        _due_today(books, "item", record)
        books.records.append(record)


def _say_next(record: Record, due: date | None, cents: int, advance_days: int) -> None:
    record["next_invoice_on"] = None if due is None else due.isoformat()
    if due is not None:
        record["next_issue_on"] = (due - timedelta(days=advance_days)).isoformat()
        record["next_invoice_amount"] = money(cents)


def _due_today(books: Books, kind: str, record: Record) -> None:
    if record.get("next_issue_on") == books.today.isoformat():
        on = record["next_invoice_on"]
        books.due_today[kind, record["id"], on] = round(float(record["next_invoice_amount"]) * 100)


def _issue(books: Books, chance: random.Random) -> None:
    """Issue an invoice a client and day for what was billed last, paid or open."""
    for (client_id, due, is_paid), bills in books._invoices.items():
        invoice_id, number = books._next_document, books._number
        books._next_document += chance.choice([1, 1, 2])
        books._number += 1
        subtotal = sum(cents for _, _, _, cents, _, _ in bills)
        tax = half_up(Fraction(subtotal * _VAT, 100))
        total = subtotal + tax
        issued = due - timedelta(days=ADVANCE_DAYS)
        paid_at = f"{due.isoformat()}T09:00:00+02:00"
        record: Record = {
            "kind": "invoice",
            "id": invoice_id,
            "client_id": client_id,
            "currency": "ZAR",
            "status": "Paid" if is_paid else "Unpaid",
            "number": number,
            "issued_on": issued.isoformat(),
            "due_on": due.isoformat(),
            "subtotal": money(subtotal),
            "tax": money(tax),
            "total": money(total),
            "tax_rate": str(_VAT),
            "payment_method": "banktransfer",
            "lines": [
                {"type": "Hosting", "related_id": billable_id, "description": text,
                 "amount": money(cents), "taxed": True}
                for _, text, billable_id, cents, _, _ in bills
            ],
        }  # fmt: skip
        part = total if is_paid else chance.choice([0, 0, total // 2])
        if is_paid:
            record["paid_at"] = paid_at
        if part:
            record["paid"] = money(part)
            books.records.append(
                {"kind": "payment", "id": invoice_id + 300_000, "client_id": client_id,
                 "invoice_id": invoice_id, "currency": "ZAR", "method": "banktransfer",
                 "booked_at": paid_at, "amount_in": money(part),
                 "transaction_id": f"TX-{invoice_id}"}
            )  # fmt: skip
        books.records.append(record)
        for kind, _, billable_id, _, on, next_on in bills:
            books.records.append(
                {"kind": "claim", "billable": kind, "billable_id": billable_id,
                 "due_on": on.isoformat(), "invoice_id": invoice_id,
                 "next_on": next_on.isoformat()}
            )  # fmt: skip
            books.billed.add((kind, billable_id, on.isoformat()))


def _credits(books: Books, chance: random.Random, ids: list[int]) -> None:
    for n, client_id in enumerate(ids[::17]):
        books.records.append(
            {"kind": "credit", "id": 500 + n, "client_id": client_id,
             "entered_on": (books.today - timedelta(days=30)).isoformat(),
             "description": "Goodwill", "amount": money(chance.randrange(100, 5_000))}
        )  # fmt: skip


def periods_billed(records: list[Record]) -> Iterator[tuple[str, int, str]]:
    """Yield the claimed periods of an export's records."""
    for record in records:
        if record["kind"] == "claim":
            yield record["billable"], record["billable_id"], record["due_on"]

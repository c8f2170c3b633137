"""Whole accounts in and out, on every engine."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.backends.local.backend import LocalBackend
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.commands.model import GenerateDueInvoices, UpdateService
from adapter.errors import OnHold
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig, StoreConfig
from adapter.store.explaining import explain_billable
from adapter.store.queue import TABLES
from adapter.store.run import generate_due, run
from adapter.store.transfer import (
    ImportInvalid,
    ImportRefused,
    ImportReport,
    Job,
    Origin,
    content_digest,
    export_lines,
    first_day,
    go_live,
    import_files,
    is_held,
    left_out,
    unfinished_import,
)
from adapter.store.transitions import change_status
from adapter.store.unit_of_work import Store
from tests.databases import new_sqlite
from tests.old_system import make_books
from tests.random_store import fill, pay_some
from tests.unit.conftest import ACCOUNT, TODAY

Context_ = Callable[..., Any]
Record = dict[str, Any]

AT = "2026-03-01T22:00:00Z"
CLIENT: Record = {"kind": "client", "id": 70, "first_name": "Ann", "country": "ZA"}
SERVICE: Record = {
    "kind": "service",
    "id": 500,
    "client_id": 70,
    "registered_on": "2025-01-31",
    "recurring_amount": "95.00",
    "cycle": "Monthly",
    "status": "Active",
    "next_due_on": "2026-03-10",
    "next_invoice_on": "2026-03-10",
    "next_issue_on": "2026-02-24",
    "next_invoice_amount": "95.00",
}
RECURRING: Record = {
    "kind": "recurring",
    "id": 9000,
    "client_id": 70,
    "currency": "ZAR",
    "frequency": "monthly",
    "start_on": "2025-10-02",
    "occurrence": 5,
    "generation_count": 4,
    "increase_percentage": "10",
    "increase_interval": 2,
    "next_invoice_on": "2026-03-02",
    "next_issue_on": "2026-03-02",
    "next_invoice_amount": "121.00",
    "lines": [
        {"quantity": "1", "description": "Rent", "unit_price": "100.00", "vat_applies": True,
         "vat_rate": "15"}
    ],
}  # fmt: skip
INVOICE: Record = {
    "kind": "invoice",
    "id": 8000,
    "client_id": 70,
    "currency": "ZAR",
    "status": "Paid",
    "number": 610,
    "issued_on": "2026-01-27",
    "due_on": "2026-02-10",
    "paid_at": "2026-02-09T10:00:00Z",
    "subtotal": "95.00",
    "total": "95.00",
    "paid": "95.00",
    "lines": [{"type": "Hosting", "related_id": 500, "description": "Site", "amount": "95.00"}],
}
PAYMENT: Record = {
    "kind": "payment",
    "id": 300,
    "client_id": 70,
    "invoice_id": 8000,
    "currency": "ZAR",
    "booked_at": "2026-02-09T10:00:00Z",
    "amount_in": "95.00",
}
CLAIM: Record = {
    "kind": "claim",
    "billable": "service",
    "billable_id": 500,
    "due_on": "2026-02-10",
    "invoice_id": 8000,
}
BOOKS = (CLIENT, SERVICE, RECURRING, INVOICE, PAYMENT, CLAIM)


class Told:
    """Counts steps; raises at one of them, as a process that dies between two commits."""

    def __init__(self, dies_at: int | None = None) -> None:
        self.left = dies_at
        self.stages: dict[str, list[int]] = {}

    def stage(self, name: str, length: int) -> Callable[[int], None]:
        steps = self.stages[name] = [length]

        def step(count: int) -> None:
            steps.append(count)
            if self.left is not None and name in {"Writing", "Queueing"}:
                self.left -= 1
                if self.left < 0:
                    raise KeyboardInterrupt

        return step


class Importing:
    """Short ways to import into a store and to read it."""

    def __init__(self, store: Store, context: Context_, folder: Path) -> None:
        self.store, self.context, self.folder = store, context, folder

    def file(self, *records: Record, at: str = AT, name: str = "old.jsonl") -> Path:
        path = self.folder / name
        header = {"kind": "export", "version": 1, "exported_at": at}
        path.write_text("".join(json.dumps(each) + "\n" for each in (header, *records)))
        return path

    def __call__(self, *records: Record, at: str = AT, **job: Any) -> ImportReport:
        return self.files(self.file(*records, at=at), **job)

    def files(self, *paths: Path, told: Told | None = None, **job: Any) -> ImportReport:
        return import_files(self.store, Job(paths, **job), self.context(), told or Told())

    def row(self, table: sa.Table, record_id: int) -> Any:
        with self.store.read() as uow:
            return uow.row(table, record_id)

    def rows(self, table: sa.Table) -> list[Any]:
        with self.store.read() as uow:
            return list(uow.execute(sa.select(table)).mappings())

    def digest(self) -> str:
        with self.store.read() as uow:
            return content_digest(uow)

    def export(self, path: Path) -> Path:
        with self.store.read() as uow:
            origin = Origin(datetime(2026, 3, 2, tzinfo=UTC), ACCOUNT.zone)
            path.write_text("\n".join(export_lines(uow, origin, "main")), encoding="utf-8")
        return path

    def goes_live(self, owner: str = "gateway") -> int:
        with self.store.write(settings=True, under_hold=True) as uow:
            return go_live(uow, self.context(), owner)


@pytest.fixture
def importing(store: Store, context: Context_, tmp_path: Path) -> Importing:
    return Importing(store, context, tmp_path)


@pytest.fixture
def other(context: Context_, tmp_path: Path) -> Iterator[Importing]:
    folder = tmp_path / "other"
    folder.mkdir()
    store = Store(StoreConfig(new_sqlite(folder)))
    yield Importing(store, context, folder)
    store.close()


def everything(importing: Importing) -> dict[str, list[str]]:
    return {
        name: sorted(str(dict(row)) for row in importing.rows(table))
        for name, table in tables.metadata.tables.items()
    }


def test_legacy_ids_are_kept_and_counters_step_over_them(importing: Importing):
    importing(*BOOKS)
    assert importing.row(tables.clients, 70)["first_name"] == "Ann"
    assert importing.row(tables.recurring_invoices, 9000)["occurrence"] == 5
    invoice = importing.row(tables.documents, 8000)
    assert (invoice["number"], invoice["status"], invoice["paid"]) == (610, "Paid", 9500)
    importing.goes_live()
    with importing.store.write() as uow:
        assert uow.take_document_id() == 9001
        assert uow.take("invoice_number") == 611
        given = uow.insert(
            tables.contacts, client_id=70, created_at=uow_now(), updated_at=uow_now()
        )
        assert given >= 1
        row = {"uuid": "u", "currency_id": 1, "created_on": TODAY, "created_at": uow_now()}
        assert uow.insert(tables.clients, **row) == 71


def uow_now() -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC)


def test_what_is_left_out_is_filled_in_from_the_export(importing: Importing):
    importing(*BOOKS)
    client = importing.row(tables.clients, 70)
    assert client["invoice_name"] == "Ann"
    # 22:00 UTC is the next day in Johannesburg.
    assert client["created_on"] == date(2026, 3, 2)
    assert client["created_at"] == datetime(2026, 3, 1, 22, tzinfo=UTC)
    assert client["currency_id"] == 1
    service = importing.row(tables.services, 500)
    assert (service["anchor_day"], service["next_invoice_on"]) == (10, date(2026, 3, 10))
    (claim,) = importing.rows(tables.claims)
    assert claim["next_on"] == date(2026, 3, 10)
    assert (claim["moved"], claim["moved_to_on"]) == (True, date(2026, 3, 10))
    assert claim["rule"] == "imported"


def test_an_imported_account_is_on_hold_and_nothing_is_mailed(importing: Importing):
    importing(*BOOKS)
    assert importing.rows(tables.outbox) == []
    with importing.store.read() as uow:
        assert is_held(uow)
    with pytest.raises(OnHold):
        generate_due(importing.store, RunConfig(), GenerateDueInvoices(), importing.context())


def test_a_payment_that_is_taken_back_moves_the_due_date_back(importing: Importing):
    importing(*BOOKS)
    importing.goes_live()
    with importing.store.write() as uow:
        change_status(uow, importing.context(), 8000, InvoiceStatus.UNPAID)
    service = importing.row(tables.services, 500)
    assert (service["next_due_on"], service["next_invoice_on"]) == (date(2026, 2, 10), None)


def test_an_open_invoice_keeps_its_period_from_being_billed(importing: Importing):
    open_invoice = INVOICE | {"status": "Unpaid", "paid": "0.00", "paid_at": None}
    service = SERVICE | {"next_due_on": "2026-02-10", "next_invoice_on": None}
    del service["next_issue_on"], service["next_invoice_amount"]
    importing(CLIENT, service, open_invoice, CLAIM)
    importing.goes_live()
    assert importing.row(tables.services, 500)["next_invoice_on"] is None
    issued = generate_due(importing.store, RunConfig(), GenerateDueInvoices(), importing.context())
    assert issued.count == 0
    with importing.store.write() as uow:
        change_status(uow, importing.context(), 8000, InvoiceStatus.PAID)
    assert importing.row(tables.services, 500)["next_due_on"] == date(2026, 3, 10)


def test_a_second_import_changes_nothing_and_says_so(importing: Importing):
    importing(*BOOKS)
    before = everything(importing)
    report = importing(*BOOKS)
    assert report.finished_at is not None
    assert report.new == {}
    assert everything(importing) == before


def test_a_later_export_adds_what_is_new(importing: Importing):
    importing(*BOOKS)
    report = importing(*BOOKS, CLIENT | {"id": 71}, at="2026-03-02T22:00:00Z")
    assert report.new == {"client": 1}
    assert report.there["service"] == 1
    assert importing.row(tables.clients, 71)["first_name"] == "Ann"


def test_an_older_export_is_refused(importing: Importing):
    importing(*BOOKS)
    with pytest.raises(ImportRefused, match="older than what is here"):
        importing(CLIENT | {"id": 71}, at="2026-02-28T22:00:00Z")


def test_other_content_under_an_id_is_refused_with_a_report(importing: Importing):
    importing(*BOOKS)
    before = everything(importing)
    changed = [
        CLIENT | {"first_name": "Bea"},
        SERVICE | {"recurring_amount": "96.00"},
        RECURRING | {"lines": [RECURRING["lines"][0] | {"quantity": "2"}]},
        CLAIM | {"due_on": "2026-02-10", "next_on": "2026-03-11"},
        INVOICE,
        PAYMENT,
    ]
    with pytest.raises(ImportInvalid) as caught:
        importing(*changed, at="2026-03-02T22:00:00Z")
    other, days = "exists with other content", "(here '2026-03-10', there '2026-03-11')"
    assert [(each.place.line, each.field, each.text) for each in caught.value.problems.kept] == [
        (2, "id", "client 70 exists with other content: first_name (here 'Ann', there 'Bea')"),
        (
            3,
            "id",
            f"service 500 {other}: recurring_amount (here '95.00', there '96.00')",
        ),
        (4, "id", "recurring 9000 exists with other content: lines"),
        (
            5,
            "billable",
            f"claim service 500 2026-02-10 {other}: next_on {days}",
        ),
    ]
    assert everything(importing) == before


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"next_invoice_amount": "94.00"}, "next_invoice_amount (here '95.00', there '94.00')"),
        ({"next_invoice_on": "2026-04-10"},
         "next_invoice_on (here '2026-03-10', there '2026-04-10')"),
        ({"next_issue_on": None}, "next_issue_on (here '2026-02-24', there None)"),
        ({"next_invoice_on": None, "next_issue_on": None, "next_invoice_amount": None},
         ("next_invoice_on (here '2026-03-10', there None), "
          "next_issue_on (here '2026-02-24', there None), "
          "next_invoice_amount (here '95.00', there None)")),
    ],
)  # fmt: skip
def test_another_expected_invoice_is_refused_and_the_first_one_kept(
    importing: Importing, change: Record, shown: str
):
    importing(*BOOKS)
    before = everything(importing)
    said = SERVICE | change
    for name in ("next_issue_on", "next_invoice_amount"):
        if said[name] is None:
            del said[name]
    with pytest.raises(ImportInvalid) as caught:
        importing(CLIENT, said, RECURRING, at="2026-03-02T22:00:00Z")
    assert [(each.place.line, each.field, each.text) for each in caught.value.problems.kept] == [
        (3, "id", f"service 500 exists with other content: {shown}")
    ]
    assert everything(importing) == before


def test_an_expected_invoice_is_compared_where_it_is_said(importing: Importing, tmp_path: Path):
    unsaid = {
        name: value
        for name, value in SERVICE.items()
        if name not in {"next_invoice_on", "next_issue_on", "next_invoice_amount"}
    }
    importing(CLIENT, unsaid | {"id": 501}, *BOOKS[1:])
    assert importing(CLIENT, unsaid, at="2026-03-01T22:30:00Z").there["service"] == 1
    first_said = SERVICE | {"id": 501, "next_invoice_amount": "94.00"}
    with pytest.raises(ImportInvalid, match=r"service 501 exists with other content: next_inv"):
        importing(CLIENT, first_said, at="2026-03-01T23:00:00Z")
    # What our own export says is next is what waits here.
    assert importing.files(importing.export(tmp_path / "own.jsonl")).new.keys() == {"number"}


def test_ids_and_numbers_of_other_documents_are_collisions(importing: Importing):
    importing(*BOOKS)
    wrong = [
        CLIENT,
        INVOICE | {"id": 9000, "number": 611, "paid": "0.00", "status": "Unpaid"},
        INVOICE | {"id": 8001, "number": 610, "paid": "0.00", "status": "Unpaid"},
        RECURRING | {"id": 8000},
    ]
    with pytest.raises(ImportInvalid) as caught:
        importing(*wrong, at="2026-03-02T22:00:00Z")
    assert {(each.place.line, each.field, each.text) for each in caught.value.problems.kept} == {
        (3, "id", "9000 is another kind of document here"),
        (4, "number", "610 is that of document 8000 here"),
        (5, "id", "8000 is another kind of document here"),
    }


def test_a_catalogue_that_clients_use_is_not_changed(importing: Importing):
    product = {"kind": "product", "id": 3, "name": "Web", "group": "Products"}
    asked = {"kind": "custom_field", "id": 8, "product": 3, "name": "Operating system"}
    first = {"kind": "catalogue", "catalogue": {"settings": {"TaxEnabled": True}}}
    importing(asked, first, product, *BOOKS)
    assert importing.row(tables.custom_fields, 8)["product_id"] == 3
    second = {"kind": "catalogue", "catalogue": {"settings": {"TaxEnabled": False}}}
    changed = (product | {"taxed": True}, asked | {"required": True})
    with pytest.raises(ImportInvalid) as caught:
        importing(second, *changed, at="2026-03-02T22:00:00Z")
    assert [(each.field, each.text) for each in caught.value.problems.kept] == [
        ("catalogue", "settings TaxEnabled exists with other content"),
        ("id", "product 3 exists with other content: taxed"),
        ("id", "custom_field 8 exists with other content: required"),
    ]


def test_a_store_at_work_is_put_on_hold_only_when_that_is_agreed_to(importing: Importing):
    importing(*BOOKS)
    importing.goes_live()
    more = (CLIENT | {"id": 71},)
    with pytest.raises(ImportRefused, match="give --hold to agree"):
        importing(*more, at="2026-03-02T22:00:00Z")
    importing(*more, at="2026-03-02T22:00:00Z", hold=True)
    with importing.store.read() as uow:
        assert is_held(uow)


def test_a_dry_run_says_what_would_be_new_and_writes_nothing(importing: Importing):
    before = everything(importing)
    report = importing(*BOOKS, dry_run=True)
    assert report.new == {
        "client": 1, "service": 1, "recurring": 1, "invoice": 1, "payment": 1, "claim": 1
    }  # fmt: skip
    assert everything(importing) == before


def test_nothing_is_written_where_anything_is_wrong(importing: Importing):
    before = everything(importing)
    with pytest.raises(ImportInvalid, match="there is no client 99"):
        importing(*BOOKS, SERVICE | {"id": 501, "client_id": 99})
    assert everything(importing) == before


@pytest.mark.parametrize("dies_at", [0, 1, 4, 6, 7])
def test_an_import_that_was_ended_goes_on(importing: Importing, other: Importing, dies_at: int):
    other(*BOOKS)
    file = importing.file(*BOOKS)
    with pytest.raises(KeyboardInterrupt):
        importing.files(file, told=Told(dies_at))
    with importing.store.read() as uow:
        assert unfinished_import(uow) == "old.jsonl"
        assert is_held(uow)
    with pytest.raises(ImportRefused, match="is under way: finish it first"):
        importing.files(importing.file(CLIENT | {"id": 3}, name="more.jsonl"))
    report = importing.files(importing.file(*BOOKS))
    assert report.was_resumed
    assert importing.digest() == other.digest()
    with importing.store.read() as uow:
        assert unfinished_import(uow) is None


def test_an_export_gives_an_empty_store_the_same(
    store: Store, importing: Importing, other: Importing, tmp_path: Path
):
    _ = store
    books = make_books(TODAY, 3, 12, 40, 12)
    path = tmp_path / "books.jsonl"
    books.write(path)
    importing.files(path)
    other.files(importing.export(tmp_path / "first.jsonl"))
    assert other.digest() == importing.digest()
    again = other.export(tmp_path / "second.jsonl").read_text()
    assert again == (tmp_path / "first.jsonl").read_text()
    later = importing.context(TODAY + timedelta(days=9), dry_run=True)
    first = first_day(importing.store, RunConfig(), later)
    second = first_day(other.store, RunConfig(), later)
    assert first.totals == second.totals
    assert first.count > 0


def test_what_the_interfaces_take_survives_export_and_import(
    importing: Importing, other: Importing, tmp_path: Path
):
    """Prices and quantities up to the bounds of the positional API, methods stored as sent."""
    (line,) = RECURRING["lines"]
    dear = line | {"unit_price": "900000000000", "quantity": "-1"}
    many = line | {
        "unit_price": "0.000001",
        "quantity": "900000000000",
        "cost_price": "5000000000",
    }
    importing(
        CLIENT,
        SERVICE | {"payment_method": "nosuch"},
        RECURRING | {"lines": [dear | {"unit_price": "-900000000000"}, many]},
    )
    other.files(importing.export(tmp_path / "first.jsonl"))
    assert other.digest() == importing.digest()
    assert other.row(tables.services, 500)["payment_method"] == "nosuch"


@pytest.mark.parametrize("seed", [1, 2])
def test_any_store_survives_export_and_import(
    empty_store: Store, context: Context_, other: Importing, tmp_path: Path, seed: int
):
    fill(empty_store, seed, TODAY, clients=12)
    with empty_store.write() as uow:
        # What no command makes: methods and products that are gone, and products without a name.
        products = tables.products
        gone = {"module": "gone", "display_name": "Gone", "position": 9, "active": False}
        uow.execute(sa.insert(tables.payment_methods).values(**gone))
        uow.insert(products, id=99, group_id=1, name="Gone")
        plain = {"product_type": "other", "pay_type": "recurring"}
        uow.execute(sa.update(products).values(name=products.c.name + "-", **plain))
    for days in (0, 1, 20):
        day = context(TODAY + timedelta(days=days))
        generate_due(empty_store, RunConfig(), GenerateDueInvoices(), day)
        pay_some(empty_store, day, seed)
    source = Importing(empty_store, context, tmp_path)
    exported = source.export(tmp_path / "all.jsonl")
    other.files(exported)
    assert other.export(tmp_path / "again.jsonl").read_text() == exported.read_text()
    with empty_store.read() as uow:
        assert left_out(uow)["mails"] > 0
    for kind, table in TABLES.items():
        queued = {row["id"]: row["next_invoice_on"] for row in source.rows(table)}
        assert {row["id"]: row["next_invoice_on"] for row in other.rows(table)} == queued, kind
    other.goes_live()
    later = context(TODAY + timedelta(days=40), dry_run=True)
    digests = [
        run(each, RunConfig(), GenerateDueInvoices(), later, digest=True)[1].hexdigest
        for each in (empty_store, other.store)
    ]
    assert digests[0] == digests[1]


def test_an_audit_finds_no_fault_with_what_was_imported(importing: Importing):
    importing(*BOOKS, CLAIM | {"billable": "recurring", "billable_id": 9000, "invoice_id": 0})
    importing.goes_live()
    generate_due(importing.store, RunConfig(), GenerateDueInvoices(), importing.context())
    found = list(audit(importing.store, Span(date(2025, 1, 1), date(2026, 12, 31)), Counts()))
    assert found == []


def test_an_audit_counts_no_invoice_of_another_system_when_a_date_is_set_by_hand(
    importing: Importing,
):
    counted = {"generation_count": 3, "next_due_on": "2026-03-31"}
    bare = {key: value for key, value in SERVICE.items() if not key.startswith("next_i")}
    free = {"id": 501, "cycle": "Free Account", "next_due_on": "2026-02-20"}
    importing(CLIENT, bare | counted, bare | counted | free)
    importing.goes_live()
    backend = LocalBackend(importing.store, RunConfig())
    for service, due_on in ((500, date(2026, 4, 11)), (501, date(2026, 4, 15))):
        backend.execute(UpdateService(service, next_due_on=due_on), importing.context())
    found = list(audit(importing.store, Span(date(2025, 1, 1), date(2026, 12, 31)), Counts()))
    assert found == []


def test_a_due_date_whose_invoice_stayed_behind_is_explained(importing: Importing):
    service = SERVICE | {"next_due_on": "2026-02-10", "next_invoice_on": None}
    del service["next_issue_on"], service["next_invoice_amount"]
    importing(CLIENT, service, CLAIM | {"invoice_id": 0})
    with importing.store.read() as uow:
        found = explain_billable(uow, BillableKind.SERVICE, 500, TODAY)
    assert "the period of 2026-02-10 was billed before the account came here" in str(found)


# --- the first day -------------------------------------------------------------------------------


def look(importing: Importing) -> Any:
    return first_day(importing.store, RunConfig(), importing.context(dry_run=True))


def test_the_first_day_agrees_with_the_exports_next_invoices(importing: Importing):
    importing(*BOOKS)
    found = look(importing)
    assert (found.count, found.compared, found.differences) == (2, 2, [])
    # 95.00 without tax, and 100.00 that has risen twice, with 15 percent.
    assert str(found.totals["ZAR"]) == str(Decimal("95.00") + Decimal("139.15"))
    assert importing.rows(tables.runs) == []


def test_a_period_that_an_invoice_bills_already_is_told_of(importing: Importing):
    unpaid = INVOICE | {"status": "Unpaid", "paid": "0.00", "paid_at": None}
    unclaimed = unpaid | {"id": 8001, "number": 611, "due_on": "2026-03-10"}
    dated = {"issued_on": "2026-03-02", "due_on": "2026-03-02", "recurring_invoice_id": 9000}
    rent = unpaid | {"id": 8002, "number": 612} | dated
    importing(*BOOKS, unclaimed, rent)
    assert look(importing).differences == [
        "service 500: would bill 2026-03-10, which invoice 8001 bills: its claim is missing",
        "recurring 9000: would bill 2026-03-02, which invoice 8002 bills: its claim is missing",
    ]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (SERVICE | {"next_invoice_amount": "94.00"},
         "service 500: would bill 95.00 for 2026-03-10, the export says 94.00"),
        (SERVICE | {"next_invoice_on": "2026-04-10"},
         "service 500: would bill 2026-03-10 next, the export says 2026-04-10"),
        (SERVICE | {"next_issue_on": "2026-03-03"},
         "service 500: would bill 2026-03-10 today, the export says on 2026-03-03"),
        (SERVICE | {"status": "Cancelled"},
         "service 500: would bill nothing next, the export says 2026-03-10"),
        (RECURRING | {"generation_count": 1},
         "recurring 9000: would bill 100.00 for 2026-03-02, the export says 121.00"),
        (RECURRING | {"occurrence": 4, "next_invoice_on": "2026-02-02"},
         "recurring 9000: would bill 2 periods at once (2026-02-02, 2026-03-02)"),
        (RECURRING | {"start_on": "2025-10-05", "next_invoice_on": "2026-03-05"},
         "recurring 9000: would not bill 2026-03-05 today, the export says on 2026-03-02"),
    ],
)  # fmt: skip
def test_what_differs_from_the_export_is_named(importing: Importing, changed: Record, text: str):
    rest = [each for each in BOOKS if each["kind"] != changed["kind"]]
    importing(changed, *rest)
    assert look(importing).differences == [text]


def test_go_live_lets_the_first_run_bill_what_was_foretold(importing: Importing):
    importing(*BOOKS)
    found = look(importing)
    assert importing.goes_live() == 0
    issued = generate_due(importing.store, RunConfig(), GenerateDueInvoices(), importing.context())
    assert issued.count == found.count
    billed = {
        (row["kind"], row["billable_id"], row["due_on"]) for row in importing.rows(tables.claims)
    }
    assert billed == {
        (BillableKind.SERVICE, 500, date(2026, 2, 10)),
        (BillableKind.SERVICE, 500, date(2026, 3, 10)),
        (BillableKind.RECURRING_INVOICE, 9000, date(2026, 3, 2)),
    }


def test_what_the_old_system_goes_on_billing_waits_for_nothing_here(importing: Importing):
    importing(*BOOKS)
    assert importing.goes_live("legacy") == 2
    service = importing.row(tables.services, 500)
    assert (service["owner"], service["fence"], service["next_invoice_on"]) == ("legacy", 1, None)
    issued = generate_due(importing.store, RunConfig(), GenerateDueInvoices(), importing.context())
    assert issued.count == 0
    assert importing.goes_live() == 2
    service = importing.row(tables.services, 500)
    assert (service["fence"], service["next_invoice_on"]) == (2, date(2026, 3, 10))

"""What is wrong with import files, by line and field."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapter.store.transfer import ImportInvalid, Job, describe_records, import_files
from adapter.store.transfer.describe import BEGIN
from adapter.store.transfer.kinds import KINDS
from adapter.store.transfer.records import columns_of, load, named_fields, say
from adapter.store.unit_of_work import Store
from tests.unit.store.test_transfer import (
    AT,
    CLAIM,
    CLIENT,
    INVOICE,
    PAYMENT,
    RECURRING,
    SERVICE,
    Told,
)

ROOT = Path(__file__).parents[3]
HEADER = {"kind": "export", "version": 1, "exported_at": AT}
Wrong = Callable[..., list[tuple[int, str, str]]]


@pytest.fixture
def engine() -> str:
    """Return one engine: nothing of this is the database's."""
    return "sqlite"


@pytest.fixture
def wrong(store: Store, context: Callable[..., Any], tmp_path: Path) -> Wrong:
    """Return what is wrong with these records, or with this text."""

    def find(*records: Any, name: str = "a.jsonl", at: Any = None) -> list[tuple[int, str, str]]:
        path = tmp_path / name
        lines = [each if isinstance(each, str) else json.dumps(each) for each in records]
        path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        with pytest.raises(ImportInvalid) as caught:
            import_files(store, Job((path,), at), context(), Told())
        return [(each.place.line, each.field, each.text) for each in caught.value.problems.kept]

    return find


def test_a_file_begins_with_its_header(wrong: Wrong):
    found = wrong(CLIENT)
    assert found[0][:2] == (1, "kind")
    assert (1, "exported_at", "is not known: give --exported-at with CSV") in found
    assert wrong({**HEADER, "version": 2}) == [(1, "version", "must be 1")]
    late = {**HEADER, "exported_at": "2026-03-01"}
    assert wrong(late)[0] == (
        1,
        "exported_at",
        "must be a time with its offset (2026-03-31T08:15:00Z)",
    )


@pytest.mark.parametrize(
    ("record", "field", "text"),
    [
        ("nope", "", "is not JSON: Expecting value: line 1 column 1 (char 0)"),
        ('{"kind": "client", "id": 1, "id": 2}', "", "is not JSON: id stands twice"),
        ('{"kind": "client", "id": NaN}', "", "is not JSON: NaN is no number"),
        ("[]", "", "must be an object"),
        ({"kind": "invoices"}, "kind", "must be one of " + ", ".join(KINDS)),
        (CLIENT | {"id": "70"}, "id", "must be a whole number"),
        (CLIENT | {"id": True}, "id", "must be a whole number"),
        (CLIENT | {"id": 10**16}, "id", "must be from 1 to 1000000000000000"),
        (CLIENT | {"nick": ""}, "nick", "is no field of this kind"),
        (CLIENT | {"first_name": None}, "first_name", "must not be null"),
        (CLIENT | {"first_name": "x" * 256}, "first_name", "must be at most 255 characters"),
        (CLIENT | {"notes": "a\0b"}, "notes", "has a character that cannot be kept"),
        (CLIENT | {"country": "za"}, "country", "must be two capital letters (ZA)"),
        (CLIENT | {"opening_balance": 12.5}, "opening_balance",
         'must be a number as text ("95.00")'),
        (CLIENT | {"opening_balance": "1e3"}, "opening_balance",
         'must be a number as text ("95.00")'),
        (CLIENT | {"opening_balance": "1.005"}, "opening_balance",
         "must have at most 2 decimals"),
        (CLIENT | {"created_on": "20260301"}, "created_on", "must be a date (2026-03-31)"),
        (CLIENT | {"created_at": "2026-03-01T10:00:00"}, "created_at",
         "must be a time with its offset (2026-03-31T08:15:00Z)"),
        (CLIENT | {"custom": {"1": 2}}, "custom", "must be an object of numbers and texts"),
        (CLIENT | {"currency": "XYZ"}, "currency", "there is no currency XYZ"),
        (CLIENT | {"payment_method": "gold"}, "payment_method",
         "there is no payment method gold"),
        (SERVICE, "client_id", "there is no client 70"),
        (RECURRING | {"occurrence": 99_999_999}, "occurrence", "lies beyond the calendar"),
        (RECURRING | {"frequency": "weekly", "occurrence": 999_999}, "occurrence",
         "lies beyond the calendar"),
        (RECURRING | {"lines": [{"quantity": "1"}]}, "lines.1.description", "is missing"),
        ({"kind": "number", "series": "x", "next": 1}, "series", "must be one of"),
        ({"kind": "catalogue", "catalogue": {"products": [{"name": "A"}]}},
         "catalogue.products[1].group", "is missing"),
        ({"kind": "product", "id": 1, "name": "A", "group": "None"}, "group",
         "there is no such product group"),
    ],
)  # fmt: skip
def test_each_record_is_checked(wrong: Wrong, record: Any, field: str, text: str):
    (line, name, said), *_ = wrong(HEADER, record)
    assert (line, name) == (2, field)
    assert said.startswith(text) if text == "must be one of" else said == text


def test_every_mistake_of_a_catalogue_is_listed_once(wrong: Wrong):
    catalogue = {"products": [{"name": "A", "taxed": "yes"}, {"group": "B"}], "next": {}}
    product = {"kind": "product", "id": 1, "name": "A", "group": "None"}
    found = wrong(HEADER, {"kind": "catalogue", "catalogue": catalogue}, product)
    assert [(line, name) for line, name, _ in found] == [
        (2, "catalogue.products[1].group"),
        (2, "catalogue.products[1].taxed"),
        (2, "catalogue.products[2].name"),
        (2, "catalogue.next"),
    ]


def test_every_mistake_of_products_is_listed_once(wrong: Wrong):
    product = {"kind": "product", "id": 1, "name": "A", "group": "None"}
    priced = product | {"id": 2, "name": "B", "prices": {"ZAR": {"monthly": "x", "weekly": "1"}}}
    found = wrong(HEADER, product, priced, product | {"id": 3, "name": "C"})
    assert sorted((line, name) for line, name, _ in found) == [
        (2, "group"),
        (3, "prices.ZAR.monthly"),
        (3, "prices.ZAR.weekly"),
        (4, "group"),
    ]


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ((CLIENT, CLIENT), (3, "id", "client 70 stands twice")),
        ((CLIENT, SERVICE, CLAIM), (4, "invoice_id", "there is no invoice 8000")),
        ((CLAIM | {"invoice_id": 0},), (2, "billable_id", "there is no service 500")),
        (
            (CLIENT, CLIENT | {"id": 71}, INVOICE, PAYMENT | {"client_id": 71}),
            (5, "invoice_id", "invoice 8000 belongs to client 70"),
        ),
        (
            (CLIENT, INVOICE),
            (3, "paid", "is 95.00, but its payments come to 0.00"),
        ),
        (
            (CLIENT, INVOICE | {"total": "96.00"}),
            (3, "total", "is 96.00, but its parts come to 95.00"),
        ),
        (
            (CLIENT, INVOICE | {"subtotal": "96.00", "total": "96.00"}),
            (3, "subtotal", "is 96.00, but the lines come to 95.00"),
        ),
        (
            (CLIENT, INVOICE | {"rounding": "line"}),
            (3, "lines.1.net", "is missing: the rounding is by line"),
        ),
        (
            (CLIENT, INVOICE | {"status": "Issued"}),
            (3, "status", 'a document of the type invoice is never "Issued"'),
        ),
        (
            (CLIENT, INVOICE, PAYMENT, INVOICE | {"id": 8001, "paid": "0.00"}),
            (5, "number", "610 stands twice"),
        ),
        (
            (CLIENT, RECURRING, INVOICE | {"id": 9000, "paid": "0.00"}),
            (4, "id", "a recurring invoice has the id 9000 too: they share one counter"),
        ),
        (
            (CLIENT, RECURRING, CLAIM | {"billable": "recurring", "billable_id": 9000,
                                         "due_on": "2026-03-02", "invoice_id": 0}),
            (3, "occurrence", "5 is 2026-03-02, which is claimed"),
        ),
        (
            (CLIENT, {"kind": "credit", "id": 1, "client_id": 70, "entered_on": "2026-01-01",
                      "amount": "-1.00"}),
            (3, "amount", "client 70's credit comes to -1.00"),
        ),
        (
            (CLIENT, SERVICE | {"next_invoice_on": None}),
            (3, "next_issue_on", "needs next_invoice_on"),
        ),
    ],
)  # fmt: skip
def test_records_are_checked_together(
    wrong: Wrong, records: tuple[Any, ...], problem: tuple[int, str, str]
):
    assert problem in wrong(HEADER, *records)


def test_whoever_names_a_wrong_record_is_not_wrong_as_well(wrong: Wrong):
    assert wrong(HEADER, CLIENT | {"country": "xx"}, SERVICE) == [
        (2, "country", "must be two capital letters (ZA)")
    ]
    assert len(wrong(HEADER, CLIENT | {"first_name": 1}, SERVICE)) == 1


def test_a_record_with_a_mistake_still_says_what_else_is_wrong_with_it(wrong: Wrong):
    assert wrong(HEADER, SERVICE | {"nick": ""}) == [
        (2, "nick", "is no field of this kind"),
        (2, "client_id", "there is no client 70"),
    ]


def test_nothing_comes_from_itself(wrong: Wrong):
    first, second = ({**INVOICE, "id": each, "number": each} for each in (8001, 8002))
    back = "would come from itself, by way of what it names"
    ring = (first | {"source_id": 8002}, second | {"source_id": 8001})
    rings = [each for each in wrong(HEADER, CLIENT, *ring) if each[1] == "source_id"]
    assert rings == [
        (3, "source_id", f"invoice 8001 {back}"),
        (4, "source_id", f"invoice 8002 {back}"),
    ]
    refund = PAYMENT | {"id": 9, "refund_of": 9}
    assert (4, "refund_of", f"payment 9 {back}") in wrong(HEADER, CLIENT, INVOICE, refund)


def test_more_problems_than_are_wanted_are_counted(
    store: Store, context: Callable[..., Any], tmp_path: Path
):
    path = tmp_path / "a.jsonl"
    records = [HEADER, *({"kind": "client", "id": 0} for _ in range(30))]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    with pytest.raises(ImportInvalid) as caught:
        import_files(store, Job((path,), most_problems=3), context(), Told())
    *_, more, last = str(caught.value).splitlines()
    assert (more, last) == ("... and 27 more", "30 problems: nothing was imported")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("people.csv", "id\n", (1, "", "must be called one of")),
        ("clients.csv", "id,nick\n1,x\n", (1, "nick", "is no field of this kind")),
        ("clients.csv", "id,id\n1,1\n", (1, "id", "stands twice")),
        ("clients.csv", "id,custom,custom.1\n", (1, "custom", "stands twice")),
        ("clients.csv", "id\n1,2\n", (2, "", "has more cells than the 1 names")),
        ("clients.csv", "id\none\n", (2, "id", "must be a whole number")),
        ("clients.csv", 'id,notes\n1,"a\nb\n', (3, "", "is not CSV: unexpected end of data")),
        ("clients.csv", "id,tax_exempt\n1,perhaps\n", (2, "tax_exempt", "must be true or false")),
    ],
)
def test_csv_is_checked(
    wrong: Wrong, context: Callable[..., Any], name: str, text: str, problem: Any
):
    line, field, said = wrong(text.removesuffix("\n"), name=name, at=context().now)[0]
    assert (line, field) == problem[:2]
    assert said.startswith(problem[2])


@pytest.mark.parametrize(
    "record", [CLIENT, SERVICE, RECURRING, INVOICE, PAYMENT, CLAIM], ids=lambda each: each["kind"]
)
def test_what_is_read_quickly_is_what_the_schema_reads(record: Any):
    kind = KINDS[record["kind"]]
    said = {name: value for name, value in record.items() if name != "kind"}
    loaded = kind.schema.load(said)
    assert load(kind, said) == loaded
    assert columns_of(kind, say(kind, loaded)) == loaded


def test_the_page_describes_every_field():
    page = (ROOT / "docs" / "import.md").read_text()
    assert page[page.index(BEGIN) :] == describe_records()
    for kind in KINDS.values():
        for name, each in named_fields(kind.schema):
            if name == "lines":
                continue
            assert each.kind, name
            assert each.example not in {"", None} if isinstance(each.example, str) else True

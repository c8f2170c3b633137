"""What a preview shows is what the runs then issue."""

from datetime import date, timedelta

import pytest

from adapter.billing.model import BillableKind
from adapter.commands.context import Context
from adapter.errors import ClientNotFound
from adapter.store import tables
from adapter.store.run import next_documents, preview
from adapter.store.run.preview import MOST_DOCUMENTS

TODAY = date(2026, 3, 2)
UNTIL = date(2026, 6, 30)


def dates(found):
    return [(str(d.run_on), str(d.issued_on), str(d.due_on)) for d in found.documents]


def test_with_payment_assumed_a_service_goes_on_and_nothing_is_kept(shop, context):
    client = shop.client()
    service = shop.service(client, date(2026, 3, 31))
    before = shop.row(BillableKind.SERVICE, service)
    found = preview(shop.store, context(), client, UNTIL)
    # Each is paid on its due date, so the next one follows fourteen days before its own.
    assert dates(found) == [
        ("2026-03-17", "2026-03-17", "2026-03-31"),
        ("2026-04-16", "2026-04-16", "2026-04-30"),
        ("2026-05-16", "2026-05-16", "2026-05-30"),
        ("2026-06-16", "2026-06-16", "2026-06-30"),
    ]
    first = found.documents[0]
    assert [line.description for line in first.lines] == [
        f"Service #{service} (31/03/2026 - 29/04/2026)"
    ]
    assert (str(first.subtotal), str(first.tax), str(first.total)) == ("15.95", "0.00", "15.95")
    assert found.stopped_on is None
    assert shop.documents() == []
    assert shop.row(BillableKind.SERVICE, service) == before
    assert shop.count(tables.outbox) == shop.count(tables.claims) == 0


def test_without_payment_only_one_period_is_billed(shop, context):
    client = shop.client()
    shop.service(client, date(2026, 3, 31))
    found = preview(shop.store, context(), client, UNTIL, paid=False)
    assert dates(found) == [("2026-03-17", "2026-03-17", "2026-03-31")]


def test_an_invoice_that_stands_unpaid_is_assumed_paid_too(shop, context):
    client = shop.client()
    shop.service(client, date(2026, 2, 10))
    shop.generate(date(2026, 2, 1))
    assert dates(preview(shop.store, context(), client, date(2026, 3, 20)))[0] == (
        "2026-03-02",
        "2026-03-02",
        "2026-03-10",
    )
    nothing = preview(shop.store, context(), client, date(2026, 3, 20), paid=False)
    assert nothing.documents == ()


@pytest.mark.parametrize("continuous", ["", "on"])
def test_a_preview_is_what_the_runs_then_issue(shop, context, continuous):
    shop.setting("ContinuousInvoiceGeneration", continuous)
    client, other = shop.client(credit=4000), shop.client()
    shop.service(client, date(2026, 1, 31), catch_up="all")
    shop.service(client, date(2026, 3, 20), cycle="Quarterly")
    shop.service(other, date(2026, 3, 20))
    shop.recurring(client, date(2026, 1, 5), frequency="bi-weekly", catch_up="latest")
    found = preview(shop.store, context(), client, UNTIL, paid=False)
    day = TODAY
    while day <= UNTIL:
        shop.generate(day)
        day += timedelta(days=1)
    issued = [d for d in shop.documents() if d["client_id"] == client]
    assert [
        (d.run_on, d.due_on, d.credit.hundredths, d.total.hundredths) for d in found.documents
    ] == [(d["created_at"].date(), d["due_on"], d["credit"], d["total"]) for d in issued]
    for shown, kept in zip(found.documents, issued, strict=True):
        assert [line.description for line in shown.lines] == [
            line["description"] for line in shop.lines(kept["id"])
        ]
    assert [each.due_on for each in found.held] == [
        date(2026, 1, 5) + timedelta(days=14 * n) for n in range(4)
    ]


def test_what_would_be_parked_is_named(shop, context):
    client = shop.client()
    service = shop.service(client, TODAY, recurring_amount=-100)
    found = preview(shop.store, context(), client, UNTIL)
    ((parked),) = found.parked
    assert (parked.billable_id, "below zero" in parked.reason) == (service, True)
    assert shop.row(BillableKind.SERVICE, service)["parked_reason"] is None


def test_an_unknown_client_is_named(shop, context):
    with pytest.raises(ClientNotFound):
        preview(shop.store, context(), 9, UNTIL)


@pytest.mark.slow
def test_a_preview_ends_by_itself(shop, context):
    client = shop.client()
    shop.recurring(client, TODAY, frequency="daily")
    found = preview(shop.store, context(), client, TODAY + timedelta(days=3000))
    assert len(found.documents) == MOST_DOCUMENTS
    assert found.stopped_on == TODAY + timedelta(days=MOST_DOCUMENTS - 1)


def test_a_slow_preview_says_where_it_stopped(shop, context):
    client = shop.client()
    shop.recurring(client, TODAY, frequency="daily")
    usual: Context = context()
    seconds = iter(range(100))
    slow = Context(
        usual.caller,
        usual.today,
        usual.now,
        usual.request_id,
        usual.reference,
        elapsed=lambda: float(next(seconds)),
    )
    found = preview(shop.store, slow, client, UNTIL)
    assert len(found.documents) == 3
    assert found.stopped_on == TODAY + timedelta(days=3)


def test_a_preview_of_one_billable_ends_with_it_whatever_else_its_client_has(shop, context):
    client = shop.client()
    shop.recurring(client, TODAY, frequency="weekly")
    limited = shop.recurring(client, TODAY, recurrence_limit=2)
    service = shop.service(client, TODAY, cycle="Annually")
    paused = shop.service(client, TODAY, paused=True)
    found = {}
    for kind, billable in (
        (BillableKind.RECURRING_INVOICE, limited),
        (BillableKind.SERVICE, service),
        (BillableKind.SERVICE, paused),
    ):
        with shop.store.write(keep=False) as uow:
            documents, stopped_on = next_documents(uow, context(), kind, billable)
        found[kind, billable] = [str(each.due_on) for each in documents], stopped_on
    assert list(found.values()) == [
        (["2026-03-02", "2026-04-02"], None),
        (["2026-03-02", "2027-03-02", "2028-03-02"], None),
        ([], None),
    ]

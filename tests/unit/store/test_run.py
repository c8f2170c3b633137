"""The run on the store: what is billed, when, and what must not be billed twice.

Source of most cases: whmcs facts 2.12 "Worked expectations" and section 4 of the positional facts.
"""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from adapter.billing.completeness import Finding
from adapter.billing.model import BillableKind, InvoiceStatus
from adapter.billing.money import MAX_HUNDREDTHS
from adapter.commands.context import Context
from adapter.commands.model import GenerateDueInvoices
from adapter.errors import ClientNotFound, RunIncomplete, StoreUnavailable
from adapter.store import tables
from adapter.store.auditing import Counts, Span, audit
from adapter.store.config import RunConfig
from adapter.store.explaining import explain_billable
from adapter.store.queue import TABLES, requeue
from adapter.store.run import generate_due, preview, run

TODAY = date(2026, 3, 2)


def test_a_monthly_service_due_in_ten_days_is_billed_once(shop):
    due_on = TODAY + timedelta(days=10)
    service = shop.service(shop.client(), due_on)
    assert shop.generate().count == 1
    (document,) = shop.documents()
    assert (document["due_on"], document["issued_on"], document["total"]) == (due_on, TODAY, 1595)
    (line,) = shop.lines(document["id"])
    assert line["description"] == f"Service #{service} (12/03/2026 - 11/04/2026)"
    assert shop.generate().count == 0
    assert shop.nothing_due(TODAY + timedelta(days=400))
    assert shop.row(BillableKind.SERVICE, service)["next_invoice_on"] is None


def test_services_of_one_day_and_method_share_an_invoice(shop):
    client = shop.client()
    shop.service(client, TODAY)
    shop.service(client, TODAY)
    result = shop.generate(client_id=client)
    assert result.count == 1
    assert len(shop.lines(result.latest_invoice_id or 0)) == 2


@pytest.mark.parametrize(
    ("of_client", "of_second"),
    [({"separate_invoices": True}, {}), ({}, {"payment_method": "paypal"})],
)
def test_separate_invoices_and_other_methods_split(shop, of_client, of_second):
    with shop.store.write() as uow:
        uow.execute(
            sa.insert(tables.payment_methods).values(module="paypal", position=2, active=True)
        )
    client = shop.client(**of_client)
    shop.service(client, TODAY)
    shop.service(client, TODAY, **of_second)
    result = shop.generate(client_id=client)
    assert result.count == 2
    assert result.latest_invoice_id == max(d["id"] for d in shop.documents())


def test_a_service_due_in_sixty_days_waits_even_when_listed(shop):
    client = shop.client()
    service = shop.service(client, TODAY + timedelta(days=60))
    assert shop.generate(client_id=client).count == 0
    assert shop.generate(client_id=client, service_ids=(service,)).count == 0


def test_early_id_lists_bill_one_coming_period_and_never_a_second(shop):
    shop.setting("IdLists", "early")
    client = shop.client()
    service = shop.service(client, TODAY + timedelta(days=60), cycle="Annually")
    counts = [
        shop.generate(TODAY + timedelta(days=n), client_id=client, service_ids=(service,)).count
        for n in range(30)
    ]
    assert counts == [1] + [0] * 29


def test_an_annual_service_paid_today_is_not_billed_again_by_nightly_lists(shop):
    client = shop.client()
    service = shop.service(client, TODAY, cycle="Annually")
    first = shop.generate(client_id=client)
    shop.pay(first.latest_invoice_id or 0)
    nights = [
        shop.generate(TODAY + timedelta(days=n), service_ids=(service,)).count for n in range(30)
    ]
    assert nights == [0] * 30


def test_an_unknown_client_is_an_error(shop):
    with pytest.raises(ClientNotFound):
        shop.generate(client_id=99)


@pytest.mark.parametrize(
    "state",
    [
        {"status": "Terminated"},
        {"status": "Cancelled"},
        {"status": "Completed"},
        {"status": "Fraud"},
        {"cycle": "Free Account"},
        {"cancellation_requested": True},
        {"next_due_on": None},
    ],
)
def test_what_is_not_billable_is_skipped_with_success(shop, state):
    service = shop.service(shop.client(), TODAY, **state)
    assert shop.generate(service_ids=(service,)).count == 0


def test_credit_pays_at_once_and_moves_the_due_date(shop):
    client = shop.client(credit=10000)
    service = shop.service(client, TODAY)
    result = shop.generate(client_id=client)
    assert result.count == 1
    (document,) = shop.documents()
    assert (document["status"], document["credit"], document["total"]) == ("Paid", 1595, 0)
    row = shop.row(BillableKind.SERVICE, service)
    assert (row["next_due_on"], row["next_invoice_on"]) == (date(2026, 4, 2), date(2026, 4, 2))
    with shop.store.read() as uow:
        credit = uow.execute(sa.select(tables.clients.c.credit)).scalar()
        log = uow.execute(sa.select(tables.credits_log)).mappings().one()
        mails = uow.execute(sa.select(tables.outbox.c.payload)).scalars().all()
    assert credit == 8405
    assert (log["amount"], log["description"]) == (
        -1595,
        f"Credit Applied to Invoice #{document['id']}",
    )
    assert [m["template"] for m in mails] == ["Invoice Created", "Invoice Payment Confirmation"]


def test_partial_credit_leaves_the_rest_due(shop):
    client = shop.client(credit=500)
    shop.service(client, TODAY)
    shop.generate()
    (document,) = shop.documents()
    assert (document["status"], document["credit"], document["total"]) == ("Unpaid", 500, 1095)


def test_a_zero_total_is_issued_paid_and_counted(shop):
    shop.service(shop.client(), TODAY, recurring_amount=0)
    assert shop.generate().count == 1
    assert shop.documents()[0]["status"] == "Paid"


def test_paying_moves_the_due_date_once_whatever_the_sequence(shop):
    service = shop.service(shop.client(), date(2026, 1, 31), cycle="Monthly")
    invoice = shop.generate().latest_invoice_id or 0
    for status in (InvoiceStatus.PAID, InvoiceStatus.UNPAID, InvoiceStatus.PAID):
        shop.pay(invoice, status)
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 2, 28)
    shop.pay(invoice, InvoiceStatus.REFUNDED)
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 1, 31)


def test_a_cancelled_invoice_still_blocks_its_date(shop):
    shop.service(shop.client(), TODAY)
    invoice = shop.generate().latest_invoice_id or 0
    shop.pay(invoice, InvoiceStatus.CANCELLED)
    assert shop.generate(TODAY + timedelta(days=1)).count == 0


def test_the_switch_lets_a_cancelled_date_be_billed_again(shop):
    shop.setting("CancelledInvoiceBlocksDate", "")
    shop.service(shop.client(), TODAY)
    invoice = shop.generate().latest_invoice_id or 0
    shop.pay(invoice, InvoiceStatus.CANCELLED)
    assert shop.generate(TODAY + timedelta(days=1)).count == 1


def test_continuous_invoicing_bills_a_backlog_one_period_a_day(shop):
    shop.setting("ContinuousInvoiceGeneration", "on")
    shop.service(shop.client(), date(2025, 12, 20))
    per_day = [
        [shop.generate(TODAY + timedelta(days=n)).count for _ in range(3)] for n in range(5)
    ]
    assert per_day == [[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert [d["due_on"] for d in shop.documents()] == [
        date(2025, 12, 20),
        date(2026, 1, 20),
        date(2026, 2, 20),
        date(2026, 3, 20),
    ]


def test_the_first_amount_holds_while_registration_is_the_due_date(shop):
    client = shop.client()
    shop.service(client, TODAY, registered_on=TODAY)
    first = shop.generate()
    shop.pay(first.latest_invoice_id or 0)
    shop.generate(TODAY + timedelta(days=30))
    assert [d["total"] for d in shop.documents()] == [2000, 1595]


def test_domains_follow_their_own_rule(shop):
    client = shop.client()
    domain = {
        "kind": "Register",
        "name": "example.com",
        "years": 2,
        "registered_on": date(2024, 2, 29),
        "next_due_on": TODAY,
        "recurring_amount": 3000,
        "status": "Active",
    }
    shop.billable(BillableKind.DOMAIN, client, **domain)
    shop.billable(BillableKind.DOMAIN, client, **(domain | {"do_not_renew": True}))
    shop.billable(BillableKind.DOMAIN, client, **(domain | {"recurring_amount": 0}))
    assert shop.generate(client_id=client).count == 1
    (line,) = shop.lines(shop.documents()[0]["id"])
    assert line["line_type"] == "Domain"
    assert line["description"] == (
        "Domain Renewal - example.com - 2 Year/s (02/03/2026 - 01/03/2028)"
    )


def test_billable_items_are_picked_by_their_action(shop):
    client = shop.client()
    common = {
        "description": "Work",
        "quantity": Decimal(1),
        "amount": 5000,
        "entered_on": TODAY,
    }
    item = BillableKind.BILLABLE_ITEM
    shop.billable(item, client, action="noinvoice", **common)
    rider = shop.billable(item, client, action="nextinvoice", **common)
    assert shop.generate().count == 0
    shop.billable(item, client, action="nextcron", **common)
    assert shop.generate().count == 1
    assert shop.documents()[0]["total"] == 10000
    assert shop.row(item, rider)["generation_count"] == 1
    recur = shop.billable(
        item,
        client,
        action="recur",
        recur_every=2,
        recur_unit="Weeks",
        recur_times=2,
        next_due_on=TODAY,
        **common,
    )
    counts = [shop.generate(TODAY + timedelta(days=n)).count for n in range(1, 60)]
    assert sum(counts) == 2
    assert shop.row(item, recur)["next_invoice_on"] is None
    assert shop.nothing_due(TODAY + timedelta(days=1000))


def test_tax_is_computed_on_the_taxed_sum(shop):
    with shop.store.write() as uow:
        uow.insert(tables.tax_rules, level=1, name="VAT", country="ZA", rate=Decimal(15))
        product = uow.insert(
            tables.products, group_id=1, name="Basic Plan", taxed=True, product_type="other"
        )
    shop.setting("TaxEnabled", "on")
    client = shop.client(country="ZA")
    for _ in range(3):
        shop.service(client, TODAY, product_id=product, recurring_amount=333)
    shop.service(shop.client(country="ZA", tax_exempt=True), TODAY, product_id=product)
    shop.generate()
    taxed, exempt = shop.documents()
    # 3 x 3.33 = 9.99, 15 % of the sum is 1.4985: 1.50, not three times 0.50 of 1.49.
    assert (taxed["subtotal"], taxed["tax"], taxed["total"]) == (999, 150, 1149)
    assert (exempt["tax"], exempt["tax_rate"]) == (0, 0)
    assert shop.lines(taxed["id"])[0]["description"].startswith("Basic Plan (")


def test_a_group_discount_is_a_line_of_its_own(shop):
    with shop.store.write() as uow:
        group = uow.insert(tables.client_groups, name="Friends", discount_percent=Decimal(10))
    shop.service(shop.client(group_id=group), TODAY)
    shop.generate()
    (document,) = shop.documents()
    assert [line["amount"] for line in shop.lines(document["id"])] == [1595, -160]
    assert document["total"] == 1435


def test_recurring_invoices_are_issued_on_their_dates_only(shop):
    recurring = shop.recurring(shop.client(payment_terms_days=7), date(2026, 1, 31))
    assert shop.generate(date(2026, 1, 30)).count == 0
    assert shop.generate(date(2026, 3, 31)).count == 3
    documents = shop.documents()
    assert [d["issued_on"] for d in documents] == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 31),
    ]
    assert documents[0]["due_on"] == date(2026, 2, 7)
    assert [(d["subtotal"], d["tax"], d["total"]) for d in documents] == [(10000, 1500, 11500)] * 3
    assert [d["number"] for d in documents] == [1, 2, 3]
    row = shop.row(BillableKind.RECURRING_INVOICE, recurring)
    assert (row["occurrence"], row["generation_count"]) == (3, 3)


def test_the_limit_counts_documents_and_ends_the_schedule(shop):
    recurring = shop.recurring(shop.client(), TODAY, recurrence_limit=2)
    assert shop.generate(TODAY + timedelta(days=200)).count == 2
    assert shop.row(BillableKind.RECURRING_INVOICE, recurring)["ended"]
    assert shop.generate(TODAY + timedelta(days=400)).count == 0


def test_the_increase_counts_from_the_base_price(shop):
    shop.recurring(
        shop.client(),
        date(2025, 1, 1),
        [{"unit_price": Decimal("99.99"), "vat_applies": False}],
        increase_percentage=Decimal(10),
        increase_interval=12,
    )
    assert shop.generate(date(2027, 1, 1)).count == 25
    totals = [d["total"] for d in shop.documents()]
    # 99.99 * 1.1 = 109.989; 99.99 * 1.21 = 120.9879
    assert totals == [9999] * 12 + [10999] * 12 + [12099]


def test_a_bad_billable_is_parked_and_the_rest_is_billed(shop):
    client = shop.client()
    item = BillableKind.BILLABLE_ITEM
    bad = shop.billable(
        item,
        client,
        description="Rebate",
        quantity=Decimal(1),
        amount=-100,
        action="nextcron",
        entered_on=TODAY,
    )
    shop.service(client, TODAY - timedelta(days=1))
    orphan = shop.service(999, TODAY)
    assert shop.generate().count == 1
    assert "below zero" in shop.row(item, bad)["parked_reason"]
    assert shop.row(BillableKind.SERVICE, orphan)["parked_reason"]
    assert shop.nothing_due(TODAY)


def test_credit_beyond_any_one_amount_is_used_and_stops_nobody(shop):
    rich, credit = shop.client(), tables.clients.c.credit
    with shop.store.write() as uow:
        for _ in range(3):
            more = sa.update(tables.clients).values(credit=credit + MAX_HUNDREDTHS)
            uow.execute(more.where(tables.clients.c.id == rich))
    for client in (rich, shop.client()):
        shop.service(client, TODAY)
    foretold = preview(shop.store, shop.context(TODAY), rich, TODAY)
    assert shop.generate().count == 2
    found = {d["client_id"]: (d["credit"], d["total"], d["status"]) for d in shop.documents()}
    assert found.pop(rich) == (1595, 0, "Paid")
    assert list(found.values()) == [(0, 1595, "Unpaid")]
    assert [str(each.credit) for each in foretold.documents] == ["15.95"]


def test_no_emails_writes_no_mail(shop):
    shop.service(shop.client(), TODAY)
    shop.generate(send_email=False)
    assert shop.count(tables.outbox) == 0


def test_a_dry_run_keeps_nothing_and_decides_the_same(shop):
    for _ in range(30):
        shop.service(shop.client(), TODAY)
    config, command = RunConfig(page_clients=7), GenerateDueInvoices()
    dry_context = shop.context(TODAY, dry_run=True)
    dry, guess = run(shop.store, config, command, dry_context, digest=True)
    assert (dry.count, shop.count(tables.documents), shop.count(tables.runs)) == (30, 0, 0)
    real, progress = run(shop.store, config, command, shop.context(TODAY), digest=True)
    assert real.count == 30
    assert guess.hexdigest == progress.hexdigest


def test_a_time_limit_keeps_committed_pages_and_says_so(shop):
    for _ in range(30):
        shop.service(shop.client(), TODAY)
    ticks = iter(range(1000))
    context = shop.context(TODAY)
    slow = Context(
        context.caller,
        context.today,
        context.now,
        "r",
        "r",
        elapsed=lambda: float(next(ticks)),
    )
    config = RunConfig(time_limit_seconds=3, page_clients=4)
    with pytest.raises(RunIncomplete) as caught:
        generate_due(shop.store, config, GenerateDueInvoices(), slow)
    issued = shop.count(tables.documents)
    assert 0 < issued < 30
    assert caught.value.issued == issued
    assert shop.generate().count == 30 - issued


@pytest.mark.parametrize("set_based", [True, False])
@pytest.mark.parametrize(
    ("each", "pages"),
    # 1,000 items are the first page, but 20 clients whatever they have; time then widens it.
    [(1, [60]), (25, [40, 20]), (60, [20, 40])],
)
def test_the_first_page_has_as_many_clients_as_have_a_thousand_items(shop, each, pages, set_based):
    first = shop.service(shop.client(), TODAY)
    row = {**shop.row(BillableKind.SERVICE, first)}
    clients = [row["client_id"], *(shop.client() for _ in range(59))]
    due = [row | {"client_id": client} for client in clients for _ in range(each)][1:]
    with shop.store.write() as uow:
        numbered = [service | {"id": first + n} for n, service in enumerate(due, 1)]
        uow.execute(sa.insert(tables.services), numbered)
    seen: list[int] = []
    config = RunConfig(page_seconds=60.0, set_based=set_based)
    made, progress = run(
        shop.store,
        config,
        GenerateDueInvoices(),
        shop.context(TODAY),
        watch=lambda _uow, written: seen.append(written.count),
    )
    assert (seen, made.count, progress.pages) == (pages, 60, len(pages))


def test_a_call_that_searched_past_the_limit_still_issues_something(shop):
    for _ in range(60):
        shop.service(shop.client(), TODAY)
    context = shop.context(TODAY)
    config = RunConfig(time_limit_seconds=3, page_clients=4)
    issued: list[int] = []
    while not issued or issued[-1]:
        # The search alone took 100 s.
        ticks = itertools.count(100.0, 0.1)
        slow = replace(context, elapsed=ticks.__next__)
        try:
            generate_due(shop.store, config, GenerateDueInvoices(), slow)
            break
        except RunIncomplete as error:
            issued.append(error.issued)
    assert len(issued) > 1
    assert all(0 < count < 60 for count in issued)
    assert shop.count(tables.documents) == 60


def test_an_id_list_leaves_the_other_kinds_out(shop):
    client = shop.client()
    service = shop.service(client, TODAY)
    shop.recurring(client, TODAY)
    assert shop.generate(client_id=client, service_ids=(service, 4711)).count == 1
    assert shop.generate(client_id=client, service_ids=()).count == 0
    assert shop.generate(client_id=client).count == 1


def test_another_clients_ids_are_skipped(shop):
    service = shop.service(shop.client(), TODAY)
    assert shop.generate(client_id=shop.client(), service_ids=(service,)).count == 0


def test_per_cycle_days_override_the_general_value(shop):
    shop.setting("CreateInvoiceDaysBeforeMonthly", "9")
    shop.setting("CreateInvoiceDaysBeforeAnnually", "30")
    client = shop.client()
    monthly = shop.service(client, TODAY + timedelta(days=10))
    annual = shop.service(client, TODAY + timedelta(days=30), cycle="Annually")
    assert shop.generate(service_ids=(monthly,)).count == 0
    assert shop.generate(service_ids=(annual,)).count == 1
    assert shop.generate(TODAY + timedelta(days=1)).count == 1


@pytest.mark.parametrize("cycles", [("Annually",), ("Monthly", "Quarterly")])
def test_one_client_is_billed_again_and_again_under_days_per_cycle(shop, cycles):
    for days, cycle in enumerate(cycles, 20):
        shop.setting(f"CreateInvoiceDaysBefore{cycle}", str(days))
    client, other = shop.client(), shop.client()
    for day in range(4):
        today = TODAY + timedelta(days=day)
        shop.service(client, today)
        shop.service(other, today)
        assert shop.generate(today, client_id=client).count == 1
        assert shop.generate(today, client_id=client).count == 0
    assert shop.generate(TODAY + timedelta(days=4)).count == 4


def test_a_busy_store_after_the_first_page_says_what_was_issued(shop, monkeypatch):
    for _ in range(30):
        shop.service(shop.client(), TODAY)
    write, writes = shop.store.write, iter([True, True])  # the calendar and the first page

    def busy_later(**options: Any) -> Any:
        if next(writes, False):
            return write(**options)
        raise StoreUnavailable

    monkeypatch.setattr(shop.store, "write", busy_later)
    config = RunConfig(page_clients=4)
    with pytest.raises(RunIncomplete) as caught:
        generate_due(shop.store, config, GenerateDueInvoices(), shop.context(TODAY))
    assert caught.value.issued == shop.count(tables.documents) == 4
    with pytest.raises(StoreUnavailable):
        generate_due(shop.store, config, GenerateDueInvoices(), shop.context(TODAY))


@pytest.mark.parametrize("set_based", [True, False])
def test_what_is_due_of_a_client_on_one_day_is_one_invoice_of_every_kind(shop, set_based):
    client = shop.client()
    service = shop.service(client, TODAY)
    priced = {
        "next_due_on": TODAY,
        "registered_on": date(2025, 1, 1),
        "first_amount": 500,
        "payment_method": "banktransfer",
        "status": "Active",
    }
    shop.billable(
        BillableKind.ADDON,
        client,
        service_id=service,
        name="Backup",
        cycle="Monthly",
        recurring_amount=200,
        **priced,
    )
    shop.billable(
        BillableKind.DOMAIN,
        client,
        kind="Register",
        name="example.com",
        years=1,
        recurring_amount=300,
        **priced,
    )
    shop.billable(
        BillableKind.BILLABLE_ITEM,
        client,
        description="Work",
        quantity=Decimal(1),
        amount=700,
        action="duedate",
        next_due_on=TODAY,
        entered_on=TODAY,
    )
    assert shop.generate_within(RunConfig(set_based=set_based), TODAY).count == 1
    (invoice,) = shop.documents()
    amounts = [(line["line_type"], line["amount"]) for line in shop.lines(invoice["id"])]
    assert amounts == [("Hosting", 1595), ("Addon", 200), ("Domain", 300), ("Item", 700)]


@pytest.mark.parametrize(
    ("action", "again_on"),
    [
        ({"action": "nextcron"}, None),
        ({"action": "duedate", "next_due_on": TODAY}, TODAY),
        ({"action": "recur", "next_due_on": TODAY, "recur_times": 1}, TODAY),
        ({"action": "recur", "next_due_on": TODAY, "recur_times": 0}, TODAY),
        ({"action": "nextinvoice"}, None),
    ],
)
def test_items_of_a_cancelled_invoice_are_billed_again_where_it_does_not_block(
    shop, action, again_on
):
    shop.setting("CancelledInvoiceBlocksDate", "")
    client = shop.client()
    shop.service(client, TODAY)
    row = {"description": "Work", "quantity": Decimal(1), "amount": 700, "entered_on": TODAY}
    kind = BillableKind.BILLABLE_ITEM
    item = shop.billable(kind, client, **row, recur_every=1, recur_unit="Months", **action)
    first = shop.generate().latest_invoice_id
    shop.pay(first, InvoiceStatus.CANCELLED)
    stored = shop.row(kind, item)
    assert (stored["generation_count"], stored["next_due_on"]) == (0, again_on)
    tomorrow = TODAY + timedelta(days=1)
    shop.generate(tomorrow)
    again = [row["id"] for row in shop.documents() if row["id"] != first]
    lines = [line["amount"] for invoice in again for line in shop.lines(invoice)]
    assert sorted(lines) == [700, 1595]
    assert shop.generate(tomorrow).count == 0


def test_what_is_billed_once_is_billed_again_where_its_cancelled_invoice_does_not_block(shop):
    shop.setting("CancelledInvoiceBlocksDate", "")
    shop.service(shop.client(), TODAY, cycle="One Time")
    shop.pay(shop.generate().latest_invoice_id, InvoiceStatus.CANCELLED)
    tomorrow = TODAY + timedelta(days=1)
    assert (shop.generate(tomorrow).count, shop.generate(tomorrow).count) == (1, 0)


def test_only_the_last_period_of_an_item_is_billed_again(shop):
    shop.setting("CancelledInvoiceBlocksDate", "")
    item = shop.billable(
        BillableKind.BILLABLE_ITEM,
        shop.client(),
        description="Work",
        quantity=Decimal(1),
        amount=700,
        entered_on=TODAY,
        action="recur",
        recur_every=1,
        recur_unit="Months",
        next_due_on=TODAY,
    )
    first = shop.generate().latest_invoice_id
    month_later = date(2026, 4, TODAY.day)
    second = shop.generate(month_later).latest_invoice_id
    shop.pay(first, InvoiceStatus.CANCELLED)
    row = shop.row(BillableKind.BILLABLE_ITEM, item)
    assert (row["generation_count"], row["next_due_on"]) == (1, date(2026, 5, TODAY.day))
    shop.pay(second, InvoiceStatus.CANCELLED)
    row = shop.row(BillableKind.BILLABLE_ITEM, item)
    assert (row["generation_count"], row["next_due_on"]) == (0, month_later)


def test_two_listed_items_of_one_client_are_billed_together(shop):
    client = shop.client()
    services = tuple(shop.service(client, TODAY) for _ in range(2))
    assert shop.generate(service_ids=services).count == 1


def test_what_another_system_bills_is_never_in_the_queue(shop):
    service = shop.service(shop.client(), TODAY, owner="legacy")
    assert shop.row(BillableKind.SERVICE, service)["next_invoice_on"] is None
    assert shop.generate().count == 0
    with shop.store.write() as uow:
        services = tables.services
        uow.execute(sa.update(services).values(owner="gateway", fence=1))
        requeue(uow, BillableKind.SERVICE, service)
    assert shop.generate().count == 1


def test_a_run_says_when_it_ended(shop):
    shop.service(shop.client(), TODAY)
    context = replace(shop.context(TODAY), elapsed=lambda: 2.5)
    generate_due(shop.store, RunConfig(), GenerateDueInvoices(), context)
    with shop.store.read() as uow:
        row = uow.execute(sa.select(tables.runs)).mappings().one()
    assert row["finished_at"] - row["started_at"] == timedelta(seconds=2.5)


@pytest.mark.parametrize("set_based", [True, False])
@pytest.mark.parametrize(
    ("kind", "damage"),
    [
        (BillableKind.SERVICE, {"cycle": "Nonsense"}),
        (BillableKind.SERVICE, {"cycle": ""}),
        (BillableKind.SERVICE, {"recurring_amount": sa.literal(2**63 - 1, sa.BigInteger)}),
        (BillableKind.RECURRING_INVOICE, {"frequency": "fortnightly"}),
        (BillableKind.RECURRING_INVOICE, {"custom_values": sa.literal("not json", sa.Text)}),
        (BillableKind.RECURRING_INVOICE, {"occurrence": 2_000_000}),
    ],
)
def test_what_cannot_be_read_is_parked_and_the_rest_is_billed(shop, kind, damage, set_based):
    damaged = []
    for _ in range(2):
        client = shop.client()
        damaged.append((shop.service(client, TODAY), shop.recurring(client, TODAY)))
    table = TABLES[kind]
    damaged_id = damaged[0][0 if kind is BillableKind.SERVICE else 1]
    with shop.store.write() as uow:
        uow.execute(sa.update(table).where(table.c.id == damaged_id).values(**damage))
    config = RunConfig(set_based=set_based)
    result, progress = run(shop.store, config, GenerateDueInvoices(), shop.context(TODAY))
    assert (result.count, progress.parked) == (3, 1)
    columns = (table.c.next_invoice_on, table.c.parked_reason)
    with shop.store.read() as uow:
        row = uow.execute(sa.select(*columns).where(table.c.id == damaged_id)).one()
        found = list(audit(shop.store, Span(TODAY, TODAY), Counts()))
    assert row.next_invoice_on is None
    assert row.parked_reason
    assert [each for each in found if isinstance(each, Finding)] == []


def test_paying_a_later_aligned_period_first_bills_no_day_twice(shop):
    shop.setting("ContinuousInvoiceGeneration", "on")
    with shop.store.write() as uow:
        uow.insert(tables.products, id=1, group_id=1, name="Aligned", prorata_day=10)
    service = shop.service(
        shop.client(), date(2025, 12, 3), product_id=1, anchor_day=10, catch_up="all"
    )
    assert shop.generate().count == 4  # 3 Dec, 10 Jan, 10 Feb, and 10 Mar in its window
    second, third = (document["id"] for document in shop.documents()[1:3])
    shop.pay(second)
    shop.pay(third)
    row = shop.row(BillableKind.SERVICE, service)
    assert (row["next_due_on"], row["next_invoice_on"]) == (date(2026, 2, 10), date(2026, 4, 10))
    shop.pay(third, InvoiceStatus.UNPAID)
    assert shop.row(BillableKind.SERVICE, service)["next_due_on"] == date(2026, 1, 10)
    assert shop.generate().count == 0


def test_a_template_of_pro_formas_is_never_billed_as_an_invoice(shop):
    client = shop.client()
    template = shop.recurring(client, TODAY, issues="proforma")
    kind = BillableKind.RECURRING_INVOICE
    assert shop.row(kind, template)["next_invoice_on"] is None
    assert shop.generate().count == 0
    with shop.store.read() as uow:
        found = explain_billable(uow, kind, template, TODAY)
    assert (found.state, found.why) == (
        "off",
        "a template of another kind (proforma): no run issues it",
    )

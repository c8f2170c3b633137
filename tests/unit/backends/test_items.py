"""Rules of listing and changing services, addons, domains and billable items."""

from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import InvoiceStatus, ItemAction, ItemStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle, ItemUnit
from adapter.commands.model import (
    AcceptOrder,
    CreateBillableItem,
    GenerateDueInvoices,
    GetInvoice,
    ListDomains,
    ListInvoices,
    ListServiceAddons,
    ListServices,
    OrderedDomain,
    OrderedProduct,
    Page,
    PlaceOrder,
    RecordPayment,
    RequestCancellation,
    UpdateDomain,
    UpdateService,
    UpdateServiceAddon,
)
from adapter.errors import (
    AddonNotFound,
    CancellationExists,
    CatalogueAddonNotFound,
    ClientNotFound,
    DomainNotFound,
    InvalidField,
    NotOffered,
    ProductNotFound,
    ServiceNotFound,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)
DUE = date(2026, 3, 12)


@pytest.fixture
def owned(do, ann, shop):
    """Ann's active service (with addon) and domain, all invoiced, unpaid: ids of the order."""
    placed = do(
        PlaceOrder(
            ann,
            "banktransfer",
            products=(
                OrderedProduct(
                    shop.starter, domain="one.com", cycle=Cycle.MONTHLY, addon_ids=(shop.backup,)
                ),
            ),
            domains=(OrderedDomain("one.com", "register"),),
        )
    )
    do(AcceptOrder(placed.order_id))
    return placed


@pytest.fixture
def idle(owned, put):
    """Like `owned`, but nothing of it falls due soon."""
    for table, ids in (
        (tables.services, owned.service_ids),
        (tables.service_addons, owned.addon_ids),
        (tables.domains, owned.domain_ids),
    ):
        far = {"next_due_on": date(2026, 9, 1), "last_issued_on": date(2026, 2, 1)}
        put(table, ids[0], registered_on=date(2026, 2, 1), **far)
    return owned


def _changes(rows, kind, record_id):
    return [
        (row["field"], row["old"], row["new"])
        for row in rows(tables.schedule_changes, kind=kind, billable_id=record_id)
        if row["field"] not in {"created", "status"}
    ]


# --- services ----------------------------------------------------------------------------------


def test_services_show_their_product_order_and_amounts(do, owned, ann, shop):
    listed = do(ListServices())
    assert listed.listing.total == 1
    service = listed.services[0]
    assert (service.product_name, service.group_name) == ("Starter", "Products")
    assert (service.order_id, service.order_number) == (owned.order_id, 1000000001)
    assert service.first_amount == Money(12500, "ZAR")
    assert service.recurring_amount == Money(10000, "ZAR")
    assert (service.cycle, service.status) == (Cycle.MONTHLY, ItemStatus.ACTIVE)
    assert service.payment_method_name == "Bank Transfer"


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ListServices(client_id=1), 1),
        (ListServices(client_id=4711), 0),
        (ListServices(service_id=1), 1),
        (ListServices(product_id=1, domain="one.com"), 1),
        (ListServices(domain="ONE.com"), 0),
        (ListServices(username="nobody"), 0),
    ],
)
def test_services_are_filtered(do, owned, wanted, found):
    assert do(wanted).listing.total == found


def test_a_page_beyond_the_end_is_empty_and_still_counts(do, owned):
    listed = do(ListServices(Page(offset=25, limit=25)))
    assert (listed.listing.total, listed.listing.offset, listed.services) == (1, 25, ())


def test_a_due_date_set_by_hand_is_billed_by_the_next_run(do, idle, rows):
    assert do(GenerateDueInvoices()).count == 0
    do(UpdateService(idle.service_ids[0], next_due_on=DUE))
    service = rows(tables.services)[0]
    assert (service["next_due_on"], service["next_invoice_on"]) == (DUE, DUE)
    assert service["anchor_day"] == 12
    assert _changes(rows, "service", service["id"]) == [
        ("next_due_on", "2026-09-01", "2026-03-12"),
        ("anchor_day", "2", "12"),
    ]
    assert do(GenerateDueInvoices()).count == 1


def test_the_recipe_to_bill_again_works_on_the_same_day(do, idle, rows):
    # Cancel, move the due date by a day, run. Source: the form-post facts, 2.6.
    service_id = idle.service_ids[0]
    do(UpdateService(service_id, next_due_on=DUE))
    assert do(GenerateDueInvoices()).count == 1
    do(UpdateService(service_id, next_due_on=date(2026, 3, 13)))
    assert do(GenerateDueInvoices()).count == 1
    assert do(GenerateDueInvoices()).count == 0


def test_the_zero_date_is_never_due(do, owned, rows):
    do(UpdateService(owned.service_ids[0], next_due_on=None))
    service = rows(tables.services)[0]
    assert (service["next_due_on"], service["next_invoice_on"]) == (None, None)


def test_a_terminated_service_leaves_the_queue_and_comes_back(do, idle, rows):
    service_id = idle.service_ids[0]
    do(UpdateService(service_id, status=ItemStatus.TERMINATED, terminated_on=TODAY))
    assert rows(tables.services)[0]["next_invoice_on"] is None
    do(UpdateService(service_id, status=ItemStatus.ACTIVE, terminated_on=None))
    service = rows(tables.services)[0]
    assert (service["next_invoice_on"], service["terminated_on"]) == (date(2026, 9, 1), None)


def test_every_changed_field_leaves_a_trace_and_unchanged_ones_do_not(do, owned, rows):
    service_id = owned.service_ids[0]
    do(
        UpdateService(
            service_id,
            first_amount=Decimal("124.995"),
            recurring_amount=Decimal("99.994"),
            domain="one.com",
            notes="moved",
            password="secret",
            custom_fields=(("4", "x"),),
        )
    )
    assert _changes(rows, "service", service_id) == [
        ("notes", "", "moved"),
        ("password", "(hidden)", "(hidden)"),
        ("custom_fields", "{}", "{'4': 'x'}"),
        ("recurring_amount", "10000", "9999"),
    ]
    audited = rows(tables.audit, deed="change", noun="service")[-1]
    assert audited["detail"]["notes"] == ["", "moved"]
    assert "secret" not in str(audited)


def test_recalculate_takes_the_catalogues_price_for_cycle_and_quantity(do, owned, put, rows):
    service_id = owned.service_ids[0]
    put(tables.services, service_id, quantity=2)
    do(
        UpdateService(
            service_id, cycle=Cycle.ANNUALLY, recurring_amount=Decimal(1), recalculate=True
        )
    )
    service = rows(tables.services)[0]
    assert (service["cycle"], service["recurring_amount"]) == (Cycle.ANNUALLY, 200000)


def test_recalculate_keeps_a_recurring_promotion(do, owned, promotion, rows):
    promotion_id = promotion("SAVE", "Percentage", "25", recurring=True)
    do(UpdateService(owned.service_ids[0], promotion_id=promotion_id, recalculate=True))
    assert rows(tables.services)[0]["recurring_amount"] == 7500


@pytest.mark.parametrize(
    ("recurring", "recur_for", "uses", "shown"),
    [
        (True, 2, 1, "75.00"),
        (True, 2, 2, "100.00"),
        (True, 2, 3, "100.00"),
        (True, 0, 9, "75.00"),
        (False, 1, 1, "100.00"),
    ],
)
def test_a_service_shows_what_it_will_be_billed_at(
    do, owned, promotion, put, recurring, recur_for, uses, shown
):
    promotion_id = promotion("SAVE", "Percentage", "25", recurring=recurring, recur_for=recur_for)
    service_id = owned.service_ids[0]
    do(UpdateService(service_id, promotion_id=promotion_id, recalculate=True))
    put(tables.services, service_id, promotion_uses=uses)
    (service,) = do(ListServices(service_id=service_id)).services
    assert str(service.recurring_amount) == shown


def test_a_domain_shows_what_it_will_be_billed_at(do, owned, promotion, put):
    promotion_id = promotion("SAVE", "Percentage", "25", recurring=True, recur_for=1)
    domain_id = owned.domain_ids[0]
    do(UpdateDomain(domain_id, promotion_id=promotion_id, recalculate=True))
    (before,) = do(ListDomains(domain_id=domain_id)).domains
    put(tables.domains, domain_id, promotion_uses=1)
    (after,) = do(ListDomains(domain_id=domain_id)).domains
    assert before.recurring_amount.hundredths * 4 == after.recurring_amount.hundredths * 3


def test_recalculate_needs_an_offered_cycle(do, owned):
    with pytest.raises(NotOffered):
        do(UpdateService(owned.service_ids[0], cycle=Cycle.QUARTERLY, recalculate=True))


def test_unknown_services_and_products_are_refused(do, owned):
    with pytest.raises(ServiceNotFound):
        do(UpdateService(4711))
    with pytest.raises(ProductNotFound):
        do(UpdateService(owned.service_ids[0], product_id=4711))


def test_a_text_longer_than_its_column_is_refused(do, owned):
    with pytest.raises(InvalidField, match="username"):
        do(UpdateService(owned.service_ids[0], username="x" * 256))


def test_a_change_that_billing_looks_at_ends_parking(do, idle, put, rows):
    service_id = idle.service_ids[0]
    put(tables.services, service_id, parked_reason="no price")
    do(UpdateService(service_id, notes="looked at"))
    assert rows(tables.services)[0]["parked_reason"] == "no price"
    do(UpdateService(service_id, recurring_amount=Decimal("80.00")))
    service = rows(tables.services)[0]
    assert (service["parked_reason"], service["next_invoice_on"]) == (None, date(2026, 9, 1))


# --- addons ------------------------------------------------------------------------------------


def test_addons_show_a_derived_next_invoice_date(do, owned, setting):
    addon = do(ListServiceAddons(client_id=1)).addons[0]
    # Invoiced and unpaid: the queue is empty, what is shown is the due date.
    assert addon.next_invoice_on == addon.next_due_on == TODAY
    assert (addon.setup_fee, addon.recurring_amount) == (Money(500, "ZAR"), Money(2000, "ZAR"))
    setting("ContinuousInvoiceGeneration", "on")
    assert do(ListServiceAddons()).addons[0].next_invoice_on == date(2026, 4, 2)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (ListServiceAddons(service_ids=(1, 4711)), 1),
        (ListServiceAddons(service_ids=()), 0),
        (ListServiceAddons(addon_id=1), 1),
        (ListServiceAddons(client_id=4711), 0),
    ],
)
def test_addons_are_filtered(do, owned, wanted, found):
    assert len(do(wanted).addons) == found


def test_an_addons_first_amount_follows_its_two_parts(do, owned, rows):
    addon_id = owned.addon_ids[0]
    do(UpdateServiceAddon(addon_id, setup_fee=Decimal("7.50")))
    assert rows(tables.service_addons)[0]["first_amount"] == 2750
    do(UpdateServiceAddon(addon_id, recurring_amount=Decimal(30), name="More backup"))
    addon = rows(tables.service_addons)[0]
    assert (addon["first_amount"], addon["name"]) == (3750, "More backup")
    do(UpdateServiceAddon(addon_id, recurring_amount=Decimal(30), recalculate=True))
    assert rows(tables.service_addons)[0]["recurring_amount"] == 2000


def test_an_addons_due_date_sets_the_queue(do, idle, rows):
    do(UpdateServiceAddon(idle.addon_ids[0], next_due_on=DUE))
    assert rows(tables.service_addons)[0]["next_invoice_on"] == DUE


def test_unknown_addons_are_refused(do, owned):
    with pytest.raises(AddonNotFound):
        do(UpdateServiceAddon(4711, name="x"))
    with pytest.raises(CatalogueAddonNotFound):
        do(UpdateServiceAddon(owned.addon_ids[0], addon_id=4711))


# --- domains -----------------------------------------------------------------------------------


def test_domains_are_listed_by_name_in_any_casing(do, owned):
    listed = do(ListDomains(name="ONE.com"))
    assert [domain.name for domain in listed.domains] == ["one.com"]
    domain = listed.domains[0]
    assert (domain.kind, domain.years) == ("Register", 1)
    assert domain.recurring_amount == Money(15000, "ZAR")
    assert do(ListDomains(client_id=4711)).listing.total == 0


def test_do_not_renew_takes_a_domain_out_of_the_queue(do, idle, rows):
    domain_id = idle.domain_ids[0]
    do(UpdateDomain(domain_id, do_not_renew=True))
    assert rows(tables.domains)[0]["next_invoice_on"] is None
    do(UpdateDomain(domain_id, do_not_renew=False))
    assert rows(tables.domains)[0]["next_invoice_on"] == date(2026, 9, 1)


def test_a_domains_price_is_recalculated_for_its_term(do, owned, rows):
    do(UpdateDomain(owned.domain_ids[0], years=2, recalculate=True, kind="transfer"))
    domain = rows(tables.domains)[0]
    assert (domain["recurring_amount"], domain["years"]) == (28000, 2)
    assert domain["kind"] == "Transfer"


def test_a_domains_dates_are_independent(do, owned, rows):
    do(UpdateDomain(owned.domain_ids[0], expires_on=None, next_due_on=DUE))
    domain = rows(tables.domains)[0]
    assert (domain["expires_on"], domain["next_due_on"]) == (None, DUE)


def test_unknown_domains_and_terms_are_refused(do, owned):
    with pytest.raises(DomainNotFound):
        do(UpdateDomain(4711))
    with pytest.raises(InvalidField):
        do(UpdateDomain(owned.domain_ids[0], years=11))


# --- billable items ----------------------------------------------------------------------------


def _item(ann, action, **more):
    return CreateBillableItem(ann, "Work", Decimal("12.345"), action=action, **more)


@pytest.mark.parametrize(
    ("action", "due_on", "count"),
    [
        (ItemAction.NO_INVOICE, None, 0),
        (ItemAction.NEXT_RUN, None, 1),
        (ItemAction.NEXT_INVOICE, None, 0),
        (ItemAction.DUE_DATE, date(2026, 3, 16), 1),
        (ItemAction.DUE_DATE, date(2026, 3, 17), 0),
    ],
)
def test_an_item_is_billed_when_its_action_says(do, ann, rows, action, due_on, count):
    do(_item(ann, action, due_on=due_on, quantity=Decimal("1.5"), unit="hours"))
    item = rows(tables.billable_items)[0]
    # The amount is the total, rounded half up; the quantity only informs.
    assert (item["amount"], item["quantity"], item["unit"]) == (1235, Decimal("1.5"), "hours")
    assert do(GenerateDueInvoices()).count == count
    if count:
        invoice = do(GetInvoice(1)).invoice
        assert [(line.line_type, str(line.amount)) for line in invoice.lines] == [
            ("Item", "12.35")
        ]


def test_a_recurring_item_repeats_its_number_of_times(do, ann):
    do(
        _item(
            ann,
            ItemAction.RECUR,
            due_on=TODAY,
            recur_every=1,
            recur_unit=ItemUnit.MONTHS,
            recur_times=2,
        )
    )
    days = [TODAY, date(2026, 4, 2), date(2026, 5, 2)]
    assert [do(GenerateDueInvoices(), day).count for day in days] == [1, 1, 0]


def test_an_item_is_taxed_as_the_account_says_when_it_is_noted(do, ann, setting, rows):
    do(_item(ann, ItemAction.NEXT_RUN))
    setting("TaxBillableItems", "on")
    do(_item(ann, ItemAction.NEXT_RUN))
    assert [row["taxed"] for row in rows(tables.billable_items)] == [False, True]


def test_an_item_needs_a_client_and_a_storable_quantity(do, ann):
    with pytest.raises(ClientNotFound):
        do(_item(4711, ItemAction.NEXT_RUN))
    with pytest.raises(InvalidField):
        do(_item(ann, ItemAction.NEXT_RUN, quantity=Decimal(10**13)))


# --- cancellation requests ---------------------------------------------------------------------


def test_a_cancellation_request_stops_renewals(do, idle, ann, rows):
    service_id = idle.service_ids[0]
    answer = do(RequestCancellation(service_id, immediate=True, reason="too slow"))
    assert (answer.service_id, answer.client_id) == (service_id, ann)
    request = rows(tables.cancellation_requests)[0]
    assert (request["immediate"], request["reason"], request["done"]) == (True, "too slow", False)
    assert rows(tables.services)[0]["next_invoice_on"] is None
    do(UpdateService(service_id, next_due_on=DUE))
    assert do(GenerateDueInvoices(service_ids=(service_id,))).count == 0


def test_a_second_open_request_is_refused(do, owned, rows):
    do(RequestCancellation(owned.service_ids[0]))
    with pytest.raises(CancellationExists):
        do(RequestCancellation(owned.service_ids[0]))
    with pytest.raises(ServiceNotFound):
        do(RequestCancellation(4711))
    assert len(rows(tables.cancellation_requests)) == 1


def test_unpaid_invoices_stay_unless_the_account_wants_them_cancelled(do, owned):
    do(RequestCancellation(owned.service_ids[0]))
    assert do(GetInvoice(owned.invoice_id)).invoice.status is InvoiceStatus.UNPAID


def test_an_invoice_of_only_that_service_is_cancelled_with_its_lines(
    do, ann, shop, setting, promotion
):
    setting("CancelInvoiceOnCancellation", "on")
    promotion("SAVE", "Percentage", "20")
    placed = do(
        PlaceOrder(
            ann,
            "banktransfer",
            products=(OrderedProduct(shop.starter),),
            promotion_code="SAVE",
        )
    )
    do(RequestCancellation(placed.service_ids[0]))
    invoice = do(GetInvoice(placed.invoice_id)).invoice
    assert (invoice.status, len(invoice.lines)) == (InvoiceStatus.CANCELLED, 2)


def test_a_mixed_invoice_loses_just_the_services_lines(do, owned, setting):
    setting("CancelInvoiceOnCancellation", "on")
    do(RequestCancellation(owned.service_ids[0]))
    invoice = do(GetInvoice(owned.invoice_id)).invoice
    assert [line.line_type for line in invoice.lines] == ["Addon", "DomainRegister"]
    assert (invoice.status, str(invoice.total)) == (InvoiceStatus.UNPAID, "145.00")


def test_a_mixed_invoice_gives_back_what_it_was_paid_too_much(do, owned, setting, rows):
    setting("CancelInvoiceOnCancellation", "on")
    do(RecordPayment(owned.invoice_id, amount=Decimal("200.00")))
    do(RequestCancellation(owned.service_ids[0]))
    invoice = do(GetInvoice(owned.invoice_id)).invoice
    assert (invoice.status, str(invoice.balance)) == (InvoiceStatus.PAID, "0.00")
    assert rows(tables.clients)[0]["credit"] == 20000 - 14500


def test_paid_invoices_are_left_alone(do, owned, setting):
    setting("CancelInvoiceOnCancellation", "on")
    do(RecordPayment(owned.invoice_id))
    do(RequestCancellation(owned.service_ids[0]))
    invoice = do(ListInvoices()).invoices[0]
    assert (invoice.status, str(invoice.total)) == (InvoiceStatus.PAID, "270.00")

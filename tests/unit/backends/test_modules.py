"""What the commands of a product's module do to a service and to what is billed."""

from datetime import date, timedelta

import pytest

from adapter.billing.model import InvoiceStatus, ItemStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AcceptOrder,
    ActivateService,
    ApplyServicePackage,
    CancelOrder,
    GenerateDueInvoices,
    GetInvoice,
    ListCancellationRequests,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    RequestCancellation,
    SuspendService,
    TerminateService,
    UnsuspendService,
    UpdateInvoice,
    UpgradeKind,
    UpgradeService,
)
from adapter.errors import InvalidField, ServiceNotFound, ServiceWithoutModule, UpgradeUnpaid
from adapter.store import tables

TODAY = date(2026, 3, 2)
KINDS = (
    ActivateService,
    SuspendService,
    UnsuspendService,
    TerminateService,
    ApplyServicePackage,
)


@pytest.fixture
def service(do, ann, shop, put):
    """Return the id of Ann's active, paid service with an addon, of a product with a module."""
    put(tables.products, shop.starter, module="autorelease")
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, addon_ids=(shop.backup,))
    placed = do(PlaceOrder(ann, "banktransfer", products=(product,)))
    do(AcceptOrder(placed.order_id))
    do(RecordPayment(placed.invoice_id))
    return placed.service_ids[0]


def test_a_suspension_keeps_its_reason_until_it_ends(do, service, rows):
    do(SuspendService(service, "Overdue"))
    row = rows(tables.services)[0]
    assert (row["status"], row["suspend_reason"]) == (ItemStatus.SUSPENDED, "Overdue")
    do(UnsuspendService(service))
    row = rows(tables.services)[0]
    assert (row["status"], row["suspend_reason"]) == (ItemStatus.ACTIVE, "")


def test_a_terminated_service_and_its_addons_are_not_billed_any_more(do, service, rows):
    do(TerminateService(service))
    ended = [*rows(tables.services), *rows(tables.service_addons)]
    assert {row["status"] for row in ended} == {ItemStatus.TERMINATED}
    assert {row["terminated_on"] for row in ended} == {TODAY}
    assert {row["next_invoice_on"] for row in ended} == {None}
    assert do(GenerateDueInvoices(), TODAY + timedelta(days=60)).count == 0
    fields = [row["field"] for row in rows(tables.schedule_changes, kind="service")]
    assert {"status", "terminated_on"} <= set(fields)


def test_a_service_that_is_set_up_again_is_billed_again(do, service, rows):
    do(TerminateService(service))
    do(ActivateService(service))
    row = rows(tables.services)[0]
    assert (row["status"], row["terminated_on"]) == (ItemStatus.ACTIVE, None)
    assert row["next_invoice_on"] == date(2026, 4, 2)


def test_a_changed_package_is_noted_and_changes_nothing(do, service, rows):
    before = rows(tables.services)
    do(ApplyServicePackage(service))
    assert rows(tables.services) == before
    assert rows(tables.audit)[-1]["deed"] == "apply_package"


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_must_exist_and_have_a_module(do, service, kind, put, shop):
    with pytest.raises(ServiceNotFound):
        do(kind(999))
    put(tables.products, shop.starter, module="")
    with pytest.raises(ServiceWithoutModule):
        do(kind(service))


def test_requests_to_end_services_are_listed(do, service):
    do(RequestCancellation(service, immediate=True, reason="Too slow"))
    listed = do(ListCancellationRequests())
    assert listed.listing.total == 1
    (request,) = listed.requests
    assert (request.service_id, request.immediate, request.reason) == (service, True, "Too slow")


def _upgrade(service, shop, **more):
    return UpgradeService(
        service, "banktransfer", UpgradeKind.PRODUCT, product_id=shop.starter, **more
    )


def test_an_upgrade_is_paid_for_the_days_that_are_left_and_in_force_once_paid(
    do, service, shop, rows
):
    # Due on 2 April: on 12 March 21 of 31 days are left. 1,000.00 a year ends there after 365.
    on = date(2026, 3, 12)
    asked = _upgrade(service, shop, cycle=Cycle.ANNUALLY)
    put_up = do(asked, on)
    assert (put_up.days_left, put_up.total_days) == (21, 31)
    assert (str(put_up.price), put_up.invoice_id) == ("0.00", None)
    row = rows(tables.services)[0]
    assert (row["cycle"], row["recurring_amount"]) == ("Annually", 100000)
    back = do(_upgrade(service, shop, cycle=Cycle.MONTHLY), on)
    assert str(back.price) == "10.21"
    assert rows(tables.services)[0]["cycle"] == "Annually"
    invoice = do(GetInvoice(back.invoice_id), on).invoice
    assert [(line.line_type, str(line.amount)) for line in invoice.lines] == [("Upgrade", "10.21")]
    with pytest.raises(UpgradeUnpaid):
        do(_upgrade(service, shop, cycle=Cycle.MONTHLY), on)
    do(RecordPayment(back.invoice_id), on)
    row = rows(tables.services)[0]
    assert (row["cycle"], row["recurring_amount"]) == ("Monthly", 10000)
    assert row["next_due_on"] == date(2026, 4, 2)
    do(UpdateInvoice(back.invoice_id, status=InvoiceStatus.UNPAID), on)
    assert rows(tables.services)[0]["cycle"] == "Annually"


def test_a_price_that_is_only_asked_for_orders_nothing(do, service, shop, rows):
    before = len(rows(tables.orders))
    shown = do(_upgrade(service, shop, cycle=Cycle.ANNUALLY, only_price=True))
    assert shown.order_id is None
    assert len(rows(tables.orders)) == before
    assert rows(tables.services)[0]["cycle"] == "Monthly"


def test_a_cancelled_upgrade_never_comes_into_force(do, service, shop, rows):
    do(_upgrade(service, shop, cycle=Cycle.ANNUALLY))
    waiting = do(_upgrade(service, shop, cycle=Cycle.MONTHLY))
    do(CancelOrder(waiting.order_id))
    assert do(GetInvoice(waiting.invoice_id)).invoice.status is InvoiceStatus.CANCELLED
    do(UpdateInvoice(waiting.invoice_id, status=InvoiceStatus.PAID))
    assert rows(tables.services)[0]["cycle"] == "Annually"


def test_options_cannot_be_upgraded(do, service):
    with pytest.raises(InvalidField):
        do(UpgradeService(service, "banktransfer", UpgradeKind.OPTIONS))

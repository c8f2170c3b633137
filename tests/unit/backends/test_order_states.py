"""What cancelling, refusing, reopening and deleting orders does to items and invoices."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from adapter.billing.model import InvoiceStatus, ItemStatus, OrderStatus
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AcceptOrder,
    CancelOrder,
    CountOrders,
    DeleteOrder,
    GenerateDueInvoices,
    GetInvoice,
    ListDomains,
    ListOrders,
    ListServices,
    MarkOrderFraudulent,
    OrderedDomain,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    ReopenOrder,
    UpdateService,
)
from adapter.errors import (
    InvoiceNotFound,
    OrderNotDeletable,
    OrderNotFound,
    ServiceNotFound,
    SubscriptionNotCancelled,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)
ITEMS = (tables.services, tables.service_addons, tables.domains)


@pytest.fixture
def placed(do, ann, shop):
    """Return Ann's order of a service with an addon, and a domain; its invoice is unpaid."""
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, addon_ids=(shop.backup,))
    return do(
        PlaceOrder(
            ann,
            "banktransfer",
            products=(product,),
            domains=(OrderedDomain("one.com", "register"),),
        )
    )


@pytest.fixture
def states(rows):
    """Return the states of the order and of all items."""

    def read():
        items = {row["status"] for table in ITEMS for row in rows(table)}
        return {row["status"] for row in rows(tables.orders)}, items

    return read


def test_a_cancelled_order_takes_its_items_and_its_unpaid_invoice_along(do, placed, states, rows):
    do(CancelOrder(placed.order_id))
    assert states() == ({OrderStatus.CANCELLED}, {ItemStatus.CANCELLED})
    assert do(GetInvoice(placed.invoice_id)).invoice.status is InvoiceStatus.CANCELLED
    assert do(GenerateDueInvoices(), TODAY + timedelta(days=40)).count == 0
    changed = {(row["kind"], row["field"], row["new"]) for row in rows(tables.schedule_changes)}
    assert {(kind, "status", "Cancelled") for kind in ("service", "addon", "domain")} <= changed
    deeds = [(row["deed"], row["detail"]) for row in rows(tables.audit, noun="order")]
    assert deeds[-1] == ("change_status", {"old": "Pending", "new": "Cancelled"})


def test_a_paid_invoice_of_a_cancelled_order_stays_paid(do, placed):
    do(RecordPayment(placed.invoice_id))
    do(CancelOrder(placed.order_id))
    assert do(GetInvoice(placed.invoice_id)).invoice.status is InvoiceStatus.PAID


def test_a_later_invoice_of_the_orders_items_is_cancelled_too(do, ann, shop):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    order = do(PlaceOrder(ann, "banktransfer", products=(product,), make_invoice=False))
    invoice_id = do(GenerateDueInvoices(ann)).latest_invoice_id
    do(CancelOrder(order.order_id, send_email=False))
    assert do(GetInvoice(invoice_id)).invoice.status is InvoiceStatus.CANCELLED


def test_only_pending_orders_are_cancelled(do, placed, states):
    do(AcceptOrder(placed.order_id))
    with pytest.raises(OrderNotFound):
        do(CancelOrder(placed.order_id))
    assert states() == ({OrderStatus.ACTIVE}, {ItemStatus.ACTIVE})


def test_the_mail_about_a_cancelled_order_is_queued_unless_it_is_not_wanted(do, placed, rows):
    before = len(rows(tables.outbox))
    do(CancelOrder(placed.order_id, send_email=False))
    assert len(rows(tables.outbox)) == before
    do(ReopenOrder(placed.order_id))
    do(CancelOrder(placed.order_id))
    assert rows(tables.outbox)[-1]["payload"]["template"] == "Order Cancelled"


@pytest.mark.parametrize("kind", [CancelOrder, MarkOrderFraudulent])
def test_a_subscription_that_cannot_be_cancelled_stops_everything(do, placed, states, kind):
    do(UpdateService(placed.service_ids[0], subscription_id="I-1"))
    with pytest.raises(SubscriptionNotCancelled):
        do(kind(placed.order_id, cancel_subscription=True))
    assert states() == ({OrderStatus.PENDING}, {ItemStatus.PENDING})


def test_fraud_ends_an_order_in_any_state(do, placed, states):
    do(AcceptOrder(placed.order_id))
    do(MarkOrderFraudulent(placed.order_id))
    assert states() == ({OrderStatus.FRAUD}, {ItemStatus.FRAUD})
    assert do(GetInvoice(placed.invoice_id)).invoice.status is InvoiceStatus.CANCELLED


def test_a_reopened_order_and_its_items_are_pending(do, placed, states):
    do(AcceptOrder(placed.order_id))
    do(ReopenOrder(placed.order_id))
    assert states() == ({OrderStatus.PENDING}, {ItemStatus.PENDING})


def test_a_deleted_order_is_hidden_with_what_it_made_and_keeps_its_ids(do, placed, rows, ann):
    do(CancelOrder(placed.order_id))
    do(DeleteOrder(placed.order_id))
    assert do(ListOrders()).orders == ()
    assert do(ListServices()).services == ()
    assert do(ListDomains()).domains == ()
    with pytest.raises(InvoiceNotFound):
        do(GetInvoice(placed.invoice_id))
    with pytest.raises(ServiceNotFound):
        do(UpdateService(placed.service_ids[0], notes="x"))
    with pytest.raises(OrderNotFound):
        do(DeleteOrder(placed.order_id))
    assert [row["id"] for row in rows(tables.services)] == list(placed.service_ids)
    assert [row["id"] for row in rows(tables.documents)] == [placed.invoice_id]
    assert do(CountOrders()).counts == dict.fromkeys(OrderStatus, 0)


def test_an_order_that_goes_on_is_not_deleted(do, placed):
    with pytest.raises(OrderNotDeletable):
        do(DeleteOrder(placed.order_id))


def test_an_invoice_with_something_else_on_it_loses_the_lines_only(do, ann, shop, store):
    product = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    orders = [
        do(PlaceOrder(ann, "banktransfer", products=(product,), make_invoice=False))
        for _ in range(2)
    ]
    invoice_id = do(GenerateDueInvoices(ann)).latest_invoice_id
    do(CancelOrder(orders[0].order_id))
    invoice = do(GetInvoice(invoice_id)).invoice
    assert invoice.status is InvoiceStatus.UNPAID
    assert [line.related_id for line in invoice.lines] == list(orders[1].service_ids)
    assert str(invoice.total) == "125.00"
    with store.read() as uow:
        count = uow.execute(sa.select(sa.func.count()).select_from(tables.claims)).scalar_one()
    assert count == 2


@pytest.mark.parametrize("kind", [CancelOrder, MarkOrderFraudulent, ReopenOrder, DeleteOrder])
def test_an_unknown_order_is_not_found(do, kind):
    with pytest.raises(OrderNotFound):
        do(kind(7))


def test_orders_are_counted_by_state(do, placed):
    assert do(CountOrders()).counts == {
        OrderStatus.PENDING: 1,
        OrderStatus.ACTIVE: 0,
        OrderStatus.FRAUD: 0,
        OrderStatus.CANCELLED: 0,
    }

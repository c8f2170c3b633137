"""Rules of placing, accepting and listing orders. Amounts are in hundredths of ZAR."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from adapter.billing.model import ClientStatus, InvoiceStatus, ItemStatus, OrderStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle
from adapter.commands.model import (
    AcceptOrder,
    ClientFields,
    GenerateDueInvoices,
    GetInvoice,
    ListOrders,
    ListServices,
    OrderedAddon,
    OrderedDomain,
    OrderedProduct,
    PlaceOrder,
    RecordPayment,
    UpdateClient,
)
from adapter.errors import (
    CatalogueAddonNotFound,
    ClientClosed,
    ClientNotFound,
    DomainNotRenewable,
    InvalidField,
    NothingOrdered,
    NotOffered,
    NotOwned,
    OrderNotFound,
    PaymentMethodInvalid,
    ProductNotFound,
    PromotionInvalid,
)
from adapter.store import tables

TODAY = date(2026, 3, 2)
BANK = "banktransfer"


@pytest.fixture
def order(do, ann, shop):
    """Place an order for Ann: products unless other items are given."""

    def place(*products, today=TODAY, **more):
        return do(PlaceOrder(ann, BANK, products=products, **more), today)

    return place


def _shown(do, invoice_id):
    invoice = do(GetInvoice(invoice_id)).invoice
    return invoice, [(line.line_type, str(line.amount)) for line in invoice.lines]


def test_a_monthly_product_costs_its_price_and_setup_fee_at_first(do, order, shop, rows):
    placed = order(OrderedProduct(shop.starter, domain="one.example", cycle=Cycle.MONTHLY))
    service = rows(tables.services)[0]
    assert placed.service_ids == (service["id"],)
    assert (service["first_amount"], service["recurring_amount"]) == (12500, 10000)
    assert service["status"] == ItemStatus.PENDING
    assert service["registered_on"] == service["next_due_on"] == TODAY
    invoice, lines = _shown(do, placed.invoice_id)
    assert lines == [("Hosting", "125.00")]
    assert invoice.lines[0].description == "Starter - one.example (02/03/2026 - 01/04/2026)"
    assert (invoice.due_on, invoice.status) == (TODAY, InvoiceStatus.UNPAID)
    assert str(invoice.total) == "125.00"


def test_paying_the_order_moves_the_due_date_once(do, order, shop, rows):
    placed = order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY))
    do(RecordPayment(placed.invoice_id))
    assert rows(tables.services)[0]["next_due_on"] == date(2026, 4, 2)


def test_a_run_does_not_bill_an_order_again(do, order, shop):
    order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY))
    assert do(GenerateDueInvoices()).count == 0


def test_quantities_multiply_price_and_setup_fee(order, shop, rows):
    order(OrderedProduct(shop.starter, quantity=3, cycle=Cycle.MONTHLY))
    service = rows(tables.services)[0]
    assert (service["first_amount"], service["recurring_amount"]) == (37500, 30000)
    assert service["quantity"] == 3


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001])
def test_quantities_have_bounds(order, shop, quantity):
    with pytest.raises(InvalidField):
        order(OrderedProduct(shop.starter, quantity=quantity, cycle=Cycle.MONTHLY))


def test_without_a_cycle_the_shortest_offered_is_taken(order, shop, rows):
    order(OrderedProduct(shop.starter))
    assert rows(tables.services)[0]["cycle"] == Cycle.MONTHLY


@pytest.mark.parametrize("cycle", [Cycle.SEMI_ANNUALLY, Cycle.QUARTERLY, Cycle.ONE_TIME])
def test_a_cycle_that_is_not_offered_is_refused(order, shop, rows, cycle):
    with pytest.raises(NotOffered, match=r"offered: Monthly, Annually$"):
        order(OrderedProduct(shop.starter, cycle=cycle))
    assert rows(tables.orders) == rows(tables.services) == []


def test_a_one_time_product_ignores_the_cycle_sent(do, order, shop, rows):
    placed = order(OrderedProduct(shop.once, cycle=Cycle.MONTHLY))
    service = rows(tables.services)[0]
    assert (service["cycle"], service["first_amount"]) == (Cycle.ONE_TIME, 5200)
    invoice, _ = _shown(do, placed.invoice_id)
    assert invoice.lines[0].description == "Once"


def test_a_free_product_is_never_billed(order, shop, rows):
    placed = order(OrderedProduct(shop.free, cycle=Cycle.MONTHLY))
    assert rows(tables.services)[0]["cycle"] == Cycle.FREE
    assert placed.invoice_id is None


def test_a_zero_price_makes_a_zero_invoice_that_is_paid_at_once(do, order, shop):
    free = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, price_override=Decimal(0))
    invoice, lines = _shown(do, order(free).invoice_id)
    assert lines == [("Hosting", "0.00")]
    assert invoice.status is InvoiceStatus.PAID


def test_a_price_override_stands_for_price_and_setup_fee(order, shop, rows):
    named = Decimal("79.99")
    order(
        OrderedProduct(shop.starter, quantity=2, cycle=Cycle.MONTHLY, price_override=named),
        # Also for a cycle that the catalogue does not offer.
        OrderedProduct(shop.starter, cycle=Cycle.QUARTERLY, price_override=named),
        # And for a product whose due dates are aligned: what is named is what is paid.
        OrderedProduct(shop.aligned, cycle=Cycle.MONTHLY, price_override=named),
    )
    amounts = [(row["first_amount"], row["recurring_amount"]) for row in rows(tables.services)]
    assert amounts == [(15998, 15998), (7999, 7999), (7999, 7999)]


def test_a_negative_price_override_is_refused(order, shop):
    with pytest.raises(InvalidField, match="price_override"):
        order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, price_override=Decimal(-1)))


@pytest.mark.parametrize(
    ("day", "first"),
    [
        # 30.00 x 29 days of March's 31 = 28.06, and the setup fee.
        (date(2026, 3, 3), 2806 + 1000),
        # 30.00 x 12 / 31 = 11.61, and April whole, because the 20th is the day for that.
        (date(2026, 3, 20), 1161 + 3000 + 1000),
        # 30.00 x 13 / 31 = 12.58: one day before it.
        (date(2026, 3, 19), 1258 + 1000),
        # On the day itself nothing is cut.
        (date(2026, 4, 1), 3000 + 1000),
        # 30.00 x 20 / 28 = 21.43: February has 28 days.
        (date(2026, 2, 9), 2143 + 1000),
    ],
)
def test_an_aligned_product_is_charged_to_the_aligned_day(order, shop, rows, day, first):
    order(OrderedProduct(shop.aligned, cycle=Cycle.MONTHLY), today=day)
    service = rows(tables.services)[0]
    assert (service["first_amount"], service["recurring_amount"]) == (first, 3000)
    assert service["anchor_day"] == 1


def test_addons_of_a_product_follow_its_cycle_and_its_alignment(order, shop, rows):
    order(
        OrderedProduct(
            shop.aligned,
            cycle=Cycle.MONTHLY,
            addon_ids=(shop.backup, shop.backup),
            addon_quantities=(2,),
        ),
        today=date(2026, 3, 3),
    )
    first, second = rows(tables.service_addons)
    # 2 x 20.00 x 29 / 31 = 37.42, and two setup fees.
    assert (first["first_amount"], first["setup_fee"]) == (3742 + 1000, 1000)
    assert (first["recurring_amount"], first["quantity"]) == (4000, 2)
    # 20.00 x 29 / 31 = 18.71, and one setup fee; a quantity that is not given is 1.
    assert (second["first_amount"], second["recurring_amount"]) == (1871 + 500, 2000)
    assert first["taxed"]


def test_an_addon_that_is_not_offered_for_the_parents_cycle_has_its_own(order, shop, rows):
    order(OrderedProduct(shop.starter, cycle=Cycle.ANNUALLY, addon_ids=(shop.backup,)))
    assert rows(tables.service_addons)[0]["cycle"] == Cycle.MONTHLY


def test_an_addon_can_be_ordered_for_an_existing_service(do, order, shop, rows):
    service_id = order(OrderedProduct(shop.starter)).service_ids[0]
    placed = order(addons=(OrderedAddon(service_id, shop.backup),))
    assert placed.addon_ids == (rows(tables.service_addons)[0]["id"],)
    assert _shown(do, placed.invoice_id)[1] == [("Addon", "25.00")]


def test_one_order_makes_one_invoice_of_all_its_items(do, order, shop):
    placed = order(
        OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, addon_ids=(shop.backup,)),
        domains=(OrderedDomain("One.COM", "register"), OrderedDomain("two.com", "transfer")),
    )
    invoice, lines = _shown(do, placed.invoice_id)
    assert lines == [
        ("Hosting", "125.00"),
        ("Addon", "25.00"),
        ("DomainRegister", "120.00"),
        ("DomainTransfer", "90.00"),
    ]
    assert str(invoice.total) == "360.00"
    listed = do(ListOrders()).orders[0]
    assert (listed.amount, listed.invoice_id) == (Money(36000, "ZAR"), placed.invoice_id)
    assert [(line.kind, line.product, line.domain, line.cycle) for line in listed.lines] == [
        ("product", "Starter", "", "Monthly"),
        ("addon", "Backup", "", "Monthly"),
        ("domain", "Domain Registration", "one.com", "1 Year/s"),
        ("domain", "Domain Transfer", "two.com", "1 Year/s"),
    ]


def test_a_domain_has_a_first_and_a_renewal_price_for_its_years(order, rows):
    order(
        domains=(
            OrderedDomain("one.com", "register", years=2),
            OrderedDomain("two.com", "transfer"),
            OrderedDomain(
                "three.unknown",
                "register",
                price_override=Decimal("1.00"),
                renewal_override=Decimal("2.00"),
            ),
        )
    )
    assert [
        (row["kind"], row["years"], row["first_amount"], row["recurring_amount"])
        for row in rows(tables.domains)
    ] == [
        ("Register", 2, 22000, 28000),
        ("Transfer", 1, 9000, 15000),
        ("Register", 1, 100, 200),
    ]
    assert [row["expires_on"] for row in rows(tables.domains)] == [
        date(2028, 3, 2),
        None,
        date(2027, 3, 2),
    ]


@pytest.mark.parametrize(
    "domain",
    [
        OrderedDomain("one.com", "register", years=3),
        OrderedDomain("one.org", "register"),
        OrderedDomain("localhost", "register"),
        # Renewing it would cost nothing in silence.
        OrderedDomain("one.org", "register", price_override=Decimal("1.00")),
    ],
)
def test_a_domain_without_a_price_is_refused(order, domain):
    with pytest.raises(NotOffered):
        order(domains=(domain,))


def test_order_numbers_have_ten_digits_and_rise(do, order, shop):
    for _ in range(2):
        order(OrderedProduct(shop.starter))
    assert [row.order_number for row in do(ListOrders()).orders] == [1000000002, 1000000001]


def test_noinvoice_leaves_the_first_period_to_the_run(do, order, shop):
    placed = order(OrderedProduct(shop.starter), make_invoice=False)
    assert placed.invoice_id is None
    assert do(GenerateDueInvoices()).count == 1


@pytest.mark.parametrize("send", [True, False])
def test_each_mail_can_be_silenced(order, shop, rows, send):
    order(OrderedProduct(shop.starter), send_email=send, send_invoice_email=not send)
    templates = [row["payload"]["template"] for row in rows(tables.outbox)]
    assert templates == ["Order Confirmation" if send else "Invoice Created"]


# --- refusals ----------------------------------------------------------------------------------


def test_who_orders_must_exist_and_not_be_closed(do, ann, shop):
    wanted = (OrderedProduct(shop.starter),)
    with pytest.raises(ClientNotFound):
        do(PlaceOrder(4711, BANK, products=wanted))
    do(UpdateClient(ClientFields(status=ClientStatus.CLOSED), client_id=ann))
    with pytest.raises(ClientClosed):
        do(PlaceOrder(ann, BANK, products=wanted))


def test_the_payment_method_must_be_active_and_the_valid_ones_are_named(do, ann, shop):
    with pytest.raises(PaymentMethodInvalid) as refused:
        do(PlaceOrder(ann, "paypal", products=(OrderedProduct(shop.starter),)))
    assert refused.value.valid == (BANK,)


def test_an_order_needs_an_item(do, ann):
    with pytest.raises(NothingOrdered):
        do(PlaceOrder(ann, BANK))


def test_what_is_ordered_must_exist_and_belong_to_the_client(do, order, ben, shop, rows):
    with pytest.raises(ProductNotFound):
        order(OrderedProduct(4711))
    with pytest.raises(CatalogueAddonNotFound):
        order(OrderedProduct(shop.starter, addon_ids=(4711,)))
    others = do(PlaceOrder(ben, BANK, products=(OrderedProduct(shop.starter),)))
    for service_id in (4711, others.service_ids[0]):
        with pytest.raises(NotOwned):
            order(addons=(OrderedAddon(service_id, shop.backup),))
    assert len(rows(tables.orders)) == 1


# --- domain renewals ---------------------------------------------------------------------------


@pytest.fixture
def domain_id(do, order, put):
    """Return an active domain of Ann's, paid until 2 March 2027."""
    placed = order(domains=(OrderedDomain("one.com", "register"),))
    do(AcceptOrder(placed.order_id))
    do(RecordPayment(placed.invoice_id))
    put(tables.domains, placed.domain_ids[0], last_issued_on=None)
    return placed.domain_ids[0]


def test_a_renewal_bills_the_coming_period_now(do, order, domain_id):
    placed = order(domain_renewals=(("ONE.com", 1),))
    invoice, lines = _shown(do, placed.invoice_id)
    assert lines == [("Domain", "150.00")]
    assert invoice.due_on == date(2027, 3, 2)
    assert do(ListOrders()).orders[0].amount == Money(15000, "ZAR")


def test_a_renewal_that_is_invoiced_answers_with_that_invoice(do, order, domain_id, rows):
    first = order(domain_renewals=(("one.com", 1),))
    again = order(domain_renewals=(("one.com", 2),))
    assert again.invoice_id == first.invoice_id
    assert rows(tables.domains)[0]["years"] == 1
    assert len(rows(tables.documents)) == 2


def test_a_renewal_for_another_term_makes_it_the_domains_own(do, order, domain_id, rows):
    placed = order(domain_renewals=(("one.com", 2),))
    assert _shown(do, placed.invoice_id)[1] == [("Domain", "280.00")]
    domain = rows(tables.domains)[0]
    assert (domain["years"], domain["recurring_amount"]) == (2, 28000)


def test_only_an_owned_domain_in_a_renewable_state_is_renewed(do, order, ben, domain_id, put):
    with pytest.raises(NotOwned):
        do(PlaceOrder(ben, BANK, domain_renewals=(("one.com", 1),)))
    with pytest.raises(NotOwned):
        order(domain_renewals=(("unknown.com", 1),))
    put(tables.domains, domain_id, status=ItemStatus.FRAUD.value)
    with pytest.raises(DomainNotRenewable):
        order(domain_renewals=(("one.com", 1),))


# --- promotions --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "recurring", "first", "renewal"),
    [
        # Of (100.00 + 25.00), and of 100.00.
        ("Percentage", "10", True, 11250, 9000),
        ("Percentage", "10", False, 11250, 10000),
        ("Percentage", "100", True, 0, 0),
        ("Fixed Amount", "30", True, 9500, 7000),
        ("Fixed Amount", "500", False, 0, 10000),
        ("Price Override", "60", True, 8500, 6000),
        ("Price Override", "60", False, 8500, 10000),
        ("Free Setup", "0", False, 10000, 10000),
    ],
)
def test_stored_amounts_are_net_of_a_promotion(
    order, shop, promotion, rows, kind, value, recurring, first, renewal
):
    promotion_id = promotion("SAVE", kind, value, recurring=recurring)
    order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY), promotion_code="SAVE")
    service = rows(tables.services)[0]
    assert (service["first_amount"], service["recurring_amount"]) == (first, renewal)
    assert service["promotion_id"] == promotion_id
    assert rows(tables.promotions)[0]["uses"] == 1
    placed = rows(tables.orders)[0]
    assert (placed["promotion_code"], placed["promotion_type"]) == ("SAVE", kind)


def test_a_discount_is_rounded_half_up(order, shop, promotion, rows):
    promotion("SAVE", "Percentage", "10")
    named = Decimal("15.95")  # 10 % is 1.595
    order(
        OrderedProduct(shop.starter, cycle=Cycle.MONTHLY, price_override=named),
        promotion_code="SAVE",
    )
    assert rows(tables.services)[0]["first_amount"] == 1595 - 160


def test_the_invoice_shows_the_promotion_as_a_negative_line(do, order, shop, promotion):
    promotion("SAVE", "Percentage", "20")
    placed = order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY), promotion_code="SAVE")
    invoice, lines = _shown(do, placed.invoice_id)
    assert lines == [("Hosting", "125.00"), ("PromoHosting", "-25.00")]
    assert str(invoice.total) == "100.00"


def test_a_promotion_is_shown_on_so_many_invoices_the_first_included(
    do, order, shop, promotion, setting
):
    promotion("SAVE", "Fixed Amount", "1", recurring=True, recur_for=3)
    placed = order(OrderedProduct(shop.starter, cycle=Cycle.MONTHLY), promotion_code="SAVE")
    do(AcceptOrder(placed.order_id))
    setting("ContinuousInvoiceGeneration", "on")
    setting("CatchUp", "all")
    # One run bills the four periods that have come: 2 April, May, June and July.
    do(GenerateDueInvoices(), TODAY + timedelta(days=120))
    do(GenerateDueInvoices(), TODAY + timedelta(days=150))
    first = placed.invoice_id
    billed = [str(do(GetInvoice(first + n)).invoice.total) for n in range(6)]
    assert billed == ["124.00", "99.00", "99.00", "100.00", "100.00", "100.00"]
    (service,) = do(ListServices()).services
    assert str(service.recurring_amount) == "100.00"


def test_a_promotion_holds_only_for_its_products_domains_and_terms(order, shop, promotion, rows):
    promotion(
        "SAVE", "Percentage", "50", applies_to=f"{shop.starter},D.com", cycles="Monthly,2Years"
    )
    order(
        OrderedProduct(shop.starter, cycle=Cycle.MONTHLY),
        OrderedProduct(shop.starter, cycle=Cycle.ANNUALLY),
        OrderedProduct(shop.aligned, cycle=Cycle.MONTHLY),
        domains=(
            OrderedDomain("one.com", "register"),
            OrderedDomain("two.com", "register", years=2),
        ),
        promotion_code="SAVE",
    )
    assert [row["promotion_id"] for row in rows(tables.services)] == [1, 0, 0]
    assert [row["first_amount"] for row in rows(tables.domains)] == [12000, 11000]


def test_apply_once_discounts_the_first_item_only(order, shop, promotion, rows):
    promotion("SAVE", "Percentage", "50", apply_once=True)
    order(OrderedProduct(shop.starter), OrderedProduct(shop.starter), promotion_code="SAVE")
    assert [row["first_amount"] for row in rows(tables.services)] == [6250, 12500]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"starts_on": date(2026, 3, 3)}, "is not valid yet"),
        ({"expires_on": date(2026, 3, 1)}, "has expired"),
        ({"max_uses": 5, "uses": 5}, "has been used up"),
        ({"existing_client": True}, "is for existing clients only"),
        ({"requires": "4711"}, "requires another product"),
        ({"cycles": "Annually"}, "applies to nothing in this order"),
        ({"applies_to": "4711"}, "applies to nothing in this order"),
    ],
)
def test_a_code_that_does_not_hold_is_refused(order, shop, promotion, rows, condition, reason):
    promotion("SAVE", "Percentage", "10", **condition)
    wanted = OrderedProduct(shop.starter, cycle=Cycle.MONTHLY)
    with pytest.raises(PromotionInvalid, match=reason):
        order(wanted, promotion_code="SAVE")
    with pytest.raises(PromotionInvalid, match="does not exist"):
        order(wanted, promotion_code="OTHER")
    assert rows(tables.orders) == []
    assert rows(tables.promotions)[0]["uses"] == condition.get("uses", 0)


def test_the_first_and_the_last_day_of_a_promotion_count(order, shop, promotion):
    promotion("SAVE", "Percentage", "10", starts_on=TODAY, expires_on=TODAY)
    assert order(OrderedProduct(shop.starter), promotion_code="SAVE").order_id == 1


def test_promooverride_skips_the_conditions(order, shop, promotion, rows):
    promotion("SAVE", "Percentage", "10", expires_on=date(2020, 1, 1), max_uses=1, uses=1)
    order(OrderedProduct(shop.starter), promotion_code="SAVE", promotion_override=True)
    assert rows(tables.services)[0]["first_amount"] == 11250


def test_new_and_existing_clients_and_one_use_a_client(do, order, shop, promotion):
    promotion("NEW", "Percentage", "10", new_signups=True)
    promotion("OLD", "Percentage", "10", existing_client=True)
    promotion("ONCE", "Percentage", "10", once_per_client=True)
    wanted = OrderedProduct(shop.starter)
    placed = order(wanted, promotion_code="NEW")
    with pytest.raises(PromotionInvalid, match="new clients"):
        order(wanted, promotion_code="NEW")
    with pytest.raises(PromotionInvalid, match="existing clients"):
        order(wanted, promotion_code="OLD")
    do(AcceptOrder(placed.order_id))
    order(wanted, promotion_code="OLD")
    order(wanted, promotion_code="ONCE")
    with pytest.raises(PromotionInvalid, match="used by this client"):
        order(wanted, promotion_code="ONCE")


def test_a_required_product_may_be_in_the_order_or_owned(do, order, shop, promotion):
    promotion("WITH", "Percentage", "10", requires=str(shop.once), requires_existing=True)
    placed = order(OrderedProduct(shop.starter), OrderedProduct(shop.once), promotion_code="WITH")
    with pytest.raises(PromotionInvalid):
        order(OrderedProduct(shop.starter), promotion_code="WITH")
    do(AcceptOrder(placed.order_id))
    order(OrderedProduct(shop.starter), promotion_code="WITH")


# --- accepting and listing ---------------------------------------------------------------------


def test_accepting_activates_the_order_and_its_items(do, order, shop, rows):
    placed = order(
        OrderedProduct(shop.starter, addon_ids=(shop.backup,)),
        domains=(OrderedDomain("one.com", "transfer"),),
    )
    do(
        AcceptOrder(
            placed.order_id, service_username="ann1", service_password="pw", registrar="reg"
        )
    )
    assert rows(tables.orders)[0]["status"] == OrderStatus.ACTIVE
    for table in (tables.services, tables.service_addons, tables.domains):
        assert [row["status"] for row in rows(table)] == [ItemStatus.ACTIVE]
    service = rows(tables.services)[0]
    assert (service["username"], service["password"]) == ("ann1", "pw")
    assert rows(tables.domains)[0]["registrar"] == "reg"
    noted = {row["field"]: (row["old"], row["new"]) for row in rows(tables.schedule_changes)}
    assert noted["status"] == ("Pending", "Active")
    assert noted["password"] == ("(hidden)", "(hidden)")


def test_only_a_pending_order_is_accepted(do, order, shop):
    placed = order(OrderedProduct(shop.starter))
    do(AcceptOrder(placed.order_id))
    for order_id in (placed.order_id, 4711):
        with pytest.raises(OrderNotFound):
            do(AcceptOrder(order_id))


def test_orders_are_listed_newest_first_with_their_payment(do, order, ben, shop):
    first = order(OrderedProduct(shop.starter))
    do(RecordPayment(first.invoice_id))
    do(PlaceOrder(ben, BANK, products=(OrderedProduct(shop.free),)))
    listed = do(ListOrders())
    assert listed.listing.total == 2
    assert [row.client_name for row in listed.orders] == ["Ben Roe", "Ann Doe"]
    assert [row.payment_status for row in listed.orders] == ["", "Paid"]
    assert [row.payment_method_name for row in listed.orders] == ["Bank Transfer"] * 2
    assert listed.orders[0].lines[0].amount == Money.zero("ZAR")
    assert [row.order_id for row in do(ListOrders(client_id=ben)).orders] == [2]
    assert [row.order_id for row in do(ListOrders(order_id=1)).orders] == [1]
    assert do(ListOrders(status=OrderStatus.ACTIVE)).orders == ()

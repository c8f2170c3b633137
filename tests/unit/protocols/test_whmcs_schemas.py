"""Rules between parameters, and every kind of command written back and read again."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import (
    ClientStatus,
    InvoiceStatus,
    ItemAction,
    ItemStatus,
    OrderStatus,
    QuoteStage,
)
from adapter.billing.money import Money
from adapter.billing.schedule import Cycle, ItemUnit
from adapter.commands import model
from adapter.commands.results import ProductPrice, ProductRecord, ProductsListed
from adapter.errors import InvalidField
from adapter.protocols.base import Limits
from adapter.protocols.phpform import decode_form, encode_form
from adapter.protocols.phpserialize import encode_blob
from adapter.protocols.whmcs.actions import ACTIONS
from adapter.protocols.whmcs.client import WhmcsClient
from adapter.protocols.whmcs.countries import COUNTRIES
from adapter.protocols.whmcs.replies.clients import _international


def to_command(action: str, form: str) -> model.Command:
    params = decode_form(form.encode(), Limits())
    return ACTIONS[action].schema.to_command(params)


DAY = date(2026, 2, 1)
PERSON = model.ClientFields(
    first_name="A",
    last_name="B",
    email="a@b.example",
    address_1="1",
    city="C",
    state="S",
    postcode="8001",
    country="ZA",
    phone="0215550100",
)


@pytest.mark.parametrize(
    "command",
    [
        model.GenerateDueInvoices(7, (1,), (2,), (), send_email=False),
        model.CreateBillableItem(
            1,
            "Work",
            Decimal("-2.50"),
            Decimal("1.25"),
            unit="hours",
            action=ItemAction.RECUR,
            recur_every=2,
            recur_unit=ItemUnit.WEEKS,
            recur_times=3,
            due_on=DAY,
        ),
        model.CreateBillableItem(1, "Work", Decimal(1), action=ItemAction.NEXT_RUN),
        model.CreateBillableItem(1, "Work", Decimal(1)),
        model.GetInvoice(1),
        model.ListInvoices(
            model.Page(5, 10),
            1,
            InvoiceStatus.PAYMENT_PENDING,
            order_by="due_on",
            descending=False,
        ),
        model.ListInvoices(overdue=True),
        model.UpdateInvoice(
            1,
            status=InvoiceStatus.PAID,
            paid_on=DAY,
            tax_rate=Decimal("15.125"),
            lines=(
                model.InvoiceLineChange("Changed", Decimal(1), taxed=True, line_id=5),
                model.InvoiceLineChange("New", Decimal("-1.50"), taxed=False),
            ),
            delete_line_ids=(6, 7),
            publish=True,
            send_email=True,
        ),
        model.UpdateInvoice(1, notes="n"),
        model.RecordPayment(1, "t", "banktransfer", Decimal(5), Decimal(1), DAY, send_email=False),
        model.AddCredit(1, "Gift", Decimal(5), DAY, remove=True, admin_id=3),
        model.AddCredit(1, "", Decimal(5)),
        model.IssueInvoice(
            1,
            (
                model.InvoiceLineChange("Work", Decimal("1.50"), taxed=True),
                model.InvoiceLineChange("Less", Decimal(-1), taxed=False),
            ),
            status=InvoiceStatus.DRAFT,
            tax_rate=Decimal("15.125"),
            due_on=DAY,
            notes="n",
            apply_credit=True,
        ),
        model.IssueInvoice(1, send_email=True),
        model.RecordTransaction("x", 1, 2, 3, "t", DAY, "d", Decimal(5), Decimal(1)),
        model.RecordTransaction(
            "x", currency_id=1, amount_out=Decimal(5), rate=Decimal("1.25"), allow_duplicate=True
        ),
        model.UpdateTransaction(1, 2, gateway="y", amount_in=Decimal(0), as_credit=True),
        model.ListTransactions(1, 2, "t"),
        model.ApplyCredit(1, Decimal(5), send_email=False),
        model.ApplyCredit(1),
        model.ListCredits(1),
        model.CapturePayment(1),
        model.SendMail(1, "Invoice Created", variables=(("a", "b"),)),
        model.SendMail(1, custom=model.CustomMail(model.MailKind.DOMAIN, "S", "M")),
        model.ListMails(1, model.Page(5, 10), DAY, "S"),
        model.ListMailTemplates(model.MailKind.INVOICE, "english"),
        model.CreateQuote(
            model.QuoteFields(
                subject="S",
                stage=QuoteStage.ON_HOLD,
                valid_until=DAY,
                email="a@b.example",
                lines=(
                    model.QuoteLine("D", Decimal("1.5"), Decimal(2), Decimal(10), taxed=True),
                    model.QuoteLine("E", line_id=7),
                ),
            )
        ),
        model.UpdateQuote(1, model.QuoteFields(city="C")),
        model.ListQuotes(quote_id=1, stage=QuoteStage.DEAD, modified_on=DAY),
        model.SendQuote(1),
        model.AcceptQuote(1),
        model.DeleteQuote(1),
        model.ListPayMethods(1, 2, model.PayMethodKind.CREDIT_CARD),
        model.UpdatePayMethod(1, 2, expires="0129", make_default=True),
        model.DeletePayMethod(1, 2),
        model.CreateClient(PERSON, model.ClientIdentity.EMAIL, send_email=False, password="x"),
        model.CreateClient(
            model.ClientFields(email="a@b.example", custom=((7, "x"),)),
            model.ClientIdentity.EMAIL,
            password="x",
        ),
        model.CreateContact(1, model.ContactFields(first_name="A")),
        model.UpdateContact(
            1, model.ContactFields(city="", email_preferences=(("domain", False),))
        ),
        model.ListContacts(client_id=1, email="a@b.example"),
        model.ListActivity(on=DAY, caller="a"),
        model.CancelOrder(1, cancel_subscription=True, send_email=False),
        model.SuspendService(1, "late"),
        model.DeleteClient(1, delete_transactions=True),
        model.UpdateClient(
            model.ClientFields(
                notes="",
                status=ClientStatus.CLOSED,
                tax_exempt=False,
                email_preferences=(("invoice", False), ("domain", True)),
            ),
            client_id=1,
        ),
        model.UpdateClient(model.ClientFields(city="C"), email="a@b.example"),
        model.ListClients(
            model.Page(1, 2), "A", ClientStatus.ACTIVE, order_by="created_on", descending=True
        ),
        model.ListClients(),
        model.GetClient(1, with_stats=True),
        model.GetClient(email="a@b.example"),
        model.CreateProduct(
            "Web",
            1,
            product_type="server",
            stock=5,
            prorata_day=1,
            prorata_next_month_day=20,
            prices=(
                model.CyclePrice(1, Cycle.MONTHLY, Decimal(5), Decimal("1.50")),
                model.CyclePrice(1, Cycle.ANNUALLY, Decimal(-1)),
                model.CyclePrice(2, Cycle.MONTHLY, Decimal(6)),
            ),
        ),
        model.CreateProduct(
            "Once",
            1,
            pay_type=model.PayType.ONE_TIME,
            prices=(model.CyclePrice(1, Cycle.ONE_TIME, Decimal(9), Decimal(2)),),
        ),
        model.CreateProduct("Free", 1, pay_type=model.PayType.FREE),
        model.ListProducts((), 1, "module"),
        model.PlaceOrder(
            1,
            "banktransfer",
            products=(
                model.OrderedProduct(
                    1,
                    2,
                    "a.example",
                    Cycle.MONTHLY,
                    (5, 5),
                    (1, 2),
                    Decimal("0.00"),
                    (("k", "v"),),
                ),
                model.OrderedProduct(2),
            ),
            addons=(model.OrderedAddon(1, 2, 3), model.OrderedAddon(1, 2)),
            domains=(
                model.OrderedDomain(
                    "b.example", "register", 2, Decimal(1), Decimal(2), dns_management=True
                ),
                model.OrderedDomain("c.example", "transfer"),
            ),
            domain_renewals=(("d.example", 3),),
            promotion_code="TEN",
            promotion_override=True,
            ip_address="192.0.2.1",
            nameservers=("ns1.example", "ns2.example"),
            make_invoice=False,
            send_invoice_email=False,
            send_email=False,
        ),
        model.PlaceOrder(1, "x", domain_renewals=(("d.example", 3),)),
        model.PlaceOrder(1, "x", products=(model.OrderedProduct(1),)),
        model.AcceptOrder(1, send_email=False, service_username="u", registrar="r"),
        model.ListOrders(model.Page(1, 2), 3, 4, OrderStatus.FRAUD),
        model.RequestCancellation(1, immediate=True, reason="r"),
        model.RequestCancellation(1),
        model.ListServices(model.Page(1, 2), 3, 4, 5, "d", "u"),
        model.ListServiceAddons((1, 2), 3, 4),
        model.ListDomains(model.Page(1, 2), 3, 4, "d.example"),
        model.UpdateService(
            1,
            next_due_on=None,
            domain="",
            notes="",
            status=ItemStatus.SUSPENDED,
            cycle=Cycle.FREE,
            override_auto_suspend=False,
            override_suspend_until=DAY,
            custom_fields=(("name", "x"),),
        ),
        model.UpdateServiceAddon(1, recalculate=True, terminated_on=None),
        model.UpdateDomain(
            1,
            kind="Transfer",
            expires_on=None,
            status=ItemStatus.TRANSFERRED_AWAY,
            do_not_renew=True,
            dns_management=False,
        ),
        model.ListPaymentMethods(),
        model.ListCurrencies(),
        model.GetVersion(),
        model.GetSetting("CompanyName"),
        model.ChangeSetting("CompanyName", ""),
    ],
)
def test_a_command_written_is_the_command_read(command: model.Command) -> None:
    encoded = WhmcsClient().ask(command)
    params = decode_form(encode_form(encoded.params), Limits())
    assert ACTIONS[encoded.action.lower()].schema.to_command(params) == command


@pytest.mark.parametrize(
    ("action", "form", "path", "rule"),
    [
        ("addorder", "clientid=1&pid[%01]=1", "pid", "key"),
        ("addorder", "clientid=1&domainrenewals[%FF]=1", "domainrenewals", "key"),
        ("addorder", f"clientid=1&pid[{'9' * 256}]=1", "pid", "key"),
        ("addorder", "clientid=1&qty[a]=0", "qty[a]", "minimum"),
        ("addorder", "clientid=1" + "&pid[]=1" * 2001, "pid", "max_length"),
        ("updateclientproduct", "serviceid=1&billingcycle=" + "-" * 101, "billingcycle", "cycle"),
        ("updateclientproduct", "serviceid=1&status=Active" + "x" * 101, "status", "choice"),
        ("addorder", "clientid=1&domainrenewals[a.b]=11", "domainrenewals[a.b]", "maximum"),
        ("addproduct", "name=a&gid=1&pricing[1]=5", "pricing[1]", "array"),
        ("addproduct", "name=a&gid=1&recommendations[0]=0", "recommendations[0]", "integer"),
        ("updateinvoice", "invoiceid=1&itemamount[1]=x", "itemamount[1]", "decimal"),
        ("addcancelrequest", "serviceid=1&type[]=x", "type", "choice"),
        ("updateclientproduct", "serviceid=1&billingcycle[]=x", "billingcycle", "cycle"),
        ("updateclientproduct", "serviceid=1&nextduedate[]=x", "nextduedate", "date"),
        ("getconfigurationvalue", "setting[]=x", "setting", "text"),
    ],
)
def test_a_refusal_names_the_parameter_and_its_rule(
    action: str, form: str, path: str, rule: str
) -> None:
    with pytest.raises(InvalidField) as caught:
        to_command(action, form)
    assert (caught.value.path, caught.value.rule) == (path, rule)


def test_blob_values_are_cast_as_php_casts_them() -> None:
    blob = encode_blob({1: None, 2: False, 3: True, 4: 7, 5: 1.5, "k": "v"})
    command: Any = to_command("updateclientproduct", f"serviceid=1&customfields={blob}")
    assert command.custom_fields == (
        ("1", ""),
        ("2", ""),
        ("3", "1"),
        ("4", "7"),
        ("5", "1.5"),
        ("k", "v"),
    )


def test_a_domains_zero_date_of_registration_says_nothing() -> None:
    assert to_command("updateclientdomain", "domainid=1&regdate=0000-00-00") == model.UpdateDomain(
        1
    )


@pytest.mark.parametrize(
    ("phone", "code", "expected"),
    [
        ("0215550100", "27", "+27.215550100"),
        ("(021) 555-0100", "27", "+27.215550100"),
        ("+27 21 555 0100", "27", "+27 21 555 0100"),
        ("021", "", "021"),
        ("", "27", ""),
    ],
)
def test_a_phone_number_gets_its_calling_code(phone: str, code: str, expected: str) -> None:
    assert _international(phone, code) == expected


def test_every_country_has_a_name_and_a_calling_code() -> None:
    assert len(COUNTRIES) == 249
    assert COUNTRIES["ZA"] == ("South Africa", "27")
    assert all(name and code.isdecimal() for name, code in COUNTRIES.values())


@pytest.mark.parametrize(
    ("fees", "fee"),
    [({}, "0.00"), ({Cycle.ONE_TIME: Money(500, "ZAR")}, "5.00")],
)
def test_a_one_time_price_stands_in_the_monthly_place(fees: dict[Cycle, Money], fee: str) -> None:
    price = ProductPrice("ZAR", "R", "", {Cycle.ONE_TIME: Money(9900, "ZAR")}, fees)
    product = ProductRecord(1, 1, "other", "Once", "", "", "", "onetime", 3, (price,))
    action = ACTIONS["getproducts"]
    reply = action.reply(ProductsListed((product,)), None)  # type: ignore[arg-type]  # not read
    row = reply["products"]["product"][0]
    assert row["quantity_available"] == 3
    assert (row["pricing"]["ZAR"]["monthly"], row["pricing"]["ZAR"]["msetupfee"]) == ("99.00", fee)
    assert row["pricing"]["ZAR"]["annually"] == "-1.00"

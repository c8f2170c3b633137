"""Rules between fields, and the account's switches. Each field's own: contracts/invoicesonline."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import DocumentKind, Increase
from adapter.commands.model import (
    UNSET,
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    ListDocuments,
    ListInvoices,
    ListRecurringInvoices,
)
from adapter.errors import InvalidField
from adapter.protocols.base import Limits
from adapter.protocols.invoicesonline import BothDiscounts, Quirks
from adapter.protocols.invoicesonline.schemas import (
    DocumentsSchema,
    NewClientSchema,
    RecurringInvoiceSchema,
    wire_names,
)

ROW = ["A1", "2", "Hosting", "99.95", "ZAR", "1", "15.00", "0"]
PARAMS: Mapping[str, Any] = {
    "ClientID": "5",
    "Recurrs": "monthly",
    "paused": "0",
    "limit_recurrances": "0",
    "recurrances_limit": "",
    "add_increase": "0",
    "IncreasePercentage": "",
    "IncreaseInterval": "",
    "recurring_start_date": "2026-02-28",
    "data": [ROW],
}
PAIR = {"client_invoice_name": "Acme", "client_email": "a@example.com"}


def recurring(quirks: Quirks | None = None, /, **changes: Any) -> CreateRecurringInvoice:
    params = {name: value for name, value in {**PARAMS, **changes}.items() if value is not ...}
    command = RecurringInvoiceSchema(quirks or Quirks(), Limits()).command(params)
    assert isinstance(command, CreateRecurringInvoice)
    return command


def refusal(quirks: Quirks | None = None, /, **changes: Any) -> tuple[str, str, str]:
    with pytest.raises(InvalidField) as caught:
        recurring(quirks, **changes)
    return caught.value.path, caught.value.rule, str(caught.value)


def test_the_least_a_call_says():
    command = recurring()
    assert command.start_on == date(2026, 2, 28)
    assert (command.recurrence_limit, command.increase, command.paused) == (None, None, False)
    assert (command.number_prefix, command.number_suffix, command.send_email) == (None,) * 3
    assert (command.order_number, command.custom_values) == ("", ("",) * 10)


@pytest.mark.parametrize(
    "name", [name for name in PARAMS if name not in {"ClientID", "data", "recurring_start_date"}]
)
def test_every_required_key_must_be_sent(name):
    assert refusal(**{name: ...}) == (name, "required", f"{name} is required")


@pytest.mark.parametrize("noise", ["", "0", "any text", None, [], -5])
def test_values_behind_a_switch_are_not_read_until_it_is_on(noise):
    command = recurring(recurrances_limit=noise, IncreasePercentage=noise, IncreaseInterval=noise)
    assert (command.recurrence_limit, command.increase) == (None, None)


def test_values_behind_a_switch_are_read_once_it_is_on():
    command = recurring(
        limit_recurrances="on",
        recurrances_limit="24",
        add_increase=True,
        IncreasePercentage="7.5",
        IncreaseInterval="12",
    )
    assert command.recurrence_limit == 24
    assert command.increase == Increase(Decimal("7.5"), 12)
    assert refusal(limit_recurrances="1")[0] == "recurrances_limit"
    assert refusal(add_increase="1")[0] == "IncreasePercentage"


def test_a_word_that_is_no_frequency_is_answered_with_the_nine():
    path, rule, text = refusal(Recurrs="fortnightly")
    assert (path, rule) == ("Recurrs", "choice")
    assert text.startswith("Recurrs must be one of daily, weekly, bi-weekly, monthly, ")
    assert text.endswith("quarterly, semesterly, annually, bi-annually")


@pytest.mark.parametrize("absent", ["", "0", None, " ", ...])
def test_without_client_id_the_client_is_named(absent):
    command = recurring(ClientID=absent, **PAIR, client_phone_nr="011", client_fax_nr=" ")
    assert command.client_id is None
    assert command.new_client == ClientFields(
        invoice_name="Acme", email="a@example.com", phone="011"
    )


def test_a_client_id_wins_and_details_are_not_even_checked():
    command = recurring(client_invoice_name=["x"], client_phone_nr="0" * 99)
    assert (command.client_id, command.new_client) == (5, None)


def test_a_call_names_a_client():
    text = "ClientID, or client_invoice_name and client_email, must be sent"
    assert refusal(ClientID="") == ("ClientID", "required", text)
    assert refusal(ClientID="", client_invoice_name="", client_email="")[2] == text
    assert refusal(ClientID="", client_email="a@b")[2] == "client_invoice_name is required"


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ({"OrderNr": "A"}, "A"),
        ({"ClientOrderNr": "B"}, "B"),
        ({"OrderNr": "A", "ClientOrderNr": "B" * 11}, "A"),
        ({"OrderNr": " ", "ClientOrderNr": "B"}, "B"),
    ],
)
def test_the_documented_order_number_wins(sent, number):
    assert recurring(**sent).order_number == number


def test_an_alias_is_named_as_it_was_sent():
    assert refusal(ClientOrderNr="B" * 11)[0] == "ClientOrderNr"


def test_both_discounts_are_refused_or_the_percentage_wins():
    both = {"DiscountAmount": "5", "DiscountPercentage": "10"}
    assert refusal(**both)[:2] == ("DiscountAmount", "one_discount")
    command = recurring(Quirks(both_discounts=BothDiscounts.PERCENTAGE), **both)
    assert (command.discount_amount, command.discount_percentage) == (None, Decimal(10))


@pytest.mark.parametrize("nothing", ["", "0", "0.00", None])
def test_a_discount_of_nothing_is_not_given(nothing):
    command = recurring(DiscountAmount="5", DiscountPercentage=nothing)
    assert (command.discount_amount, command.discount_percentage) == (Decimal(5), None)
    command = recurring(DiscountAmount=nothing, DiscountPercentage="5")
    assert (command.discount_amount, command.discount_percentage) == (None, Decimal(5))


def test_the_switch_cuts_long_texts_and_nothing_else():
    quirks = Quirks(truncate_long_values=True)
    command = recurring(quirks, OrderNr="12345678901", AdditionalValue3="é" * 40)
    assert (command.order_number, command.custom_values[2]) == ("1234567890", "é" * 32)
    assert refusal(quirks, OrderNr=["12345678901"])[1] == "text"
    assert refusal(OrderNr="12345678901")[1] == "max_length"


def test_the_switch_makes_empty_flags_false():
    quirks = Quirks(empty_required_booleans=True)
    assert recurring(quirks, paused="").paused is False
    assert refusal(quirks, paused=...)[1] == "required"
    assert refusal(paused="")[1] == "empty"


@pytest.mark.parametrize(
    ("sent", "expected"), [(True, True), ("off", False), ("", False), (None, None), (..., None)]
)
def test_mail_has_three_states(sent, expected):
    assert recurring(EmailToClient=sent).send_email is expected


def test_a_quantity_of_nothing_is_refused():
    assert refusal(data=[["A1", "0.0", *ROW[2:]]])[:2] == ("data[0][1]", "not_zero")


@pytest.mark.parametrize(
    ("sent", "days"), [({}, UNSET), ({"payment_terms": ""}, None), ({"payment_terms": "cod"}, 0)]
)
def test_a_new_client_gets_no_mail_and_is_one_per_pair(sent, days):
    command = NewClientSchema(Quirks(), Limits()).command(
        {**PAIR, **sent, "custom_field_10": "ten", "custom_field_2": "two", "custom_field_3": ""}
    )
    fields = ClientFields(
        invoice_name="Acme",
        email="a@example.com",
        payment_terms_days=days,
        custom=((2, "two"), (10, "ten")),
    )
    assert command == CreateClient(fields, ClientIdentity.NAME_AND_EMAIL, send_email=False)


@pytest.mark.parametrize(
    ("client", "document_type", "command"),
    [
        ("5", "invoices", ListInvoices(None, 5)),
        ("all", "invoices", ListInvoices(None, None)),
        ("5", "recurring_invoices", ListRecurringInvoices(5)),
        ("all", "quotes", ListDocuments(DocumentKind.QUOTE)),
        (
            "5",
            "recurring_pro-forma_invoices",
            ListRecurringInvoices(5, DocumentKind.PROFORMA),
        ),
    ],
)
def test_a_type_of_documents_is_a_list(client, document_type, command):
    schema = DocumentsSchema(Quirks(), Limits())
    assert schema.command({"ClientID": client, "type": document_type}) == command


def test_our_names_lead_to_the_wire_s():
    names = wire_names(RecurringInvoiceSchema)
    assert (names["frequency"], names["custom_10"]) == ("Recurrs", "AdditionalValue10")

"""Printed numbers: custom at issue, sequential and proforma at payment."""

from datetime import date, timedelta

import pytest

from adapter.billing.model import InvoiceStatus
from adapter.store.numbers import CUSTOM_NUMBER, formatted, peek

TODAY = date(2026, 3, 2)


def test_tags_are_replaced():
    assert formatted("{YEAR}{MONTH}{DAY}-{NUMBER}", 7, date(2026, 3, 2)) == "20260302-7"


def _three_invoices(shop):
    client = shop.client()
    for days in (0, 1, 40):
        shop.service(client, TODAY)
        shop.generate(TODAY + timedelta(days=days))
    return shop.documents()


def test_no_number_is_printed_unless_chosen(shop):
    assert [d["number_text"] for d in _three_invoices(shop)] == ["", "", ""]


@pytest.mark.parametrize(
    ("reset", "texts"),
    [
        ("never", ["INV-2026-1", "INV-2026-2", "INV-2026-3"]),
        ("monthly", ["INV-2026-1", "INV-2026-2", "INV-2026-1"]),
        ("annually", ["INV-2026-1", "INV-2026-2", "INV-2026-3"]),
    ],
)
def test_custom_numbers_are_given_at_issue(shop, reset, texts):
    shop.setting("TaxCustomInvoiceNumbering", "on")
    shop.setting("TaxCustomInvoiceNumberFormat", "INV-{YEAR}-{NUMBER}")
    shop.setting("TaxAutoResetNumbering", reset)
    assert [d["number_text"] for d in _three_invoices(shop)] == texts


def test_the_next_number_can_be_asked_for(shop):
    shop.setting("TaxCustomInvoiceNumbering", "on")
    _three_invoices(shop)
    with shop.store.read() as uow:
        assert peek(uow, CUSTOM_NUMBER) == 4
        assert peek(uow, "never used") == 1


def test_sequential_numbers_are_given_at_payment_once(shop):
    shop.setting("SequentialInvoiceNumbering", "on")
    first, second, _ = (d["id"] for d in _three_invoices(shop))
    shop.pay(second)
    shop.pay(first)
    shop.pay(second, InvoiceStatus.UNPAID)
    shop.pay(second)
    assert [d["number_text"] for d in shop.documents()] == ["2", "1", ""]


def test_a_proforma_gets_number_and_date_when_it_is_paid(shop):
    for name in ("SequentialInvoiceNumbering", "EnableProformaInvoicing"):
        shop.setting(name, "on")
    shop.setting("TaxCustomInvoiceNumbering", "on")
    shop.setting("TaxSetInvoiceDateOnPayment", "on")
    shop.service(shop.client(), TODAY - timedelta(days=9))
    shop.generate(TODAY - timedelta(days=9))
    assert shop.documents()[0]["number_text"] == ""
    shop.pay(shop.documents()[0]["id"])
    (paid,) = shop.documents()
    assert (paid["number_text"], paid["issued_on"]) == ("1", TODAY)

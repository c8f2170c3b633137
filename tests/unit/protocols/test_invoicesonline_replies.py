"""What results look like on the positional-array wire."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapter.billing.model import ClientStatus, InvoiceStatus
from adapter.billing.money import Money
from adapter.billing.schedule import Frequency
from adapter.commands.results import (
    ClientRecord,
    ClientShown,
    InvoiceRecord,
    InvoicesListed,
    Listing,
    RecurringInvoiceCreated,
    RecurringInvoiceRecord,
    RecurringInvoicesListed,
)
from adapter.protocols.invoicesonline import Quirks
from adapter.protocols.invoicesonline.replies import (
    client_map,
    invoice_map,
    recurring_invoice_created,
    recurring_invoice_map,
)

NOW = datetime(2026, 1, 15, tzinfo=UTC)
ZERO = Money.zero("ZAR")
CLIENT = ClientRecord(
    client_id=17,
    uuid="u",
    invoice_name="Acme",
    first_name="Ann",
    last_name="Other",
    company_name="Acme Ltd",
    email="a@example.com",
    address_1="PO Box 1",
    address_2="Main Road",
    city="Cape Town",
    state="WC",
    postcode="8001",
    country="ZA",
    phone="1",
    phone_2="2",
    fax="3",
    mobile="4",
    tax_number="5",
    branch_name="North",
    account_number="6",
    website="https://example.com",
    physical_address=("p1", "p2", "p3", "p4"),
    payment_terms_days=30,
    custom={1: "x"},
    currency_id=1,
    currency_code="ZAR",
    group_id=0,
    language="",
    notes="not for the client",
    ip_address="",
    status=ClientStatus.ACTIVE,
    credit=ZERO,
    balance=Money(-10000, "ZAR"),
    opening_balance=Money(2550, "ZAR"),
    payment_method="",
    tax_exempt=False,
    separate_invoices=False,
    no_late_fee=False,
    no_overdue_notices=False,
    no_auto_charge=False,
    no_auto_close=False,
    marketing_emails=False,
    send_documents=True,
    email_preferences={},
    created_at=NOW,
    created_on=NOW.date(),
)
INVOICE = InvoiceRecord(
    invoice_id=118,
    number=42,
    number_text="ABC-42",
    client_id=17,
    client_first_name="",
    client_last_name="",
    client_company_name="",
    client_invoice_name="Acme",
    issued_on=date(2026, 2, 1),
    due_on=date(2026, 2, 15),
    paid_at=None,
    refunded_at=None,
    cancelled_at=None,
    subtotal=Money(123456, "ZAR"),
    credit=ZERO,
    tax=ZERO,
    tax_2=ZERO,
    total=Money(123456, "ZAR"),
    balance=Money(123456, "ZAR"),
    tax_rate=Decimal(0),
    tax_rate_2=Decimal(0),
    status=InvoiceStatus.UNPAID,
    payment_method="",
    notes="",
    order_number="",
    currency_code="ZAR",
    currency_prefix="R",
    currency_suffix=" ZAR",
    created_at=NOW,
    updated_at=NOW,
)
RECURRING = RecurringInvoiceRecord(
    document_id=7,
    client_id=17,
    frequency=Frequency.MONTHLY,
    start_on=date(2026, 1, 31),
    next_on=date(2026, 2, 28),
    paused=False,
    ended=False,
    generation_count=1,
    recurrence_limit=None,
    currency_code="ZAR",
    currency_prefix="R",
    currency_suffix="",
    total=Money(11500, "ZAR"),
    lines=(),
    order_number="",
)
CREATED = "Recurring invoice generated successfully."


def message(**facts: object) -> object:
    created = replace(RecurringInvoiceCreated(7, 17), **facts)  # type: ignore[arg-type]
    reply = recurring_invoice_created(created, Quirks())
    assert isinstance(reply, dict)
    return reply["message"]


def test_creation_is_a_flat_object_with_a_text_id():
    assert recurring_invoice_created(RecurringInvoiceCreated(7, 17), Quirks()) == {
        "type": "success",
        "document_id": "7",
        "message": CREATED,
    }


def test_held_dates_are_named():
    held = (date(2026, 1, 1), date(2026, 1, 8))
    assert message(held_on=held) == (
        f"{CREATED} Held and not billed, because before today: 2026-01-01, 2026-01-08."
    )


@pytest.mark.parametrize(
    ("count", "ending"),
    [(12, "2026-01-11, 2026-01-12."), (13, "13 dates from 2026-01-01 to 2026-01-13.")],
)
def test_many_held_dates_are_told_by_their_ends(count, ending):
    held = tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(count))
    assert str(message(held_on=held)).endswith(ending)


def test_kept_details_have_the_wire_s_names():
    assert message(kept_fields=("phone", "city", "language")) == (
        f"{CREATED} The client's stored details differ and were kept: "
        "client_phone_nr, client_postal_address3, language."
    )


def test_a_client_is_a_map_of_texts_in_the_page_s_order():
    assert client_map(ClientShown(CLIENT), Quirks()) == {
        "17": {
            "client_id": "17",
            "client_invoice_name": "Acme",
            "client_account_number": "6",
            "client_vat_nr": "5",
            "client_phone_nr": "1",
            "client_phone_nr2": "2",
            "client_fax_nr": "3",
            "client_mobile_nr": "4",
            "client_email": "a@example.com",
            "contact_name": "Ann",
            "contact_surname": "Other",
            "client_postal_address1": "PO Box 1",
            "client_postal_address2": "Main Road",
            "client_postal_address3": "Cape Town",
            "client_postal_address4": "8001",
            "client_physical_address1": "p1",
            "client_physical_address2": "p2",
            "client_physical_address3": "p3",
            "client_physical_address4": "p4",
            "client_notes": "not for the client",
            "active": "1",
            "balance": "-74.50",
            "opening_balance": "25.50",
            "customerzone_link": "",
        }
    }


@pytest.mark.parametrize("status", [ClientStatus.INACTIVE, ClientStatus.CLOSED])
def test_only_an_active_client_is_active(status):
    reply = client_map(ClientShown(replace(CLIENT, status=status)), Quirks())
    assert isinstance(reply, dict)
    assert reply["17"]["active"] == "0"


def test_invoices_are_keyed_by_client_and_document():
    other = replace(INVOICE, invoice_id=119, client_id=18, number=None)
    draft = replace(INVOICE, invoice_id=120, status=InvoiceStatus.DRAFT)
    third = replace(INVOICE, invoice_id=121)
    shown = {
        "link": "",
        "invoice_nr": "42",
        "invoice_date": "2026-02-01",
        "total": "1234.56",
        "amount_formatted": "R1,234.56 ZAR",
        "date": "2026-02-01",
    }
    listed = InvoicesListed(Listing(4, 0), (INVOICE, other, draft, third))
    assert invoice_map(listed) == {
        "17": {"118": shown, "121": shown},
        "18": {"119": shown | {"invoice_nr": ""}},
    }


def test_each_invoice_shows_its_link():
    listed = (replace(INVOICE, url="https://b.example/a"), replace(INVOICE, invoice_id=119))
    reply: Any = invoice_map(InvoicesListed(Listing(2, 0), listed))
    assert [each["link"] for each in reply["17"].values()] == ["https://b.example/a", ""]


def test_a_recurring_invoice_shows_its_next_date_and_total():
    assert recurring_invoice_map(RecurringInvoicesListed((RECURRING,))) == {
        "17": {
            "7": {
                "link": "",
                "invoice_nr": "",
                "invoice_date": "2026-02-28",
                "total": "115.00",
                "amount_formatted": "R115.00",
                "date": "2026-02-28",
            }
        }
    }


def test_a_recurring_invoice_without_a_next_date_shows_its_start():
    stopped = replace(RECURRING, paused=True, next_on=None)
    reply = recurring_invoice_map(RecurringInvoicesListed((stopped,)))
    assert isinstance(reply, dict)
    assert reply["17"]["7"]["date"] == "2026-01-31"

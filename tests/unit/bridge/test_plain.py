"""Commands in the plain form of contract files."""

from datetime import date
from decimal import Decimal

import pytest

from adapter.billing.model import RecurringLine
from adapter.billing.schedule import Frequency
from adapter.bridge.contracts.plain import FromPlaceholder, plain_command, same_leaf
from adapter.commands.model import (
    ClientFields,
    ClientIdentity,
    CreateClient,
    CreateRecurringInvoice,
    GenerateDueInvoices,
    ListClients,
    ListInvoices,
    Page,
    UpdateService,
)


def test_a_command_shows_its_type_and_what_is_not_default():
    assert plain_command(GenerateDueInvoices()) == {"type": "GenerateDueInvoices"}
    assert plain_command(GenerateDueInvoices(client_id=7, service_ids=(), send_email=False)) == {
        "type": "GenerateDueInvoices",
        "client_id": 7,
        "service_ids": [],
        "send_email": False,
    }


def test_nested_values_are_tables_without_a_type():
    command = CreateClient(
        ClientFields(first_name="Ann", custom=((1, "x"),), payment_terms_days=None),
        ClientIdentity.EMAIL,
    )
    assert plain_command(command) == {
        "type": "CreateClient",
        "client": {"first_name": "Ann", "custom": [[1, "x"]], "payment_terms_days": "<none>"},
        "identity": "email",
    }


def test_decimals_keep_their_digits_and_dates_are_iso():
    line = RecurringLine(
        product_code="A",
        quantity=Decimal("1.50"),
        description="d",
        unit_price=Decimal("1E+3"),
        currency="ZAR",
        vat_applies=True,
        vat_rate=Decimal("15.00"),
        includes_vat=False,
    )
    command = CreateRecurringInvoice(Frequency.BI_WEEKLY, date(2026, 1, 31), (line,), client_id=3)
    assert plain_command(command) == {
        "type": "CreateRecurringInvoice",
        "frequency": "bi-weekly",
        "start_on": "2026-01-31",
        "lines": [
            {
                "product_code": "A",
                "quantity": "1.50",
                "description": "d",
                "unit_price": "1000",
                "currency": "ZAR",
                "vat_applies": True,
                "vat_rate": "15.00",
                "includes_vat": False,
            }
        ],
        "client_id": 3,
    }


def test_none_is_written_where_it_is_not_the_default():
    assert plain_command(ListInvoices(page=None)) == {"type": "ListInvoices", "page": "<none>"}
    assert plain_command(UpdateService(1, next_due_on=None)) == {
        "type": "UpdateService",
        "service_id": 1,
        "next_due_on": "<none>",
    }


def test_a_nested_default_is_left_out_field_by_field():
    assert plain_command(ListClients(Page(0, 5))) == {"type": "ListClients", "page": {"limit": 5}}


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (True, True, True),
        ("1", 1, False),
        (FromPlaceholder("1"), 1, True),
        (FromPlaceholder("1"), "1", True),
        (FromPlaceholder("True"), True, False),
        (date(2026, 1, 1), "2026-01-01", True),
        ([], [], True),
        ([], {}, False),
    ],
    ids=repr,
)
def test_leaves_are_equal_by_value_and_type(expected, actual, same):
    assert same_leaf(expected, actual) is same

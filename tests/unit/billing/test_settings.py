"""Business settings: names, readers, and what cannot be chosen."""

import pytest

from adapter.billing.model import CatchUp, ItemStatus
from adapter.billing.schedule import Cycle
from adapter.billing.settings import (
    BusinessSettings,
    IdLists,
    check_value,
    default_text,
    load_settings,
    setting_name,
)
from adapter.errors import InvalidField


def test_names_are_found_in_any_casing():
    assert setting_name("companyNAME") == "CompanyName"
    assert setting_name("APIAllowedIPs") is None
    assert default_text("CreateInvoiceDaysBefore") == "14"


def test_stored_texts_become_typed_values():
    settings = load_settings(
        {
            "TaxType": "Inclusive",
            "IdLists": "early",
            "CatchUp": "all",
            "CreateInvoiceDaysBeforeMonthly": "9",
            "CreateDomainInvoiceDaysBefore": "30",
            "BilledStatuses": "Active, Suspended",
            "ContinuousInvoiceGeneration": "on",
            "Unknown": "x",
        },
        version=7,
    )
    assert settings.tax_inclusive
    assert settings.id_lists is IdLists.EARLY
    assert settings.catch_up is CatchUp.ALL
    assert settings.billed_statuses == {ItemStatus.ACTIVE, ItemStatus.SUSPENDED}
    assert settings.statuses == {ItemStatus.ACTIVE, ItemStatus.SUSPENDED}
    assert settings.settings_version == 7
    assert (settings.days_for(Cycle.MONTHLY), settings.days_for(Cycle.ANNUALLY)) == (9, 14)
    assert settings.days_for_domains == 30
    assert BusinessSettings().days_for_domains == 14


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("ContinuousInvoiceGeneration", "maybe", "must be on or empty"),
        ("CreateInvoiceDaysBefore", "-1", "whole number of days from 0 to 3650"),
        ("CreateInvoiceDaysBefore", "3651", "whole number of days from 0 to 3650"),
        ("CreateInvoiceDaysBeforeMonthly", "soon", "whole number of days"),
        ("InvoiceIncrement", "0", "whole number above 0"),
        ("BilledStatuses", "Active,Asleep", "comma list of Pending, Pending Transfer, Active"),
        ("BilledStatuses", "", "at least one status"),
        ("TaxCustomInvoiceNumberFormat", "INV", "must hold {NUMBER}"),
        ("SequentialInvoiceNumberFormat", "{NUMBER}" + "x" * 40, "at most 40 characters"),
        ("CatchUp", "sometimes", "one_per_day, all, latest, none, hold"),
        ("RecurringCatchUp", "sometimes", "one_per_day, all, latest, none, hold"),
        ("TaxType", "Both", "must be Exclusive or Inclusive"),
        ("DateFormat", "YY", "must be one of DD/MM/YYYY"),
        ("TaxAutoResetNumbering", "weekly", "must be one of never, monthly, annually"),
        ("InvoicePrefix", "0123456789", "at most 9 characters"),
    ],
)
def test_what_cannot_be_chosen_is_named(name, value, problem):
    with pytest.raises(InvalidField) as caught:
        check_value(name, value)
    assert str(caught.value).startswith(name + " ")
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CreateInvoiceDaysBefore", "0"),
        ("CreateInvoiceDaysBeforeMonthly", ""),
        ("TaxAutoResetPaidNumbering", "monthly"),
        ("InvoicePrefix", "ABC-2602-"),
        ("DateFormat", "YYYY-MM-DD"),
    ],
)
def test_what_can_be_chosen_passes(name, value):
    check_value(name, value)

"""Payment methods, currencies, version and business settings."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from adapter.backends.local.system import HANDLERS
from adapter.commands.model import (
    ChangeSetting,
    GetSetting,
    GetVersion,
    ListCurrencies,
    ListPaymentMethods,
)
from adapter.commands.results import Currency, PaymentMethod, SettingShown, VersionShown
from adapter.errors import InvalidField, SettingNotFound
from adapter.store import tables


@pytest.fixture
def run(store, context):
    """Execute a command in a transaction of its own."""

    def execute(command, *, keep=True):
        with store.write(keep=keep) as uow:
            return HANDLERS[type(command)](uow, command, context())

    return execute


def _rows(store, table):
    with store.read() as uow:
        return uow.execute(sa.select(table).order_by(*table.primary_key)).mappings().all()


def test_active_methods_are_listed_in_the_operators_order(run, store):
    with store.write() as uow:
        uow.execute(
            sa.insert(tables.payment_methods),
            [
                {"module": "card", "display_name": "Card", "position": -1, "active": True},
                {"module": "cash", "display_name": "Cash", "position": 3, "active": False},
                {"module": "apple", "display_name": "Apple", "position": 0, "active": True},
            ],
        )
    assert run(ListPaymentMethods()).methods == (
        PaymentMethod("card", "Card"),
        PaymentMethod("apple", "Apple"),
        PaymentMethod("banktransfer", "Bank Transfer"),
    )


def test_currencies_are_listed_by_id(run, store):
    with store.write() as uow:
        uow.insert(
            tables.currencies, code="USD", prefix="$", number_format=2, rate=Decimal("0.05432")
        )
    assert run(ListCurrencies()).currencies == (
        Currency(1, "ZAR", "R", " ZAR", 1, Decimal("1.00000")),
        Currency(2, "USD", "$", "", 2, Decimal("0.05432")),
    )


def test_the_version_is_the_one_that_is_built(run):
    assert run(GetVersion()) == VersionShown("8.13.1", "8.13.1-release.1")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("CompanyName", SettingShown("CompanyName", "")),
        ("createinvoicedaysbefore", SettingShown("CreateInvoiceDaysBefore", "14")),
        ("TaxType", SettingShown("TaxType", "Exclusive")),
    ],
)
def test_a_setting_that_was_never_written_reads_as_its_default(run, name, shown):
    assert run(GetSetting(name)) == shown


@pytest.mark.parametrize("name", ["APIAllowedIPs", "", "days_in_advance", "settings_version"])
def test_what_is_not_on_the_list_can_neither_be_read_nor_changed(run, store, name):
    with pytest.raises(SettingNotFound):
        run(GetSetting(name))
    with pytest.raises(SettingNotFound):
        run(ChangeSetting(name, "1"))
    assert _rows(store, tables.settings) == []


def test_a_change_holds_from_the_next_transaction_on(run, store):
    with store.read() as uow:
        before = uow.settings.settings_version
    assert run(ChangeSetting("createinvoicedaysbefore", "3")).changed
    with store.read() as uow:
        assert uow.settings.days_in_advance == 3
        assert uow.settings.settings_version == before + 1
    assert run(GetSetting("CreateInvoiceDaysBefore")).value == "3"
    assert run(ChangeSetting("CreateInvoiceDaysBefore", "5")).changed
    with store.read() as uow:
        assert uow.settings.days_in_advance == 5
    (row,) = _rows(store, tables.settings)
    assert (row["name"], row["value"]) == ("CreateInvoiceDaysBefore", "5")
    first, second = _rows(store, tables.audit)
    assert first["detail"] == {"name": "CreateInvoiceDaysBefore", "old": "14", "new": "3"}
    assert second["detail"] == {"name": "CreateInvoiceDaysBefore", "old": "3", "new": "5"}
    assert (first["deed"], first["noun"]) == ("change", "setting")


@pytest.mark.parametrize(("name", "value"), [("TaxType", "Exclusive"), ("CompanyName", "")])
def test_an_equal_value_is_no_change(run, store, name, value):
    assert not run(ChangeSetting(name, value)).changed
    assert _rows(store, tables.audit) == _rows(store, tables.settings) == []
    run(ChangeSetting("CompanyName", "Acme"))
    assert not run(ChangeSetting("CompanyName", "Acme")).changed
    assert len(_rows(store, tables.audit)) == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [("CreateInvoiceDaysBefore", "soon"), ("TaxType", "none"), ("IdLists", "")],
)
def test_a_value_it_cannot_have_is_refused(run, store, name, value):
    with pytest.raises(InvalidField) as caught:
        run(ChangeSetting(name, value))
    assert caught.value.path == "value"
    assert _rows(store, tables.settings) == []


def test_a_change_that_is_not_kept_leaves_the_settings(run, store):
    run(ChangeSetting("CompanyName", "Acme"), keep=False)
    assert run(GetSetting("CompanyName")).value == ""
    with store.read() as uow:
        assert uow.settings.company_name == ""


def test_a_setting_about_the_queue_moves_it(run, store):
    due_on = date(2026, 3, 10)
    with store.write() as uow:
        uow.insert(
            tables.services,
            client_id=1,
            cycle="Monthly",
            status="Pending",
            next_due_on=due_on,
            next_invoice_on=due_on,
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    def queued():
        (service,) = _rows(store, tables.services)
        return service["next_invoice_on"]

    run(ChangeSetting("CompanyName", "Acme"))
    assert queued() == due_on
    run(ChangeSetting("BilledStatuses", "Active"))
    assert queued() is None
    run(ChangeSetting("billedstatuses", "Active,Pending"))
    assert queued() == due_on

"""Replies about the installation."""

from typing import Final

from adapter.commands.model import (
    ChangeSetting,
    Command,
    GetSetting,
    GetVersion,
    ListCurrencies,
    ListPaymentMethods,
)
from adapter.commands.results import (
    CurrenciesListed,
    Currency,
    PaymentMethod,
    PaymentMethodsListed,
    SettingChanged,
    SettingShown,
    VersionShown,
)
from adapter.protocols.upstream import Fields, Reader, UpstreamAnswer


def _methods(reply: Fields, _: ListPaymentMethods, __: UpstreamAnswer) -> PaymentMethodsListed:
    rows = reply.rows("paymentmethods", "paymentmethod")
    return PaymentMethodsListed(
        tuple(PaymentMethod(row.text("module"), row.text("displayname")) for row in rows)
    )


def _currencies(reply: Fields, _: ListCurrencies, __: UpstreamAnswer) -> CurrenciesListed:
    return CurrenciesListed(tuple(map(read_currency, reply.rows("currencies", "currency"))))


def read_currency(row: Fields) -> Currency:
    """Read a currency as lists show it."""
    return Currency(
        currency_id=row.integer("id"),
        code=row.text("code"),
        prefix=row.text("prefix"),
        suffix=row.text("suffix"),
        number_format=row.integer("format"),
        rate=row.decimal("rate"),
    )


def _version(reply: Fields, _: GetVersion, __: UpstreamAnswer) -> VersionShown:
    found = reply.inner("whmcs")
    return VersionShown(found.text("version"), found.text("canonicalversion"))


def _setting(reply: Fields, _: GetSetting, __: UpstreamAnswer) -> SettingShown:
    return SettingShown(reply.text("setting"), reply.text("value"))


def _changed(reply: Fields, _: ChangeSetting, __: UpstreamAnswer) -> SettingChanged:
    return SettingChanged(reply.flag("value_changed"))


READERS: Final[dict[type[Command], Reader]] = {
    ListPaymentMethods: _methods,
    ListCurrencies: _currencies,
    GetVersion: _version,
    GetSetting: _setting,
    ChangeSetting: _changed,
}

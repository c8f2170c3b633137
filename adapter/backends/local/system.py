"""Handlers about the installation: payment methods, currencies, version, business settings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa

from adapter.commands.context import Context
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
    Result,
    SettingChanged,
    SettingShown,
    VersionShown,
)
from adapter.store import tables
from adapter.store.setup.settings import change_settings, setting_text
from adapter.store.unit_of_work import UnitOfWork

# The line of the original whose behaviour is built. Callers switch features on by it.
# Source: contracts/decisions.md, "Version".
VERSION: Final = "8.13.1"
CANONICAL_VERSION: Final = "8.13.1-release.1"


def list_payment_methods(
    uow: UnitOfWork, _command: ListPaymentMethods, _context: Context
) -> PaymentMethodsListed:
    """List the active payment methods in the operator's order."""
    methods = tables.payment_methods.c
    rows = uow.execute(
        sa.select(methods.module, methods.display_name)
        .where(methods.active)
        .order_by(methods.position, methods.module)
    )
    return PaymentMethodsListed(tuple(PaymentMethod(row.module, row.display_name) for row in rows))


def list_currencies(
    uow: UnitOfWork, _command: ListCurrencies, _context: Context
) -> CurrenciesListed:
    """List the currencies by id."""
    rows = uow.execute(sa.select(tables.currencies).order_by(tables.currencies.c.id))
    return CurrenciesListed(
        tuple(
            Currency(row.id, row.code, row.prefix, row.suffix, row.number_format, row.rate)
            for row in rows
        )
    )


def get_version(_uow: UnitOfWork, _command: GetVersion, _context: Context) -> VersionShown:
    """Show the version of the original that is answered as."""
    return VersionShown(VERSION, CANONICAL_VERSION)


def get_setting(uow: UnitOfWork, command: GetSetting, _context: Context) -> SettingShown:
    """Show one business setting, under its public spelling."""
    return SettingShown(*setting_text(uow, command.name))


def change_setting(uow: UnitOfWork, command: ChangeSetting, context: Context) -> SettingChanged:
    """Change one business setting; the next transaction of every process sees it."""
    return SettingChanged(bool(change_settings(uow, context, {command.name: command.value})))


HANDLERS: Mapping[type[Command], Callable[[UnitOfWork, Any, Context], Result]] = {
    ChangeSetting: change_setting,
    GetSetting: get_setting,
    GetVersion: get_version,
    ListCurrencies: list_currencies,
    ListPaymentMethods: list_payment_methods,
}

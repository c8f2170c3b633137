"""Replies about the installation."""

from adapter.commands.results import (
    CurrenciesListed,
    PaymentMethodsListed,
    SettingChanged,
    SettingShown,
    VersionShown,
)
from adapter.protocols.whmcs.call import Call
from adapter.protocols.whmcs.formats import Reply
from adapter.protocols.whmcs.replies.common import currency_row, rows, success


def get_payment_methods(result: PaymentMethodsListed, _call: Call) -> Reply:
    """Write `GetPaymentMethods`."""
    return success(
        totalresults=len(result.methods),
        **rows(
            "paymentmethods",
            "paymentmethod",
            (
                {"module": method.module, "displayname": method.display_name}
                for method in result.methods
            ),
        ),
    )


def get_currencies(result: CurrenciesListed, _call: Call) -> Reply:
    """Write `GetCurrencies`."""
    return success(
        totalresults=len(result.currencies),
        **rows(
            "currencies",
            "currency",
            map(currency_row, result.currencies),
        ),
    )


def whmcs_details(_result: VersionShown, call: Call) -> Reply:
    """Write `WhmcsDetails`: the account's version, the same as in XML replies."""
    version = call.quirks.version
    return success(whmcs={"version": version, "canonicalversion": f"{version}-release.1"})


def get_configuration_value(result: SettingShown, _call: Call) -> Reply:
    """Write `GetConfigurationValue`."""
    return success(setting=result.name, value=result.value)


def set_configuration_value(result: SettingChanged, _call: Call) -> Reply:
    """Write `SetConfigurationValue`: the flag is the text true or false."""
    return success(value_changed="true" if result.changed else "false")

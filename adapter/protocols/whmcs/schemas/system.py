"""Parameters about the installation."""

from adapter.commands.model import (
    ChangeSetting,
    GetSetting,
    GetVersion,
    ListCurrencies,
    ListPaymentMethods,
)
from adapter.protocols.fields import Empty
from adapter.protocols.whmcs.fields import Line, Prose
from adapter.protocols.whmcs.schemas.base import ActionSchema


class GetPaymentMethodsSchema(ActionSchema):
    """`GetPaymentMethods`. Source: contracts/whmcs/getpaymentmethods.md."""

    action = "GetPaymentMethods"
    command = ListPaymentMethods


class GetCurrenciesSchema(ActionSchema):
    """`GetCurrencies`. Source: contracts/whmcs/getcurrencies.md."""

    action = "GetCurrencies"
    command = ListCurrencies


class WhmcsDetailsSchema(ActionSchema):
    """`WhmcsDetails`. Source: contracts/whmcs/whmcsdetails.md."""

    action = "WhmcsDetails"
    command = GetVersion


class GetConfigurationValueSchema(ActionSchema):
    """`GetConfigurationValue`. Source: contracts/whmcs/getconfigurationvalue.md."""

    action = "GetConfigurationValue"
    command = GetSetting

    name = Line(data_key="setting", required=True, empty=Empty.REFUSED)


class SetConfigurationValueSchema(ActionSchema):
    """`SetConfigurationValue`; an empty value is a value.

    Source: contracts/whmcs/setconfigurationvalue.md.
    """

    action = "SetConfigurationValue"
    command = ChangeSetting

    name = Line(data_key="setting", required=True, empty=Empty.REFUSED)
    value = Prose(required=True)

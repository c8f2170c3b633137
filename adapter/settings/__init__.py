"""TOML and environment -> one frozen `Settings`, composed of the layers' own configs.

Every setting has a place in the file (`[run] time_limit_seconds`) and a name in the environment
(`ADAPTER_RUN_TIME_LIMIT_SECONDS`), which wins. Nothing below imports this package.
"""

from adapter.settings.business import describe_business_settings
from adapter.settings.describe import describe_settings, show_value
from adapter.settings.load import CONFIG, CONFIG_NAME, SettingInForce, list_settings, load_settings
from adapter.settings.model import MAIN, AccountSettings, Settings, SettingsError
from adapter.settings.production import lets_anybody_call, missing_settings
from adapter.settings.values import parse_bind

__all__ = [
    "CONFIG",
    "CONFIG_NAME",
    "MAIN",
    "AccountSettings",
    "SettingInForce",
    "Settings",
    "SettingsError",
    "describe_business_settings",
    "describe_settings",
    "lets_anybody_call",
    "list_settings",
    "load_settings",
    "missing_settings",
    "parse_bind",
    "show_value",
]

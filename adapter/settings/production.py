"""What an account's settings lack before it can go into production, and the lines that say it."""

import re
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Final

from adapter.commands.access import Mode
from adapter.outbox.config import Transport
from adapter.settings.load import DEFAULT_FILE, SettingInForce, list_settings
from adapter.settings.model import Settings
from adapter.settings.sections import PREFIX

_TABLE: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_.\"-]+)\s*\]")


def missing_settings(settings: Settings, account: str) -> Iterator[str]:
    """Yield what has to be chosen in adapter.toml (or the environment), one sentence each."""
    found = {each.spec.key: each for each in list_settings()}
    prefix = f"accounts.{account}."
    mail = found["mail.transport"]
    needed = {
        f"{prefix}zone": 'zone = "Africa/Johannesburg"',
        f"{prefix}business_id": 'business_id = "1"',
        f"{prefix}business.name": 'name = "Example Hosting"',
        "mail.transport": 'transport = "smtp" (or "files"; "none" sends no mail)',
        "access.allowed_addresses": 'allowed_addresses = ["192.0.2.10"]',
    }
    if _is_chosen(mail) and mail.value is not Transport.NONE:
        needed[f"{prefix}business.email"] = 'email = "billing@example.com"'
    for key, line in needed.items():
        if not _is_chosen(found[key]):
            table = key.rpartition(".")[0]
            yield f"{key} is not chosen: set {line} under [{table}]"
    mode = found[f"{prefix}mode"]
    if mode.value is not Mode.PRODUCTION:
        yield f'{prefix}mode is "{mode.value.value}": {_mode_line(settings, account, mode)}'


def lets_anybody_call(settings: Settings) -> bool:
    """Tell whether calls may come from every address, unless a credential's own list differs."""
    allowed = settings.access.allowed_addresses
    return any(ip_network(entry, strict=False).prefixlen == 0 for entry in allowed)


def _is_chosen(setting: SettingInForce) -> bool:
    return setting.origin != "default"


def _mode_line(settings: Settings, account: str, mode: SettingInForce) -> str:
    """Return which line of which file to change, or which variable to set."""
    if mode.origin.startswith("environment"):
        return f"set {PREFIX}ACCOUNTS_{account.upper()}_MODE=production"
    line = 'mode = "production"'
    path = Path(settings.file or DEFAULT_FILE)
    table = f"accounts.{account}"
    if not path.is_file():
        return f"write {line} under [{table}] into {path}"
    current = ""
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        header = _TABLE.match(text)
        if header is not None:
            current = header[1].replace('"', "")
            if current == table and not _is_chosen(mode):
                return f"add {line} below line {number} of {path} ({text.strip()})"
        elif current == table and re.match(r"\s*mode\s*=", text):
            return f"change line {number} of {path} ({text.strip()}) to {line}"
    return f"write {line} under [{table}] into {path}"

"""Builds stores, backends, protocols and the gateway, and picks the clocks; nothing else does."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from adapter.backends.local.backend import LocalBackend
from adapter.bridge.access import Access
from adapter.bridge.clock import AccountClock, ClockFixed
from adapter.bridge.daily import DailyAccount
from adapter.bridge.management import Management
from adapter.bridge.secrets import load_server_key, parse_server_key
from adapter.bridge.service import Clock, Gateway
from adapter.commands.access import Caller, Mode
from adapter.commands.context import Context
from adapter.protocols.base import LegacyProtocol
from adapter.protocols.invoicesonline import InvoicesOnlineProtocol
from adapter.protocols.whmcs import WhmcsProtocol
from adapter.settings import MAIN, AccountSettings, Settings, SettingsError
from adapter.store.credential_finder import CredentialFinder
from adapter.store.migrate import needed_revision
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that answers requests in one process."""

    settings: Settings
    gateway: Gateway
    protocols: tuple[LegacyProtocol[Any], ...]
    management: Management
    stores: Mapping[str, Store]
    credentials: Store
    schema_revision: str

    def close(self) -> None:
        """Close every connection."""
        for store in (*self.stores.values(), self.credentials):
            store.close()


@dataclass(frozen=True, slots=True)
class Workplace:
    """One account as the command line uses it: the same commands as the web, no access check."""

    account: AccountSettings
    store: Store
    backend: LocalBackend
    clock: AccountClock

    def context(self, caller: str, *, on: date | None = None, dry_run: bool = False) -> Context:
        """Return the circumstances of one command; `on` is another day, for sandboxes only."""
        account = self.account.account
        now = self.clock.clock()
        today = now.astimezone(account.zone).date()
        if on is not None and on != today:
            if account.mode is Mode.PRODUCTION:
                raise ClockFixed(account.name)
            now += timedelta(days=(on - today).days)
            today = on
        began = time.monotonic()
        identifier = new_id()
        return Context(
            caller=Caller(account, caller, ""),
            today=today,
            now=now,
            request_id=identifier,
            reference=identifier,
            elapsed=lambda: time.monotonic() - began,
            dry_run=dry_run,
        )


def new_id() -> str:
    """Return a new id for a request."""
    return uuid4().hex


def unmoved_clock(account: AccountSettings) -> Clock:
    """Return the real clock, moved by the days that the settings of a sandbox name."""
    shift = timedelta(days=account.clock_shift_days)
    if shift:
        return lambda: datetime.now(UTC) + shift
    return lambda: datetime.now(UTC)


def server_key(settings: Settings) -> bytes:
    """Return the server key of the settings or its file, which is made on first use."""
    if settings.access.server_key:
        return parse_server_key(settings.access.server_key, "access.server_key")
    file = settings.server_key_file
    if file is None:
        raise SettingsError(("access.server_key: choose one, or access.server_key_file",))
    try:
        return load_server_key(file)
    except ValueError as error:
        raise SettingsError((f"access.server_key_file: {error}",)) from error


def known_account(settings: Settings, name: str) -> AccountSettings:
    """Return a configured account. Raises `SettingsError`."""
    account = settings.accounts.get(name)
    if account is None:
        known = ", ".join(settings.accounts)
        raise SettingsError((f"no account {name}; known are {known} (set [accounts.{name}])",))
    return account


def open_workplace(settings: Settings, name: str) -> Workplace:
    """Open one account's store. Raises `SettingsError` for an account that is not configured."""
    account = known_account(settings, name)
    store = open_store(account)
    clock = AccountClock.of(account.account, store, unmoved_clock(account))
    return Workplace(account, store, LocalBackend(store, settings.run), clock)


def open_store(account: AccountSettings) -> Store:
    """Return an account's database. Raises `SettingsError` when its driver is not installed."""
    try:
        return Store(account.store)
    except ModuleNotFoundError as error:
        name = account.account.name
        raise SettingsError(
            (f"account {name}: its database needs the module {error.name}",)
        ) from error


def daily_account(workplace: Workplace) -> DailyAccount:
    """Return an account as the daily worker sees it."""
    return DailyAccount(
        workplace.account.account.name, workplace.store, lambda: workplace.context("daily")
    )


def assemble_protocols(settings: Settings) -> tuple[LegacyProtocol[Any], ...]:
    """Build both protocols with each account's quirks."""
    accounts = settings.accounts
    return (
        WhmcsProtocol(
            {name: each.whmcs for name, each in accounts.items()},
            settings.limits,
            allow_get=settings.form_post.allow_get,
        ),
        InvoicesOnlineProtocol(
            {name: each.invoicesonline for name, each in accounts.items()}, settings.limits
        ),
    )


def assemble(settings: Settings) -> Assembly:
    """Build everything that answers requests. Opens no connection yet."""
    served = {name: settings.accounts[name] for name in settings.served_accounts}
    places = {name: open_workplace(settings, name) for name in served}
    stores = {name: place.store for name, place in places.items()}
    # The first account holds the credentials, whether it is served or not.
    credentials = stores.get(MAIN) or open_store(settings.main)
    access = Access(
        settings.access,
        server_key(settings),
        CredentialFinder(credentials),
        {name: each.account for name, each in served.items()},
        monotonic=time.monotonic,
        pause=time.sleep,
    )
    gateway = Gateway(
        access=access,
        backends={name: place.backend for name, place in places.items()},
        clocks={name: place.clock.clock for name, place in places.items()},
        monotonic=time.monotonic,
    )
    return Assembly(
        settings,
        gateway,
        assemble_protocols(settings),
        Management(access, {name: place.clock for name, place in places.items()}),
        stores,
        credentials,
        needed_revision(),
    )

"""One account opened: its store, its clock and its backends, as every command uses them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from os import urandom

from adapter.assemble.elsewhere import Notes, open_elsewhere, open_remotes
from adapter.backends.base import Backend
from adapter.backends.local.backend import LocalBackend
from adapter.backends.remote import RemoteBackend
from adapter.backends.resolving import WORKER, Tender
from adapter.bridge.clock import AccountClock, ClockFixed
from adapter.bridge.daily import DailyAccount
from adapter.bridge.forwards import AccountTender
from adapter.bridge.routing import LOCAL
from adapter.bridge.service import Clock
from adapter.commands.access import Caller, Mode
from adapter.commands.context import Context
from adapter.settings import AccountSettings, Settings, SettingsError
from adapter.store.attempts import Ledger
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class Workplace:
    """One account as the command line uses it: the same commands as the web, no access check."""

    account: AccountSettings
    store: Store
    backend: LocalBackend
    clock: AccountClock
    ledger: Ledger
    notes: Notes
    remotes: Mapping[str, RemoteBackend] = field(default_factory=dict)
    closing: tuple[Callable[[], None], ...] = ()

    def leave(self) -> None:
        """Close the connections to other systems."""
        for close in self.closing:
            close()

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
    return urandom(16).hex()


def unmoved_clock(account: AccountSettings) -> Clock:
    """Return the real clock, moved by the days that the settings of a sandbox name."""
    shift = timedelta(days=account.clock_shift_days)
    if shift:
        return lambda: datetime.now(UTC) + shift
    return lambda: datetime.now(UTC)


def known_account(settings: Settings, name: str) -> AccountSettings:
    """Return a configured account. Raises `SettingsError`."""
    account = settings.accounts.get(name)
    if account is None:
        known = ", ".join(settings.accounts)
        raise SettingsError((f"no account {name}; known are {known} (set [accounts.{name}])",))
    return account


def open_workplace(settings: Settings, name: str, notes: Notes | None = None) -> Workplace:
    """Open one account's store. Raises `SettingsError` for an account that is not configured."""
    account = known_account(settings, name)
    store = open_store(account)
    clock = AccountClock.of(account.account, store, unmoved_clock(account))
    # Deadlines are real time: a sandbox's clock may be moved while a call is on its way.
    ledger = Ledger(store, lambda: datetime.now(UTC))
    place = Workplace(
        account, store, LocalBackend(store, settings.run), clock, ledger, notes or Notes()
    )
    return with_remotes(place, settings)


def check_elsewhere(settings: Settings) -> None:
    """Build what accounts have outside and leave it: mapping files are read, nothing is called.

    Raises `SettingsError` with what is wrong in each account.
    """
    problems: list[str] = []
    for name, account in settings.accounts.items():
        if not account.backends:
            continue
        try:
            place = open_workplace(settings, name)
            backends: dict[str, Backend] = {LOCAL: place.backend, **place.remotes}
            open_elsewhere(account, backends, place.leave).close()
            place.store.close()
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(tuple(problems))


def at_store(place: Workplace, store: Store) -> Workplace:
    """Return the workplace as it is on another store, a copy of the account's."""
    clock = AccountClock.of(place.account.account, store, unmoved_clock(place.account))
    return replace(place, store=store, clock=clock)


def with_remotes(place: Workplace, settings: Settings) -> Workplace:
    """Return the workplace with its account's backends elsewhere. Raises `SettingsError`."""
    remotes, closing = open_remotes(
        place.account, settings.limits, place.store, place.ledger, place.notes
    )
    return replace(place, remotes=remotes, closing=closing)


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


def account_tenders(workplace: Workplace) -> tuple[AccountTender, ...]:
    """Return who looks after the attempts of an account, one for each backend elsewhere."""
    return tuple(
        AccountTender(
            workplace.account.account.name,
            name,
            Tender(remote, lambda: workplace.context(WORKER)),
        )
        for name, remote in workplace.remotes.items()
    )

"""An account as those see it who only watch: its store and its clock, no backend."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from adapter.assemble import known_account, open_store, unmoved_clock
from adapter.bridge.clock import AccountClock
from adapter.settings import Settings
from adapter.store.unit_of_work import Store


@dataclass(frozen=True, slots=True)
class WatchedAccount:
    """One account; `now` is its own time."""

    name: str
    store: Store
    now: Callable[[], datetime]


def watched_accounts(settings: Settings, names: tuple[str, ...]) -> tuple[WatchedAccount, ...]:
    """Return accounts by name. Opens no connection yet; raises `SettingsError`."""
    found = []
    for name in names:
        account = known_account(settings, name)
        store = open_store(account)
        clock = AccountClock.of(account.account, store, unmoved_clock(account))
        found.append(WatchedAccount(name, store, clock.clock))
    return tuple(found)

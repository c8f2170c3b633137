"""Whether an account works as it should, for `/readyz`. Nothing here reads a clock."""

from datetime import datetime, time, timedelta
from typing import Final

from adapter.commands.access import Account, Mode
from adapter.store.figures import counting_since
from adapter.store.unit_of_work import Store

# A day, and time for the run itself and for a night in which the clocks are set back.
LONGEST_WITHOUT_RUN: Final = timedelta(hours=26)


def shortcoming(account: Account, store: Store, now: datetime, at: time | None) -> str:
    """Return what keeps an account from its work, blank for nothing; `now` is its own time.

    `at` is when its daily run starts, None for never by itself. Raises `AdapterError` of a store
    that does not answer.
    """
    with store.read() as uow:
        for hold in uow.holds:
            return f"on hold since {hold.since:%Y-%m-%d %H:%M} UTC ({hold.reason})"
        if account.mode is not Mode.PRODUCTION or at is None:
            return ""
        since = counting_since(uow)
    if since is None or now - since <= LONGEST_WITHOUT_RUN:
        return ""
    return f"no complete run since {since:%Y-%m-%d %H:%M} UTC"

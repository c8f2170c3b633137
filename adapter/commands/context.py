"""What every command is executed with besides its own fields."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from adapter.commands.access import Caller


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of one call.

    `today` is the account's date in its zone, `now` an aware UTC time; both come from the
    account's clock. `elapsed` returns the seconds since the call began. `reference` is ours for
    this deed at any backend. With `dry_run` everything is decided and nothing is kept.
    """

    caller: Caller
    today: date
    now: datetime
    request_id: str
    reference: str
    elapsed: Callable[[], float]
    dry_run: bool = False

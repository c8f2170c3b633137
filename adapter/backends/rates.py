"""How often a backend elsewhere is asked: rates as text, and counts that all processes share."""

from collections.abc import Callable
from datetime import UTC, datetime

from limits import RateLimitItem, parse_many
from limits.storage import Storage

from adapter.errors import StoreUnavailable
from adapter.store.guards import count_calls, forget_count, read_count
from adapter.store.unit_of_work import Store


def read_rates(text: str) -> tuple[RateLimitItem, ...]:
    """Return the limits that a text names. Raises `ValueError`."""
    if not text.strip():
        return ()
    try:
        return tuple(parse_many(text))
    except ValueError:
        raise ValueError(f"{text!r} is no rate such as 10/second; 600/minute") from None


class CallCounts(Storage):
    """Counts of calls in the account's database, as the library asks for them.

    A count for each fixed window: one row a limit, one commit a call, and none without a limit.
    """

    STORAGE_SCHEME = None

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._store = store
        self._clock = clock

    @property
    def base_exceptions(self) -> type[Exception]:
        """What the store raises."""
        return StoreUnavailable

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count calls; return how many there are in the present window."""
        return count_calls(self._store, key, self._clock(), expiry, amount).count

    def get(self, key: str) -> int:
        """Return how many calls there are in the present window."""
        found = read_count(self._store, key)
        return 0 if found is None or found.expires_at <= self._clock() else found.count

    def get_expiry(self, key: str) -> float:
        """Return when the present window ends, in seconds since 1970."""
        found = read_count(self._store, key)
        return (self._clock() if found is None else found.expires_at.astimezone(UTC)).timestamp()

    def check(self) -> bool:
        """Tell that nothing else has to be there."""
        return True

    def reset(self) -> None:
        """Begin all counts anew."""
        forget_count(self._store)

    def clear(self, key: str) -> None:
        """Begin one count anew."""
        forget_count(self._store, key)

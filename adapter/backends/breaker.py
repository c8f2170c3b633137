"""When a backend elsewhere is asked at all: a breaker whose state all processes share."""

import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from pybreaker import (
    STATE_CLOSED,
    STATE_HALF_OPEN,
    STATE_OPEN,
    CircuitBreaker,
    CircuitBreakerError,
    CircuitBreakerListener,
    CircuitBreakerStorage,
)

from adapter.errors import (
    AdapterError,
    NotSent,
    OutcomeLost,
    StoreUnavailable,
    TransportLost,
)
from adapter.store.guards import BreakerRow, change_breaker, count_failure, read_breaker
from adapter.store.unit_of_work import Store

# What says that the backend does not work; an error that it answers says that it does.
FAILURES: Final = (NotSent, OutcomeLost, TransportLost)

# A process looks so often, in seconds, what the others have found out.
_LOOK_SECONDS: Final = 0.5
# The library's own clock decides nothing: here it never finds that the time is over.
_NEVER: Final = 10**9


class Phase(StrEnum):
    """What a breaker lets through: everything, one safe read at a time, nothing."""

    CLOSED = STATE_CLOSED
    HALF_OPEN = STATE_HALF_OPEN
    OPEN = STATE_OPEN


class Breaker:
    """Opens after so many failures in a row, for so many seconds.

    The library counts and changes the state. It is told how exchanges went, not given them to
    carry out: it would let one at a time through.
    """

    def __init__(
        self,
        state: "BreakerState",
        *,
        failures: int,
        seconds: float,
        clock: Callable[[], datetime],
        note: Callable[[str, Phase], None],
    ) -> None:
        self._state = state
        self._rest = timedelta(seconds=seconds)
        self._clock = clock
        self._machine = CircuitBreaker(
            fail_max=failures,
            reset_timeout=_NEVER,
            listeners=[_Listener(state.name, note)],
            state_storage=state,
            name=state.name,
            throw_new_error_on_trip=False,
        )
        state.begin()

    def phase(self) -> Phase:
        """Return what is let through now."""
        phase = Phase(self._state.state)
        opened_at = self._state.opened_at
        if phase is Phase.OPEN and (opened_at is None or self._clock() >= opened_at + self._rest):
            return Phase.HALF_OPEN
        return phase

    def succeeded(self) -> None:
        """Note that the backend answered."""
        self._tell(lambda: None)

    def failed(self, error: AdapterError) -> None:
        """Note that it did not."""

        def fail() -> None:
            raise error

        self._tell(fail)

    def _tell(self, exchange: Callable[[], None]) -> None:
        # How the exchange ended is known to the caller; what cannot be noted is noted next time.
        with suppress(CircuitBreakerError, StoreUnavailable, *FAILURES):
            if self.phase() is Phase.HALF_OPEN and self._state.state == STATE_OPEN:
                self._machine.half_open()
            self._machine.call(exchange)


class BreakerState(CircuitBreakerStorage):
    """A breaker's state in the account's database, as the library asks for it.

    Written when something changes only; what other processes wrote is seen within half a second.
    """

    def __init__(
        self,
        store: Store,
        backend: str,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
    ) -> None:
        super().__init__(backend)
        self._store = store
        self._backend = backend
        self._clock = clock
        self._elapsed = elapsed
        self._successes = 0
        self._known = BreakerRow(STATE_CLOSED)
        # The library asks as soon as it is made, when no connection may be opened yet.
        self._look_at = math.inf

    def begin(self) -> None:
        """Look at the database from now on."""
        self._look_at = -math.inf

    def _row(self) -> BreakerRow:
        if self._elapsed() >= self._look_at:
            self._look()
        return self._known

    def _look(self) -> None:
        found = read_breaker(self._store, self._backend)
        self._known = found or BreakerRow(STATE_CLOSED)
        self._look_at = self._elapsed() + _LOOK_SECONDS

    def _become(self, row: BreakerRow) -> None:
        change_breaker(self._store, self._backend, row)
        self._look()

    @property
    def state(self) -> str:
        """The stored state."""
        return self._row().state

    @state.setter
    def state(self, state: str) -> None:
        self._become(replace(self._row(), state=state))

    def increment_counter(self) -> None:
        """Count one more failure, whichever process it happens in."""
        count_failure(self._store, self._backend, BreakerRow(STATE_CLOSED, failures=1))
        self._look()

    def reset_counter(self) -> None:
        """Count from zero again."""
        if self._row().failures:
            self._become(replace(self._row(), failures=0))

    def increment_success_counter(self) -> None:
        """Count one more success."""
        self._successes += 1

    def reset_success_counter(self) -> None:
        """Count successes from zero again."""
        self._successes = 0

    @property
    def counter(self) -> int:
        """Failures in a row."""
        return self._row().failures

    @property
    def success_counter(self) -> int:
        """Successes in a row, in this process."""
        return self._successes

    @property
    def opened_at(self) -> datetime | None:
        """When it was opened."""
        return self._row().opened_at

    @opened_at.setter
    def opened_at(self, _: datetime) -> None:
        # The library's own clock is not the one that decides.
        self._become(replace(self._row(), opened_at=self._clock()))


class _Listener(CircuitBreakerListener):
    """Tells of each change."""

    def __init__(self, name: str, note: Callable[[str, Phase], None]) -> None:
        self._name = name
        self._note = note

    def state_change(self, _breaker: CircuitBreaker, _old: Any, new: Any) -> None:
        self._note(self._name, Phase(new.name))

"""A connector that holds calls back: breaker, bulkhead and rate limits of one backend elsewhere.

What is held back was not sent. The breaker's state and the counts of calls are in the account's
database: every process and machine that serves it sees one truth. The bulkhead bounds the threads
of this process. Source: contracts/decisions.md, "Holding calls back".
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, TypeVar

from limits import RateLimitItem
from limits.strategies import FixedWindowRateLimiter

from adapter.backends.base import Connector, Deadline, Proof
from adapter.backends.breaker import FAILURES, Breaker, BreakerState, Phase
from adapter.backends.rates import CallCounts, read_rates
from adapter.commands.context import Context
from adapter.commands.model import (
    Command,
    Effect,
    FindClient,
    GetVersion,
    ListClients,
    ListCurrencies,
    ListInvoices,
    ListPaymentMethods,
    Page,
)
from adapter.commands.results import Result
from adapter.errors import (
    AdapterError,
    BackendBusy,
    BreakerOpen,
    CannotExpress,
    StoreUnavailable,
    TooManyRequests,
)
from adapter.store.unit_of_work import Store

T = TypeVar("T")

# Asked in this order whether a backend works again: what it cannot express is passed over.
_PROBES: Final[tuple[Command, ...]] = (
    GetVersion(),
    ListCurrencies(),
    ListPaymentMethods(),
    ListClients(page=Page(limit=1)),
    ListInvoices(page=Page(limit=1)),
    FindClient("probe", "probe@example.invalid"),
)


@dataclass(frozen=True, slots=True)
class GuardConfig:
    """How much a backend elsewhere is asked; rates such as `10/second; 600/minute`, "" is none."""

    breaker_failures: int = 5
    breaker_seconds: float = 30.0
    probe_seconds: float = 5.0
    max_in_flight: int = 16
    rate: str = ""
    credential_rate: str = ""


class GuardedConnector:
    """A connector behind its guards; safe to share between threads.

    `clock` is real time, `elapsed` seconds that only grow. `note` hears of each change of the
    breaker: the backend's name and the new phase.
    """

    def __init__(  # noqa: PLR0913 - a connector, its guards, and what time it is
        self,
        connector: Connector,
        store: Store,
        config: GuardConfig,
        *,
        clock: Callable[[], datetime],
        elapsed: Callable[[], float],
        note: Callable[[str, Phase], None] = lambda _name, _phase: None,
    ) -> None:
        self.name = connector.name
        self._connector = connector
        self._config = config
        self._breaker = Breaker(
            BreakerState(store, self.name, clock, elapsed),
            failures=config.breaker_failures,
            seconds=config.breaker_seconds,
            clock=clock,
            note=note,
        )
        self._probing = threading.Lock()
        self._slots = threading.BoundedSemaphore(config.max_in_flight)
        self._limiter = FixedWindowRateLimiter(CallCounts(store, clock))
        self._clock = clock
        self._rates = read_rates(config.rate)
        self._credential_rates = read_rates(config.credential_rate)

    def proof(self, command: Command) -> Proof:
        """Return the connector's own proof."""
        return self._connector.proof(command)

    def send(self, command: Command, context: Context, deadline: Deadline) -> Result:
        """Send as the connector does, or not at all.

        Raises `BreakerOpen` and `BackendBusy`, which are `NotSent`, and `TooManyRequests`.
        """
        with self._let_through() as phase:
            if phase is Phase.HALF_OPEN and command.effect is not Effect.READS:
                self._probe(context, deadline)
            return self._exchange(command, context, deadline, context.caller.credential)

    def look_up(self, command: Command, context: Context, deadline: Deadline) -> Result | None:
        """Look up as the connector does: a safe read, which may find that it works again."""
        with self._let_through(), self._slot():
            self._count()
            return self._observed(lambda: self._connector.look_up(command, context, deadline))

    @contextmanager
    def _let_through(self) -> Iterator[Phase]:
        """Give the breaker's phase to a call that may go on, in half-open to one at a time."""
        with _stored():
            phase = self._breaker.phase()
        if phase is Phase.CLOSED:
            yield phase
            return
        if phase is Phase.OPEN or not self._probing.acquire(blocking=False):
            raise BreakerOpen
        try:
            yield phase
        finally:
            self._probing.release()

    def _probe(self, context: Context, deadline: Deadline) -> None:
        """Close the breaker by a safe read, or raise `BreakerOpen`: a command is no trial.

        A backend that can express no read is taken to work again once its time is over.
        """
        seconds = min(deadline.left, self._config.probe_seconds)
        own = Deadline(deadline.elapsed() + seconds, deadline.elapsed)
        # The caller's own parameters are those of another request.
        plain = replace(context, sent=None, claim=None)
        for read in _PROBES:
            try:
                self._exchange(read, plain, own)
            except CannotExpress:
                continue
            except FAILURES as error:
                raise BreakerOpen from error
            except AdapterError:
                pass  # refused, but answered
            return
        self._breaker.succeeded()

    def _exchange(
        self, command: Command, context: Context, deadline: Deadline, credential: str = ""
    ) -> Result:
        with self._slot():
            self._count(credential)
            return self._observed(lambda: self._connector.send(command, context, deadline))

    def _observed(self, exchange: Callable[[], T]) -> T:
        """Carry out an exchange and let the breaker know how it went."""
        try:
            result = exchange()
        except FAILURES as error:
            self._breaker.failed(error)
            raise
        except CannotExpress:
            raise  # the backend has not been asked
        except AdapterError:
            self._breaker.succeeded()
            raise
        self._breaker.succeeded()
        return result

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(blocking=False):
            raise BackendBusy(f"{self._config.max_in_flight} calls are on their way")
        try:
            yield
        finally:
            self._slots.release()

    def _count(self, credential: str = "") -> None:
        """Count one call, of a credential or our own, against the limits."""
        for rate in self._credential_rates if credential else ():
            named = ("credential", self.name, credential)
            if not self._hit(rate, *named):
                ends = self._limiter.get_window_stats(rate, *named).reset_time
                raise TooManyRequests(max(1, math.ceil(ends - self._clock().timestamp())))
        for rate in self._rates:
            if not self._hit(rate, "backend", self.name):
                raise BackendBusy(f"the rate {rate} is reached")

    def _hit(self, rate: RateLimitItem, *identifiers: str) -> bool:
        with _stored():
            return self._limiter.hit(rate, *identifiers)


@contextmanager
def _stored() -> Iterator[None]:
    """Hold a call back when the store does not say whether it may go on."""
    try:
        yield
    except StoreUnavailable as error:
        raise BackendBusy("the store of the guards does not answer") from error

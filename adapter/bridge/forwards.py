"""What a worker does for commands that went elsewhere: look up, send again, send what waits.

Nothing here reads a clock or sleeps: both are handed in.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from adapter.errors import AdapterError
from adapter.store.attempts import Attempt

# How long a queued command waits at most before it is looked at.
_PAUSE_SECONDS: Final = 2.0


class Tends(Protocol):
    """Looks after one backend's attempts."""

    def tend(self) -> Iterator[Attempt]:
        """Make one pass; yield each attempt that was touched, as it stands then."""


@dataclass(frozen=True, slots=True)
class AccountTender:
    """Who looks after the attempts of one account at one backend."""

    account: str
    backend: str
    tender: Tends


@dataclass(frozen=True, slots=True)
class Tended:
    """An attempt as it stands after a step, or what kept a pass from going on."""

    account: str
    backend: str
    attempt: Attempt | None
    error: AdapterError | None = None


def tend_once(tenders: Iterable[AccountTender]) -> Iterator[Tended]:
    """Make one pass over every backend; a failure at one does not stop the others."""
    for each in tenders:
        try:
            for attempt in each.tender.tend():
                yield Tended(each.account, each.backend, attempt)
        except AdapterError as error:
            yield Tended(each.account, each.backend, None, error)


def tend(
    tenders: tuple[AccountTender, ...],
    *,
    wait: Callable[[float], bool],
    report: Callable[[Tended], None],
) -> None:
    """Make passes until `wait`, which sleeps for so many seconds, says to stop."""
    while True:
        for each in tend_once(tenders):
            report(each)
        if wait(_PAUSE_SECONDS):
            return

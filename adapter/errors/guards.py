"""Calls that are held back before a backend elsewhere hears of them."""

from adapter.errors.backend import BackendError, NotSent
from adapter.errors.request import RequestError


class BreakerOpen(NotSent):
    """The backend did not answer lately and is left alone for a while; nothing was sent."""

    code = "breaker_open"

    def __init__(self) -> None:
        BackendError.__init__(
            self, "The backend does not answer at present; nothing was sent, try again later"
        )
        self.reason = "the breaker is open"


class BackendBusy(NotSent):
    """The backend has as many calls as it may have; nothing was sent. `reason` is for the log."""

    code = "backend_busy"

    def __init__(self, reason: str) -> None:
        BackendError.__init__(
            self, "The backend has too much to do at present; nothing was sent, try again later"
        )
        self.reason = reason


class TooManyRequests(RequestError):
    """A credential asks a backend more often than it may; nothing was sent.

    `retry_seconds` is how long to wait.
    """

    code = "too_many_requests"

    def __init__(self, retry_seconds: int) -> None:
        super().__init__(
            f"Too many requests; nothing was done, try again in {retry_seconds} seconds"
        )
        self.retry_seconds = retry_seconds

"""Who is told of what requests cause: metrics, traces and the log, under one id."""

from dataclasses import dataclass
from typing import Any

from adapter.backends.remote import Note
from adapter.bridge.front_door import PASSED
from adapter.web.metrics import RequestMetrics
from adapter.web.tracing import Tracing


@dataclass(frozen=True, slots=True)
class Watching:
    """Who is told of requests and of what they cause."""

    metrics: RequestMetrics
    tracing: Tracing
    log: Any

    def breaker(self, account: str, backend: str, state: str) -> None:
        """Tell them that a breaker has another state."""
        self.metrics.breaker(account, backend, state)
        self.log.warning("breaker", account=account, backend=backend, state=state)

    def attempt(self, account: str, note: Note) -> None:
        """Tell them of a try at a backend; a request that passed well has its own line."""
        self.metrics.attempt(account, note)
        self.tracing.attempt(account, note)
        if note.end == PASSED:
            return
        self.log.info(
            "attempt",
            id=note.request_id,
            account=account,
            backend=note.backend,
            command=note.command,
            reference=note.reference,
            end=note.end,
            proof=note.proof,
            reason=note.reason,
            ms=round(note.seconds * 1000, 2),
        )

"""What Prometheus is told about requests; labels are the protocols' own, finite words."""

from typing import Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram

from adapter.backends.remote import Note

_BREAKER_STATES = {"closed": 0, "half-open": 1, "open": 2}
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class RequestMetrics(Protocol):
    """Notes requests."""

    def note(self, protocol: str, action: str, result: str, seconds: float) -> None:
        """Count one request."""

    def attempt(self, account: str, note: Note) -> None:
        """Count one try at a backend."""

    def breaker(self, account: str, backend: str, state: str) -> None:
        """Show a breaker's state: `closed`, `half-open` or `open`."""


class NoMetrics:
    """Notes nothing: there is no listener."""

    def note(self, protocol: str, action: str, result: str, seconds: float) -> None:
        """Do nothing."""

    def attempt(self, account: str, note: Note) -> None:
        """Do nothing."""

    def breaker(self, account: str, backend: str, state: str) -> None:
        """Do nothing."""


class PrometheusMetrics:
    """Counts requests by protocol, action and result, and their times by protocol.

    An action that does not exist is counted as "", so that callers cannot make new series. With
    `PROMETHEUS_MULTIPROC_DIR` set, every process's counts add up at the listener.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY) -> None:
        self._requests = Counter(
            "adapter_requests",
            "Requests answered",
            ("protocol", "action", "result"),
            registry=registry,
        )
        self._seconds = Histogram(
            "adapter_request_seconds",
            "Time until the reply was ready",
            ("protocol",),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._attempts = Counter(
            "adapter_backend_attempts",
            "Tries at a backend elsewhere by how each ended; `unknown` ones are listed by "
            "`adapter forwards list`",
            ("account", "backend", "end"),
            registry=registry,
        )
        self._backend_seconds = Histogram(
            "adapter_backend_seconds",
            "Time until a try at a backend ended",
            ("account", "backend"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._breakers = Gauge(
            "adapter_backend_breaker",
            "State of a backend's breaker: 0 closed, 1 half-open, 2 open",
            ("account", "backend"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._counters: dict[tuple[str, str, str], Counter] = {}
        self._timers: dict[str, Histogram] = {}

    def note(self, protocol: str, action: str, result: str, seconds: float) -> None:
        """Count one request; the series of each set of labels is looked up once."""
        labels = (protocol, action, result)
        counter = self._counters.get(labels)
        if counter is None:
            counter = self._counters[labels] = self._requests.labels(*labels)
        counter.inc()
        timer = self._timers.get(protocol)
        if timer is None:
            timer = self._timers[protocol] = self._seconds.labels(protocol)
        timer.observe(seconds)

    def attempt(self, account: str, note: Note) -> None:
        """Count one try; accounts, backends and ends are few and known."""
        self._attempts.labels(account, note.backend, note.end).inc()
        self._backend_seconds.labels(account, note.backend).observe(note.seconds)

    def breaker(self, account: str, backend: str, state: str) -> None:
        """Show a breaker's state as this process sees it."""
        self._breakers.labels(account, backend).set(_BREAKER_STATES[state])

"""What Prometheus is told about requests; labels are the protocols' own, finite words."""

from typing import Protocol

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram

_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class RequestMetrics(Protocol):
    """Notes requests."""

    def note(self, protocol: str, action: str, result: str, seconds: float) -> None:
        """Count one request."""


class NoMetrics:
    """Notes nothing: there is no listener."""

    def note(self, protocol: str, action: str, result: str, seconds: float) -> None:
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

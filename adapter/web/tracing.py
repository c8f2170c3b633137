"""Traces of requests (OpenTelemetry), where they are wanted; `traceparent` goes on either way.

The SDK is an optional extra (`otel`); exporter and sampler are chosen by its own `OTEL_*`
variables.
"""

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Protocol

from adapter.backends.hops import TRACE_PARENT, TRACE_STATE, Pairs
from adapter.backends.remote import Note
from adapter.settings import SettingsError

# Source: W3C Trace Context, 3.2.
_PARENT: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_NANOSECONDS: Final = 1_000_000_000


class Tracing(Protocol):
    """Follows requests through this process."""

    @contextmanager
    def request(self, headers: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[Pairs]:
        """Follow one request (headers by lower-case name); yield what the next hop is told."""

    def attempt(self, account: str, note: Note) -> None:
        """Note one try at a backend, which has just ended."""


class NoTracing:
    """Records nothing, and hands a caller's trace on."""

    @contextmanager
    def request(self, headers: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[Pairs]:  # noqa: ARG002 - not recorded
        """Yield the caller's own trace headers, where they are well formed."""
        yield carried(headers)

    def attempt(self, account: str, note: Note) -> None:
        """Do nothing."""


class OtelTracing:
    """Makes a span of every request, and of every try at a backend one below it."""

    def __init__(self, provider: Any = None) -> None:
        """Use a tracer provider, else the one that `OTEL_*` describe. Raises `SettingsError`."""
        try:
            from opentelemetry import trace  # noqa: PLC0415 - an optional extra
        except ModuleNotFoundError as error:
            raise SettingsError(
                ("server.tracing: needs the extra otel; install legacy-billing-gateway[otel]",)
            ) from error
        self._trace = trace
        self._tracer = (provider or _provider()).get_tracer("adapter")

    @contextmanager
    def request(self, headers: Mapping[str, str], facts: Mapping[str, str]) -> Iterator[Pairs]:
        """Make a span below the caller's; yield the headers that name it."""
        from opentelemetry.trace.propagation import tracecontext  # noqa: PLC0415 - as above

        propagator = tracecontext.TraceContextTextMapPropagator()
        above = propagator.extract(dict(carried(headers)))
        kind = self._trace.SpanKind.SERVER
        with self._tracer.start_as_current_span(
            "request", above, kind=kind, attributes=dict(facts), record_exception=False
        ):
            told: dict[str, str] = {}
            propagator.inject(told)
            yield tuple(told.items())

    def attempt(self, account: str, note: Note) -> None:
        """Make a span of a try that has just ended."""
        ended = time.time_ns()
        span = self._tracer.start_span(
            "backend",
            kind=self._trace.SpanKind.CLIENT,
            start_time=ended - int(note.seconds * _NANOSECONDS),
            attributes={
                "adapter.account": account,
                "adapter.backend": note.backend,
                "adapter.command": note.command,
                "adapter.end": note.end,
                "adapter.request_id": note.request_id,
            },
        )
        span.end(ended)


def carried(headers: Mapping[str, str]) -> Pairs:
    """Return a caller's trace headers, nothing when they are not well formed."""
    parent = headers.get(TRACE_PARENT)
    if parent is None or _PARENT.fullmatch(parent) is None:
        return ()
    state = headers.get(TRACE_STATE)
    return ((TRACE_PARENT, parent), *(((TRACE_STATE, state),) if state else ()))


def _provider() -> Any:
    from opentelemetry.exporter.otlp.proto.http import trace_exporter  # noqa: PLC0415 - as above
    from opentelemetry.sdk.trace import TracerProvider, export  # noqa: PLC0415 - as above

    provider = TracerProvider()
    provider.add_span_processor(export.BatchSpanProcessor(trace_exporter.OTLPSpanExporter()))
    return provider

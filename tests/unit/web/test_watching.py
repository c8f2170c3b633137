"""What logs, metrics and traces tell of a call, and what they never tell."""

import io
import json
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from adapter.backends.remote import Note
from adapter.web.log import request_logger
from adapter.web.metrics import NoMetrics, PrometheusMetrics
from adapter.web.tracing import NoTracing, OtelTracing, carried
from adapter.web.watching import Watching

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOTE = Note(
    "old", "CreateBillableItem", "unknown", 1.25, "ref-1", "req-1", "natural", "TimeoutError"
)


def line(**facts: Any) -> dict[str, Any]:
    stream = io.BytesIO()
    request_logger(stream).info("attempt", **facts)
    found: dict[str, Any] = json.loads(stream.getvalue())
    return found


@pytest.mark.parametrize(
    "facts",
    [
        {"secret": "hushhush"},
        {"new_password": "hushhush"},
        {"email": "hushhush"},
        {"phonenumber": "hushhush"},
        {"reason": "POST /x?action=a&secret=hushhush&b=1"},
        {"reason": '{"password": "hushhush"}'},
        {"reason": "no client ann.hushhush@example.com here"},
        {"reason": "https://user:hushhush@host/x"},
        {"reason": "Authorization: Basic aHVzaGh1c2g= hushhush".replace(" hushhush", "")},
        {"inner": {"deep": [{"token": "hushhush"}]}},
    ],
)
def test_secrets_and_personal_fields_reach_no_log(facts):
    text = json.dumps(line(**facts))
    assert "hushhush" not in text
    assert "aHVzaGh1c2g=" not in text
    assert "redacted" in text


def test_what_is_no_secret_stays_as_it_is():
    facts = {"id": "abc123", "count": 3, "reason": "ConnectTimeout: a = b", "ms": 1.5, "end": None}
    found = line(**facts)
    assert {name: found[name] for name in facts} == facts


def test_a_try_is_counted_logged_and_traced_under_one_id():
    registry, stream, traced = CollectorRegistry(), io.BytesIO(), []

    class Tracing(NoTracing):
        def attempt(self, account: str, note: Note) -> None:
            traced.append((account, note))

    watching = Watching(PrometheusMetrics(registry), Tracing(), request_logger(stream))
    watching.attempt("main", NOTE)
    labels = {"account": "main", "backend": "old"}
    value = registry.get_sample_value
    assert value("adapter_backend_attempts_total", {**labels, "end": "unknown"}) == 1
    assert value("adapter_backend_seconds_sum", labels) == 1.25
    told = json.loads(stream.getvalue())
    assert (told["event"], told["id"], told["reference"]) == ("attempt", "req-1", "ref-1")
    assert (told["end"], told["backend"], told["ms"]) == ("unknown", "old", 1250.0)
    assert traced == [("main", NOTE)]


def test_a_breakers_state_is_shown():
    registry = CollectorRegistry()
    metrics = PrometheusMetrics(registry)
    for state, number in (("open", 2), ("half-open", 1), ("closed", 0)):
        metrics.breaker("main", "old", state)
        shown = registry.get_sample_value(
            "adapter_backend_breaker", {"account": "main", "backend": "old"}
        )
        assert shown == number
    NoMetrics().breaker("main", "old", "open")


@pytest.mark.parametrize(
    "parent",
    [PARENT.upper(), PARENT[:-1], "00-" + "0" * 32 + "-b7ad6b7169203331-01", "x\r\ny", ""],
)
def test_a_trace_that_is_not_well_formed_goes_no_further(parent):
    assert carried({"traceparent": parent, "tracestate": "a=1"}) == ()


def test_without_traces_of_our_own_the_callers_goes_on():
    headers = {"traceparent": PARENT, "tracestate": "a=1"}
    with NoTracing().request(headers, {}) as told:
        assert told == (("traceparent", PARENT), ("tracestate", "a=1"))


def test_a_span_stands_below_the_callers_and_above_the_tries():
    export = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    processors = pytest.importorskip("opentelemetry.sdk.trace.export")
    exporter, provider = export.InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(processors.SimpleSpanProcessor(exporter))
    tracing = OtelTracing(provider)
    with tracing.request({"traceparent": PARENT}, {"adapter.request_id": "req-1"}) as told:
        tracing.attempt("main", NOTE)
    attempt, request = exporter.get_finished_spans()
    assert f"{request.context.trace_id:032x}" == PARENT.split("-")[1]
    assert f"{request.parent.span_id:016x}" == PARENT.split("-")[2]
    assert dict(told)["traceparent"].split("-")[2] == f"{request.context.span_id:016x}"
    assert attempt.parent.span_id == request.context.span_id
    assert attempt.attributes["adapter.request_id"] == "req-1"
    assert attempt.end_time - attempt.start_time == 1_250_000_000

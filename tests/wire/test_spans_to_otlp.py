"""What was decoded is encoded to the same message."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from lgtm.wire.otlp_spans import decode_otlp_spans
from lgtm.wire.spans_to_otlp import spans_to_json, spans_to_otlp
from wire.messages import any_value

VALUES = st.text(max_size=3) | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False) | st.binary(max_size=2)
NESTED: st.SearchStrategy[object] = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.text(max_size=2), VALUES, max_size=2)
ATTRIBUTES: st.SearchStrategy[dict[str, object]] = st.dictionaries(st.text(max_size=2), NESTED, max_size=3)
COUNT, TIME, TEXT = st.integers(0, 2**32 - 1), st.integers(0, 2**62), st.text(max_size=3)


@st.composite
def requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    """Attributes in order of their columns are compared as sets."""
    request = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(1, 2))):
        resource = request.resource_spans.add(schema_url=draw(TEXT))
        add(resource.resource, draw(ATTRIBUTES))
        scope = resource.scope_spans.add(schema_url=draw(TEXT))
        scope.scope.name = draw(TEXT)
        add(scope.scope, draw(ATTRIBUTES))
        for number in range(draw(st.integers(1, 3))):
            start = draw(TIME)
            span = scope.spans.add(trace_id=b"t" * 16, span_id=bytes([number + 1] * 8), name=draw(TEXT), trace_state=draw(TEXT))
            span.start_time_unix_nano, span.end_time_unix_nano = start, start + draw(TIME)
            span.flags, span.dropped_events_count, span.status.message = draw(COUNT), draw(COUNT), draw(TEXT)
            add(span, draw(ATTRIBUTES))
            for _ in range(draw(st.integers(0, 2))):
                add(span.events.add(time_unix_nano=draw(TIME), name=draw(TEXT)), draw(ATTRIBUTES))
                add(span.links.add(trace_id=b"u" * 16, span_id=b"v" * 8, flags=draw(COUNT)), draw(ATTRIBUTES))
    return request


def add(message: object, attributes: dict[str, object]) -> None:
    for key, value in attributes.items():
        message.attributes.add(key=key, value=any_value(value))  # type: ignore[attr-defined]


def ordered(request: ExportTraceServiceRequest) -> ExportTraceServiceRequest:
    """Attributes by key; messages without content are absent ones."""
    for resource in request.resource_spans:
        resource.resource.SetInParent()
        for scope in resource.scope_spans:
            scope.scope.SetInParent()
            for message in (resource.resource, scope.scope, *scope.spans, *(c for s in scope.spans for c in (*s.events, *s.links))):
                message.attributes.sort(key=lambda attribute: attribute.key)  # type: ignore[attr-defined]
            for span in scope.spans:
                span.status.SetInParent()
    return request


@given(requests())
def test_a_round_trip_keeps_everything(request: ExportTraceServiceRequest) -> None:
    decoded = decode_otlp_spans(request.SerializeToString(), json=False)
    again = ExportTraceServiceRequest.FromString(spans_to_otlp(decoded.series, decoded.rows))
    assert ordered(again) == ordered(request)


def test_json_is_that_of_tempo() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=5)
    span.end_time_unix_nano = 9
    add(span, {"n": 500})
    decoded = decode_otlp_spans(request.SerializeToString(), json=False)
    shown = {"traceId": "dHR0dHR0dHR0dHR0dHR0dA==", "spanId": "c3Nzc3Nzc3M=", "startTimeUnixNano": "5", "endTimeUnixNano": "9"}
    shown |= {"attributes": [{"key": "n", "value": {"intValue": "500"}}]}  # type: ignore[dict-item]
    assert spans_to_json(decoded.series, decoded.rows) == [{"scopeSpans": [{"spans": [shown]}]}]

"""Sizes from columns are those of the protobuf messages that the columns were made of."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage

from lgtm.blocks.rest import conform
from lgtm.model.batch import Batch
from lgtm.model.signal import SPANS
from lgtm.spanmetrics.sizes import span_bytes
from lgtm.spanmetrics.span_table import SpanTable
from spanmetrics.given import TENANT, batch_of_request
from wire.messages import any_value

SHORT = st.sampled_from(["", "a", "é", "x" * 126, "y" * 130, "z" * 20_000])
VALUES = (
    SHORT | st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 1, 127, 128]) | st.floats() | st.booleans() | st.just(["a", 1]) | st.just(b"\0")
)
ATTRIBUTES: st.SearchStrategy[Mapping[str, object]] = st.dictionaries(st.sampled_from(["a", "b", "k" * 128]), VALUES)
COUNTS = st.sampled_from([0, 1, 200, 2**32 - 1])
EVENTS: st.SearchStrategy[list[tuple[int, str, Mapping[str, object], int]]] = st.lists(
    st.tuples(st.sampled_from([0, 5]), SHORT, ATTRIBUTES, COUNTS), max_size=3
)
LINKS: st.SearchStrategy[list[tuple[str, Mapping[str, object], int, int]]] = st.lists(st.tuples(SHORT, ATTRIBUTES, COUNTS, COUNTS), max_size=2)


@st.composite
def messages(draw: st.DrawFn) -> SpanMessage:
    message = SpanMessage(trace_id=b"t" * 16, span_id=b"s" * 8, name=draw(SHORT), trace_state=draw(SHORT), flags=draw(COUNTS))
    message.parent_span_id = draw(st.sampled_from([b"", b"p" * 8]))
    message.start_time_unix_nano, message.end_time_unix_nano = draw(st.sampled_from([(0, 0), (0, 5), (7, 300)]))
    message.kind = draw(st.integers(0, 5))  # type: ignore[assignment]
    if draw(st.booleans()):
        message.status.code, message.status.message = draw(st.integers(1, 2)), draw(SHORT)  # type: ignore[assignment]
    message.dropped_attributes_count, message.dropped_events_count, message.dropped_links_count = draw(COUNTS), draw(COUNTS), draw(COUNTS)
    fill(message, draw(ATTRIBUTES))
    for time, name, attributes, dropped in draw(EVENTS):
        fill(message.events.add(time_unix_nano=time, name=name, dropped_attributes_count=dropped), attributes)
    for state, attributes, dropped, flags in draw(LINKS):
        link = message.links.add(trace_id=b"u" * 16, span_id=b"v" * 8, trace_state=state, dropped_attributes_count=dropped, flags=flags)
        fill(link, attributes)
    return message


def fill(message: object, attributes: Mapping[str, object]) -> None:
    for key, value in attributes.items():
        message.attributes.add(key=key, value=any_value(value))  # type: ignore[attr-defined]


@given(st.lists(messages(), max_size=4), st.booleans())
def test_sizes_are_exact(spans: list[SpanMessage], in_rest: bool) -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.extend(spans)
    batch = batch_of_request(request)
    rows = conform(batch.rows, [], [field.name for field in SPANS.columns]) if in_rest and len(batch) else batch.rows
    assert span_bytes(SpanTable(Batch(SPANS, TENANT, batch.series, rows))).tolist() == [span.ByteSize() for span in spans]
    if len(batch) > 1:
        assert span_bytes(SpanTable(Batch(SPANS, TENANT, batch.series, rows.slice(1)))).tolist() == [span.ByteSize() for span in spans[1:]]

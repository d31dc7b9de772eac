from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.datasets import NS_PER_S
from benchmarks.span_data import SERVICES, SpanDataset, SpanShape, one_trace, span_dataset

START_NS = 1_790_000_000 * NS_PER_S
SHAPE = SpanShape(spans=2_000, seconds=100, spans_per_request=300)


def spans(data: SpanDataset) -> list[list[Span]]:
    """Of each request, by their start."""
    found = []
    for request in data.requests:
        message = ExportTraceServiceRequest.FromString(request.body)
        own = [span for resource in message.resource_spans for scope in resource.scope_spans for span in scope.spans]
        assert len(own) == request.rows
        found.append(sorted(own, key=lambda span: span.start_time_unix_nano))
    return found


def test_requests_hold_whole_traces_with_their_spans_even_in_time() -> None:
    data = span_dataset(SHAPE, start_ns=START_NS)
    requests = spans(data)
    every = [span for request in requests for span in request]
    assert len(every) == data.spans >= SHAPE.spans
    assert {later.start_time_unix_nano - one.start_time_unix_nano for one, later in pairwise(every)} == {SHAPE.step_ns}
    assert data.start_ns < every[0].start_time_unix_nano
    assert every[-1].start_time_unix_nano < data.end_ns
    homes = [{span.trace_id for span in request} for request in requests]
    assert sum(map(len, homes)) == len(set().union(*homes))


def test_each_trace_has_one_root_and_parents_that_came_before() -> None:
    seen: dict[bytes, set[bytes]] = {}
    for span in (span for request in spans(span_dataset(SHAPE, start_ns=START_NS)) for span in request):
        before = seen.setdefault(span.trace_id, set())
        assert span.parent_span_id in before if before else not span.parent_span_id
        before.add(span.span_id)
    assert all(3 <= len(trace) <= 25 for trace in seen.values())


def test_what_is_known_of_the_spans_is_so() -> None:
    data = span_dataset(SHAPE, start_ns=START_NS)
    every = [span for request in spans(data) for span in request]
    assert sum(span.status.code == 2 for span in every) == data.errors > 0
    assert Counter(span.trace_id.hex() for span in every)[data.trace_id] == data.trace_spans
    assert {len(span.attributes) for span in every} == {7}


def test_bytes_as_pushed_are_those_of_the_workload_that_peers_were_measured_with() -> None:
    data = span_dataset(SpanShape(spans=5_000, seconds=50), start_ns=START_NS)
    assert sum(request.raw_bytes for request in data.requests) / data.spans == pytest.approx(286, rel=0.03)
    services = {name.value.string_value for one in message(data).resource_spans for name in one.resource.attributes if name.key == "service.name"}
    assert services == set(SERVICES)


def message(data: SpanDataset) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(data.requests[0].body)


def test_one_trace_is_in_all_requests() -> None:
    data = one_trace(SHAPE, start_ns=START_NS)
    every = [span for request in spans(data) for span in request]
    assert {span.trace_id.hex() for span in every} == {data.trace_id}
    assert len({span.span_id for span in every}) == len(every) == data.spans == data.trace_spans


def test_a_second_look_finds_the_same_bytes_and_another_seed_others() -> None:
    data = span_dataset(SHAPE, start_ns=START_NS)
    assert span_dataset(SHAPE, start_ns=START_NS) == data
    assert span_dataset(SpanShape(spans=2_000, seconds=100, spans_per_request=300, seed=2), start_ns=START_NS).requests != data.requests

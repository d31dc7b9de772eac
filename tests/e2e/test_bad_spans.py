"""Spans that nobody should send, sent to a running node: each is refused, cut or kept as docs/operating.md says, and the node goes on."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from google.rpc import status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTracePartialSuccess, ExportTraceServiceResponse
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks.client import PROTOBUF, TRACES, Answer
from benchmarks.client import PUSH_PATHS as PATHS
from benchmarks.datasets import NS_PER_S
from benchmarks.server import NodeProcess
from e2e.asking import result
from e2e.conftest import Start
from e2e.spans import ask_json, attributes, canonical, export, get_trace

NOW_NS = time.time_ns()
AHEAD_NS = NOW_NS + 86_400 * NS_PER_S
SERVICE = "shop"
INVALID_ARGUMENT = 3
ATTRIBUTE_BYTES = 65_536
LARGE_TRACE, SPANS_PER_REQUEST = 100_000, 10_000
_traces = itertools.count(1)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeProcess]:
    with NodeProcess(tmp_path_factory.mktemp("bad") / "data") as node:
        yield node


def span(number: int = 1, **fields: Any) -> Span:
    """number: of its id."""
    usual: dict[str, Any] = {"span_id": number.to_bytes(8), "name": "get", "start_time_unix_nano": NOW_NS, "end_time_unix_nano": NOW_NS + 5}
    return Span(**usual | fields)


def in_one_trace(spans: list[Span]) -> bytes:
    """Gives those an id that have none, and returns it."""
    trace_id = b"\7" * 12 + next(_traces).to_bytes(4)
    for one in spans:
        one.trace_id = one.trace_id or trace_id
    return trace_id


def push(node: NodeProcess, spans: list[Span]) -> Answer:
    return node.client.post(PATHS[TRACES], export({SERVICE: spans}), PROTOBUF)


def check_kept(node: NodeProcess, trace_id: bytes, spans: list[Span]) -> None:
    """In memory and in blocks, byte by byte."""
    for _ in range(2):
        assert Counter(canonical(*each) for each in get_trace(node.client, trace_id)) == Counter(canonical(SERVICE, one) for one in spans)
        node.flush()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"trace_id": b"\1" * 15}, "trace ids must be 128 bit, received 120 bits"),
        ({"trace_id": b"\1" * 17}, "trace ids must be 128 bit, received 136 bits"),
        ({"span_id": b"\1" * 7}, "span ids must be 64 bit and not all zero, received 56 bits"),
        ({"span_id": b""}, "span ids must be 64 bit and not all zero, received 0 bits"),
        ({"parent_span_id": b"\1" * 7}, "span ids must be 64 bit and not all zero, received 56 bits"),
    ],
)
def test_an_id_of_a_wrong_length_refuses_the_request_and_nothing_of_it_is_stored(node: NodeProcess, fields: dict[str, Any], message: str) -> None:
    spans = [span(1), span(**{"number": 2, **fields})]
    trace_id = in_one_trace(spans)
    answer = push(node, spans)
    assert (answer.status, status_pb2.Status.FromString(answer.body)) == (400, status_pb2.Status(code=INVALID_ARGUMENT, message=message))
    assert get_trace(node.client, trace_id) == []


@pytest.mark.parametrize("odd", [Span.Link(trace_id=b"\1" * 3, span_id=b"\2" * 8), Span.Link(trace_id=b"\1" * 16, span_id=b"\2" * 3)])
def test_a_link_with_an_id_of_a_wrong_length_is_left_out_and_counted_in_its_span(node: NodeProcess, odd: Span.Link) -> None:
    whole = Span.Link(trace_id=b"\1" * 16, span_id=b"\2" * 8)
    trace_id = in_one_trace(spans := [span(1), span(2, links=[whole, odd], dropped_links_count=1)])
    assert push(node, spans).status == 200
    check_kept(node, trace_id, [spans[0], span(2, trace_id=trace_id, links=[whole], dropped_links_count=2)])


@pytest.mark.parametrize(
    ("damage", "message"), [(b"\xff\xff\xff", "unexpected EOF"), (b"\xfe\xff\xfd", "name of span 0 is not valid UTF-8 at byte 0")]
)
def test_bytes_that_are_no_request_refuse_it(node: NodeProcess, damage: bytes, message: str) -> None:
    spans = [span(name="abc")]
    trace_id = in_one_trace(spans)
    body = damage if message == "unexpected EOF" else export({SERVICE: spans}).replace(b"abc", damage)
    answer = node.client.post(PATHS[TRACES], body, PROTOBUF)
    assert (answer.status, status_pb2.Status.FromString(answer.body).message) == (400, message)
    assert get_trace(node.client, trace_id) == []


def test_spans_that_start_far_ahead_are_told_and_the_others_are_stored(node: NodeProcess) -> None:
    ahead = [span(number, start_time_unix_nano=ns, end_time_unix_nano=ns) for number, ns in enumerate((AHEAD_NS, 2**64 - 1), 2)]
    spans = [span(1), *ahead]
    trace_id = in_one_trace(spans)
    answer = push(node, spans)
    day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(AHEAD_NS // NS_PER_S))
    message = f"2 spans start too far in the future, the first of them at {day}; check the sender's clock"
    wanted = ExportTraceServiceResponse(partial_success=ExportTracePartialSuccess(rejected_spans=2, error_message=message))
    assert (answer.status, ExportTraceServiceResponse.FromString(answer.body)) == (200, wanted)
    check_kept(node, trace_id, spans[:1])


ODD = {
    "no times": [span(start_time_unix_nano=0, end_time_unix_nano=0)],
    "a nanosecond after the epoch, open until today": [span(start_time_unix_nano=1)],
    "10,000 attributes": [span(attributes=attributes({f"key-{at}": at if at % 2 else f"value {at}" for at in range(10_000)}))],
    "a name of a megabyte": [span(name="n" * 1_000_000)],
    "its own parent": [span(1, parent_span_id=(1).to_bytes(8))],
    "parents in a circle": [span(1, parent_span_id=(2).to_bytes(8)), span(2, parent_span_id=(1).to_bytes(8))],
    "a parent that nobody knows": [span(parent_span_id=b"\xff" * 8)],
    "an end before the start": [span(end_time_unix_nano=NOW_NS - NS_PER_S)],
    "three spans with one id": [span(name="x"), span(name="y"), span(name="x", attributes=attributes({"a": 1}))],
    "kinds and codes of a later OTLP": [span(kind=77, status={"code": 99})],
}


@pytest.mark.parametrize("what", ODD)
def test_what_is_odd_is_kept_as_it_is(node: NodeProcess, what: str) -> None:
    spans = ODD[what]
    trace_id = in_one_trace(spans)
    answer = push(node, spans)
    assert (answer.status, answer.body) == (200, b"")
    check_kept(node, trace_id, spans)


def test_the_same_span_sent_again_is_one_span(node: NodeProcess) -> None:
    spans = [span(1), span(2)]
    trace_id = in_one_trace(spans)
    for sent in (spans, spans[:1], [*spans, *spans]):
        assert push(node, sent).status == 200
    check_kept(node, trace_id, spans)
    counted = ask_json(node.client, "/api/metrics/query", q=f'{{ trace:id = "{trace_id.hex()}" }} | count_over_time()', **around_now())
    assert [each["value"] for each in counted["series"]] == [2]


def test_a_parent_id_of_zeros_is_no_parent(node: NodeProcess) -> None:
    spans = [span(parent_span_id=b"\0" * 8)]
    trace_id = in_one_trace(spans)
    assert push(node, spans).status == 200
    spans[0].ClearField("parent_span_id")
    check_kept(node, trace_id, spans)


def test_long_attributes_are_cut(node: NodeProcess) -> None:
    spans = [
        span(attributes=attributes({"long": "é" * 500_000, "k" * 100_000: "of a long key", "odd": "x" + "é" * 50_000, "raw": b"\1" * 1_000_000}))
    ]
    trace_id = in_one_trace(spans)
    assert push(node, spans).status == 200
    kept = {
        "long": "é" * (ATTRIBUTE_BYTES // 2),
        "k" * ATTRIBUTE_BYTES: "of a long key",
        "odd": "x" + "é" * (ATTRIBUTE_BYTES // 2 - 1),
        "raw": b"\1" * 1_000_000,
    }
    cut = span(attributes=attributes(kept), trace_id=trace_id)
    check_kept(node, trace_id, [cut])


def test_more_fields_than_a_span_may_have_refuse_the_request(node: NodeProcess) -> None:
    spans = [span(1), span(2, attributes=attributes({f"key-{at}": at for at in range(20_001)}))]
    trace_id = in_one_trace(spans)
    answer = push(node, spans)
    assert (answer.status, status_pb2.Status.FromString(answer.body).message) == (413, "request body too large: too many protobuf fields")
    assert get_trace(node.client, trace_id) == []


@pytest.mark.parametrize(
    ("query", "found"), [("{ %s }", 3), ("{ %s } >> {}", 0), ("{ %s && nestedSetParent < 0 }", 0), ("{ %s && nestedSetLeft > 0 }", 0)]
)
def test_questions_about_parents_in_a_circle_have_an_end(node: NodeProcess, query: str, found: int) -> None:
    spans = [span(1, parent_span_id=(2).to_bytes(8)), span(2, parent_span_id=(1).to_bytes(8)), span(3, parent_span_id=(3).to_bytes(8))]
    trace_id = in_one_trace(spans)
    assert push(node, spans).status == 200
    q = query % f'trace:id = "{trace_id.hex()}"'
    traces = result(lambda: ask_json(node.client, "/api/search", q=q, **around_now())).get("traces", [])
    assert sum(each["spanSet"]["matched"] for each in traces) == found


def around_now() -> dict[str, int]:
    return {"start": NOW_NS // NS_PER_S - 10, "end": NOW_NS // NS_PER_S + 10}


@pytest.mark.long
def test_a_trace_of_100_000_spans_is_stored_and_returned(start: Start) -> None:
    node = start(settings={"limits.traces_rate_bytes": "0"})
    spans = [
        span(number, parent_span_id=(number // 2).to_bytes(8) if number > 1 else b"", attributes=attributes({"number": number}))
        for number in range(1, LARGE_TRACE + 1)
    ]
    trace_id = in_one_trace(spans)
    for at in range(0, LARGE_TRACE, SPANS_PER_REQUEST):
        assert push(node, spans[at : at + SPANS_PER_REQUEST]).status == 200
    check_kept(node, trace_id, spans)
    (found,) = ask_json(node.client, "/api/search", q="{} >> {}", **around_now())["traces"]
    assert found["spanSet"]["matched"] == LARGE_TRACE - 1


@pytest.mark.long
def test_of_a_trace_beyond_the_limit_the_first_spans_are_answered_and_it_says_so(start: Start) -> None:
    node = start(settings={"limits.max_bytes_per_trace": "1000000"})
    spans = [span(number, attributes=attributes({"text": "x" * 1_000})) for number in range(1, 5_001)]
    trace_id = in_one_trace(spans)
    for at in range(0, len(spans), 500):
        assert push(node, spans[at : at + 500]).status == 200
    whole = node.client.get(f"/api/traces/{trace_id.hex()}")
    assert whole.status == 422
    answer = result(lambda: ask_json(node.client, f"/api/v2/traces/{trace_id.hex()}"))
    assert answer["status"] == "PARTIAL"
    assert answer["message"].startswith("Trace exceeds maximum size of 1000000 bytes")
    kept = sum(len(of_scope["spans"]) for of_resource in answer["trace"]["resourceSpans"] for of_scope in of_resource["scopeSpans"])
    assert 0 < kept < len(spans)

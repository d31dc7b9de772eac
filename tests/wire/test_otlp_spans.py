"""Spans of a request become rows; what is wrong is refused with declared errors."""

from __future__ import annotations

import contextlib
from json import dumps

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from lgtm.blocks.rest import conform
from lgtm.errors import BadRequest, LimitExceeded
from lgtm.model.signal import DYNAMIC_COLUMNS_MAX, REST, SPANS
from lgtm.wire.otlp_spans import InvalidSpanId, InvalidTraceId, decode_otlp_spans
from wire.messages import any_value
from wire.test_spans_to_otlp import requests


def request_bytes(trace_id: bytes = b"t" * 16, span_id: bytes = b"s" * 8) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name", value=any_value("shop"))
    spans = resource.scope_spans.add()
    spans.scope.name = "lib"
    span = spans.spans.add(trace_id=trace_id, span_id=span_id, name="GET", kind=Span.SPAN_KIND_SERVER, start_time_unix_nano=5, end_time_unix_nano=9)
    for key, value in (("a", "x"), ("n", 7), ("f", 0.5), ("b", True), ("a", "second"), ("e", "")):
        span.attributes.add(key=key, value=any_value(value))
    span.status.code = Status.STATUS_CODE_ERROR
    span.status.message = "boom"
    span.events.add(time_unix_nano=6, name="first")
    span.events.add(time_unix_nano=7).attributes.add(key="k", value=any_value(1))
    span.links.add(trace_id=b"u" * 16, span_id=b"v" * 8)
    spans.spans.add(trace_id=trace_id, span_id=b"2" * 8, parent_span_id=span_id)
    return bytes(request.SerializeToString())


def test_a_request_is_read() -> None:
    decoded = decode_otlp_spans(request_bytes(), json=False)
    assert decoded.series == ((("resource.service.name", "shop"), ("scope_name", "lib")),)
    first, second = decoded.rows.to_pylist()
    assert (first["ts"], first["duration_ns"], first["name"], first["kind"], first["status"]) == (5, 4, "GET", 2, 2)
    assert (first["status_message"], first["event_time_ns"], first["event_name"]) == ("boom", [6, 7], ["first", ""])
    assert (first["span.a"], first["span:int.n"], first["span:float.f"], first["span:bool.b"]) == ("x", 7, 0.5, True)
    assert (first["span:any.e"], first["event:int.k"], first["link_span_id"]) == (b"\n\x00", [None, 1], [b"v" * 8])
    assert (second["parent_id"], second["event_name"], second["span.a"]) == (b"s" * 8, None, None)
    assert "flags" not in decoded.rows.schema.names


def test_a_request_without_spans_has_no_rows() -> None:
    assert len(decode_otlp_spans(b"", json=False)) == 0


def test_ids_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(InvalidTraceId, match="trace ids must be 128 bit, received 64 bits"):
        decode_otlp_spans(request_bytes(trace_id=b"t" * 8), json=False)
    with pytest.raises(InvalidSpanId, match="span ids must be 64 bit and not all zero, received 32 bits"):
        decode_otlp_spans(request_bytes(span_id=b"s" * 4), json=False)


def test_ids_of_zeros_are_none() -> None:
    with pytest.raises(InvalidTraceId, match="trace ids must be 128 bit, received 0 bits"):
        decode_otlp_spans(request_bytes(trace_id=bytes(16)), json=False)
    with pytest.raises(InvalidSpanId, match="span ids must be 64 bit and not all zero, received 0 bits"):
        decode_otlp_spans(request_bytes(span_id=bytes(8)), json=False)


def test_a_link_with_ids_of_a_wrong_length_is_dropped_and_counted() -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number, links in enumerate(([(16, 8), (0, 8), (16, 8), (8, 8)], [], [(16, 7)], [(16, 8)])):
        span = spans.add(trace_id=b"t" * 16, span_id=bytes([number + 1] * 8), dropped_links_count=2 * number)
        for at, (trace_size, span_size) in enumerate(links):
            link = span.links.add(trace_id=b"u" * trace_size, span_id=b"v" * span_size, trace_state=str(at))
            link.attributes.add(key="at", value=any_value(at))
    rows = decode_otlp_spans(request.SerializeToString(), json=False).rows.to_pylist()
    assert [row["dropped_links"] for row in rows] == [2, 2, 5, 6]
    assert [row["link_trace_state"] for row in rows] == [["0", "2"], None, None, ["0"]]
    assert [row["link:int.at"] for row in rows] == [[0, 2], None, None, [0]]


def test_without_a_good_link_there_are_no_columns_of_links() -> None:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, dropped_links_count=2**32 - 1)
    span.links.add(trace_id=b"u", span_id=b"v")
    (row,) = decode_otlp_spans(request.SerializeToString(), json=False).rows.to_pylist()
    assert row["dropped_links"] == 2**32 - 1
    assert not any(name.startswith("link") for name in row)


BODIES = st.one_of(st.just(request_bytes()), requests().map(ExportTraceServiceRequest.SerializeToString))


def decode_or_refuse(body: bytes) -> None:
    """What is not refused with a declared error is a valid batch."""
    with contextlib.suppress(BadRequest, LimitExceeded):
        decode_otlp_spans(body, json=False).rows.validate(full=True)


@given(BODIES, st.data())
def test_a_body_that_is_cut_raises_declared_errors(body: bytes, data: st.DataObject) -> None:
    decode_or_refuse(body[: data.draw(st.integers(0, len(body)))])


@given(BODIES, st.lists(st.tuples(st.integers(0), st.integers(0, 7)), min_size=1, max_size=4))
def test_flipped_bits_raise_declared_errors(body: bytes, flips: list[tuple[int, int]]) -> None:
    damaged = bytearray(body)
    for at, bit in flips:
        damaged[at % len(damaged)] ^= 1 << bit
    decode_or_refuse(bytes(damaged))


@given(BODIES, st.integers(0), st.binary(min_size=1, max_size=12), st.booleans())
def test_foreign_bytes_raise_declared_errors(body: bytes, at: int, foreign: bytes, instead: bool) -> None:
    at %= len(body)
    decode_or_refuse(body[:at] + foreign + body[at + instead * len(foreign) :])


def test_json_says_the_same() -> None:
    span = {"traceId": b"t".hex() * 16, "spanId": b"s".hex() * 8, "kind": "SPAN_KIND_SERVER", "startTimeUnixNano": "5", "endTimeUnixNano": 9}
    span |= {"status": {"code": "STATUS_CODE_ERROR"}, "attributes": [{"key": "n", "value": {"intValue": "7"}}]}
    span |= {"events": [{"timeUnixNano": "6", "name": "e"}], "links": [{"traceId": "75" * 16, "spanId": "76" * 8}], "flags": 1}
    body = dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}], "schemaUrl": "u"}]}).encode()
    decoded = decode_otlp_spans(body, json=True)
    (row,) = decoded.rows.to_pylist()
    assert decoded.series == ((("resource_schema_url", "u"),),)
    assert (row["trace_id"], row["kind"], row["status"], row["duration_ns"], row["span:int.n"]) == (b"t" * 16, 2, 2, 4, 7)
    assert (row["event_name"], row["link_trace_id"], row["flags"]) == (["e"], [b"u" * 16], 1)


def test_odd_spans_are_kept_as_they_are() -> None:
    request = ExportTraceServiceRequest()
    request.resource_spans.add().scope_spans.add().spans.add(
        trace_id=b"t" * 16, span_id=b"s" * 8, start_time_unix_nano=9, end_time_unix_nano=4, kind=200
    )
    (row,) = decode_otlp_spans(request.SerializeToString(), json=False).rows.to_pylist()
    assert (row["duration_ns"], row["kind"], row.get("parent_id")) == (-5, 127, None)


def test_attributes_beyond_the_cap_are_written_as_storage_writes_them() -> None:
    request = ExportTraceServiceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(2):
        span = spans.add(trace_id=b"t" * 16, span_id=bytes([1] * 7 + [number]))
        for key in range(DYNAMIC_COLUMNS_MAX):
            span.attributes.add(key=f"k{key:04}", value=any_value(key))
    spans[0].attributes.add(key="rare", value=any_value(100_000.0))
    spans[0].events.add().attributes.add(key="x", value=any_value("ü"))
    decoded = decode_otlp_spans(request.SerializeToString(), json=False)
    first, second = decoded.rows.column(REST).to_pylist()
    assert first == [("event.x", '["ü"]'), ("span:float.rare", "100000")]
    assert second is None
    columns = ["event.x", "span:float.rare"]
    again = conform(conform(decoded.rows, columns, SPANS.columns.names), (), SPANS.columns.names).column(REST)[0].as_py()
    assert [pair for pair in again if pair[0] in columns] == first

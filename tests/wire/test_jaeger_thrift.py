"""A Jaeger batch says what OTLP says."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, MalformedBody, TooManyRows
from lgtm.wire.jaeger_thrift import decode_jaeger_spans
from wire.thrift_bytes import I32Value, struct_bytes

TRACE_LOW, TRACE_HIGH = 0x1122_3344_5566_7788, -1
TRACE_ID = b"\xff" * 8 + bytes.fromhex("1122334455667788")


def tag(key: str, value: Any) -> dict[int, Any]:
    place = {str: (0, 3), float: (1, 4), bool: (2, 5), int: (3, 6), bytes: (4, 7)}[type(value)]
    return {1: key, 2: I32Value(place[0]), place[1]: value}


def tags(values: dict[str, Any]) -> list[dict[int, Any]]:
    return [tag(key, value) for key, value in values.items()]


def span(**fields: Any) -> dict[int, Any]:
    numbers = {"parent": 4, "name": 5, "references": 6, "start": 8, "duration": 9, "tags": 10, "logs": 11, "id": 3}
    return {1: TRACE_LOW, 2: TRACE_HIGH, 3: 5} | {numbers[name]: value for name, value in fields.items()}


def reference(kind: int, span_id: int, *, low: int = TRACE_LOW) -> dict[int, Any]:
    return {1: I32Value(kind), 2: low, 3: TRACE_HIGH, 4: span_id}


def batch_bytes(*spans: dict[int, Any], process: dict[int, Any] | None = None) -> bytes:
    return struct_bytes({1: process or {1: "shop"}, 2: list(spans)})


def row_of(**fields: Any) -> dict[str, Any]:
    row: dict[str, Any]
    (row,) = decode_jaeger_spans(batch_bytes(span(**fields))).rows.to_pylist()
    return row


def test_a_whole_span_is_read() -> None:
    process = {1: "shop", 2: [tag("hostname", "h"), tag("pid", 7), tag("service.name", "other")]}
    logs = [{1: 3, 2: [tag("event", "first"), tag("n", 1)]}, {1: 4, 2: []}]
    values = {"s": "x", "f": 0.5, "b": True, "i": -1, "y": b"\xff", "span.kind": "client", "otel.scope.name": "lib"}
    whole = span(parent=-2, name="get", start=1_700_000_000_000_001, duration=250, logs=logs, tags=tags(values))
    decoded = decode_jaeger_spans(batch_bytes(whole, process=process))
    assert decoded.format == "jaeger"
    labels = {"resource.service.name": "shop", "resource.host.name": "h", "resource:int.pid": "7", "scope_name": "lib"}
    assert dict(decoded.series[0]) == labels
    (row,) = decoded.rows.to_pylist()
    assert row == {
        "series": 0,
        "ts": 1_700_000_000_000_001_000,
        "trace_id": TRACE_ID,
        "span_id": bytes(7) + b"\x05",
        "parent_id": b"\xff" * 7 + b"\xfe",
        "duration_ns": 250_000,
        "name": "get",
        "kind": 3,
        "status": 0,
        "event_time_ns": [3_000, 4_000],
        "event_name": ["first", ""],
        "event:int.n": [1, None],
        "span.s": "x",
        "span:float.f": 0.5,
        "span:bool.b": True,
        "span:int.i": -1,
        "span:any.y": b":\x01\xff",
    }


def test_references_are_the_parent_and_links() -> None:
    row = row_of(references=[reference(1, 8), reference(0, 7), reference(0, 9), reference(0, 7, low=1)])
    assert row["parent_id"] == bytes(7) + b"\x07"
    assert [each[-1] for each in row["link_span_id"]] == [8, 9, 7]
    assert row["link.opentracing.ref_type"] == ["follows_from", "child_of", "child_of"]
    row = row_of(parent=7, references=[reference(0, 7)])
    assert (row["parent_id"], "link_span_id" in row) == (bytes(7) + b"\x07", False)


@pytest.mark.parametrize(
    ("values", "status", "message", "error"),
    [
        ({}, 0, None, None),
        ({"error": True}, 2, None, None),
        ({"error": "true"}, 2, None, None),
        ({"error": False}, 0, None, False),
        ({"error": 1}, 0, None, 1),
        ({"otel.status_code": "OK"}, 1, None, None),
        ({"otel.status_code": "error"}, 2, None, None),
    ],
)
def test_tags_tell_the_status(values: dict[str, Any], status: int, message: str | None, error: Any) -> None:
    row = row_of(tags=tags(values))
    found = next((value for name, value in row.items() if name.endswith(".error")), None)
    assert (row["status"], row.get("status_message"), found) == (status, message, error)


def test_a_description_is_the_message_of_the_status() -> None:
    row = row_of(tags=[tag("otel.status_description", "boom"), tag("error", True), tag("w3c.tracestate", "a=1")])
    assert (row["status"], row["status_message"], row["trace_state"]) == (2, "boom", "a=1")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"id": 0}, r"thrift: spans\[1\].spanId must be an id that is not zero"),
        ({"start": -1}, r"thrift: spans\[1\].startTime must be a time of 1970 or later"),
        ({"name": 5}, r"thrift: spans\[1\].operationName must be a string"),
        ({"tags": [{1: "k", 2: I32Value(9)}]}, r"thrift: spans\[1\].tags\[0\].vType must be a type from 0 to 4"),
        ({"logs": [{1: "x"}]}, r"thrift: spans\[1\].logs\[0\].timestamp must be an integer"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        decode_jaeger_spans(batch_bytes(span(), span(**fields)))


def test_a_batch_has_a_process_and_so_many_spans() -> None:
    with pytest.raises(MalformedBody, match="thrift: process must be a struct"):
        decode_jaeger_spans(struct_bytes({2: [span()]}))
    with pytest.raises(TooManyRows):
        decode_jaeger_spans(batch_bytes(span(), span(), span()), bounds=BodyBounds(rows_max=2))
    assert len(decode_jaeger_spans(batch_bytes())) == 0


@given(st.lists(st.tuples(st.integers(0), st.integers(0, 255)), max_size=3), st.integers(0, 400))
def test_damage_raises_declared_errors(flips: list[tuple[int, int]], cut: int) -> None:
    logs = [{1: 3, 2: [tag("event", "first"), tag("n", 1)]}]
    body = bytearray(batch_bytes(span(tags=tags({"s": "x", "f": 0.5, "b": True, "y": b"\xff"}), logs=logs, references=[reference(0, 7)]), span()))
    for at, byte in flips:
        body[at % len(body)] = byte
    for damaged in (body, body[:cut]):
        with contextlib.suppress(BadRequest, LimitExceeded):
            decode_jaeger_spans(bytes(damaged)).rows.validate(full=True)

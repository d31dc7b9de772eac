"""OTLP/JSON is read by its own rules: ids in hex, integers also as strings, unknown keys ignored."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.any_value import DEPTH_MAX
from lgtm.wire.bounds import BodyBounds, DecompressedTooLarge, MalformedBody
from lgtm.wire.otlp_json import logs_to_protobuf, metrics_to_protobuf
from wire.messages import any_value, otlp_message


def request_of(record: Any) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode()


def read(body: bytes) -> ExportLogsServiceRequest:
    return ExportLogsServiceRequest.FromString(logs_to_protobuf(body, BodyBounds()))


def record_of(record: Any) -> LogRecord:
    return read(request_of(record)).resource_logs[0].scope_logs[0].log_records[0]


def test_a_whole_request_is_read() -> None:
    document = {
        "resourceLogs": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "api"}}]},
                "scopeLogs": [
                    {
                        "scope": {
                            "name": "lib",
                            "version": "1",
                            "attributes": [{"key": "n", "value": {"intValue": "5"}}],
                            "droppedAttributesCount": 2,
                        },
                        "logRecords": [
                            {"timeUnixNano": "7", "body": {"stringValue": "line"}, "attributes": [{"key": "ok", "value": {"boolValue": True}}]}
                        ],
                        "schemaUrl": "ignored",
                    }
                ],
            }
        ]
    }
    record = {"time_unix_nano": 7, "body": "line", "attributes": {"ok": True}}
    scope = {"name": "lib", "version": "1", "attributes": {"n": 5}, "dropped_attributes_count": 2}
    assert read(json.dumps(document).encode()) == otlp_message([record], {"service.name": "api"}, scope)


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"timeUnixNano": "1795168860000000000"}, {"time_unix_nano": 1795168860000000000}),
        ({"timeUnixNano": 1795168860000000000}, {"time_unix_nano": 1795168860000000000}),
        ({"time_unix_nano": "5", "observed_time_unix_nano": 6}, {"time_unix_nano": 5, "observed_time_unix_nano": 6}),
        ({"severityNumber": 17}, {"severity_number": 17}),
        ({"severityNumber": "SEVERITY_NUMBER_ERROR"}, {"severity_number": 17}),
        ({"severityNumber": "SEVERITY_NUMBER_FATAL4"}, {"severity_number": 24}),
        (
            {"severityText": "INFO", "eventName": "e", "flags": 1, "droppedAttributesCount": 3},
            {"severity_text": "INFO", "event_name": "e", "flags": 1, "dropped_attributes_count": 3},
        ),
        (
            {"traceId": "0102030405060708090A0b0c0d0e0f10", "spanId": "0102030405060708"},
            {"trace_id": bytes(range(1, 17)), "span_id": bytes(range(1, 9))},
        ),
        ({"traceId": "", "spanId": None, "unknown": [1]}, {}),
    ],
)
def test_fields_of_a_record_are_read(record: Any, fields: dict[str, Any]) -> None:
    assert record_of(record) == LogRecord(**fields)


@pytest.mark.parametrize(
    ("value", "meaning"),
    [
        ({"stringValue": "ü"}, "ü"),
        ({"boolValue": False}, False),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 5}, 5),
        ({"intValue": 5.0}, 5),
        ({"doubleValue": 1.5}, 1.5),
        ({"doubleValue": 2}, 2.0),
        ({"doubleValue": "Infinity"}, float("inf")),
        ({"bytesValue": "AP8="}, b"\x00\xff"),
        ({"bytesValue": ""}, b""),
        ({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "x"}]}}, [1, "x"]),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"arrayValue": {}}}]}}, {"a": []}),
        ({}, None),
    ],
)
def test_values_of_all_types_are_read(value: Any, meaning: Any) -> None:
    assert record_of({"body": value}).body == any_value(meaning)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "json: "),
        (b"[]", "request must be an object"),
        (b'{"resourceLogs":{}}', "request.resourceLogs must be an array"),
        (b'{"resourceLogs":[1]}', r"request.resourceLogs\[0\] must be an object"),
        (request_of({"timeUnixNano": "-1"}), "timeUnixNano must be an integer from 0"),
        (request_of({"timeUnixNano": str(2**64)}), "timeUnixNano must be an integer"),
        (request_of({"timeUnixNano": "1.5"}), "timeUnixNano must be an integer"),
        (request_of({"timeUnixNano": "٣"}), "timeUnixNano must be an integer"),
        (request_of({"timeUnixNano": True}), "timeUnixNano must be an integer"),
        (request_of({"severityNumber": "LOUD"}), "severityNumber must be an integer"),
        (request_of({"severityText": 5}), "severityText must be a string"),
        (request_of({"flags": 2**32}), "flags must be an integer"),
        (request_of({"traceId": "zz"}), "traceId must be hexadecimal digits"),
        (request_of({"traceId": "01 02"}), "traceId must be hexadecimal digits"),
        (request_of({"traceId": 5}), "traceId must be hexadecimal digits"),
        (request_of({"body": "text"}), "body must be an object"),
        (request_of({"body": {"boolValue": 1}}), "boolValue must be true or false"),
        (request_of({"body": {"doubleValue": "x"}}), "doubleValue must be a number"),
        (request_of({"body": {"doubleValue": True}}), "doubleValue must be a number"),
        (request_of({"body": {"bytesValue": "*"}}), "bytesValue must be base64"),
        (request_of({"attributes": {"a": 1}}), "attributes must be an array"),
    ],
)
def test_a_wrong_type_is_refused_by_its_place(body: bytes, text: str) -> None:
    with pytest.raises(MalformedBody, match=text):
        logs_to_protobuf(body, BodyBounds())


def test_nothing_is_read_as_nothing() -> None:
    assert logs_to_protobuf(b"null", BodyBounds()) == b""
    assert logs_to_protobuf(b'{"unknown":1}', BodyBounds()) == b""


def test_size_and_depth_are_bounded() -> None:
    with pytest.raises(DecompressedTooLarge):
        logs_to_protobuf(b" " * 101, BodyBounds(json_bytes_max=100))
    value: Any = {"stringValue": "x"}
    for _ in range(DEPTH_MAX * 2):
        value = {"arrayValue": {"values": [value]}}
    with pytest.raises(MalformedBody, match="nested deeper"):
        logs_to_protobuf(request_of({"body": value}), BodyBounds())


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["body", "attributes", "key", "value", "values", "kvlistValue", "intValue", "timeUnixNano", "traceId"]), inner, max_size=3
        )
    ),
    max_leaves=10,
)


@given(anything)
def test_any_json_is_refused_or_read_and_never_anything_else(value: Any) -> None:
    for body in (json.dumps(value).encode(), request_of(value), request_of({"body": value, "attributes": [value]})):
        with contextlib.suppress(BadRequest, LimitExceeded):
            read(body)


in_points = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["dataPoints", "asInt", "bucketCounts", "explicitBounds", "positive", "offset", "scale", "exemplars", "sum"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=10,
)


@given(st.sampled_from(["gauge", "sum", "histogram", "exponentialHistogram", "summary"]), in_points)
def test_any_json_of_metrics_is_refused_or_is_protobuf(kind: str, value: Any) -> None:
    for data in (value, {"dataPoints": [value]}):
        body = json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [{kind: data}]}]}]}).encode()
        with contextlib.suppress(BadRequest, LimitExceeded):
            ExportMetricsServiceRequest.FromString(metrics_to_protobuf(body, BodyBounds()))

"""OTLP logs become rows as Loki would store them, from protobuf and from JSON alike."""

from __future__ import annotations

import base64
import contextlib
import tracemalloc
from collections.abc import Mapping
from json import dumps
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.model.limits import OTLP_INDEX_ATTRIBUTES
from lgtm.wire.any_value import json_text
from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge, NoStreams, TooManyRows, TooManyStreams
from lgtm.wire.decoded import DecodedLogs
from lgtm.wire.metadata_names import sanitize
from lgtm.wire.otlp_logs import InvalidAttributeName, decode_otlp_logs
from wire.messages import entries_of, field_bytes, otlp_message

T = 1795168860000000000
NOW = 42
TRACE, SPAN = bytes(range(1, 17)), bytes(range(1, 9))


def decode(body: bytes, bounds: BodyBounds | None = None, *, json: bool = False) -> DecodedLogs:
    return decode_otlp_logs(body, json=json, now_ns=NOW, index_attributes=OTLP_INDEX_ATTRIBUTES, bounds=bounds or BodyBounds())


def one_row(record: Mapping[str, Any], **around: Any) -> tuple[int, str, dict[str, str]]:
    (_, ts, line, metadata), *others = entries_of(decode(otlp_message([record], **around).SerializeToString()))
    assert not others
    return ts, line, metadata


def metadata_of(record: Mapping[str, Any], **around: Any) -> dict[str, str]:
    return one_row({"time_unix_nano": T, **record}, **around)[2]


def test_indexed_resource_attributes_are_labels_and_the_others_metadata() -> None:
    resource = {"service.name": "api", "k8s.pod.name": "pod-1", "service.namespace": "", "host.name": "h1", "process": {"pid": 7}}
    decoded = decode(otlp_message([{"time_unix_nano": T}] * 2, resource).SerializeToString())
    assert decoded.streams[0].labels == (("service_name", "api"), ("k8s_pod_name", "pod-1"))
    assert decoded.streams[0].text == '{k8s_pod_name="pod-1", service_name="api"}'
    assert entries_of(decoded) == [(0, T, "", {"host_name": "h1", "process_pid": "7"})] * 2
    assert decoded.format == "otlp"


def test_which_attributes_are_labels_is_the_tenants_choice() -> None:
    body = otlp_message([{"time_unix_nano": T}], {"service.name": "api", "team": {"name": "x"}}).SerializeToString()
    decoded = decode_otlp_logs(body, json=False, now_ns=NOW, index_attributes=["team"])
    assert decoded.streams[0].labels == (("team_name", "x"),)
    assert entries_of(decoded)[0][3] == {"service_name": "api"}


@pytest.mark.parametrize(
    ("record", "ts", "observed"),
    [
        ({"time_unix_nano": T}, T, None),
        ({"time_unix_nano": T, "observed_time_unix_nano": T + 5}, T, str(T + 5)),
        ({"observed_time_unix_nano": T + 5}, T + 5, None),
        ({}, NOW, None),
    ],
)
def test_the_time_is_the_first_that_is_known(record: dict[str, Any], ts: int, observed: str | None) -> None:
    got, _, metadata = one_row(record)
    assert got == ts
    assert metadata.get("observed_timestamp") == observed


@pytest.mark.parametrize(
    ("record", "metadata"),
    [
        ({"severity_number": 9, "severity_text": "INFO"}, {"severity_number": "9", "severity_text": "INFO"}),
        ({"severity_number": 0, "severity_text": ""}, {}),
        ({"trace_id": TRACE, "span_id": SPAN}, {"trace_id": TRACE.hex(), "span_id": SPAN.hex()}),
        ({"trace_id": bytes(16), "span_id": bytes(8)}, {}),
        ({"flags": 1, "dropped_attributes_count": 3}, {"flags": "1", "dropped_attributes_count": "3"}),
        ({"flags": 2**32 - 1, "dropped_attributes_count": 2**32 - 1}, {"flags": "4294967295", "dropped_attributes_count": "4294967295"}),
        ({"event_name": "my.event"}, {"event_name": "my.event"}),
        ({"attributes": {"http.status_code": 200, "ratio": 0.25, "flag": True}}, {"http_status_code": "200", "ratio": "0.25", "flag": "true"}),
        ({"attributes": {"nested": {"a": 1, "b": {"c": "d"}}, "list": ["a", 1, True]}}, {"nested_a": "1", "nested_b_c": "d", "list": '["a",1,true]'}),
        ({"attributes": {"a.b": "1", "a_b": "2"}}, {"a_b": "2"}),
        ({"attributes": {"empty": "", "none": None, "no_leaves": {}}}, {}),
        ({"attributes": {"severity_text": "x"}, "severity_text": "INFO"}, {"severity_text": "INFO"}),
    ],
)
def test_what_a_record_says_is_metadata(record: dict[str, Any], metadata: dict[str, str]) -> None:
    assert metadata_of(record) == metadata


def test_a_scope_is_metadata_of_its_records_only() -> None:
    request = otlp_message([{"time_unix_nano": T}], scope={"name": "lib", "version": "1.2", "dropped_attributes_count": 2, "attributes": {"s.a": 5}})
    request.resource_logs[0].scope_logs.add().log_records.add(time_unix_nano=T)
    entries = entries_of(decode(request.SerializeToString()))
    scope = {"scope_name": "lib", "scope_version": "1.2", "scope_dropped_attributes_count": "2", "s_a": "5"}
    assert entries == [(0, T, "", scope), (0, T, "", {})]


def test_scope_beats_resource_beats_record() -> None:
    record, resource, scope = {"attributes": {"a": "record", "b": "record"}}, {"a": "resource", "b": "resource"}, {"attributes": {"a": "scope"}}
    assert metadata_of(record, resource=resource, scope=scope) == {"a": "scope", "b": "resource"}


def test_each_resource_with_records_is_a_stream() -> None:
    request = otlp_message([{"time_unix_nano": T}], {"service.name": "a"})
    otlp_message([], {"service.name": "empty"}, request=request)
    otlp_message([{"time_unix_nano": T + 1}], {"service.name": "b"}, request=request)
    decoded = decode(request.SerializeToString())
    assert [stream.text for stream in decoded.streams] == ['{service_name="a"}', '{service_name="b"}']
    assert [(series, ts) for series, ts, _, _ in entries_of(decoded)] == [(0, T), (1, T + 1)]


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=12)
values = st.recursive(
    texts | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("kl"), inner, max_size=2),
    max_leaves=4,
)
attributes = st.dictionaries(st.sampled_from(["http.route", "user id", "level", "9x"]), values, max_size=3)
records = st.lists(
    st.fixed_dictionaries(
        {"time_unix_nano": st.integers(1, 2**63 - 1)},
        optional={
            "body": values,
            "severity_text": texts,
            "attributes": attributes,
            "trace_id": st.binary(min_size=16, max_size=16),
            "flags": st.integers(0, 9),
        },
    ),
    min_size=1,
    max_size=4,
)


def text(value: object) -> str:
    return value if isinstance(value, str) else json_text(value)  # type: ignore[arg-type]


def leaves(key: str, value: object) -> list[tuple[str, str]]:
    return [leaf for k, v in value.items() for leaf in leaves(f"{key}_{k}", v)] if isinstance(value, dict) else [(key, text(value))]


def expected_metadata(record: Mapping[str, Any]) -> dict[str, str]:
    """Record by record, as one would write it first. Keys of maps come after the others."""
    pairs = [
        leaf for nested in (False, True) for k, v in record.get("attributes", {}).items() if isinstance(v, dict) is nested for leaf in leaves(k, v)
    ]
    if any(record.get("trace_id", b"")):
        pairs.append(("trace_id", record["trace_id"].hex()))
    pairs += [(name, str(record[name])) for name in ("severity_text", "flags") if record.get(name)]
    return {sanitize(name): value for name, value in pairs if value}


@given(st.lists(st.tuples(attributes, records), min_size=1, max_size=3))
def test_columns_hold_what_reading_record_by_record_would(resources: list[tuple[dict[str, object], list[dict[str, Any]]]]) -> None:
    request = otlp_message(resources[0][1], resources[0][0])
    for resource, of_resource in resources[1:]:
        otlp_message(of_resource, resource, request=request)
    decoded = decode(request.SerializeToString())
    decoded.rows.validate(full=True)
    expected = []
    for number, (resource, of_resource) in enumerate(resources):
        shared = {sanitize(name): value for key, item in resource.items() for name, value in leaves(key, item) if value}
        expected += [(number, r["time_unix_nano"], text(r.get("body", "")), expected_metadata(r) | shared) for r in of_resource]
    assert entries_of(decoded) == expected
    in_json = json_format.MessageToDict(request)
    for resource_logs in in_json["resourceLogs"]:
        for record in resource_logs["scopeLogs"][0]["logRecords"]:
            if "traceId" in record:
                record["traceId"] = base64.b64decode(record["traceId"]).hex()
    assert decode(dumps(in_json).encode(), json=True) == decoded


@pytest.mark.parametrize("body", [b"", otlp_message([], {"service.name": "x"}).SerializeToString(), b"\x0a\x00"])
def test_a_request_without_records_is_refused(body: bytes) -> None:
    with pytest.raises(NoStreams, match="error at least one valid stream is required for ingestion"):
        decode(body)


@pytest.mark.parametrize(
    ("record", "error", "message"),
    [
        ({"time_unix_nano": 2**63}, MalformedBody, "time_unix_nano of record 1 is out of range: 9223372036854775808"),
        ({"observed_time_unix_nano": 2**64 - 1}, MalformedBody, "observed_time_unix_nano of record 1 is out of range"),
        ({"trace_id": b"short"}, MalformedBody, "invalid length for TraceID"),
        ({"span_id": bytes(9)}, MalformedBody, "invalid length for SpanID"),
        ({"attributes": {"": "x"}}, InvalidAttributeName, "symbolizer lookup: label name is empty"),
        ({"attributes": {"_": "x"}}, InvalidAttributeName, 'symbolizer lookup: normalization for label name "_" resulted in invalid name "_"'),
    ],
)
def test_one_wrong_record_refuses_the_request(record: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        decode(otlp_message([{"time_unix_nano": T}, record]).SerializeToString())
    assert str(caught.value).startswith(message)


def test_a_resource_may_not_have_nameless_attributes_either() -> None:
    with pytest.raises(InvalidAttributeName):
        decode(otlp_message([{"time_unix_nano": T}], {"": "x"}).SerializeToString())


@pytest.mark.parametrize(
    ("field", "content", "where"),
    [
        (3, b"\xff", "severity_text of record 0"),
        (5, field_bytes(1, b"\xff"), "body of record 0"),
        (6, field_bytes(1, b"\xff"), "key of an attribute"),
        (6, field_bytes(1, b"key") + field_bytes(2, field_bytes(1, b"\xff")), "attribute key of record 0"),
    ],
)
def test_invalid_utf8_is_named_by_its_place(field: int, content: bytes, where: str) -> None:
    body = field_bytes(1, field_bytes(2, field_bytes(2, field_bytes(field, content))))
    with pytest.raises(MalformedBody, match=f"{where} is not valid UTF-8 at byte 0"):
        decode(body)


def many(resources: int, records: int, resource: dict[str, object]) -> bytes:
    return otlp_message([{"time_unix_nano": T}] * records, resource).SerializeToString() * resources


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (many(1, 101, {}), TooManyRows),
        (many(6, 20, {}), TooManyRows),
        (many(11, 1, {}), TooManyStreams),
        (many(1, 50, {"host.name": "x" * 200}), MetadataTooLarge),
    ],
)
def test_each_bound_has_its_error(body: bytes, error: type[Exception]) -> None:
    with pytest.raises(error, match="request body too large: "):
        decode(body, BodyBounds(rows_max=100, streams_max=10, metadata_bytes_max=10_000))


def test_what_a_resource_says_once_does_not_explode_over_its_records() -> None:
    body = many(1, 20_000, {f"key{i}": "x" * 1000 for i in range(100)})
    tracemalloc.start()
    with pytest.raises(MetadataTooLarge):
        decode(body)
    assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    tracemalloc.stop()


def test_maps_do_not_explode_by_their_long_keys() -> None:
    attributes = {"x" * 4000: {str(i): "x" for i in range(10_000)}}
    with pytest.raises(MetadataTooLarge):
        decode(otlp_message([{"time_unix_nano": T, "attributes": attributes}]).SerializeToString())


GOOD = otlp_message(
    [{"time_unix_nano": T, "body": "line", "attributes": {"a": {"b": [1, "x"]}, "c": 0.5}, "trace_id": TRACE, "severity_number": 9}] * 2,
    {"service.name": "api", "host.name": "h"},
    {"name": "lib"},
).SerializeToString()


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest, LimitExceeded):
        decode(bytes(body)).rows.validate(full=True)


@pytest.mark.parametrize("size", range(1, len(GOOD), 7))
def test_a_cut_request_is_refused(size: int) -> None:
    with pytest.raises(MalformedBody, match="unexpected EOF"):
        decode(GOOD[:size])

"""Zipkin v2 JSON says what OTLP says, and a wrong field is named."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, DecompressedTooLarge, MalformedBody, TooManyRows
from lgtm.wire.zipkin import decode_zipkin_spans

IDS = {"traceId": "0af7651916cd43dd8448eb211c80319c", "id": "b7ad6b7169203331"}


def rows_of(*spans: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = decode_zipkin_spans(json.dumps(spans).encode()).rows.to_pylist()
    return rows


def row_of(**fields: Any) -> dict[str, Any]:
    (row,) = rows_of(IDS | fields)
    return row


def test_a_whole_span_is_read() -> None:
    span = IDS | {
        "parentId": "1",
        "name": "get",
        "kind": "CLIENT",
        "timestamp": 1_700_000_000_000_001,
        "duration": 250,
        "shared": True,
        "debug": True,
    }
    span |= {"localEndpoint": {"serviceName": "shop", "ipv4": "10.0.0.1", "port": 80}, "tags": {"http.path": "/", "otel.scope.name": "lib"}}
    span |= {"remoteEndpoint": {"serviceName": "db", "ipv6": "::1", "port": 5432}, "annotations": [{"timestamp": 7, "value": "ws"}]}
    decoded = decode_zipkin_spans(json.dumps([span]).encode())
    assert decoded.format == "zipkin"
    assert decoded.series == ((("resource.service.name", "shop"), ("scope_name", "lib")),)
    (row,) = decoded.rows.to_pylist()
    assert row == {
        "series": 0,
        "ts": 1_700_000_000_000_001_000,
        "trace_id": bytes.fromhex(IDS["traceId"]),
        "span_id": bytes.fromhex(IDS["id"]),
        "parent_id": bytes(7) + b"\x01",
        "duration_ns": 250_000,
        "name": "get",
        "kind": 3,
        "status": 0,
        "event_time_ns": [7_000],
        "event_name": ["ws"],
        "span.http.path": "/",
        "span.net.host.ip": "10.0.0.1",
        "span:int.net.host.port": 80,
        "span.peer.service": "db",
        "span.net.peer.ip": "::1",
        "span:int.net.peer.port": 5432,
        "span:bool.zipkin.debug": True,
    }


def test_ids_are_padded_on_the_left() -> None:
    row = row_of(traceId="48485a3953bb6124", id="1F")
    assert (row["trace_id"].hex(), row["span_id"].hex()) == ("000000000000000048485a3953bb6124", "000000000000001f")
    assert "parent_id" not in row_of(parentId=IDS["id"])
    assert "parent_id" not in row_of(parentId="")


@pytest.mark.parametrize(
    ("kind", "tags", "number"),
    [
        ("CLIENT", {}, 3),
        ("SERVER", {"span.kind": "internal"}, 2),
        ("PRODUCER", {}, 4),
        ("CONSUMER", {}, 5),
        (None, {}, 0),
        (None, {"span.kind": "internal"}, 1),
        ("CLIENTELE", {}, 0),
    ],
)
def test_kinds_have_names(kind: str | None, tags: dict[str, str], number: int) -> None:
    assert row_of(kind=kind, tags=tags)["kind"] == number


@pytest.mark.parametrize(
    ("tags", "status", "message", "error"),
    [
        ({}, 0, None, None),
        ({"error": "true"}, 2, None, None),
        ({"error": "timed out"}, 2, "timed out", "timed out"),
        ({"error": "false"}, 0, None, "false"),
        ({"otel.status_code": "OK"}, 1, None, None),
        ({"otel.status_code": "STATUS_CODE_ERROR", "otel.status_description": "boom"}, 2, "boom", None),
        ({"otel.status_code": "ERROR", "otel.status_description": "boom", "error": "bang"}, 2, "boom", "bang"),
        ({"otel.status_code": "WELL"}, 0, None, None),
    ],
)
def test_tags_tell_the_status(tags: dict[str, str], status: int, message: str | None, error: str | None) -> None:
    row = row_of(tags=tags)
    assert (row["status"], row.get("status_message"), row.get("span.error")) == (status, message, error)


def test_an_empty_error_is_one() -> None:
    row = row_of(tags={"error": ""})
    assert (row["status"], row["span:any.error"]) == (2, b"\n\x00")


def test_trace_state_and_scope_are_no_attributes() -> None:
    tags = {"w3c.tracestate": "a=1", "otel.library.name": "lib", "otel.library.version": "2", "k": "v"}
    decoded = decode_zipkin_spans(json.dumps([IDS | {"timestamp": 1, "tags": tags}]).encode())
    (row,) = decoded.rows.to_pylist()
    assert decoded.series == ((("scope_name", "lib"), ("scope_version", "2")),)
    assert (row["trace_state"], [name for name in row if name.startswith("span.")]) == ("a=1", ["span.k"])


def test_a_span_without_a_timestamp_says_so() -> None:
    row = row_of(duration=5)
    assert (row["ts"], row["duration_ns"], row["span:bool.otel.zipkin.absentField.startTime"]) == (0, 5_000, True)


def test_a_tag_beats_what_an_endpoint_says() -> None:
    row = row_of(tags={"net.peer.ip": "tag"}, remoteEndpoint={"ipv4": "10.0.0.1", "ipv6": "::1"})
    assert row["span.net.peer.ip"] == "tag"
    assert row_of(remoteEndpoint={"ipv4": "10.0.0.1", "ipv6": "::1"})["span.net.peer.ip"] == "10.0.0.1"


def test_halves_of_a_shared_span_stay_two() -> None:
    client, server = rows_of(IDS | {"kind": "CLIENT"}, IDS | {"kind": "SERVER", "shared": True})
    assert client["span_id"] == server["span_id"]
    assert (client["kind"], server["kind"]) == (3, 2)


def test_an_empty_array_has_no_rows_and_null_is_no_span() -> None:
    assert rows_of() == rows_of(None) == []


@pytest.mark.parametrize(
    ("span", "message"),
    [
        (5, r"zipkin: spans\[1\] must be an object"),
        ({"id": "1"}, r"spans\[1\].traceId must be an id that is not zero"),
        (IDS | {"id": "0000"}, r"spans\[1\].id must be an id that is not zero"),
        (IDS | {"traceId": "1" * 33}, r"spans\[1\].traceId must be at most 32 hexadecimal digits"),
        (IDS | {"id": "0x1"}, r"spans\[1\].id must be at most 16 hexadecimal digits"),
        (IDS | {"parentId": 5}, r"spans\[1\].parentId must be a string"),
        (IDS | {"timestamp": "5"}, r"spans\[1\].timestamp must be an integer from 0"),
        (IDS | {"duration": -1}, r"spans\[1\].duration must be an integer from 0"),
        (IDS | {"duration": 1e300}, r"spans\[1\].duration must be an integer from 0"),
        (IDS | {"tags": {"a": 1}}, r"spans\[1\].tags.a must be a string"),
        (IDS | {"tags": []}, r"spans\[1\].tags must be an object"),
        (IDS | {"debug": 1}, r"spans\[1\].debug must be true or false"),
        (IDS | {"annotations": {}}, r"spans\[1\].annotations must be an array"),
        (IDS | {"annotations": [{"value": 1}]}, r"spans\[1\].annotations\[0\].value must be a string"),
        (IDS | {"localEndpoint": {"serviceName": 1}}, r"spans\[1\].localEndpoint.serviceName must be a string"),
        (IDS | {"remoteEndpoint": {"port": 65536}}, r"spans\[1\].remoteEndpoint.port must be an integer from 0 to 65535"),
    ],
)
def test_a_wrong_field_is_named(span: Any, message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        rows_of(IDS, span)


@pytest.mark.parametrize("body", [b"", b"{}", b"null", b"[", b"\xff", b"[" * 100_000])
def test_what_is_no_array_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode_zipkin_spans(body)


def test_bodies_have_bounds() -> None:
    with pytest.raises(TooManyRows):
        decode_zipkin_spans(json.dumps([IDS] * 3).encode(), bounds=BodyBounds(rows_max=2))
    with pytest.raises(DecompressedTooLarge):
        decode_zipkin_spans(json.dumps([IDS] * 3).encode(), bounds=BodyBounds(json_bytes_max=10))


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
ATTRIBUTES = st.dictionaries(TEXTS.map("k".__add__), TEXTS.filter(bool), max_size=3)
MICROSECONDS = st.integers(1, 4 * 10**15)
SPANS = st.lists(
    st.fixed_dictionaries(
        {
            "trace_id": st.binary(min_size=16, max_size=16).filter(any),
            "span_id": st.binary(min_size=8, max_size=8).filter(any),
            "service": TEXTS,
            "name": TEXTS,
            "kind": st.integers(0, 5).filter(lambda kind: kind != 1),
            "start": MICROSECONDS,
            "duration": MICROSECONDS,
            "tags": ATTRIBUTES,
            "events": st.lists(st.tuples(MICROSECONDS, TEXTS), max_size=2),
        }
    ),
    max_size=5,
)
KINDS = (None, None, "SERVER", "CLIENT", "PRODUCER", "CONSUMER")


def zipkin_of(span: dict[str, Any]) -> dict[str, Any]:
    return {
        "traceId": span["trace_id"].hex().lstrip("0"),
        "id": span["span_id"].hex(),
        "localEndpoint": {"serviceName": span["service"]},
        "name": span["name"],
        "kind": KINDS[span["kind"]],
        "timestamp": span["start"],
        "duration": span["duration"],
        "tags": span["tags"],
        "annotations": [{"timestamp": at, "value": name} for at, name in span["events"]],
    }


@given(SPANS)
def test_what_was_encoded_is_decoded(spans: list[dict[str, Any]]) -> None:
    decoded = decode_zipkin_spans(json.dumps([zipkin_of(span) for span in spans]).encode())
    services = [dict(labels).get("resource.service.name", "") for labels in decoded.series]
    expected = sorted(spans, key=lambda span: services.index(span["service"]))
    rows = decoded.rows.to_pylist()
    assert len(rows) == len(expected)
    for row, span in zip(rows, expected, strict=True):
        assert services[row["series"]] == span["service"]
        assert (row["trace_id"], row["span_id"], row["name"], row["kind"]) == (span["trace_id"], span["span_id"], span["name"], span["kind"])
        assert (row["ts"], row["duration_ns"]) == (1000 * span["start"], 1000 * span["duration"])
        events = list(zip(row.get("event_time_ns") or [], row.get("event_name") or [], strict=True))
        assert events == [(1000 * at, name) for at, name in span["events"]]
        assert {name[5:]: value for name, value in row.items() if name.startswith("span.") and value is not None} == span["tags"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
)
NAMES = ("traceId", "id", "parentId", "name", "kind", "timestamp", "duration", "debug", "localEndpoint", "remoteEndpoint", "tags", "annotations")


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), JSON), max_size=2))
def test_foreign_values_raise_declared_errors(changes: list[dict[str, Any]]) -> None:
    with contextlib.suppress(BadRequest, LimitExceeded):
        rows_of(*(IDS | change for change in changes))

"""Loki push in JSON: the same rows as the same push in protobuf, and refusals that name the place."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, DecompressedTooLarge, MalformedBody, NoStreams, TooManyRows, TooManyStreams
from lgtm.wire.labels_text import InvalidLabels
from lgtm.wire.loki_json import decode_json_push, decode_legacy_json_push
from lgtm.wire.loki_push import decode_push
from wire.messages import Entry, entries_of, push_bytes

T = "1795168860000000000"
GOOD = b'{"streams":[{"stream":{"app":"api"},"values":[["1795168860000000000","line",{"trace_id":"1"}]]}]}'

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
labels = st.dictionaries(st.sampled_from(["app", "env", "pod"]), texts, max_size=3)
metadata = st.dictionaries(st.sampled_from(["trace_id", "a.b", "a_b"]), texts, max_size=3)
entries = st.lists(st.tuples(st.integers(-(2**62), 2**62), texts, metadata), max_size=5)


def stream(**changes: Any) -> bytes:
    return json.dumps({"streams": [{"stream": {"a": "1"}, "values": [[T, "line"]]} | changes]}).encode()


def value(*parts: Any) -> bytes:
    return stream(values=[list(parts)])


@given(st.lists(st.tuples(labels, entries), min_size=1, max_size=3))
def test_json_and_protobuf_of_the_same_push_decode_alike(push: Sequence[tuple[Mapping[str, str], Sequence[Entry]]]) -> None:
    body = {"streams": [{"stream": dict(pairs), "values": [[str(ts), line, dict(meta)] for ts, line, meta in rows]} for pairs, rows in push]}
    decoded = decode_json_push(json.dumps(body).encode())
    request = b"".join(push_bytes({text.text: rows}) for text, (_, rows) in zip(decoded.streams, push, strict=True))
    reference = decode_push(request)
    assert decoded.rows.equals(reference.rows)
    assert decoded.streams == reference.streams
    assert [dict(each.labels or ()) for each in decoded.streams] == [{n: v for n, v in pairs.items() if v} for pairs, _ in push]


@pytest.mark.parametrize(
    ("body", "labels"),
    [
        (stream(stream={"b": "2", "a": "1"}), [("a", "1"), ("b", "2")]),
        (stream(stream={"a": "", "b": "2"}), [("b", "2")]),
        (stream(stream={"n": 5, "b": True, "x": None}), [("b", "true"), ("n", "5"), ("x", "null")]),
        (stream(stream={"a": 'q"\\\n\u0001ü'}), [("a", 'q"\\\n\u0001ü')]),
        (stream(stream=None), []),
        (b'{"streams":[{"values":[]}]}', []),
        (b'{"streams":[{"stream":{"a":"1","a":"2"}}]}', [("a", "2")]),
    ],
)
def test_label_values_of_all_types_are_taken_by_their_text(body: bytes, labels: list[tuple[str, str]]) -> None:
    assert list(decode_json_push(body).streams[0].labels or ()) == labels


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (value(T, "x", {"a": "1"}, "beyond", 4), [(0, int(T), "x", {"a": "1"})]),
        (value(T), [(0, int(T), "", {})]),
        (value("-5", "x"), [(0, -5, "x", {})]),
        (value("9223372036854775807", "x"), [(0, 2**63 - 1, "x", {})]),
        (stream(values=[None, [T, "x"]]), [(0, int(T), "x", {})]),
        (stream(values=None), []),
        (b'{"other":1,"streams":[null,{"more":[1]}],"x":null}', []),
        (GOOD + b" trailing", [(0, int(T), "line", {"trace_id": "1"})]),
        (GOOD.replace(b"line", "ü".encode()) + b" trailing", [(0, int(T), "ü", {"trace_id": "1"})]),
    ],
)
def test_what_loki_overlooks_is_overlooked(body: bytes, rows: list[Any]) -> None:
    assert entries_of(decode_json_push(body)) == rows


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"streams":[]}', b'{"streams":null}', b'{"unknown":1}'])
def test_a_request_without_streams_is_refused(body: bytes) -> None:
    with pytest.raises(NoStreams):
        decode_json_push(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "json: "),
        (b"not json", "json: "),
        (b"[]", "the request must be an object"),
        (b'{"streams":', "json: "),
        (b'{"streams":{}}', "streams must be an array"),
        (b'{"streams":"x"}', "streams must be an array"),
        (b'{"streams":[1]}', r"streams\[0\] must be an object"),
        (stream(stream="{}"), r"streams\[0\].stream must be an object"),
        (stream(values={"a": 1}), r"streams\[0\].values must be an array"),
        (stream(values=["x"]), r"streams\[0\].values\[0\] must be an array of time and line"),
        (stream(values=[[]]), r"values\[0\] must be an array of time and line"),
        (value(T, 5), r"values\[0\]\[1\] must be a string"),
        (value(T, None), r"values\[0\]\[1\] must be a string"),
        (value(T, "x", None), r"values\[0\]\[2\] must be an object"),
        (value(T, "x", {"a": 1}), r"values\[0\]\[2\].a must be a string"),
        (value(T, "x", {"a": {"b": "c"}}), r"values\[0\]\[2\].a must be a string"),
        *[
            (value(ts, "x"), r"values\[0\]\[0\] must be a string of integer nanoseconds")
            for ts in (
                1795168860000000000,
                "",
                "abc",
                "1.5",
                " 1",
                "1_000",
                "NaN",
                "1e18",
                "٣",
                "9223372036854775808",
                "-9223372036854775809",
                "9" * 5000,
            )
        ],
        (b'{"streams":[{"stream":{"a":"lone \\ud83d"}}]}', "json: "),
        (b'{"streams":[{"stream":{"a":"\xff"}}]}', "json: "),
        (b'{"streams":' + b"[" * 100_000, "json: "),
        (b'{"x":' + b"9" * 100_000 + b"}", "json: "),
        (b'{"streams":[{"stream":{"a":' + b"[" * 500 + b"]" * 500 + b"}}]}", "nested too deeply"),
    ],
)
def test_a_malformed_request_is_refused_by_the_place(body: bytes, text: str) -> None:
    with pytest.raises(MalformedBody, match=text):
        decode_json_push(body)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a-b", "couldn't parse labels: 1:3: parse error: unexpected character inside braces: '-'"),
        ("", 'couldn\'t parse labels: 1:2: parse error: unexpected "=" in label set, expected identifier or "}"'),
    ],
)
def test_a_label_name_that_protobuf_could_not_carry_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidLabels) as caught:
        decode_json_push(stream(stream={name: "x"}))
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("bounds", "error"),
    [(BodyBounds(json_bytes_max=50), DecompressedTooLarge), (BodyBounds(rows_max=1), TooManyRows), (BodyBounds(streams_max=1), TooManyStreams)],
)
def test_each_bound_has_its_error(bounds: BodyBounds, error: type[Exception]) -> None:
    body = json.dumps({"streams": [{"values": [[T, "x"], [T, "y"]]}, {}]}).encode()
    with pytest.raises(error, match="request body too large: "):
        decode_json_push(body, bounds)


def test_the_legacy_form_has_label_text_and_rfc_3339_times() -> None:
    body = b'{"streams":[{"labels":"{a=\\"1\\"}","entries":[{"ts":"2026-11-20T10:01:00Z","line":"x"},{"ts":"2026-11-20T10:01:01Z"}]}]}'
    decoded = decode_legacy_json_push(body)
    assert decoded.streams[0].labels == (("a", "1"),)
    assert entries_of(decoded) == [(0, int(T), "x", {}), (0, int(T) + 10**9, "", {})]


def test_the_current_form_is_stored_on_the_legacy_path_too() -> None:
    assert decode_legacy_json_push(GOOD).rows.equals(decode_json_push(GOOD).rows)


@pytest.mark.parametrize(
    "stream",
    [
        '{"labels":5}',
        '{"entries":{}}',
        '{"entries":[1]}',
        '{"entries":[{"ts":1}]}',
        '{"entries":[{"ts":"9999-11-20T10:01:00Z"}]}',
        '{"labels":"{"}',
        "[]",
    ],
)
def test_a_malformed_legacy_request_is_refused(stream: str) -> None:
    with pytest.raises(BadRequest):
        decode_legacy_json_push(f'{{"streams":[{stream}]}}'.encode())


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3),
    max_leaves=8,
)


@given(json_values, json_values, json_values)
def test_any_json_is_refused_or_read_and_never_anything_else(labels: Any, values: Any, streams: Any) -> None:
    for document in (
        {"streams": [{"stream": labels, "values": values}]},
        {"streams": [{"values": [[T, "x", values]]}]},
        {"streams": streams},
        labels,
    ):
        for decoder in (decode_json_push, decode_legacy_json_push):
            with contextlib.suppress(BadRequest, LimitExceeded):
                decoder(json.dumps(document).encode())


@given(st.data())
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest, LimitExceeded):
        decode_json_push(bytes(body)).rows.validate(full=True)

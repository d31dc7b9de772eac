"""Loki push in protobuf: what the protobuf library writes, we read; what is damaged, we refuse by name."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge, NoStreams, TooManyRows, TooManyStreams, TruncatedBody
from lgtm.wire.labels_text import InvalidLabels
from lgtm.wire.loki_push import decode_push
from lgtm.wire.metadata_names import InvalidMetadataName, sanitize
from wire.messages import LOGPROTO, Entry, entries_of, field_bytes, push_bytes, push_message

T = 1795168860_000000007
GOOD = push_bytes({'{app="api", env="prod"}': [(T, "first", {"trace.id": "1"}), (T + 1, "second", {})], "{}": [(T, "", {})]})

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\ufffd"), max_size=200)
metadata = st.dictionaries(st.sampled_from(["trace_id", "a.b", "level", "user id"]), texts, max_size=3)
entries = st.lists(st.tuples(st.integers(-(2**62), 2**62), texts, metadata), max_size=6)
pushes = st.dictionaries(st.sampled_from(['{app="a"}', '{app="b", env="prod"}', "{}"]), entries, min_size=1, max_size=3)


@given(pushes)
def test_rows_are_the_entries_in_order_with_their_streams(push: Mapping[str, Sequence[Entry]]) -> None:
    decoded = decode_push(push_bytes(push))
    assert [stream.text for stream in decoded.streams] == list(push)
    assert entries_of(decoded) == [
        (stream, ts, line, {sanitize(name): value for name, value in pairs.items() if value})
        for stream, rows in enumerate(push.values())
        for ts, line, pairs in rows
    ]
    decoded.rows.validate(full=True)


def test_streams_carry_their_labels_as_sent() -> None:
    decoded = decode_push(push_bytes({'{b="2", a="1", empty=""}': [(T, "x", {})]}))
    assert decoded.streams[0].labels == (("b", "2"), ("a", "1"))
    assert decoded.format == "loki"


def test_of_two_names_that_become_one_the_first_wins() -> None:
    decoded = decode_push(push_bytes({"{}": [(T, "", {"a.b": "1", "a_b": "2"})]}))
    assert entries_of(decoded)[0][3] == {"a_b": "1"}


def test_a_replacement_character_in_metadata_becomes_a_space_and_stays_in_lines() -> None:
    decoded = decode_push(push_bytes({"{}": [(T, "\ufffd", {"a": "x\ufffdy"})]}))
    assert entries_of(decoded) == [(0, T, "\ufffd", {"a": "x y"})]


def test_unknown_fields_are_passed_over() -> None:
    message = push_message({"{}": [(T, "line", {})]})
    message.format = "otlp"
    message.streams[0].hash = 2**64 - 1
    message.streams[0].entries[0].unknown = "later version"
    assert entries_of(decode_push(message.SerializeToString())) == [(0, T, "line", {})]


def test_fields_may_come_in_any_order_and_the_last_of_each_counts() -> None:
    entry = LOGPROTO["Entry"](line=b"old")
    late = LOGPROTO["Entry"](line=b"new", timestamp={"seconds": 5})
    content = entry.SerializeToString() + late.SerializeToString()[::1]
    stream = b"\x12" + bytes([len(content)]) + content + b"\x0a\x02{}"
    assert entries_of(decode_push(b"\x0a" + bytes([len(stream)]) + stream)) == [(0, 5 * 10**9, "new", {})]


def test_an_entry_without_a_time_is_of_1970() -> None:
    message = LOGPROTO["PushRequest"]()
    message.streams.add(labels=b"{}").entries.add(line=b"x")
    assert entries_of(decode_push(message.SerializeToString())) == [(0, 0, "x", {})]


def test_streams_without_entries_have_no_rows() -> None:
    decoded = decode_push(push_bytes({'{a="1"}': [], '{b="1"}': []}))
    assert len(decoded) == 0
    assert len(decoded.streams) == 2


def test_a_request_without_streams_is_refused() -> None:
    with pytest.raises(NoStreams) as caught:
        decode_push(b"")
    assert str(caught.value) == "error at least one valid stream is required for ingestion"


@pytest.mark.parametrize(
    ("seconds", "nanos", "shown"),
    [
        (9_223_372_036, 854_775_807, "9223372036 seconds"),
        (2**63 - 1, 0, "9223372036854775807 seconds"),
        (-9_223_372_037, 0, "-9223372037 seconds"),
        (0, -1, "-1 nanoseconds"),
        (0, 1_000_000_000, "1000000000 nanoseconds"),
    ],
)
def test_a_time_beyond_64_bits_of_nanoseconds_is_refused(seconds: int, nanos: int, shown: str) -> None:
    message = push_message({"{}": [], '{a="1"}': [(0, "", {}), (0, "", {})]})
    message.streams[1].entries[1].timestamp.seconds = seconds
    message.streams[1].entries[1].timestamp.nanos = nanos
    with pytest.raises(MalformedBody, match=f"timestamp of entry 1 of stream 1 is out of range: .*{shown}"):
        decode_push(message.SerializeToString())


@pytest.mark.parametrize(("seconds", "nanos"), [(9_223_372_035, 999_999_999), (-9_223_372_036, 0), (-1, 999_999_999)])
def test_times_near_the_bounds_are_exact(seconds: int, nanos: int) -> None:
    decoded = decode_push(push_bytes({"{}": [(seconds * 10**9 + nanos, "", {})]}))
    assert entries_of(decoded)[0][1] == seconds * 10**9 + nanos


def test_invalid_utf8_is_named_by_its_place() -> None:
    message = push_message({"{}": [(T, "ok", {})], '{a="1"}': [(T, "ok", {}), (T, "x", {"name": "x"})]})
    good = message.SerializeToString()
    message.streams[1].entries[1].line = b"caf\xe9"
    with pytest.raises(MalformedBody, match="line of entry 1 of stream 1 is not valid UTF-8 at byte 3"):
        decode_push(message.SerializeToString())
    message.ParseFromString(good)
    message.streams[1].entries[1].structuredMetadata[0].value = b"\xff"
    with pytest.raises(MalformedBody, match="structured metadata name of entry 1 of stream 1 is not valid UTF-8 at byte 0"):
        decode_push(message.SerializeToString())
    message.ParseFromString(good)
    message.streams[1].entries[1].structuredMetadata[0].name = b"\xff"
    with pytest.raises(MalformedBody, match="name of structured metadata is not valid UTF-8"):
        decode_push(message.SerializeToString())


@pytest.mark.parametrize(("labels", "error"), [("{a=b}", InvalidLabels), ("{a", InvalidLabels)])
def test_one_stream_with_bad_labels_refuses_the_request(labels: str, error: type[Exception]) -> None:
    with pytest.raises(error, match="couldn't parse labels"):
        decode_push(push_bytes({"{}": [(T, "good", {})], labels: [(T, "x", {})]}))


def test_one_bad_name_of_metadata_refuses_the_request() -> None:
    with pytest.raises(InvalidMetadataName, match='resulted in invalid name "_"'):
        decode_push(push_bytes({"{}": [(T, "good", {}), (T, "x", {"...": "1"})]}))


def test_a_request_may_be_cut_anywhere_and_is_refused() -> None:
    whole = len(decode_push(GOOD).rows)
    for size in range(1, len(GOOD)):
        with contextlib.suppress(TruncatedBody, InvalidLabels):
            assert len(decode_push(GOOD[:size]).rows) < whole  # cut between two streams, which is a shorter request


BOUNDS = BodyBounds(rows_max=100, streams_max=10, metadata_bytes_max=10_000)


@pytest.mark.parametrize(
    ("push", "error"),
    [
        ({"{}": [(T, "", {})] * 101}, TooManyRows),
        ({f'{{a="{i}"}}': [(T, "", {})] * 20 for i in range(6)}, TooManyRows),
        ({f'{{a="{i}"}}': [] for i in range(11)}, TooManyStreams),
        ({"{}": [(T, "", {"a": "x" * 200})] * 50}, MetadataTooLarge),
    ],
)
def test_each_bound_has_its_error(push: Mapping[str, Sequence[Entry]], error: type[Exception]) -> None:
    with pytest.raises(error, match="request body too large: "):
        decode_push(push_bytes(push), BOUNDS)


@pytest.mark.parametrize(
    "body",
    [
        b"\x0a\x00" * 500_000,
        field_bytes(1, b"\x12\x00" * 500_000),
        field_bytes(1, field_bytes(2, b"\x1a\x00" * 500_000)),
    ],
    ids=["streams", "entries", "pairs"],
)
def test_a_body_of_empty_elements_costs_little(body: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(LimitExceeded):
        decode_push(body, BodyBounds(rows_max=100_000))
    assert tracemalloc.get_traced_memory()[1] < 30 * 1024 * 1024
    tracemalloc.stop()


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest, LimitExceeded):
        decode_push(bytes(body)).rows.validate(full=True)


@given(st.binary(max_size=100))
def test_noise_is_refused_or_read_and_never_anything_else(body: bytes) -> None:
    with contextlib.suppress(BadRequest, LimitExceeded):
        decode_push(body)

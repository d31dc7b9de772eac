"""Remote write 1.0 to columns: every sample, histogram and exemplar once, labels as sent, and nothing but declared errors."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge, NothingFound, TooManyRows, TooManyStreams, TruncatedBody
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss, Metadata
from lgtm.wire.protobuf import TooManyFields
from lgtm.wire.remote_write import decode_remote_write_1
from wire.messages import field_bytes
from wire.write_messages import PROMETHEUS, Labels, Sample, add_labels, histogram, write_1, write_2

T = 1_795_168_860_000
STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
UP = (("__name__", "up"), ("job", "api"))

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=150)
labels = st.lists(st.tuples(texts, texts), max_size=5)
samples = st.lists(st.tuples(st.integers(-(2**43), 2**43), st.floats(width=64)), max_size=5)
requests = st.lists(st.tuples(labels, samples), max_size=30)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


def samples_of(decoded: DecodedSamples) -> list[tuple[Labels, list[tuple[int, bytes]]]]:
    """Samples of each series, values as bits."""
    decoded.rows.validate(full=True)
    found: list[tuple[Labels, list[tuple[int, bytes]]]] = [(decoded.labels_of(index), []) for index in range(len(decoded.keys))]
    for row in decoded.rows.to_pylist():
        assert row["ts"] % 10**6 == 0
        found[row["series"]][1].append((row["ts"] // 10**6, bits(row["value"])))
    return found


def expected(request: list[tuple[Labels, list[Sample]]]) -> list[tuple[Labels, list[tuple[int, bytes]]]]:
    return [(tuple(labels), [(ts, bits(value)) for ts, value in samples]) for labels, samples in request]


@given(requests)
def test_rows_are_the_samples_in_order_with_their_series(request: list[tuple[Labels, list[Sample]]]) -> None:
    decoded = decode_remote_write_1(write_1(request).SerializeToString())
    assert samples_of(decoded) == expected(request)
    assert (decoded.format, decoded.exemplars, decoded.metadata) == ("remote_write_1", None, ())
    assert decoded.rows.schema.names == ["series", "ts", "value"]


def test_the_stale_marker_keeps_its_bits() -> None:
    decoded = decode_remote_write_1(write_1([(UP, [(T, STALE), (T + 1, 0.0), (T + 2, -0.0)])]).SerializeToString())
    assert [row[1] for row in samples_of(decoded)[0][1]] == [bits(STALE), bits(0.0), bits(-0.0)]


def test_equal_labels_have_equal_keys_in_every_request() -> None:
    one = decode_remote_write_1(write_1([(UP, [(T, 1)]), (UP[:1], [(T, 2)])]).SerializeToString())
    other = decode_remote_write_1(write_1([(UP[:1], []), (UP, [(T + 15_000, 3), (T, 1)])]).SerializeToString())
    assert one.keys.to_pylist() == other.keys.to_pylist()[::-1]


def test_labels_may_stand_anywhere_in_a_series() -> None:
    label = field_bytes(1, field_bytes(1, b"a") + field_bytes(2, b"1"))
    name = field_bytes(1, field_bytes(2, b"up") + field_bytes(1, b"__name__"))
    sample = field_bytes(2, b"\x10\x05")
    bodies = [name + label + sample, name + sample + label, sample + name + field_bytes(9, b"?") + label, name + label]
    decoded = decode_remote_write_1(b"".join(field_bytes(1, body) for body in bodies))
    assert len(set(decoded.keys.to_pylist())) == 1
    assert [decoded.labels_of(index) for index in range(4)] == [(("__name__", "up"), ("a", "1"))] * 4
    assert decoded.rows.column("series").to_pylist() == [0, 1, 2]


def test_labels_that_stand_apart_are_bounded() -> None:
    series = field_bytes(1, field_bytes(2, b"") + field_bytes(1, b"") * 200_000)
    assert len(decode_remote_write_1(series).keys[0].as_py()) == 400_000
    with pytest.raises(TooManyFields):
        decode_remote_write_1(series * 2)


@pytest.mark.parametrize("last", [[], [(T, 1.0)]])
def test_samples_may_be_written_in_any_form(last: list[Sample]) -> None:
    """Values left out because they are 0, fields in the other order, unknown ones, and fields that come twice."""
    value, time = b"\x09" + bits(7.5), b"\x10\x05"
    forms = [b"", value, time, value + time, time + value, value + b"\x18\x07" + time, time + b"\x10\x06", b"\x20\x01" + time]
    body = b"".join(field_bytes(1, field_bytes(2, form)) for form in forms) + write_1([(UP, last)]).SerializeToString()
    rows = decode_remote_write_1(body).rows.to_pylist()[: len(forms)]
    assert [row["value"] for row in rows] == [0, 7.5, 0, 7.5, 7.5, 7.5, 0, 0]
    assert [row["ts"] // 10**6 for row in rows] == [0, 0, 5, 5, 5, 5, 6, 5]


@pytest.mark.parametrize("series", [1, 30])
def test_a_series_may_have_as_many_samples_as_a_request(series: int) -> None:
    count = 60_000 // series
    decoded = decode_remote_write_1(write_1([(UP, [(T + i, i) for i in range(count)])] * series).SerializeToString())
    assert decoded.rows.column("series").to_pylist() == [number for number in range(series) for _ in range(count)]
    assert decoded.rows.column("value").to_pylist() == list(range(count)) * series


def test_a_request_may_have_as_many_series_as_allowed() -> None:
    decoded = decode_remote_write_1(write_1([((("n", str(i)),), [(T, i)]) for i in range(50_000)]).SerializeToString())
    assert decoded.rows.column("value").to_pylist() == list(range(50_000))
    assert decoded.labels_of(49_999) == (("n", "49999"),)


HISTOGRAM = {
    "count_int": 6,
    "sum": 2.5,
    "schema": 3,
    "zero_threshold": 1e-128,
    "zero_count_int": 1,
    "positive_spans": [(0, 2)],
    "positive_deltas": [2, 1],
    "reset_hint": 2,
}
CUSTOM = {"count_float": 3.0, "sum": STALE, "schema": -53, "positive_spans": [(0, 1)], "positive_counts": [3.0], "custom_values": [1.0, 2.0]}


def test_histograms_are_kept_as_they_are_but_for_their_times() -> None:
    request = write_1([(UP, [(T, 1)]), (UP, [(T, 2)])])
    for fields in (HISTOGRAM, CUSTOM, {}):
        request.timeseries[0].histograms.append(histogram({**fields, "timestamp": T, "start_timestamp": T - 5}, PROMETHEUS["Histogram"]))
    request.timeseries[1].histograms.append(histogram(HISTOGRAM, PROMETHEUS["Histogram"]))
    rows = decode_remote_write_1(request.SerializeToString()).rows
    rows.validate(full=True)
    assert rows.column("series").to_pylist() == [0, 0, 0, 0, 1, 1]
    assert rows.column("ts").to_pylist() == [T * 10**6] * 5 + [0]
    assert rows.column("start_ns").to_pylist() == [None, *[(T - 5) * 10**6] * 3, None, None]
    assert list(map(bits, rows.column("value").to_pylist())) == list(map(bits, [1, 2.5, STALE, 0, 2, 2.5]))
    integers, custom = (histogram(fields).SerializeToString() for fields in (HISTOGRAM, CUSTOM))
    assert rows.column("histogram").to_pylist() == [None, integers, custom, b"", None, integers]


def test_a_histogram_that_is_no_message_refuses_the_request_and_one_that_makes_no_sense_does_not() -> None:
    request = write_1([(UP, [])])
    request.timeseries[0].histograms.append(histogram({"positive_spans": [(0, 5)]}, PROMETHEUS["Histogram"]))
    body = request.SerializeToString()
    assert len(decode_remote_write_1(body)) == 1
    with pytest.raises(MalformedBody):
        decode_remote_write_1(body.replace(b"\x10\x05", b"\x10\x85"))


def test_exemplars_have_their_labels_as_columns() -> None:
    request = write_1([(UP, [(T, 1)]), (UP, [])])
    for series, labels, value in [(0, [("trace_id", "abc"), ("n", "1")], 0.5), (1, [("trace_id", "d")], 7.0), (1, [], STALE)]:
        added = request.timeseries[series].exemplars.add(value=value, timestamp=T + series)
        add_labels(added, labels)
    exemplars = decode_remote_write_1(request.SerializeToString()).exemplars
    assert exemplars is not None
    exemplars.validate(full=True)
    assert exemplars.column("series").to_pylist() == [0, 1, 1]
    assert exemplars.column("ts").to_pylist() == [T * 10**6, (T + 1) * 10**6, (T + 1) * 10**6]
    assert list(map(bits, exemplars.column("value").to_pylist())) == list(map(bits, [0.5, 7.0, STALE]))
    assert exemplars.schema.names == ["series", "ts", "value", "meta.n", "meta.trace_id"]
    assert exemplars.column("meta.trace_id").to_pylist() == ["abc", "d", None]
    assert exemplars.column("meta.n").to_pylist() == ["1", None, None]


def test_exemplars_with_labels_that_are_no_text_are_left_out() -> None:
    request = write_1([(UP, [(T, 1)])])
    for name, value in [(b"a", b"1"), (b"\xff", b"2"), (b"a", b"caf\xe9"), (b"a", b"4")]:
        request.timeseries[0].exemplars.add(value=1, timestamp=T).labels.add(name=name, value=value)
    decoded = decode_remote_write_1(request.SerializeToString())
    assert decoded.exemplars is not None
    assert decoded.exemplars.column("meta.a").to_pylist() == ["1", "4"]
    assert decoded.dropped == (Dropped(Loss.INVALID_EXEMPLAR, 2, "a label of an exemplar is not valid UTF-8"),)
    assert len(decoded) == 1


@pytest.mark.parametrize("field", ["metric_family_name", "help", "unit"])
def test_metadata_that_is_no_text_is_left_out(field: str) -> None:
    request = write_1([(UP, [(T, 1)])])
    for family in (b"a", b"b", b"c"):
        request.metadata.add(type=1, metric_family_name=family)
    setattr(request.metadata[1], field, b"\xff")
    decoded = decode_remote_write_1(request.SerializeToString())
    assert decoded.metadata == (Metadata("a", "counter", "", ""), Metadata("c", "counter", "", ""))
    assert decoded.dropped == (Dropped(Loss.INVALID_METADATA, 1, "text of metadata 1 is not valid UTF-8"),)
    assert len(decoded) == 1


def test_metadata_may_come_with_series_or_alone() -> None:
    request = PROMETHEUS["WriteRequest"]()
    request.metadata.add(type=1, metric_family_name=b"a_total", help=b"Things.", unit=b"")
    request.metadata.add(type=99, metric_family_name="b_\u00e9".encode(), unit=b"seconds")
    decoded = decode_remote_write_1(request.SerializeToString() + write_1([(UP, [(T, 1)])]).SerializeToString() + request.SerializeToString())
    known = (Metadata("a_total", "counter", "Things.", ""), Metadata("b_\u00e9", "unknown", "", "seconds"))
    assert decoded.metadata == known * 2
    assert len(decoded) == 1


def test_an_empty_request_has_no_rows() -> None:
    for body in (b"", field_bytes(1, b""), write_1([(UP, [])]).SerializeToString()):
        decoded = decode_remote_write_1(body)
        assert len(decoded) == 0
        assert decoded.rows.schema.names == ["series", "ts", "value"]


@pytest.mark.parametrize("body", [write_2([(UP, [(T, 1)])]).SerializeToString(), field_bytes(9, b"x"), b"\x10\x01"])
def test_a_body_without_anything_of_the_message_is_another_one(body: bytes) -> None:
    with pytest.raises(NothingFound, match=rf"expected the protobuf message prometheus.WriteRequest.* in {len(body)} bytes"):
        decode_remote_write_1(body)


@pytest.mark.parametrize("ts_ms", [9_223_372_036_855, -9_223_372_036_855, T * 1_000, 2**63 - 1, -(2**63)])
def test_a_sample_whose_time_is_beyond_64_bits_of_nanoseconds_is_left_out(ts_ms: int) -> None:
    decoded = decode_remote_write_1(write_1([(UP, [(T, 0)]), (UP, [(T, 1), (ts_ms, 2), (ts_ms, 3)]), (UP, [(T, 4)])]).SerializeToString())
    assert samples_of(decoded) == expected([(UP, [(T, 0)]), (UP, [(T, 1)]), (UP, [(T, 4)])])
    text = f"timestamp in series 1 is out of range: {ts_ms} milliseconds"
    assert decoded.dropped == (Dropped(Loss.TIMESTAMP_OUT_OF_RANGE, 2, text),)


@pytest.mark.parametrize("ts_ms", [9_223_372_036_854, -9_223_372_036_854])
def test_times_near_the_bounds_are_exact(ts_ms: int) -> None:
    assert samples_of(decode_remote_write_1(write_1([(UP, [(ts_ms, 1)])]).SerializeToString()))[0][1][0][0] == ts_ms


@pytest.mark.parametrize("label", [b"\xff", field_bytes(1, b"\xff"), field_bytes(2, b"caf\xe9"), b"\x0a\x05x"])
def test_labels_that_are_none_are_refused_when_they_are_asked_for(label: bytes) -> None:
    decoded = decode_remote_write_1(field_bytes(1, field_bytes(1, label) + field_bytes(2, b"\x10\x05")))
    assert len(decoded) == 1
    with pytest.raises(MalformedBody):
        decoded.labels_of(0)


BOUNDS = BodyBounds(rows_max=100, streams_max=10, metadata_bytes_max=10_000)


def with_exemplars(count: int, label: str) -> Any:
    request = write_1([(UP, [])])
    for _ in range(count):
        add_labels(request.timeseries[0].exemplars.add(), [("a", label)])
    return request


def with_metadata(count: int) -> Any:
    request = PROMETHEUS["WriteRequest"]()
    for _ in range(count):
        request.metadata.add(type=1)
    return request


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (lambda: write_1([(UP, [(T, 1)] * 101)]), TooManyRows),
        (lambda: write_1([(UP, [(T, 1)] * 20)] * 6), TooManyRows),
        (lambda: write_1([(UP, [])] * 11), TooManyStreams),
        (lambda: write_1([((), [])] * 100_000), TooManyFields),
        (lambda: with_exemplars(101, "x"), TooManyRows),
        (lambda: with_exemplars(100, "x" * 100), MetadataTooLarge),
        (lambda: with_metadata(11), TooManyRows),
    ],
)
def test_each_bound_has_its_error(request_: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="request body too large: "):
        decode_remote_write_1(request_().SerializeToString(), BOUNDS)


def full_request() -> bytes:
    request = write_1([(UP, [(T, 1), (T + 1, STALE)]), ((*UP, ("code", "200")), [(T, 2.5)])])
    request.timeseries[1].histograms.append(histogram({**HISTOGRAM, "timestamp": T}, PROMETHEUS["Histogram"]))
    add_labels(request.timeseries[0].exemplars.add(value=1, timestamp=T), [("trace_id", "abc")])
    request.metadata.add(type=1, metric_family_name=b"a", help=b"Help.")
    return bytes(request.SerializeToString())


GOOD = full_request()


def test_a_request_may_be_cut_anywhere_and_is_refused() -> None:
    whole = decode_remote_write_1(GOOD)
    for size in range(len(GOOD)):
        with contextlib.suppress(TruncatedBody):
            shorter = decode_remote_write_1(GOOD[:size])  # cut between two fields, which is a shorter request
            assert len(shorter) + len(shorter.metadata) < len(whole) + len(whole.metadata)


def read_all(body: bytes) -> None:
    with contextlib.suppress(BadRequest, LimitExceeded):
        decoded = decode_remote_write_1(body)
        decoded.rows.validate(full=True)
        for index in range(len(decoded.keys)):
            with contextlib.suppress(MalformedBody):
                decoded.labels_of(index)


@given(st.data())
@settings(max_examples=500)
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read_all(bytes(body))


@given(st.binary(max_size=100))
def test_noise_is_refused_or_read_and_never_anything_else(body: bytes) -> None:
    read_all(body)
    read_all(field_bytes(1, body))

"""Stored histograms as columns are what reading them one by one gives."""

from __future__ import annotations

import contextlib
import math
import struct
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.histogram_columns import BucketArrays, histogram_arrays, span_faults
from lgtm.wire.native_histograms import CUSTOM_BUCKETS
from wire.write_messages import WRITE_2, histogram

Histogram = dict[str, Any]
counts = st.integers(0, 2**40)
doubles = st.floats(width=64)


@st.composite
def sides(draw: st.DrawFn, side: str, *, floats: bool) -> Histogram:
    spans = draw(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 4)), max_size=3))
    if spans:
        spans[0] = draw(st.integers(-(2**31), 2**31 - 1)), spans[0][1]
    total = sum(length for _, length in spans)
    values: list[Any] = draw(st.lists(doubles if floats else st.integers(-(2**31), 2**31), min_size=total, max_size=total))
    return {f"{side}_spans": spans, f"{side}_{'counts' if floats else 'deltas'}": values}


@st.composite
def histograms(draw: st.DrawFn) -> Histogram:
    floats = draw(st.booleans())
    fields: Histogram = {
        "sum": draw(doubles),
        "schema": draw(st.integers(-53, 52)),
        "zero_threshold": draw(doubles),
        "reset_hint": draw(st.integers(0, 3)),
        "custom_values": draw(st.lists(doubles, max_size=3)),
        "count_float" if floats else "count_int": draw(doubles if floats else st.integers(0, 2**64 - 1)),
        "zero_count_float" if floats else "zero_count_int": draw(doubles if floats else counts),
    }
    return fields | draw(sides("negative", floats=floats)) | draw(sides("positive", floats=floats))


def binary(messages: list[Any]) -> pa.Array:
    return pa.array([message.SerializeToString() for message in messages], pa.binary())


def one_side(message: Any, side: str) -> dict[int, float]:
    """Index to count, as a reader of one histogram finds them."""
    held: list[float] = list(getattr(message, f"{side}_counts"))
    if not held:
        count = 0
        for delta in getattr(message, f"{side}_deltas"):
            count += delta
            held.append(float(count))
    index, found = 0, dict[int, float]()
    for span in getattr(message, f"{side}_spans"):
        index += span.offset
        for _ in range(span.length):
            found[index] = held[len(found)]
            index += 1
    return found


def same(left: float, right: float) -> bool:
    return struct.pack("<d", left) == struct.pack("<d", right)


def check_side(columns: BucketArrays, row: int, expected: dict[int, float]) -> None:
    held = slice(columns.offsets[row], columns.offsets[row + 1])
    assert columns.index[held].tolist() == list(expected)
    assert all(map(same, columns.counts[held].tolist(), expected.values()))


@given(st.lists(histograms(), max_size=6), st.integers(0, 3))
def test_columns_hold_what_the_messages_say(fields: list[Histogram], skipped: int) -> None:
    messages = [histogram(given) for given in fields]
    columns = histogram_arrays(binary(messages).slice(skipped))
    assert len(columns) == len(messages[skipped:])
    for row, (message, given_) in enumerate(zip(messages[skipped:], fields[skipped:], strict=True)):
        assert (columns.schema[row], columns.hint[row]) == (message.schema, message.reset_hint)
        assert same(columns.sum[row], message.sum)
        assert same(columns.zero_threshold[row], message.zero_threshold)
        assert same(columns.count[row], float(given_["count_int"] if "count_int" in given_ else given_["count_float"]))
        assert same(columns.zero_count[row], float(given_["zero_count_int"] if "zero_count_int" in given_ else given_["zero_count_float"]))
        check_side(columns.positive, row, one_side(message, "positive"))
        check_side(columns.negative, row, one_side(message, "negative"))
        bounds = columns.custom_bounds[columns.custom_offsets[row] : columns.custom_offsets[row + 1]]
        assert all(map(same, bounds.tolist(), message.custom_values))
        assert len(bounds) == len(message.custom_values)


def test_integer_buckets_are_sums_of_deltas() -> None:
    columns = histogram_arrays(binary([histogram({"count_int": 6, "positive_spans": [(-2, 2), (1, 1)], "positive_deltas": [1, 2, -1]})]))
    assert columns.positive.index.tolist() == [-2, -1, 1]
    assert columns.positive.counts.tolist() == [1, 3, 2]
    assert columns.negative.offsets.tolist() == [0, 0]


def test_the_sum_of_a_stale_histogram_keeps_its_bits() -> None:
    stale = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
    columns = histogram_arrays(binary([histogram({"sum": stale})]))
    assert math.isnan(columns.sum[0])
    assert same(columns.sum[0], stale)


@pytest.mark.parametrize(
    "fields",
    [
        {"positive_spans": [(0, 2)], "positive_deltas": [1]},
        {"positive_spans": [(0, 2**32 - 1)]},
        {"positive_deltas": [1]},
        {"count_float": 1.0, "positive_spans": [(0, 1)], "positive_deltas": [1]},
        {"negative_spans": [(0, 1), (-1, 1)], "negative_deltas": [1, 1]},
    ],
)
def test_spans_and_buckets_must_agree(fields: Histogram) -> None:
    with pytest.raises(MalformedBody, match="span"):
        histogram_arrays(binary([histogram({}), histogram(fields)]))
    assert list(span_faults(binary([histogram({}), histogram(fields)]))) == [1]


def test_spans_that_do_not_fit_are_told_in_prometheus_words() -> None:
    lacking, backwards = {"positive_spans": [(0, 2)], "positive_deltas": [1]}, {"negative_spans": [(0, 1), (-1, 1)], "negative_deltas": [1, 1]}
    assert span_faults(binary([histogram(one) for one in (lacking, {}, backwards)])) == {
        0: "positive side: spans need 2 buckets, have 1 buckets: histogram spans specify different number of buckets than provided",
        2: "negative side: span number 2 with offset -1: histogram has a span whose offset is negative",
    }


@pytest.mark.parametrize(
    ("spans", "bounds", "fault"),
    [
        ([(0, 3)], [1.0, 2.0], None),
        ([(1, 1), (0, 1)], [1.0, 2.0], None),
        ([(0, 1)], [], None),
        ([(0, 2)], [], "only 0 custom bounds defined which is insufficient to cover total span length of 2: histogram custom bounds are too few"),
        ([(2, 1), (1, 1)], [1.0, 2.0], "only 2 custom bounds defined which is insufficient to cover total span length of 5: histogram custom bounds"),
        ([(0, 2)], None, "spans need 2 buckets, have 0 buckets: histogram spans specify different number of buckets than provided"),
        ([(-1, 1)], [1.0], "span number 1 with offset -1: histogram has a span whose offset is negative"),
        ([(0, 1), (-1, 1)], [1.0], "span number 2 with offset -1: histogram has a span whose offset is negative"),
    ],
)
def test_custom_buckets_lie_between_their_bounds(spans: list[tuple[int, int]], bounds: list[float] | None, fault: str | None) -> None:
    deltas = [0] * sum(length for _, length in spans)
    fields = {"schema": CUSTOM_BUCKETS, "positive_spans": spans, "custom_values": bounds or [], "positive_deltas": [] if bounds is None else deltas}
    found = span_faults(binary([histogram({}), histogram(fields)]))
    assert list(found) == ([] if fault is None else [1])
    assert found.get(1, "").startswith("" if fault is None else f"custom buckets: {fault}")


@given(st.lists(histograms(), max_size=4))
def test_histograms_without_faults_are_those_that_are_read(fields: list[Histogram]) -> None:
    messages = binary([histogram({**given, "schema": max(given["schema"], CUSTOM_BUCKETS + 1)}) for given in fields])
    assert span_faults(messages) == {}
    assert len(histogram_arrays(messages)) == len(fields)


@given(st.lists(histograms(), min_size=1, max_size=3), st.data())
def test_damaged_messages_are_refused_or_read(fields: list[Histogram], data: st.DataObject) -> None:
    messages = [bytearray(histogram(given).SerializeToString()) for given in fields]
    for message in messages:
        if message:
            message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest, LimitExceeded):
        histogram_arrays(pa.array([bytes(message) for message in messages], pa.binary()))


def test_no_histograms_are_no_rows() -> None:
    assert len(histogram_arrays(pa.array([], pa.binary()))) == 0
    assert len(histogram_arrays(binary([WRITE_2["Histogram"]()]))) == 1
